// SPDX-License-Identifier: Apache-2.0
// Makes bf16 a matter of bits: arithmetic on it is done on f32, whose upper
// half it is, and where it is only moved it becomes i16.
#include "passes/kernel/MathValue.h"
#include "passes/kernel/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace dlc::kernel {
#define GEN_PASS_DEF_KERNELLOWERBFLOAT16
#include "passes/kernel/Passes.h.inc"
} // namespace dlc::kernel

using namespace mlir;
using namespace dlc::kernel;

static bool isBF16(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    type = shaped.getElementType();
  return type.isBF16();
}

/// \p type, of a number or vector, with elements \p element.
static Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(element);
  return element;
}

/// The f32 whose upper half is \p value.
static Value emitExtension(OpBuilder &b, Location loc, Value value) {
  MathValue bits = MathValue(b, loc, value).asInteger();
  Type type = withElement(value.getType(), b.getI32Type());
  MathValue wide = bits.emit<arith::ExtUIOp>(type, bits.getValue());
  return (wide << 16).asFloat().getValue();
}

/// Rounds an f32 to the nearest bf16, ties to even.
static Value emitRounding(OpBuilder &b, Location loc, Value value) {
  MathValue x(b, loc, value);
  MathValue bits = x.asInteger();
  MathValue isOdd = (bits >> 16) & 1;
  MathValue rounded = bits + isOdd + bits.integer(0x7fff);
  // A NaN stays one, and becomes quiet.
  rounded = select(x != x, bits | bits.integer(1 << 22), rounded) >> 16;
  Type i16 = withElement(value.getType(), b.getI16Type());
  Type bf16 = withElement(value.getType(), b.getBF16Type());
  MathValue half = x.emit<arith::TruncIOp>(i16, rounded.getValue());
  return half.emit<arith::BitcastOp>(bf16, half.getValue()).getValue();
}

/// Whether \p op computes with bf16 rather than moving it.
static bool computes(Operation *op) {
  bool isArithmetic =
      isa<math::MathDialect, arith::ArithDialect>(op->getDialect()) &&
      !isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp>(op);
  return isArithmetic && (llvm::any_of(op->getOperandTypes(), isBF16) ||
                          llvm::any_of(op->getResultTypes(), isBF16));
}

/// Makes \p op compute on f32; a conversion between the two disappears.
static void widenOperation(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  Value result = op->getResult(0);
  for (OpOperand &operand : op->getOpOperands())
    if (isBF16(operand.get().getType()))
      operand.set(emitExtension(b, loc, operand.get()));
  Value wide = result, input = op->getOperand(0);
  Type f32 = withElement(result.getType(), b.getF32Type());
  bool isConversion = isa<arith::ExtFOp>(op) ? result.getType() == f32
                                             : isa<arith::TruncFOp>(op);
  if (isConversion && input.getType() == f32)
    wide = input;
  b.setInsertionPointAfter(op);
  // The users so far, not those that rounding adds.
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : result.getUses())
    uses.push_back(&use);
  Value replacement = wide;
  if (isBF16(result.getType())) {
    result.setType(f32);
    replacement = emitRounding(b, loc, wide);
  }
  for (OpOperand *use : uses)
    use->set(replacement);
  if (wide != result)
    op->erase();
}

/// Replaces bf16 in every type, and in constants, by i16.
static void replaceTypes(Operation *op) {
  Type i16 = IntegerType::get(op->getContext(), 16);
  op->walk([&](arith::ConstantOp constant) {
    if (!isBF16(constant.getType()))
      return;
    if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
      constant.setValueAttr(
          IntegerAttr::get(i16, number.getValue().bitcastToAPInt()));
    else if (auto numbers = dyn_cast<DenseElementsAttr>(constant.getValue()))
      constant.setValueAttr(numbers.bitcast(i16));
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](BFloat16Type) { return i16; });
  replacer.recursivelyReplaceElementsIn(op, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

namespace {
struct KernelLowerBFloat16
    : dlc::kernel::impl::KernelLowerBFloat16Base<KernelLowerBFloat16> {
  using KernelLowerBFloat16Base::KernelLowerBFloat16Base;

  void runOnOperation() override {
    bool hasBF16 = false;
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      hasBF16 |= llvm::any_of(op->getOperandTypes(), isBF16) ||
                 llvm::any_of(op->getResultTypes(), isBF16);
      if (computes(op))
        operations.push_back(op);
    });
    for (Operation *op : operations)
      widenOperation(op);
    numWidened += operations.size();
    if (hasBF16)
      replaceTypes(getOperation());
  }
};
} // namespace
