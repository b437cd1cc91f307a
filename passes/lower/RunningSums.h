// SPDX-License-Identifier: Apache-2.0
// Running sums of rows that several threads share.
#ifndef DLC_PASSES_LOWER_RUNNINGSUMS_H
#define DLC_PASSES_LOWER_RUNNINGSUMS_H

#include "passes/lower/GroupLowering.h"

namespace dlc::lower {

/// Emits, inside a task, loops whose iterations are independent. Rows are cut
/// into pieces of kPiece elements, whose sums are rows that are cut into pieces
/// again, until one piece is left. An element's running sum is that of those
/// before it in its piece, of the pieces before this in theirs, and so on. Sums
/// of floats are in another order than those of one thread.
class RunningSums {
public:
  using Indices = GroupLowering::Indices;
  /// The element at \p position of the row \p at.
  using Read = llvm::function_ref<mlir::FailureOr<mlir::Value>(
      mlir::AffineExpr position, llvm::ArrayRef<mlir::AffineExpr> at)>;
  /// What there is to do for the element at \p position of the row \p at: \p
  /// sum is that of it and all before it. May be called for the last one again,
  /// with a \p element of 0.
  using Write = llvm::function_ref<mlir::LogicalResult(
      mlir::AffineExpr position, llvm::ArrayRef<mlir::AffineExpr> at,
      mlir::Value element, mlir::Value sum)>;

  /// Rows of \p length elements of \p type, one for each index below \p rows,
  /// whose innermost ones are neighbours in memory; none: there is one row.
  RunningSums(GroupLowering &lowering, mlir::Location loc, mlir::Type type,
              int64_t length, llvm::ArrayRef<int64_t> rows = {});

  mlir::LogicalResult emit(Read read, Write write);

private:
  /// Elements, or sums of pieces, of all rows.
  struct Level {
    int64_t length;
    mlir::Value sums; ///< scratch, [length, rows...]; null: the elements
  };

  /// Opens loops over the pieces of \p length elements of all rows; returns the
  /// number of the piece and sets \p at.
  mlir::AffineExpr openPieces(int64_t length, Indices &at);
  void closePieces();
  int64_t getNumPieces(int64_t length) const;
  /// Element \p i of piece \p piece of a row of \p length, clamped to the row's
  /// last one, and whether it is there; null: it always is.
  std::pair<mlir::AffineExpr, mlir::Value>
  emitPosition(int64_t length, mlir::AffineExpr piece, mlir::AffineExpr i);
  /// \p element where \p isThere, else 0.
  mlir::Value mask(mlir::Value isThere, mlir::Value element);
  mlir::LogicalResult emitSums(const Level &from, const Level &to, Read read);
  /// The sum of all elements before piece number \p piece.
  mlir::Value emitBefore(mlir::AffineExpr piece,
                         llvm::ArrayRef<mlir::AffineExpr> at);
  /// \p sum and what \p level has in [begin, index), at most a piece.
  mlir::Value addSums(const Level &level, mlir::Value begin, mlir::Value index,
                      mlir::Value count, llvm::ArrayRef<mlir::AffineExpr> at,
                      mlir::Value sum);
  mlir::Value constantIndex(int64_t value);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
  llvm::SmallVector<int64_t> rows;
  llvm::SmallVector<Level> levels;
};

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_RUNNINGSUMS_H
