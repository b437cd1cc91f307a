// SPDX-License-Identifier: Apache-2.0
// Rewrites that always win: patterns, then arithmetic on channels that goes
// into weights.
#include "passes/graph/Simplify.h"

#include "dialects/graph/Inference.h"
#include "passes/graph/ChannelAffine.h"
#include "passes/graph/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHSIMPLIFY
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// The number of each index along dimension \p axis of \p value, if it is a
/// constant that is the same along all others.
static std::optional<SmallVector<double>> getChannelValues(Value value,
                                                           int64_t axis) {
  auto type = getTensorType(value);
  int64_t extent = type.getDimSize(axis);
  if (std::optional<double> uniform = getUniformValue(value))
    return SmallVector<double>(extent, *uniform);
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq(type.getRank()));
  if (auto broadcast = value.getDefiningOp<BroadcastOp>()) {
    dims = llvm::to_vector(broadcast.getDims());
    value = broadcast.getInput();
  }
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || !data->getFormat().isFloat())
    return std::nullopt;
  for (auto [dim, size] : llvm::zip_equal(dims, data->getType().getShape()))
    if (size != 1 && dim != axis)
      return std::nullopt;
  // A splat or a single element is uniform, and was handled above.
  return data->getType().getNumElements() == extent
             ? std::optional(data->toDoubles())
             : std::nullopt;
}

/// What arithmetic \p op with \p values as its right operand does.
static ChannelAffine getAffine(Operation *op, int64_t axis,
                               ArrayRef<double> values) {
  ChannelAffine affine{axis, SmallVector<double>(values.size(), 1.0),
                       SmallVector<double>(values.size(), 0.0)};
  for (auto [i, value] : llvm::enumerate(values)) {
    if (isa<AddOp>(op))
      affine.shift[i] = value;
    else if (isa<SubOp>(op))
      affine.shift[i] = -value;
    else
      affine.scale[i] = isa<DivOp>(op) ? 1.0 / value : value;
  }
  return affine;
}

namespace {
struct GraphSimplify : dlc::graph::impl::GraphSimplifyBase<GraphSimplify> {
  using GraphSimplifyBase::GraphSimplifyBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateElementwiseSimplifications(set);
    populateMovementSimplifications(set);
    populateContractionSimplifications(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    if (failed(applyPatternsGreedily(getOperation(), patterns)))
      return signalPassFailure();
    // Not patterns: they would hold old and new weights until all are done.
    ConstantReaper reaper(getOperation());
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<AddOp, SubOp, MulOp, DivOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      foldIntoLayer(op, reaper);
  }

private:
  /// Folds arithmetic with constants of channels into the layer before it.
  void foldIntoLayer(Operation *op, ConstantReaper &reaper) {
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    if (op->hasTrait<OpTrait::IsCommutative>() && !getContractionAxis(lhs))
      std::swap(lhs, rhs);
    std::optional<int64_t> axis = getContractionAxis(lhs);
    std::optional<SmallVector<double>> values;
    if (axis)
      values = getChannelValues(rhs, *axis);
    if (!values)
      return;
    ChannelAffine affine = getAffine(op, *axis, *values);
    if (!canFoldIntoWeights(lhs, affine))
      return;
    foldIntoWeights(lhs, affine, reaper);
    lhs.getDefiningOp()->setLoc(
        FusedLoc::get(&getContext(), {lhs.getLoc(), op->getLoc()}));
    op->replaceAllUsesWith(ValueRange(lhs));
    op->erase();
    if (auto broadcast = rhs.getDefiningOp<BroadcastOp>();
        broadcast && broadcast->use_empty()) {
      rhs = broadcast.getInput();
      broadcast.erase();
    }
    reaper.eraseUnused(rhs);
    ++numFolded;
  }

  FrozenRewritePatternSet patterns;
};
} // namespace
