// SPDX-License-Identifier: Apache-2.0
// CUDA C kernels that compute something: blocks that work together, numbers of
// all sizes and tensor cores.
#include "Cuda.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>

using namespace emulator::test;

namespace {

using KernelTest = WithContext;

std::vector<float> randomFloats(size_t count, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-2, 2);
  std::vector<float> values(count);
  for (float &value : values)
    value = uniform(generator);
  return values;
}

std::vector<int> randomInts(size_t count, int limit, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::vector<int> values(count);
  for (int &value : values)
    value = static_cast<int>(generator() % unsigned(limit));
  return values;
}

TEST_F(KernelTest, VectorAdd) {
  LoadedModule module("basics");
  const int count = 1000;
  Buffer<float> a(randomFloats(count, 1)), b(randomFloats(count, 2)), c(count);
  EXPECT_OK(launch(module.function("vectorAdd"), {8}, {128}, 0, a.address,
                   b.address, c.address, count));
  const std::vector<float> x = a.read(), y = b.read(), z = c.read();
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(x[i] + y[i], z[i]);
}

TEST_F(KernelTest, SaxpyCoversAnyLength) {
  LoadedModule module("basics");
  const int count = 12345;
  Buffer<float> x(randomFloats(count, 1)), y(randomFloats(count, 2));
  const std::vector<float> before = y.read(), from = x.read();
  EXPECT_OK(launch(module.function("saxpy"), {7}, {96}, 0, 1.5f, x.address,
                   y.address, count));
  const std::vector<float> after = y.read();
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(std::fmaf(1.5f, from[i], before[i]), after[i]) << i;
}

TEST_F(KernelTest, ThreadsLeaveALoopOneByOne) {
  LoadedModule module("basics");
  std::vector<uint32_t> from(300), expected(300);
  for (uint32_t i = 0; i < 300; ++i) {
    from[i] = 2 * i + 1;
    for (uint64_t v = from[i]; v != 1; ++expected[i])
      v = v & 1 ? 3 * v + 1 : v / 2;
  }
  Buffer<uint32_t> numbers(from), steps(300);
  EXPECT_OK(launch(module.function("collatz"), {3}, {128}, 0, numbers.address,
                   steps.address, 300));
  EXPECT_EQ(expected, steps.read());
}

TEST_F(KernelTest, CallsByPointer) {
  LoadedModule module("basics");
  std::vector<int> which(64);
  for (int i = 0; i < 64; ++i)
    which[i] = i % 3 == 0;
  Buffer<float> data(std::vector<float>(64, 3));
  Buffer<int> table(which);
  EXPECT_OK(launch(module.function("applyUnary"), {1}, {64}, 0, data.address,
                   table.address));
  const std::vector<float> found = data.read();
  for (int i = 0; i < 64; ++i)
    ASSERT_EQ(which[i] ? 9 : 6, found[i]) << i;
}

TEST_F(KernelTest, Recursion) {
  LoadedModule module("basics");
  Buffer<int> out(32);
  EXPECT_OK(launch(module.function("recurse"), {1}, {32}, 0, out.address));
  const int fibonacci[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89};
  const std::vector<int> found = out.read();
  for (int i = 0; i < 32; ++i)
    ASSERT_EQ(fibonacci[i % 12], found[i]) << i;
}

TEST_F(KernelTest, TiledProduct) {
  LoadedModule module("shared");
  const int n = 50;
  Buffer<float> a(randomFloats(n * n, 1)), b(randomFloats(n * n, 2)), c(n * n);
  EXPECT_OK(launch(module.function("matmulTiled"), {4, 4}, {16, 16}, 0,
                   a.address, b.address, c.address, n));
  const std::vector<float> x = a.read(), y = b.read(), z = c.read();
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int k = 0; k < n; ++k)
        sum += double(x[i * n + k]) * y[k * n + j];
      ASSERT_NEAR(sum, z[i * n + j], 1e-4);
    }
}

TEST_F(KernelTest, Transpose) {
  LoadedModule module("shared");
  const int rows = 70, columns = 45;
  Buffer<float> from(randomFloats(rows * columns)), to(rows * columns);
  EXPECT_OK(launch(module.function("transposeTiled"), {2, 3}, {32, 8}, 0,
                   from.address, to.address, rows, columns));
  const std::vector<float> x = from.read(), y = to.read();
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      ASSERT_EQ(x[i * columns + j], y[j * rows + i]);
}

