// SPDX-License-Identifier: Apache-2.0
// Indices and conditions in the code of a block.
#ifndef DLC_PASSES_GPU_BLOCKARITHMETIC_H
#define DLC_PASSES_GPU_BLOCKARITHMETIC_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/gpu/BlockEmitter.h"

namespace dlc::kernel {

/// What emits a part of a block's code derives from it, to write indices and
/// conditions as they are read.
class BlockArithmetic {
protected:
  BlockArithmetic(BlockEmitter &emitter, mlir::Location loc)
      : emitter(emitter), builder(emitter.getBuilder()), loc(loc) {}

  mlir::Value constant(int64_t value) {
    return emitter.constantIndex(loc, value);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return emitter.add(loc, a, b);
  }
  mlir::Value multiply(mlir::Value a, mlir::Value b) {
    return emitter.multiply(loc, a, b);
  }
  mlir::Value multiply(mlir::Value a, int64_t b) {
    return multiply(a, constant(b));
  }
  mlir::Value divide(mlir::Value a, int64_t b) {
    return mlir::arith::DivUIOp::create(builder, loc, a, constant(b));
  }
  mlir::Value remainder(mlir::Value a, int64_t b) {
    return mlir::arith::RemUIOp::create(builder, loc, a, constant(b));
  }
  mlir::Value isLess(mlir::Value value, mlir::Value bound) {
    return mlir::arith::CmpIOp::create(
        builder, loc, mlir::arith::CmpIPredicate::ult, value, bound);
  }
  mlir::Value isLess(mlir::Value value, int64_t bound) {
    return isLess(value, constant(bound));
  }
  /// Whether both hold; null stands for true.
  mlir::Value both(mlir::Value a, mlir::Value b) {
    if (!a || !b)
      return a ? a : b;
    return mlir::arith::AndIOp::create(builder, loc, a, b);
  }

  /// The sum of \p count numbers or vectors of f32 or i32 that \p getPart
  /// emits.
  mlir::Value addParts(int64_t count,
                       llvm::function_ref<mlir::Value(int64_t)> getPart) {
    mlir::Value sum;
    for (int64_t i = 0; i < count; ++i) {
      mlir::Value part = getPart(i);
      if (!sum)
        sum = part;
      else if (mlir::getElementTypeOrSelf(part).isF32())
        sum = mlir::arith::AddFOp::create(builder, loc, sum, part);
      else
        sum = mlir::arith::AddIOp::create(builder, loc, sum, part);
    }
    return sum;
  }
  /// The same of the elements of \p memory that \p getPlace names.
  mlir::Value addParts(mlir::Value memory, int64_t count,
                       llvm::function_ref<mlir::Value(int64_t)> getPlace) {
    return addParts(count, [&](int64_t i) {
      return mlir::memref::LoadOp::create(builder, loc, memory, getPlace(i));
    });
  }

  BlockEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKARITHMETIC_H
