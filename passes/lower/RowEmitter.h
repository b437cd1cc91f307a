// SPDX-License-Identifier: Apache-2.0
// Lowering operators whose elements depend on all that come before in a row.
#ifndef DLC_PASSES_LOWER_ROWEMITTER_H
#define DLC_PASSES_LOWER_ROWEMITTER_H

#include "passes/lower/GroupLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace dlc::lower {

/// What emitters share of which each row, or the whole tensor, is one task.
class RowEmitter {
public:
  RowEmitter(GroupLowering &lowering, mlir::Operation *op)
      : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
        op(op), loc(op->getLoc()) {}

protected:
  mlir::Value makeScratch(llvm::ArrayRef<int64_t> shape, mlir::Type type) {
    return kernel::ScratchOp::create(b, loc,
                                     mlir::MemRefType::get(shape, type));
  }
  mlir::Value constantIndex(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value lhs,
                      mlir::Value rhs) {
    return mlir::arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
  }
  mlir::Value minimum(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MinSIOp::create(b, loc, lhs, rhs);
  }
  mlir::Value toInt(mlir::Value index) {
    return mlir::arith::IndexCastOp::create(b, loc, b.getI32Type(), index);
  }
  /// Stores what \p read gives for each of \p count elements of the row \p at
  /// as the result's.
  mlir::LogicalResult
  finishRow(llvm::ArrayRef<mlir::AffineExpr> at, int64_t count,
            llvm::function_ref<mlir::Value(mlir::AffineExpr position)> read);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  mlir::OpBuilder &b;
  mlir::Operation *op;
  mlir::Location loc;
};

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_ROWEMITTER_H
