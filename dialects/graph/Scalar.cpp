// SPDX-License-Identifier: Apache-2.0
// Scalar arithmetic for the bodies of elementwise operators.
#include "dialects/graph/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc::graph;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

static bool isFloat(Value x) { return isa<FloatType>(x.getType()); }

Value scalar::constant(OpBuilder &b, Location loc, Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  unsigned width = type.getIntOrFloatBitWidth();
  // The only positive value of i1 is out of its signed range.
  llvm::APSInt integer(width, /*isUnsigned=*/width == 1);
  bool isExact;
  APFloat(value).convertToInteger(integer, APFloat::rmTowardZero, &isExact);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, integer));
}

Value scalar::computeReal(OpBuilder &b, Location loc, ValueRange args,
                          function_ref<Value(ValueRange)> compute) {
  if (isFloat(args.front()))
    return compute(args);
  SmallVector<Value> reals;
  for (Value arg : args)
    reals.push_back(cast(b, loc, arg, b.getF64Type()));
  return cast(b, loc, compute(reals), args.front().getType());
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Emits \p FloatOp or \p IntOp.
template <typename FloatOp, typename IntOp>
static Value emit(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloat(x))
    return FloatOp::create(b, loc, x, y);
  return IntOp::create(b, loc, x, y);
}

Value scalar::add(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<arith::AddFOp, arith::AddIOp>(b, loc, x, y);
}

Value scalar::sub(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<arith::SubFOp, arith::SubIOp>(b, loc, x, y);
}

Value scalar::mul(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<arith::MulFOp, arith::MulIOp>(b, loc, x, y);
}

/// Emits an integer \p Op of \p x and \p y that gives 0 where y is 0 and
/// \p negated where it is -1: the quotient of the least integer and -1 does not
/// fit, and hardware traps on both.
template <typename Op>
static Value emitGuarded(OpBuilder &b, Location loc, Value x, Value y,
                         Value negated) {
  Value zero = scalar::constant(b, loc, x.getType(), 0);
  Value one = scalar::constant(b, loc, x.getType(), 1);
  Value minusOne = scalar::constant(b, loc, x.getType(), -1);
  Value isZero = arith::CmpIOp::create(b, loc, CmpIPredicate::eq, y, zero);
  Value isMinusOne =
      arith::CmpIOp::create(b, loc, CmpIPredicate::eq, y, minusOne);
  Value isSpecial = arith::OrIOp::create(b, loc, isZero, isMinusOne);
  Value divisor = arith::SelectOp::create(b, loc, isSpecial, one, y);
  Value result = Op::create(b, loc, x, divisor);
  result = arith::SelectOp::create(b, loc, isMinusOne, negated, result);
  return arith::SelectOp::create(b, loc, isZero, zero, result);
}

Value scalar::div(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(b, loc, x, y);
  return emitGuarded<arith::DivSIOp>(b, loc, x, y, neg(b, loc, x));
}

Value scalar::mod(OpBuilder &b, Location loc, Value x, Value y) {
  Value zero = constant(b, loc, x.getType(), 0);
  Value rest = isFloat(x) ? Value(arith::RemFOp::create(b, loc, x, y))
                          : emitGuarded<arith::RemSIOp>(b, loc, x, y, zero);
  // The remainder has the sign of x; move it to the side of y.
  Value isNegative = compare(b, loc, CmpFPredicate::OLT, CmpIPredicate::slt,
                             mul(b, loc, rest, y), zero);
  Value moved =
      arith::SelectOp::create(b, loc, isNegative, add(b, loc, rest, y), rest);
  Value isZero =
      compare(b, loc, CmpFPredicate::OEQ, CmpIPredicate::eq, y, zero);
  return arith::SelectOp::create(b, loc, isZero, zero, moved);
}

Value scalar::power(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<math::PowFOp, math::IPowIOp>(b, loc, x, y);
}

Value scalar::maximum(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<arith::MaximumFOp, arith::MaxSIOp>(b, loc, x, y);
}

Value scalar::minimum(OpBuilder &b, Location loc, Value x, Value y) {
  return emit<arith::MinimumFOp, arith::MinSIOp>(b, loc, x, y);
}

