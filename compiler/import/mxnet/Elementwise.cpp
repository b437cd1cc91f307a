// SPDX-License-Identifier: Apache-2.0
// Operators that work element by element on tensors: unary and binary
// functions, comparisons, activations and casts.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"
#include "compiler/import/mxnet/Random.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Values unary(NodeBuilder &n) {
  return {n.emit<OpTy>({n.input(0)})};
}

/// Integers are whole already.
template <typename OpTy>
static Values rounding(NodeBuilder &n) {
  bool isWhole = n.input(0) && isa<IntegerType>(n.element(n.input(0)));
  return isWhole ? Values{n.input(0)} : unary<OpTy>(n);
}

static Values identity(NodeBuilder &n) { return {n.input(0)}; }

template <int value>
static Values fillLike(NodeBuilder &n) {
  return {n.splatLike(n.input(0), value)};
}

/// \p factor times the input; integers are computed as float64 and truncated.
static Value scaled(NodeBuilder &n, double factor) {
  Value x = n.input(0);
  if (!x)
    return {};
  Type element = n.element(x);
  if (!isa<FloatType>(element))
    x = n.cast(x, n.element(ElementType::F64));
  return n.cast(n.scalar<graph::MulOp>(x, factor), element);
}

static Values degrees(NodeBuilder &n) { return {scaled(n, 180.0 / M_PI)}; }
static Values radians(NodeBuilder &n) { return {scaled(n, M_PI / 180.0)}; }

static Values logicalNot(NodeBuilder &n) {
  Value zero = n.splatLike(n.input(0), 0);
  Value equal = n.emit<graph::EqualOp>({n.input(0), zero});
  return {n.cast(equal, n.element(n.input(0)))};
}

static Values clip(NodeBuilder &n) {
  return {n.emit<graph::ClipOp>(
      {n.input(0)}, {n.attr("min", n.attributes.getFloat("a_min")),
                     n.attr("max", n.attributes.getFloat("a_max"))})};
}

static Values hardSigmoid(NodeBuilder &n) {
  return {n.emit<graph::HardSigmoidOp>(
      {n.input(0)}, {n.attr("alpha", n.attributes.getFloat("alpha")),
                     n.attr("beta", n.attributes.getFloat("beta"))})};
}

static Values castTo(NodeBuilder &n) {
  return {n.cast(n.input(0), n.element(n.attributes.getType("dtype")))};
}

/// Casts all inputs to the widest (or narrowest) of their types.
static Values castTogether(NodeBuilder &n) {
  bool narrow = n.attributes.getBool("cast_narrow");
  Type common;
  for (Value value : n.getInputs()) {
    Type type = n.element(value);
    if (!common || (type.getIntOrFloatBitWidth() <
                    common.getIntOrFloatBitWidth()) == narrow)
      common = type;
  }
  Values results;
  for (Value value : n.getInputs())
    results.push_back(n.cast(value, common));
  return results;
}

static Values activation(NodeBuilder &n) {
  Value x = n.input(0);
  StringRef type = n.attributes.getText("act_type");
  if (type == "relu")
    return {n.emit<graph::ReluOp>({x})};
  if (type == "sigmoid")
    return {n.emit<graph::SigmoidOp>({x})};
  if (type == "tanh")
    return {n.emit<graph::TanhOp>({x})};
  if (type == "softrelu")
    return {n.emit<graph::SoftplusOp>({x})};
  return {n.emit<graph::SoftsignOp>({x})};
}

/// Broadcasts a vector along dimension 1, or the last of a matrix's one.
static Value alongChannels(NodeBuilder &n, Value vector, Value like) {
  if (!vector)
    return {};
  if (n.rank(like) == 0)
    return n.fail(DiagnosticCode::ShapeMismatch, "needs no scalar");
  int64_t channel = n.rank(like) > 1 ? 1 : 0;
  int64_t length = n.type(vector).getNumElements();
  if (length != 1 && length != n.shape(like)[channel])
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "'gamma' has " + Twine(length) + " elements, but the data " +
                      dimsText(n.shape(like)) + " has " +
                      Twine(n.shape(like)[channel]) + " channels");
  return n.broadcastInDims(n.reshape(vector, {length}), n.shape(like),
                           {channel});
}

