// SPDX-License-Identifier: Apache-2.0
// Kernels that load more than was written, with and without optimisation:
// correct ones, of which nothing is said, and such that use it.
#include "Cuda.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>

using namespace emulator::test;

namespace {

class EdgeTest : public WithContext,
                 public testing::WithParamInterface<const char *> {
protected:
  void SetUp() override {
    WithContext::SetUp();
    module.emplace(GetParam());
  }
  void TearDown() override {
    module.reset();
    WithContext::TearDown();
  }

  /// Launches and waits: nothing is said of a correct kernel.
  template <typename... Parameters>
  void expectSilence(const char *kernel, Shape grid, Shape block,
                     Parameters... parameters) {
    testing::internal::CaptureStderr();
    EXPECT_OK(launch(module->function(kernel), grid, block, 0, parameters...));
    EXPECT_OK(CU(cuCtxSynchronize)());
    EXPECT_EQ("", testing::internal::GetCapturedStderr());
  }

  template <typename... Parameters>
  void expectFault(CUresult code, const std::string &kind, const char *kernel,
                   Shape block, Parameters... parameters) {
    if (!emulated())
      GTEST_SKIP() << "only the emulator finds these";
    testing::internal::CaptureStderr();
    EXPECT_OK(launch(module->function(kernel), {1}, block, 0, parameters...));
    EXPECT_CODE(code, CU(cuCtxSynchronize)());
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_EQ(0u, told.find("dlc-emulator: " + kind + ": kernel " + kernel))
        << told;
  }
  template <typename... Parameters>
  void expectUninitialised(const char *kernel, Shape block,
                           Parameters... parameters) {
    expectFault(CUDA_ERROR_LAUNCH_FAILED, "uninitialised", kernel, block,
                parameters...);
  }

  std::optional<LoadedModule> module;
};

INSTANTIATE_TEST_SUITE_P(Kernels, EdgeTest,
                         testing::Values("edges", "edges.debug"));

std::vector<int> scrambled(int count) {
  std::vector<int> values(count);
  for (int i = 0; i < count; ++i)
    values[i] = i * 7919 % 101;
  return values;
}

/// 16-bit floating-point numbers 0, 1, 2, 3, 0, 1 ...
std::vector<uint16_t> halves(int count) {
  const uint16_t numbers[] = {0, 0x3c00, 0x4000, 0x4200};
  std::vector<uint16_t> values(count);
  for (int i = 0; i < count; ++i)
    values[i] = numbers[i % 4];
  return values;
}

TEST_P(EdgeTest, MergeSort) {
  for (int count : {320, 319, 200, 1}) {
    std::vector<int> values(count), keys = scrambled(count);
    std::iota(values.begin(), values.end(), 0);
    Buffer<int> sorted(keys), order(values);
    expectSilence("mergeSort", {1}, {64}, sorted.address, order.address, count);
    std::sort(values.begin(), values.end(), [&](int a, int b) {
      return std::make_pair(keys[a], a) < std::make_pair(keys[b], b);
    });
    EXPECT_EQ(values, order.read()) << count;
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(keys, sorted.read()) << count;
  }
}

TEST_P(EdgeTest, SumOfSome) {
  const std::vector<int> values = scrambled(32);
  Buffer<int> in(values), out(32);
  expectSilence("sumOfSome", {1}, {192}, in.address, out.address, 32);
  std::vector<int> expected(32, 0);
  std::partial_sum(values.begin(), values.end() - 1, expected.begin() + 1);
  EXPECT_EQ(expected, out.read());
}

TEST_P(EdgeTest, ProductOfTiles) {
  const int m = 19, n = 21, k = 37;
  std::vector<float> a(m * k), b(k * n), expected(m * n, 0);
  for (int i = 0; i < m * k; ++i)
    a[i] = float(i % 5);
  for (int i = 0; i < k * n; ++i)
    b[i] = float(i % 7);
  for (int i = 0; i < m * n; ++i)
    for (int d = 0; d < k; ++d)
      expected[i] += a[i / n * k + d] * b[d * n + i % n];
  Buffer<float> left(a), right(b), product(m * n);
  expectSilence("productOfTiles", {2, 2}, {16, 16}, left.address, right.address,
                product.address, m, n, k);
  EXPECT_EQ(expected, product.read());
}

TEST_P(EdgeTest, ProductsOfSomeRows) {
  if (capability() < 80)
    GTEST_SKIP() << "no mma of this shape";
  Buffer<uint16_t> a(halves(256)), b(halves(256)), c(halves(128));
  Buffer<float> wide(5 * 16), narrow(11 * 8);
  expectSilence("productOfRows", {1}, {32}, a.address, b.address, wide.address,
                5, 5);
  expectSilence("productOfLoadedRows", {1}, {32}, a.address, c.address,
                narrow.address, 11, 11);
  const std::vector<float> x = wide.read(), y = narrow.read();
  for (int i = 0; i < 5 * 16; ++i) // columns of one number each
    ASSERT_EQ(4 * 6 * (i % 4), x[i]) << i;
  for (int i = 0; i < 11 * 8; ++i) // 0 + 1 + 4 + 9
    ASSERT_EQ(4 * 14, y[i]) << i;
}

TEST_P(EdgeTest, RowsThatNobodyWroteAreStored) {
  Buffer<uint16_t> a(halves(256)), b(halves(256));
  Buffer<float> c(256);
  expectUninitialised("productOfRows", {32}, a.address, b.address, c.address, 5,
                      6);
}

TEST_P(EdgeTest, LoadedRowsThatNobodyWroteAreStored) {
  if (capability() < 80)
    GTEST_SKIP() << "no mma of this shape";
  Buffer<uint16_t> a(halves(256)), b(halves(128));
  Buffer<float> c(128);
  expectUninitialised("productOfLoadedRows", {32}, a.address, b.address,
                      c.address, 11, 12);
}

TEST_P(EdgeTest, SumTail) {
  Buffer<float> in(128), out(32);
  EXPECT_OK(CU(cuMemsetD32)(in.address, 0x3f800000, 102));
  expectSilence("sumTail", {1}, {32}, in.address, out.address, 102);
  const std::vector<float> sums = out.read();
  EXPECT_EQ(102, std::accumulate(sums.begin(), sums.end(), 0.f));
}

TEST_P(EdgeTest, ChooseAway) {
  const std::vector<int> values = scrambled(64);
  Buffer<int> in(values), out(64);
  expectSilence("chooseAway", {1}, {64}, in.address, out.address, 45);
  const std::vector<int> found = out.read();
  for (int i = 0; i < 64; ++i) {
    const int first = i / 32 * 32, last = std::min(first + 32, 45);
    const int sum =
        std::accumulate(values.begin() + first, values.begin() + last, 0);
    const bool isOdd = values[i] > 3 && values[i] % 2;
    ASSERT_EQ(sum + (i < 45 ? isOdd + values[i] : 0), found[i]) << i;
  }
}

TEST_P(EdgeTest, ChosenAfterAll) {
  Buffer<int> in(scrambled(64)), out(64);
  expectUninitialised("chooseAwayUsed", {64}, in.address, out.address, 45);
}

TEST_P(EdgeTest, ControlDependsOnIt) {
  Buffer<int> out(64);
  expectUninitialised("controlUsed", {64}, out.address);
}

TEST_P(EdgeTest, AnAddressDependsOnIt) {
  Buffer<int> out(64);
  expectUninitialised("addressUsed", {64}, out.address);
}

TEST_P(EdgeTest, OtherLanesDependOnIt) {
  Buffer<int> out(32);
  expectUninitialised("ballotUsed", {32}, out.address);
}

TEST_P(EdgeTest, LocalMemoryThatNobodyWrote) {
  Buffer<int> at(std::vector<int>{1, 2, 2}), out(32);
  expectUninitialised("localUsed", {32}, at.address, out.address);
}

TEST_P(EdgeTest, MembersThatAreSetLater) {
  Buffer<double> states(3 * 32);
  Buffer<float> out(32);
  expectSilence("seedStates", {1}, {32}, states.address);
  expectSilence("drawFromStates", {1}, {32}, states.address, out.address, 1);
  expectSilence("drawFromStates", {1}, {32}, states.address, out.address, 3);
}

TEST_P(EdgeTest, Stacks) {
  Buffer<int> out(64);
  expectSilence("stacks", {1}, {64}, out.address);
  auto onStack = [](int count, int add) {
    int sum = 0;
    for (int i = count - 1; i >= 0; --i)
      sum = sum * 3 + i + add;
    return sum;
  };
  const std::vector<int> found = out.read();
  for (int i = 0; i < 64; ++i) {
    int sum = 0;
    for (int round = 0; round < 3; ++round)
      sum += onStack(i % 5 + round + 1, round) + onStack(2, round);
    ASSERT_EQ(sum, found[i]) << i;
  }
}

TEST_P(EdgeTest, StackOverrun) {
  Buffer<int> out(64);
  expectFault(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds", "stackOverrun", {64},
              out.address);
}

TEST_P(EdgeTest, LeaderAdds) {
  Buffer<int> sums(std::vector<int>(4, 0)), out(32);
  expectSilence("leaderAdds", {1}, {32}, sums.address, out.address);
  EXPECT_EQ(std::vector<int>(4, 10), sums.read());
  EXPECT_EQ(std::vector<int>(32, 9), out.read());
}

} // namespace
