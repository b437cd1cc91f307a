// SPDX-License-Identifier: Apache-2.0
// Which part of a contraction a block computes.
#ifndef DLC_PASSES_GPU_BLOCKTILE_H
#define DLC_PASSES_GPU_BLOCKTILE_H

#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "passes/gpu/GridTerm.h"
#include "passes/gpu/Precision.h"

namespace dlc::kernel {

/// Elements of f32 that one copy of 16 bytes brings.
inline constexpr int64_t kCopyVector = 4;
inline constexpr int64_t kCopyBytes = 16;
/// Steps of k that there may be for their offsets to be in shared memory.
inline constexpr int64_t kMostTableSteps = 1024;
/// Elements that nobody uses between two rows, where their steps are side by
/// side, or two steps, where the rows are: the lanes of a warp then read from
/// different banks.
inline constexpr int64_t kDepthPadding = 4, kWidthPadding = 8;

/// Rows below which tensor cores, whose pieces have 16, compute mostly zeros.
inline constexpr int64_t kMinTensorRows = 8;

/// How many of the last batch dimensions rhs doesn't depend on: rows of all of
/// them are multiplied by the same matrix, and tiles may have rows of several.
unsigned getNumRowDims(ContractOp op);
/// The rows of a matrix of \p op, with those of such batch dimensions.
int64_t getNumRows(ContractOp op);

/// The extents of a contraction that decisions are made by (see
/// TypicalExtents), and which of them are those of one size of several.
struct ContractExtents {
  explicit ContractExtents(ContractOp op);

  /// The product of the extents of the batch but those that rows have, the rows
  /// with these, the columns, and the steps of k.
  int64_t batch = 1, rows = 1, columns, depth = 1;
  bool hasDynamicRows = false, hasDynamicColumns, hasDynamicDepth = false;
};

/// How an operand of a contraction may be copied, or a result stored, as bits.
/// They are told apart by addresses alone, so one that holds at all sizes is a
/// decision for all.
enum CopyTrait : int64_t {
  kDenseDepth = 1,   ///< elements of consecutive steps are side by side
  kWholeDepth = 2,   ///< vectors of steps are whole and aligned
  kWholeColumns = 4, ///< vectors of columns are, of rhs and results
};

/// Whether the last dimension of \p map, of \p columns, leads to whole, aligned
/// vectors of \p buffer, where that is aligned.
bool hasWholeRows(mlir::Value buffer, mlir::AffineMap map, int64_t columns);

/// Where the traits of each stand in kTraitsAttr.
enum class ContractBuffer { Lhs, Rhs, Out };

/// The traits of a buffer of \p op where arguments of its kernel are aligned:
/// what kTraitsAttr says, or those at its own size.
int64_t getCopyTraits(ContractOp op, ContractBuffer buffer);

/// The same from the addresses alone: those at its own size.
llvm::SmallVector<int64_t> computeCopyTraits(ContractOp op);

/// Columns that rhs of \p op has memory for, and those of which results are
/// stored.
int64_t getReadableColumns(ContractOp op);
int64_t getStoredColumns(ContractOp op);

/// The part of a contraction that a block computes at once, and how its threads
/// share it.
struct BlockTile {
  enum Unit {
    Fma,    ///< each thread has `shareRows` x `shareColumns` results
    Tensor, ///< there are `shareRows` x `shareColumns` warps, with equal parts
    Stream  ///< each thread has all rows of `kCopyVector`, of a slice of k
  } unit;
  int64_t rows, columns;
  /// Steps of k that are in shared memory at once; of a thread's loads, with
  /// `Stream`.
  int64_t depth;
  int64_t shareRows, shareColumns;
  int64_t stages = 3; ///< for tensor cores, of `depth` steps in shared memory
  int64_t slices = 1; ///< groups of threads, each with a part of the steps
  int64_t parts = 1;  ///< blocks, each with a part of the depth of one tile

  int64_t getNumThreads() const;
  /// Shared memory that it needs for \p op at most.
  int64_t getSharedBytes(ContractOp op) const;
  /// How many tiles \p op consists of: for each extent of the batch but those
  /// that rows have, the columns and the rows.
  llvm::SmallVector<GridTerm> getNumTiles(ContractOp op) const;
  /// How many there typically are.
  int64_t getTypicalTiles(const ContractExtents &typical) const;
  /// The steps of \p depth that each of the `parts` has, but the last one,
  /// which may have fewer: a multiple of the tile's depth.
  int64_t getPartDepth(int64_t depth) const;
};

/// A tile, and what it was preferred to.
struct BlockTileChoice {
  BlockTile best;
  double cycles; ///< of the multiprocessor that has most to do
  std::optional<BlockTile> runnerUp = std::nullopt;
  double runnerUpCycles = 0;
};

/// The tile for \p op on a GPU of \p multiprocessors. With \p numThreads, one
/// for blocks of so many threads, 32 to 256; 0: of any number. Only with
/// \p sharesDepth may it have several parts.
BlockTileChoice chooseBlockTile(ContractOp op, int64_t multiprocessors,
                                int64_t numThreads, Precision precision,
                                bool sharesDepth = false);

/// Says what \p choice is, as an attribute and in a remark.
mlir::DictionaryAttr describeTile(ContractOp op, const BlockTileChoice &choice);

/// Cycles of \p gpu that \p op takes, as a kernel of its own.
double estimateCycles(ContractOp op, device::GpuAttr gpu, Precision precision);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKTILE_H
