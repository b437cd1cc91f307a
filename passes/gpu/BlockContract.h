// SPDX-License-Identifier: Apache-2.0
// Contractions as tiles of blocks.
#ifndef DLC_PASSES_GPU_BLOCKCONTRACT_H
#define DLC_PASSES_GPU_BLOCKCONTRACT_H

#include "passes/gpu/BlockArithmetic.h"
#include "passes/gpu/BlockTile.h"

namespace dlc::kernel {

/// Lowers one `kernel.contract`.
///
/// The block copies the rows of lhs and the columns of rhs that belong to some
/// steps of k into shared memory, where each thread finds those of its results:
/// a row or column that is read once from memory serves all threads. Sums stay
/// in registers; the epilogue runs on them.
class BlockContract : protected BlockArithmetic {
public:
  static std::unique_ptr<BlockContract>
  create(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);
  virtual ~BlockContract() = default;

  /// Emits the tile number \p index as the code of all threads of a block.
  mlir::LogicalResult emitTile(mlir::Value index);

protected:
  /// Where a tile is, as emitted values.
  struct Position {
    llvm::SmallVector<mlir::Value> batch; ///< but those that rows have
    mlir::Value row, column;              ///< its first ones
  };
  /// A sum that a thread has, and where in the tile it belongs.
  struct Sum {
    mlir::Value row, column, value;
    mlir::Value isOwn = nullptr; ///< whether the thread has it; null: yes
  };

  BlockContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);

  /// Emits the sums over all of k; each thread gets some of the tile's.
  virtual llvm::SmallVector<Sum> emitSums(const Position &at) = 0;

  /// Computes how addresses depend on k; call it first.
  mlir::LogicalResult analyze();
  Position getPosition(mlir::Value index);
  mlir::LogicalResult emitEpilogue(const Position &at,
                                   llvm::ArrayRef<Sum> sums);
  /// How many sums, one after the other in what emitSums() returns, belong to
  /// adjacent columns, the first of them a multiple of that.
  virtual int64_t getAdjacentSums() const = 0;
  /// The indices of the batch and in it of row \p row.
  llvm::SmallVector<mlir::Value> getRow(const Position &at, mlir::Value row);
  /// The buffer that the map of lhs or rhs leads to.
  mlir::Value getFactors(bool isLhs);
  /// Whether its words, if it has words, begin at multiples of their size.
  bool hasWholeWords(bool isLhs);
  /// Loads an element of it.
  mlir::Value loadFactor(mlir::Value address, bool isLhs);
  /// The indices of k at step \p step.
  llvm::SmallVector<mlir::Value> getDepth(mlir::Value step);
  /// The address in lhs of row \p index, or in rhs of column \p index, at the
  /// beginning of k.
  mlir::Value getBase(const Position &at, mlir::Value index, bool isLhs);
  /// The address \p base at step \p step of k.
  mlir::Value getAddress(mlir::Value base, mlir::Value step, bool isLhs);
  /// Whether a step, row or column of a tile may be beyond the last one.
  bool hasPartialDepth() {
    return typical.hasDynamicDepth || op.getKTotal() % tile.depth != 0;
  }
  bool hasPartialRows() {
    return typical.hasDynamicRows || getNumRows(op) % tile.rows != 0;
  }
  bool hasPartialColumns(int64_t extent) {
    return typical.hasDynamicColumns || extent % tile.columns != 0;
  }
  /// The same of what may be read: rows or columns beyond the last one have
  /// no memory.
  bool hasPartialWidth(bool isLhs) {
    return isLhs ? hasPartialRows() : hasPartialColumns(getReadableColumns(op));
  }

  ContractOp op;
  ContractExtents typical;
  BlockTile tile;
  mlir::AffineExpr lhsOffset, rhsOffset;
  /// For each extent of k; one for all steps of packed columns.
  llvm::SmallVector<int64_t> lhsStrides, rhsStrides;
  mlir::Type lhsType, rhsType, sumType;

private:
  int64_t getRun();
  /// Computes what becomes of \p sum, and its indices in out's map.
  mlir::FailureOr<mlir::Value>
  emitResult(const Position &at, const Sum &sum,
             llvm::SmallVectorImpl<mlir::Value> &dims);
  void storeResults(llvm::ArrayRef<mlir::Value> results,
                    llvm::ArrayRef<mlir::Value> dims);
  llvm::SmallVector<mlir::Value> getSymbols();
};

/// Emits \p op as part of a task that a block runs.
mlir::LogicalResult emitSharedContract(ContractOp op, BlockEmitter &emitter);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKCONTRACT_H