Value scalar::hypot(OpBuilder &b, Location loc, Value x, Value y) {
  // Scaled by the larger one, so that squares don't overflow.
  Value absX = abs(b, loc, x), absY = abs(b, loc, y);
  Value large = maximum(b, loc, absX, absY),
        small = minimum(b, loc, absX, absY);
  Value zero = constant(b, loc, x.getType(), 0);
  Value one = constant(b, loc, x.getType(), 1);
  Value ratio = arith::DivFOp::create(b, loc, small, large);
  Value square = mul(b, loc, ratio, ratio);
  Value root = math::SqrtOp::create(b, loc, add(b, loc, one, square));
  Value result = mul(b, loc, large, root);
  Value isZero =
      compare(b, loc, CmpFPredicate::OEQ, CmpIPredicate::eq, large, zero);
  Value isInfinite = isInf(b, loc, large);
  result = arith::SelectOp::create(b, loc, isInfinite, large, result);
  return arith::SelectOp::create(b, loc, isZero, zero, result);
}

Value scalar::neg(OpBuilder &b, Location loc, Value x) {
  if (isFloat(x))
    return arith::NegFOp::create(b, loc, x);
  return sub(b, loc, constant(b, loc, x.getType(), 0), x);
}

Value scalar::abs(OpBuilder &b, Location loc, Value x) {
  if (isFloat(x))
    return math::AbsFOp::create(b, loc, x);
  return math::AbsIOp::create(b, loc, x);
}

Value scalar::compare(OpBuilder &b, Location loc, CmpFPredicate floats,
                      CmpIPredicate integers, Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, floats, x, y);
  return arith::CmpIOp::create(b, loc, integers, x, y);
}

Value scalar::sign(OpBuilder &b, Location loc, Value x) {
  Value zero = constant(b, loc, x.getType(), 0);
  Value one = constant(b, loc, x.getType(), 1);
  Value minusOne = constant(b, loc, x.getType(), -1);
  Value isPositive =
      compare(b, loc, CmpFPredicate::OGT, CmpIPredicate::sgt, x, zero);
  Value isNegative =
      compare(b, loc, CmpFPredicate::OLT, CmpIPredicate::slt, x, zero);
  Value result = arith::SelectOp::create(b, loc, isNegative, minusOne, x);
  return arith::SelectOp::create(b, loc, isPositive, one, result);
}

//===----------------------------------------------------------------------===//
// Conversions and tests
//===----------------------------------------------------------------------===//

Value scalar::cast(OpBuilder &b, Location loc, Value x, Type type) {
  Type from = x.getType();
  if (from == type)
    return x;
  if (type.isInteger(1))
    return compare(b, loc, CmpFPredicate::UNE, CmpIPredicate::ne, x,
                   constant(b, loc, from, 0));
  unsigned fromBits = from.getIntOrFloatBitWidth();
  unsigned toBits = type.getIntOrFloatBitWidth();
  if (isFloat(x)) {
    if (!isa<FloatType>(type))
      return arith::FPToSIOp::create(b, loc, type, x);
    if (fromBits == toBits) { // f16 and bf16
      x = arith::ExtFOp::create(b, loc, b.getF32Type(), x);
      return arith::TruncFOp::create(b, loc, type, x);
    }
    // No target rounds f64 to 16 bits in one step.
    if (fromBits == 64 && toBits == 16)
      x = arith::TruncFOp::create(b, loc, b.getF32Type(), x);
    if (fromBits < toBits)
      return arith::ExtFOp::create(b, loc, type, x);
    return arith::TruncFOp::create(b, loc, type, x);
  }
  bool isBool = from.isInteger(1);
  if (isa<FloatType>(type)) {
    if (isBool)
      return arith::UIToFPOp::create(b, loc, type, x);
    return arith::SIToFPOp::create(b, loc, type, x);
  }
  if (fromBits > toBits)
    return arith::TruncIOp::create(b, loc, type, x);
  if (isBool)
    return arith::ExtUIOp::create(b, loc, type, x);
  return arith::ExtSIOp::create(b, loc, type, x);
}

Type scalar::getScalarType(Type element) {
  return element.isUnsignedInteger()
             ? IntegerType::get(element.getContext(),
                                element.getIntOrFloatBitWidth())
             : element;
}

Value scalar::convert(OpBuilder &b, Location loc, Value x, Type from, Type to) {
  Type result = getScalarType(to);
  unsigned toBits = result.getIntOrFloatBitWidth();
  if (from.isUnsignedInteger() && !to.isInteger(1)) {
    if (isa<FloatType>(to))
      return arith::UIToFPOp::create(b, loc, to, x);
    if (toBits > x.getType().getIntOrFloatBitWidth())
      return arith::ExtUIOp::create(b, loc, result, x);
  }
  // Through a wider type, in which a float that is a little out of range wraps
  // around.
  if (to.isUnsignedInteger() && isFloat(x))
    x = cast(b, loc, x, b.getIntegerType(toBits < 32 ? 32 : 64));
  return cast(b, loc, x, result);
}

