// SPDX-License-Identifier: Apache-2.0
// Operators that combine a tensor with a scalar attribute.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// The data in the type that the operator computes in: a fraction makes
/// integers float64, a whole number booleans int64.
static Value getData(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || isa<FloatType>(n.element(x)))
    return x;
  if (!n.attributes.getBool("is_int"))
    return n.cast(x, n.element(ElementType::F64));
  return n.element(x).isInteger(1) ? n.cast(x, n.element(ElementType::I64)) : x;
}

static Value getScalar(NodeBuilder &n, Value like) {
  return n.splatLike(like, n.attributes.getFloat("scalar"));
}

template <typename OpTy>
static Values withScalar(NodeBuilder &n) {
  Value x = getData(n);
  return {n.emit<OpTy>({x, getScalar(n, x)})};
}

template <typename OpTy>
static Values reversed(NodeBuilder &n) {
  Value x = getData(n);
  return {n.emit<OpTy>({getScalar(n, x), x})};
}

/// Gives 0 and 1 in the type of the data.
template <typename OpTy>
static Values comparing(NodeBuilder &n) {
  Value x = getData(n);
  Value result = n.emit<OpTy>({x, getScalar(n, x)});
  return {result ? n.cast(result, n.element(x)) : result};
}

template <typename OpTy>
static Values logical(NodeBuilder &n) {
  Value x = getData(n);
  if (!x)
    return Values(1);
  Type i1 = n.element(ElementType::Bool);
  Value result = n.emit<OpTy>({n.cast(x, i1), n.cast(getScalar(n, x), i1)});
  return {n.cast(result, n.element(x))};
}

//===----------------------------------------------------------------------===//
// What only numpy's operators have
//===----------------------------------------------------------------------===//

/// Numpy's comparisons give booleans. A boolean is compared with the boolean
/// that the scalar is.
template <typename OpTy>
static Values testing(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || !n.element(x).isInteger(1)) {
    x = getData(n);
    return {n.emit<OpTy>({x, getScalar(n, x)})};
  }
  bool isTrue = n.attributes.getFloat("scalar") != 0;
  return {n.scalar<OpTy>(n.cast(x, n.element(ElementType::I32)), isTrue)};
}

/// Divides integers as float32.
static Value getDividend(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || isa<FloatType>(n.element(x)))
    return x;
  return n.cast(x, n.element(ElementType::F32));
}

static Values trueDivide(NodeBuilder &n) {
  Value x = getDividend(n);
  return {n.emit<graph::DivOp>({x, getScalar(n, x)})};
}

static Values trueDivideBy(NodeBuilder &n) {
  Value x = getDividend(n);
  return {n.emit<graph::DivOp>({getScalar(n, x), x})};
}

/// Bit by bit, in the type of the data whatever the scalar is.
template <typename BitOp, typename BoolOp>
static Values bitwise(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  return {n.element(x).isInteger(1) ? n.emit<BoolOp>({x, getScalar(n, x)})
                                    : n.emit<BitOp>({x, getScalar(n, x)})};
}

template <Value (*build)(NodeBuilder &, Value, Value), bool isReversed>
static Values through(NodeBuilder &n) {
  Value x = getData(n), scalar = getScalar(n, x);
  return {isReversed ? build(n, scalar, x) : build(n, x, scalar)};
}

static constexpr llvm::StringLiteral scalarSpec =
    "scalar:float=1 is_int:bool=True";

