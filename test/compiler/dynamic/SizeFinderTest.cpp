// SPDX-License-Identifier: Apache-2.0
// Sizes found from their values in instances hold at other sizes, too.
#include "compiler/dynamic/Size.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <functional>

using namespace dlc::dynamic;

namespace {

using Function = std::function<int64_t(int64_t n, int64_t h, int64_t w)>;

/// Consecutive sizes, and far ones of each dimension alone and together.
std::vector<std::vector<int64_t>> getInstances() {
  std::vector<std::vector<int64_t>> instances;
  for (int64_t i = 0; i < 37; ++i)
    instances.push_back({8 + i, 64 + i * 7 % 37, 96 + i * 13 % 37});
  for (int64_t far : {3, 7, 16, 40}) {
    instances.push_back({8 * far, 64, 99});
    instances.push_back({9, 64 * far + 1, 97});
    instances.push_back({10, 65, 96 * far + 5});
    instances.push_back({8 * far + 1, 64 * far + 3, 96 * far + 2});
  }
  return instances;
}

class SizeFinderTest : public testing::Test {
protected:
  Values evaluate(const Function &function) {
    Values values;
    for (const std::vector<int64_t> &dims : instances)
      values.push_back(function(dims[0], dims[1], dims[2]));
    return values;
  }

  /// Whether \p function is found and has the right values elsewhere.
  void check(const Function &function) {
    std::optional<Size> size = finder.find(evaluate(function));
    ASSERT_TRUE(size.has_value());
    for (int64_t n : {1, 2, 13, 64, 1000})
      for (int64_t h : {17, 64, 90, 333, 5000})
        for (int64_t w : {19, 31, 100, 257, 7001})
          ASSERT_EQ(size->evaluate({n, h, w}), function(n, h, w))
              << n << " " << h << " " << w;
  }

  std::vector<std::vector<int64_t>> instances = getInstances();
  SizeFinder finder{instances};
};

TEST_F(SizeFinderTest, Constants) {
  std::optional<Size> size = finder.find(evaluate([](auto...) { return -7; }));
  ASSERT_TRUE(size.has_value());
  EXPECT_EQ(size->getConstant(), -7);
}

TEST_F(SizeFinderTest, LinearInOneDimension) {
  check([](int64_t n, int64_t, int64_t) { return n; });
  check([](int64_t, int64_t h, int64_t) { return 3 * h - 5; });
}

TEST_F(SizeFinderTest, Products) {
  check([](int64_t n, int64_t h, int64_t w) { return 64 * n * h * w; });
  check([](int64_t n, int64_t h, int64_t) { return n * h * h; });
}

TEST_F(SizeFinderTest, OutputsOfStridedWindows) {
  check([](int64_t, int64_t h, int64_t) { return (h - 3) / 2 + 1; });
  check([](int64_t, int64_t, int64_t w) { return (w + 6 - 7) / 2 + 1; });
}

TEST_F(SizeFinderTest, TilesAndBlocks) {
  check([](int64_t, int64_t h, int64_t) { return (h + 13) / 14; });
  check([](int64_t, int64_t, int64_t w) { return w / 16 * 16; });
  check([](int64_t, int64_t, int64_t w) { return (w + 127) / 128; });
}

TEST_F(SizeFinderTest, BuildsOnAtoms) {
  Function rows = [](int64_t, int64_t h, int64_t) { return (h - 1) / 2 + 1; };
  Function columns = [](int64_t, int64_t, int64_t w) {
    return (w - 1) / 2 + 1;
  };
  for (const Function &extent : {rows, columns})
    ASSERT_TRUE(finder.addAtom(evaluate(extent)));
  // A padded plane, a row of it, and tiles of the next layer.
  check([&](int64_t n, int64_t h, int64_t w) {
    return n * 32 * rows(n, h, w) * columns(n, h, w);
  });
  check([&](int64_t n, int64_t h, int64_t w) {
    return (columns(n, h, w) + 2) * 16 + 16;
  });
  check([&](int64_t n, int64_t h, int64_t w) {
    return (rows(n, h, w) - 1) / 2 + 1;
  });
}

TEST_F(SizeFinderTest, SumsOfParts) {
  Function whole = [](int64_t n, int64_t h, int64_t w) { return n * h * w; };
  Function halo = [](int64_t n, int64_t h, int64_t) { return n * h; };
  for (const Function &part : {whole, halo})
    ASSERT_TRUE(finder.addAtom(evaluate(part)));
  check([&](int64_t n, int64_t h, int64_t w) {
    return 3 * whole(n, h, w) + 5 * halo(n, h, w);
  });
}

TEST_F(SizeFinderTest, ForgetsAtoms) {
  size_t count = finder.countAtoms();
  finder.addAtom(evaluate([](int64_t n, int64_t h, int64_t) { return n * h; }));
  EXPECT_GT(finder.countAtoms(), count);
  finder.dropAtoms(count);
  EXPECT_EQ(finder.countAtoms(), count);
}

TEST(SizeFinder, PrefersFactorsOfTwo) {
  // 31 and 33 would do for these sizes.
  std::vector<std::vector<int64_t>> instances;
  Values values;
  for (int64_t n : {8, 9, 10, 11, 12, 24, 57, 130, 323}) {
    instances.push_back({n});
    values.push_back(n / 32);
  }
  std::optional<Size> size = SizeFinder(instances).find(values);
  ASSERT_TRUE(size.has_value());
  EXPECT_EQ(size->evaluate({70000}), 70000 / 32);
}

TEST(SizeFinder, GuessesStepsOfFewSizesOnly) {
  // Some quotient that steps up somewhere between 230 and 260, and 290 and 310.
  std::vector<std::vector<int64_t>> instances{
      {224}, {230}, {260}, {290}, {310}};
  Values values{10, 10, 11, 11, 12};
  EXPECT_FALSE(SizeFinder(instances).find(values).has_value());
}

TEST_F(SizeFinderTest, FindsNothingInNoise) {
  uint64_t state = 1;
  EXPECT_FALSE(finder.find(evaluate([&](auto...) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return int64_t(state >> 40);
  })));
}

TEST(SizeTest, BecomesAffine) {
  mlir::MLIRContext context;
  Size size = (Size::dim(0) + Size::constant(3)).floorDivide(2) * Size::dim(1);
  std::string text;
  llvm::raw_string_ostream(text) << size.toAffine(&context);
  EXPECT_EQ(text, "((s0 + 3) floordiv 2) * s1");
  EXPECT_EQ(size.evaluate({8, 5}), 25);
}

} // namespace
