// SPDX-License-Identifier: Apache-2.0
// Lowers reductions along axes, the search for extremes and running sums.
#include "passes/lower/GroupLowering.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

static kernel::ReduceKind getKind(graph::Combiner combiner) {
  switch (combiner) {
  case graph::Combiner::Add:
    return kernel::ReduceKind::Add;
  case graph::Combiner::Mul:
    return kernel::ReduceKind::Mul;
  case graph::Combiner::Max:
    return kernel::ReduceKind::Max;
  case graph::Combiner::Min:
    return kernel::ReduceKind::Min;
  }
  llvm_unreachable("unknown combiner");
}

/// The operand's indices for a result's: \p reduced at \p axes.
static Indices getOperandIndices(int64_t rank, ArrayRef<int64_t> axes,
                                 bool keepsAxes, ArrayRef<AffineExpr> result,
                                 ArrayRef<AffineExpr> reduced) {
  Indices indices;
  for (int64_t i = 0; i < rank; ++i) {
    const auto *axis = llvm::find(axes, i);
    bool isReduced = axis != axes.end();
    if (isReduced)
      indices.push_back(reduced[axis - axes.begin()]);
    else
      indices.push_back(result.front());
    if (!isReduced || keepsAxes)
      result = result.drop_front();
  }
  return indices;
}

/// Visits the elements of a reduction's result: over rows where the reduced
/// dimensions include the innermost one (which becomes the lanes of the
/// reduction), else with the innermost dimension as lanes.
static LogicalResult walkReduced(GroupLowering &lowering, Location loc,
                                 Value input, ArrayRef<int64_t> axes,
                                 bool keepsAxes,
                                 GroupLowering::ElementBody body) {
  graph::BlockedLayoutAttr layout = graph::getLayout(input.getType());
  RankedTensorType root = lowering.getRootType();
  auto type = getTensorType(input);
  ElementEmitter &emitter = lowering.emitter;
  if (layout && layout.getBlock() > 1) {
    // Spatial axes of a blocked tensor: lanes are channels.
    int64_t block = layout.getBlock(), channels = type.getDimSize(1);
    auto emitBlocks = [&](int64_t first, int64_t blocks,
                          int64_t lanes) -> LogicalResult {
      if (blocks == 0 || lanes == 0)
        return success();
      Indices task = lowering.openTasks(loc, {type.getDimSize(0), blocks});
      AffineExpr lane = lowering.openVectorLoop(loc, lanes);
      Indices at{task[0], (task[1] + first) * block + lane};
      at.append(root.getRank() - 2, emitter.constant(0));
      LogicalResult result = body(at);
      lowering.closeLoop();
      lowering.closeSection();
      return result;
    };
    if (failed(emitBlocks(0, channels / block, block)))
      return failure();
    return emitBlocks(channels / block, 1, channels % block);
  }
  int64_t innermost = type.getRank() - 1;
  while (innermost > 0 && type.getDimSize(innermost) == 1)
    --innermost;
  if (!llvm::is_contained(axes, innermost))
    return lowering.walk(loc, root, body);
  SmallVector<int64_t> extents(root.getShape());
  Indices at = lowering.openTasks(loc, extents);
  LogicalResult result = body(at);
  lowering.closeSection();
  return result;
}

LogicalResult dlc::lower::lowerReduction(GroupLowering &lowering,
                                         graph::ReductionOpInterface op) {
  Location loc = op.getLoc();
  Value input = op->getOperand(0);
  auto type = getTensorType(input);
  SmallVector<int64_t> axes = op.getReducedAxes(), extents;
  int64_t count = 1;
  for (int64_t axis : axes) {
    extents.push_back(type.getDimSize(axis));
    count *= extents.back();
  }
  auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
    auto read = [&](ArrayRef<AffineExpr> reduced) -> FailureOr<Value> {
      FailureOr<Value> x = lowering.emitter.emit(
          input, getOperandIndices(type.getRank(), axes, op.getKeepsAxes(), at,
                                   reduced));
      if (failed(x))
        return failure();
      return op.buildInner(lowering.builder, loc, *x);
    };
    FailureOr<Value> combined =
        axes.empty()
            ? read({})
            : lowering.emitReduce(loc, getKind(op.getCombiner()), extents,
                                  type.getElementType(), read);
    if (failed(combined))
      return failure();
    lowering.emitter.setElement(
        op->getResult(0),
        op.buildFinal(lowering.builder, loc, *combined, count));
    return lowering.finish(loc, at);
  };
  return walkReduced(lowering, loc, input, axes, op.getKeepsAxes(), body);
}

