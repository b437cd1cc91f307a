// SPDX-License-Identifier: Apache-2.0
// Turns batch normalisations into weights of the layers before them, or into
// arithmetic.
#include "dialects/graph/Inference.h"
#include "passes/graph/ChannelAffine.h"
#include "passes/graph/Passes.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHFOLDBATCHNORM
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// What \p norm does to each channel, if its parameters are constants.
static std::optional<ChannelAffine> getChannelAffine(BatchNormOp norm) {
  SmallVector<SmallVector<double>> parameters;
  for (Value parameter : norm->getOperands().drop_front()) {
    std::optional<ConstantData> data = ConstantData::get(parameter);
    if (!data || !data->getFormat().isFloat())
      return std::nullopt;
    parameters.push_back(data->toDoubles());
  }
  ChannelAffine affine;
  affine.axis = norm.getAxis();
  double epsilon = norm.getEpsilon().convertToDouble();
  for (auto [gamma, beta, mean, variance] : llvm::zip_equal(
           parameters[0], parameters[1], parameters[2], parameters[3])) {
    affine.scale.push_back(gamma / std::sqrt(variance + epsilon));
    affine.shift.push_back(beta - mean * affine.scale.back());
  }
  return affine;
}

/// Computes the factors and summands of \p norm while the model runs.
static std::pair<Value, Value> emitChannelAffine(OpBuilder &builder,
                                                 BatchNormOp norm) {
  Location loc = norm.getLoc();
  auto type = getTensorType(norm.getVariance());
  Value epsilon = ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          type, builder.getFloatAttr(type.getElementType(),
                                     norm.getEpsilon().convertToDouble())));
  Value variance = AddOp::create(builder, loc, norm.getVariance(), epsilon);
  Value scale = MulOp::create(builder, loc, norm.getGamma(),
                              RsqrtOp::create(builder, loc, variance));
  Value shift =
      SubOp::create(builder, loc, norm.getBeta(),
                    MulOp::create(builder, loc, norm.getMean(), scale));
  auto input = getTensorType(norm.getInput());
  auto spread = [&](Value values) {
    return broadcastChannels(builder, loc, values, input, norm.getAxis());
  };
  return {spread(scale), spread(shift)};
}

namespace {
struct GraphFoldBatchNorm
    : dlc::graph::impl::GraphFoldBatchNormBase<GraphFoldBatchNorm> {
  using GraphFoldBatchNormBase::GraphFoldBatchNormBase;

  void runOnOperation() override {
    ConstantReaper reaper(getOperation());
    SmallVector<BatchNormOp> norms;
    getOperation().walk([&](BatchNormOp norm) { norms.push_back(norm); });
    for (BatchNormOp norm : norms)
      rewrite(norm, reaper);
  }

private:
  void rewrite(BatchNormOp norm, ConstantReaper &reaper) {
    SmallVector<Value> parameters(norm->getOperands().drop_front());
    std::optional<ChannelAffine> affine = getChannelAffine(norm);
    Value input = norm.getInput();
    if (affine && canFoldIntoWeights(input, *affine)) {
      foldIntoWeights(input, *affine, reaper);
      // One operator now does what two nodes of the model did.
      input.getDefiningOp()->setLoc(
          FusedLoc::get(&getContext(), {input.getLoc(), norm.getLoc()}));
      norm.replaceAllUsesWith(input);
      ++numFolded;
    } else {
      decompose(norm, affine, reaper);
      ++numDecomposed;
    }
    norm.erase();
    reaper.eraseUnused(parameters);
  }

  static void decompose(BatchNormOp norm,
                        const std::optional<ChannelAffine> &affine,
                        ConstantReaper &reaper) {
    OpBuilder builder(norm);
    Location loc = norm.getLoc();
    auto type = getTensorType(norm.getInput());
    Value scale, shift;
    if (affine) {
      scale = makeChannelConstant(builder, loc, type, affine->axis,
                                  affine->scale, "scale", reaper);
      shift = makeChannelConstant(builder, loc, type, affine->axis,
                                  affine->shift, "shift", reaper);
    } else {
      std::tie(scale, shift) = emitChannelAffine(builder, norm);
    }
    Value scaled = MulOp::create(builder, loc, norm.getInput(), scale);
    norm.replaceAllUsesWith(
        AddOp::create(builder, loc, scaled, shift).getResult());
  }
};
} // namespace
