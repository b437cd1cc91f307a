// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's blocks: what a task covers, and in what pieces.
#include "passes/kernel/ContractSchedule.h"

#include <algorithm>

using namespace dlc::kernel;

/// Rows from which packing columns costs little beside what is gained by it.
static constexpr int64_t kRowsWorthPacking = 64;
/// Steps of k after which sums are put away. A deeper block gains nothing, and
/// the columns that it passes leave L2.
static constexpr int64_t kMaxDepth = 1152;
/// The same where rows of unpacked columns are streamed from memory: as many
/// streams as a prefetcher follows.
static constexpr int64_t kStreams = 8;
/// Columns of a task: what was loaded of the rows is used for all of them. With
/// fewer, rows come from L3 too often.
static constexpr int64_t kColumnsOfTask = 256;
/// Where there aren't enough tasks: below so many columns, rows are split
/// first.
static constexpr int64_t kLeastColumns = 64;
static constexpr int64_t kColumnsOfStream = 384;
static constexpr int64_t kTasksOfStream = 4;
/// Rows of a task where other batch indices make tasks too.
static constexpr int64_t kRowsOfTask = 144;
static constexpr int64_t kMaxRowsOfTask = 512;
/// With as many tasks, a thread more or less of work doesn't matter.
static constexpr int64_t kTasks = 8;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The size of the blocks that split \p extent evenly into as many as blocks of
/// \p size would.
static int64_t balance(int64_t extent, int64_t size) {
  size = std::clamp<int64_t>(size, 1, extent);
  return ceilDiv(extent, ceilDiv(extent, size));
}

/// Makes tasks smaller until there are enough for some threads.
static void splitTasks(const ContractionBlocks &shape,
                       ContractSchedule &schedule) {
  auto isEnough = [&] {
    return shape.outerBatch * ceilDiv(shape.groups, schedule.groupsPerBlock) *
               ceilDiv(shape.rowTiles, schedule.tilesPerBlock) >=
           kTasks;
  };
  auto splitColumns = [&](int64_t leastGroups) {
    while (!isEnough() && schedule.groupsPerBlock >= 2 * leastGroups)
      schedule.groupsPerBlock =
          balance(shape.groups, schedule.groupsPerBlock / 2);
  };
  splitColumns(ceilDiv(kLeastColumns, shape.columnsOfGroup));
  int64_t leastRows = schedule.packs ? kRowsWorthPacking : shape.rowsOfTile;
  int64_t leastTiles = ceilDiv(leastRows, shape.rowsOfTile);
  while (!isEnough() && schedule.tilesPerBlock >= 2 * leastTiles)
    schedule.tilesPerBlock =
        balance(shape.rowTiles, schedule.tilesPerBlock / 2);
  splitColumns(1);
  schedule.tilesPerStrip =
      balance(schedule.tilesPerBlock, schedule.tilesPerStrip);
}

ContractSchedule
dlc::kernel::chooseContractSchedule(const ContractionBlocks &shape) {
  bool isRowMajor = shape.layout == ColumnLayout::RowMajor;
  int64_t rows = shape.rowTiles * shape.rowsOfTile;
  int64_t bytesOfColumns = shape.bytesPerStep * shape.depth;
  ContractSchedule schedule;
  schedule.packs = shape.layout == ColumnLayout::Other ||
                   (isRowMajor && rows >= kRowsWorthPacking &&
                    bytesOfColumns > shape.l1Bytes / 2);
  schedule.mergesTasks = false;
  schedule.groupsPerBlock = 1;
  schedule.depthBlock = ceilDiv(shape.depth, shape.depthUnit);
  if (shape.innerBatch > 1) {
    // Rows of an image, say: one group of columns meets all of them in turn.
    schedule.tilesPerStrip =
        balance(shape.rowTiles, ceilDiv(kRowsOfTask, shape.rowsOfTile));
    schedule.tilesPerBlock =
        schedule.packs ? shape.rowTiles : schedule.tilesPerStrip;
    return schedule;
  }

  bool streams =
      isRowMajor && !schedule.packs && bytesOfColumns > shape.l2Bytes / 2;
  auto orElse = [](int64_t given, int64_t chosen) {
    return given > 0 ? given : chosen;
  };
  int64_t maxDepth = orElse(shape.givenDepth, streams ? kStreams : kMaxDepth);
  int64_t depth = balance(shape.depth, maxDepth) / shape.depthUnit;
  schedule.depthBlock = std::max<int64_t>(1, depth);
  schedule.mergesTasks =
      streams && shape.outerBatch == 1 && schedule.depthBlock < shape.depth;

  int64_t columns =
      streams ? std::max(kColumnsOfStream,
                         shape.groups * shape.columnsOfGroup / kTasksOfStream)
              : kColumnsOfTask;
  columns = orElse(shape.givenColumnsOfTask, columns);
  schedule.groupsPerBlock =
      balance(shape.groups, ceilDiv(columns, shape.columnsOfGroup));
  // A strip takes half of L2 and leaves the rest to the columns.
  int64_t bytesOfRow =
      schedule.depthBlock * shape.depthUnit * shape.elementBytes;
  int64_t rowsOfStrip =
      orElse(shape.givenRowsOfStrip,
             std::min(shape.l2Bytes / 2 / bytesOfRow, kMaxRowsOfTask));
  schedule.tilesPerStrip =
      balance(shape.rowTiles, rowsOfStrip / shape.rowsOfTile);
  schedule.tilesPerBlock =
      schedule.packs || streams
          ? balance(shape.rowTiles, kMaxRowsOfTask / shape.rowsOfTile)
          : schedule.tilesPerStrip;
  if (!streams)
    splitTasks(shape, schedule);
  else
    schedule.tilesPerBlock = schedule.tilesPerStrip = shape.rowTiles;
  return schedule;
}
