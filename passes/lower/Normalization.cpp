// SPDX-License-Identifier: Apache-2.0
// Lowers softmax and normalisations: rows that are read several times.
#include "passes/lower/GroupLowering.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

namespace {
/// The rows of an operator: its tensor without the dimensions `axes`, which
/// each row spans. Where the innermost dimension in memory isn't spanned, it
/// becomes lanes, and every lane has a row of its own: the channels of a block,
/// or the last dimension.
class Rows {
public:
  Rows(GroupLowering &lowering, Location loc, RankedTensorType type,
       ArrayRef<int64_t> axes)
      : lowering(lowering), loc(loc), type(type), axes(axes) {
    graph::BlockedLayoutAttr layout = graph::getLayout(type);
    block = layout && !llvm::is_contained(axes, 1) ? layout.getBlock() : 1;
    innermost = block > 1 ? 1 : type.getRank() - 1;
    while (block == 1 && innermost > 0 && type.getDimSize(innermost) == 1)
      --innermost;
    hasLanes = !llvm::is_contained(axes, innermost);
    for (int64_t axis : axes)
      extents.push_back(type.getDimSize(axis));
  }

  /// Emits \p body for every row: sections of tasks.
  LogicalResult run(llvm::function_ref<LogicalResult()> body) {
    int64_t lanes = hasLanes ? type.getDimSize(innermost) : 0;
    if (block == 1)
      return runSection(/*firstBlock=*/0, /*numBlocks=*/1, lanes, body);
    int64_t whole = lanes / block, tail = lanes % block;
    if (whole > 0 && failed(runSection(0, whole, block, body)))
      return failure();
    return tail ? runSection(whole, 1, tail, body) : success();
  }

  /// The indices of a row's element.
  Indices getElement(ArrayRef<AffineExpr> inRow) const {
    Indices indices(at);
    for (auto [axis, index] : llvm::zip(axes, inRow))
      indices[axis] = index;
    return indices;
  }

  FailureOr<Value>
  reduce(kernel::ReduceKind kind,
         llvm::function_ref<FailureOr<Value>(ArrayRef<AffineExpr>)> body) {
    return lowering.emitReduce(
        loc, kind, extents, type.getElementType(),
        [&](ArrayRef<AffineExpr> inRow) { return body(getElement(inRow)); });
  }

  /// Runs \p body for each element of the row.
  LogicalResult forEach(GroupLowering::ElementBody body) {
    SmallVector<int64_t> loops(extents);
    if (!hasLanes)
      loops.pop_back();
    Indices inRow;
    if (!loops.empty())
      inRow = lowering.openLoop(loc, loops);
    if (!hasLanes)
      inRow.push_back(lowering.openVectorLoop(loc, extents.back()));
    LogicalResult result = body(getElement(inRow));
    if (!hasLanes)
      lowering.closeLoop();
    if (!loops.empty())
      lowering.closeLoop();
    return result;
  }

  int64_t getCount() const {
    int64_t count = 1;
    for (int64_t extent : extents)
      count *= extent;
    return count;
  }

private:
  /// Emits a section for \p numBlocks blocks of \p lanes lanes each.
  LogicalResult runSection(int64_t firstBlock, int64_t numBlocks, int64_t lanes,
                           llvm::function_ref<LogicalResult()> body) {
    SmallVector<int64_t> taskDims, taskExtents;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (!llvm::is_contained(axes, i) && !(hasLanes && i == innermost)) {
        taskDims.push_back(i);
        taskExtents.push_back(type.getDimSize(i));
      }
    if (block > 1)
      taskExtents.push_back(numBlocks);
    Indices task = lowering.openTasks(loc, taskExtents);
    at.assign(type.getRank(), lowering.emitter.constant(0));
    for (auto [dim, index] : llvm::zip(taskDims, task))
      at[dim] = index;
    if (hasLanes)
      at[innermost] = lowering.openVectorLoop(loc, lanes);
    if (block > 1)
      at[innermost] = (task.back() + firstBlock) * block + at[innermost];
    LogicalResult result = body();
    if (hasLanes)
      lowering.closeLoop();
    lowering.closeSection();
    return result;
  }

  GroupLowering &lowering;
  Location loc;
  RankedTensorType type;
  SmallVector<int64_t> axes, extents;
  int64_t block; ///< channels of a block that become lanes, or 1
  int64_t innermost;
  bool hasLanes;
  Indices at;
};
} // namespace

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

