// SPDX-License-Identifier: Apache-2.0
// Launches that are right, and shapes that no device runs.
#include "Cuda.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

using namespace emulator::test;

namespace {

class LaunchTest : public WithContext {
protected:
  void SetUp() override {
    WithContext::SetUp();
    module = std::make_unique<LoadedModule>("basics");
  }
  void TearDown() override {
    module.reset();
    WithContext::TearDown();
  }
  /// Expects that a launch is refused, and says why.
  void expectRefused(CUresult wanted, CUresult code) {
    EXPECT_CODE(wanted, code);
    EXPECT_OK(CU(cuCtxSynchronize)()) << "a refused launch breaks nothing";
  }
  std::unique_ptr<LoadedModule> module;
};

TEST_F(LaunchTest, EveryThreadIsWhereItShouldBe) {
  const Shape grid = {3, 2, 4}, block = {4, 5, 3};
  const unsigned blocks = 24, threads = 60;
  Buffer<uint32_t> out(2 * blocks * threads);
  EXPECT_OK(launch(module->function("whereAmI"), grid, block, 0, out.address));
  const std::vector<uint32_t> found = out.read();
  for (unsigned b = 0, i = 0; b < blocks; ++b)
    for (unsigned z = 0; z < block.z; ++z)
      for (unsigned y = 0; y < block.y; ++y)
        for (unsigned x = 0; x < block.x; ++x, ++i) {
          ASSERT_EQ(b, found[2 * i]);
          ASSERT_EQ(x | y << 8 | z << 16, found[2 * i + 1]);
        }
}

TEST_F(LaunchTest, ParametersInABuffer) {
  Buffer<int> data(std::vector<int>(32, 1));
  struct {
    CUdeviceptr data;
    int value;
  } parameters = {data.address, 41};
  size_t bytes = sizeof(CUdeviceptr) + sizeof(int);
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &parameters,
                   CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};
  EXPECT_OK(CU(cuLaunchKernel)(module->function("addConstant"), 1, 1, 1, 32, 1,
                               1, 0, nullptr, nullptr, extra));
  EXPECT_EQ(std::vector<int>(32, 42), data.read());
  bytes = sizeof parameters; // with padding that isn't the kernel's
  EXPECT_CODE(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
              CU(cuLaunchKernel)(module->function("addConstant"), 1, 1, 1, 32,
                                 1, 1, 0, nullptr, nullptr, extra));
}

TEST_F(LaunchTest, CountersAreWritten) {
  if (!emulated())
    GTEST_SKIP() << "the environment is the emulator's";
  const std::string path = testing::TempDir() + "emulator-counters.json";
  std::remove(path.c_str());
  setenv("DLC_EMULATOR_COUNTERS", path.c_str(), 1);
  Buffer<int> data(std::vector<int>(32, 1));
  EXPECT_OK(
      launch(module->function("addConstant"), {1}, {32}, 0, data.address, 1));
  EXPECT_EQ(std::vector<int>(32, 2), data.read());
  unsetenv("DLC_EMULATOR_COUNTERS");
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_NE(std::string::npos, line.find("addConstant")) << line;
  EXPECT_EQ('{', line.front());
  EXPECT_EQ('}', line.back());
}

