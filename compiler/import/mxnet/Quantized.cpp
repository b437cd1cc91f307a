// SPDX-License-Identifier: Apache-2.0
// Layers on 8-bit integers, each with the range of real numbers that it stands
// for: two tensors of one element beside it. The arithmetic is that of MXNet's
// CPU builds: conversions, sums and biases, which oneDNN computes, take 127.5
// and 255.5 steps to a range, the ranges of products 127 and 255.
#include "compiler/import/mxnet/Layers.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// How many steps of a conversion \p type has on one side of 0.
static double getSteps(Type type) {
  return type.isUnsignedInteger() ? 255.5 : 127.5;
}

/// The same for the range of a product.
static double getProductSteps(Type type) {
  return type.isUnsignedInteger() ? 255 : 127;
}

/// The larger magnitude of two bounds, as a scalar tensor.
static Value getMagnitude(NodeBuilder &n, Value low, Value high) {
  if (!low || !high)
    return {};
  Value bound = n.emit<graph::MaximumOp>(
      {n.emit<graph::AbsOp>({low}), n.emit<graph::AbsOp>({high})});
  return n.reshape(bound, {});
}

static Value scalarOf(NodeBuilder &n, double value) {
  return n.splat({}, n.element(ElementType::F32), value);
}

/// A bound as MXNet gives it: one element.
static Value bound(NodeBuilder &n, Value scalar) {
  return n.reshape(scalar, {1});
}

static Value negated(NodeBuilder &n, Value x) {
  return n.emit<graph::NegOp>({x});
}

/// Whether the node has calibrated bounds.
static bool isCalibrated(NodeBuilder &n) {
  return !n.attributes.isNone("min_calib_range") &&
         !n.attributes.isNone("max_calib_range");
}

/// 8-bit integers as int32.
static Value widen(NodeBuilder &n, Value x) {
  return n.cast(x, n.element(ElementType::I32));
}

/// Rounds reals, half to even, to what \p type holds.
static Value saturate(NodeBuilder &n, Value x, Type type) {
  double low = type.isUnsignedInteger() ? 0 : -128;
  double high = type.isUnsignedInteger() ? 255 : 127;
  Value whole = n.emit<graph::RoundEvenOp>({x});
  Value inside =
      n.emit<graph::ClipOp>({whole}, {n.attr("min", low), n.attr("max", high)});
  return n.cast(n.cast(inside, n.element(ElementType::I32)), type);
}

/// x times \p factor, a scalar tensor.
static Value scaledBy(NodeBuilder &n, Value x, Value factor) {
  return n.binary<graph::MulOp>(x, factor);
}