static Values leakyRelu(NodeBuilder &n) {
  Value x = n.input("data");
  StringRef type = n.attributes.getText("act_type");
  double slope = n.attributes.getFloat("slope");
  if (type == "gelu")
    return {n.emit<graph::GeluOp>({x})};
  if (type == "selu")
    return {n.emit<graph::SeluOp>({x})};
  if (type == "elu")
    return {n.emit<graph::EluOp>({x}, {n.attr("alpha", slope)})};
  if (type == "prelu") {
    Value gamma = alongChannels(n, n.input("gamma"), x);
    Value scaled = n.binary<graph::MulOp>(x, gamma);
    Value positive = n.emit<graph::GreaterOp>({x, n.splatLike(x, 0)});
    return {n.emit<graph::SelectOp>({positive, x, scaled})};
  }
  if (type == "rrelu") // Random in training; the mean slope in inference.
    slope = (n.attributes.getFloat("lower_bound") +
             n.attributes.getFloat("upper_bound")) /
            2;
  return {n.emit<graph::LeakyReluOp>({x}, {n.attr("slope", slope)})};
}

static std::optional<Shape> inferGamma(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  if (index != 1 || !x || n.rank(x) == 0)
    return std::nullopt;
  return Shape{n.shape(x)[n.rank(x) > 1 ? 1 : 0]};
}

/// 0.5 (s x)^2 where |x| < 1 / s^2, |x| - 0.5 / s^2 elsewhere.
static Values smoothL1(NodeBuilder &n) {
  Value x = n.input(0);
  double square = n.attributes.getFloat("scalar");
  square *= square;
  Value magnitude = n.emit<graph::AbsOp>({x});
  Value quadratic =
      n.scalar<graph::MulOp>(n.emit<graph::SquareOp>({x}), 0.5 * square);
  Value linear = n.scalar<graph::SubOp>(magnitude, 0.5 / square);
  Value isSmall = n.scalar<graph::LessOp>(magnitude, 1.0 / square);
  return {n.emit<graph::SelectOp>({isSmall, quadratic, linear})};
}

