// SPDX-License-Identifier: Apache-2.0
// Makes structured operators on 16-bit floats compute as f32.
#include "dialects/graph/GraphOps.h"
#include "passes/graph/Passes.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHWIDENFLOATS
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

static bool isNarrow(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

/// The type of \p type's shape with elements of f32.
static Type widen(Type type) {
  return cast<RankedTensorType>(type).clone(
      Float32Type::get(type.getContext()));
}

/// Whether \p op combines elements; what it makes of them has to be rounded.
static bool needsWidth(Operation *op) {
  return isa<ConvOp, DeconvOp, DenseOp, DotOp, PoolOp, BatchNormOp, LayerNormOp,
             InstanceNormOp, GroupNormOp, LrnOp, SoftmaxOp, LogSoftmaxOp,
             ReductionOpInterface, CumsumOp, RnnOp, RecurrenceOp, ResizeOp,
             SampleOp, RoiAlignOp, RoiPoolOp, SuppressOp>(op) &&
         llvm::any_of(op->getOperandTypes(), isNarrow);
}

static void widenOperator(Operation *op) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = operand.get().getType();
    if (isNarrow(type))
      operand.set(CastOp::create(builder, loc, widen(type), operand.get()));
  }
  builder.setInsertionPointAfter(op);
  for (Value result : op->getResults()) {
    Type type = result.getType();
    if (!isNarrow(type))
      continue;
    result.setType(widen(type));
    auto narrowed = CastOp::create(builder, loc, type, result);
    result.replaceAllUsesExcept(narrowed, narrowed);
  }
}

namespace {
struct GraphWidenFloats
    : dlc::graph::impl::GraphWidenFloatsBase<GraphWidenFloats> {
  using GraphWidenFloatsBase::GraphWidenFloatsBase;

  void runOnOperation() override {
    SmallVector<Operation *> operators;
    getOperation().walk([&](Operation *op) {
      if (needsWidth(op))
        operators.push_back(op);
    });
    for (Operation *op : operators)
      widenOperator(op);
    numWidened += operators.size();
  }
};
} // namespace
