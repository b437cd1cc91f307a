// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's blocks: what a task covers, and in what pieces.
#ifndef DLC_PASSES_KERNEL_CONTRACTSCHEDULE_H
#define DLC_PASSES_KERNEL_CONTRACTSCHEDULE_H

#include <cstdint>

namespace dlc::kernel {

/// How the columns lie in memory.
enum class ColumnLayout {
  Panels,   ///< packed beforehand
  RowMajor, ///< neighbouring columns are neighbours
  Other,
};

/// What the choice depends on.
struct ContractionBlocks {
  int64_t rowTiles;       ///< register tiles that the rows are split into
  int64_t rowsOfTile;     ///< at most
  int64_t groups;         ///< of panels, each as wide as a register tile
  int64_t columnsOfGroup; ///< at most
  int64_t depth;          ///< products summed for one element
  int64_t depthUnit;      ///< the depth is cut at multiples of it
  int64_t outerBatch;     ///< batch indices that the columns depend on
  int64_t innerBatch;     ///< the other batch indices
  ColumnLayout layout;
  int64_t bytesPerStep; ///< between steps of k, where columns are `RowMajor`
  int64_t elementBytes;
  int64_t l1Bytes, l2Bytes;
  /// What the caller knows better than the rules, as upper bounds; 0: nothing.
  int64_t givenDepth = 0, givenColumnsOfTask = 0, givenRowsOfStrip = 0;
};

/// The blocks. A task is a block of columns and of rows; for each block of the
/// depth it packs its columns, where they are packed at run time, and goes
/// through its rows strip by strip.
struct ContractSchedule {
  /// Packs columns at run time.
  bool packs;
  /// Goes through the columns of all its tasks for a block of the depth before
  /// it takes the next one.
  bool mergesTasks;
  int64_t groupsPerBlock; ///< groups of panels of a task
  int64_t tilesPerBlock;  ///< row tiles of a task
  int64_t tilesPerStrip;  ///< row tiles that all columns meet in turn
  int64_t depthBlock;     ///< units of the depth summed in registers
};

/// Chooses blocks for \p shape. Nothing in it depends on the number of threads,
/// so that neither do values; there are enough tasks for several.
ContractSchedule chooseContractSchedule(const ContractionBlocks &shape);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_CONTRACTSCHEDULE_H