/// Drops elements at random if it always does; all along `axes` at once.
static Values dropout(NodeBuilder &n) {
  Value x = n.input(0);
  double chance = n.attributes.getFloat("p");
  if (!x || n.attributes.getText("mode") != "always" || chance <= 0)
    return {x};
  std::optional<Shape> axes = n.axes(n.getShape("axes"), n.rank(x));
  if (!axes)
    return Values(1);
  if (chance >= 1)
    return {n.splatLike(x, 0)};
  Shape shape(n.shape(x));
  for (int64_t axis : *axes)
    shape[axis] = 1;
  Value u = Random(n).uniform(shape, n.element(ElementType::F32));
  Value isKept = n.scalar<graph::GreaterEqualOp>(u, chance);
  Value scaled = n.scalar<graph::MulOp>(x, 1 / (1 - chance));
  return {choose(n, isKept, scaled, n.splatLike(x, 0))};
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

/// Both operands of an elementwise operator have the same shape.
static std::optional<Shape> inferSame(NodeBuilder &n, size_t index) {
  for (Value other : n.getInputs())
    if (other)
      return Shape(n.shape(other));
  return n.getResultShape();
}

static bool checkSameShapes(NodeBuilder &n) {
  for (Value value : n.getInputs()) {
    if (!value || !n.input(0))
      return false;
    if (n.shape(value) != n.shape(n.input(0))) {
      n.fail(DiagnosticCode::ShapeMismatch,
             "the shapes " + dimsText(n.shape(n.input(0))) + " and " +
                 dimsText(n.shape(value)) +
                 " differ; use the broadcast_ form of the operator to combine "
                 "them");
      return false;
    }
  }
  return true;
}

template <typename OpTy>
static Values broadcasting(NodeBuilder &n) {
  return {n.binary<OpTy>(n.input(0), n.input(1))};
}

template <typename OpTy>
static Values matching(NodeBuilder &n) {
  return checkSameShapes(n) ? broadcasting<OpTy>(n) : Values(1);
}

/// MXNet's comparisons return 0 and 1 in the type of their operands.
template <typename OpTy>
static Values comparing(NodeBuilder &n) {
  Value result = n.binary<OpTy>(n.input(0), n.input(1));
  return {result ? n.cast(result, n.element(n.input(0))) : result};
}

template <typename OpTy>
static Values comparingMatching(NodeBuilder &n) {
  return checkSameShapes(n) ? comparing<OpTy>(n) : Values(1);
}

template <typename OpTy>
static Values logical(NodeBuilder &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  if (!lhs || !rhs)
    return Values(1);
  Type i1 = n.element(ElementType::Bool);
  Value result = n.binary<OpTy>(n.cast(lhs, i1), n.cast(rhs, i1));
  return {n.cast(result, n.element(lhs))};
}

template <typename OpTy>
static Values logicalMatching(NodeBuilder &n) {
  return checkSameShapes(n) ? logical<OpTy>(n) : Values(1);
}

static Values sumOfAll(NodeBuilder &n) {
  if (!checkSameShapes(n))
    return Values(1);
  Value sum = n.input(0);
  for (Value value : n.getInputs().drop_front())
    sum = n.binary<graph::AddOp>(sum, value);
  return {sum};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getElementwiseOperators() {
  static const OperatorRow rows[] = {
      {"relu _npx_relu", "", "data", unary<graph::ReluOp>},
      {"sigmoid _npx_sigmoid", "", "data", unary<graph::SigmoidOp>},
      {"tanh _npi_tanh", "", "data", unary<graph::TanhOp>},
      {"softsign", "", "data", unary<graph::SoftsignOp>},
      {"exp _npi_exp", "", "data", unary<graph::ExpOp>},
      {"log _npi_log", "", "data", unary<graph::LogOp>},
      {"log2 _npi_log2", "", "data", unary<graph::Log2Op>},
      {"log10 _npi_log10", "", "data", unary<graph::Log10Op>},
      {"log1p _npi_log1p", "", "data", unary<graph::Log1pOp>},
      {"expm1 _npi_expm1", "", "data", unary<graph::Expm1Op>},
      {"sqrt _npi_sqrt", "", "data", unary<graph::SqrtOp>},
      {"rsqrt", "", "data", unary<graph::RsqrtOp>},
      {"cbrt _npi_cbrt", "", "data", unary<graph::CbrtOp>},
      {"rcbrt", "", "data", unary<graph::RcbrtOp>},
      {"square _npi_square", "", "data", unary<graph::SquareOp>},
      {"abs _npx_abs _npi_abs _npi_absolute", "", "data", unary<graph::AbsOp>},
      {"sign _npi_sign _contrib_sign_ste", "", "data", unary<graph::SignOp>},
      {"round _contrib_round_ste", "", "data", rounding<graph::RoundOp>},
      {"rint _npi_rint", "", "data", rounding<graph::RintOp>},
      {"floor _npi_floor", "", "data", rounding<graph::FloorOp>},
      {"ceil _npi_ceil", "", "data", rounding<graph::CeilOp>},
      {"trunc fix _npi_trunc _npi_fix", "", "data", rounding<graph::TruncOp>},
      {"sin _npi_sin", "", "data", unary<graph::SinOp>},
      {"cos _npi_cos", "", "data", unary<graph::CosOp>},
      {"tan _npi_tan", "", "data", unary<graph::TanOp>},
      {"arcsin _npi_arcsin", "", "data", unary<graph::AsinOp>},
      {"arccos _npi_arccos", "", "data", unary<graph::AcosOp>},
      {"arctan _npi_arctan", "", "data", unary<graph::AtanOp>},
      {"sinh _npi_sinh", "", "data", unary<graph::SinhOp>},
      {"cosh _npi_cosh", "", "data", unary<graph::CoshOp>},
      {"arcsinh _npi_arcsinh", "", "data", unary<graph::AsinhOp>},
      {"arccosh _npi_arccosh", "", "data", unary<graph::AcoshOp>},
      {"arctanh _npi_arctanh", "", "data", unary<graph::AtanhOp>},
      {"erf _npx_erf", "", "data", unary<graph::ErfOp>},
      {"erfinv _npx_erfinv", "", "data", unary<graph::ErfinvOp>},
      {"gamma _npx_gamma", "", "data", unary<graph::GammaOp>},
      {"gammaln _npx_gammaln", "", "data", unary<graph::GammalnOp>},
      {"reciprocal _npi_reciprocal", "", "data", unary<graph::ReciprocalOp>},
      {"negative _np_negative _npi_negative", "", "data", unary<graph::NegOp>},
      {"logical_not", "", "data", logicalNot},
      {"degrees _npi_degrees", "", "data", degrees},
      {"radians _npi_radians", "", "data", radians},
      {"_copy identity _np_copy _copyto _npi_copyto _CrossDeviceCopy", "",
       "data", identity},
      {"_identity_with_attr_like_rhs", "", "lhs rhs~", identity},
      {"BlockGrad stop_gradient", "", "data", identity},
      {"zeros_like", "", "data", fillLike<0>},
      {"ones_like", "", "data", fillLike<1>},
      {"clip _npi_clip", "a_min:float! a_max:float!", "data", clip},
      {"hard_sigmoid", "alpha:float=0.2 beta:float=0.5", "data", hardSigmoid},
      {"Cast cast _npi_cast _npx_cast", "dtype:dtype!", "data", castTo},
      {"amp_cast", "dtype:dtype!", "data", castTo},
      {"amp_multicast", "num_outputs:count! cast_narrow:bool=False", "data*",
       castTogether, nullptr, "output#num_outputs"},
      {"Activation _npx_activation",
       "act_type:{relu|sigmoid|softrelu|softsign|tanh}!", "data", activation},
      {"LeakyReLU _npx_leaky_relu",
       "act_type:{elu|gelu|leaky|prelu|rrelu|selu}=leaky slope:float=0.25 "
       "lower_bound:float=0.125 upper_bound:float=0.334",
       "data gamma[act_type=prelu]", leakyRelu, inferGamma},
      {"smooth_l1 _npx_smooth_l1", "scalar:float=1", "data", smoothL1},
      {"Dropout _npx_dropout",
       "p:float=0.5 mode:{always|training}=training axes:shape=()", "data",
       dropout, nullptr, "output",
       "Nothing but in mode always, which depends on the input `random_seed`."},

      {"elemwise_add _plus _Plus _add _grad_add", "", "lhs rhs",
       matching<graph::AddOp>, inferSame},
      {"elemwise_sub _minus _Minus _sub", "", "lhs rhs", matching<graph::SubOp>,
       inferSame},
      {"elemwise_mul _mul _Mul", "", "lhs rhs", matching<graph::MulOp>,
       inferSame},
      {"elemwise_div _div _Div _scatter_elemwise_div", "", "lhs rhs",
       matching<graph::DivOp>, inferSame},
      {"_mod _Mod", "", "lhs rhs", matching<graph::ModOp>, inferSame},
      {"_power _Power", "", "lhs rhs", matching<graph::PowerOp>, inferSame},
      {"_maximum _Maximum", "", "lhs rhs", matching<graph::MaximumOp>,
       inferSame},
      {"_minimum _Minimum", "", "lhs rhs", matching<graph::MinimumOp>,
       inferSame},
      {"_hypot _Hypot", "", "lhs rhs", matching<graph::HypotOp>, inferSame},
      {"_equal _Equal", "", "lhs rhs", comparingMatching<graph::EqualOp>,
       inferSame},
      {"_not_equal _Not_Equal", "", "lhs rhs",
       comparingMatching<graph::NotEqualOp>, inferSame},
      {"_greater _Greater", "", "lhs rhs", comparingMatching<graph::GreaterOp>,
       inferSame},
      {"_greater_equal _Greater_Equal", "", "lhs rhs",
       comparingMatching<graph::GreaterEqualOp>, inferSame},
      {"_lesser _Lesser", "", "lhs rhs", comparingMatching<graph::LessOp>,
       inferSame},
      {"_lesser_equal _Lesser_Equal", "", "lhs rhs",
       comparingMatching<graph::LessEqualOp>, inferSame},
      {"_logical_and _Logical_And", "", "lhs rhs",
       logicalMatching<graph::LogicalAndOp>, inferSame},
      {"_logical_or _Logical_Or", "", "lhs rhs",
       logicalMatching<graph::LogicalOrOp>, inferSame},
      {"_logical_xor _Logical_Xor", "", "lhs rhs",
       logicalMatching<graph::LogicalXorOp>, inferSame},
      {"add_n ElementWiseSum", "num_args:count=1", "args*", sumOfAll,
       inferSame},

      {"broadcast_add broadcast_plus", "", "lhs rhs",
       broadcasting<graph::AddOp>},
      {"broadcast_sub broadcast_minus", "", "lhs rhs",
       broadcasting<graph::SubOp>},
      {"broadcast_mul", "", "lhs rhs", broadcasting<graph::MulOp>},
      {"broadcast_div", "", "lhs rhs", broadcasting<graph::DivOp>},
      {"broadcast_mod", "", "lhs rhs", broadcasting<graph::ModOp>},
      {"broadcast_power", "", "lhs rhs", broadcasting<graph::PowerOp>},
      {"broadcast_maximum _npi_maximum", "", "lhs rhs",
       broadcasting<graph::MaximumOp>},
      {"broadcast_minimum _npi_minimum", "", "lhs rhs",
       broadcasting<graph::MinimumOp>},
      {"broadcast_hypot _npi_hypot", "", "lhs rhs",
       broadcasting<graph::HypotOp>},
      {"broadcast_equal", "", "lhs rhs", comparing<graph::EqualOp>},
      {"broadcast_not_equal", "", "lhs rhs", comparing<graph::NotEqualOp>},
      {"broadcast_greater", "", "lhs rhs", comparing<graph::GreaterOp>},
      {"broadcast_greater_equal", "", "lhs rhs",
       comparing<graph::GreaterEqualOp>},
      {"broadcast_lesser", "", "lhs rhs", comparing<graph::LessOp>},
      {"broadcast_lesser_equal", "", "lhs rhs", comparing<graph::LessEqualOp>},
      {"broadcast_logical_and", "", "lhs rhs", logical<graph::LogicalAndOp>},
      {"broadcast_logical_or", "", "lhs rhs", logical<graph::LogicalOrOp>},
      {"broadcast_logical_xor", "", "lhs rhs", logical<graph::LogicalXorOp>},
  };
  return rows;
}

} // namespace dlc::mxnet