TEST_F(KernelTest, Reductions) {
  LoadedModule module("shared");
  const int count = 10000;
  Buffer<float> from(std::vector<float>(count, 0.5f)),
      sum(std::vector<float>{0});
  EXPECT_OK(launch(module.function("reduceSum"), {5}, {256}, 0, from.address,
                   sum.address, count));
  EXPECT_EQ(5000, sum.read()[0]);
  std::vector<int> values = randomInts(16 * 256, 100);
  Buffer<int> ints(values), partial(16), total(1);
  for (int round = 0; round < 2; ++round) { // the ticket is put back
    EXPECT_OK(launch(module.function("reduceLastBlock"), {16}, {256}, 0,
                     ints.address, partial.address, total.address));
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0),
              total.read()[0]);
  }
  Buffer<int> sums(4);
  EXPECT_OK(launch(module.function("reduceWarpSync"), {4}, {64}, 0,
                   ints.address, sums.address));
  for (int block = 0; block < 4; ++block)
    EXPECT_EQ(std::accumulate(values.begin() + 64 * block,
                              values.begin() + 64 * (block + 1), 0),
              sums.read()[block]);
}

TEST_F(KernelTest, Scans) {
  LoadedModule module("shared");
  const std::vector<int> values = randomInts(1000, 50);
  std::vector<int> expected(values.size());
  std::partial_sum(values.begin(), values.end(), expected.begin());
  Buffer<int> from(values), to(values.size());
  EXPECT_OK(launch(module.function("scanBlock"), {1}, {1024}, 0, from.address,
                   to.address, 1000));
  EXPECT_EQ(expected, to.read());
  Buffer<int> shuffled(512);
  EXPECT_OK(launch(module.function("scanShuffle"), {1}, {512}, 0, from.address,
                   shuffled.address));
  EXPECT_EQ(std::vector<int>(expected.begin(), expected.begin() + 512),
            shuffled.read());
}

TEST_F(KernelTest, Histogram) {
  LoadedModule module("shared");
  std::vector<uint8_t> bytes(5000);
  std::vector<unsigned> expected(256);
  for (size_t i = 0; i < bytes.size(); ++i)
    ++expected[bytes[i] = static_cast<uint8_t>(i * i / 7)];
  Buffer<uint8_t> data(bytes);
  Buffer<unsigned> counts(std::vector<unsigned>(256, 0));
  EXPECT_OK(launch(module.function("histogram"), {3}, {192}, 0, data.address,
                   counts.address, 5000));
  EXPECT_EQ(expected, counts.read());
}

TEST_F(KernelTest, Compaction) {
  LoadedModule module("shared");
  const std::vector<int> values = randomInts(1000, 300);
  std::vector<int> expected;
  std::copy_if(values.begin(), values.end(), std::back_inserter(expected),
               [](int value) { return value % 3 == 0; });
  Buffer<int> from(values), to(std::vector<int>(1000, -1)),
      count(std::vector<int>{0});
  EXPECT_OK(launch(module.function("compact"), {8}, {128}, 0, from.address,
                   to.address, count.address, 1000));
  ASSERT_EQ(int(expected.size()), count.read()[0]);
  std::vector<int> found = to.read();
  found.resize(expected.size());
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(expected, found);
}

TEST_F(KernelTest, Atomics) {
  LoadedModule module("shared");
  Buffer<int> ints(std::vector<int>(6, 0));
  Buffer<unsigned long long> longs(std::vector<unsigned long long>(2, 0));
  Buffer<double> doubles(std::vector<double>{0});
  Buffer<float> floats(std::vector<float>{0});
  EXPECT_OK(launch(module.function("atomics"), {4}, {64}, 0, ints.address,
                   longs.address, doubles.address, floats.address));
  // Inc wraps after 9: 256 increments modulo 10.
  EXPECT_EQ((std::vector<int>{63, -63, 0x7fffffff, 0, 6, 512}), ints.read());
  EXPECT_EQ(256ull << 33, longs.read()[0]);
  EXPECT_EQ(5000000063ull, longs.read()[1]);
  EXPECT_EQ(64.0, doubles.read()[0]);
  EXPECT_EQ(256.0f, floats.read()[0]);
}

