// SPDX-License-Identifier: Apache-2.0
// Lowers reductions along axes, the search for extremes and running sums.
#include "passes/lower/RunningSums.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include <limits>

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

/// Rows of fewer elements aren't worth more threads than one each.
static constexpr int64_t kSharedExtent = 64;
/// Nor are running sums of fewer, or of so many rows.
static constexpr int64_t kSharedSums = 128, kManyRows = 32 << 10;

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

namespace {
/// Finds where the first of the largest or smallest elements of a row is. NaN
/// is neither, but where it comes first.
class ArgReductionEmitter {
public:
  ArgReductionEmitter(GroupLowering &lowering, Operation *op)
      : lowering(lowering), op(op), loc(op->getLoc()), b(lowering.builder),
        isMax(isa<graph::ArgmaxOp>(op)), input(op->getOperand(0)),
        type(getTensorType(input)),
        axis(isMax ? cast<graph::ArgmaxOp>(op).getAxis()
                   : cast<graph::ArgminOp>(op).getAxis()),
        keepsAxes(isMax ? cast<graph::ArgmaxOp>(op).getKeepdims()
                        : cast<graph::ArgminOp>(op).getKeepdims()),
        extent(type.getDimSize(axis)) {}

  LogicalResult emit();

private:
  FailureOr<Value> read(AffineExpr position) {
    return lowering.emitter.emit(
        input,
        getOperandIndices(type.getRank(), axis, keepsAxes, at, position));
  }
  Value constantIndex(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value isBetter(Value x, Value best) {
    return scalar::compare(
        b, loc, isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT,
        isMax ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt, x, best);
  }
  bool isRowInMemory() const;
  LogicalResult emitOneByOne();
  LogicalResult emitShared();
  LogicalResult finish(Value position) {
    lowering.emitter.setElement(op->getResult(0), position);
    return lowering.finish(loc, at);
  }

  GroupLowering &lowering;
  Operation *op;
  Location loc;
  OpBuilder &b;
  bool isMax;
  Value input;
  RankedTensorType type;
  int64_t axis;
  bool keepsAxes;
  int64_t extent;
  Indices at;
};
} // namespace

/// Whether elements of a row are side by side: threads that share one read
/// neighbours then.
bool ArgReductionEmitter::isRowInMemory() const {
  return llvm::all_of(type.getShape().drop_front(axis + 1),
                      [](int64_t size) { return size == 1; });
}

LogicalResult ArgReductionEmitter::emitOneByOne() {
  ElementEmitter &emitter = lowering.emitter;
  FailureOr<Value> first = read(emitter.constant(0));
  if (failed(first))
    return failure();
  auto loop = scf::ForOp::create(b, loc, constantIndex(1),
                                 constantIndex(extent), constantIndex(1),
                                 ValueRange{*first, constantIndex(0)});
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(loop.getBody());
    Value best = loop.getRegionIterArg(0), bestAt = loop.getRegionIterArg(1);
    FailureOr<Value> x = read(emitter.addIndex(loop.getInductionVar(), extent));
    if (failed(x))
      return failure();
    Value better = isBetter(*x, best);
    Value value = arith::SelectOp::create(b, loc, better, *x, best);
    Value position =
        arith::SelectOp::create(b, loc, better, loop.getInductionVar(), bestAt);
    scf::YieldOp::create(b, loc, ValueRange{value, position});
  }
  return finish(
      arith::IndexCastOp::create(b, loc, b.getI64Type(), loop.getResult(1)));
}

/// The best element, and then the first one that is no worse.
LogicalResult ArgReductionEmitter::emitShared() {
  ElementEmitter &emitter = lowering.emitter;
  Type element = type.getElementType();
  FailureOr<Value> first = read(emitter.constant(0));
  if (failed(first))
    return failure();
  // What isn't better than the first one, such as NaN, doesn't count.
  auto best = lowering.emitReduce(
      loc, isMax ? kernel::ReduceKind::Max : kernel::ReduceKind::Min, extent,
      element, [&](ArrayRef<AffineExpr> position) -> FailureOr<Value> {
        FailureOr<Value> x = read(position[0]);
        if (failed(x))
          return failure();
        return Value(
            arith::SelectOp::create(b, loc, isBetter(*x, *first), *x, *first));
      });
  if (failed(best))
    return failure();
  // Indices may be of 32 bits.
  Type i64 = b.getI64Type();
  Value none = arith::ConstantIntOp::create(
      b, loc, i64, std::numeric_limits<int64_t>::max());
  auto position = lowering.emitReduce(
      loc, kernel::ReduceKind::Min, extent, i64,
      [&](ArrayRef<AffineExpr> position) -> FailureOr<Value> {
        FailureOr<Value> x = read(position[0]);
        if (failed(x))
          return failure();
        Value isBest = scalar::compare(b, loc, arith::CmpFPredicate::OEQ,
                                       arith::CmpIPredicate::eq, *x, *best);
        Value index = emitter.emitIndex(loc, position[0]);
        return Value(arith::SelectOp::create(
            b, loc, isBest, arith::IndexCastOp::create(b, loc, i64, index),
            none));
      });
  if (failed(position))
    return failure();
  // A row that begins with NaN has nothing that is equal to that.
  Value isNone =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, *position, none);
  Value zero = arith::ConstantIntOp::create(b, loc, i64, 0);
  return finish(arith::SelectOp::create(b, loc, isNone, zero, *position));
}

