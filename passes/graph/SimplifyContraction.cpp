// SPDX-License-Identifier: Apache-2.0
// Simplifications of convolutions and matrix products.
#include "dialects/graph/Inference.h"
#include "passes/graph/Simplify.h"
#include "llvm/Support/MathExtras.h"

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

/// Channels of 8-bit integers are read four at once.
constexpr int64_t kQuad = 4;
/// Bytes of zeros that may be added to a filter: no more than are folded.
constexpr int64_t kMaxZeros = 32 << 10;

/// Channels of 8-bit integers become a multiple of four, the others zeros.
struct PadChannels : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto filter = getTensorType(op.getFilter());
    int64_t channels = filter.getDimSize(1);
    int64_t missing = llvm::alignTo(channels, kQuad) - channels;
    if (!op.getWide() || filter.getRank() != 4 || op.getGroups() != 1 ||
        missing == 0 || !op.getFilter().getDefiningOp<ConstantOp>() ||
        filter.getNumElements() / channels * missing > kMaxZeros)
      return rewriter.notifyMatchFailure(op, "has no channels to add");
    auto pad = [&](Value tensor) -> Value {
      int64_t none[] = {0, 0, 0, 0}, more[] = {0, missing, 0, 0};
      return PadOp::create(rewriter, op.getLoc(), tensor, none, more,
                           PadMode::Constant, APFloat(0.0));
    };
    Value input = pad(op.getInput()), weights = pad(op.getFilter());
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(input);
      op.getFilterMutable().assign(weights);
    });
    return success();
  }
};
} // namespace

void dlc::graph::populateContractionSimplifications(
    RewritePatternSet &patterns) {
  patterns.add<DotToDense, PadIntoConv, PadChannels>(patterns.getContext());
}
