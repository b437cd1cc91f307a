// SPDX-License-Identifier: Apache-2.0
// Launches of clusters, and kernels of which the blocks work together.
#include "Cuda.h"

using namespace emulator::test;

namespace {

class ClusterTest : public WithContext {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    if (capability() < 90)
      GTEST_SKIP() << "no clusters";
    WithContext::SetUp();
  }
  void TearDown() override {
    if (context)
      WithContext::TearDown();
  }
};

CUlaunchAttribute ofShape(unsigned x, unsigned y) {
  CUlaunchAttribute attribute = {};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim.x = x;
  attribute.value.clusterDim.y = y;
  attribute.value.clusterDim.z = 1;
  return attribute;
}

/// Launches blocks of 32 threads with one parameter.
CUresult launchClusters(CUfunction function, Shape grid, unsigned x, unsigned y,
                        CUdeviceptr parameter) {
  CUlaunchAttribute attribute = ofShape(x, y);
  CUlaunchConfig config = {};
  config.gridDimX = grid.x;
  config.gridDimY = grid.y;
  config.gridDimZ = grid.z;
  config.blockDimX = 32;
  config.blockDimY = config.blockDimZ = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  void *parameters[] = {&parameter};
  return CU(cuLaunchKernelEx)(&config, function, parameters, nullptr);
}

TEST_F(ClusterTest, AHistogramInTheMemoryOfFourBlocks) {
  LoadedModule module("clusters");
  std::vector<int> values(3000), expected(64, 0);
  for (int i = 0; i < 3000; ++i)
    ++expected[(values[i] = i * i % 997) & 63];
  Buffer<int> in(values), out(std::vector<int>(64, 0));
  EXPECT_OK(launch(module.function("distributedHistogram"), {8}, {64}, 0,
                   in.address, out.address, 3000));
  EXPECT_EQ(expected, out.read());
}

TEST_F(ClusterTest, ValuesGoAround) {
  LoadedModule module("clusters");
  Buffer<int> out(16 * 32);
  for (int size : {2, 4, 8}) {
    EXPECT_OK(launchClusters(module.function("passOn"), {16}, unsigned(size), 1,
                             out.address));
    const std::vector<int> found = out.read();
    for (int i = 0; i < 16 * 32; ++i) {
      const int rank = i / 32 % size, writer = (rank + 2 * size - 2) % size;
      ASSERT_EQ((writer + 1) % size * 100 + 31 - i % 32, found[i])
          << size << " " << i;
    }
  }
}

TEST_F(ClusterTest, BlocksKnowWhereTheyAre) {
  LoadedModule module("clusters");
  Buffer<int> out(8 * 24);
  EXPECT_OK(
      launchClusters(module.function("clusterIds"), {4, 6}, 2, 3, out.address));
  const std::vector<int> found = out.read();
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 4; ++x) {
      const auto at = found.begin() + 8 * (4 * y + x);
      EXPECT_EQ((std::vector<int>{x / 2, 2, x % 2, y % 3, 2, 3,
                                  x % 2 + y % 3 * 2, 1}),
                std::vector<int>(at, at + 8));
    }
  EXPECT_OK(launch(module.function("clusterIds"), {3}, {32}, 0, out.address));
  const std::vector<int> alone = out.read();
  EXPECT_EQ((std::vector<int>{2, 3, 0, 0, 1, 1, 0, 0}),
            std::vector<int>(alone.begin() + 16, alone.begin() + 24));
}

TEST_F(ClusterTest, ABarrierOfAnotherBlock) {
  LoadedModule module("clusters");
  Buffer<int> out(32);
  EXPECT_OK(
      launch(module.function("remoteArrivals"), {2}, {32}, 0, out.address));
  const std::vector<int> found = out.read();
  for (int i = 0; i < 32; ++i)
    ASSERT_EQ(3 * (31 - i), found[i]);
}

TEST_F(ClusterTest, ShapesThatDontFit) {
  LoadedModule module("clusters");
  Buffer<int> out(16 * 32);
  CUfunction function = module.function("passOn");
  testing::internal::CaptureStderr();
  EXPECT_CODE(CUDA_ERROR_INVALID_CLUSTER_SIZE,
              launchClusters(function, {16}, 16, 1, out.address));
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              launchClusters(function, {15}, 2, 1, out.address));
  testing::internal::GetCapturedStderr();
  EXPECT_OK(CU(cuFuncSetAttribute)(
      function, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
  EXPECT_OK(launchClusters(function, {16}, 16, 1, out.address));
  EXPECT_OK(CU(cuCtxSynchronize)());
}

TEST_F(ClusterTest, HowManyFit) {
  LoadedModule module("clusters");
  CUfunction function = module.function("passOn");
  CUlaunchAttribute attribute = ofShape(4, 1);
  CUlaunchConfig config = {};
  config.gridDimX = 16;
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = 256;
  config.blockDimY = config.blockDimZ = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
  int clusters = 0, blocks = 0;
  EXPECT_OK(CU(cuOccupancyMaxActiveClusters)(&clusters, function, &config));
  EXPECT_GT(clusters, 32);
  EXPECT_OK(CU(cuOccupancyMaxPotentialClusterSize)(&blocks, function, &config));
  EXPECT_EQ(8, blocks);
}

TEST_F(ClusterTest, Faults) {
  if (!emulated())
    GTEST_SKIP() << "only the emulator finds these";
  const std::pair<const char *, const char *> faults[] = {
      {"remoteOverrun", "out of bounds"},
      {"remoteFresh", "uninitialised"},
      {"endsTooEarly", "out of bounds"}};
  for (auto &[kernel, kind] : faults) {
    CUcontext own = nullptr;
    ASSERT_OK(createContext(&own, 0, 0));
    {
      LoadedModule module("clusters");
      Buffer<int> out(64);
      CUfunction function = module.function(kernel);
      testing::internal::CaptureStderr();
      EXPECT_OK(launch(function, {2}, {32}, 0, out.address));
      EXPECT_NE(CUDA_SUCCESS, CU(cuCtxSynchronize)());
      const std::string told = testing::internal::GetCapturedStderr();
      EXPECT_EQ(0u, told.find(std::string("dlc-emulator: ") + kind +
                              ": kernel " + kernel))
          << told;
    }
    EXPECT_OK(CU(cuCtxDestroy)(own));
  }
}

} // namespace
