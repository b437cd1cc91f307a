// SPDX-License-Identifier: Apache-2.0
// Takes factors and summands of channels into the weights of contractions.
#include "passes/graph/ChannelAffine.h"

#include "dialects/graph/Inference.h"

using namespace mlir;
using namespace dlc::graph;

/// Elements that are scaled at once; keeps the buffer in the first cache.
static constexpr int64_t kChunk = 1024;

namespace {
/// The weights of a contraction: what folding reads and replaces.
struct Weights {
  OpOperand *filter;
  MutableOperandRange bias;
  /// The dimension of the result that the filter's outputs make.
  int64_t axis;
};
} // namespace

template <typename Op>
static Weights makeWeights(Op op, int64_t axis) {
  return {&op.getFilterMutable(), op.getBiasMutable(), axis};
}

static std::optional<Weights> getWeights(Operation *op) {
  if (auto conv = dyn_cast_or_null<ConvOp>(op))
    return makeWeights(conv, 1);
  if (auto deconv = dyn_cast_or_null<DeconvOp>(op))
    return makeWeights(deconv, 1);
  if (auto dense = dyn_cast_or_null<DenseOp>(op))
    return makeWeights(dense,
                       cast<RankedTensorType>(dense.getType()).getRank() - 1);
  return std::nullopt;
}

static bool isFloatConstant(Value value) {
  std::optional<ConstantData> data = ConstantData::get(value);
  return data && data->getFormat().isFloat();
}

std::optional<int64_t> dlc::graph::getContractionAxis(Value value) {
  std::optional<Weights> weights = getWeights(value.getDefiningOp());
  return weights ? std::optional(weights->axis) : std::nullopt;
}

/// Whether \p affine only adds.
static bool isShift(const ChannelAffine &affine) {
  return llvm::all_of(affine.scale, [](double x) { return x == 1.0; });
}

bool dlc::graph::canFoldIntoWeights(Value value, const ChannelAffine &affine) {
  std::optional<Weights> weights = getWeights(value.getDefiningOp());
  if (!weights || weights->axis != affine.axis || !value.hasOneUse())
    return false;
  if (!weights->bias.empty() && !isFloatConstant(weights->bias[0].get()))
    return false;
  if (isShift(affine))
    return isa<FloatType>(getElementTypeOrSelf(weights->filter->get()));
  // A filter that others use too would have to be stored twice.
  if (!isFloatConstant(weights->filter->get()) ||
      !weights->filter->get().hasOneUse())
    return false;
  // Zero times infinity in a weight is not what infinity times a zero sum is.
  return llvm::all_of(affine.scale, [](double x) { return std::isfinite(x); });
}

/// The channel of \p op's result that a run of its filter's elements makes: the
/// elements behind the dimensions of \p type that say which channel it is.
static int64_t getChannel(Operation *op, RankedTensorType type, int64_t run) {
  auto deconv = dyn_cast<DeconvOp>(op);
  if (!deconv)
    return run; // [O, ...]
  // [C, O / groups, ...]: rows of one group make the channels of that group.
  int64_t perGroup = type.getDimSize(1);
  int64_t row = run / perGroup;
  int64_t group = row / (type.getDimSize(0) / int64_t(deconv.getGroups()));
  return group * perGroup + run % perGroup;
}

/// Writes the filter \p data of \p op, scaled, to \p bytes.
static void scaleFilter(Operation *op, const ConstantData &data,
                        ArrayRef<double> scale, MutableArrayRef<char> bytes) {
  RankedTensorType type = data.getType();
  int64_t leading = isa<DeconvOp>(op) ? 2 : 1;
  int64_t runLength = 1;
  for (int64_t extent : type.getShape().drop_front(leading))
    runLength *= extent;
  Scalar buffer[kChunk];
  const ElementFormat &format = data.getFormat();
  for (int64_t begin = 0, end = type.getNumElements(); begin < end;) {
    int64_t run = begin / runLength;
    int64_t count = std::min((run + 1) * runLength - begin, kChunk);
    data.load(begin, count, buffer);
    double factor = scale[getChannel(op, type, run)];
    for (int64_t i = 0; i < count; ++i)
      buffer[i].f *= factor;
    format.store(buffer, count, bytes.data() + begin * format.getSizeBytes());
    begin += count;
  }
}

static ConstantOp createConstant(OpBuilder &builder, Location loc,
                                 TypedAttr value, ConstantReaper &reaper) {
  auto constant = ConstantOp::create(builder, loc, value);
  reaper.add(constant);
  return constant;
}

/// Replaces the filter of \p op by itself times \p scale.
static void scaleFilter(Operation *op, OpOperand &filter,
                        ArrayRef<double> scale, ConstantReaper &reaper) {
  Value old = filter.get();
  ConstantData data = *ConstantData::get(old);
  TypedAttr value =
      makeConstantValue(data.getType(), getDerivedKey(old, ".scaled"),
                        [&](MutableArrayRef<char> bytes) {
                          scaleFilter(op, data, scale, bytes);
                        });
  OpBuilder builder(op);
  filter.set(createConstant(builder, old.getLoc(), value, reaper));
  reaper.eraseUnused(old);
}

void dlc::graph::foldIntoWeights(Value value, const ChannelAffine &affine,
                                 ConstantReaper &reaper) {
  Operation *op = value.getDefiningOp();
  Weights weights = *getWeights(op);
  if (!isShift(affine))
    scaleFilter(op, *weights.filter, affine.scale, reaper);

  SmallVector<double> shift(affine.shift);
  Value bias;
  std::string key = "bias";
  if (!weights.bias.empty()) {
    bias = weights.bias[0].get();
    key = getDerivedKey(bias, ".scaled");
    for (auto [i, x] : llvm::enumerate(ConstantData::get(bias)->toDoubles()))
      shift[i] += affine.scale[i] * x;
  } else if (llvm::all_of(shift, [](double x) { return x == 0.0; })) {
    return;
  }
  auto type = RankedTensorType::get(
      int64_t(shift.size()), getElementTypeOrSelf(weights.filter->get()));
  OpBuilder builder(op);
  weights.bias.assign(
      createConstant(builder, bias ? bias.getLoc() : op->getLoc(),
                     makeConstantValue(type, key, shift), reaper));
  if (bias)
    reaper.eraseUnused(bias);
}

Value dlc::graph::broadcastChannels(OpBuilder &builder, Location loc,
                                    Value values, RankedTensorType type,
                                    int64_t axis) {
  return BroadcastOp::create(builder, loc, type, values, axis);
}

Value dlc::graph::makeChannelConstant(OpBuilder &builder, Location loc,
                                      RankedTensorType like, int64_t axis,
                                      ArrayRef<double> values, StringRef key,
                                      ConstantReaper &reaper) {
  auto type =
      RankedTensorType::get(int64_t(values.size()), like.getElementType());
  Value constant = createConstant(builder, loc,
                                  makeConstantValue(type, key, values), reaper);
  return broadcastChannels(builder, loc, constant, like, axis);
}
