// SPDX-License-Identifier: Apache-2.0
// Tasks as the code of the threads of a block.
#include "passes/gpu/BlockEmitter.h"
#include "passes/gpu/BlockContract.h"
#include "passes/gpu/TeamPlan.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::kernel;

/// What a vector load needs, and cp.async.
static constexpr int64_t kSharedAlignment = 16;

/// A thread computes on scalars.
static const VectorTarget &getScalarTarget() {
  static const VectorTarget target = [] {
    VectorTarget scalar;
    scalar.vectorBytes = 4;
    return scalar;
  }();
  return target;
}

BlockEmitter::BlockEmitter(OpBuilder &builder, int64_t numThreads,
                           Precision precision)
    : BodyEmitter(builder, getScalarTarget()), builder(builder),
      numThreads(numThreads), precision(precision) {}

Value BlockEmitter::add(Location loc, Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}

Value BlockEmitter::multiply(Location loc, Value a, Value b) {
  return arith::MulIOp::create(builder, loc, a, b);
}

SmallVector<Value> BlockEmitter::delinearize(Location loc, Value linear,
                                             ArrayRef<int64_t> extents) {
  SmallVector<Value> values;
  for (int64_t extent : extents)
    values.push_back(constantIndex(loc, extent));
  return delinearize(loc, linear, values);
}

SmallVector<Value> BlockEmitter::delinearize(Location loc, Value linear,
                                             ValueRange extents) {
  SmallVector<Value> digits(extents.size());
  for (int64_t i = extents.size() - 1; i >= 0; --i) {
    digits[i] = linear;
    if (i == 0)
      break;
    digits[i] = arith::RemUIOp::create(builder, loc, linear, extents[i]);
    linear = arith::DivUIOp::create(builder, loc, linear, extents[i]);
  }
  return digits;
}

//===----------------------------------------------------------------------===//
// Shared memory and barriers
//===----------------------------------------------------------------------===//

Value BlockEmitter::allocateShared(Location loc, int64_t count, Type element) {
  return allocateAt(loc, count, element, partBytes);
}

Value BlockEmitter::allocateForTile(Location loc, int64_t count, Type element) {
  return allocateAt(loc, count, element, tileBytes);
}

Value BlockEmitter::allocateAt(Location loc, int64_t count, Type element,
                               int64_t &used) {
  int64_t offset = llvm::alignTo(used, kSharedAlignment);
  int64_t bytes = (element.getIntOrFloatBitWidth() + 7) / 8;
  used = offset + count * bytes;
  sharedBytes = std::max(sharedBytes, used);
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto all = MemRefType::get(ShapedType::kDynamic, builder.getI8Type(),
                             MemRefLayoutAttrInterface(), space);
  Value memory = gpu::DynamicSharedMemoryOp::create(builder, loc, all);
  auto type =
      MemRefType::get(count, element, MemRefLayoutAttrInterface(), space);
  return memref::ViewOp::create(builder, loc, type, memory,
                                constantIndex(loc, offset), ValueRange());
}

void BlockEmitter::emitBarrier(Location loc) {
  gpu::BarrierOp::create(builder, loc);
  pending.clear();
}

void BlockEmitter::flush(Location loc) {
  // A team's code has no loops around what is shared.
  if (!pending.empty() && !team)
    emitBarrier(loc);
}