TEST_F(KernelTest, BlocksTakeALockInTurn) {
  LoadedModule module("shared");
  Buffer<int> value(std::vector<int>{0});
  EXPECT_OK(
      launch(module.function("lockedCount"), {50}, {32}, 0, value.address));
  EXPECT_EQ(50, value.read()[0]);
}

TEST_F(KernelTest, BitonicSort) {
  LoadedModule module("shared");
  std::vector<int> values = randomInts(512, 1000);
  Buffer<int> data(values);
  EXPECT_OK(
      launch(module.function("bitonicSort"), {1}, {512}, 0, data.address));
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, data.read());
}

/// With and without optimisation.
class GroupTest : public WithContext,
                  public testing::WithParamInterface<const char *> {};

INSTANTIATE_TEST_SUITE_P(Kernels, GroupTest,
                         testing::Values("groups", "groups.debug"));

TEST_P(GroupTest, TwoWarpsMeet) {
  LoadedModule module(GetParam());
  Buffer<int> in(randomInts(256, 100)), out(256);
  EXPECT_OK(launch(module.function("sumByTwoWarps"), {1}, {256}, 0, in.address,
                   out.address));
  const std::vector<int> from = in.read(), sums = out.read();
  for (int i = 0; i < 256; ++i)
    ASSERT_EQ(std::accumulate(&from[i / 64 * 64], &from[i / 64 * 64] + 64, 0),
              sums[i]);
}

TEST_P(GroupTest, Compaction) {
  LoadedModule module(GetParam());
  Buffer<int> in(randomInts(512, 100)), out(512), count(std::vector<int>{0});
  EXPECT_OK(launch(module.function("compactByGroups"), {4}, {128}, 0,
                   in.address, out.address, count.address));
  std::vector<int> odd = in.read(), kept = out.read();
  odd.erase(std::remove_if(odd.begin(), odd.end(),
                           [](int value) { return value % 2 == 0; }),
            odd.end());
  ASSERT_EQ(int(odd.size()), count.read()[0]);
  kept.resize(odd.size());
  std::sort(odd.begin(), odd.end());
  std::sort(kept.begin(), kept.end());
  EXPECT_EQ(odd, kept);
}

TEST_P(GroupTest, Structures) {
  LoadedModule module(GetParam());
  Buffer<double> padded(64), sums(32);
  Buffer<float> triples(128), reversed(128);
  Buffer<uint64_t> fields(64);
  EXPECT_OK(launch(module.function("fillStructures"), {1}, {32}, 0,
                   padded.address, triples.address, fields.address));
  EXPECT_OK(launch(module.function("copyStructures"), {1}, {32}, 0,
                   padded.address, triples.address, fields.address,
                   reversed.address, sums.address));
  const std::vector<float> triple = reversed.read();
  const std::vector<double> sum = sums.read();
  for (int i = 0; i < 32; ++i) {
    ASSERT_EQ(float(31 - i), triple[4 * i + 2]);
    ASSERT_EQ(2.5 * i + (i & 7), sum[i]);
  }
}

TEST_F(KernelTest, MathematicalFunctions) {
  LoadedModule module("numbers");
  const int count = 256;
  const std::vector<float> x = randomFloats(count);
  Buffer<float> from(x), to(16 * count);
  EXPECT_OK(launch(module.function("mathFunctions"), {4}, {64}, 0, from.address,
                   to.address));
  const std::vector<float> found = to.read();
  for (int i = 0; i < count; ++i) {
    const double v = x[i], size = std::fabs(v);
    const double expected[] = {std::exp(v),
                               std::log(size + 1),
                               std::sin(v),
                               std::cos(v),
                               std::tanh(v),
                               std::sqrt(size),
                               1 / std::sqrt(size + 0.5),
                               std::pow(size + 0.1, 1.7),
                               std::erf(v),
                               1 / (1 + std::exp(-v)),
                               std::floor(v) + std::ceil(v) + std::rint(v) +
                                   std::trunc(v),
                               std::fmod(x[i], 0.7f),
                               std::atan2(v, 0.3),
                               std::cbrt(v),
                               (v * v + 1) / 3,
                               std::fmin(std::fmax(v, -0.5), 0.5)};
    for (int k = 0; k < 16; ++k)
      ASSERT_NEAR(expected[k], found[16 * i + k],
                  2e-6 * std::fmax(1, std::fabs(expected[k])))
          << "function " << k << " of " << v;
  }
}

