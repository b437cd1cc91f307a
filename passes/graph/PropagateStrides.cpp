// SPDX-License-Identifier: Apache-2.0
// Leaves out positions that only strided 1 x 1 convolutions would skip.
#include "passes/graph/Passes.h"

#include "dialects/graph/Inference.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHPROPAGATESTRIDES
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// Steps along the spatial dimensions.
using Steps = SmallVector<int64_t>;

static bool isOne(int64_t x) { return x == 1; }
static bool isZero(int64_t x) { return x == 0; }

/// The steps at which \p conv reads its input; none unless it skips positions
/// between them.
static std::optional<Steps> getReadSteps(ConvOp conv) {
  bool isPointwise =
      llvm::all_of(getTensorType(conv.getFilter()).getShape().drop_front(2),
                   isOne) &&
      llvm::all_of(conv.getPadLow(), isZero) &&
      llvm::all_of(conv.getPadHigh(), isZero);
  if (!isPointwise || llvm::all_of(conv.getStrides(), isOne))
    return std::nullopt;
  return Steps(conv.getStrides());
}

/// The same for a slice of all images and channels that begins at position 0.
static std::optional<Steps> getReadSteps(SliceOp slice) {
  auto type = getTensorType(slice.getInput());
  ArrayRef<int64_t> steps = slice.getSteps();
  if (type.getRank() < 3 || !llvm::all_of(slice.getStarts(), isZero) ||
      !llvm::all_of(steps.take_front(2), isOne) || llvm::all_of(steps, isOne) ||
      llvm::any_of(steps, [](int64_t step) { return step < 1; }) ||
      slice.getLimits() != type.getShape())
    return std::nullopt;
  return Steps(steps.drop_front(2));
}

/// The steps at which all uses of \p value read it.
static std::optional<Steps> getReadSteps(Value value) {
  std::optional<Steps> common;
  for (OpOperand &use : value.getUses()) {
    std::optional<Steps> steps;
    if (auto slice = dyn_cast<SliceOp>(use.getOwner()))
      steps = getReadSteps(slice);
    else if (auto conv = dyn_cast<ConvOp>(use.getOwner());
             conv && use.getOperandNumber() == 0)
      steps = getReadSteps(conv);
    if (!steps || (common && *common != *steps))
      return std::nullopt;
    common = steps;
  }
  return common;
}

/// \p strides of a window operator that computes every \p steps-th result only.
static Steps multiply(ArrayRef<int64_t> strides, const Steps &steps) {
  return llvm::map_to_vector(llvm::zip_equal(strides, steps), [](auto pair) {
    auto [stride, step] = pair;
    return stride * step;
  });
}

/// Every \p steps-th position of \p value.
static Value slice(OpBuilder &builder, Value value, const Steps &steps) {
  auto type = getTensorType(value);
  SmallVector<int64_t> starts(type.getRank(), 0), all{1, 1};
  llvm::append_range(all, steps);
  return SliceOp::create(builder, value.getLoc(), value, starts,
                         type.getShape(), all);
}

namespace {
struct GraphPropagateStrides
    : dlc::graph::impl::GraphPropagateStridesBase<GraphPropagateStrides> {
  using GraphPropagateStridesBase::GraphPropagateStridesBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    // Users first: what they read is known when their operands' turn comes.
    for (Operation *op : llvm::reverse(ops))
      visit(op);
  }

private:
  void visit(Operation *op);
};
} // namespace

/// Makes \p op compute every \p steps-th position only. Returns false where it
/// can't.
static bool shrink(Operation *op, const Steps &steps) {
  if (auto conv = dyn_cast<ConvOp>(op)) {
    conv.setStrides(multiply(conv.getStrides(), steps));
    // Tiles have no gaps, and save less than skipping does.
    conv.removeWinogradAttr();
    return true;
  }
  // Rounding up counts positions in another way.
  if (auto pool = dyn_cast<PoolOp>(op); pool && !pool.getCeilMode()) {
    pool.setStrides(multiply(pool.getStrides(), steps));
    return true;
  }
  ArrayRef<int64_t> shape = getTensorType(op->getResult(0)).getShape();
  bool isElementwise = isa<ElementwiseOpInterface>(op) &&
                       llvm::all_of(op->getOperands(), [&](Value operand) {
                         return getTensorType(operand).getShape() == shape;
                       });
  if (!isElementwise || op->getNumOperands() == 0)
    return false;
  OpBuilder builder(op);
  for (OpOperand &operand : op->getOpOperands())
    operand.set(slice(builder, operand.get(), steps));
  return true;
}

void GraphPropagateStrides::visit(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  Value result = op->getResult(0);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!type || !type.hasStaticShape())
    return;
  std::optional<Steps> steps = getReadSteps(result);
  if (!steps || !shrink(op, *steps))
    return;
  SmallVector<int64_t> shape(type.getShape());
  for (auto [extent, step] :
       llvm::zip_equal(MutableArrayRef(shape).drop_front(2), *steps))
    extent = (extent + step - 1) / step;
  result.setType(type.clone(shape));
  for (Operation *user : llvm::make_early_inc_range(result.getUsers())) {
    if (auto conv = dyn_cast<ConvOp>(user)) {
      conv.setStrides(Steps(steps->size(), 1));
      continue;
    }
    user->replaceAllUsesWith(ValueRange(result));
    user->erase();
  }
  ++numShrunk;
}
