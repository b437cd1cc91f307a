// SPDX-License-Identifier: Apache-2.0
// Numpy's operators that work element by element and differ from the classic
// ones: they promote types, and their tests give booleans.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// The type that values of \p a and \p b are combined in: a float rather than
/// an integer, else the wider one.
static Type promote(Type a, Type b) {
  if (isa<FloatType>(a) != isa<FloatType>(b))
    return isa<FloatType>(a) ? a : b;
  return a.getIntOrFloatBitWidth() >= b.getIntOrFloatBitWidth() ? a : b;
}

/// The two inputs in one type. Booleans among themselves become int32.
static std::pair<Value, Value> getPromoted(NodeBuilder &n) {
  Value x = n.input(0), y = n.input(1);
  if (!x || !y)
    return {};
  Type common = promote(n.element(x), n.element(y));
  if (common.isInteger(1))
    common = n.element(ElementType::I32);
  return {n.cast(x, common), n.cast(y, common)};
}

static bool areBooleans(NodeBuilder &n) {
  return n.input(0) && n.input(1) && n.element(n.input(0)).isInteger(1) &&
         n.element(n.input(1)).isInteger(1);
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Values promoted(NodeBuilder &n) {
  auto [x, y] = getPromoted(n);
  Value result = n.binary<OpTy>(x, y);
  return {areBooleans(n) ? n.cast(result, n.element(ElementType::Bool))
                         : result};
}

template <typename OpTy>
static Values testing(NodeBuilder &n) {
  auto [x, y] = getPromoted(n);
  return {n.binary<OpTy>(x, y)};
}

/// Integers are divided as float32.
static Values trueDivide(NodeBuilder &n) {
  auto [x, y] = getPromoted(n);
  if (x && !isa<FloatType>(n.element(x))) {
    x = n.cast(x, n.element(ElementType::F32));
    y = n.cast(y, n.element(ElementType::F32));
  }
  return {n.binary<graph::DivOp>(x, y)};
}

template <typename OpTy>
static Values broadcasting(NodeBuilder &n) {
  return {n.binary<OpTy>(n.input(0), n.input(1))};
}

template <Value (*build)(NodeBuilder &, Value, Value)>
static Values through(NodeBuilder &n) {
  Value x = n.input(0), y = n.input(1);
  return {n.broadcastPair(x, y) ? build(n, x, y) : Value()};
}

template <typename BitOp, typename BoolOp>
static Values bitwise(NodeBuilder &n) {
  return areBooleans(n) ? broadcasting<BoolOp>(n) : broadcasting<BitOp>(n);
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

static Values bitwiseNot(NodeBuilder &n) {
  Value x = n.input(0);
  if (x && n.element(x).isInteger(1))
    return {n.emit<graph::LogicalNotOp>({x})};
  if (!x)
    return Values(1);
  // Through a signed type, in which all bits are -1.
  Value wide = n.cast(x, n.element(ElementType::I64));
  return {n.cast(n.scalar<graph::BitwiseXorOp>(wide, -1), n.element(x))};
}

static Values logicalNot(NodeBuilder &n) {
  Value x = n.cast(n.input(0), n.element(ElementType::Bool));
  return {n.emit<graph::LogicalNotOp>({x})};
}

/// Of booleans and integers no element is special.
static Value asFloat(NodeBuilder &n, Value x) {
  return x && !isa<FloatType>(n.element(x))
             ? n.cast(x, n.element(ElementType::F32))
             : x;
}

template <typename OpTy>
static Values is(NodeBuilder &n) {
  return {n.emit<OpTy>({asFloat(n, n.input(0))})};
}

static Values isFinite(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0));
  // inf - inf and nan - nan are NaN.
  Value difference = n.emit<graph::SubOp>({x, x});
  Value isNan = n.emit<graph::IsNanOp>({difference});
  return {n.emit<graph::LogicalNotOp>({isNan})};
}

template <int sign>
static Values isSignedInfinity(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0));
  return {n.scalar<graph::EqualOp>(
      x, sign * std::numeric_limits<double>::infinity())};
}

/// Rounds to a number of decimals; a negative one counts to the left.
static Values around(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t decimals = n.attributes.getInt("decimals");
  if (!x || !isa<FloatType>(n.element(x)))
    return {x};
  if (std::abs(decimals) > 300)
    return {n.unsupported("decimals", "must be at most 300 either way")};
  double factor = std::pow(10.0, std::abs(decimals));
  if (decimals == 0)
    return {n.emit<graph::RoundEvenOp>({x})};
  Value scaled = decimals > 0 ? n.scalar<graph::MulOp>(x, factor)
                              : n.scalar<graph::DivOp>(x, factor);
  Value whole = n.emit<graph::RoundEvenOp>({scaled});
  return {decimals > 0 ? n.scalar<graph::DivOp>(whole, factor)
                       : n.scalar<graph::MulOp>(whole, factor)};
}

/// The largest number of a float type.
static double getLargest(Type type) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type).getFloatSemantics();
  bool losesInfo;
  APFloat largest = APFloat::getLargest(semantics);
  largest.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
  return largest.convertToDouble();
}

static Values nanToNum(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || !isa<FloatType>(n.element(x)))
    return {x};
  double largest = getLargest(n.element(x));
  constexpr double infinity = std::numeric_limits<double>::infinity();
  auto replace = [&](Value mask, double value) {
    x = n.emit<graph::SelectOp>({mask, n.splatLike(x, value), x});
  };
  auto get = [&](StringRef name, double fallback) {
    return n.attributes.isNone(name) ? fallback : n.attributes.getFloat(name);
  };
  Value isNan = n.emit<graph::IsNanOp>({x});
  Value isHigh = n.scalar<graph::EqualOp>(x, infinity);
  Value isLow = n.scalar<graph::EqualOp>(x, -infinity);
  replace(isNan, n.attributes.getFloat("nan"));
  replace(isHigh, get("posinf", largest));
  replace(isLow, get("neginf", -largest));
  return {x};
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

