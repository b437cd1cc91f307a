// SPDX-License-Identifier: Apache-2.0
// Loops of a kernel's body on vectors.
#include "passes/kernel/BodyEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc::kernel;

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<LoopRange> dlc::kernel::getRanges(Operation *op,
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
