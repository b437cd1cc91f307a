// SPDX-License-Identifier: Apache-2.0
// Properties of offset assignment: no overlap, alignment, bounds, on random
// lifetimes and on the shapes that networks have.
#include "passes/plan/OffsetAssignment.h"
#include "gtest/gtest.h"
#include <random>

using namespace dlc::plan;

static constexpr int64_t kAlignment = 64;

/// Checks what must hold for every placement.
static void check(const std::vector<Interval> &intervals,
                  const Placement &placement) {
  ASSERT_EQ(placement.offsets.size(), intervals.size());
  EXPECT_GE(placement.size, getLowerBound(intervals));
  for (size_t i = 0; i < intervals.size(); ++i) {
    int64_t begin = placement.offsets[i], end = begin + intervals[i].size;
    EXPECT_GE(begin, 0);
    EXPECT_EQ(begin % kAlignment, 0);
    EXPECT_LE(end, placement.size);
    for (size_t j = 0; j < i; ++j) {
      int64_t otherBegin = placement.offsets[j];
      int64_t otherEnd = otherBegin + intervals[j].size;
      if (intervals[i].overlaps(intervals[j]))
        EXPECT_TRUE(end <= otherBegin || otherEnd <= begin ||
                    intervals[i].size == 0 || intervals[j].size == 0)
            << "intervals " << i << " and " << j;
    }
  }
}

static double ratio(const std::vector<Interval> &intervals) {
  Placement placement = assignOffsets(intervals, kAlignment);
  check(intervals, placement);
  int64_t bound = getLowerBound(intervals);
  return bound > 0 ? double(placement.size) / bound : 1;
}

TEST(OffsetAssignmentTest, NothingNeedsNothing) {
  EXPECT_EQ(assignOffsets({}, kAlignment).size, 0);
  EXPECT_EQ(getLowerBound({}), 0);
}

TEST(OffsetAssignmentTest, EmptyBuffersTakeNoRoom) {
  std::vector<Interval> intervals = {{0, 0, 3}, {128, 1, 2}, {0, 2, 2}};
  EXPECT_EQ(assignOffsets(intervals, kAlignment).size, 128);
}

TEST(OffsetAssignmentTest, SizeDoesNotRoundUpAtTheTop) {
  EXPECT_EQ(assignOffsets({{100, 0, 0}, {10, 0, 0}}, kAlignment).size, 74 + 64);
}

TEST(OffsetAssignmentTest, LowerBoundIsTheLargestLiveSet) {
  // Steps 0..3 have 10, 30, 50 and 40 bytes.
  std::vector<Interval> intervals = {{10, 0, 2}, {20, 1, 1}, {40, 2, 3}};
  EXPECT_EQ(getLowerBound(intervals), 50);
}

TEST(OffsetAssignmentTest, ChainReachesTheBound) {
  std::mt19937 random(7);
  std::vector<Interval> intervals;
  for (unsigned i = 0; i < 100; ++i)
    intervals.push_back({64 * int64_t(1 + random() % 1000), i, i + 1});
  EXPECT_EQ(ratio(intervals), 1.0);
}

TEST(OffsetAssignmentTest, ResidualNetworkReachesTheBound) {
  // Blocks of three layers with a shortcut around; sizes shrink by stages.
  std::vector<Interval> intervals;
  unsigned step = 0;
  for (int64_t size : {3211264, 3211264, 1605632, 1605632, 802816, 401408}) {
    for (unsigned block = 0; block < 4; ++block, step += 3) {
      intervals.push_back({size, step, step + 3});
      intervals.push_back({size / 4, step + 1, step + 2});
      intervals.push_back({size / 4, step + 2, step + 3});
    }
  }
  EXPECT_EQ(ratio(intervals), 1.0);
}

TEST(OffsetAssignmentTest, UNetIsNearTheBound) {
  // Skips that live across the deeper levels.
  std::vector<Interval> intervals;
  unsigned depth = 5, last = 4 * depth;
  for (unsigned level = 0; level < depth; ++level) {
    int64_t size = int64_t(1 << 20) >> level;
    intervals.push_back({size, 2 * level, 2 * level + 1});
    intervals.push_back({size, 2 * level + 1, last - 2 * level});
    intervals.push_back({size, last - 2 * level - 1, last - 2 * level});
    intervals.push_back({size, last - 2 * level, last - 2 * level + 1});
  }
  EXPECT_LE(ratio(intervals), 1.05);
}

TEST(OffsetAssignmentTest, RandomLivesStayValidAndNearTheBound) {
  std::mt19937 random(1);
  double sum = 0;
  constexpr unsigned kCases = 60;
  for (unsigned i = 0; i < kCases; ++i) {
    std::vector<Interval> intervals;
    unsigned count = 2 + random() % 60, numSteps = 1 + random() % 60;
    for (unsigned k = 0; k < count; ++k) {
      unsigned first = random() % numSteps;
      unsigned length = random() % 4 == 0 ? random() % numSteps : random() % 4;
      intervals.push_back({int64_t(random() % 100000), first,
                           std::min(first + length, numSteps - 1)});
    }
    double current = ratio(intervals);
    EXPECT_LE(current, 1.3) << "case " << i;
    sum += current;
  }
  EXPECT_LE(sum / kCases, 1.06);
}

TEST(OffsetAssignmentTest, EqualInputGivesEqualOffsets) {
  std::mt19937 random(3);
  std::vector<Interval> intervals;
  for (unsigned k = 0; k < 50; ++k) {
    unsigned first = random() % 30;
    intervals.push_back(
        {int64_t(random() % 9999), first, first + unsigned(random() % 9)});
  }
  EXPECT_EQ(assignOffsets(intervals, kAlignment).offsets,
            assignOffsets(intervals, kAlignment).offsets);
}

TEST(OffsetAssignmentTest, ThousandsOfBuffersAreQuick) {
  std::mt19937 random(5);
  std::vector<Interval> intervals;
  for (unsigned i = 0; i < 3000; ++i)
    intervals.push_back(
        {64 * int64_t(1 + random() % 100), i, i + unsigned(random() % 20)});
  EXPECT_LE(ratio(intervals), 1.3);
}
