// SPDX-License-Identifier: Apache-2.0
// graph-split-deconv: transposed convolutions as convolutions (Shi et al., "Is
// the deconvolution layer the same as a convolutional layer?", 2016).
#include "dialects/graph/Constants.h"
#include "dialects/graph/Inference.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/Support/MathExtras.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHSPLITDECONV
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

namespace {
/// A spatial dimension of a transposed convolution. Result y = stride q + r -
/// pad, for the remainder r, is the sum over j of input q - j and tap stride j
/// + r.
struct Dimension {
  Dimension(DeconvOp op, unsigned i)
      : stride(op.getStrides()[i]), dilation(op.getDilations()[i]),
        kernel(getTensorType(op.getFilter()).getDimSize(2 + i)),
        out(getTensorType(op.getResult()).getDimSize(2 + i)),
        pad(op.getPadLow()[i]), taps(llvm::divideCeil(kernel, stride)),
        first(pad / stride), last((pad + out - 1) / stride),
        padLow(dilation * (taps - 1) - first),
        padHigh(last - (getTensorType(op.getInput()).getDimSize(2 + i) - 1)) {}

  bool canSplit() const {
    return padLow >= 0 && padHigh >= 0 && (stride == 1 || dilation == 1);
  }

  int64_t stride, dilation, kernel, out, pad;
  int64_t taps;        ///< of each remainder
  int64_t first, last; ///< the q of all results
  int64_t padLow, padHigh;
};

/// Rewrites one transposed convolution.
class Splitter {
public:
  explicit Splitter(DeconvOp op)
      : op(op), builder(op), loc(op.getLoc()), groups(op.getGroups()) {
    auto filter = getTensorType(op.getFilter());
    channels = filter.getDimSize(0) / groups;
    outputs = filter.getDimSize(1);
    for (unsigned i = 0; i < op.getStrides().size(); ++i)
      dims.emplace_back(op, i);
  }

  bool canSplit() {
    return op.getFilter().getDefiningOp<ConstantOp>() &&
           llvm::all_of(dims,
                        [](const Dimension &dim) { return dim.canSplit(); });
  }

  void run();

private:
  Value reshape(Value value, ArrayRef<int64_t> shape) {
    auto type = getTensorType(value);
    return ReshapeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        value);
  }
  Value transpose(Value value, ArrayRef<int64_t> permutation) {
    return TransposeOp::create(builder, loc, value, permutation);
  }
  /// \p value and \p count zeros along \p axis.
  Value addZeros(Value value, int64_t axis, int64_t count);
  Value makeFilter();
  Value makeBias();
  Value interleave(Value value);

  DeconvOp op;
  OpBuilder builder;
  Location loc;
  int64_t groups, channels, outputs; ///< of a group
  SmallVector<Dimension> dims;
};
} // namespace

Value Splitter::addZeros(Value value, int64_t axis, int64_t count) {
  if (count == 0)
    return value;
  auto type = getTensorType(value);
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = count;
  auto zeros = RankedTensorType::get(shape, type.getElementType());
  Value other = ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          zeros, cast<TypedAttr>(builder.getZeroAttr(type.getElementType()))));
  return ConcatOp::create(builder, loc, ValueRange{value, other}, axis);
}

/// From [groups channels, outputs, kernel...] to [groups strides outputs,
/// channels, taps...], the last tap first: channels of one remainder are
/// together.
Value Splitter::makeFilter() {
  Value filter = op.getFilter();
  for (auto [i, dim] : llvm::enumerate(dims))
    filter = addZeros(filter, 2 + i, dim.taps * dim.stride - dim.kernel);
  SmallVector<int64_t> apart{groups, channels, outputs}, order{0}, taps,
      tapAxes, joined{groups * outputs, channels};
  for (auto [i, dim] : llvm::enumerate(dims)) {
    apart.append({dim.taps, dim.stride});
    tapAxes.push_back(3 + 2 * i);
    order.push_back(4 + 2 * i);
    joined.front() *= dim.stride;
    joined.push_back(dim.taps);
  }
  order.append({2, 1});
  order.append(tapAxes);
  filter = reshape(filter, apart);
  filter = ReverseOp::create(builder, loc, filter, tapAxes);
  return reshape(transpose(filter, order), joined);
}

/// The bias for each remainder.
Value Splitter::makeBias() {
  if (!op.getBias())
    return {};
  SmallVector<int64_t> shape{groups};
  for (const Dimension &dim : dims)
    shape.push_back(dim.stride);
  shape.push_back(outputs);
  Value bias = reshape(op.getBias(), {groups, outputs});
  auto type =
      RankedTensorType::get(shape, getTensorType(bias).getElementType());
  bias = BroadcastOp::create(builder, loc, type, bias,
                             ArrayRef<int64_t>{0, int64_t(shape.size()) - 1});
  return reshape(bias, {computeProduct(shape)});
}

/// Brings the remainders, which are channels of \p value, where they belong.
Value Splitter::interleave(Value value) {
  auto type = getTensorType(value);
  if (llvm::all_of(dims, [](const Dimension &dim) { return dim.stride == 1; }))
    return value;
  auto rank = int64_t(dims.size());
  SmallVector<int64_t> apart{type.getDimSize(0), groups}, order{0, 1, 2 + rank},
      joined{type.getDimSize(0), groups * outputs};
  for (const Dimension &dim : dims)
    apart.push_back(dim.stride);
  apart.push_back(outputs);
  SmallVector<int64_t> starts(2 + rank), limits, steps(2 + rank, 1);
  for (auto [i, dim] : llvm::enumerate(dims)) {
    int64_t extent = type.getDimSize(2 + i);
    apart.push_back(extent);
    order.append({int64_t(3 + rank + i), int64_t(2 + i)});
    joined.push_back(extent * dim.stride);
    starts[2 + i] = dim.pad - dim.first * dim.stride;
  }
  value = reshape(transpose(reshape(value, apart), order), joined);
  limits = joined;
  for (auto [i, dim] : llvm::enumerate(dims))
    limits[2 + i] = starts[2 + i] + dim.out;
  return SliceOp::create(builder, loc, value, starts, limits, steps);
}

void Splitter::run() {
  SmallVector<int64_t> strides(dims.size(), 1), low, high, dilations;
  for (const Dimension &dim : dims) {
    low.push_back(dim.padLow);
    high.push_back(dim.padHigh);
    dilations.push_back(dim.dilation);
  }
  Value result = ConvOp::create(
      builder, loc, op.getInput(), makeFilter(), makeBias(), strides, low, high,
      dilations, groups, /*winograd=*/IntegerAttr(), /*wide=*/false,
      /*layout=*/BlockedLayoutAttr());
  op.replaceAllUsesWith(interleave(result));
  op.erase();
}

namespace {
struct GraphSplitDeconv
    : dlc::graph::impl::GraphSplitDeconvBase<GraphSplitDeconv> {
  void runOnOperation() override {
    getOperation().walk([&](DeconvOp op) {
      Splitter splitter(op);
      if (op.getLayout() || !splitter.canSplit())
        return;
      splitter.run();
      ++numSplit;
    });
  }
};
} // namespace