ArrayRef<OperatorRow> getScalarOperators() {
  static const OperatorRow rows[] = {
      {"_plus_scalar _PlusScalar _scatter_plus_scalar _npi_add_scalar",
       scalarSpec, "data", withScalar<graph::AddOp>},
      {"_minus_scalar _MinusScalar _scatter_minus_scalar _npi_subtract_scalar",
       scalarSpec, "data", withScalar<graph::SubOp>},
      {"_rminus_scalar _RMinusScalar _npi_rsubtract_scalar", scalarSpec, "data",
       reversed<graph::SubOp>},
      {"_mul_scalar _MulScalar _npi_multiply_scalar", scalarSpec, "data",
       withScalar<graph::MulOp>},
      {"_div_scalar _DivScalar", scalarSpec, "data", withScalar<graph::DivOp>},
      {"_rdiv_scalar _RDivScalar", scalarSpec, "data", reversed<graph::DivOp>},
      {"_mod_scalar _ModScalar _npi_mod_scalar", scalarSpec, "data",
       withScalar<graph::ModOp>},
      {"_rmod_scalar _RModScalar _npi_rmod_scalar", scalarSpec, "data",
       reversed<graph::ModOp>},
      {"_power_scalar _PowerScalar _npi_power_scalar", scalarSpec, "data",
       withScalar<graph::PowerOp>},
      {"_rpower_scalar _RPowerScalar _npi_rpower_scalar", scalarSpec, "data",
       reversed<graph::PowerOp>},
      {"_maximum_scalar _MaximumScalar _npi_maximum_scalar", scalarSpec, "data",
       withScalar<graph::MaximumOp>},
      {"_minimum_scalar _MinimumScalar _npi_minimum_scalar", scalarSpec, "data",
       withScalar<graph::MinimumOp>},
      {"_hypot_scalar _HypotScalar _npi_hypot_scalar", scalarSpec, "data",
       withScalar<graph::HypotOp>},
      {"_equal_scalar _EqualScalar", scalarSpec, "data",
       comparing<graph::EqualOp>},
      {"_not_equal_scalar _NotEqualScalar", scalarSpec, "data",
       comparing<graph::NotEqualOp>},
      {"_greater_scalar _GreaterScalar", scalarSpec, "data",
       comparing<graph::GreaterOp>},
      {"_greater_equal_scalar _GreaterEqualScalar", scalarSpec, "data",
       comparing<graph::GreaterEqualOp>},
      {"_lesser_scalar _LesserScalar", scalarSpec, "data",
       comparing<graph::LessOp>},
      {"_lesser_equal_scalar _LesserEqualScalar", scalarSpec, "data",
       comparing<graph::LessEqualOp>},
      {"_logical_and_scalar _LogicalAndScalar", scalarSpec, "data",
       logical<graph::LogicalAndOp>},
      {"_logical_or_scalar _LogicalOrScalar", scalarSpec, "data",
       logical<graph::LogicalOrOp>},
      {"_logical_xor_scalar _LogicalXorScalar", scalarSpec, "data",
       logical<graph::LogicalXorOp>},
      {"_contrib_gradientmultiplier", scalarSpec, "data",
       [](NodeBuilder &n) -> Values { return {n.input(0)}; }},

      {"_npi_true_divide_scalar", scalarSpec, "data", trueDivide},
      {"_npi_rtrue_divide_scalar", scalarSpec, "data", trueDivideBy},
      {"_npi_equal_scalar", scalarSpec, "data", testing<graph::EqualOp>},
      {"_npi_not_equal_scalar", scalarSpec, "data", testing<graph::NotEqualOp>},
      {"_npi_greater_scalar", scalarSpec, "data", testing<graph::GreaterOp>},
      {"_npi_greater_equal_scalar", scalarSpec, "data",
       testing<graph::GreaterEqualOp>},
      {"_npi_less_scalar", scalarSpec, "data", testing<graph::LessOp>},
      {"_npi_less_equal_scalar", scalarSpec, "data",
       testing<graph::LessEqualOp>},
      {"_npi_bitwise_and_scalar", scalarSpec, "data",
       bitwise<graph::BitwiseAndOp, graph::LogicalAndOp>},
      {"_npi_bitwise_or_scalar", scalarSpec, "data",
       bitwise<graph::BitwiseOrOp, graph::LogicalOrOp>},
      {"_npi_bitwise_xor_scalar", scalarSpec, "data",
       bitwise<graph::BitwiseXorOp, graph::LogicalXorOp>},
      {"_npi_arctan2_scalar", scalarSpec, "data", withScalar<graph::Atan2Op>},
      {"_npi_rarctan2_scalar", scalarSpec, "data", reversed<graph::Atan2Op>},
      {"_npi_copysign_scalar", scalarSpec, "data", through<copySign, false>},
      {"_npi_rcopysign_scalar", scalarSpec, "data", through<copySign, true>},
      {"_npi_ldexp_scalar", scalarSpec, "data",
       through<scaleByPowerOfTwo, false>},
      {"_npi_rldexp_scalar", scalarSpec, "data",
       through<scaleByPowerOfTwo, true>},
      {"_npi_lcm_scalar", scalarSpec, "data",
       through<leastCommonMultiple, false>},
  };
  return rows;
}

} // namespace dlc::mxnet
