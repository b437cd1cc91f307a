// SPDX-License-Identifier: Apache-2.0
// Reductions of a kernel's body on vectors.
#include "passes/kernel/BodyEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc::kernel;

/// Reductions inside lanes with at most this many iterations are unrolled: the
/// window of a pooling or depthwise kernel.
static constexpr int64_t kUnrolledTrips = 32;
/// Independent accumulators of a horizontal reduction, to hide the latency of
/// an addition.
static constexpr int64_t kAccumulators = 4;
/// The same of a reduction in each lane, whose body tends to be short: enough
/// for two additions a cycle of four cycles each.
static constexpr int64_t kLaneAccumulators = 8;

//===----------------------------------------------------------------------===//
// Reductions' kinds
//===----------------------------------------------------------------------===//

TypedAttr dlc::kernel::getNeutralElement(Builder &builder, ReduceKind kind,
                                         Type type) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    switch (kind) {
    case ReduceKind::Add:
      return builder.getFloatAttr(type, 0.0);
    case ReduceKind::Mul:
      return builder.getFloatAttr(type, 1.0);
    case ReduceKind::Max:
    case ReduceKind::Greatest:
      return builder.getFloatAttr(
          type, APFloat::getInf(semantics, /*Negative=*/true));
    case ReduceKind::Min:
      return builder.getFloatAttr(type, APFloat::getInf(semantics));
    }
  }
  unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  switch (kind) {
  case ReduceKind::Add:
    return builder.getIntegerAttr(type, APInt(width, 0));
  case ReduceKind::Mul:
    return builder.getIntegerAttr(type, APInt(width, 1));
  case ReduceKind::Max:
  case ReduceKind::Greatest:
    return builder.getIntegerAttr(type, APInt::getSignedMinValue(width));
  case ReduceKind::Min:
    return builder.getIntegerAttr(type, APInt::getSignedMaxValue(width));
  }
  llvm_unreachable("unknown reduction");
}

Value dlc::kernel::emitCombine(OpBuilder &builder, Location loc,
                               ReduceKind kind, Value lhs, Value rhs) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(lhs.getType()));
  switch (kind) {
  case ReduceKind::Add:
    return isFloat ? Value(arith::AddFOp::create(builder, loc, lhs, rhs))
                   : arith::AddIOp::create(builder, loc, lhs, rhs);
  case ReduceKind::Mul:
    return isFloat ? Value(arith::MulFOp::create(builder, loc, lhs, rhs))
                   : arith::MulIOp::create(builder, loc, lhs, rhs);
  case ReduceKind::Greatest:
    // A NaN on the right isn't greater: one `maxps` of x86.
    if (isFloat) {
      Value isGreater = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OGT, rhs, lhs);
      return arith::SelectOp::create(builder, loc, isGreater, rhs, lhs);
    }
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case ReduceKind::Max:
    return isFloat ? Value(arith::MaximumFOp::create(builder, loc, lhs, rhs))
                   : arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case ReduceKind::Min:
    return isFloat ? Value(arith::MinimumFOp::create(builder, loc, lhs, rhs))
                   : arith::MinSIOp::create(builder, loc, lhs, rhs);
  }
  llvm_unreachable("unknown reduction");
}

Value dlc::kernel::emitAccumulate(OpBuilder &builder, Location loc,
                                  ReduceKind kind, Value lhs, Value rhs) {
  if (kind == ReduceKind::Add)
    if (auto product = rhs.getDefiningOp<arith::MulFOp>())
      return math::FmaOp::create(builder, loc, product.getLhs(),
                                 product.getRhs(), lhs);
  return emitCombine(builder, loc, kind, lhs, rhs);
}

/// Combines the lanes of \p vector.
static Value emitAcrossLanes(OpBuilder &builder, Location loc, ReduceKind kind,
                             Value vector) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(vector.getType()));
  vector::CombiningKind combining;
  switch (kind) {
  case ReduceKind::Add:
    combining = vector::CombiningKind::ADD;
    break;
  case ReduceKind::Mul:
    combining = vector::CombiningKind::MUL;
    break;
  case ReduceKind::Max:
  case ReduceKind::Greatest:
    combining = isFloat ? vector::CombiningKind::MAXIMUMF
                        : vector::CombiningKind::MAXSI;
    break;
  case ReduceKind::Min:
    combining = isFloat ? vector::CombiningKind::MINIMUMF
                        : vector::CombiningKind::MINSI;
    break;
  }
  // Without reassoc the backend adds lane after lane.
  auto fastmath =
      isFloat ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  return vector::ReductionOp::create(builder, loc, combining, vector, fastmath);
}

/// Combines \p values one after the other.
static Value combineAll(OpBuilder &builder, Location loc, ReduceKind kind,
                        ArrayRef<Value> values) {
  Value result = values.front();
  for (Value value : values.drop_front())
    result = emitCombine(builder, loc, kind, result, value);
  return result;
}

