// SPDX-License-Identifier: Apache-2.0
// Reductions that the threads of a block share.
#include "passes/gpu/BlockEmitter.h"
#include "passes/gpu/TeamPlan.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace dlc::kernel;

static constexpr int64_t kWarp = 32;

/// Shuffles 32 bits.
static Value shuffleWord(OpBuilder &builder, Location loc, Value word,
                         int64_t mask) {
  auto constant = [&](int64_t value) {
    return arith::ConstantIntOp::create(builder, loc, value, 32);
  };
  return gpu::ShuffleOp::create(builder, loc, word, constant(mask),
                                constant(kWarp), gpu::ShuffleMode::XOR)
      .getShuffleResult();
}

Value dlc::kernel::emitShuffle(OpBuilder &builder, Location loc, Value value,
                               int64_t mask) {
  Type type = value.getType();
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  if (type.isIndex()) {
    Value wide = arith::IndexCastOp::create(builder, loc, i64, value);
    wide = emitShuffle(builder, loc, wide, mask);
    return arith::IndexCastOp::create(builder, loc, type, wide);
  }
  unsigned bits = type.getIntOrFloatBitWidth();
  if (bits == 32)
    return shuffleWord(builder, loc, value, mask);
  Type integer = builder.getIntegerType(bits);
  Value word = type == integer
                   ? value
                   : arith::BitcastOp::create(builder, loc, integer, value);
  if (bits < 32) {
    word = arith::ExtUIOp::create(builder, loc, i32, word);
    word = shuffleWord(builder, loc, word, mask);
    word = arith::TruncIOp::create(builder, loc, integer, word);
  } else {
    Value half = arith::ConstantIntOp::create(builder, loc, 32, 64);
    Value low = arith::TruncIOp::create(builder, loc, i32, word);
    Value high = arith::TruncIOp::create(
        builder, loc, i32, arith::ShRUIOp::create(builder, loc, word, half));
    low = arith::ExtUIOp::create(builder, loc, i64,
                                 shuffleWord(builder, loc, low, mask));
    high = arith::ExtUIOp::create(builder, loc, i64,
                                  shuffleWord(builder, loc, high, mask));
    word = arith::OrIOp::create(
        builder, loc, low, arith::ShLIOp::create(builder, loc, high, half));
  }
  return type == integer ? word
                         : arith::BitcastOp::create(builder, loc, type, word);
}

Type dlc::kernel::getStoredType(Builder &builder, Type type) {
  if (type.isIndex())
    return builder.getI64Type();
  return type.isInteger(1) ? builder.getI8Type() : type;
}

Value dlc::kernel::convertStored(OpBuilder &builder, Location loc, Type type,
                                 Value value) {
  Type from = value.getType();
  if (from == type)
    return value;
  if (from.isIndex() || type.isIndex())
    return arith::IndexCastOp::create(builder, loc, type, value);
  if (from.isInteger(1))
    return arith::ExtUIOp::create(builder, loc, type, value);
  return arith::TruncIOp::create(builder, loc, type, value);
}

/// Threads of a warp exchange values; then the warps leave theirs, one for each
/// lane, in shared memory, and every thread combines these.
Value BlockEmitter::combineThreads(Location loc, ReduceKind kind, Value value) {
  for (int64_t mask = kWarp / 2; mask >= numLanes; mask /= 2)
    value = emitCombine(builder, loc, kind, value,
                        emitShuffle(builder, loc, value, mask));
  int64_t warps = numThreads / kWarp;
  if (warps == 1)
    return value;
  Type type = value.getType(), stored = getStoredType(builder, type);
  Value memory = allocateShared(loc, warps * numLanes, stored);
  Value size = constantIndex(loc, kWarp), lanes = constantIndex(loc, numLanes);
  Value place = arith::RemUIOp::create(builder, loc, thread, size);
  Value lane = getLane(loc);
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        place, lanes);
  auto choice = scf::IfOp::create(builder, loc, isFirst);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    Value warp = arith::DivUIOp::create(builder, loc, thread, size);
    memref::StoreOp::create(builder, loc,
                            convertStored(builder, loc, stored, value), memory,
                            add(loc, multiply(loc, warp, lanes), lane));
  }
  emitBarrier(loc);
  Value result;
  for (int64_t warp = 0; warp < warps; ++warp) {
    Value offset = add(loc, constantIndex(loc, warp * numLanes), lane);
    Value loaded = memref::LoadOp::create(builder, loc, memory, offset);
    loaded = convertStored(builder, loc, type, loaded);
    result = result ? emitCombine(builder, loc, kind, result, loaded) : loaded;
  }
  // The next reduction may be this one again.
  emitBarrier(loc);
  return result;
}

FailureOr<Value> BlockEmitter::emitOwnReduce(ReduceOp op) {
  Location loc = op.getLoc();
  Block &body = op.getBody().front();
  int64_t count = computeProduct(op.getExtents());
  Value neutral = arith::ConstantOp::create(
      builder, loc, getNeutralElement(builder, op.getKind(), op.getType()));
  auto loop =
      scf::ForOp::create(builder, loc, sharer, constantIndex(loc, count),
                         constantIndex(loc, getNumSharers()), neutral);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> indices =
        delinearize(loc, loop.getInductionVar(), op.getExtents());
    for (auto [argument, index] : llvm::zip(body.getArguments(), indices))
      map(argument, index);
    if (failed(emitInThread(body)))
      return failure();
    Value value = lookup(cast<YieldOp>(body.back()).getValue());
    value = emitAccumulate(builder, loc, op.getKind(),
                           loop.getRegionIterArgs().front(), value);
    scf::YieldOp::create(builder, loc, value);
  }
  return loop.getResult(0);
}

LogicalResult BlockEmitter::emitSharedReduce(ReduceOp op) {
  if (team && isLong(op))
    return emitTeamReduce(op);
  // Each block of a team does it on its own.
  FailureOr<Value> own;
  LogicalResult result = emitWithoutTeam(op.getLoc(), [&] {
    own = emitOwnReduce(op);
    return LogicalResult(own);
  });
  if (succeeded(result))
    map(op, combineThreads(op.getLoc(), op.getKind(), *own));
  return result;
}