static Value ratio(NodeBuilder &n, Value x, Value y) {
  return n.emit<graph::DivOp>({x, y});
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// Reals of a magnitude as 8-bit integers of \p type.
static Value toBytes(NodeBuilder &n, Value x, Value magnitude, Type type) {
  return saturate(
      n, scaledBy(n, x, ratio(n, scalarOf(n, getSteps(type)), magnitude)),
      type);
}

/// The type that `out_type` names; 'auto' is unsigned if \p low is at least 0.
static Type getOutType(NodeBuilder &n, double low) {
  StringRef name = n.attributes.getText("out_type");
  bool isUnsigned = name == "uint8" || (name == "auto" && low >= 0);
  return n.element(isUnsigned ? ElementType::U8 : ElementType::I8);
}

static Values quantizeV2(NodeBuilder &n) {
  Value x = n.input(0), low, high;
  if (!x)
    return Values(3);
  bool calibrated = isCalibrated(n);
  double calibratedLow = n.attributes.getFloat("min_calib_range");
  Type type = getOutType(n, calibrated ? calibratedLow : -1);
  if (calibrated) {
    low = scalarOf(n, calibratedLow);
    high = scalarOf(n, n.attributes.getFloat("max_calib_range"));
  } else {
    Shape all = dimRange(0, n.rank(x));
    low = n.reshape(n.reduce<graph::ReduceMinOp>(x, all, false), {});
    high = n.reshape(n.reduce<graph::ReduceMaxOp>(x, all, false), {});
  }
  Value magnitude = getMagnitude(n, low, high);
  Value bytes = toBytes(n, x, magnitude, type);
  if (type.isUnsignedInteger())
    return {bytes, bound(n, low), bound(n, high)};
  return {bytes, bound(n, negated(n, magnitude)), bound(n, magnitude)};
}

/// Reals of a magnitude as integers with 127 or 255 steps, half away from zero:
/// what MXNet itself does, without oneDNN.
static Value toWholeSteps(NodeBuilder &n, Value x, Value magnitude, Type type) {
  double limit = getProductSteps(type);
  Value steps = scaledBy(n, x, ratio(n, scalarOf(n, limit), magnitude));
  Value clipped = n.emit<graph::ClipOp>(
      {n.emit<graph::RoundOp>({steps})},
      {n.attr("min", type.isUnsignedInteger() ? 0.0 : -limit),
       n.attr("max", limit)});
  return n.cast(n.cast(clipped, n.element(ElementType::I32)), type);
}

/// The same with bounds that are tensors.
static Values quantize(NodeBuilder &n) {
  Value x = n.input(0), low = n.input(1), high = n.input(2);
  Value magnitude = getMagnitude(n, low, high);
  if (!x || !magnitude)
    return Values(3);
  Type type = getOutType(n, -1);
  Value bytes = toWholeSteps(n, x, magnitude, type);
  if (type.isUnsignedInteger())
    return {bytes, low, high};
  return {bytes, bound(n, negated(n, magnitude)), bound(n, magnitude)};
}

/// \p x, 8-bit integers of a magnitude, as reals.
static Value toReals(NodeBuilder &n, Value x, Value magnitude) {
  if (!x)
    return {};
  Value steps = scalarOf(n, getSteps(n.element(x)));
  return scaledBy(n, n.cast(x, n.element(ElementType::F32)),
                  ratio(n, magnitude, steps));
}

static Values dequantize(NodeBuilder &n) {
  return {toReals(n, n.input(0), getMagnitude(n, n.input(1), n.input(2)))};
}

/// Sums of products, whose range int32 covers, as 8-bit integers.
static Values requantize(NodeBuilder &n) {
  Value x = n.input(0), magnitude = getMagnitude(n, n.input(1), n.input(2));
  if (!x || !magnitude)
    return Values(3);
  Value scale = ratio(n, magnitude, scalarOf(n, double(INT32_MAX)));
  Value real = scaledBy(n, n.cast(x, n.element(ElementType::F32)), scale);
  Value target;
  if (isCalibrated(n)) {
    target = scalarOf(
        n, std::max(std::abs(n.attributes.getFloat("min_calib_range")),
                    std::abs(n.attributes.getFloat("max_calib_range"))));
  } else {
    Shape all = dimRange(0, n.rank(x));
    Value size = n.emit<graph::AbsOp>({real});
    target = n.reshape(n.reduce<graph::ReduceMaxOp>(size, all, false), {});
  }
  Type type = getOutType(
      n, isCalibrated(n) ? n.attributes.getFloat("min_calib_range") : -1);
  Value low = type.isUnsignedInteger() ? scalarOf(n, 0) : negated(n, target);
  return {toWholeSteps(n, real, target, type), bound(n, low), bound(n, target)};
}

//===----------------------------------------------------------------------===//
// Layers of products
//===----------------------------------------------------------------------===//

/// The bounds that 2^31 - 1 stands for in sums of products of \p lhsType and
/// \p rhsType.
static std::pair<Value, Value> getProductRange(NodeBuilder &n, Value lhs,
                                               Type lhsType, Value rhs,
                                               Type rhsType) {
  Value lhsStep = ratio(n, lhs, scalarOf(n, getProductSteps(lhsType)));
  Value rhsStep = ratio(n, rhs, scalarOf(n, getProductSteps(rhsType)));
  Value limit =
      n.scalar<graph::MulOp>(scaledBy(n, lhsStep, rhsStep), double(INT32_MAX));
  return {bound(n, negated(n, limit)), bound(n, limit)};
}

static Values fullyConnected(NodeBuilder &n) {
  Value x = n.input("data"), weight = n.input("weight");
  Value data = getMagnitude(n, n.input("min_data"), n.input("max_data"));
  Value scale = getMagnitude(n, n.input("min_weight"), n.input("max_weight"));
  if (!x || !weight || !data || !scale)
    return Values(3);
  Value bias;
  if (!n.attributes.getBool("no_bias")) {
    // The bias has a range of its own; its fraction is dropped.
    Value own = getMagnitude(n, n.input("min_bias"), n.input("max_bias"));
    Value from = ratio(n, own, scalarOf(n, 127.5));
    Value to = ratio(n, scalarOf(n, getSteps(n.element(x))), data);
    to = scaledBy(n, to, ratio(n, scalarOf(n, 127.5), scale));
    Value real = n.cast(n.input("bias"), n.element(ElementType::F32));
    bias = widen(n, scaledBy(n, real, scaledBy(n, from, to)));
  }
  Value sum = connectFully(n, x, weight, bias, /*isWide=*/true);
  auto [low, high] =
      getProductRange(n, data, n.element(x), scale, n.element(weight));
  return {sum, low, high};
}

/// The bias counts in the sums' own steps.
static Values convolution(NodeBuilder &n) {
  Value x = n.input("data"), weight = n.input("weight");
  Value data = getMagnitude(n, n.input("min_data"), n.input("max_data"));
  Value scale = getMagnitude(n, n.input("min_weight"), n.input("max_weight"));
  if (!x || !weight || !data || !scale)
    return Values(3);
  Value bias =
      n.attributes.getBool("no_bias") ? Value() : widen(n, n.input("bias"));
  Value sum = convolve(n, x, weight, bias, /*isWide=*/true);
  auto [low, high] = getProductRange(n, data, n.element(ElementType::I8), scale,
                                     n.element(weight));
  return {sum, low, high};
}

//===----------------------------------------------------------------------===//
// Layers that keep the range
//===----------------------------------------------------------------------===//

static Values act(NodeBuilder &n) {
  Value x = n.input(0);
  if (n.attributes.getText("act_type") != "relu")
    return {n.unsupported("act_type", "only 'relu' works on integers"), {}, {}};
  if (x && n.element(x).isUnsignedInteger())
    return {
        n.fail(DiagnosticCode::TypeMismatch, "needs signed integers"), {}, {}};
  return {n.emit<graph::ReluOp>({x}), n.input(1), n.input(2)};
}

static Values flatten(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0)
    return Values(3);
  int64_t first = n.shape(x)[0];
  return {n.reshape(x, {first, first ? n.type(x).getNumElements() / first : 0}),
          n.input(1), n.input(2)};
}