/// The largest divisor of \p count that is at most \p limit.
static int64_t getLargestDivisor(int64_t count, int64_t limit) {
  int64_t divisor = std::min(count, limit);
  while (count % divisor != 0)
    --divisor;
  return divisor;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// Additions that follow each other in one sum, at most: what many of them
/// round off adds up.
static constexpr int64_t kLongestChain = 1024;

LogicalResult BodyEmitter::emitSums(Location loc, ArrayRef<LoopRange> ranges,
                                    SmallVectorImpl<Value> &sums,
                                    LoopBody body) {
  int64_t steps = 1;
  size_t outer = 0;
  SmallVector<int64_t> trips;
  for (const LoopRange &range : ranges) {
    trips.push_back(llvm::divideCeil(range.end - range.begin, range.step));
    steps *= trips.back();
  }
  while (outer + 1 < ranges.size() && trips[outer] == 1)
    ++outer;
  bool isDynamic = llvm::any_of(
      ranges, [](const LoopRange &range) { return range.isDynamic; });
  if (isDynamic || steps <= kLongestChain ||
      !isa<FloatType>(getElementTypeOrSelf(sums.front().getType())))
    return emitNest(loc, ranges, sums, body);

  // Sums of their own for so many iterations of the outermost loop.
  const LoopRange &range = ranges[outer];
  int64_t inner = steps / trips[outer];
  int64_t chunk = std::max<int64_t>(kLongestChain / inner, 1);
  int64_t size = chunk * range.step;
  int64_t whole = range.begin + trips[outer] / chunk * size;
  auto emitChunk = [&](ValueRange first,
                       MutableArrayRef<Value> sums) -> LogicalResult {
    SmallVector<LoopRange> part(ranges);
    part[outer] = {0, size, range.step};
    Value zero = arith::ConstantOp::create(
        builder, loc, builder.getZeroAttr(sums.front().getType()));
    SmallVector<Value> own(sums.size(), zero);
    auto emitOne = [&](ValueRange indices, MutableArrayRef<Value> own) {
      SmallVector<Value> at(indices);
      at[outer] =
          arith::AddIOp::create(builder, loc, indices[outer], first.front());
      return body(at, own);
    };
    if (failed(emitSums(loc, part, own, emitOne)))
      return failure();
    for (auto [sum, more] : llvm::zip(sums, own))
      sum = emitCombine(builder, loc, ReduceKind::Add, sum, more);
    return success();
  };
  if (failed(
          emitNest(loc, LoopRange{range.begin, whole, size}, sums, emitChunk)))
    return failure();
  if (whole >= range.end)
    return success();
  SmallVector<LoopRange> rest(ranges);
  rest[outer].begin = whole;
  return emitSums(loc, rest, sums, body);
}

FailureOr<Value> BodyEmitter::emitPartial(Location loc, ReduceKind kind,
                                          ArrayRef<LoopRange> ranges,
                                          int64_t count, Value init,
                                          AccumulateBody body) {
  int64_t distance = ranges.back().step / count;
  SmallVector<Value> accs(count, init);
  auto emitStep = [&](ValueRange indices,
                      MutableArrayRef<Value> accs) -> LogicalResult {
    SmallVector<Value> at(indices);
    for (auto [i, acc] : llvm::enumerate(accs)) {
      at.back() = arith::AddIOp::create(builder, loc, indices.back(),
                                        constantIndex(loc, i * distance));
      FailureOr<Value> next = body(at, acc);
      if (failed(next))
        return failure();
      acc = *next;
    }
    return success();
  };
  if (failed(kind == ReduceKind::Add ? emitSums(loc, ranges, accs, emitStep)
                                     : emitNest(loc, ranges, accs, emitStep)))
    return failure();
  return combineAll(builder, loc, kind, accs);
}

LogicalResult BodyEmitter::emitReduce(ReduceOp op) {
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  Value yielded = cast<YieldOp>(body.back()).getValue();
  Value init = arith::ConstantOp::create(
      builder, loc, getNeutralElement(builder, op.getKind(), op.getType()));
  init = widen(loc, init, lanes.width);
  auto emitOne = [&](ValueRange indices, Value acc) -> FailureOr<Value> {
    for (auto [argument, index] : llvm::zip(body.getArguments(), indices))
      map(argument, index);
    if (failed(emitBlock(body)))
      return failure();
    Value value = widen(loc, lookupValue(loc, yielded), lanes.width);
    return emitAccumulate(builder, loc, op.getKind(), acc, value);
  };

  ArrayRef<int64_t> extents = op.getExtents();
  TypicalExtents typical(op);
  int64_t trips = 1;
  for (int64_t extent : extents)
    trips *= extent;
  if (trips > kUnrolledTrips || typical.isAnyDynamic()) {
    // Independent sums hide the latency of an addition.
    SmallVector<LoopRange> ranges = getRanges(op, extents);
    int64_t step = kLaneAccumulators, whole = extents.back();
    if (ranges.back().isDynamic)
      whole = whole / step * step;
    else
      step = getLargestDivisor(whole, step);
    ranges.back().end = whole;
    ranges.back().step = step;
    FailureOr<Value> total =
        emitPartial(loc, op.getKind(), ranges, step, init, emitOne);
    if (succeeded(total) && ranges.back().isDynamic) {
      ranges.back() = {whole, extents.back(), 1, /*isDynamic=*/true};
      total = emitPartial(loc, op.getKind(), ranges, 1, *total, emitOne);
    }
    if (succeeded(total))
      map(op, *total);
    return total;
  }
  for (int64_t trip = 0; trip < trips; ++trip) {
    SmallVector<Value> indices(extents.size());
    int64_t rest = trip;
    for (int64_t dim = extents.size() - 1; dim >= 0; --dim) {
      indices[dim] = constantIndex(loc, rest % extents[dim]);
      rest /= extents[dim];
    }
    FailureOr<Value> next = emitOne(indices, init);
    if (failed(next))
      return failure();
    init = *next;
  }
  map(op, init);
  return success();
}

LogicalResult BodyEmitter::emitHorizontalReduce(ReduceOp op) {
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  ReduceKind kind = op.getKind();
  Value yielded = cast<YieldOp>(body.back()).getValue();
  ArrayRef<int64_t> outer = op.getExtents().drop_back();
  int64_t extent = op.getExtents().back();
  TypicalExtents typical(op);
  Value neutral = arith::ConstantOp::create(
      builder, loc, getNeutralElement(builder, kind, op.getType()));
  if (llvm::is_contained(op.getExtents(), 0) && !typical.isAnyDynamic()) {
    map(op, neutral);
    return success();
  }

  // Combines the values of `count` vectors from `base` on into `acc`.
  auto accumulate = [&](Value acc, ValueRange indices, Value base,
                        int64_t width, int64_t valid) -> FailureOr<Value> {
    for (auto [argument, index] : llvm::zip(body.getArguments(), indices))
      map(argument, index);
    if (failed(
            emitBlock(body, {body.getArguments().back(), base, width, valid})))
      return failure();
    Value value = widen(loc, lookup(yielded), width);
    if (valid < width) {
      Lanes tail{{}, {}, width, valid};
      value = arith::SelectOp::create(builder, loc, getMask(loc, tail), value,
                                      widen(loc, neutral, width));
      return emitCombine(builder, loc, kind, acc, value);
    }
    return emitAccumulate(builder, loc, kind, acc, value);
  };

  // One pass over the whole nest for vectors of `width`, from index `start` of
  // the last extent on; `count` vectors, `step` of them in one iteration.
  bool isDynamic = typical.isDynamic(outer.size());
  auto sweep = [&](Value total, int64_t start, int64_t count, int64_t width,
                   int64_t valid, int64_t step) -> FailureOr<Value> {
    SmallVector<LoopRange> ranges = getRanges(op, outer);
    ranges.push_back({start, start + count * width, step * width, isDynamic});
    FailureOr<Value> acc =
        emitPartial(loc, kind, ranges, step, widen(loc, neutral, width),
                    [&](ValueRange indices, Value acc) {
                      return accumulate(acc, indices.drop_back(),
                                        indices.back(), width, valid);
                    });
    if (failed(acc))
      return failure();
    if (width > 1)
      acc = emitAcrossLanes(builder, loc, kind, *acc);
    return emitCombine(builder, loc, kind, total, *acc);
  };

  FailureOr<Value> total = neutral;
  int64_t width = target.getWidth(), count = extent / width;
  int64_t tail = extent - count * width;
  if (isDynamic) {
    // Whole iterations, the vectors that remain, the elements that remain.
    int64_t whole = count / kAccumulators * kAccumulators;
    total = sweep(*total, 0, whole, width, width, kAccumulators);
    if (succeeded(total))
      total = sweep(*total, whole * width, count - whole, width, width, 1);
    if (succeeded(total))
      total = sweep(*total, count * width, tail, 1, 1, 1);
  } else {
    if (count > 0)
      total = sweep(*total, 0, count, width, width,
                    getLargestDivisor(count, kAccumulators));
    if (succeeded(total) && tail > 0)
      total = target.hasMasks ? sweep(*total, count * width, 1, width, tail, 1)
                              : sweep(*total, count * width, tail, 1, 1, 1);
  }
  if (failed(total))
    return failure();
  map(op, *total);
  return success();
}
