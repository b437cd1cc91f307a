// SPDX-License-Identifier: Apache-2.0
// Attention as tiles of blocks.
#ifndef DLC_PASSES_GPU_ATTENTIONBLOCK_H
#define DLC_PASSES_GPU_ATTENTIONBLOCK_H

#include "passes/gpu/AttentionTile.h"
#include "passes/gpu/BlockArithmetic.h"

namespace dlc::kernel {

/// Lowers one `kernel.attend` by tiles on tensor cores.
///
/// A block has some queries, and goes through the keys and values by tiles in
/// shared memory. Scores stay in the registers that the first product leaves
/// them in, which are those that the second one takes its weights from; weights
/// of earlier tiles are scaled down where a tile has a new maximum
/// (FlashAttention-2: Dao, arXiv:2307.08691). Warps that share rows add up
/// their results in the end.
class AttentionBlock : BlockArithmetic {
public:
  AttentionBlock(AttendOp op, const AttentionTile &tile, BlockEmitter &emitter);
  /// Emits the tile number \p index as the code of all threads of a block.
  mlir::LogicalResult emit(mlir::Value index);

private:
  /// Lanes that have sums of the same rows.
  static constexpr int64_t kQuad = 4;
  /// A matrix of which a block has some rows in shared memory.
  struct Matrix {
    mlir::Value buffer; ///< of the operation
    mlir::AffineExpr offset;
    int64_t columns;
    int64_t width, pitch; ///< in shared memory
    int64_t start;        ///< there
    int64_t vector;       ///< elements that are copied at once
    /// Its rows, if a tile may have others.
    std::optional<int64_t> bound = std::nullopt;
  };
  /// What a lane has of its rows g and g + 8.
  struct State {
    std::array<mlir::Value, 2> maxima, sums;
    /// Four for each piece of the columns.
    llvm::SmallVector<mlir::Value> results;
  };
  /// One element, or two of 16 bits to be, of row g and of row g + 8 at steps
  /// of the first half of a product, then of the second.
  using Quarters = std::array<llvm::SmallVector<mlir::Value>, 4>;

  // Copies.
  Matrix plan(mlir::Value buffer, mlir::AffineMap map, bool isWhole,
              int64_t columns, int64_t width, int64_t pitch, int64_t start);
  void share(int64_t rows, int64_t perRow,
             llvm::function_ref<void(mlir::Value row, int64_t added,
                                     mlir::Value place)>
                 body);
  void copyRows(const Matrix &matrix, mlir::Value firstRow, int64_t count);
  void wait(int64_t groups);

  // Products and weights (AttentionPieces.cpp).
  Quarters loadSixteen(const Matrix &matrix, int64_t row, int64_t step);
  TensorUnit::Factor loadQueries(int64_t step);
  TensorUnit::Factor loadValues(int64_t key, int64_t column);
  TensorUnit::Factor getWeights(llvm::ArrayRef<mlir::Value> scores,
                                int64_t key);
  llvm::SmallVector<mlir::Value>
  multiplyQueries(llvm::ArrayRef<TensorUnit::Factor> kept);
  mlir::LogicalResult finishScores(mlir::Value firstKey,
                                   llvm::MutableArrayRef<mlir::Value> scores);
  mlir::LogicalResult emitElements(mlir::Region &region, mlir::Value firstKey,
                                   llvm::MutableArrayRef<mlir::Value> elements);
  void makeWeights(llvm::MutableArrayRef<mlir::Value> scores, State &state,
                   bool isFirst);
  void multiplyValues(llvm::ArrayRef<mlir::Value> weights, State &state);
  mlir::LogicalResult emitTile(mlir::Value number,
                               llvm::ArrayRef<TensorUnit::Factor> kept,
                               State &state, bool isOnly);
  mlir::LogicalResult emitTiles(State &state);

  mlir::Value combineLanes(ReduceKind kind, mlir::Value value, int64_t count);

  // Results.
  mlir::LogicalResult finishRegisters(const State &state);
  void mergeStatistics(State &state);
  mlir::LogicalResult mergeWarps(State &state);
  mlir::FailureOr<mlir::Value> emitElement(mlir::Region &region,
                                           mlir::Value row, mlir::Value column,
                                           mlir::Value value);
  mlir::LogicalResult storeElement(mlir::Value row, mlir::Value column,
                                   mlir::Value value);

  mlir::Value number(double value) {
    return mlir::arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(float(value)));
  }
  mlir::Value times(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(builder, loc, a, b);
  }
  mlir::Value plus(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(builder, loc, a, b);
  }
  /// What is subtracted from scores whose maximum is \p maximum: 0 where all
  /// are masked.
  mlir::Value getShift(mlir::Value maximum);
  bool hasWeight() { return !op.getWeight().empty(); }
  /// The reciprocal of \p sum: of no weights, 0 where they are chosen.
  mlir::Value getReciprocal(mlir::Value sum);
  /// The key of the lane's score number \p i, in the tile from \p firstKey on.
  mlir::Value getKey(mlir::Value firstKey, size_t i) {
    return add(add(add(firstKey, warpKey), multiply(quad, 2)),
               constant(i / 4 * kPieceColumns + i % 2));
  }
  /// Where the maximum or the sum of a row of the lane is, as \p warp has it.
  mlir::Value getStatistic(size_t half, mlir::Value warp) {
    return add(multiply(add(row, constant(8 * int64_t(half))), tile.keyWarps),
               warp);
  }
  /// exp(\p a - \p b).
  mlir::Value expOfDifference(mlir::Value a, mlir::Value b);

  /// Whether a tile may have rows of queries, or keys, that aren't there.
  bool hasPartialRows() {
    return typical.hasDynamicRows || op.getM() % tile.getRows() != 0;
  }
  bool hasPartialKeys() {
    return typical.hasDynamicKeys || op.getN() % tile.getKeys() != 0;
  }

  AttendOp op;
  AttentionExtents typical;
  AttentionTile tile;
  TensorUnit unit;
  AttentionMemory places;
  Matrix queries, keys, values;
  mlir::AffineExpr outOffset;
  GridTerm numTiles; ///< of keys

  llvm::SmallVector<mlir::Value> batch;
  mlir::Value firstRow;             ///< of the block
  mlir::Value memory, maxima, sums; ///< shared
  mlir::Value group, quad;          ///< the lane's number is 4 group + quad
  mlir::Value row;                  ///< of the lane in the block
  mlir::Value warpKey;              ///< the warp's first one of a tile
  mlir::Value queryLane, keyLane, valueLane;
  mlir::Value token;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_ATTENTIONBLOCK_H