Value scalar::logicalNot(OpBuilder &b, Location loc, Value x) {
  Value zero = constant(b, loc, x.getType(), 0);
  Value isZero =
      compare(b, loc, CmpFPredicate::OEQ, CmpIPredicate::eq, x, zero);
  return cast(b, loc, isZero, x.getType());
}

Value scalar::isNan(OpBuilder &b, Location loc, Value x) {
  return compare(b, loc, CmpFPredicate::UNO, CmpIPredicate::ne, x, x);
}

Value scalar::isInf(OpBuilder &b, Location loc, Value x) {
  if (!isFloat(x))
    return compare(b, loc, CmpFPredicate::OEQ, CmpIPredicate::ne, x, x);
  const llvm::fltSemantics &semantics =
      llvm::cast<FloatType>(x.getType()).getFloatSemantics();
  Value infinity = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(x.getType(), APFloat::getInf(semantics)));
  return arith::CmpFOp::create(b, loc, CmpFPredicate::OEQ, abs(b, loc, x),
                               infinity);
}

Value scalar::replaceNan(OpBuilder &b, Location loc, Value x, double value) {
  if (!isFloat(x))
    return x;
  return arith::SelectOp::create(b, loc, isNan(b, loc, x),
                                 constant(b, loc, x.getType(), value), x);
}

