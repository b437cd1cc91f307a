// SPDX-License-Identifier: Apache-2.0
// Schedules of a contraction that are worth measuring.
#include "passes/kernel/ContractCandidates.h"

#include "passes/kernel/ContractLowering.h"

using namespace mlir;
using namespace dlc::kernel;

/// Tiles beyond them have hardly ever been the best.
static constexpr size_t kMaxTiles = 7;
/// A tile that the cost model takes to be slower than this is left out.
static constexpr double kMaxRatio = 1.4;

std::vector<ScheduleAttr>
dlc::kernel::listSchedules(ContractOp op, device::TargetAttr target) {
  std::vector<TileEstimate> tiles =
      rankRegisterTiles(getContractionShape(op), getVectorTarget(target));
  const TileEstimate &best = tiles.front();
  std::vector<ScheduleAttr> schedules;
  auto add = [&](const RegisterTile &tile, int64_t depth, int64_t taskColumns,
                 int64_t stripRows) {
    schedules.push_back(ScheduleAttr::get(
        op.getContext(), target.getCpu(), tile.rows,
        tile.panels * ContractOp::kPanel, depth, taskColumns, stripRows,
        /*percent=*/0));
  };
  for (size_t i = 1; i < std::min(tiles.size(), kMaxTiles); ++i)
    if (tiles[i].cycles <= kMaxRatio * best.cycles)
      add(tiles[i].tile, 0, 0, 0);
  for (int64_t depth : {256, 576, 2304})
    add(best.tile, depth, 0, 0);
  for (int64_t columns : {32, 128, 256, 1024})
    add(best.tile, 0, columns, 0);
  for (int64_t rows : {48, 144, 512})
    add(best.tile, 0, 0, rows);
  return schedules;
}