TEST_F(KernelTest, Doubles) {
  LoadedModule module("numbers");
  std::vector<double> x(64);
  for (int i = 0; i < 64; ++i)
    x[i] = (i - 30) * 0.173;
  Buffer<double> from(x), to(256);
  EXPECT_OK(launch(module.function("mathDoubles"), {2}, {32}, 0, from.address,
                   to.address));
  const std::vector<double> found = to.read();
  for (int i = 0; i < 64; ++i) {
    const double expected[] = {std::exp(x[i]), std::sin(x[i]) / 3,
                               std::sqrt(std::fabs(x[i])),
                               std::log1p(std::fabs(x[i]))};
    for (int k = 0; k < 4; ++k)
      ASSERT_NEAR(expected[k], found[4 * i + k],
                  1e-15 * std::fmax(1, expected[k]))
          << "function " << k << " of " << x[i];
  }
}

TEST_F(KernelTest, Integers) {
  LoadedModule module("numbers");
  const std::vector<int> a = {7, -7,         123456789, -2147483647,
                              1, 0x40000000, -1,        99};
  const std::vector<int> b = {2, 2, -1000, 3, 7, 0x7fffffff, 5, -13};
  Buffer<int> x(a), y(b);
  Buffer<long long> out(80);
  EXPECT_OK(launch(module.function("integerMath"), {1}, {8}, 0, x.address,
                   y.address, out.address));
  const std::vector<long long> found = out.read();
  for (int i = 0; i < 8; ++i) {
    const unsigned u = unsigned(a[i]), v = unsigned(b[i]);
    unsigned reversed = 0;
    for (int k = 0; k < 32; ++k)
      reversed |= (u >> k & 1) << (31 - k);
    const long long expected[] = {
        a[i] / b[i],
        a[i] % b[i],
        u / v,
        static_cast<long long>(a[i]) * b[i],
        static_cast<long long>(a[i]) * b[i] >> 32,
        (u ? __builtin_clz(u) : 32) + 100 * __builtin_popcount(u) +
            10000 * __builtin_ffs(a[i]),
        reversed,
        (static_cast<long long>(a[i]) * (1 << 20)) / (b[i] | 1),
        (u & 0xffff) | v << 16,
        v << 7 | u >> 25};
    for (int k = 0; k < 10; ++k)
      ASSERT_EQ(expected[k], found[10 * i + k]) << i << ", result " << k;
  }
}

TEST_F(KernelTest, DivisionsOf128Bits) {
  using Wide = unsigned __int128;
  LoadedModule module("numbers");
  std::mt19937_64 generator(7);
  std::vector<uint64_t> words(4 * 64);
  for (size_t k = 0; k < words.size(); ++k) // of all lengths
    words[k] = generator() >> (k / 4 % 8 * 8);
  for (size_t k = 3; k < words.size() / 2; k += 4)
    words[k] = 0;
  Buffer<uint64_t> in(words), out(6 * 64);
  EXPECT_OK(launch(module.function("divideWide"), {1}, {64}, 0, in.address,
                   out.address));
  const std::vector<uint64_t> got = out.read();
  for (size_t k = 0; k < 64; ++k) {
    const Wide a = Wide(words[4 * k + 1]) << 64 | words[4 * k],
               b = Wide(words[4 * k + 3]) << 64 | words[4 * k + 2];
    const Wide expected[] = {a / b, a % b, a / 1000};
    for (size_t j = 0; j < 3; ++j) {
      ASSERT_EQ(uint64_t(expected[j]), got[6 * k + 2 * j]) << k;
      ASSERT_EQ(uint64_t(expected[j] >> 64), got[6 * k + 2 * j + 1]) << k;
    }
  }
}