static LogicalResult emitSoftmax(GroupLowering &lowering, Operation *op,
                                 Rows &rows) {
  Location loc = op->getLoc();
  OpBuilder &b = lowering.builder;
  ElementEmitter &emitter = lowering.emitter;
  Value input = op->getOperand(0);
  bool isLog = isa<graph::LogSoftmaxOp>(op);
  auto type = getTensorType(input);
  // Exponentials are kept in the output where nothing follows that changes its
  // type.
  bool keepsExponentials = !isLog && lowering.getRootType() == type;
  // A NaN makes the sum of exponentials one.
  FailureOr<Value> max =
      rows.reduce(kernel::ReduceKind::Greatest, [&](ArrayRef<AffineExpr> at) {
        return emitter.emit(input, at);
      });
  if (failed(max))
    return failure();
  auto emitShifted = [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
    FailureOr<Value> x = emitter.emit(input, at);
    if (failed(x))
      return failure();
    return scalar::sub(b, loc, *x, *max);
  };
  FailureOr<Value> sum =
      rows.reduce(kernel::ReduceKind::Add,
                  [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
                    FailureOr<Value> shifted = emitShifted(at);
                    if (failed(shifted))
                      return failure();
                    Value exp = math::ExpOp::create(b, loc, *shifted);
                    if (keepsExponentials)
                      emitter.store(loc, exp, lowering.getOutput(), type, at);
                    return exp;
                  });
  if (failed(sum))
    return failure();
  Value scale = isLog ? Value(math::LogOp::create(b, loc, *sum))
                      : scalar::reciprocal(b, loc, *sum);
  return rows.forEach([&](ArrayRef<AffineExpr> at) -> LogicalResult {
    Value element;
    if (keepsExponentials) {
      Value exp = emitter.load(loc, lowering.getOutput(), type, at);
      element = scalar::mul(b, loc, exp, scale);
    } else {
      FailureOr<Value> shifted = emitShifted(at);
      if (failed(shifted))
        return failure();
      element = isLog
                    ? scalar::sub(b, loc, *shifted, scale)
                    : scalar::mul(b, loc, math::ExpOp::create(b, loc, *shifted),
                                  scale);
    }
    emitter.setElement(op->getResult(0), element);
    return lowering.finish(loc, at);
  });
}

LogicalResult dlc::lower::lowerSoftmax(GroupLowering &lowering, Operation *op) {
  int64_t axis = isa<graph::LogSoftmaxOp>(op)
                     ? cast<graph::LogSoftmaxOp>(op).getAxis()
                     : cast<graph::SoftmaxOp>(op).getAxis();
  Rows rows(lowering, op->getLoc(), getTensorType(op->getOperand(0)), axis);
  return rows.run([&] { return emitSoftmax(lowering, op, rows); });
}

//===----------------------------------------------------------------------===//
// Normalisations
//===----------------------------------------------------------------------===//

namespace {
/// What distinguishes the normalisations.
struct NormalizationInfo {
  SmallVector<int64_t> axes; ///< that a mean spans, of the operator's view
  double epsilon;
  int64_t parameterAxis; ///< of the input
};
} // namespace

static NormalizationInfo getInfo(Operation *op) {
  auto type = getTensorType(op->getOperand(0));
  if (auto norm = dyn_cast<graph::LayerNormOp>(op)) {
    int64_t axis = norm.getAxis();
    return {{axis}, norm.getEpsilon().convertToDouble(), axis};
  }
  auto norm = cast<graph::InstanceNormOp>(op);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, type.getRank()));
  return {axes, norm.getEpsilon().convertToDouble(), 1};
}

/// Emits (x - mean) / sqrt(variance + epsilon) and what follows it.
static LogicalResult
emitNormalization(GroupLowering &lowering, Operation *op, Rows &rows,
                  double epsilon,
                  llvm::function_ref<Indices(ArrayRef<AffineExpr>)> toInput,
                  int64_t parameterAxis) {
  Location loc = op->getLoc();
  OpBuilder &b = lowering.builder;
  ElementEmitter &emitter = lowering.emitter;
  Value input = op->getOperand(0);
  Type element = getTensorType(input).getElementType();
  Value count = scalar::constant(b, loc, element, double(rows.getCount()));
  FailureOr<Value> sum =
      rows.reduce(kernel::ReduceKind::Add, [&](ArrayRef<AffineExpr> at) {
        return emitter.emit(input, toInput(at));
      });
  if (failed(sum))
    return failure();
  Value mean = scalar::div(b, loc, *sum, count);
  auto emitCentered = [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
    FailureOr<Value> x = emitter.emit(input, toInput(at));
    if (failed(x))
      return failure();
    return scalar::sub(b, loc, *x, mean);
  };
  // In two passes: the difference of large sums would cancel.
  FailureOr<Value> squares =
      rows.reduce(kernel::ReduceKind::Add,
                  [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
                    FailureOr<Value> centered = emitCentered(at);
                    if (failed(centered))
                      return failure();
                    return scalar::mul(b, loc, *centered, *centered);
                  });
  if (failed(squares))
    return failure();
  Value variance = scalar::div(b, loc, *squares, count);
  Value scale =
      scalar::rsqrt(b, loc,
                    scalar::add(b, loc, variance,
                                scalar::constant(b, loc, element, epsilon)));
  return rows.forEach([&](ArrayRef<AffineExpr> at) -> LogicalResult {
    Indices indices = toInput(at);
    FailureOr<Value> centered = emitCentered(at);
    FailureOr<Value> gamma =
        emitter.emit(op->getOperand(1), indices[parameterAxis]);
    FailureOr<Value> beta =
        emitter.emit(op->getOperand(2), indices[parameterAxis]);
    if (failed(centered) || failed(gamma) || failed(beta))
      return failure();
    Value normalized = scalar::mul(b, loc, *centered, scale);
    Value scaled = scalar::mul(b, loc, normalized, *gamma);
    emitter.setElement(op->getResult(0), scalar::add(b, loc, scaled, *beta));
    return lowering.finish(loc,
                           lowering.getRootIndices(op->getResult(0), indices));
  });
}

