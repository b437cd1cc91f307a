// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's register tile.
#include "passes/kernel/RegisterTile.h"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace dlc::kernel;

static constexpr int64_t kPanel = 16;
/// Cycles to start and to finish a tile.
static constexpr double kTileCycles = 20;
/// Taller tiles of several panels have been measured to gain nothing.
static constexpr int64_t kMaxRows = 8;
static constexpr int64_t kMaxRowsOfOnePanel = 14;
static constexpr int64_t kMaxPanels = 4;

const char *dlc::kernel::getName(TileBound bound) {
  switch (bound) {
  case TileBound::Fma:
    return "fma";
  case TileBound::Load:
    return "load";
  case TileBound::Latency:
    return "latency";
  }
  return "";
}

namespace {
/// The cost model for one contraction on one machine.
class TileModel {
public:
  TileModel(const ContractionShape &shape, const VectorTarget &target)
      : shape(shape), target(target),
        vectorsPerPanel(std::max<int64_t>(1, kPanel / target.getWidth())) {
    int64_t width = kPanel / vectorsPerPanel;
    unusedVectors = (kPanel - shape.columnsOfLast) / width;
  }

  bool fitsRegisters(const RegisterTile &tile) const {
    int64_t vectors = getWidestVectors(tile);
    // Products of parts are added up in one more.
    int64_t products = shape.parts > 1 ? 1 : 0;
    return tile.rows * vectors + (vectors + 1) * shape.parts + products <=
           target.numRegisters;
  }
  int64_t getMaxRows(int64_t panels) const;
  TileEstimate estimate(const RegisterTile &tile) const;
  /// Whether both tiles become the same loops: rows are split evenly.
  bool areAlike(const RegisterTile &a, const RegisterTile &b) const {
    return a.panels == b.panels && getRowTiles(a.rows) == getRowTiles(b.rows);
  }

private:
  int64_t getRowTiles(int64_t rows) const {
    return (shape.rows + rows - 1) / rows;
  }
  double getStepCycles(int64_t rows, int64_t vectors, TileBound &bound) const;
  double getTileCycles(int64_t rows, int64_t vectors) const;
  double getGroupCycles(int64_t rows, int64_t vectors) const;
  /// Vectors of the widest group of panels.
  int64_t getWidestVectors(const RegisterTile &tile) const {
    bool isOnlyGroup = tile.panels == shape.panels;
    return tile.panels * vectorsPerPanel - (isOnlyGroup ? unusedVectors : 0);
  }

  const ContractionShape &shape;
  const VectorTarget &target;
  int64_t vectorsPerPanel;
  int64_t unusedVectors; ///< of the last panel
};
} // namespace

/// Rows that a tile of \p panels may have.
int64_t TileModel::getMaxRows(int64_t panels) const {
  int64_t rows =
      std::min(shape.rows, panels == 1 ? kMaxRowsOfOnePanel : kMaxRows);
  if (shape.rowBytes == 0)
    return rows;
  // Rows whose distance shares a large factor with the size of a way lie in
  // few sets and evict each other when they are more than those have lines.
  int64_t wayBytes = std::max<int64_t>(1, target.l1Bytes / target.l1Ways);
  int64_t sets = wayBytes / std::gcd(shape.rowBytes, wayBytes);
  return std::max<int64_t>(1, std::min(rows, sets * target.l1Ways));
}

/// Cycles of one step of the inner loop, and what they are spent on.
double TileModel::getStepCycles(int64_t rows, int64_t vectors,
                                TileBound &bound) const {
  double fma = double(rows * vectors * shape.parts) / double(target.fmas);
  double load = double(rows + vectors) / double(target.loads);
  double latency = double(target.fmaLatency);
  double cycles = std::max({fma, load, latency});
  bound = cycles == fma    ? TileBound::Fma
          : cycles == load ? TileBound::Load
                           : TileBound::Latency;
  return cycles;
}

double TileModel::getTileCycles(int64_t rows, int64_t vectors) const {
  TileBound bound;
  double perStore = 1 + 1.0 / double(target.stores);
  return getStepCycles(rows, vectors, bound) * double(shape.depth) +
         kTileCycles + perStore * double(rows * vectors);
}

/// Cycles of all rows for a group of panels of \p vectors in all.
double TileModel::getGroupCycles(int64_t rows, int64_t vectors) const {
  int64_t tiles = getRowTiles(rows);
  int64_t small = shape.rows / tiles, numLarge = shape.rows % tiles;
  return double(numLarge) * getTileCycles(small + 1, vectors) +
         double(tiles - numLarge) * getTileCycles(small, vectors);
}

TileEstimate TileModel::estimate(const RegisterTile &tile) const {
  int64_t groups = (shape.panels + tile.panels - 1) / tile.panels;
  int64_t last = shape.panels - (groups - 1) * tile.panels;
  TileEstimate result{tile};
  result.cycles =
      double(groups - 1) *
          getGroupCycles(tile.rows, tile.panels * vectorsPerPanel) +
      getGroupCycles(tile.rows, last * vectorsPerPanel - unusedVectors);
  int64_t tiles = getRowTiles(tile.rows);
  getStepCycles((shape.rows + tiles - 1) / tiles, getWidestVectors(tile),
                result.bound);
  return result;
}

std::vector<TileEstimate>
dlc::kernel::rankRegisterTiles(const ContractionShape &shape,
                               const VectorTarget &target) {
  TileModel model(shape, target);
  std::vector<TileEstimate> ranking;
  auto consider = [&](const RegisterTile &tile) {
    TileEstimate estimate = model.estimate(tile);
    for (const TileEstimate &other : ranking)
      if (model.areAlike(tile, other.tile))
        return;
    auto place =
        std::upper_bound(ranking.begin(), ranking.end(), estimate,
                         [](const TileEstimate &a, const TileEstimate &b) {
                           return a.cycles < b.cycles;
                         });
    ranking.insert(place, estimate);
  };
  consider({1, 1});
  for (int64_t panels = 1; panels <= std::min(kMaxPanels, shape.panels);
       ++panels)
    for (int64_t rows = 1; rows <= model.getMaxRows(panels); ++rows)
      if (model.fitsRegisters({rows, panels}))
        consider({rows, panels});
  return ranking;
}

TileChoice dlc::kernel::chooseRegisterTile(const ContractionShape &shape,
                                           const VectorTarget &target) {
  std::vector<TileEstimate> ranking = rankRegisterTiles(shape, target);
  TileChoice choice{ranking.front(), std::nullopt};
  if (ranking.size() > 1)
    choice.runnerUp = ranking[1];
  return choice;
}

TileEstimate dlc::kernel::estimateRegisterTile(const RegisterTile &tile,
                                               const ContractionShape &shape,
                                               const VectorTarget &target) {
  return TileModel(shape, target).estimate(tile);
}