TEST_F(KernelTest, HalvesAndBytes) {
  LoadedModule module("numbers");
  const std::vector<float> x = {0,       1,     0.1f,  -2.5f,
                                1000.5f, 65000, 3e-6f, -0.333f};
  Buffer<float> from(x), halves(32), bytes(16);
  EXPECT_OK(launch(module.function("halfMath"), {1}, {8}, 0, from.address,
                   halves.address));
  const std::vector<float> h = halves.read();
  for (int i = 0; i < 8; ++i) {
    const float half = static_cast<float>(static_cast<_Float16>(x[i]));
    ASSERT_EQ(half, h[4 * i]) << x[i];
    const float fused =
        static_cast<float>(static_cast<_Float16>(double(half) * half + 1));
    ASSERT_EQ(fused, h[4 * i + 1]) << x[i];
    if (std::fabs(half) < 30000) {
      ASSERT_EQ(2 * half + 1, h[4 * i + 2]) << x[i];
    }
    ASSERT_NEAR(x[i] * x[i], h[4 * i + 3], 0.02 * x[i] * x[i]) << x[i];
  }
  EXPECT_OK(launch(module.function("fp8RoundTrip"), {1}, {8}, 0, from.address,
                   bytes.address));
  EXPECT_EQ(
      (std::vector<float>{0, 0, 1, 1, 0.1015625f, 0.09375f, -2.5f, -2.5f, 448,
                          1024, 448, 57344, 0, 0, -0.34375f, -0.3125f}),
      bytes.read());
}

TEST_F(KernelTest, DotProductsOfBytes) {
  LoadedModule module("numbers");
  Buffer<int> a(std::vector<int>(32, 0x01ff0380)),
      b(std::vector<int>(32, 0x02030405)), out(32);
  EXPECT_OK(launch(module.function("dotProducts"), {1}, {32}, 0, a.address,
                   b.address, out.address));
  for (int i = 0; i < 32; ++i)
    ASSERT_EQ(1 * 2 - 1 * 3 + 3 * 4 - 128 * 5 + i, out.read()[i]);
}

TEST_F(KernelTest, VectorsOfValues) {
  LoadedModule module("numbers");
  std::vector<float> values(4 * 64);
  std::iota(values.begin(), values.end(), 0.0f);
  std::vector<uint8_t> small(4 * 64, 3);
  Buffer<float> from(values), to(values.size());
  Buffer<uint8_t> bytes(small), sums(small.size());
  EXPECT_OK(launch(module.function("copyVectors"), {2}, {32}, 0, from.address,
                   to.address, bytes.address, sums.address));
  for (int i = 0; i < 256; ++i)
    ASSERT_EQ(values[i / 4 * 4 + 3 - i % 4], to.read()[i]);
  EXPECT_EQ(std::vector<uint8_t>(256, 6), sums.read());
}

TEST_F(KernelTest, ArraysInLocalMemory) {
  LoadedModule module("numbers");
  const std::vector<int> index = randomInts(32 * 8, 16);
  Buffer<int> from(index), out(32);
  EXPECT_OK(launch(module.function("localArray"), {1}, {32}, 0, from.address,
                   out.address));
  for (int i = 0; i < 32; ++i) {
    int expected = 0;
    for (int k = 0; k < 8; ++k)
      expected += index[i * 8 + k] * index[i * 8 + k] + i;
    ASSERT_EQ(expected, out.read()[i]);
  }
}

/// Kernels with tensor cores and asynchronous copies.
class TensorTest : public WithContext {
protected:
  void SetUp() override {
    WithContext::SetUp();
    if (capability() < 80)
      GTEST_SKIP() << "no tensor cores for bf16 and tf32";
  }

  /// Multiplies square matrices of small whole numbers, which all types hold.
  /// `columns`: whether the right side is stored by columns.
  template <typename Element, typename Sum>
  void expectProduct(const char *kernel, bool columns,
                     Element (*convert)(int value)) {
    LoadedModule module("tensor");
    const int n = 48;
    const std::vector<int> a = randomInts(n * n, 9, 1),
                           b = randomInts(n * n, 9, 2);
    std::vector<Element> left(n * n), right(n * n);
    for (int i = 0; i < n * n; ++i) {
      left[i] = convert(a[i] - 4);
      right[i] = convert(b[i] - 4);
    }
    Buffer<Element> x(left), y(right);
    Buffer<Sum> z(n * n);
    EXPECT_OK(launch(module.function(kernel), {3, 3}, {32}, 0, x.address,
                     y.address, z.address, n));
    const std::vector<Sum> found = z.read();
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        int sum = 0;
        for (int k = 0; k < n; ++k)
          sum += (a[i * n + k] - 4) * (b[columns ? j * n + k : k * n + j] - 4);
        ASSERT_EQ(Sum(sum), found[i * n + j]) << i << ", " << j;
      }
  }
};

