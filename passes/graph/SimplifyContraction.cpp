// SPDX-License-Identifier: Apache-2.0
// Simplifications of convolutions and matrix products.
#include "dialects/graph/Inference.h"
#include "passes/graph/Simplify.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::graph;

/// \p type, of rank 3, with a row of its own for what it has a line of.
static RankedTensorType withRow(RankedTensorType type) {
  ArrayRef<int64_t> shape = type.getShape();
  return RankedTensorType::get({shape[0], shape[1], 1, shape[2]},
                               type.getElementType());
}

static Value addRow(OpBuilder &builder, Location loc, Value value) {
  return ReshapeOp::create(builder, loc, withRow(getTensorType(value)), value);
}

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
    if (!op.getWide() || filter.getRank() < 4 || op.getGroups() != 1 ||
        missing == 0 || !op.getFilter().getDefiningOp<ConstantOp>() ||
        filter.getNumElements() / channels * missing > kMaxZeros)
      return rewriter.notifyMatchFailure(op, "has no channels to add");
    auto pad = [&](Value tensor) -> Value {
      SmallVector<int64_t> none(filter.getRank()), more(filter.getRank());
      more[1] = missing;
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

/// Convolutions and poolings along a line are those of a plane with one row,
/// which have layouts and tiles.
template <typename Op>
struct LineToPlane : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (getTensorType(op.getInput()).getRank() != 3)
      return rewriter.notifyMatchFailure(op, "has no line");
    Location loc = op.getLoc();
    IRMapping mapping;
    auto map = [&](Value value) {
      mapping.map(value, addRow(rewriter, loc, value));
    };
    map(op.getInput());
    if constexpr (std::is_same_v<Op, ConvOp>)
      map(op.getFilter());
    auto plane = cast<Op>(rewriter.clone(*op, mapping));
    auto prepend = [](ArrayRef<int64_t> list, int64_t value) {
      SmallVector<int64_t> longer{value};
      llvm::append_range(longer, list);
      return longer;
    };
    plane.setStrides(prepend(op.getStrides(), 1));
    plane.setPadLow(prepend(op.getPadLow(), 0));
    plane.setPadHigh(prepend(op.getPadHigh(), 0));
    if constexpr (std::is_same_v<Op, ConvOp>)
      plane.setDilations(prepend(op.getDilations(), 1));
    else
      plane.setKernel(prepend(op.getKernel(), 1));
    plane.getResult().setType(withRow(cast<RankedTensorType>(op.getType())));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), plane.getResult());
    return success();
  }
};

/// The plane with one row that \p value is the line of; null where it isn't
/// one's.
Value getPlane(Value value) {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  auto type = getTensorType(value);
  return reshape && type.getRank() == 3 &&
                 getTensorType(reshape.getInput()) == withRow(type)
             ? reshape.getInput()
             : Value();
}

/// What is computed from the elements of lines is computed from those of the
/// planes that the lines are of, so that layers along a line see each other.
struct ElementwiseOfLines : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto isLine = [](Value value) {
      Value plane = getPlane(value);
      return plane && plane.getDefiningOp() &&
             (isa<ConvOp, PoolOp, ElementwiseOpInterface>(
                 plane.getDefiningOp()));
    };
    if (op->getNumResults() != 1 || !llvm::any_of(op->getOperands(), isLine))
      return rewriter.notifyMatchFailure(op, "has no line of a layer");
    Location loc = op->getLoc();
    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, liftOperand(rewriter, loc, operand));
    Operation *plane = rewriter.clone(*op, mapping);
    auto type = getTensorType(op->getResult(0));
    plane->getResult(0).setType(withRow(type));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, plane->getResult(0));
    return success();
  }

private:
  static Value liftOperand(PatternRewriter &rewriter, Location loc,
                           Value operand) {
    if (Value plane = getPlane(operand))
      return plane;
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return addRow(rewriter, loc, operand);
    SmallVector<int64_t> dims;
    for (int64_t dim : broadcast.getDims())
      dims.push_back(dim < 2 ? dim : dim + 1);
    return BroadcastOp::create(rewriter, loc, withRow(getTensorType(operand)),
                               broadcast.getInput(), dims);
  }
};
} // namespace

void dlc::graph::populateContractionSimplifications(
    RewritePatternSet &patterns) {
  patterns.add<DotToDense, PadIntoConv, PadChannels, LineToPlane<ConvOp>,
               LineToPlane<PoolOp>, ElementwiseOfLines>(patterns.getContext());
}
