// SPDX-License-Identifier: Apache-2.0
// Lowers sorting. Each row is one task.
#include "passes/lower/RowEmitter.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

/// Rows of up to this length are sorted by counting: all pairs in vectors take
/// less time than merges do, one element after the other.
static constexpr int64_t kCounted = 512;
/// Rows have less than 2^31 elements.
static constexpr int64_t kMostLevels = 31;
/// Threads that share a row begin with runs of 2^5, sorted by counting. Odd, so
/// that these are in the half where merges leave runs of this length.
static constexpr int64_t kFirstLevel = 5;

LogicalResult
RowEmitter::finishRow(ArrayRef<AffineExpr> at, int64_t count,
                      llvm::function_ref<Value(AffineExpr)> read) {
  AffineExpr position = lowering.openVectorLoop(loc, count);
  emitter.setElement(op->getResult(0), read(position));
  Indices indices(at);
  indices.push_back(position);
  if (failed(lowering.finish(loc, indices)))
    return failure();
  lowering.closeLoop();
  return success();
}

namespace {
/// Sorts integers that order the elements. In a short row each element goes to
/// the place that as many others come before. In a longer one, runs of 1, 2,
/// 4, ... elements are merged from one half of the scratch memory to the other:
/// by one thread an element after the other, by several all at once, each to
/// the place that a binary search in the other run finds.
class ArgsortEmitter : RowEmitter {
public:
  ArgsortEmitter(GroupLowering &lowering, graph::ArgsortOp op)
      : RowEmitter(lowering, op), sort(op), type(getTensorType(op.getInput())),
        length(type.getShape().back()) {}

  LogicalResult emit();

private:
  /// An integer for \p element, such that all are in one total order.
  Value emitKey(Value element);
  /// How often runs are merged, where that depends on the size of a dim.
  Value emitLevelCount();
  /// Merges all runs; returns the half where the last ones are.
  AffineExpr emitLevels();
  LogicalResult emitKeys(ArrayRef<AffineExpr> row);
  /// Whether \p other at \p otherAt belongs before \p key at \p at.
  Value emitComesBefore(Value other, Value otherAt, Value key, Value at);
  void emitCounts();
  void emitLevel(AffineExpr level);
  /// Sorts runs of 2^kFirstLevel by counting.
  void emitFirstRuns();
  /// Merges all runs of 2^\p level, each element on its own.
  void emitSharedLevel(AffineExpr level);
  /// How many of the \p size elements from \p begin on come before \p key,
  /// which is at \p at.
  Value emitSearch(AffineExpr level, Value begin, Value size, Value key,
                   Value at);
  /// Merges two runs that follow each other: [begin, middle) and [middle, end).
  void emitMerge(AffineExpr level, Value begin, Value middle, Value end);
  /// The key at \p position of a half of the scratch memory.
  Value loadKey(AffineExpr half, AffineExpr position) {
    return emitter.loadPhysical(loc, keys, {half, position});
  }

  graph::ArgsortOp sort;
  RankedTensorType type;
  int64_t length;
  Value keys, places; ///< scratch, [halves, length]
};
} // namespace

Value ArgsortEmitter::emitKey(Value element) {
  auto floatType = dyn_cast<FloatType>(element.getType());
  if (!floatType)
    return element;
  if (floatType.getWidth() < 32)
    element = scalar::cast(b, loc, element, b.getF32Type());
  // -0 becomes 0. Of negative numbers the larger bits are the smaller ones.
  element = scalar::add(b, loc, element,
                        scalar::constant(b, loc, element.getType(), 0));
  int64_t width = element.getType().getIntOrFloatBitWidth();
  Type type = b.getIntegerType(width);
  Value bits = arith::BitcastOp::create(b, loc, type, element);
  Value sign = arith::ShRSIOp::create(
      b, loc, bits, scalar::constant(b, loc, type, double(width - 1)));
  Value flipped =
      arith::ShRUIOp::create(b, loc, sign, scalar::constant(b, loc, type, 1));
  return arith::XOrIOp::create(b, loc, bits, flipped);
}

