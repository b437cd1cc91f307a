// SPDX-License-Identifier: Apache-2.0
#include "Cuda.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <map>

namespace emulator::test {

static void *library;
static std::string ptxFolder;

void *driverSymbol(const char *name) { return dlsym(library, name); }

static CUdevice firstDevice() {
  CUdevice device = 0;
  EXPECT_OK(CU(cuDeviceGet)(&device, 0));
  return device;
}

bool emulated() {
  static const bool result = [] {
    char name[128] = "";
    EXPECT_OK(CU(cuDeviceGetName)(name, sizeof name, firstDevice()));
    return std::strncmp(name, "Emulated", 8) == 0;
  }();
  return result;
}

int capability() {
  int major = 0, minor = 0;
  EXPECT_OK(CU(cuDeviceGetAttribute)(
      &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, firstDevice()));
  EXPECT_OK(CU(cuDeviceGetAttribute)(
      &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, firstDevice()));
  return 10 * major + minor;
}

int deviceCount() {
  int count = 0;
  EXPECT_OK(CU(cuDeviceGetCount)(&count));
  return count;
}

std::string ptxFile(const std::string &name) { return ptxFolder + "/" + name; }

const std::string &ptx(const std::string &name) {
  static std::map<std::string, std::string> texts;
  std::string &text = texts[name];
  if (text.empty()) {
    std::ifstream file(ptxFile(name + ".ptx"));
    text.assign(std::istreambuf_iterator<char>(file), {});
    EXPECT_FALSE(text.empty()) << "no " << ptxFolder << "/" << name << ".ptx";
  }
  return text;
}

std::string nameOf(CUresult code) {
  const char *name = nullptr;
  CU(cuGetErrorName)(code, &name);
  return name ? name : std::to_string(code);
}

CUresult createContext(CUcontext *context, unsigned flags, CUdevice device) {
  using Create = CUresult(CUcontext *, unsigned, CUdevice);
  static auto *create =
      reinterpret_cast<Create *>(driverSymbol("cuCtxCreate_v2"));
  return create(context, flags, device);
}

void WithContext::SetUp() {
  ASSERT_OK(CU(cuInit)(0));
  CUdevice device = 0;
  ASSERT_OK(CU(cuDeviceGet)(&device, 0));
  ASSERT_OK(createContext(&context, 0, device));
}

void WithContext::TearDown() {
  if (context) {
    EXPECT_OK(CU(cuCtxDestroy)(context));
  }
}

} // namespace emulator::test

/// Arguments beside GoogleTest's: the folder of the PTX files.
int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  if (testing::GTEST_FLAG(list_tests))
    return RUN_ALL_TESTS();
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr,
                 "usage: %s [GoogleTest's options] FOLDER-OF-PTX [CHILD]\n",
                 argv[0]);
    return 2;
  }
  emulator::test::ptxFolder = argv[1];
  // As wide a machine as the tests have a use for, if it is emulated.
  setenv("DLC_EMULATOR_DEVICES", "2", 0);
  emulator::test::library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (!emulator::test::library) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  return argc == 3 ? emulator::test::runChildProcess(argv[2]) : RUN_ALL_TESTS();
}
