// SPDX-License-Identifier: Apache-2.0
// Simplifications of elementwise operators and softmax.
#include "dialects/graph/Constants.h"
#include "dialects/graph/ConvolutionKind.h"
#include "passes/graph/Simplify.h"

#include "mlir/IR/IRMapping.h"
#include <cmath>

using namespace mlir;
using namespace dlc::graph;

std::optional<double> dlc::graph::getUniformValue(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<BroadcastOp, ReshapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || data->getType().getNumElements() == 0 ||
      !(data->isSplat() || data->getType().getNumElements() == 1))
    return std::nullopt;
  Scalar element = data->load(0);
  return data->getFormat().isFloat() ? element.f : double(element.i);
}

static bool isFloatTensor(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value));
}

/// Whether \p op never decreases where its operand grows.
static bool isMonotone(Operation *op) {
  if (auto leaky = dyn_cast<LeakyReluOp>(op))
    return !leaky.getSlope().isNegative();
  return isa<ReluOp, ClipOp, SigmoidOp, TanhOp, SoftsignOp, SoftplusOp>(op);
}

namespace {
/// x + 0, x - 0, x * 1, x / 1 are x. (Only the sign of a zero may change.)
template <typename Op>
struct DropNeutralOperand : OpRewritePattern<Op> {
  DropNeutralOperand(MLIRContext *context, double neutral)
      : OpRewritePattern<Op>(context), neutral(neutral) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (getUniformValue(op.getRhs()) == neutral) {
      rewriter.replaceOp(op, op.getLhs());
      return success();
    }
    if (op->template hasTrait<OpTrait::IsCommutative>() &&
        getUniformValue(op.getLhs()) == neutral) {
      rewriter.replaceOp(op, op.getRhs());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no neutral operand");
  }

private:
  double neutral;
};

/// x / c is x * (1 / c) where 1 / c is exact: c a power of two.
struct DivideByPowerOfTwo : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> divisor = getUniformValue(op.getRhs());
    if (!divisor || !isFloatTensor(op))
      return rewriter.notifyMatchFailure(op, "divisor isn't one float");
    int exponent;
    // Exponents that no format makes subnormal or infinite.
    if (std::fabs(std::frexp(*divisor, &exponent)) != 0.5 ||
        std::abs(exponent) > 12)
      return rewriter.notifyMatchFailure(op, "reciprocal isn't exact");
    auto type = cast<RankedTensorType>(op.getType());
    auto value = DenseElementsAttr::get(
        type, rewriter.getFloatAttr(type.getElementType(), 1.0 / *divisor));
    Value factor = ConstantOp::create(rewriter, op.getLoc(), value);
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), factor);
    return success();
  }
};

/// Powers with small exponents: the general function takes much longer.
struct SimplifyPower : OpRewritePattern<PowerOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PowerOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> exponent = getUniformValue(op.getRhs());
    if (!exponent || !isFloatTensor(op))
      return rewriter.notifyMatchFailure(op, "exponent isn't one float");
    Value x = op.getLhs();
    if (*exponent == 1.0)
      rewriter.replaceOp(op, x);
    else if (*exponent == 2.0)
      rewriter.replaceOpWithNewOp<SquareOp>(op, x);
    else if (*exponent == 3.0)
      rewriter.replaceOpWithNewOp<MulOp>(
          op, SquareOp::create(rewriter, op.getLoc(), x), x);
    else if (*exponent == 0.5)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, x);
    else if (*exponent == -0.5)
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, x);
    else if (*exponent == -1.0)
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, x);
    else
      return rewriter.notifyMatchFailure(op, "no shorter form");
    return success();
  }
};

/// clip(x, 0, infinity) is relu(x).
struct ClipToRelu : OpRewritePattern<ClipOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ClipOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getMin().isZero() || !op.getMax().isInfinity() ||
        op.getMax().isNegative() || !isFloatTensor(op))
      return rewriter.notifyMatchFailure(op, "other bounds");
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getInput());
    return success();
  }
};

/// maximum(x, 0) is relu(x): NaN stays in both.
struct MaximumToRelu : OpRewritePattern<MaximumOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MaximumOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [zero, x] : {std::pair(op.getLhs(), op.getRhs()),
                           std::pair(op.getRhs(), op.getLhs())})
      if (getUniformValue(zero) == 0.0) {
        rewriter.replaceOpWithNewOp<ReluOp>(op, x);
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no operand is zero");
  }
};

/// relu(relu(x)) is relu(x).
struct ReluOfRelu : OpRewritePattern<ReluOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReluOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getInput().getDefiningOp<ReluOp>())
      return rewriter.notifyMatchFailure(op, "input isn't a relu");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// log(softmax(x)) is log_softmax(x), which doesn't underflow.
struct LogOfSoftmax : OpRewritePattern<LogOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LogOp op,
                                PatternRewriter &rewriter) const override {
    auto softmax = op.getInput().getDefiningOp<SoftmaxOp>();
    if (!softmax || !softmax->hasOneUse())
      return rewriter.notifyMatchFailure(op,
                                         "input isn't a softmax of its own");
    auto result = LogSoftmaxOp::create(
        rewriter, rewriter.getFusedLoc({softmax.getLoc(), op.getLoc()}),
        softmax.getInput(), softmax.getAxis());
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// The maximum of a function that never decreases is the function of the
/// maximum, which has fewer elements; and the pooling sees the convolution
/// before the function.
struct MaximumOfFunction : OpRewritePattern<PoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PoolOp op,
                                PatternRewriter &rewriter) const override {
    Operation *function = op.getInput().getDefiningOp();
    if (op.getKind() != PoolKind::Max || mayHaveEmptyWindows(op) || !function ||
        !function->hasOneUse() || !isMonotone(function))
      return rewriter.notifyMatchFailure(op, "no monotone function before it");
    IRMapping mapping;
    mapping.map(op.getInput(), function->getOperand(0));
    Value pooled = rewriter.clone(*op, mapping)->getResult(0);
    mapping.clear();
    mapping.map(function->getOperand(0), pooled);
    Operation *result = rewriter.clone(*function, mapping);
    result->getResult(0).setType(op.getType());
    rewriter.replaceOp(op, result);
    return success();
  }
};
} // namespace

void dlc::graph::populateElementwiseSimplifications(
    RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<DropNeutralOperand<AddOp>>(context, 0.0);
  patterns.add<DropNeutralOperand<SubOp>>(context, 0.0);
  patterns.add<DropNeutralOperand<MulOp>>(context, 1.0);
  patterns.add<DropNeutralOperand<DivOp>>(context, 1.0);
  patterns.add<DivideByPowerOfTwo, SimplifyPower, ClipToRelu, MaximumToRelu,
               ReluOfRelu, LogOfSoftmax, MaximumOfFunction>(context);
}