LogicalResult ArgsortEmitter::emitKeys(ArrayRef<AffineExpr> row) {
  AffineExpr position = lowering.openVectorLoop(loc, length);
  Indices at(row);
  at.push_back(position);
  FailureOr<Value> element = emitter.emit(sort.getInput(), at);
  if (failed(element))
    return failure();
  AffineExpr first = emitter.constant(0);
  emitter.storePhysical(loc, emitKey(*element), keys, {first, position});
  emitter.storePhysical(loc, toInt(emitter.emitIndex(loc, position)), places,
                        {first, position});
  lowering.closeLoop();
  return success();
}

Value ArgsortEmitter::emitComesBefore(Value other, Value otherAt, Value key,
                                      Value at) {
  Value isBefore = compare(sort.getDescending() ? arith::CmpIPredicate::sgt
                                                : arith::CmpIPredicate::slt,
                           other, key);
  Value isEqual = compare(arith::CmpIPredicate::eq, other, key);
  Value isEarlier = compare(arith::CmpIPredicate::slt, otherAt, at);
  Value isFirst = arith::AndIOp::create(b, loc, isEqual, isEarlier);
  return arith::OrIOp::create(b, loc, isBefore, isFirst);
}

/// Puts the position of each element at its rank.
void ArgsortEmitter::emitCounts() {
  AffineExpr first = emitter.constant(0);
  AffineExpr position = lowering.openVectorLoop(loc, length);
  Value own = emitter.emitIndex(loc, position);
  Value key = loadKey(first, position);
  Type i32 = b.getI32Type();
  auto comesBefore = [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
    Value other = loadKey(first, at[0]);
    Value counts =
        emitComesBefore(other, emitter.emitIndex(loc, at[0]), key, own);
    return Value(arith::ExtUIOp::create(b, loc, i32, counts));
  };
  FailureOr<Value> rank = lowering.emitReduce(loc, kernel::ReduceKind::Add,
                                              length, i32, comesBefore);
  Value index = arith::IndexCastOp::create(b, loc, b.getIndexType(), *rank);
  emitter.storePhysical(loc, toInt(own), places,
                        {first, emitter.addIndex(index, length)});
  lowering.closeLoop();
}

void ArgsortEmitter::emitMerge(AffineExpr level, Value begin, Value middle,
                               Value end) {
  AffineExpr from = level % 2, to = (level + 1) % 2;
  Value last = constantIndex(length - 1), one = constantIndex(1);
  auto loop =
      scf::ForOp::create(b, loc, begin, end, one, ValueRange{begin, middle});
  OpBuilder::InsertionGuard guard(b);
  ElementEmitter::Scope scope(emitter);
  b.setInsertionPointToStart(loop.getBody());
  Value left = loop.getRegionIterArg(0), right = loop.getRegionIterArg(1);
  AffineExpr leftAt = emitter.addIndex(minimum(left, last), length);
  AffineExpr rightAt = emitter.addIndex(minimum(right, last), length);
  Value leftKey = loadKey(from, leftAt), rightKey = loadKey(from, rightAt);
  Value isBefore = compare(sort.getDescending() ? arith::CmpIPredicate::sgt
                                                : arith::CmpIPredicate::slt,
                           rightKey, leftKey);
  Value isLeftDone = compare(arith::CmpIPredicate::sge, left, middle);
  Value isRightThere = compare(arith::CmpIPredicate::slt, right, end);
  Value takesRight = arith::AndIOp::create(
      b, loc, isRightThere, arith::OrIOp::create(b, loc, isLeftDone, isBefore));
  Value key = arith::SelectOp::create(b, loc, takesRight, rightKey, leftKey);
  Value place = arith::SelectOp::create(
      b, loc, takesRight, emitter.loadPhysical(loc, places, {from, rightAt}),
      emitter.loadPhysical(loc, places, {from, leftAt}));
  AffineExpr at = emitter.addIndex(loop.getInductionVar(), length);
  emitter.storePhysical(loc, key, keys, {to, at});
  emitter.storePhysical(loc, place, places, {to, at});
  Value zero = constantIndex(0);
  Value rightStep = arith::SelectOp::create(b, loc, takesRight, one, zero);
  Value leftStep = arith::SelectOp::create(b, loc, takesRight, zero, one);
  scf::YieldOp::create(
      b, loc,
      ValueRange{arith::AddIOp::create(b, loc, left, leftStep),
                 arith::AddIOp::create(b, loc, right, rightStep)});
}