/// Averages are rounded to the nearest integer.
static Values pooling(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(3);
  Value real = n.cast(x, n.element(ElementType::F32));
  Value pooled = poolWindows(n, real);
  return {pooled ? saturate(n, pooled, n.element(x)) : pooled, n.input(1),
          n.input(2)};
}

static Values embedding(NodeBuilder &n) {
  return {
      n.emit<graph::GatherOp>({n.input("weight"), n.input("data")},
                              {n.attr("axis", int64_t(0)),
                               n.word<graph::IndexModeAttr>("mode", "clip")}),
      n.input("min_weight"), n.input("max_weight")};
}

//===----------------------------------------------------------------------===//
// Layers of several ranges
//===----------------------------------------------------------------------===//

/// All parts in the range that covers theirs; then a pair of bounds a part.
static Values concat(NodeBuilder &n) {
  int64_t count = n.attributes.getInt("num_args");
  if (int64_t(n.getInputCount()) != 3 * count)
    return {n.fail(DiagnosticCode::WrongInputCount,
                   "needs two bounds for each part"),
            {},
            {}};
  Value low, high;
  for (int64_t i = 0; i < count; ++i) {
    Value from = n.input(count + 2 * i), to = n.input(count + 2 * i + 1);
    low = low ? n.binary<graph::MinimumOp>(low, from) : from;
    high = high ? n.binary<graph::MaximumOp>(high, to) : to;
  }
  Value whole = getMagnitude(n, low, high);
  if (!n.input(0) || !whole)
    return Values(3);
  std::optional<int64_t> axis = n.axis("dim", n.input(0));
  Values parts;
  for (int64_t i = 0; axis && i < count; ++i) {
    Value part = n.input(i);
    Value own =
        getMagnitude(n, n.input(count + 2 * i), n.input(count + 2 * i + 1));
    if (!part || !own)
      return Values(3);
    Value real = n.cast(part, n.element(ElementType::F32));
    parts.push_back(
        saturate(n, scaledBy(n, real, ratio(n, own, whole)), n.element(part)));
  }
  return {axis ? n.concat(parts, *axis) : Value(), low, high};
}

static std::pair<Value, Value> getCalibratedRange(NodeBuilder &n) {
  return {scalarOf(n, n.attributes.getFloat("min_calib_range")),
          scalarOf(n, n.attributes.getFloat("max_calib_range"))};
}

static Values add(NodeBuilder &n) {
  Value x = n.input(0), y = n.input(1);
  Value xRange = getMagnitude(n, n.input("lhs_min"), n.input("lhs_max"));
  Value yRange = getMagnitude(n, n.input("rhs_min"), n.input("rhs_max"));
  if (!x || !y || !xRange || !yRange)
    return Values(3);
  if (!isCalibrated(n))
    return {n.unsupported("min_calib_range",
                          "sums without calibrated bounds can't be compiled"),
            {},
            {}};
  auto [low, high] = getCalibratedRange(n);
  Value sum =
      n.binary<graph::AddOp>(toReals(n, x, xRange), toReals(n, y, yRange));
  return {toBytes(n, sum, getMagnitude(n, low, high), n.element(x)),
          bound(n, low), bound(n, high)};
}