static Values where(NodeBuilder &n) {
  return {choose(n, n.input(0), n.input(1), n.input(2))};
}

/// One choice is a scalar; the first one if \p isFirst.
template <bool isFirst>
static Values whereScalar(NodeBuilder &n) {
  Value x = n.input(1);
  if (!x)
    return Values(1);
  Value scalar = n.splat({}, n.element(x), n.attributes.getFloat("scalar"));
  return {isFirst ? choose(n, n.input(0), scalar, x)
                  : choose(n, n.input(0), x, scalar)};
}

static Values whereScalars(NodeBuilder &n) {
  Type f32 = n.element(ElementType::F32);
  Value x = n.splat({}, f32, n.attributes.getFloat("x"));
  Value y = n.splat({}, f32, n.attributes.getFloat("y"));
  return {choose(n, n.input(0), x, y)};
}

/// Elements where a mask over some dimensions, from `start_axis` on, holds are
/// replaced by a scalar or by a tensor, whose elements are broadcast.
static Values assignWhere(NodeBuilder &n) {
  Value x = n.input(0), mask = n.input(1), value = n.input(2);
  if (!x || !mask)
    return Values(1);
  int64_t start = n.attributes.getInt("start_axis");
  int64_t rank = n.rank(x), masked = n.rank(mask);
  if (start < 0 || start + masked > rank ||
      n.shape(mask) != n.shape(x).slice(start, masked))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "the mask's shape " + dimsText(n.shape(mask)) +
                       " does not fit the data's, " + dimsText(n.shape(x)))};
  if (n.getInputCount() < 3)
    value = n.splat({}, n.element(x), n.attributes.getFloat("value"));
  else if (!value || n.type(value).getNumElements() != 1)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "can only assign one value: how many elements the mask "
                   "selects is not known when compiling")};
  Value spread = n.broadcastInDims(n.cast(mask, n.element(ElementType::Bool)),
                                   n.shape(x), dimRange(start, start + masked));
  Value filler =
      n.broadcast(n.reshape(n.cast(value, n.element(x)), {}), n.shape(x));
  return {n.emit<graph::SelectOp>({spread, filler, x})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getNumpyElementwiseOperators() {
  static const OperatorRow rows[] = {
      {"_npi_add", "", "lhs rhs", promoted<graph::AddOp>},
      {"_npi_subtract", "", "lhs rhs", promoted<graph::SubOp>},
      {"_npi_multiply", "", "lhs rhs", promoted<graph::MulOp>},
      {"_npi_power", "", "lhs rhs", promoted<graph::PowerOp>},
      {"_npi_mod", "", "lhs rhs", promoted<graph::ModOp>},
      {"_npi_true_divide", "", "lhs rhs", trueDivide},
      {"_npi_arctan2", "", "x1 x2", broadcasting<graph::Atan2Op>},
      {"_npi_copysign", "", "lhs rhs", through<copySign>},
      {"_npi_ldexp", "", "lhs rhs", through<scaleByPowerOfTwo>},
      {"_npi_lcm", "", "lhs rhs", through<leastCommonMultiple>},
      {"_npi_equal", "", "lhs rhs", testing<graph::EqualOp>},
      {"_npi_not_equal", "", "lhs rhs", testing<graph::NotEqualOp>},
      {"_npi_greater", "", "lhs rhs", testing<graph::GreaterOp>},
      {"_npi_greater_equal", "", "lhs rhs", testing<graph::GreaterEqualOp>},
      {"_npi_less", "", "lhs rhs", testing<graph::LessOp>},
      {"_npi_less_equal", "", "lhs rhs", testing<graph::LessEqualOp>},
      {"_npi_bitwise_and", "", "lhs rhs",
       bitwise<graph::BitwiseAndOp, graph::LogicalAndOp>},
      {"_npi_bitwise_or", "", "lhs rhs",
       bitwise<graph::BitwiseOrOp, graph::LogicalOrOp>},
      {"_npi_bitwise_xor", "", "lhs rhs",
       bitwise<graph::BitwiseXorOp, graph::LogicalXorOp>},
      {"_npi_bitwise_not", "", "x", bitwiseNot},
      {"_npi_logical_not", "", "x", logicalNot},
      {"_npi_isnan", "", "x", is<graph::IsNanOp>},
      {"_npi_isinf", "", "x", is<graph::IsInfOp>},
      {"_npi_isfinite", "", "x", isFinite},
      {"_npi_isposinf", "", "x", isSignedInfinity<1>},
      {"_npi_isneginf", "", "x", isSignedInfinity<-1>},
      {"_npi_around", "decimals:int=0", "x", around},
      {"_npi_nan_to_num",
       "copy:bool=True nan:float=0 posinf:float?=None neginf:float?=None",
       "data", nanToNum},
      {"_npi_where", "", "condition x y", where},
      {"_npi_where_lscalar", "scalar:float=0", "condition x",
       whereScalar<true>},
      {"_npi_where_rscalar", "scalar:float=0", "condition y",
       whereScalar<false>},
      {"_npi_where_scalar2", "x:float=0 y:float=0", "condition", whereScalars},
      {"_npi_boolean_mask_assign_scalar", "value:float! start_axis:int=0",
       "data mask", assignWhere},
      {"_npi_boolean_mask_assign_tensor", "start_axis:int=0", "data mask value",
       assignWhere, nullptr, "output", "Of one value."},
  };
  return rows;
}

} // namespace dlc::mxnet