void BlockEmitter::order(Location loc, const MemoryUse &use) {
  if (pending.conflictsWith(use))
    team ? startStage() : emitBarrier(loc);
  // What nobody writes needs no order.
  for (void *buffer : use.reads)
    if (written.contains(buffer))
      pending.reads.insert(buffer);
  pending.writes.insert(use.writes.begin(), use.writes.end());
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

LogicalResult BlockEmitter::emitIteration(const LoopNest &nest, Value linear) {
  Location loc = nest.loops.front()->getLoc();
  bool outer = std::exchange(isShared, false);
  for (auto [index, value] :
       llvm::zip(nest.indices, delinearize(loc, linear, nest.extents)))
    map(index, value);
  LogicalResult result = emitBetween(nest);
  if (succeeded(result))
    result = emitBlock(nest.getBody());
  isShared = outer;
  return result;
}

LogicalResult BlockEmitter::emitBetween(const LoopNest &nest) {
  for (auto [loop, inner] :
       llvm::zip(nest.loops, ArrayRef(nest.loops).drop_front()))
    for (Operation &op : loop->getRegion(0).front())
      if (&op != inner && (isPureOperation(op) || isa<LoadOp>(op)) &&
          failed(BodyEmitter::emitOp(op)))
        return failure();
  return success();
}

LogicalResult BlockEmitter::emitTask(Block &block, const MemoryUse &use) {
  written = use.writes;
  pending.clear();
  isShared = true;
  // Nothing follows that would have to wait.
  LogicalResult result = BodyEmitter::emitBlock(block);
  isShared = false;
  return result;
}

LogicalResult BlockEmitter::emitInThread(Block &block) {
  bool outer = std::exchange(isShared, false);
  LogicalResult result = emitBlock(block);
  isShared = outer;
  return result;
}

LogicalResult BlockEmitter::emitBlock(Block &block) {
  if (failed(BodyEmitter::emitBlock(block)))
    return failure();
  // What follows may be the block again, or what is behind another branch.
  if (isShared)
    flush(block.getParentOp()->getLoc());
  return success();
}

LogicalResult BlockEmitter::emitOp(Operation &op) {
  // Whoever emits the task has mapped it to memory.
  if (isa<ScratchOp>(op))
    return success();
  if (isShared)
    return emitSharedOp(op);
  if (iterations && iterations->wide.accesses.contains(&op))
    return isa<LoadOp>(op) ? emitWide(cast<LoadOp>(op))
                           : emitWide(cast<StoreOp>(op));
  if (llvm::is_contained(fetched, &op))
    return success();
  // Nothing but short loops is inside a thread.
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return emitReduce(reduce);
  return BodyEmitter::emitOp(op);
}

LogicalResult BlockEmitter::emitSharedOp(Operation &op) {
  Location loc = op.getLoc();
  if (team && isForOneBlock(op))
    return emitForOneBlock(op);
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case<LoopOp, VectorLoopOp>([&](auto loop) -> LogicalResult {
        if (numLanes == 1 && lanesHaveGroups(loop))
          return emitGroups(cast<VectorLoopOp>(op));
        std::optional<LoopNest> nest = getSharedNest(loop);
        if (nest) {
          order(loc, getMemoryUse(loop));
          return emitEffect(loc, [&] { return emitSharedNest(*nest); });
        }
        flush(loc);
        // Stores can't be held back where one thread alone has them.
        if (auto ordered = dyn_cast<LoopOp>(op))
          ordered.setUnroll(1);
        return BodyEmitter::emitOp(op);
      })
      .Case<scf::ForOp, scf::IfOp>([&](auto) {
        flush(loc);
        return BodyEmitter::emitOp(op);
      })
      .Case([&](ReduceOp reduce) {
        order(loc, getMemoryUse(reduce));
        return emitSharedReduce(reduce);
      })
      .Case([&](ContractOp contract) {
        order(loc, getMemoryUse(contract));
        LogicalResult result = emitSharedContract(contract, *this);
        // It stores after it has waited.
        order(loc, getMemoryUse(contract));
        return result;
      })
      .Case([&](StoreOp store) {
        order(loc, getMemoryUse(store));
        return emitEffect(loc, [&] {
          Value isFirst =
              arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                    sharer, constantIndex(loc, 0));
          auto choice = scf::IfOp::create(builder, loc, isFirst);
          OpBuilder::InsertionGuard guard(builder);
          builder.setInsertionPointToStart(choice.thenBlock());
          return BodyEmitter::emitOp(op);
        });
      })
      .Case([&](LoadOp load) {
        order(loc, getMemoryUse(load));
        return BodyEmitter::emitOp(op);
      })
      .Default([&](Operation *) { return BodyEmitter::emitOp(op); });
}

LogicalResult
BlockEmitter::shareIterations(Location loc, int64_t count, bool isDynamic,
                              llvm::function_ref<LogicalResult(Value)> body) {
  if (count <= 0 && !isDynamic)
    return success();
  OpBuilder::InsertionGuard guard(builder);
  Value end = constantIndex(loc, count);
  if (count > getNumSharers() || isDynamic) {
    auto loop = scf::ForOp::create(builder, loc, sharer, end,
                                   constantIndex(loc, getNumSharers()));
    builder.setInsertionPointToStart(loop.getBody());
    return body(loop.getInductionVar());
  }
  if (count < getNumSharers()) {
    Value isOne = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        sharer, end);
    auto choice = scf::IfOp::create(builder, loc, isOne);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  return body(sharer);
}

LogicalResult BlockEmitter::emitSharedNest(const LoopNest &nest) {
  return shareIterations(
      nest.loops.front()->getLoc(), nest.getNumIterations(), nest.isDynamic,
      [&](Value linear) { return emitIteration(nest, linear); });
}

LogicalResult BlockEmitter::emitGroups(VectorLoopOp op) {
  Location loc = op.getLoc();
  Value before = sharer;
  setLanes(loc, op.getExtent());
  map(op.getBody().getArgument(0), getLane(loc));
  LogicalResult result = emitBlock(op.getBody().front());
  numLanes = 1;
  sharer = before;
  return result;
}

LogicalResult BlockEmitter::emitNeighbours(const LoopNest &nest, int64_t lanes,
                                           Value group) {
  Location loc = nest.loops.front()->getLoc();
  setLanes(loc, lanes);
  Value linear =
      add(loc, multiply(loc, group, constantIndex(loc, lanes)), getLane(loc));
  int64_t count = nest.getNumIterations();
  if (nest.isDynamic || count % lanes != 0) {
    // All threads have to be there where they wait: some repeat the last one.
    isOwnLane = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                      linear, constantIndex(loc, count));
    linear = arith::MinUIOp::create(builder, loc, linear,
                                    constantIndex(loc, count - 1));
  }
  for (auto [index, value] :
       llvm::zip(nest.indices, delinearize(loc, linear, nest.extents)))
    map(index, value);
  LogicalResult result = emitBetween(nest);
  if (succeeded(result))
    result = emitTask(nest.getBody(), getMemoryUse(nest.loops.front()));
  numLanes = 1;
  sharer = thread;
  isOwnLane = nullptr;
  return result;
}