Value scalar::divByCount(OpBuilder &b, Location loc, Value x, int64_t count) {
  return div(b, loc, x, constant(b, loc, x.getType(), double(count)));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// x for x > 0, else \p other; NaN is not greater.
static Value emitIfPositive(OpBuilder &b, Location loc, Value x, Value other) {
  Value zero = scalar::constant(b, loc, x.getType(), 0);
  Value isPositive =
      scalar::compare(b, loc, CmpFPredicate::OGT, CmpIPredicate::sgt, x, zero);
  return arith::SelectOp::create(b, loc, isPositive, x, other);
}

Value scalar::relu(OpBuilder &b, Location loc, Value x) {
  // In this form NaN stays, and x86 needs one instruction.
  Value zero = constant(b, loc, x.getType(), 0);
  Value isNegative =
      compare(b, loc, CmpFPredicate::OGT, CmpIPredicate::sgt, zero, x);
  return arith::SelectOp::create(b, loc, isNegative, zero, x);
}

Value scalar::leakyRelu(OpBuilder &b, Location loc, Value x, double slope) {
  return emitIfPositive(b, loc, x,
                        mul(b, loc, x, constant(b, loc, x.getType(), slope)));
}

Value scalar::elu(OpBuilder &b, Location loc, Value x, double alpha) {
  Value below = math::ExpM1Op::create(b, loc, x);
  return emitIfPositive(
      b, loc, x, mul(b, loc, below, constant(b, loc, x.getType(), alpha)));
}

Value scalar::selu(OpBuilder &b, Location loc, Value x) {
  Value lambda =
      constant(b, loc, x.getType(), 1.0507009873554804934193349852946);
  return mul(b, loc, lambda, elu(b, loc, x, 1.6732632423543772848170429916717));
}

Value scalar::gelu(OpBuilder &b, Location loc, Value x) {
  Value half = constant(b, loc, x.getType(), 0.5);
  Value one = constant(b, loc, x.getType(), 1.0);
  Value scale = constant(b, loc, x.getType(), 0.70710678118654752440);
  Value erf = math::ErfOp::create(b, loc, mul(b, loc, x, scale));
  return mul(b, loc, mul(b, loc, half, x), add(b, loc, one, erf));
}

Value scalar::geluTanh(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  Value cube = mul(b, loc, x, mul(b, loc, x, x));
  Value inner =
      add(b, loc, x, mul(b, loc, constant(b, loc, type, 0.044715), cube));
  Value scaled =
      mul(b, loc, constant(b, loc, type, 0.79788456080286535588), inner);
  Value tanh = math::TanhOp::create(b, loc, scaled);
  Value half = mul(b, loc, constant(b, loc, type, 0.5), x);
  return mul(b, loc, half, add(b, loc, constant(b, loc, type, 1.0), tanh));
}

Value scalar::sigmoid(OpBuilder &b, Location loc, Value x) {
  // e^-|x| never overflows, and the result is accurate where it is small.
  Value one = constant(b, loc, x.getType(), 1.0);
  Value zero = constant(b, loc, x.getType(), 0.0);
  Value decay = math::ExpOp::create(b, loc, neg(b, loc, abs(b, loc, x)));
  Value isNegative =
      compare(b, loc, CmpFPredicate::OLT, CmpIPredicate::slt, x, zero);
  Value numerator = arith::SelectOp::create(b, loc, isNegative, decay, one);
  return arith::DivFOp::create(b, loc, numerator, add(b, loc, one, decay));
}

Value scalar::hardSigmoid(OpBuilder &b, Location loc, Value x, double alpha,
                          double beta) {
  Value line = add(b, loc, mul(b, loc, x, constant(b, loc, x.getType(), alpha)),
                   constant(b, loc, x.getType(), beta));
  return clip(b, loc, line, 0.0, 1.0);
}

Value scalar::softsign(OpBuilder &b, Location loc, Value x) {
  Value one = constant(b, loc, x.getType(), 1.0);
  return div(b, loc, x, add(b, loc, one, abs(b, loc, x)));
}

Value scalar::softplus(OpBuilder &b, Location loc, Value x) {
  // max(x, 0) + log1p(exp(-|x|)) never overflows.
  Value decay = math::ExpOp::create(b, loc, neg(b, loc, abs(b, loc, x)));
  return add(b, loc, relu(b, loc, x), math::Log1pOp::create(b, loc, decay));
}

Value scalar::clip(OpBuilder &b, Location loc, Value x, double min,
                   double max) {
  // As in relu: NaN stays, one instruction each.
  Value low = constant(b, loc, x.getType(), min);
  Value high = constant(b, loc, x.getType(), max);
  Value isLow = compare(b, loc, CmpFPredicate::OGT, CmpIPredicate::sgt, low, x);
  x = arith::SelectOp::create(b, loc, isLow, low, x);
  Value isHigh =
      compare(b, loc, CmpFPredicate::OLT, CmpIPredicate::slt, high, x);
  return arith::SelectOp::create(b, loc, isHigh, high, x);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Value scalar::reciprocal(OpBuilder &b, Location loc, Value x) {
  return div(b, loc, constant(b, loc, x.getType(), 1.0), x);
}

Value scalar::rsqrt(OpBuilder &b, Location loc, Value x) {
  return reciprocal(b, loc, math::SqrtOp::create(b, loc, x));
}

Value scalar::rcbrt(OpBuilder &b, Location loc, Value x) {
  return reciprocal(b, loc, math::CbrtOp::create(b, loc, x));
}

Value scalar::rintHalfDown(OpBuilder &b, Location loc, Value x) {
  Value floor = math::FloorOp::create(b, loc, x);
  Value fraction = sub(b, loc, x, floor);
  Value isMore = arith::CmpFOp::create(b, loc, CmpFPredicate::OGT, fraction,
                                       constant(b, loc, x.getType(), 0.5));
  Value next = add(b, loc, floor, constant(b, loc, x.getType(), 1.0));
  return arith::SelectOp::create(b, loc, isMore, next, floor);
}

/// The value of the polynomial with \p coefficients, highest power first.
static Value emitPolynomial(OpBuilder &b, Location loc, Value x,
                            ArrayRef<double> coefficients) {
  Value result = scalar::constant(b, loc, x.getType(), coefficients.front());
  for (double coefficient : coefficients.drop_front())
    result = scalar::add(b, loc, scalar::mul(b, loc, result, x),
                         scalar::constant(b, loc, x.getType(), coefficient));
  return result;
}

// M. Giles, "Approximating the erfinv function", GPU Computing Gems Jade
// Edition (2011), single precision.
Value scalar::erfinv(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  Value one = constant(b, loc, type, 1.0);
  Value square = mul(b, loc, x, x);
  Value w = neg(b, loc, math::LogOp::create(b, loc, sub(b, loc, one, square)));
  Value central = emitPolynomial(
      b, loc, sub(b, loc, w, constant(b, loc, type, 2.5)),
      {2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06,
       0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941});
  Value root = math::SqrtOp::create(b, loc, w);
  Value tail = emitPolynomial(
      b, loc, sub(b, loc, root, constant(b, loc, type, 3.0)),
      {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844,
       0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682});
  Value isCentral = arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, w,
                                          constant(b, loc, type, 5.0));
  Value result =
      mul(b, loc, arith::SelectOp::create(b, loc, isCentral, central, tail), x);
  // At the ends of the interval the result is infinite.
  Value isEnd =
      arith::CmpFOp::create(b, loc, CmpFPredicate::OEQ, abs(b, loc, x), one);
  Value infinity = div(b, loc, x, constant(b, loc, type, 0.0));
  return arith::SelectOp::create(b, loc, isEnd, infinity, result);
}

/// sin(pi x), exact at integers.
static Value emitSinPi(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  Value nearest = math::RoundEvenOp::create(b, loc, x);
  Value rest = scalar::sub(b, loc, x, nearest);
  Value sine = math::SinOp::create(
      b, loc,
      scalar::mul(b, loc, rest,
                  scalar::constant(b, loc, type, 3.14159265358979323846)));
  Value two = scalar::constant(b, loc, type, 2.0);
  Value isOdd = arith::CmpFOp::create(b, loc, CmpFPredicate::UNE,
                                      scalar::mod(b, loc, nearest, two),
                                      scalar::constant(b, loc, type, 0.0));
  return arith::SelectOp::create(b, loc, isOdd,
                                 arith::NegFOp::create(b, loc, sine), sine);
}

// C. Lanczos' approximation, g = 7, with P. Godfrey's coefficients: the
// logarithm of gamma(x) for x >= 0.5, in double precision (the sum cancels).
static Value emitLanczosLog(OpBuilder &b, Location loc, Value x) {
  static const double coefficients[] = {
      676.5203681218851,     -1259.1392167224028,  771.32342877765313,
      -176.61502916214059,   12.507343278686905,   -0.13857109526572012,
      9.9843695780195716e-6, 1.5056327351493116e-7};
  Type type = x.getType();
  Value z = scalar::sub(b, loc, x, scalar::constant(b, loc, type, 1.0));
  Value sum = scalar::constant(b, loc, type, 0.99999999999980993);
  for (auto [i, coefficient] : llvm::enumerate(coefficients)) {
    Value divisor =
        scalar::add(b, loc, z, scalar::constant(b, loc, type, double(i + 1)));
    sum = scalar::add(b, loc, sum,
                      scalar::div(b, loc,
                                  scalar::constant(b, loc, type, coefficient),
                                  divisor));
  }
  Value t = scalar::add(b, loc, z, scalar::constant(b, loc, type, 7.5));
  Value power = scalar::mul(
      b, loc, scalar::add(b, loc, z, scalar::constant(b, loc, type, 0.5)),
      math::LogOp::create(b, loc, t));
  Value result = scalar::sub(b, loc, power, t);
  result = scalar::add(
      b, loc, result,
      scalar::constant(b, loc, type, 0.91893853320467274178)); // log(2 pi) / 2
  return scalar::add(b, loc, result, math::LogOp::create(b, loc, sum));
}

Value scalar::gammaln(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType(), f64 = b.getF64Type();
  Value wide = cast(b, loc, x, f64);
  Value half = constant(b, loc, f64, 0.5), one = constant(b, loc, f64, 1.0);
  Value isSmall = arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, wide, half);
  // Reflection: gamma(x) gamma(1 - x) = pi / sin(pi x).
  Value argument =
      arith::SelectOp::create(b, loc, isSmall, sub(b, loc, one, wide), wide);
  Value direct = emitLanczosLog(b, loc, argument);
  Value sine = abs(b, loc, emitSinPi(b, loc, wide));
  Value reflected =
      sub(b, loc,
          sub(b, loc, constant(b, loc, f64, 1.14472988584940017414), // log pi
              math::LogOp::create(b, loc, sine)),
          direct);
  return cast(b, loc,
              arith::SelectOp::create(b, loc, isSmall, reflected, direct),
              type);
}

