// SPDX-License-Identifier: Apache-2.0
// Loops and reductions of a kernel's body on vectors.
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
// Loops
//===----------------------------------------------------------------------===//

/// All of the first \p extents of \p op, one by one.
static SmallVector<LoopRange> getRanges(Operation *op,
                                        ArrayRef<int64_t> extents) {
  TypicalExtents typical(op);
  SmallVector<LoopRange> ranges;
  for (auto [i, extent] : llvm::enumerate(extents))
    ranges.push_back({0, extent, 1, typical.isDynamic(i)});
  return ranges;
}

LogicalResult BodyEmitter::emitNest(Location loc, ArrayRef<LoopRange> ranges,
                                    SmallVectorImpl<Value> &carried,
                                    LoopBody body) {
  SmallVector<Value> indices;
  SmallVector<scf::ForOp> loops;
  OpBuilder::InsertionGuard guard(builder);
  for (auto [begin, end, step, isDynamic] : ranges) {
    Value first = constantIndex(loc, begin);
    if (end - begin <= step && !isDynamic) {
      indices.push_back(first);
      continue;
    }
    auto loop = scf::ForOp::create(builder, loc, first, constantIndex(loc, end),
                                   constantIndex(loc, step), carried);
    builder.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
    carried.assign(loop.getRegionIterArgs().begin(),
                   loop.getRegionIterArgs().end());
    loops.push_back(loop);
  }
  if (failed(body(indices, carried)))
    return failure();
  if (carried.empty())
    return success();
  for (scf::ForOp loop : llvm::reverse(loops)) {
    builder.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(builder, loc, carried);
    carried.assign(loop.getResults().begin(), loop.getResults().end());
  }
  return success();
}

LogicalResult
BodyEmitter::emitSteps(Location loc, LoopRange range,
                       llvm::function_ref<LogicalResult(Value)> body) {
  SmallVector<Value> carried;
  return emitNest(loc, range, carried,
                  [&](ValueRange indices, MutableArrayRef<Value>) {
                    return body(indices.front());
                  });
}

/// Whole vectors, then lane by lane what remains.
LogicalResult BodyEmitter::emitDynamicVectorLoop(VectorLoopOp op) {
  Block &body = op.getBody().front();
  int64_t extent = op.getExtent(), width = target.getWidth();
  int64_t whole = extent / width * width;
  for (LoopRange range : {LoopRange{0, whole, width, /*isDynamic=*/true},
                          LoopRange{whole, extent, 1, /*isDynamic=*/true}}) {
    auto emitLanes = [&](Value base) {
      return emitBlock(body,
                       {body.getArgument(0), base, range.step, range.step});
    };
    if (failed(emitSteps(op.getLoc(), range, emitLanes)))
      return failure();
  }
  return success();
}

LogicalResult BodyEmitter::emitVectorLoop(VectorLoopOp op) {
  if (TypicalExtents(op).isDynamic(0))
    return emitDynamicVectorLoop(op);
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  int64_t done = 0, extent = op.getExtent();
  for (int64_t width = target.getWidth(); done < extent; width /= 2) {
    int64_t count = (extent - done) / width;
    if (count > 0) {
      OpBuilder::InsertionGuard guard(builder);
      Value base = constantIndex(loc, done);
      if (count > 1) {
        auto loop = scf::ForOp::create(builder, loc, base,
                                       constantIndex(loc, done + count * width),
                                       constantIndex(loc, width));
        builder.setInsertionPointToStart(loop.getBody());
        base = loop.getInductionVar();
      }
      if (failed(emitBlock(body, {body.getArgument(0), base, width, width})))
        return failure();
      done += count * width;
    }
    if (target.hasMasks && done < extent)
      return emitBlock(body, {body.getArgument(0), constantIndex(loc, done),
                              width, extent - done});
    // Where masks are slow: halve the vectors down to four lanes, then scalars.
    if (width == 4)
      width = 2;
  }
  return success();
}

LogicalResult BodyEmitter::emitJammed(LoopOp op, Value first, int64_t count) {
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  BlockArgument index = body.getArguments().back();
  SmallVector<std::function<void()>> stores;
  auto *outer = std::exchange(heldStores, count > 1 ? &stores : heldStores);
  LogicalResult result = success();
  for (int64_t i = 0; i < count && succeeded(result); ++i) {
    Value offset = constantIndex(loc, i);
    map(index, arith::AddIOp::create(builder, loc, first, offset));
    result = emitBlock(body);
  }
  heldStores = outer;
  for (std::function<void()> &store : stores)
    store();
  return result;
}

