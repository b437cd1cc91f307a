// SPDX-License-Identifier: Apache-2.0
// Simplifications of operators that only move elements.
#include "dialects/graph/Inference.h"
#include "passes/graph/Simplify.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace dlc::graph;

/// The dimensions of \p shape with an extent other than 1.
static SmallVector<int64_t> getLongDims(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> dims;
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (extent != 1)
      dims.push_back(dim);
  return dims;
}

namespace {
/// A transpose that only moves extents of 1 moves no element: a reshape is
/// free.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto input = getTensorType(op.getInput());
    SmallVector<int64_t> moved;
    for (int64_t dim : op.getPermutation())
      if (input.getDimSize(dim) != 1)
        moved.push_back(dim);
    if (!llvm::is_sorted(moved))
      return rewriter.notifyMatchFailure(op, "moves elements");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// A broadcast that adds only extents of 1 is a reshape.
struct BroadcastToReshape : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto from = getTensorType(op.getInput());
    auto to = cast<RankedTensorType>(op.getType());
    if (!from.hasStaticShape() || !to.hasStaticShape() ||
        from.getNumElements() != to.getNumElements())
      return rewriter.notifyMatchFailure(op, "repeats elements");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, to, op.getInput());
    return success();
  }
};

/// A broadcast of a broadcast is one broadcast.
struct BroadcastOfBroadcast : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<BroadcastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input isn't a broadcast");
    auto dims = llvm::map_to_vector(
        inner.getDims(), [&](int64_t dim) { return op.getDims()[dim]; });
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getInput(),
                                             dims);
    return success();
  }
};

/// A broadcast of a reshape that adds or drops extents of 1 reads the
/// reshape's input: what is repeated is seen without looking through both.
struct BroadcastOfReshape : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
    if (!reshape)
      return rewriter.notifyMatchFailure(op, "input isn't a reshape");
    ArrayRef<int64_t> from = getTensorType(reshape.getInput()).getShape();
    ArrayRef<int64_t> to = getTensorType(reshape).getShape();
    SmallVector<int64_t> fromDims = getLongDims(from), toDims = getLongDims(to);
    bool keepsDims = fromDims.size() == from.size() &&
                     llvm::equal(fromDims, toDims, [&](int64_t a, int64_t b) {
                       return from[a] == to[b];
                     });
    if (!keepsDims)
      return rewriter.notifyMatchFailure(op, "reshape does more than add ones");
    auto dims = llvm::map_to_vector(
        toDims, [&](int64_t dim) { return op.getDims()[dim]; });
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(),
                                             reshape.getInput(), dims);
    return success();
  }
};

/// A concatenation takes over the inputs of one that only it uses.
struct ConcatOfConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs;
    for (Value input : op.getInputs()) {
      auto inner = input.getDefiningOp<ConcatOp>();
      if (inner && inner->hasOneUse() && inner.getAxis() == op.getAxis())
        llvm::append_range(inputs, inner.getInputs());
      else
        inputs.push_back(input);
    }
    if (inputs.size() == op.getInputs().size())
      return rewriter.notifyMatchFailure(op, "no input is a concatenation");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
    return success();
  }
};

/// A function of a concatenation that only it uses is computed where the inputs
/// are: by the kernels that store them.
struct ElementwiseOfConcat : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() != 1)
      return rewriter.notifyMatchFailure(op, "has several operands");
    auto concat = op->getOperand(0).getDefiningOp<ConcatOp>();
    if (!concat || !concat->hasOneUse())
      return rewriter.notifyMatchFailure(op, "no concatenation of its own");
    SmallVector<Value> inputs;
    for (Value input : concat.getInputs()) {
      IRMapping mapping;
      mapping.map(concat.getResult(), input);
      Operation *part = rewriter.clone(*op, mapping);
      part->getResult(0).setType(getTensorType(input).clone(
          getTensorType(op->getResult(0)).getElementType()));
      inputs.push_back(part->getResult(0));
    }
    rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, concat.getAxis());
    return success();
  }
};
} // namespace

void dlc::graph::populateMovementSimplifications(RewritePatternSet &patterns) {
  patterns.add<TransposeToReshape, BroadcastToReshape, BroadcastOfBroadcast,
               BroadcastOfReshape, ConcatOfConcat, ElementwiseOfConcat>(
      patterns.getContext());
}
