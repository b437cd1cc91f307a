// SPDX-License-Identifier: Apache-2.0
// The operators of MathValue.
#include "passes/kernel/MathValue.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc::kernel;

namespace dlc::kernel {

//===----------------------------------------------------------------------===//
// Constants and conversions
//===----------------------------------------------------------------------===//

Type MathValue::withElement(Type element) const {
  if (auto vector = dyn_cast<VectorType>(getType()))
    return vector.clone(element);
  return element;
}

/// A constant of \p like's type whose elements are \p element.
static MathValue emitConstant(MathValue like, TypedAttr element) {
  if (auto type = dyn_cast<ShapedType>(like.getType()))
    element = DenseElementsAttr::get(type, ArrayRef<Attribute>(element));
  return like.emit<arith::ConstantOp>(element);
}

MathValue MathValue::constant(double number) const {
  return emitConstant(*this, FloatAttr::get(getElementType(), number));
}

MathValue MathValue::integer(int64_t number) const {
  return emitConstant(*this, IntegerAttr::get(getElementType(), number));
}

std::optional<double> MathValue::getConstant() const {
  Value source = value;
  if (auto broadcast = source.getDefiningOp<vector::BroadcastOp>())
    source = broadcast.getSource();
  Attribute attr;
  if (!matchPattern(source, m_Constant(&attr)))
    return std::nullopt;
  if (auto elements = dyn_cast<DenseElementsAttr>(attr)) {
    if (!elements.isSplat())
      return std::nullopt;
    attr = elements.getSplatValue<Attribute>();
  }
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return double(number.getInt());
  return std::nullopt;
}

MathValue MathValue::asInteger() const {
  unsigned width = getElementType().getIntOrFloatBitWidth();
  return emit<arith::BitcastOp>(withElement(builder->getIntegerType(width)),
                                value);
}

MathValue MathValue::asFloat() const {
  bool isDouble = getElementType().getIntOrFloatBitWidth() == 64;
  Type type = isDouble ? Type(builder->getF64Type()) : builder->getF32Type();
  return emit<arith::BitcastOp>(withElement(type), value);
}

MathValue MathValue::toF64() const {
  return emit<arith::ExtFOp>(withElement(builder->getF64Type()), value);
}

MathValue MathValue::toF32() const {
  Type type = withElement(builder->getF32Type());
  if (!isFloat())
    return emit<arith::SIToFPOp>(type, value);
  if (getElementType().getIntOrFloatBitWidth() < 32)
    return emit<arith::ExtFOp>(type, value);
  return emit<arith::TruncFOp>(type, value);
}

MathValue
MathValue::replaceRare(MathValue isRare, MathValue common,
                       llvm::function_ref<Value(OpBuilder &)> emitRare) {
  OpBuilder &builder = *common.builder;
  Location loc = common.loc;
  Value isAnyRare = isRare.value;
  if (isa<VectorType>(isRare.getType()))
    isAnyRare = vector::ReductionOp::create(
        builder, loc, vector::CombiningKind::OR, isRare.value);
  auto branch = scf::IfOp::create(builder, loc, common.getType(), isAnyRare,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  // Lane by lane, so that a value does not depend on its neighbours.
  MathValue mixed = select(isRare, common.with(emitRare(builder)), common);
  scf::YieldOp::create(builder, loc, mixed.value);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, common.value);
  return common.with(branch.getResult(0));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Emits \p FloatOp or \p IntOp, by the type of the operands.
template <typename FloatOp, typename IntOp>
static MathValue emitBinary(MathValue x, MathValue y) {
  if (x.isFloat())
    return x.emit<FloatOp>(x.getValue(), y.getValue());
  return x.emit<IntOp>(x.getValue(), y.getValue());
}

MathValue operator+(MathValue x, MathValue y) {
  return emitBinary<arith::AddFOp, arith::AddIOp>(x, y);
}

MathValue operator-(MathValue x, MathValue y) {
  return emitBinary<arith::SubFOp, arith::SubIOp>(x, y);
}

MathValue operator*(MathValue x, MathValue y) {
  return emitBinary<arith::MulFOp, arith::MulIOp>(x, y);
}

MathValue operator/(MathValue x, MathValue y) {
  return x.emit<arith::DivFOp>(x.getValue(), y.getValue());
}

MathValue MathValue::operator-() const { return emit<arith::NegFOp>(value); }

MathValue operator+(MathValue x, double y) { return x + x.constant(y); }
MathValue operator-(MathValue x, double y) { return x - x.constant(y); }
MathValue operator-(double x, MathValue y) { return y.constant(x) - y; }
MathValue operator*(MathValue x, double y) { return x * x.constant(y); }
MathValue operator/(double x, MathValue y) { return y.constant(x) / y; }

MathValue operator&(MathValue x, MathValue y) {
  return x.emit<arith::AndIOp>(x.getValue(), y.getValue());
}

MathValue operator|(MathValue x, MathValue y) {
  return x.emit<arith::OrIOp>(x.getValue(), y.getValue());
}

MathValue operator^(MathValue x, MathValue y) {
  return x.emit<arith::XOrIOp>(x.getValue(), y.getValue());
}

MathValue operator&(MathValue x, int64_t y) { return x & x.integer(y); }

MathValue operator<<(MathValue x, int64_t y) {
  return x.emit<arith::ShLIOp>(x.getValue(), x.integer(y).getValue());
}

MathValue operator>>(MathValue x, int64_t y) {
  return x.emit<arith::ShRSIOp>(x.getValue(), x.integer(y).getValue());
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

static MathValue compare(MathValue x, MathValue y, arith::CmpFPredicate floats,
                         arith::CmpIPredicate integers) {
  if (x.isFloat())
    return x.emit<arith::CmpFOp>(floats, x.getValue(), y.getValue());
  return x.emit<arith::CmpIOp>(integers, x.getValue(), y.getValue());
}

MathValue operator<(MathValue x, MathValue y) {
  return compare(x, y, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}

MathValue operator==(MathValue x, MathValue y) {
  return compare(x, y, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}

MathValue operator!=(MathValue x, MathValue y) {
  return compare(x, y, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}

MathValue operator<(MathValue x, double y) { return x < x.constant(y); }
MathValue operator>(MathValue x, double y) { return x.constant(y) < x; }
MathValue operator==(MathValue x, double y) { return x == x.constant(y); }

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

MathValue fma(MathValue x, MathValue y, MathValue z) {
  return x.emit<math::FmaOp>(x.getValue(), y.getValue(), z.getValue());
}

MathValue fma(MathValue x, double y, MathValue z) {
  return fma(x, x.constant(y), z);
}

MathValue fma(MathValue x, double y, double z) {
  return fma(x, x.constant(y), x.constant(z));
}

MathValue fma(MathValue x, MathValue y, double z) {
  return fma(x, y, x.constant(z));
}

MathValue abs(MathValue x) { return x.emit<math::AbsFOp>(x.getValue()); }
MathValue sqrt(MathValue x) { return x.emit<math::SqrtOp>(x.getValue()); }

MathValue roundEven(MathValue x) {
  return x.emit<math::RoundEvenOp>(x.getValue());
}

MathValue select(MathValue condition, MathValue x, MathValue y) {
  return x.emit<arith::SelectOp>(condition.getValue(), x.getValue(),
                                 y.getValue());
}

MathValue select(MathValue condition, double x, MathValue y) {
  return select(condition, y.constant(x), y);
}

MathValue select(MathValue condition, MathValue x, double y) {
  return select(condition, x, x.constant(y));
}

MathValue clamp(MathValue x, double low, double high) {
  // In this form NaN stays, and x86 needs one instruction each.
  x = select(x > high, high, x);
  return select(x < low, low, x);
}

MathValue withSign(MathValue x, MathValue y) {
  MathValue bits = y.asInteger();
  MathValue sign = bits & int64_t(INT32_MIN);
  return (x.asInteger() | sign).asFloat();
}

MathValue polynomial(MathValue x, ArrayRef<double> coefficients) {
  MathValue result = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, coefficient);
  return result;
}

} // namespace dlc::kernel