LogicalResult BodyEmitter::emitLoop(LoopOp op) {
  Location loc = op.getLoc();
  ArrayRef<int64_t> extents = op.getExtents();
  Block &body = op.getBody().front();
  TypicalExtents typical(op);
  if (llvm::is_contained(extents, 0) && !typical.isAnyDynamic())
    return success();
  // With unrolling, the last index is tiled inside the nest of the others.
  bool isTiled = op.getUnroll() > 1 && !extents.empty();
  auto *outer = std::exchange(heldStores, nullptr);
  auto emitBody = [&](ValueRange indices,
                      MutableArrayRef<Value>) -> LogicalResult {
    for (auto [argument, index] : llvm::zip(body.getArguments(), indices))
      map(argument, index);
    if (!isTiled)
      return emitBlock(body);
    int64_t extent = extents.back(), unroll = op.getUnroll();
    if (typical.isDynamic(extents.size() - 1)) {
      int64_t whole = extent / unroll * unroll;
      for (LoopRange range : {LoopRange{0, whole, unroll, /*isDynamic=*/true},
                              LoopRange{whole, extent, 1, /*isDynamic=*/true}})
        if (failed(emitSteps(loc, range, [&](Value first) {
              return emitJammed(op, first, range.step);
            })))
          return failure();
      return success();
    }
    // Split the last extent evenly into tiles of `unroll` or less.
    int64_t tiles = (extent + unroll - 1) / unroll;
    int64_t small = extent / tiles, numLarge = extent % tiles;
    int64_t start = 0;
    for (auto [size, count] :
         {std::pair(small + 1, numLarge), std::pair(small, tiles - numLarge)}) {
      if (count == 0)
        continue;
      OpBuilder::InsertionGuard guard(builder);
      Value first = constantIndex(loc, start);
      if (count > 1) {
        auto loop = scf::ForOp::create(builder, loc, first,
                                       constantIndex(loc, start + size * count),
                                       constantIndex(loc, size));
        builder.setInsertionPointToStart(loop.getBody());
        first = loop.getInductionVar();
      }
      if (failed(emitJammed(op, first, size)))
        return failure();
      start += size * count;
    }
    return success();
  };
  SmallVector<Value> carried;
  LogicalResult result =
      emitNest(loc, getRanges(op, isTiled ? extents.drop_back() : extents),
               carried, emitBody);
  heldStores = outer;
  return result;
}

LogicalResult BodyEmitter::emitFor(scf::ForOp op) {
  Location loc = op.getLoc();
  SmallVector<Value> inits;
  for (Value init : op.getInitArgs()) {
    Value value = lookupValue(loc, init);
    inits.push_back(value.getType().isIndex() ? value
                                              : widen(loc, value, lanes.width));
  }
  Value bounds[3] = {lookup(op.getLowerBound()), lookup(op.getUpperBound()),
                     lookup(op.getStep())};
  for (Value bound : bounds)
    if (isa<VectorType>(bound.getType()))
      return op.emitOpError("has bounds that differ between lanes");
  auto *outer = std::exchange(heldStores, nullptr);
  auto loop =
      scf::ForOp::create(builder, loc, bounds[0], bounds[1], bounds[2], inits);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  map(op.getInductionVar(), loop.getInductionVar());
  for (auto [from, to] :
       llvm::zip(op.getRegionIterArgs(), loop.getRegionIterArgs()))
    map(from, to);
  LogicalResult result = emitBlock(*op.getBody());
  heldStores = outer;
  if (failed(result))
    return failure();
  if (!inits.empty()) {
    SmallVector<Value> yielded;
    for (auto [value, init] : llvm::zip(
             cast<scf::YieldOp>(op.getBody()->getTerminator()).getResults(),
             inits)) {
      Value emitted = lookupValue(loc, value);
      yielded.push_back(isa<VectorType>(init.getType())
                            ? widen(loc, emitted, lanes.width)
                            : emitted);
    }
    scf::YieldOp::create(builder, loc, yielded);
  }
  for (auto [from, to] : llvm::zip(op.getResults(), loop.getResults()))
    map(from, to);
  return success();
}

LogicalResult BodyEmitter::emitIf(scf::IfOp op) {
  Location loc = op.getLoc();
  Value condition = lookup(op.getCondition());
  if (isa<VectorType>(condition.getType()))
    return op.emitOpError("has a condition that differs between lanes");
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    types.push_back(lanes.width == 1 || type.isIndex()
                        ? type
                        : VectorType::get(lanes.width, type));
  auto emitted =
      scf::IfOp::create(builder, loc, types, condition,
                        /*withElseRegion=*/!op.getElseRegion().empty());
  auto *outer = std::exchange(heldStores, nullptr);
  for (auto [from, to] : llvm::zip(op->getRegions(), emitted->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(builder);
    if (to.empty())
      to.emplaceBlock();
    Block &block = to.front();
    if (!block.empty())
      block.back().erase();
    builder.setInsertionPointToEnd(&block);
    if (failed(emitBlock(from.front())))
      return failure();
    SmallVector<Value> yielded;
    for (auto [value, type] :
         llvm::zip(from.front().getTerminator()->getOperands(), types))
      yielded.push_back(isa<VectorType>(type)
                            ? widen(loc, lookupValue(loc, value), lanes.width)
                            : lookup(value));
    scf::YieldOp::create(builder, loc, yielded);
  }
  heldStores = outer;
  for (auto [from, to] : llvm::zip(op.getResults(), emitted.getResults()))
    map(from, to);
  return success();
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

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
  if (failed(emitNest(loc, ranges, accs, emitStep)))
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