LogicalResult dlc::lower::lowerNormalization(GroupLowering &lowering,
                                             Operation *op) {
  auto type = getTensorType(op->getOperand(0));
  auto groupNorm = dyn_cast<graph::GroupNormOp>(op);
  if (!groupNorm) {
    NormalizationInfo info = getInfo(op);
    Rows rows(lowering, op->getLoc(), type, info.axes);
    return rows.run([&] {
      return emitNormalization(
          lowering, op, rows, info.epsilon,
          [](ArrayRef<AffineExpr> at) { return Indices(at); },
          info.parameterAxis);
    });
  }
  // As a tensor [N, groups, C / groups, spatial...].
  int64_t groups = groupNorm.getGroups();
  int64_t perGroup = type.getDimSize(1) / groups;
  SmallVector<int64_t> shape{type.getDimSize(0), groups, perGroup};
  llvm::append_range(shape, type.getShape().drop_front(2));
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, shape.size()));
  Rows rows(lowering, op->getLoc(),
            RankedTensorType::get(shape, type.getElementType()), axes);
  auto toInput = [&](ArrayRef<AffineExpr> at) {
    Indices indices{at[0], at[1] * perGroup + at[2]};
    llvm::append_range(indices, at.drop_front(3));
    return indices;
  };
  return rows.run([&] {
    return emitNormalization(lowering, op, rows,
                             groupNorm.getEpsilon().convertToDouble(), toInput,
                             /*parameterAxis=*/1);
  });
}

LogicalResult dlc::lower::lowerLrn(GroupLowering &lowering, graph::LrnOp op) {
  Location loc = op.getLoc();
  OpBuilder &b = lowering.builder;
  ElementEmitter &emitter = lowering.emitter;
  auto type = getTensorType(op.getInput());
  Type element = type.getElementType();
  int64_t channels = type.getDimSize(1), size = op.getSize();
  auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
    auto constantIndex = [&](int64_t v) -> Value {
      return arith::ConstantIndexOp::create(b, loc, v);
    };
    FailureOr<Value> sum = lowering.emitReduce(
        loc, kernel::ReduceKind::Add, size, element,
        [&](ArrayRef<AffineExpr> tap) -> FailureOr<Value> {
          Value channel = arith::SubIOp::create(
              b, loc, emitter.emitIndex(loc, at[1] + tap[0]),
              constantIndex(size / 2));
          Value clamped = arith::MinSIOp::create(
              b, loc, arith::MaxSIOp::create(b, loc, channel, constantIndex(0)),
              constantIndex(channels - 1));
          Value isInside = arith::CmpIOp::create(
              b, loc, arith::CmpIPredicate::eq, channel, clamped);
          FailureOr<Value> x = emitter.emit(
              op.getInput(),
              {at[0], emitter.addIndex(clamped, channels), at[2], at[3]});
          if (failed(x))
            return failure();
          Value square = scalar::mul(b, loc, *x, *x);
          return Value(arith::SelectOp::create(
              b, loc, isInside, square, scalar::constant(b, loc, element, 0)));
        });
    FailureOr<Value> x = emitter.emit(op.getInput(), at);
    if (failed(sum) || failed(x))
      return failure();
    double alpha = op.getAlpha().convertToDouble() / double(size);
    Value base = scalar::add(
        b, loc,
        scalar::mul(b, loc, *sum, scalar::constant(b, loc, element, alpha)),
        scalar::constant(b, loc, element, op.getKnorm().convertToDouble()));
    Value power = scalar::power(
        b, loc, base,
        scalar::constant(b, loc, element, -op.getBeta().convertToDouble()));
    emitter.setElement(op.getResult(), scalar::mul(b, loc, *x, power));
    return lowering.finish(loc, at);
  };
  return lowering.walk(loc, lowering.getRootType(), body);
}

//===----------------------------------------------------------------------===//
// Concatenation
//===----------------------------------------------------------------------===//

LogicalResult dlc::lower::lowerConcat(GroupLowering &lowering,
                                      graph::ConcatOp op) {
  int64_t start = 0, axis = op.getAxis();
  for (Value input : op.getInputs()) {
    auto type = getTensorType(input);
    auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
      FailureOr<Value> element = lowering.emitter.emit(input, at);
      if (failed(element))
        return failure();
      lowering.emitter.setElement(op.getResult(), *element);
      Indices to(at);
      to[axis] = to[axis] + start;
      return lowering.finish(op.getLoc(), to);
    };
    if (type.getNumElements() > 0 &&
        failed(lowering.walk(op.getLoc(), type, body)))
      return failure();
    start += type.getDimSize(axis);
  }
  return success();
}
