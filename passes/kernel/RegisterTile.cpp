// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's register tile.
#include "passes/kernel/RegisterTile.h"

#include <algorithm>
#include <limits>

using namespace dlc::kernel;

// Of current x86 cores: two FMAs of four cycles' latency and two loads a cycle.
static constexpr double kFmasPerCycle = 2;
static constexpr double kLoadsPerCycle = 2;
static constexpr double kFmaLatency = 4;
/// Cycles to start and to finish a tile, and per accumulator to store it.
static constexpr double kTileCycles = 20;
static constexpr double kStoreCycles = 2;
/// More rows than L1 has ways would evict each other where the row's length is
/// a multiple of the way size.
static constexpr int64_t kMaxRows = 8;
static constexpr int64_t kMaxRowsOfOnePanel = 14;
static constexpr int64_t kMaxPanels = 4;

/// Cycles of one tile of \p rows x \p vectors.
static double getTileCycles(int64_t rows, int64_t vectors, int64_t depth) {
  double perStep = std::max({rows * vectors / kFmasPerCycle,
                             (rows + vectors) / kLoadsPerCycle, kFmaLatency});
  return perStep * depth + kTileCycles + kStoreCycles * rows * vectors;
}

/// Cycles of all rows for a group of \p panels, the rows split evenly.
static double getGroupCycles(const ContractionShape &shape, int64_t rows,
                             int64_t panels, int64_t vectorsPerPanel) {
  int64_t tiles = (shape.rows + rows - 1) / rows;
  int64_t small = shape.rows / tiles, numLarge = shape.rows % tiles;
  int64_t vectors = panels * vectorsPerPanel;
  return numLarge * getTileCycles(small + 1, vectors, shape.depth) +
         (tiles - numLarge) * getTileCycles(small, vectors, shape.depth);
}

RegisterTile dlc::kernel::chooseRegisterTile(const ContractionShape &shape,
                                             int64_t width,
                                             int64_t numRegisters) {
  int64_t vectorsPerPanel = std::max<int64_t>(1, 16 / width);
  RegisterTile best{1, 1};
  double bestCycles = std::numeric_limits<double>::max();
  for (int64_t panels = 1; panels <= std::min(kMaxPanels, shape.panels);
       ++panels) {
    int64_t vectors = panels * vectorsPerPanel;
    int64_t maxRows = panels == 1 ? kMaxRowsOfOnePanel : kMaxRows;
    for (int64_t rows = 1; rows <= std::min(maxRows, shape.rows); ++rows) {
      if (rows * vectors + vectors + 1 > numRegisters)
        break;
      int64_t groups = shape.panels / panels, rest = shape.panels % panels;
      double cycles =
          groups * getGroupCycles(shape, rows, panels, vectorsPerPanel);
      if (rest)
        cycles += getGroupCycles(shape, rows, rest, vectorsPerPanel);
      if (cycles < bestCycles) {
        bestCycles = cycles;
        best = {rows, panels};
      }
    }
  }
  return best;
}
