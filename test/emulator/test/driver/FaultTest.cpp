// SPDX-License-Identifier: Apache-2.0
// Kernels that are wrong: which error they give, and what is said of it. Most
// of this a real device doesn't find, and after the rest its process is lost.
#include "Cuda.h"

#include <memory>
#include <regex>

using namespace emulator::test;

namespace {

class FaultTest : public WithContext {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    if (!emulated())
      GTEST_SKIP() << "only the emulator finds these";
    WithContext::SetUp();
    module = std::make_unique<LoadedModule>("faults");
  }
  void TearDown() override {
    module.reset();
    if (context)
      WithContext::TearDown();
  }

  /// Launches, and expects a code and a line on stderr that begins with a kind
  /// and names a kernel; that the context gives the code from then on.
  template <typename... Parameters>
  void expectFault(CUresult code, const std::string &kind, const char *kernel,
                   Shape grid, Shape block, Parameters... parameters) {
    CUfunction function = module->function(kernel);
    testing::internal::CaptureStderr();
    EXPECT_OK(launch(function, grid, block, 0, parameters...));
    EXPECT_CODE(code, CU(cuCtxSynchronize)());
    const std::string told = testing::internal::GetCapturedStderr();
    const std::regex line("dlc-emulator: " + kind + ": kernel " + kernel +
                          ", block \\(\\d+,\\d+,\\d+\\), thread "
                          "\\(\\d+,\\d+,\\d+\\), PTX line \\d+: [^\n]+\n");
    EXPECT_TRUE(std::regex_match(told, line)) << told;
    CUdeviceptr memory = 0;
    EXPECT_CODE(code, CU(cuMemAlloc)(&memory, 16));
    EXPECT_CODE(code, CU(cuStreamSynchronize)(nullptr));
    lastLine = told;
  }

  std::unique_ptr<LoadedModule> module;
  std::string lastLine;
};

TEST_F(FaultTest, WriteBehindAnAllocation) {
  Buffer<int> data(100);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "writeBehind", {4},
              {32}, data.address, 100);
  EXPECT_NE(std::string::npos, lastLine.find("block (3,0,0), thread (4,0,0)"))
      << lastLine;
}

TEST_F(FaultTest, ReadNull) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "readNull", {1},
              {32}, CUdeviceptr(0), out.address);
}

TEST_F(FaultTest, ReadOfFreedMemory) {
  Buffer<int> out(32);
  CUdeviceptr gone = 0;
  ASSERT_OK(CU(cuMemAlloc)(&gone, 4096));
  EXPECT_OK(CU(cuMemFree)(gone));
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "readNull", {1},
              {32}, gone, out.address);
}

TEST_F(FaultTest, HostMemoryIsNotTheDevices) {
  Buffer<int> out(32);
  std::vector<int> host(32, 1);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "readNull", {1},
              {32}, reinterpret_cast<CUdeviceptr>(host.data()), out.address);
}

TEST_F(FaultTest, BehindSharedMemory) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "sharedBehind", {1},
              {32}, out.address, 1 << 20);
}

TEST_F(FaultTest, MisalignedReads) {
  Buffer<char> data(std::vector<char>(256, 1));
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned", "misalignedRead",
              {1}, {32}, data.address, out.address);
}

TEST_F(FaultTest, MisalignedVectors) {
  Buffer<float> data(std::vector<float>(256, 1));
  Buffer<float> out(128);
  expectFault(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned", "misalignedVector",
              {1}, {16}, data.address, out.address);
}

TEST_F(FaultTest, MemoryThatNobodyWrote) {
  Buffer<int> data(32), out(32);
  EXPECT_OK(CU(cuMemsetD32)(data.address, 0, 31));
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "uninitialised", "readFresh", {1}, {32},
              data.address, out.address);
  EXPECT_NE(std::string::npos, lastLine.find("thread (31,0,0)")) << lastLine;
}

TEST_F(FaultTest, ACopyOfMemoryThatNobodyWrote) {
  Buffer<int> fresh(32), data(32), out(32);
  EXPECT_OK(CU(cuMemcpyDtoD)(data.address, fresh.address, data.bytes()));
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "uninitialised", "readFresh", {1}, {32},
              data.address, out.address);
}

TEST_F(FaultTest, SharedMemoryThatNobodyWrote) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "uninitialised", "readFreshShared", {1},
              {32}, out.address);
}

