// SPDX-License-Identifier: Apache-2.0
// The driver under test: the emulated one, or that of a real GPU. It is loaded
// when the tests run, as programs do that also run without a GPU.
#ifndef EMULATOR_TEST_DRIVER_CUDA_H
#define EMULATOR_TEST_DRIVER_CUDA_H

#include <cuda.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace emulator::test {

/// The address of an exported function, or null.
void *driverSymbol(const char *name);

/// Whether the driver is the emulated one. A real device can't find all that
/// it finds, and fewer faults leave the process usable.
bool emulated();
/// The compute capability of device 0, 90 for 9.0.
int capability();
int deviceCount();

/// A PTX text by the name of its CUDA C file.
const std::string &ptx(const std::string &name);

/// The path of a file beside the PTX texts.
std::string ptxFile(const std::string &name);

/// What a process does that a test starts; its exit status.
int runChildProcess(const std::string &name);

/// "CUDA_ERROR_INVALID_VALUE"
std::string nameOf(CUresult code);

#define CU_TEXT_(NAME) #NAME
#define CU_TEXT(NAME) CU_TEXT_(NAME)
/// CU(cuMemAlloc)(...) calls the driver's function, in the version that cuda.h
/// names.
#define CU(NAME)                                                               \
  ([] {                                                                        \
    static const auto function = reinterpret_cast<decltype(&NAME)>(            \
        ::emulator::test::driverSymbol(CU_TEXT(NAME)));                        \
    return function;                                                           \
  }())

#define EXPECT_CODE(CODE, CALL)                                                \
  EXPECT_EQ(::emulator::test::nameOf(CODE), ::emulator::test::nameOf(CALL))
#define EXPECT_OK(CALL) EXPECT_CODE(CUDA_SUCCESS, CALL)
#define ASSERT_OK(CALL)                                                        \
  ASSERT_EQ(std::string("CUDA_SUCCESS"), ::emulator::test::nameOf(CALL))

/// cuCtxCreate_v2, which all drivers since CUDA 3.2 have: cuda.h names the
/// newest.
CUresult createContext(CUcontext *context, unsigned flags, CUdevice device);

/// Tests with a context of their own on device 0, as new for each.
class WithContext : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;
  CUcontext context = nullptr;
};

/// Device memory that lives as long as the object.
template <typename Element>
class Buffer {
public:
  explicit Buffer(size_t count) : count(count) {
    EXPECT_OK(CU(cuMemAlloc)(&address, count * sizeof(Element)));
  }
  explicit Buffer(const std::vector<Element> &values) : Buffer(values.size()) {
    EXPECT_OK(CU(cuMemcpyHtoD)(address, values.data(), bytes()));
  }
  // In a broken context it can't be freed: nobody asks.
  ~Buffer() { CU(cuMemFree)(address); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  size_t bytes() const { return count * sizeof(Element); }
  std::vector<Element> read() const {
    std::vector<Element> values(count);
    EXPECT_OK(CU(cuMemcpyDtoH)(values.data(), address, bytes()));
    return values;
  }

  CUdeviceptr address = 0;
  const size_t count;
};

/// The module of a CUDA C file.
class LoadedModule {
public:
  explicit LoadedModule(const std::string &name) {
    EXPECT_OK(CU(cuModuleLoadData)(&handle, ptx(name).c_str()));
  }
  ~LoadedModule() {
    if (handle)
      CU(cuModuleUnload)(handle);
  }
  LoadedModule(const LoadedModule &) = delete;
  LoadedModule &operator=(const LoadedModule &) = delete;
  CUfunction function(const char *name) const {
    CUfunction result = nullptr;
    EXPECT_OK(CU(cuModuleGetFunction)(&result, handle, name));
    return result;
  }
  CUmodule handle = nullptr;
};

struct Shape {
  unsigned x = 1, y = 1, z = 1;
};

/// cuLaunchKernel with the parameters' values.
template <typename... Parameters>
CUresult launchOn(CUstream stream, CUfunction function, Shape grid, Shape block,
                  unsigned shared, Parameters... parameters) {
  // One more, as a kernel may have none.
  void *addresses[] = {&parameters..., nullptr};
  return CU(cuLaunchKernel)(function, grid.x, grid.y, grid.z, block.x, block.y,
                            block.z, shared, stream, addresses, nullptr);
}

template <typename... Parameters>
CUresult launch(CUfunction function, Shape grid, Shape block, unsigned shared,
                Parameters... parameters) {
  return launchOn(nullptr, function, grid, block, shared, parameters...);
}

} // namespace emulator::test

#endif