void ArgsortEmitter::emitLevel(AffineExpr level) {
  Value run = arith::ShLIOp::create(b, loc, constantIndex(1),
                                    emitter.emitIndex(loc, level));
  Value both = arith::AddIOp::create(b, loc, run, run);
  Value all = constantIndex(length);
  auto pairs = scf::ForOp::create(b, loc, constantIndex(0), all, both);
  OpBuilder::InsertionGuard guard(b);
  ElementEmitter::Scope scope(emitter);
  b.setInsertionPointToStart(pairs.getBody());
  Value begin = pairs.getInductionVar();
  Value middle = minimum(arith::AddIOp::create(b, loc, begin, run), all);
  Value end = minimum(arith::AddIOp::create(b, loc, begin, both), all);
  emitMerge(level, begin, middle, end);
}

Value ArgsortEmitter::emitLevelCount() {
  Value one = constantIndex(1), zero = constantIndex(0);
  auto loop =
      scf::ForOp::create(b, loc, zero, constantIndex(kMostLevels), one, zero);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value run = arith::ShLIOp::create(b, loc, one, loop.getInductionVar());
  Value isShort =
      compare(arith::CmpIPredicate::slt, run, constantIndex(length));
  Value step = arith::SelectOp::create(b, loc, isShort, one, zero);
  scf::YieldOp::create(
      b, loc,
      Value(arith::AddIOp::create(b, loc, loop.getRegionIterArg(0), step)));
  return loop.getResult(0);
}

void ArgsortEmitter::emitFirstRuns() {
  int64_t run = int64_t(1) << kFirstLevel;
  AffineExpr position = lowering.openVectorLoop(loc, length);
  AffineExpr from = emitter.constant(0), to = emitter.constant(1);
  AffineExpr begin = position.floorDiv(run) * run;
  Value own = emitter.emitIndex(loc, position), key = loadKey(from, position);
  Value last = constantIndex(length - 1);
  Type i32 = b.getI32Type();
  auto comesBefore = [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
    Value place = emitter.emitIndex(loc, begin + at[0]);
    Value other = loadKey(from, emitter.addIndex(minimum(place, last), length));
    Value counts = arith::AndIOp::create(
        b, loc, compare(arith::CmpIPredicate::sle, place, last),
        emitComesBefore(other, place, key, own));
    return Value(arith::ExtUIOp::create(b, loc, i32, counts));
  };
  FailureOr<Value> rank =
      lowering.emitReduce(loc, kernel::ReduceKind::Add, run, i32, comesBefore);
  Value place = arith::AddIOp::create(
      b, loc, emitter.emitIndex(loc, begin),
      arith::IndexCastOp::create(b, loc, b.getIndexType(), *rank));
  AffineExpr at = emitter.addIndex(place, length);
  emitter.storePhysical(loc, key, keys, {to, at});
  emitter.storePhysical(loc, toInt(own), places, {to, at});
  lowering.closeLoop();
}

Value ArgsortEmitter::emitSearch(AffineExpr level, Value begin, Value size,
                                 Value key, Value at) {
  Value zero = constantIndex(0), one = constantIndex(1);
  Value exponent = emitter.emitIndex(loc, level);
  Value run = arith::ShLIOp::create(b, loc, one, exponent);
  Value steps = arith::AddIOp::create(b, loc, exponent, one);
  auto loop = scf::ForOp::create(b, loc, zero, steps, one, zero);
  OpBuilder::InsertionGuard guard(b);
  ElementEmitter::Scope scope(emitter);
  b.setInsertionPointToStart(loop.getBody());
  Value known = loop.getRegionIterArg(0);
  Value step = arith::ShRUIOp::create(b, loc, run, loop.getInductionVar());
  Value next = arith::AddIOp::create(b, loc, known, step);
  Value place = arith::SubIOp::create(
      b, loc, arith::AddIOp::create(b, loc, begin, next), one);
  AffineExpr otherAt =
      emitter.addIndex(minimum(place, constantIndex(length - 1)), length);
  Value isMore = arith::AndIOp::create(
      b, loc, compare(arith::CmpIPredicate::sle, next, size),
      emitComesBefore(loadKey(level % 2, otherAt), place, key, at));
  scf::YieldOp::create(
      b, loc, Value(arith::SelectOp::create(b, loc, isMore, next, known)));
  return loop.getResult(0);
}