TEST_F(FaultTest, AReadOfWhatAnotherWrites) {
  Buffer<int> out(128);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "(race|uninitialised)", "raceReadWrite",
              {1}, {128}, out.address);
}

TEST_F(FaultTest, AnElementBehindAnArrayInLocalMemory) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "localByOne", {1},
              {32}, out.address, 9);
}

TEST_F(FaultTest, TilesOfAWarpThatDontMeet) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "race", "raceOfTiles", {1}, {32},
              out.address);
}

TEST_F(FaultTest, CountsThatAreClearedTooLate) {
  std::vector<int> values(64);
  for (int i = 0; i < 64; ++i)
    values[i] = 7 * i;
  Buffer<int> data(values), out(16);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "race", "raceOfCounts", {1}, {64},
              data.address, out.address);
}

TEST_F(FaultTest, AllWriteToOnePlace) {
  Buffer<int> out(128);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "race", "raceWriteWrite", {1}, {128},
              out.address);
}

TEST_F(FaultTest, AMissingBarrierInALoop) {
  Buffer<int> from(std::vector<int>(64, 1)), out(64);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "race", "raceInLoop", {1}, {64},
              from.address, out.address, 3);
}

TEST_F(FaultTest, ABarrierThatSomeMiss) {
  Buffer<int> out(64);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "barrier", "divergentBarrier", {1},
              {64}, out.address);
}

TEST_F(FaultTest, AnAsynchronousCopyReadTooEarly) {
  if (capability() < 80)
    GTEST_SKIP() << "no cp.async";
  Buffer<int> from(std::vector<int>(128, 1)), out(32);
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "(race|uninitialised)", "asyncTooEarly",
              {1}, {32}, from.address, out.address);
}

TEST_F(FaultTest, Traps) {
  Buffer<int> data(std::vector<int>(32, 5));
  expectFault(CUDA_ERROR_LAUNCH_FAILED, "trap", "trapIf", {1}, {32},
              data.address, 4);
}

TEST_F(FaultTest, Assertions) {
  Buffer<int> data(std::vector<int>(32, 5));
  CUfunction function = module->function("assertBelow");
  EXPECT_OK(launch(function, {1}, {32}, 0, data.address, 6));
  EXPECT_OK(CU(cuCtxSynchronize)());
  testing::internal::CaptureStderr();
  EXPECT_OK(launch(function, {1}, {32}, 0, data.address, 5));
  EXPECT_CODE(CUDA_ERROR_ASSERT, CU(cuCtxSynchronize)());
  EXPECT_NE(std::string::npos, testing::internal::GetCapturedStderr().find(
                                   "data[threadIdx.x] < limit"));
}

TEST_F(FaultTest, OtherContextsGoOn) {
  Buffer<int> out(32);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "readNull", {1},
              {32}, CUdeviceptr(0), out.address);
  CUcontext other = nullptr;
  ASSERT_OK(createContext(&other, 0, 0));
  {
    LoadedModule again("faults");
    Buffer<int> data(64);
    EXPECT_OK(
        launch(again.function("fillWith"), {2}, {32}, 0, data.address, 3));
    EXPECT_EQ(std::vector<int>(64, 3), data.read());
  }
  EXPECT_OK(CU(cuCtxDestroy)(other));
}

TEST_F(FaultTest, AResetMendsThePrimaryContext) {
  CUcontext primary = nullptr;
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&primary, 0));
  ASSERT_OK(CU(cuCtxPushCurrent)(primary));
  {
    LoadedModule mine("faults");
    testing::internal::CaptureStderr();
    EXPECT_OK(launch(mine.function("trapIf"), {1}, {1}, 0, CUdeviceptr(0), 4));
    EXPECT_CODE(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuCtxSynchronize)());
    testing::internal::GetCapturedStderr();
    // What comes behind the fault isn't run, and its error stays.
    EXPECT_CODE(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuModuleUnload)(mine.handle));
  }
  EXPECT_OK(CU(cuDevicePrimaryCtxReset)(0));
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&primary, 0));
  {
    LoadedModule mine("faults");
    Buffer<int> data(32);
    EXPECT_OK(launch(mine.function("fillWith"), {1}, {32}, 0, data.address, 3));
    EXPECT_EQ(std::vector<int>(32, 3), data.read());
  }
  EXPECT_OK(CU(cuCtxPopCurrent)(nullptr));
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease)(0));
}

} // namespace