uint16_t half(int value) {
  const _Float16 number = static_cast<_Float16>(value);
  uint16_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

uint16_t bfloat(int value) {
  const float number = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

TEST_F(TensorTest, Halves) {
  expectProduct<uint16_t, float>("wmmaHalf", true, half);
}

TEST_F(TensorTest, Bfloats) {
  expectProduct<uint16_t, float>("wmmaBfloat", false, bfloat);
}

TEST_F(TensorTest, Int8) {
  expectProduct<int8_t, int>(
      "wmmaInt8", true, [](int value) { return static_cast<int8_t>(value); });
}

TEST_F(TensorTest, Tf32) {
  expectProduct<float, float>(
      "wmmaTf32", true, [](int value) { return static_cast<float>(value); });
}

TEST_F(TensorTest, FragmentsLaidOutByHand) {
  LoadedModule module("tensor");
  const std::vector<int> a = randomInts(256, 9, 1), b = randomInts(128, 9, 2);
  std::vector<uint16_t> left(256), right(128);
  std::transform(a.begin(), a.end(), left.begin(), half);
  std::transform(b.begin(), b.end(), right.begin(), half);
  Buffer<uint16_t> x(left), y(right);
  Buffer<float> z(128);
  EXPECT_OK(launch(module.function("mmaByHand"), {1}, {32}, 0, x.address,
                   y.address, z.address));
  const std::vector<float> found = z.read();
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 8; ++j) {
      int sum = 0;
      for (int k = 0; k < 16; ++k)
        sum += a[i * 16 + k] * b[k * 8 + j];
      ASSERT_EQ(sum, found[i * 8 + j]) << i << ", " << j;
    }
}

TEST_F(TensorTest, ProductsOfQuads) {
  LoadedModule module("tensor");
  const std::vector<int> a = randomInts(128, 9, 1), b = randomInts(128, 9, 2);
  std::vector<uint16_t> left(128), right(128);
  std::transform(a.begin(), a.end(), left.begin(), half);
  std::transform(b.begin(), b.end(), right.begin(), half);
  Buffer<uint16_t> x(left), y(right), halves(256);
  Buffer<float> floats(256);
  EXPECT_OK(launch(module.function("mmaOfQuads"), {1}, {32}, 0, x.address,
                   y.address, floats.address, halves.address));
  const std::vector<float> found = floats.read();
  const std::vector<uint16_t> other = halves.read();
  for (int i = 0; i < 256; ++i) {
    int sum = 0;
    for (int k = 0; k < 4; ++k)
      sum += a[i / 8 * 4 + k] * b[i / 64 * 32 + k * 8 + i % 8];
    ASSERT_EQ(sum + 1, found[i]) << i;
    ASSERT_EQ(half(sum), other[i]) << i;
  }
}

TEST_F(TensorTest, CopiesThatOverlapWork) {
  LoadedModule module("tensor");
  const int steps = 5;
  std::vector<float> values(steps * 256);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % 97);
  Buffer<float> from(values), sums(64);
  EXPECT_OK(launch(module.function("pipelinedSum"), {1}, {64}, 0, from.address,
                   sums.address, steps));
  const std::vector<float> found = sums.read();
  for (int i = 0; i < 64; ++i) {
    float expected = 0;
    for (int step = 0; step < steps; ++step)
      for (int k = 0; k < 4; ++k)
        expected += values[step * 256 + (63 - i) * 4 + k];
    ASSERT_EQ(expected, found[i]) << i;
  }
}

TEST_F(TensorTest, TilesOfAWarp) {
  LoadedModule module("tensor");
  std::vector<int> values(128);
  std::iota(values.begin(), values.end(), 0);
  Buffer<int> from(values), to(16);
  EXPECT_OK(launch(module.function("tiledSums"), {1}, {128}, 0, from.address,
                   to.address));
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(8 * (8 * i) + 28, to.read()[i]);
}

} // namespace
