// SPDX-License-Identifier: Apache-2.0
// Tensor cores with elements of less than a byte.
#include "Cuda.h"

#include <bitset>
#include <random>

using namespace emulator::test;

namespace {

class NarrowTest : public WithContext {
protected:
  void SetUp() override {
    WithContext::SetUp();
    if (capability() < 80)
      GTEST_SKIP() << "the module is for others";
  }
};

std::vector<unsigned> randomWords(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<unsigned> words(count);
  for (unsigned &word : words)
    word = static_cast<unsigned>(generator());
  return words;
}

TEST_F(NarrowTest, Nibbles) {
  LoadedModule module("tensor");
  const std::vector<unsigned> a = randomWords(32, 1), b = randomWords(32, 2);
  Buffer<unsigned> left(a), right(b);
  Buffer<int> sums(64);
  EXPECT_OK(launch(module.function("wmmaNibbles"), {1}, {32}, 0, left.address,
                   right.address, sums.address));
  const std::vector<int> found = sums.read();
  for (int i = 0; i < 64; ++i) {
    int sum = 0;
    for (int k = 0; k < 32; ++k)
      sum += int((a[i / 8 * 4 + k / 8] >> (k % 8 * 4) & 15) *
                 (b[i % 8 * 4 + k / 8] >> (k % 8 * 4) & 15));
    ASSERT_EQ(sum, found[i]) << i;
  }
}

TEST_F(NarrowTest, Bits) {
  LoadedModule module("tensor");
  const std::vector<unsigned> a = randomWords(32, 1), b = randomWords(32, 2);
  Buffer<unsigned> left(a), right(b);
  Buffer<int> sums(64);
  EXPECT_OK(launch(module.function("wmmaBits"), {1}, {32}, 0, left.address,
                   right.address, sums.address));
  const std::vector<int> found = sums.read();
  for (int i = 0; i < 64; ++i) {
    int sum = 0;
    for (int k = 0; k < 4; ++k)
      sum += int(std::bitset<32>(a[i / 8 * 4 + k] ^ b[i % 8 * 4 + k]).count());
    ASSERT_EQ(sum, found[i]) << i;
  }
}

} // namespace