LogicalResult ArgReductionEmitter::emit() {
  at = lowering.openTasks(loc, lowering.getRootType().getShape());
  LogicalResult result = success();
  bool isShared =
      lowering.decisions.decide(isRowInMemory() && extent >= kSharedExtent);
  auto note = [&](LogicalResult part) {
    if (failed(part))
      result = failure();
  };
  if (isShared)
    lowering.emitAlternatives(
        loc, [&] { note(emitOneByOne()); }, [&] { note(emitShared()); });
  else
    result = emitOneByOne();
  lowering.closeSection();
  return result;
}

LogicalResult dlc::lower::lowerArgReduction(GroupLowering &lowering,
                                            Operation *op) {
  return ArgReductionEmitter(lowering, op).emit();
}

namespace {
/// Running sums along an axis.
class CumsumEmitter {
public:
  CumsumEmitter(GroupLowering &lowering, graph::CumsumOp op)
      : lowering(lowering), op(op), loc(op.getLoc()), b(lowering.builder),
        type(getTensorType(op.getInput())), axis(op.getAxis()),
        length(type.getDimSize(axis)), outer(type.getShape().take_front(axis)),
        inner(type.getShape().drop_front(axis + 1)) {}

  LogicalResult emit();

private:
  bool isWorthSharing() const;
  /// Each row is a task.
  LogicalResult emitOneByOne();
  /// Rows that are neighbours in memory are one task.
  LogicalResult emitShared();
  LogicalResult finish(Value sum, ArrayRef<AffineExpr> at) {
    lowering.emitter.setElement(op.getResult(), sum);
    return lowering.finish(loc, at);
  }

  GroupLowering &lowering;
  graph::CumsumOp op;
  Location loc;
  OpBuilder &b;
  RankedTensorType type;
  int64_t axis, length;
  ArrayRef<int64_t> outer, inner; ///< dimensions before and after the axis
};
} // namespace

/// Whether rows are long, and so few that a thread for each would leave most of
/// a GPU without work.
bool CumsumEmitter::isWorthSharing() const {
  return length >= kSharedSums &&
         computeProduct(outer) * computeProduct(inner) < kManyRows;
}

LogicalResult CumsumEmitter::emitOneByOne() {
  ElementEmitter &emitter = lowering.emitter;
  SmallVector<int64_t> extents(outer);
  llvm::append_range(extents, inner);
  Indices task = lowering.openTasks(loc, extents);
  auto constantIndex = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(b, loc, v);
  };
  Value zero = scalar::constant(b, loc, type.getElementType(), 0);
  auto loop = scf::ForOp::create(b, loc, constantIndex(0),
                                 constantIndex(length), constantIndex(1), zero);
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(loop.getBody());
    Indices at(task);
    at.insert(at.begin() + axis,
              emitter.addIndex(loop.getInductionVar(), length));
    FailureOr<Value> x = emitter.emit(op.getInput(), at);
    if (failed(x))
      return failure();
    Value sum = scalar::add(b, loc, loop.getRegionIterArg(0), *x);
    if (failed(finish(sum, at)))
      return failure();
    scf::YieldOp::create(b, loc, sum);
  }
  lowering.closeSection();
  return success();
}

LogicalResult CumsumEmitter::emitShared() {
  Indices task = lowering.openTasks(loc, outer);
  // Rows without neighbours are whole in memory.
  bool hasNeighbours = lowering.decisions.decide(computeProduct(inner) > 1);
  RunningSums sums(lowering, loc, type.getElementType(), length,
                   hasNeighbours ? inner : ArrayRef<int64_t>());
  auto getPlace = [&](AffineExpr position, ArrayRef<AffineExpr> at) {
    Indices place(task);
    place.push_back(position);
    if (hasNeighbours)
      llvm::append_range(place, at);
    else
      place.append(inner.size(), lowering.emitter.constant(0));
    return place;
  };
  LogicalResult result = sums.emit(
      [&](AffineExpr position, ArrayRef<AffineExpr> at) {
        return lowering.emitter.emit(op.getInput(), getPlace(position, at));
      },
      [&](AffineExpr position, ArrayRef<AffineExpr> at, Value, Value sum) {
        return finish(sum, getPlace(position, at));
      });
  lowering.closeSection();
  return result;
}

LogicalResult CumsumEmitter::emit() {
  if (!lowering.decisions.decide(isWorthSharing()))
    return emitOneByOne();
  LogicalResult serial = success(), shared = success();
  lowering.emitAlternatives(
      loc, [&] { serial = emitOneByOne(); }, [&] { shared = emitShared(); });
  return success(succeeded(serial) && succeeded(shared));
}

LogicalResult dlc::lower::lowerCumsum(GroupLowering &lowering,
                                      graph::CumsumOp op) {
  return CumsumEmitter(lowering, op).emit();
}
