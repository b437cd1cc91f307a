// SPDX-License-Identifier: Apache-2.0
// Tasks that several blocks share. The code of all stages is there in each
// launch; what a stage writes is inside a condition, and what follows a
// reduction inside another, since its value is there from the next launch on.
// What blocks can't share is done by the first of them.
#include "passes/gpu/BlockEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

void BlockEmitter::setTeam(BlockTeam *value) {
  team = value;
  sharer = thread;
  if (!team)
    return;
  Location loc = thread.getLoc();
  Value first = multiply(loc, team->member, constantIndex(loc, numThreads));
  sharer = add(loc, first, thread);
}

Value BlockEmitter::getLane(Location loc) {
  return arith::RemUIOp::create(builder, loc, thread,
                                constantIndex(loc, numLanes));
}

void BlockEmitter::setLanes(Location loc, int64_t lanes) {
  numLanes = lanes;
  sharer =
      arith::DivUIOp::create(builder, loc, sharer, constantIndex(loc, lanes));
}

void BlockEmitter::startStage() {
  ++team->stage;
  pending.clear();
}

static Value isEqual(OpBuilder &builder, Location loc, Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, b);
}

LogicalResult
BlockEmitter::emitEffect(Location loc,
                         llvm::function_ref<LogicalResult()> body) {
  Value condition = isOwnLane;
  if (team) {
    condition =
        isEqual(builder, loc, team->phase, constantIndex(loc, team->stage));
    if (isOwnLane)
      condition = arith::AndIOp::create(builder, loc, condition, isOwnLane);
  }
  OpBuilder::InsertionGuard guard(builder);
  if (condition) {
    auto choice = scf::IfOp::create(builder, loc, condition);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  return body();
}

LogicalResult
BlockEmitter::emitWithoutTeam(Location loc,
                              llvm::function_ref<LogicalResult()> body) {
  if (!team)
    return body();
  BlockTeam *outer = std::exchange(team, nullptr);
  Value before = std::exchange(sharer, thread);
  if (numLanes > 1)
    setLanes(loc, numLanes);
  LogicalResult result = body();
  team = outer;
  sharer = before;
  return result;
}

LogicalResult BlockEmitter::emitForOneBlock(Operation &op) {
  Location loc = op.getLoc();
  order(loc, getMemoryUse(&op));
  return emitEffect(loc, [&] {
    Value isOne = isEqual(builder, loc, team->member, constantIndex(loc, 0));
    auto choice = scf::IfOp::create(builder, loc, isOne);
    builder.setInsertionPointToStart(choice.thenBlock());
    MemoryUse others = std::exchange(pending, MemoryUse());
    LogicalResult result =
        emitWithoutTeam(loc, [&] { return emitSharedOp(op); });
    pending = std::move(others);
    return result;
  });
}

LogicalResult BlockEmitter::emitTeamReduce(ReduceOp op) {
  Location loc = op.getLoc();
  Type type = op.getType(), stored = getStoredType(builder, type);
  Value partials =
      team->allocate(loc, MemRefType::get(team->size * numLanes, stored));
  Value lanes = constantIndex(loc, numLanes), lane = getLane(loc);
  auto getPlace = [&](Value member) {
    return add(loc, multiply(loc, member, lanes), lane);
  };
  auto choice = scf::IfOp::create(
      builder, loc,
      isEqual(builder, loc, team->phase, constantIndex(loc, team->stage)),
      /*withElseRegion=*/true);

  // The block's own part, left by the first of each lane's threads.
  builder.setInsertionPointToStart(choice.thenBlock());
  FailureOr<Value> own = emitOwnReduce(op);
  if (failed(own))
    return failure();
  Value part = combineThreads(loc, op.getKind(), *own);
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        thread, lanes);
  auto first = scf::IfOp::create(builder, loc, isFirst);
  builder.setInsertionPointToStart(first.thenBlock());
  memref::StoreOp::create(builder, loc,
                          convertStored(builder, loc, stored, part), partials,
                          getPlace(team->member));

  // The parts of all, in an order that is always the same.
  builder.setInsertionPointToStart(choice.elseBlock());
  startStage();
  Value neutral = arith::ConstantOp::create(
      builder, loc, getNeutralElement(builder, op.getKind(), type));
  auto loop = scf::ForOp::create(
      builder, loc, arith::DivUIOp::create(builder, loc, thread, lanes),
      constantIndex(loc, team->size), constantIndex(loc, getBlockSharers()),
      neutral);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value loaded = memref::LoadOp::create(builder, loc, partials,
                                          getPlace(loop.getInductionVar()));
    scf::YieldOp::create(
        builder, loc,
        emitCombine(builder, loc, op.getKind(), loop.getRegionIterArgs()[0],
                    convertStored(builder, loc, type, loaded)));
  }
  map(op, combineThreads(loc, op.getKind(), loop.getResult(0)));
  return success();
}
