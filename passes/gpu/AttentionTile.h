// SPDX-License-Identifier: Apache-2.0
// Which part of an attention a block computes.
#ifndef DLC_PASSES_GPU_ATTENTIONTILE_H
#define DLC_PASSES_GPU_ATTENTIONTILE_H

#include "passes/gpu/TensorUnit.h"

namespace dlc::kernel {

/// The part of an attention that a block computes, and how its warps share it:
/// each has 16 queries and, of every tile of keys, some of its own.
struct AttentionTile {
  int64_t rowWarps, keyWarps;
  int64_t pieces; ///< of eight keys, that a warp has of a tile; even

  int64_t getNumThreads() const { return 32 * rowWarps * keyWarps; }
  int64_t getRows() const { return kPieceRows * rowWarps; }
  int64_t getKeys() const { return kPieceColumns * pieces * keyWarps; }
  /// How many blocks \p op takes: for each extent of the batch, and the rows.
  llvm::SmallVector<GridTerm> getNumBlocks(AttendOp op) const;
  /// How many tiles of keys there are.
  GridTerm getNumTiles(AttendOp op) const;
};

/// The extents of an attention that decisions are made by (see TypicalExtents),
/// and which of them are those of one size of several.
struct AttentionExtents {
  explicit AttentionExtents(AttendOp op);

  int64_t batch = 1, rows, keys; ///< the product of the batch's; m; n
  bool hasDynamicRows, hasDynamicKeys, hasDynamicColumns;
};

/// Whether each row of queries, keys and values is whole, aligned vectors,
/// where their buffers are aligned: what kTraitsAttr says, or at its own size.
llvm::SmallVector<int64_t> getAttentionTraits(AttendOp op);
/// The same from the addresses alone: at its own size.
llvm::SmallVector<int64_t> computeAttentionTraits(AttendOp op);

/// Where the matrices are in shared memory, in elements of f32: queries, then a
/// tile of keys, then one of values. What the warps that share a row have of
/// the result takes their place in the end.
struct AttentionMemory {
  AttentionMemory(AttendOp op, const AttentionTile &tile, bool isNarrow);

  /// Columns up to the next whole piece, and elements between two rows.
  int64_t queryWidth, queryPitch, valueWidth, valuePitch, partialPitch;
  int64_t keysStart, valuesStart, numElements;
  /// Maxima, and as many sums, of the rows of each warp.
  int64_t numStatistics;

  int64_t getBytes() const { return 4 * (numElements + 2 * numStatistics); }
};

/// Whether the factors of all queries stay in registers.
bool keepsQueries(AttendOp op, const AttentionTile &tile,
                  const AttentionMemory &memory);

/// The tile for \p op on a GPU of \p multiprocessors, whose blocks may have
/// \p sharedBytes; nothing where tensor cores are no help.
std::optional<AttentionTile> chooseAttentionTile(AttendOp op,
                                                 int64_t multiprocessors,
                                                 int64_t sharedBytes,
                                                 Precision precision);

/// Says what \p tile is, as an attribute and in a remark.
mlir::DictionaryAttr describeTile(AttendOp op, const AttentionTile &tile);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_ATTENTIONTILE_H
