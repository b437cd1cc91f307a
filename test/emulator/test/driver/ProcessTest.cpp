// SPDX-License-Identifier: Apache-2.0
// What the environment says, and what is told when a process ends: each in a
// process of its own, `emulator-driver-tests FOLDER CHILD`.
#include "Cuda.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace emulator::test;

namespace {

struct Outcome {
  int status;
  std::string text; ///< of stdout and stderr
};

/// Runs this program for one test, with a changed environment.
Outcome runChild(const std::string &environment, const std::string &name) {
  char self[4096] = "";
  EXPECT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  const std::string command =
      "env " + environment + " '" + self + "' . " + name + " 2>&1";
  Outcome outcome = {-1, ""};
  FILE *pipe = popen(command.c_str(), "r");
  char buffer[512];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe))
    outcome.text += buffer;
  if (pipe)
    outcome.status = pclose(pipe);
  return outcome;
}

class ProcessTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    if (!emulated())
      GTEST_SKIP() << "the environment is the emulator's";
  }
};

void leaves() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1000));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 24));
  CUstream stream = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&stream, 0));
  EXPECT_OK(CU(cuStreamCreate)(&stream, 0));
  EXPECT_OK(CU(cuStreamDestroy)(stream));
  CUevent event = nullptr;
  EXPECT_OK(CU(cuEventCreate)(&event, 0));
  EXPECT_OK(CU(cuCtxDestroy)(context));
  EXPECT_OK(createContext(&context, 0, 0));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 100));
}

void leavesNothing() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1000));
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, LeaksAreTold) {
  const Outcome leaky = runChild("DLC_EMULATOR_LEAKS=1", "leaves");
  EXPECT_EQ(0, leaky.status);
  EXPECT_EQ("dlc-emulator: leak: 3 allocation(s) of 1124 bytes\n"
            "dlc-emulator: leak: 1 stream(s)\n"
            "dlc-emulator: leak: 1 event(s)\n",
            leaky.text);
  const Outcome clean = runChild("DLC_EMULATOR_LEAKS=1", "leavesNothing");
  EXPECT_EQ(0, clean.status) << clean.text;
  EXPECT_EQ(std::string::npos, clean.text.find("leak")) << clean.text;
  EXPECT_EQ(std::string::npos,
            runChild("DLC_EMULATOR_LEAKS=0", "leaves").text.find("leak"));
}

void isSmall() {
  ASSERT_OK(CU(cuInit)(0));
  EXPECT_EQ(3, deviceCount());
  EXPECT_EQ(75, capability());
  int count = 0;
  EXPECT_OK(CU(cuDeviceGetAttribute)(
      &count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 2));
  EXPECT_EQ(40, count);
  size_t bytes = 0;
  EXPECT_OK(CU(cuDeviceTotalMem)(&bytes, 0));
  EXPECT_EQ(size_t(1) << 20, bytes);
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_CODE(CUDA_ERROR_OUT_OF_MEMORY, CU(cuMemAlloc)(&memory, (1 << 20) + 1));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1 << 20));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

void hasNoDevice() { EXPECT_CODE(CUDA_ERROR_NO_DEVICE, CU(cuInit)(0)); }

TEST_F(ProcessTest, TheEnvironmentChoosesTheMachine) {
  const Outcome small = runChild(
      "DLC_EMULATOR_DEVICES=3 DLC_EMULATOR_SM=75 DLC_EMULATOR_MEMORY=1048576",
      "isSmall");
  EXPECT_EQ(0, small.status) << small.text;
  const Outcome none = runChild("DLC_EMULATOR_DEVICES=0", "hasNoDevice");
  EXPECT_EQ(0, none.status) << none.text;
  const Outcome wrong = runChild("DLC_EMULATOR_SM=70", "hasNoDevice");
  EXPECT_EQ(2, WEXITSTATUS(wrong.status));
  EXPECT_NE(
      std::string::npos,
      wrong.text.find("dlc-emulator: DLC_EMULATOR_SM=70: no such chip: there "
                      "are 75, 80, 86, 89, 90 and 100\n"))
      << wrong.text;
}

/// Reads a result without waiting for it.
void forgetsToWait() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  int *host = nullptr;
  ASSERT_OK(CU(cuMemAllocHost)(reinterpret_cast<void **>(&host), 4));
  *host = -1;
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAlloc)(&memory, 4));
  EXPECT_OK(CU(cuMemsetD32)(memory, 7, 1));
  EXPECT_OK(CU(cuMemcpyDtoHAsync)(host, memory, 4, nullptr));
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(-1, *static_cast<volatile int *>(host));
  // It does come in the end, as a host that polls expects.
  for (int i = 0; i < 1000 && *static_cast<volatile int *>(host) != 7; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(7, *static_cast<volatile int *>(host));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, LazyStreamsShowWhoForgetsToWait) {
  const Outcome outcome = runChild("DLC_EMULATOR_ASYNC=1", "forgetsToWait");
  EXPECT_EQ(0, outcome.status) << outcome.text;
}

} // namespace

int emulator::test::runChildProcess(const std::string &name) {
  const struct {
    const char *name;
    void (*run)();
  } children[] = {{"leaves", leaves},
                  {"leavesNothing", leavesNothing},
                  {"isSmall", isSmall},
                  {"hasNoDevice", hasNoDevice},
                  {"forgetsToWait", forgetsToWait}};
  for (const auto &child : children)
    if (name == child.name) {
      child.run();
      return testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
    }
  std::fprintf(stderr, "no child is called %s\n", name.c_str());
  return 2;
}
