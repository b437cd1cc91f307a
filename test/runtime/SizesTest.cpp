// SPDX-License-Identifier: Apache-2.0
// How sizes follow from others.
#include "dlc/abi.h"

#include <climits>
#include <gtest/gtest.h>

/// The result of \p op, or INT64_MIN where there is none.
static int64_t combine(uint32_t op, int64_t a, int64_t b) {
  int64_t result = 0;
  return dlc_abi_combine_sizes(op, a, b, &result) ? result : INT64_MIN;
}

TEST(Sizes, RoundAsTheirNamesSay) {
  struct Row {
    int64_t a, b, floor, ceil, mod, align;
  } rows[] = {{7, 3, 2, 3, 1, 9},
              {6, 3, 2, 2, 0, 6},
              {0, 5, 0, 0, 0, 0},
              {-7, 3, -3, -2, 2, -6},
              {INT64_MAX, 1, INT64_MAX, INT64_MAX, 0, INT64_MAX}};
  for (const Row &row : rows) {
    EXPECT_EQ(combine(DLC_SIZE_FLOORDIV, row.a, row.b), row.floor);
    EXPECT_EQ(combine(DLC_SIZE_CEILDIV, row.a, row.b), row.ceil);
    EXPECT_EQ(combine(DLC_SIZE_MOD, row.a, row.b), row.mod);
    EXPECT_EQ(combine(DLC_SIZE_ALIGN, row.a, row.b), row.align);
  }
  EXPECT_EQ(combine(DLC_SIZE_MAX, -3, 5), 5);
  EXPECT_EQ(combine(DLC_SIZE_MAX, 5, -3), 5);
  EXPECT_EQ(combine(DLC_SIZE_ADD, 5, -3), 2);
  EXPECT_EQ(combine(DLC_SIZE_MUL, 5, -3), -15);
}

TEST(Sizes, OverflowAndBadDivisorsAreNoSizes) {
  EXPECT_EQ(combine(DLC_SIZE_ADD, INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(combine(DLC_SIZE_MUL, INT64_MAX / 2 + 1, 2), INT64_MIN);
  EXPECT_EQ(combine(DLC_SIZE_ALIGN, INT64_MAX - 1, 64), INT64_MIN);
  for (dlc_abi_size_op op :
       {DLC_SIZE_FLOORDIV, DLC_SIZE_CEILDIV, DLC_SIZE_MOD, DLC_SIZE_ALIGN})
    for (int64_t divisor : {0, -1})
      EXPECT_EQ(combine(op, 5, divisor), INT64_MIN);
  EXPECT_EQ(combine(99, 1, 1), INT64_MIN);
}

TEST(Sizes, FollowInOrder) {
  const dlc_abi_size sizes[] = {{DLC_SIZE_DIM, 0, 1},
                                {DLC_SIZE_CONSTANT, 0, 3},
                                {DLC_SIZE_MUL, 0, 1},
                                {DLC_SIZE_ADD, 2, 0}};
  const int64_t dims[] = {100, 5};
  int64_t values[4];
  ASSERT_TRUE(dlc_abi_compute_sizes(sizes, 4, dims, values));
  EXPECT_EQ(values[3], 20);
  const int64_t huge[] = {100, INT64_MAX};
  EXPECT_FALSE(dlc_abi_compute_sizes(sizes, 4, huge, values));
}