TEST_F(LaunchTest, CopiesPastTheRegistersAreCounted) {
  if (!emulated())
    GTEST_SKIP() << "a device counts nothing";
  static constexpr char text[] = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry copy(.param .u64 from) {
  .reg .b32 %r<5>;
  .reg .b64 %d<4>;
  .shared .align 16 .b8 tile[512];
  ld.param.u64 %d1, [from];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %d2, %r1, 16;
  add.u64 %d3, %d1, %d2;
  mov.u32 %r2, tile;
  mad.lo.u32 %r3, %r1, 16, %r2;
  cp.async.ca.shared.global [%r3], [%d3], 16;
  cp.async.wait_all;
  mad.wide.u32 %d3, %r1, 4, %d1;
  ld.global.u32 %r4, [%d3];
  st.shared.u32 [%r3], %r4;
  ret;
})";
  CUmodule copies = nullptr;
  ASSERT_OK(CU(cuModuleLoadData)(&copies, text));
  CUfunction function = nullptr;
  ASSERT_OK(CU(cuModuleGetFunction)(&function, copies, "copy"));
  const std::string path = testing::TempDir() + "emulator-copies.json";
  std::remove(path.c_str());
  setenv("DLC_EMULATOR_COUNTERS", path.c_str(), 1);
  Buffer<int> data(std::vector<int>(128, 1));
  EXPECT_OK(launch(function, {1}, {32}, 0, data.address));
  EXPECT_OK(CU(cuCtxSynchronize)());
  unsetenv("DLC_EMULATOR_COUNTERS");
  EXPECT_OK(CU(cuModuleUnload)(copies));
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_NE(std::string::npos, line.find("\"globalLoadSectors\": 20,")) << line;
  EXPECT_NE(std::string::npos, line.find("\"asyncLoadSectors\": 16,")) << line;
}

TEST_F(LaunchTest, ByConfiguration) {
  Buffer<int> data(std::vector<int>(64, 1));
  CUlaunchAttribute attribute = {};
  attribute.id = CU_LAUNCH_ATTRIBUTE_PRIORITY;
  CUlaunchConfig config = {};
  config.gridDimX = 2;
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = 32;
  config.blockDimY = config.blockDimZ = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  int value = 9;
  CUdeviceptr address = data.address;
  void *parameters[] = {&address, &value};
  EXPECT_OK(CU(cuLaunchKernelEx)(&config, module->function("addConstant"),
                                 parameters, nullptr));
  EXPECT_EQ(std::vector<int>(64, 10), data.read());
}

TEST_F(LaunchTest, StructsByValue) {
  struct {
    int rows, columns;
    float scale;
    CUdeviceptr from;
    char tag;
  } shape = {3, 5, 2.0f, 0, 1};
  Buffer<float> from(std::vector<float>(15, 4)), to(15);
  shape.from = from.address;
  EXPECT_OK(launch(module->function("scaleShape"), {1}, {8, 8}, 0, shape,
                   to.address));
  EXPECT_EQ(std::vector<float>(15, 9), to.read());
}

TEST_F(LaunchTest, DynamicSharedMemory) {
  std::vector<int> values(512), expected(512);
  for (int i = 0; i < 512; ++i) {
    values[i] = i;
    expected[i] = i / 256 * 256 + 255 - i % 256;
  }
  Buffer<int> data(values);
  EXPECT_OK(launch(module->function("reverseBlocks"), {2}, {256}, 1024,
                   data.address));
  EXPECT_EQ(expected, data.read());
}

TEST_F(LaunchTest, MuchSharedMemoryMustBeAskedFor) {
  CUfunction function = module->function("reverseBlocks");
  Buffer<int> data(std::vector<int>(32, 1));
  testing::internal::CaptureStderr();
  expectRefused(CUDA_ERROR_INVALID_VALUE,
                launch(function, {1}, {32}, 49153, data.address));
  const std::string told = testing::internal::GetCapturedStderr();
  if (emulated()) {
    EXPECT_EQ(
        "dlc-emulator: launch: kernel reverseBlocks: 49153 bytes of dynamic "
        "shared memory, and 49152 are allowed "
        "(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)\n",
        told);
  }
  int most = 0;
  EXPECT_OK(CU(cuDeviceGetAttribute)(
      &most, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 0));
  EXPECT_OK(CU(cuFuncSetAttribute)(
      function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most));
  EXPECT_OK(launch(function, {1}, {32}, unsigned(most), data.address));
  testing::internal::CaptureStderr();
  EXPECT_CODE(
      CUDA_ERROR_INVALID_VALUE,
      CU(cuFuncSetAttribute)(
          function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, most + 1));
  expectRefused(CUDA_ERROR_INVALID_VALUE,
                launch(function, {1}, {32}, unsigned(most) + 1, data.address));
  testing::internal::GetCapturedStderr();
}

