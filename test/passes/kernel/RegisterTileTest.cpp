// SPDX-License-Identifier: Apache-2.0
#include "passes/kernel/RegisterTile.h"

#include <gtest/gtest.h>
#include <string>

using namespace dlc::kernel;

namespace {

/// AVX2 with two FMA units.
VectorTarget makeAvx2() { return {}; }

VectorTarget makeAvx512(int64_t fmas) {
  VectorTarget target;
  target.vectorBytes = 64;
  target.numRegisters = 32;
  target.hasMasks = true;
  target.fmas = fmas;
  target.loads = fmas;
  return target;
}

VectorTarget makeNeon(int64_t fmas, int64_t loads) {
  VectorTarget target;
  target.vectorBytes = 16;
  target.numRegisters = 32;
  target.fmas = fmas;
  target.loads = loads;
  target.fmaLatency = 2;
  return target;
}

std::string toString(const TileEstimate &estimate) {
  return std::to_string(estimate.tile.rows) + "x" +
         std::to_string(estimate.tile.panels * 16) + " " +
         getName(estimate.bound);
}

std::string choose(const ContractionShape &shape, const VectorTarget &target) {
  return toString(chooseRegisterTile(shape, target).best);
}

TEST(RegisterTile, Avx2) {
  EXPECT_EQ(choose({28, 4, 576}, makeAvx2()), "6x16 fma");
  EXPECT_EQ(choose({1008, 72, 1152}, makeAvx2()), "6x16 fma");
}

TEST(RegisterTile, Avx512) {
  EXPECT_EQ(choose({56, 4, 576}, makeAvx512(2)), "6x64 fma");
  EXPECT_EQ(choose({1008, 72, 1152}, makeAvx512(2)), "8x48 fma");
  EXPECT_EQ(choose({1008, 72, 1152}, makeAvx512(1)), "8x48 fma");
}

TEST(RegisterTile, Neon) {
  EXPECT_EQ(choose({1008, 72, 1152}, makeNeon(2, 2)), "6x16 fma");
  EXPECT_EQ(choose({1008, 72, 1152}, makeNeon(4, 3)), "6x16 fma");
}

TEST(RegisterTile, FitsTheRegisters) {
  for (int64_t registers : {16, 32})
    for (int64_t bytes : {16, 32, 64})
      for (int64_t rows : {1, 5, 14, 49, 1000})
        for (int64_t panels : {1, 2, 3, 7, 64}) {
          VectorTarget target;
          target.numRegisters = registers;
          target.vectorBytes = bytes;
          RegisterTile tile =
              chooseRegisterTile({rows, panels, 100}, target).best.tile;
          int64_t vectors = tile.panels * 64 / bytes;
          EXPECT_LE(tile.rows * vectors + vectors + 1, registers);
          EXPECT_LE(tile.rows, rows);
          EXPECT_LE(tile.panels, panels);
        }
}

TEST(RegisterTile, HidesTheLatency) {
  // One row of one panel has too few accumulators for two units.
  EXPECT_EQ(choose({1, 1, 768}, makeAvx2()), "1x16 latency");
  EXPECT_EQ(choose({1, 48, 768}, makeAvx512(2)), "1x64 latency");
  VectorTarget shallow = makeAvx512(2);
  shallow.fmaLatency = 1;
  EXPECT_EQ(choose({1, 48, 768}, shallow), "1x64 load");
}

TEST(RegisterTile, RowsOfOneSetEvictEachOther) {
  // One panel: 14 rows, but 4 KiB apart they share the 8 lines of a set.
  EXPECT_EQ(choose({14, 1, 1024}, makeAvx512(2)), "14x16 load");
  EXPECT_EQ(choose({14, 1, 1024, 64}, makeAvx512(2)), "14x16 load");
  EXPECT_EQ(choose({14, 1, 1024, 4096}, makeAvx512(2)), "7x16 load");
  // A cache of two ways of 16 KiB.
  VectorTarget narrow = makeNeon(1, 1);
  narrow.l1Ways = 2;
  RegisterTile tile =
      chooseRegisterTile({96, 8, 4096, 16384}, narrow).best.tile;
  EXPECT_LE(tile.rows, 2);
}

TEST(RegisterTile, HalfTheUnitsTakeTwiceAsLong) {
  ContractionShape shape{96, 6, 1000};
  double two = chooseRegisterTile(shape, makeAvx512(2)).best.cycles;
  double one = chooseRegisterTile(shape, makeAvx512(1)).best.cycles;
  EXPECT_NEAR(one / two, 2, 0.05);
}

// A panel of 8 columns has one vector of AVX2, so more rows fit; with 24
// columns three.
TEST(RegisterTile, LeavesOutVectorsWithoutColumns) {
  RegisterTile half =
      chooseRegisterTile({48, 1, 216, 0, 8}, makeAvx2()).best.tile;
  EXPECT_GE(half.rows, 8);
  RegisterTile two =
      chooseRegisterTile({48, 2, 216, 0, 8}, makeAvx2()).best.tile;
  EXPECT_EQ(two.panels, 2);
  EXPECT_EQ(two.rows, 4);
}

// Columns and rows that are multiplied as two vectors each take two registers.
TEST(RegisterTile, FitsPartsOfFactors) {
  ContractionShape shape{1000, 64, 100};
  shape.parts = 2;
  for (int64_t registers : {16, 32}) {
    VectorTarget target;
    target.numRegisters = registers;
    RegisterTile tile = chooseRegisterTile(shape, target).best.tile;
    int64_t vectors = tile.panels * 2;
    EXPECT_LE(tile.rows * vectors + 2 * vectors + 3, registers);
    EXPECT_GE(tile.rows, 4);
  }
}

TEST(RegisterTile, NamesTheRunnerUp) {
  TileChoice choice = chooseRegisterTile({28, 4, 576}, makeAvx2());
  ASSERT_TRUE(choice.runnerUp);
  EXPECT_GE(choice.runnerUp->cycles, choice.best.cycles);
  // 28 rows are five tiles of up to six, or six of up to five.
  EXPECT_EQ(toString(*choice.runnerUp), "5x16 fma");
  EXPECT_FALSE(chooseRegisterTile({1, 1, 8}, makeAvx2()).runnerUp);
}

} // namespace
