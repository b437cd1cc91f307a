// SPDX-License-Identifier: Apache-2.0
// Normalisation layers and the softmax family.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Batch, layer, instance and group normalisation
//===----------------------------------------------------------------------===//

static Values batchNorm(NodeBuilder &n) {
  Value x = n.input("data"), gamma = n.input("gamma");
  Value mean = n.input("moving_mean"), variance = n.input("moving_var");
  if (!x)
    return Values(3);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(3);
  if (n.attributes.getBool("fix_gamma"))
    gamma = n.splatLike(gamma, 1);
  Value result = n.emit<graph::BatchNormOp>(
      {x, gamma, n.input("beta"), mean, variance},
      {n.attr("axis", *axis), n.attr("epsilon", n.attributes.getFloat("eps"))});
  return {result, mean, variance};
}

static Values batchNormRelu(NodeBuilder &n) {
  Values results = batchNorm(n);
  results[0] = n.emit<graph::ReluOp>({results[0]});
  return results;
}

static std::optional<Shape> inferBatchNorm(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t axis = n.attributes.getInt("axis");
  if (!x || index == 0)
    return std::nullopt;
  axis += axis < 0 ? n.rank(x) : 0;
  if (axis < 0 || axis >= n.rank(x))
    return std::nullopt;
  return Shape{n.shape(x)[axis]};
}

/// Mean and standard deviation over one axis, kept as size 1.
static Values layerStatistics(NodeBuilder &n, Value x, int64_t axis,
                              double epsilon) {
  Value mean = n.reduce<graph::ReduceMeanOp>(x, {axis}, /*keepdims=*/true);
  Value centred = n.binary<graph::SubOp>(x, mean);
  Value square = n.emit<graph::SquareOp>({centred});
  Value variance = n.reduce<graph::ReduceMeanOp>(square, {axis}, true);
  Value shifted = n.scalar<graph::AddOp>(variance, epsilon);
  return {mean, n.emit<graph::SqrtOp>({shifted})};
}

static Values layerNorm(NodeBuilder &n) {
  Value x = n.input("data");
  if (!x)
    return Values(3);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(3);
  double epsilon = n.attributes.getFloat("eps");
  Value result = n.emit<graph::LayerNormOp>(
      {x, n.input("gamma"), n.input("beta")},
      {n.attr("axis", *axis), n.attr("epsilon", epsilon)});
  if (!n.attributes.getBool("output_mean_var"))
    return {result};
  Values statistics = layerStatistics(n, x, *axis, epsilon);
  return {result, statistics[0], statistics[1]};
}

static Values instanceNorm(NodeBuilder &n) {
  return {n.emit<graph::InstanceNormOp>(
      {n.input("data"), n.input("gamma"), n.input("beta")},
      {n.attr("epsilon", n.attributes.getFloat("eps"))})};
}

static std::optional<Shape> inferChannels(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  if (!x || index == 0 || n.rank(x) < 2)
    return std::nullopt;
  return Shape{n.shape(x)[1]};
}

/// Scale and shift have one element for each group here; the graph's operation
/// wants one for each channel.
static Value perChannel(NodeBuilder &n, Value vector, int64_t groups,
                        int64_t channels) {
  if (!vector || n.rank(vector) != 1 || n.shape(vector)[0] != groups)
    return vector;
  Shape spread{groups, channels / groups};
  return n.reshape(n.broadcastInDims(vector, spread, {0}), {channels});
}

static Values groupNorm(NodeBuilder &n) {
  Value x = n.input("data");
  if (!x)
    return Values(1);
  int64_t groups = n.attributes.getInt("num_groups");
  if (n.rank(x) < 3 || n.shape(x)[1] % groups)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "can't split the channels of " + dimsText(n.shape(x)) +
                       " into " + Twine(groups) + " groups")};
  if (n.attributes.getBool("output_mean_var"))
    return {n.unsupported("output_mean_var", "can't be compiled")};
  int64_t channels = n.shape(x)[1];
  return {n.emit<graph::GroupNormOp>(
      {x, perChannel(n, n.input("gamma"), groups, channels),
       perChannel(n, n.input("beta"), groups, channels)},
      {n.attr("groups", groups),
       n.attr("epsilon", n.attributes.getFloat("eps"))})};
}

static std::optional<Shape> inferGroups(NodeBuilder &n, size_t index) {
  if (index == 0)
    return std::nullopt;
  return Shape{n.attributes.getInt("num_groups")};
}

//===----------------------------------------------------------------------===//
// Other normalisations
//===----------------------------------------------------------------------===//

static Values localResponse(NodeBuilder &n) {
  return {n.emit<graph::LrnOp>(
      {n.input(0)}, {n.attr("size", n.attributes.getInt("nsize")),
                     n.attr("alpha", n.attributes.getFloat("alpha")),
                     n.attr("beta", n.attributes.getFloat("beta")),
                     n.attr("knorm", n.attributes.getFloat("knorm"))})};
}