LogicalResult dlc::lower::lowerArgReduction(GroupLowering &lowering,
                                            Operation *op) {
  Location loc = op->getLoc();
  OpBuilder &b = lowering.builder;
  Value input = op->getOperand(0);
  auto type = getTensorType(input);
  bool isMax = isa<graph::ArgmaxOp>(op);
  int64_t axis = isMax ? cast<graph::ArgmaxOp>(op).getAxis()
                       : cast<graph::ArgminOp>(op).getAxis();
  bool keepsAxes = isMax ? cast<graph::ArgmaxOp>(op).getKeepdims()
                         : cast<graph::ArgminOp>(op).getKeepdims();
  int64_t extent = type.getDimSize(axis);
  ElementEmitter &emitter = lowering.emitter;

  Indices at = lowering.openTasks(loc, lowering.getRootType().getShape());
  auto constantIndex = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(b, loc, v);
  };
  auto read = [&](AffineExpr position) {
    return emitter.emit(input, getOperandIndices(type.getRank(), axis,
                                                 keepsAxes, at, position));
  };
  FailureOr<Value> first = read(emitter.constant(0));
  if (failed(first))
    return failure();
  Value zero = constantIndex(0);
  auto loop =
      scf::ForOp::create(b, loc, constantIndex(1), constantIndex(extent),
                         constantIndex(1), ValueRange{*first, zero});
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(loop.getBody());
    Value best = loop.getRegionIterArg(0), bestAt = loop.getRegionIterArg(1);
    FailureOr<Value> x = read(emitter.addIndex(loop.getInductionVar(), extent));
    if (failed(x))
      return failure();
    Value isBetter = scalar::compare(
        b, loc, isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT,
        isMax ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt, *x,
        best);
    Value value = arith::SelectOp::create(b, loc, isBetter, *x, best);
    Value position = arith::SelectOp::create(b, loc, isBetter,
                                             loop.getInductionVar(), bestAt);
    scf::YieldOp::create(b, loc, ValueRange{value, position});
  }
  emitter.setElement(
      op->getResult(0),
      arith::IndexCastOp::create(b, loc, b.getI64Type(), loop.getResult(1)));
  LogicalResult result = lowering.finish(loc, at);
  lowering.closeSection();
  return result;
}

LogicalResult dlc::lower::lowerCumsum(GroupLowering &lowering,
                                      graph::CumsumOp op) {
  Location loc = op.getLoc();
  OpBuilder &b = lowering.builder;
  auto type = getTensorType(op.getInput());
  int64_t axis = op.getAxis();
  SmallVector<int64_t> extents;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != axis)
      extents.push_back(type.getDimSize(i));
  ElementEmitter &emitter = lowering.emitter;
  Indices task = lowering.openTasks(loc, extents);
  auto constantIndex = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(b, loc, v);
  };
  Value zero = scalar::constant(b, loc, type.getElementType(), 0);
  auto loop = scf::ForOp::create(b, loc, constantIndex(0),
                                 constantIndex(type.getDimSize(axis)),
                                 constantIndex(1), zero);
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(loop.getBody());
    Indices at(task);
    at.insert(at.begin() + axis,
              emitter.addIndex(loop.getInductionVar(), type.getDimSize(axis)));
    FailureOr<Value> x = emitter.emit(op.getInput(), at);
    if (failed(x))
      return failure();
    Value sum = scalar::add(b, loc, loop.getRegionIterArg(0), *x);
    emitter.setElement(op.getResult(), sum);
    if (failed(lowering.finish(loc, at)))
      return failure();
    scf::YieldOp::create(b, loc, sum);
  }
  lowering.closeSection();
  return success();
}