Value scalar::gamma(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType(), f64 = b.getF64Type();
  Value wide = cast(b, loc, x, f64);
  Value half = constant(b, loc, f64, 0.5), one = constant(b, loc, f64, 1.0);
  Value isSmall = arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, wide, half);
  Value argument =
      arith::SelectOp::create(b, loc, isSmall, sub(b, loc, one, wide), wide);
  Value direct = math::ExpOp::create(b, loc, emitLanczosLog(b, loc, argument));
  Value pi = constant(b, loc, f64, 3.14159265358979323846);
  Value sine = emitSinPi(b, loc, wide);
  Value reflected = div(b, loc, pi, mul(b, loc, sine, direct));
  // At negative integers the sides of the pole differ: 0 / 0 is NaN.
  Value zero = constant(b, loc, f64, 0.0);
  Value isNegative =
      arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, wide, zero);
  Value isInteger =
      arith::CmpFOp::create(b, loc, CmpFPredicate::OEQ, sine, zero);
  Value isPole = arith::AndIOp::create(b, loc, isNegative, isInteger);
  reflected = arith::SelectOp::create(b, loc, isPole, div(b, loc, sine, sine),
                                      reflected);
  return cast(b, loc,
              arith::SelectOp::create(b, loc, isSmall, reflected, direct),
              type);
}