void ArgsortEmitter::emitSharedLevel(AffineExpr level) {
  AffineExpr from = level % 2, to = (level + 1) % 2;
  AffineExpr position = lowering.openVectorLoop(loc, length);
  Value at = emitter.emitIndex(loc, position), key = loadKey(from, position);
  Value exponent = emitter.emitIndex(loc, level);
  Value run = arith::ShLIOp::create(b, loc, constantIndex(1), exponent);
  Value begin = arith::ShLIOp::create(
      b, loc, arith::ShRUIOp::create(b, loc, at, exponent), exponent);
  // One of both runs begins at an odd multiple of their length.
  Value other = arith::XOrIOp::create(b, loc, begin, run);
  Value size =
      minimum(run, arith::SubIOp::create(b, loc, constantIndex(length), other));
  Value before = emitSearch(level, other, size, key, at);
  Value offset = arith::SubIOp::create(b, loc, at, begin);
  Value place =
      arith::AddIOp::create(b, loc, minimum(begin, other),
                            arith::AddIOp::create(b, loc, offset, before));
  AffineExpr target = emitter.addIndex(place, length);
  emitter.storePhysical(loc, key, keys, {to, target});
  emitter.storePhysical(loc,
                        emitter.loadPhysical(loc, places, {from, position}),
                        places, {to, target});
  lowering.closeLoop();
}

AffineExpr ArgsortEmitter::emitLevels() {
  bool isForManySizes = lowering.decisions.isForManySizes();
  int64_t most = isForManySizes ? kMostLevels : llvm::Log2_64_Ceil(length);
  Value levels = isForManySizes ? emitLevelCount() : constantIndex(most);
  lowering.emitAlternatives(
      loc,
      [&] {
        emitLevel(isForManySizes ? lowering.openBoundedLoop(loc, levels, most)
                                 : lowering.openLoop(loc, most).front());
        lowering.closeLoop();
      },
      [&] {
        emitFirstRuns();
        // Several blocks can share what has no loop around it.
        for (int64_t level = kFirstLevel; !isForManySizes && level < most;
             ++level)
          emitSharedLevel(emitter.constant(level));
        if (!isForManySizes)
          return;
        emitSharedLevel(lowering.openBoundedLoop(loc, levels, most,
                                                 constantIndex(kFirstLevel)));
        lowering.closeLoop();
      });
  if (!isForManySizes)
    return emitter.constant(most % 2);
  Value half = arith::RemUIOp::create(b, loc, levels, constantIndex(2));
  return emitter.addIndex(half, 2);
}

LogicalResult ArgsortEmitter::emit() {
  bool isCounted = lowering.decisions.decide(length <= kCounted);
  Type element = type.getElementType();
  if (isa<FloatType>(element))
    element = b.getIntegerType(std::max(32u, element.getIntOrFloatBitWidth()));
  // A multiple of a cache line, so that the size of both is one expression.
  bool isForManySizes = lowering.decisions.isForManySizes();
  int64_t room = isForManySizes ? llvm::alignTo(length, 16) : length;
  int64_t halves[]{isCounted ? 1 : 2, room};
  keys = makeScratch(halves, element);
  places = makeScratch(halves, b.getI32Type());
  Indices row = lowering.openTasks(loc, type.getShape().drop_back());
  if (failed(emitKeys(row)))
    return failure();
  AffineExpr half = emitter.constant(0);
  if (isCounted)
    emitCounts();
  else
    half = emitLevels();
  if (failed(finishRow(row, length, [&](AffineExpr position) {
        return emitter.loadPhysical(loc, places, {half, position});
      })))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerArgsort(GroupLowering &lowering,
                                       graph::ArgsortOp op) {
  return ArgsortEmitter(lowering, op).emit();
}
