// SPDX-License-Identifier: Apache-2.0
// Replaces math functions by arithmetic that stays in vector registers.
#include "passes/kernel/MathFunctions.h"
#include "passes/kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELEXPANDMATH
#include "passes/kernel/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc::kernel;

using UnaryEmitter = MathValue (*)(MathValue);

/// The function that emits \p op, of one operand; null if there is none.
static UnaryEmitter getUnaryEmitter(Operation *op) {
  return llvm::TypeSwitch<Operation *, UnaryEmitter>(op)
      .Case([](math::ExpOp) { return emitExp; })
      .Case([](math::ExpM1Op) { return emitExpm1; })
      .Case([](math::SinhOp) { return emitSinh; })
      .Case([](math::CoshOp) { return emitCosh; })
      .Case([](math::LogOp) { return emitLog; })
      .Case([](math::Log2Op) { return emitLog2; })
      .Case([](math::Log10Op) { return emitLog10; })
      .Case([](math::Log1pOp) { return emitLog1p; })
      .Case([](math::AsinhOp) { return emitAsinh; })
      .Case([](math::AcoshOp) { return emitAcosh; })
      .Case([](math::AtanhOp) { return emitAtanh; })
      .Case([](math::SinOp) { return emitSin; })
      .Case([](math::CosOp) { return emitCos; })
      .Case([](math::TanOp) { return emitTan; })
      .Case([](math::AsinOp) { return emitAsin; })
      .Case([](math::AcosOp) { return emitAcos; })
      .Case([](math::AtanOp) { return emitAtan; })
      .Case([](math::TanhOp) { return emitTanh; })
      .Case([](math::ErfOp) { return emitErf; })
      .Case([](math::CbrtOp) { return emitCbrt; })
      .Default([](Operation *) { return nullptr; });
}

/// Whether \p op becomes arithmetic; functions of f64 are left to libm.
static bool canExpand(Operation *op, bool integersOnly) {
  if (!isa<math::MathDialect>(op->getDialect()))
    return false;
  Type element = getElementTypeOrSelf(op->getResult(0).getType());
  if (element.isF64() || (integersOnly && isa<FloatType>(element)))
    return false;
  return isa<math::PowFOp, math::IPowIOp>(op) || getUnaryEmitter(op);
}

/// The arithmetic that computes \p op on \p operands of f32 or integers.
static MathValue emitExpansion(Operation *op, ArrayRef<MathValue> operands) {
  if (isa<math::PowFOp>(op))
    return emitPow(operands[0], operands[1]);
  if (isa<math::IPowIOp>(op))
    return emitIntegerPow(operands[0], operands[1]);
  return getUnaryEmitter(op)(operands[0]);
}

/// Replaces \p op; narrower floats are computed as f32.
static void expand(Operation *op) {
  OpBuilder builder(op);
  Type type = op->getResult(0).getType();
  Type element = getElementTypeOrSelf(type);
  bool isNarrow = element.isF16() || element.isBF16();
  SmallVector<MathValue> operands;
  for (Value operand : op->getOperands()) {
    MathValue value(builder, op->getLoc(), operand);
    operands.push_back(isNarrow ? value.toF32() : value);
  }
  Value result = emitExpansion(op, operands).getValue();
  if (isNarrow)
    result = arith::TruncFOp::create(builder, op->getLoc(), type, result);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
}

namespace {
struct KernelExpandMath
    : dlc::kernel::impl::KernelExpandMathBase<KernelExpandMath> {
  using KernelExpandMathBase::KernelExpandMathBase;

  void runOnOperation() override {
    // Collected first: what an expansion leaves to libm is not expanded again.
    SmallVector<Operation *> functions;
    getOperation().walk([&](Operation *op) {
      if (canExpand(op, integersOnly))
        functions.push_back(op);
    });
    for (Operation *op : functions)
      expand(op);
    numExpanded += functions.size();
  }
};
} // namespace
