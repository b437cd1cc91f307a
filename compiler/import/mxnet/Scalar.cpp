// SPDX-License-Identifier: Apache-2.0
// Operators that combine a tensor with a scalar attribute.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

static Value getScalar(NodeBuilder &n) {
  return n.splatLike(n.input(0), n.attributes.getFloat("scalar"));
}

template <typename OpTy>
static Values withScalar(NodeBuilder &n) {
  return {n.emit<OpTy>({n.input(0), getScalar(n)})};
}

template <typename OpTy>
static Values reversed(NodeBuilder &n) {
  return {n.emit<OpTy>({getScalar(n), n.input(0)})};
}

template <typename OpTy>
static Values comparing(NodeBuilder &n) {
  Value result = n.emit<OpTy>({n.input(0), getScalar(n)});
  return {result ? n.cast(result, n.element(n.input(0))) : result};
}

template <typename OpTy>
static Values logical(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  Type i1 = n.element(ElementType::Bool);
  Value result =
      n.emit<OpTy>({n.cast(n.input(0), i1), n.cast(getScalar(n), i1)});
  return {n.cast(result, n.element(n.input(0)))};
}

static constexpr llvm::StringLiteral scalarSpec =
    "scalar:float=1 is_int:bool=True";

ArrayRef<OperatorRow> getScalarOperators() {
  static const OperatorRow rows[] = {
      {"_plus_scalar _PlusScalar _scatter_plus_scalar", scalarSpec, "data",
       withScalar<graph::AddOp>},
      {"_minus_scalar _MinusScalar _scatter_minus_scalar", scalarSpec, "data",
       withScalar<graph::SubOp>},
      {"_rminus_scalar _RMinusScalar", scalarSpec, "data",
       reversed<graph::SubOp>},
      {"_mul_scalar _MulScalar", scalarSpec, "data", withScalar<graph::MulOp>},
      {"_div_scalar _DivScalar", scalarSpec, "data", withScalar<graph::DivOp>},
      {"_rdiv_scalar _RDivScalar", scalarSpec, "data", reversed<graph::DivOp>},
      {"_mod_scalar _ModScalar", scalarSpec, "data", withScalar<graph::ModOp>},
      {"_rmod_scalar _RModScalar", scalarSpec, "data", reversed<graph::ModOp>},
      {"_power_scalar _PowerScalar", scalarSpec, "data",
       withScalar<graph::PowerOp>},
      {"_rpower_scalar _RPowerScalar", scalarSpec, "data",
       reversed<graph::PowerOp>},
      {"_maximum_scalar _MaximumScalar", scalarSpec, "data",
       withScalar<graph::MaximumOp>},
      {"_minimum_scalar _MinimumScalar", scalarSpec, "data",
       withScalar<graph::MinimumOp>},
      {"_hypot_scalar _HypotScalar", scalarSpec, "data",
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
  };
  return rows;
}

} // namespace dlc::mxnet
