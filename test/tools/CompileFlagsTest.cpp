// SPDX-License-Identifier: Apache-2.0
// What the command line says of a model.
#include "tools/dlc/CompileFlags.h"
#include "tools/dlc/Size.h"

#include <gtest/gtest.h>

using namespace dlc;
using namespace dlc::tool;

TEST(InputFlag, SplitsAtTheLastEqualSign) {
  InputOption input;
  ASSERT_EQ(parseInputFlag("a=b=1x3x224", input), "");
  EXPECT_EQ(input.name, "a=b");
  ASSERT_EQ(input.shape.size(), 3u);
  EXPECT_EQ(input.shape[2].size, 224);
  EXPECT_FALSE(input.type);
}

TEST(InputFlag, TakesTypesAndDynamicDimensions) {
  InputOption input;
  ASSERT_EQ(parseInputFlag("data=N_1x3:f16", input), "");
  EXPECT_EQ(input.shape[0].name, "N_1");
  EXPECT_EQ(input.shape[1].size, 3);
  EXPECT_EQ(input.type, ElementType::F16);
  input = {};
  ASSERT_EQ(parseInputFlag("scalar=:bfloat16", input), "");
  EXPECT_TRUE(input.shape.empty());
  EXPECT_EQ(input.type, ElementType::BF16);
}

TEST(InputFlag, RefusesMalformedShapes) {
  for (const char *text :
       {"data", "=1x2", "data=0x2", "data=-1", "data=1x", "data=x1", "data=1,2",
        "data=nx2", "data=1x2:f99", "data=1:float32:float32",
        "data=99999999999999999999"}) {
    InputOption input;
    EXPECT_NE(parseInputFlag(text, input), "") << text;
  }
}

TEST(DimFlag, TakesBounds) {
  DimOption dim;
  ASSERT_EQ(parseDimFlag("N=1..64", dim), "");
  EXPECT_EQ(dim.name, "N");
  EXPECT_EQ(dim.low, 1);
  EXPECT_EQ(dim.high, 64);
  for (const char *text : {"N", "N=1", "N=..", "n=1..2", "N=2..1", "N=0..1"})
    EXPECT_NE(parseDimFlag(text, dim), "") << text;
}

TEST(Size, TakesUnits) {
  int64_t bytes;
  ASSERT_TRUE(parseSize("512", bytes));
  EXPECT_EQ(bytes, 512);
  ASSERT_TRUE(parseSize("1.5GB", bytes));
  EXPECT_EQ(bytes, int64_t(3) << 29);
  ASSERT_TRUE(parseSize("64KiB", bytes));
  EXPECT_EQ(bytes, 65536);
  for (const char *text : {"", "GB", "-1", "1XB", "1e30", "nan"})
    EXPECT_FALSE(parseSize(text, bytes)) << text;
}
