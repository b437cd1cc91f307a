// SPDX-License-Identifier: Apache-2.0
// Which part of a contraction a block computes.
#ifndef DLC_PASSES_GPU_BLOCKTILE_H
#define DLC_PASSES_GPU_BLOCKTILE_H

#include "dialects/kernel/KernelOps.h"

namespace dlc::kernel {

/// Stages of the depth that are in shared memory for tensor cores.
inline constexpr int64_t kStages = 3;
/// Steps of k that there may be for their offsets to be in shared memory.
inline constexpr int64_t kMostTableSteps = 2048;
/// Elements that nobody uses between two rows, where their steps are side by
/// side, or two steps, where the rows are: the lanes of a warp then read from
/// different banks.
inline constexpr int64_t kDepthPadding = 4, kWidthPadding = 8;

/// The part of a contraction that a block computes at once, and how its threads
/// share it.
struct BlockTile {
  enum Unit {
    Fma,   ///< each thread has `shareRows` x `shareColumns` results
    Tensor ///< there are `shareRows` x `shareColumns` warps, with equal parts
  } unit;
  int64_t rows, columns;
  int64_t depth; ///< steps of k that are in shared memory at once
  int64_t shareRows, shareColumns;

  int64_t getNumThreads() const;
  /// Shared memory that it needs for \p op at most.
  int64_t getSharedBytes(ContractOp op) const;
  /// How many tiles \p op consists of.
  int64_t getNumTiles(ContractOp op) const;
};

/// The tile for \p op on a GPU of \p multiprocessors. With \p numThreads, one
/// for blocks of so many threads, 32 to 256; 0: of any number.
BlockTile chooseBlockTile(ContractOp op, int64_t multiprocessors,
                          int64_t numThreads);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKTILE_H