TEST_F(LaunchTest, ShapesThatNoDeviceRuns) {
  CUfunction function = module->function("addConstant");
  Buffer<int> data(std::vector<int>(32, 1));
  const Shape grids[] = {{0},        {1, 0},        {1, 1, 0},
                         {1, 65536}, {1, 1, 65536}, {0x80000000u}};
  testing::internal::CaptureStderr();
  for (const Shape &grid : grids)
    expectRefused(CUDA_ERROR_INVALID_VALUE,
                  launch(function, grid, {32}, 0, data.address, 1));
  const Shape blocks[] = {{0},        {1025},   {1, 1025},  {1, 1, 65},
                          {32, 1, 0}, {33, 32}, {16, 16, 5}};
  for (const Shape &block : blocks)
    expectRefused(CUDA_ERROR_INVALID_VALUE,
                  launch(function, {1}, block, 0, data.address, 1));
  const std::string told = testing::internal::GetCapturedStderr();
  if (emulated()) {
    EXPECT_NE(
        std::string::npos,
        told.find("dlc-emulator: launch: kernel addConstant, grid (1,1,1), "
                  "block (33,32,1): more than 1024 threads in a block"))
        << told;
  }
  EXPECT_EQ(std::vector<int>(32, 1), data.read());
}

TEST_F(LaunchTest, BoundsOfAKernel) {
  LoadedModule faults("faults");
  CUfunction function = faults.function("boundedFill");
  Buffer<int> data(128);
  EXPECT_OK(launch(function, {1}, {64}, 0, data.address));
  testing::internal::CaptureStderr();
  expectRefused(CUDA_ERROR_INVALID_VALUE,
                launch(function, {1}, {128}, 0, data.address));
  testing::internal::GetCapturedStderr();
}

TEST_F(LaunchTest, ParametersMustBeThere) {
  CUfunction function = module->function("addConstant");
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuLaunchKernel)(function, 1, 1, 1, 32, 1, 1, 0, nullptr,
                                 nullptr, nullptr));
  EXPECT_CODE(CUDA_ERROR_INVALID_HANDLE,
              CU(cuLaunchKernel)(nullptr, 1, 1, 1, 32, 1, 1, 0, nullptr,
                                 nullptr, nullptr));
}

TEST_F(LaunchTest, GridsThatSynchronise) {
  LoadedModule tensor("tensor");
  CUfunction function = tensor.function("gridSums");
  const int count = 8 * 64;
  Buffer<int> data(count), out(count);
  CUdeviceptr first = data.address, second = out.address;
  void *parameters[] = {&first, &second};
  ASSERT_OK(CU(cuLaunchCooperativeKernel)(function, 8, 1, 1, 64, 1, 1, 0,
                                          nullptr, parameters));
  const std::vector<int> sums = out.read();
  for (int i = 0; i < count; ++i) {
    int expected = 0;
    for (int k = 0; k < count; k += 64)
      expected += (i + k) % count;
    ASSERT_EQ(expected, sums[i]) << i;
  }
  testing::internal::CaptureStderr();
  expectRefused(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
                CU(cuLaunchCooperativeKernel)(function, 1 << 20, 1, 1, 64, 1, 1,
                                              0, nullptr, parameters));
  testing::internal::GetCapturedStderr();
}

TEST_F(LaunchTest, KernelsPrint) {
  testing::internal::CaptureStdout();
  EXPECT_OK(launch(module->function("sayHello"), {2}, {32}, 0, 7));
  EXPECT_OK(CU(cuCtxSynchronize)());
  std::fflush(stdout);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_NE(std::string::npos,
            text.find("hello from thread 1 of block 0: text 3.50\n"))
      << text;
  EXPECT_NE(std::string::npos, text.find("block 1: text 3.50\n")) << text;
}

} // namespace
