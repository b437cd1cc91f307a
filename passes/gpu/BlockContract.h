// SPDX-License-Identifier: Apache-2.0
// Contractions as tiles of blocks.
#ifndef DLC_PASSES_GPU_BLOCKCONTRACT_H
#define DLC_PASSES_GPU_BLOCKCONTRACT_H

#include "passes/gpu/BlockEmitter.h"

namespace dlc::kernel {

/// The part of a contraction that a block computes at once, and how its threads
/// share it: each has `threadRows` x `threadColumns` of the results.
struct BlockTile {
  int64_t rows, columns;
  int64_t depth; ///< steps of k that shared memory has room for
  int64_t threadRows, threadColumns;

  int64_t getNumThreads() const {
    return rows / threadRows * (columns / threadColumns);
  }
};

/// The tile for \p op. With \p numThreads, one for blocks of so many threads;
/// 0: of any number.
BlockTile chooseBlockTile(ContractOp op, int64_t multiprocessors,
                          int64_t numThreads);

/// Lowers one `kernel.contract`.
///
/// The block copies the rows of lhs and the columns of rhs that belong to some
/// steps of k into shared memory, where each thread finds those of its results:
/// a row or column that is read once from memory serves all threads. Sums stay
/// in registers; the epilogue runs on them.
class BlockContract {
public:
  BlockContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);

  /// How many tiles there are.
  int64_t getNumTiles() const;
  /// Emits the tile number \p index as the code of all threads of a block.
  mlir::LogicalResult emitTile(mlir::Value index);
  /// Emits all tiles, one after the other.
  mlir::LogicalResult emitAllTiles();

private:
  /// Where a tile is, as emitted values.
  struct Position {
    llvm::SmallVector<mlir::Value> batch;
    mlir::Value row, column; ///< its first ones
  };
  /// An element of a tile that a thread copies to shared memory.
  struct Copy {
    mlir::Value place;    ///< in shared memory
    mlir::Value base;     ///< its address at depth 0
    mlir::Value inBounds; ///< of the rows or columns; null: always
    mlir::Value step;     ///< its step of the tile's depth
  };
  mlir::LogicalResult analyze();
  Position getPosition(mlir::Value index);
  llvm::SmallVector<Copy> planCopies(const Position &at, bool isLhs);
  /// The indices of k at step \p step, and whether there is such a step.
  std::pair<llvm::SmallVector<mlir::Value>, mlir::Value>
  getDepth(mlir::Value step);
  mlir::Value loadElement(const Copy &copy, mlir::Value firstStep, bool isLhs);
  llvm::SmallVector<mlir::Value> emitDepth(const Position &at);
  mlir::Value multiplyAdd(mlir::Value row, mlir::Value column, mlir::Value sum);
  void multiplyTile(llvm::MutableArrayRef<mlir::Value> sums);
  /// The values that a thread has use for at a step of the tile's depth.
  llvm::SmallVector<mlir::Value> loadFragment(mlir::Value memory, int64_t step,
                                              bool isLhs);
  mlir::LogicalResult emitEpilogue(const Position &at,
                                   llvm::ArrayRef<mlir::Value> sums);
  mlir::Value getThreadOffset(int64_t i, bool isLhs);
  mlir::Value constant(int64_t value) {
    return emitter.constantIndex(loc, value);
  }
  mlir::Value isLess(mlir::Value value, int64_t bound);
  mlir::Value both(mlir::Value a, mlir::Value b);

  ContractOp op;
  BlockTile tile;
  BlockEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::AffineExpr lhsOffset, rhsOffset;
  llvm::SmallVector<int64_t> lhsStrides, rhsStrides; ///< for each extent of k
  mlir::Type lhsType, rhsType, sumType;
  mlir::Value lhsTile, rhsTile; ///< in shared memory: [step][row or column]
};

/// Emits \p op as part of a task that a block runs.
mlir::LogicalResult emitSharedContract(ContractOp op, BlockEmitter &emitter);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKCONTRACT_H