static Values multiply(NodeBuilder &n) {
  Value x = n.input(0), y = n.input(1);
  Value xRange = getMagnitude(n, n.input("lhs_min"), n.input("lhs_max"));
  Value yRange = getMagnitude(n, n.input("rhs_min"), n.input("rhs_max"));
  if (!x || !y || !xRange || !yRange)
    return Values(3);
  if (n.attributes.getBool("enable_float_output"))
    return {
        n.binary<graph::MulOp>(toReals(n, x, xRange), toReals(n, y, yRange))};
  Value product = n.binary<graph::MulOp>(widen(n, x), widen(n, y));
  if (!isCalibrated(n)) {
    auto [low, high] =
        getProductRange(n, xRange, n.element(x), yRange, n.element(y));
    return {product, low, high};
  }
  // Fractions and high bits are dropped.
  auto [low, high] = getCalibratedRange(n);
  Value scale =
      ratio(n, scaledBy(n, xRange, yRange),
            n.scalar<graph::MulOp>(getMagnitude(n, low, high), 127.5));
  Value real = scaledBy(n, n.cast(product, n.element(ElementType::F32)), scale);
  return {n.cast(widen(n, real), n.element(x)), bound(n, low), bound(n, high)};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral calibrationSpec =
    "min_calib_range:float?=None max_calib_range:float?=None";
static constexpr llvm::StringLiteral quantizeSpec =
    "out_type:{auto|int8|uint8}=int8 min_calib_range:float?=None "
    "max_calib_range:float?=None";
static constexpr llvm::StringLiteral layerInputs =
    "data weight bias[!no_bias] min_data max_data min_weight max_weight "
    "min_bias[!no_bias] max_bias[!no_bias]";
static constexpr llvm::StringLiteral rangeOutputs =
    "output min_output max_output";

ArrayRef<OperatorRow> getQuantizedOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_quantize_v2", quantizeSpec, "data", quantizeV2, nullptr,
       "output0 output1 output2"},
      {"_contrib_quantize", "out_type:{int8|uint8}=uint8",
       "data min_range max_range", quantize, nullptr,
       "output0 output1 output2"},
      {"_contrib_dequantize", "out_type:{float32}=float32",
       "data min_range max_range", dequantize},
      {"_contrib_requantize", quantizeSpec, "data min_range max_range",
       requantize, nullptr, "output0 output1 output2"},
      {"_contrib_quantized_fully_connected",
       "num_hidden:count! no_bias:bool=False flatten:bool=True", layerInputs,
       fullyConnected, nullptr, rangeOutputs},
      {"_contrib_quantized_conv",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=() "
       "num_filter:count! num_group:count=1 no_bias:bool=False "
       "layout:{None|NCDHW|NCHW|NCW|NDHWC|NHWC}=None",
       layerInputs, convolution, nullptr, rangeOutputs},
      {"_contrib_quantized_act",
       "act_type:{relu|sigmoid|softrelu|softsign|tanh}!",
       "data min_data max_data", act, nullptr, rangeOutputs,
       "relu of signed integers."},
      {"_contrib_quantized_flatten", "", "data min_data max_data", flatten,
       nullptr, rangeOutputs},
      {"_contrib_quantized_pooling",
       "kernel:sizes=() pool_type:{avg|lp|max|sum}=max "
       "global_pool:bool=False pooling_convention:{full|same|valid}=valid "
       "stride:counts=() pad:sizes=() p_value:int?=None "
       "count_include_pad:bool?=None "
       "layout:{None|NCDHW|NCHW|NCW|NDHWC|NHWC|NWC}=None",
       "data min_data max_data", pooling, nullptr, rangeOutputs},
      {"_contrib_quantized_embedding",
       "input_dim:count! output_dim:count! dtype:dtype=float32 "
       "sparse_grad:bool=False",
       "data weight min_weight max_weight", embedding, nullptr, rangeOutputs},
      {"_contrib_quantized_concat", "num_args:count! dim:int=1", "data*",
       concat, nullptr, rangeOutputs},
      {"_contrib_quantized_elemwise_add", calibrationSpec,
       "lhs rhs lhs_min lhs_max rhs_min rhs_max", add, nullptr, rangeOutputs,
       "With calibrated bounds."},
      {"_contrib_quantized_elemwise_mul",
       "min_calib_range:float?=None max_calib_range:float?=None "
       "enable_float_output:bool=False",
       "lhs rhs lhs_min lhs_max rhs_min rhs_max", multiply, nullptr,
       "output min_output[!enable_float_output] "
       "max_output[!enable_float_output]"},
  };
  return rows;
}

} // namespace dlc::mxnet