/// x / sqrt(sum(x^2) + eps) over a sample, its channels or its positions.
static Values l2Normalization(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  StringRef mode = n.attributes.getText("mode");
  int64_t begin = mode == "spatial" ? 2 : 1;
  int64_t end = mode == "channel" ? 2 : n.rank(x);
  if (begin >= end || end > n.rank(x))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "mode '" + mode + "' does not fit data of shape " +
                       dimsText(n.shape(x)))};
  Shape axes = dimRange(begin, end);
  Value square = n.emit<graph::SquareOp>({x});
  Value sum = n.reduce<graph::ReduceSumOp>(square, axes, /*keepdims=*/true);
  Value shifted = n.scalar<graph::AddOp>(sum, n.attributes.getFloat("eps"));
  Value inverse = n.emit<graph::RsqrtOp>({shifted});
  return {n.binary<graph::MulOp>(x, inverse)};
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// True where the position along \p axis is below the sample's length; the
/// lengths have all dimensions but that one.
static Value lengthMask(NodeBuilder &n, Value x, Value lengths, int64_t axis) {
  if (!lengths)
    return {};
  Shape others;
  for (int64_t i = 0; i < n.rank(x); ++i)
    if (i != axis)
      others.push_back(i);
  Type index = n.element(ElementType::I32);
  Shape expected;
  for (int64_t dim : others)
    expected.push_back(n.shape(x)[dim]);
  if (n.shape(lengths) != ArrayRef<int64_t>(expected))
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "'length' needs the shape " + dimsText(expected) +
                      ", but got " + dimsText(n.shape(lengths)));
  Value spread = n.broadcastInDims(n.cast(lengths, index), n.shape(x), others);
  return n.emit<graph::LessOp>({n.iota(n.shape(x), index, axis), spread});
}

template <typename OpTy, int sign>
static Values softmax(NodeBuilder &n) {
  Value x = n.input("data");
  if (!x)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  StringRef type = n.attributes.getText("dtype");
  if (!type.empty() && type != "None")
    x = n.cast(x, n.element(*parseElementType(type)));
  double scale = sign;
  if (!n.attributes.isNone("temperature"))
    scale /= n.attributes.getFloat("temperature");
  if (scale != 1)
    x = n.scalar<graph::MulOp>(x, scale);
  OpAttribute along = n.attr("axis", *axis);
  if (!n.attributes.getBool("use_length"))
    return {n.emit<OpTy>({x}, {along})};
  // What lies beyond the length has no weight, and the result is 0 there.
  Value mask = lengthMask(n, n.input("data"), n.input("length"), *axis);
  Value lowest = n.splatLike(x, -std::numeric_limits<double>::infinity());
  Value masked = n.emit<graph::SelectOp>({mask, x, lowest});
  Value result = n.emit<OpTy>({masked}, {along});
  return {n.emit<graph::SelectOp>({mask, result, n.splatLike(x, 0)})};
}

static Values softmaxActivation(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) < 2)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs data of at least two dimensions")};
  if (n.attributes.getText("mode") == "channel")
    return {n.emit<graph::SoftmaxOp>({x}, {n.attr("axis", int64_t(1))})};
  // MXNet takes the last dimension, whatever its manual says.
  return {n.emit<graph::SoftmaxOp>({x}, {n.attr("axis", n.rank(x) - 1)})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral batchNormSpec =
    "eps:float=1e-3 momentum:float=0.9 fix_gamma:bool=True "
    "use_global_stats:bool=False output_mean_var:bool=False axis:int=1 "
    "min_calib_range:float?=None max_calib_range:float?=None ndev:int=1 "
    "key:string=";
static constexpr llvm::StringLiteral softmaxSpec =
    "axis:int=-1 temperature:float?=None "
    "dtype:{None|float16|float32|float64}=None use_length:bool?=False";

ArrayRef<OperatorRow> getNormalizationOperators() {
  static const OperatorRow rows[] = {
      {"BatchNorm BatchNorm_v1 CuDNNBatchNorm _contrib_SyncBatchNorm "
       "_npx_batch_norm",
       batchNormSpec, "data gamma beta moving_mean moving_var", batchNorm,
       inferBatchNorm, "output mean var"},
      {"_contrib_BatchNormWithReLU", batchNormSpec,
       "data gamma beta moving_mean moving_var", batchNormRelu, inferBatchNorm,
       "output mean var"},
      {"LayerNorm _npx_layer_norm",
       "axis:int=-1 eps:float=1e-5 output_mean_var:bool=False",
       "data gamma beta", layerNorm, inferBatchNorm, "output mean std"},
      {"InstanceNorm _npx_instance_norm", "eps:float=1e-3", "data gamma beta",
       instanceNorm, inferChannels},
      {"GroupNorm _npx_group_norm",
       "num_groups:count=1 eps:float=1e-5 output_mean_var:bool=False",
       "data gamma beta", groupNorm, inferGroups, "output mean std"},
      {"LRN", "alpha:float=1e-4 beta:float=0.75 knorm:float=2 nsize:count!",
       "data", localResponse},
      {"L2Normalization",
       "eps:float=1e-10 mode:{channel|instance|spatial}=instance", "data",
       l2Normalization},
      {"softmax _npx_softmax", softmaxSpec, "data length[use_length]",
       softmax<graph::SoftmaxOp, 1>},
      {"log_softmax _npx_log_softmax", softmaxSpec, "data length[use_length]",
       softmax<graph::LogSoftmaxOp, 1>},
      {"softmin", softmaxSpec, "data length[use_length]",
       softmax<graph::SoftmaxOp, -1>},
      {"SoftmaxActivation", "mode:{channel|instance}=instance", "data",
       softmaxActivation},
  };
  return rows;
}

} // namespace dlc::mxnet
