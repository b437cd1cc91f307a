// SPDX-License-Identifier: Apache-2.0
// Simplifications of convolutions and matrix products.
#include "dialects/graph/Inference.h"
#include "passes/graph/Simplify.h"

using namespace mlir;
using namespace dlc::graph;

namespace {
/// A product with a constant matrix is a dense layer, whose lowering packs the
/// matrix in the compiler.
struct DotToDense : OpRewritePattern<DotOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DotOp op,
                                PatternRewriter &rewriter) const override {
    auto lhs = getTensorType(op.getLhs()), rhs = getTensorType(op.getRhs());
    if (!op.getLhsBatch().empty() || op.getLhsContract().size() != 1 ||
        rhs.getRank() != 2 || op.getLhsContract()[0] != lhs.getRank() - 1)
      return rewriter.notifyMatchFailure(op, "isn't a product with a matrix");
    Value filter = op.getRhs();
    if (!filter.getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "matrix isn't constant");
    if (op.getRhsContract()[0] == 0)
      filter = TransposeOp::create(rewriter, op.getLoc(), filter,
                                   ArrayRef<int64_t>{1, 0});
    rewriter.replaceOpWithNewOp<DenseOp>(op, op.getLhs(), filter,
                                         /*bias=*/Value());
    return success();
  }
};

/// Padding with zeros before a convolution becomes its own padding.
struct PadIntoConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || !pad.getValue().isZero())
      return rewriter.notifyMatchFailure(op, "input isn't padded with zeros");
    auto isZero = [](int64_t x) { return x == 0; };
    if (!llvm::all_of(pad.getLow().take_front(2), isZero) ||
        !llvm::all_of(pad.getHigh().take_front(2), isZero))
      return rewriter.notifyMatchFailure(op, "pads batch or channels");
    auto add = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
      return llvm::map_to_vector(llvm::zip_equal(a, b.drop_front(2)),
                                 [](auto pair) {
                                   auto [x, y] = pair;
                                   return x + y;
                                 });
    };
    SmallVector<int64_t> low = add(op.getPadLow(), pad.getLow());
    SmallVector<int64_t> high = add(op.getPadHigh(), pad.getHigh());
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(pad.getInput());
      op.setPadLow(low);
      op.setPadHigh(high);
      op->setLoc(rewriter.getFusedLoc({pad.getLoc(), op.getLoc()}));
    });
    return success();
  }
};
} // namespace

void dlc::graph::populateContractionSimplifications(
    RewritePatternSet &patterns) {
  patterns.add<DotToDense, PadIntoConv>(patterns.getContext());
}
