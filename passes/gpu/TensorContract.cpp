// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores: from memory to shared memory.
#include "passes/gpu/TensorContract.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include <numeric>

using namespace mlir;
using namespace dlc::kernel;

/// The unit for the factors of \p op.
static TensorUnit makeUnit(ContractOp op, BlockEmitter &emitter) {
  if (op.getQuads())
    return TensorUnit(emitter.getBuilder(), op.getLoc(), op.getLhsUnsigned(),
                      op.getRhsUnsigned());
  return TensorUnit(emitter.getBuilder(), op.getLoc(), emitter.getPrecision());
}

TensorContract::TensorContract(ContractOp op, const BlockTile &tile,
                               BlockEmitter &emitter)
    : BlockContract(op, tile, emitter), unit(makeUnit(op, emitter)) {}

//===----------------------------------------------------------------------===//
// How operands lie in shared memory
//===----------------------------------------------------------------------===//

TensorContract::Operand TensorContract::planOperand(bool isLhs) {
  int64_t traits =
      getCopyTraits(op, isLhs ? ContractBuffer::Lhs : ContractBuffer::Rhs);
  bool isDepthDense = traits & kDenseDepth;
  bool isWhole = traits & (isDepthDense ? kWholeDepth : kWholeColumns);
  bool isPlaced =
      getAlignment(isLhs ? op.getLhs() : op.getRhs()) % kCopyBytes == 0;
  Operand operand;
  operand.isLhs = isLhs;
  operand.width = isLhs ? tile.rows : tile.columns;
  operand.isDepthFirst = isLhs || isDepthDense;
  operand.isVectorInDepth = isDepthDense;
  operand.vector = isWhole && isPlaced ? kCopyVector : 1;
  operand.pitch = operand.isDepthFirst ? tile.depth + kDepthPadding
                                       : operand.width + kWidthPadding;
  return operand;
}

int64_t TensorContract::getStageSize(const Operand &operand) const {
  return operand.pitch * (operand.isDepthFirst ? operand.width : tile.depth);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void TensorContract::planChunks(const Position &at, Operand &operand) {
  int64_t width = operand.width, depth = tile.depth, vector = operand.vector;
  int64_t count = width * depth / vector;
  int64_t extent = operand.isLhs ? getNumRows(op) : getReadableColumns(op);
  int64_t numThreads = emitter.getNumThreads();
  for (int64_t first = 0; first < count; first += numThreads) {
    Value number = add(emitter.getThread(), constant(first));
    Chunk chunk;
    Value across;
    // Neighbouring threads read what lies side by side.
    if (operand.isVectorInDepth) {
      across = divide(number, depth / vector);
      chunk.step = multiply(remainder(emitter.getThread(), depth / vector),
                            constant(vector));
      if (numThreads % (depth / vector) != 0)
        chunk.step =
            multiply(remainder(number, depth / vector), constant(vector));
    } else {
      chunk.step = divide(number, width / vector);
      across = multiply(remainder(number, width / vector), constant(vector));
    }
    chunk.place =
        operand.isDepthFirst
            ? add(multiply(across, constant(operand.pitch)), chunk.step)
            : add(multiply(chunk.step, constant(operand.pitch)), across);
    Value index = add(operand.isLhs ? at.row : at.column, across);
    if (hasPartialWidth(operand.isLhs))
      chunk.inBounds = isLess(index, extent);
    if (count - first < numThreads)
      chunk.isOwn = isLess(number, count);
    chunk.base = getBase(at, index, operand.isLhs);
    operand.chunks.push_back(chunk);
  }
  operand.hasOneStep =
      operand.isVectorInDepth && numThreads % (depth / vector) == 0;
}

void TensorContract::copyInThread(const Operand &operand, Value address,
                                  Value place) {
  if (operand.vector == 1) {
    Value element = loadFactor(address, operand.isLhs);
    memref::StoreOp::create(builder, loc, element, operand.memory, place);
    return;
  }
  Value buffer = getFactors(operand.isLhs);
  auto type = VectorType::get(operand.vector, lhsType);
  Value elements = vector::LoadOp::create(builder, loc, type, buffer, address,
                                          /*nontemporal=*/false,
                                          llvm::MaybeAlign(kCopyBytes));
  vector::StoreOp::create(builder, loc, elements, operand.memory, place,
                          /*nontemporal=*/false, llvm::MaybeAlign(kCopyBytes));
}

void TensorContract::copyChunk(const Operand &operand, Value address,
                               Value place, Value isThere) {
  if (isAsynchronous) {
    copyAsync(builder, loc, getFactors(operand.isLhs), address, operand.memory,
              place, operand.vector, isThere);
    return;
  }
  OpBuilder::InsertionGuard guard(builder);
  if (isThere) {
    auto choice = scf::IfOp::create(builder, loc, isThere,
                                    /*withElseRegion=*/true);
    builder.setInsertionPointToStart(choice.elseBlock());
    clearElements(builder, loc, operand.memory, place, operand.vector);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  copyInThread(operand, address, place);
}

/// How many steps of \p operand one entry of its table stands for; 0: it has
/// none. Dividing a step into indices of k would take longer than multiplying.
int64_t TensorContract::planTable(const Operand &operand) {
  ArrayRef<int64_t> k = op.getK();
  bool isStepped = operand.isLhs || !op.getPacked();
  if (!isStepped || k.size() == 1 || typical.hasDynamicDepth)
    return 0;
  int64_t steps = std::gcd(std::gcd(tile.depth, k.back()),
                           int64_t(op.getKTail().value_or(0)));
  return numSteps / steps <= kMostTableSteps ? steps : 0;
}

void TensorContract::fillTable(const Operand &operand) {
  if (!operand.table)
    return;
  int64_t steps = operand.tableSteps;
  auto fill = [&](Value index) {
    Value step = add(begin, multiply(index, constant(steps)));
    Value offset = getAddress(constant(0), step, operand.isLhs);
    offset =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), offset);
    memref::StoreOp::create(builder, loc, offset, operand.table, index);
    return success();
  };
  (void)emitter.shareIterations(loc, numSteps / steps,
                                /*isDynamic=*/false, fill);
}

Value TensorContract::getOffset(const Operand &operand, Value firstStep,
                                Value stepInStage) {
  Value step = add(firstStep, stepInStage);
  if (!operand.table)
    return getAddress(constant(0), step, operand.isLhs);
  // Stages may end behind k.
  step = arith::SelectOp::create(builder, loc, isLess(step, end), step, begin);
  int64_t steps = operand.tableSteps;
  Value index = divide(arith::SubIOp::create(builder, loc, step, begin), steps);
  Value offset = memref::LoadOp::create(builder, loc, operand.table, index);
  offset =
      arith::IndexCastOp::create(builder, loc, builder.getIndexType(), offset);
  int64_t stride = (operand.isLhs ? lhsStrides : rhsStrides).back();
  return add(offset, multiply(remainder(stepInStage, steps), constant(stride)));
}

void TensorContract::copyStage(const Operand &operand, Value firstStep,
                               Value stage, Value offset) {
  Value start = multiply(stage, constant(getStageSize(operand)));
  for (const Chunk &chunk : operand.chunks) {
    OpBuilder::InsertionGuard guard(builder);
    if (chunk.isOwn) {
      auto choice = scf::IfOp::create(builder, loc, chunk.isOwn);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    Value isThere = chunk.inBounds;
    // Stages that are copied ahead may lie behind the last one.
    if (hasPartialDepth())
      isThere = both(isThere, isLess(add(firstStep, chunk.step), end));
    else if (isAsynchronous)
      isThere = both(isThere, isLess(firstStep, end));
    Value own = offset ? offset : getOffset(operand, firstStep, chunk.step);
    copyChunk(operand, add(chunk.base, own), add(start, chunk.place), isThere);
  }
}

//===----------------------------------------------------------------------===//
// The depth
//===----------------------------------------------------------------------===//

/// Whether \p buffer is in the memory of the device, from which asynchronous
/// copies read.
static bool isGlobal(Value buffer) {
  return !cast<MemRefType>(buffer.getType()).getMemorySpace();
}

Value TensorContract::getNextStage(Value stage) {
  Value next = add(stage, constant(1));
  return arith::SelectOp::create(builder, loc, isLess(next, numStages), next,
                                 constant(0));
}

SmallVector<Value> TensorContract::getOffsets(Value firstStep) {
  SmallVector<Value> offsets;
  for (const Operand *operand : {&lhs, &rhs})
    if (operand->hasOneStep)
      offsets.push_back(
          getOffset(*operand, firstStep, operand->chunks.front().step));
  return offsets;
}

void TensorContract::copyStages(Value firstStep, Value stage,
                                ArrayRef<Value> offsets) {
  for (const Operand *operand : {&lhs, &rhs}) {
    Value offset;
    if (operand->hasOneStep) {
      offset = offsets.front();
      offsets = offsets.drop_front();
    }
    copyStage(*operand, firstStep, stage, offset);
  }
}

SmallVector<Value> TensorContract::multiplyStage(
    Value stage, Value nextStage, SmallVector<Value> pieces,
    MutableArrayRef<Value> sums, llvm::function_ref<void()> awaitNext) {
  int64_t depth = tile.depth / tile.slices;
  for (int64_t own = unit.getDepth(); own <= depth; own += unit.getDepth()) {
    SmallVector<Value> next;
    if (own < depth) {
      next = loadPieces(stage, own);
    } else {
      awaitNext();
      next = loadPieces(nextStage, 0);
    }
    multiplyPieces(pieces, sums);
    pieces = std::move(next);
  }
  return pieces;
}

SmallVector<Value> TensorContract::emitPipeline(ArrayRef<Value> sums) {
  int64_t depth = tile.depth;
  Value group;
  auto copy = [&](Value step, Value stage, ArrayRef<Value> offsets) {
    copyStages(step, stage, offsets);
    group = closeCopies(builder, loc);
  };
  // The wait names no group, but the last ones that may be pending.
  auto await = [&](Value group, int64_t pending) {
    nvgpu::DeviceAsyncWaitOp::create(builder, loc, group,
                                     builder.getI32IntegerAttr(pending));
  };
  auto awaitStage = [&] {
    await(group, numStages - 2);
    // Everybody's copies are there, and the stage that is overwritten next has
    // been used.
    emitter.emitBarrier(loc);
  };
  int64_t ahead = (numStages - 1) * depth;
  for (int64_t stage = 0; stage + 1 < numStages; ++stage) {
    Value step = add(begin, constant(stage * depth));
    copy(step, constant(stage), getOffsets(step));
  }
  Value firstGroup = group;
  awaitStage();
  // What is multiplied next is in registers already, and where the next stage
  // comes from.
  SmallVector<Value> offsets = getOffsets(add(begin, constant(ahead)));
  SmallVector<Value> pieces = loadPieces(constant(0), 0);
  SmallVector<Value> state{constant(0), constant(numStages - 1)};
  state.append(sums.begin(), sums.end());
  state.append(offsets);
  state.append(pieces);
  auto loop =
      scf::ForOp::create(builder, loc, begin, end, constant(depth), state);
  builder.setInsertionPointToStart(loop.getBody());
  ArrayRef<BlockArgument> carried = loop.getRegionIterArgs();
  auto take = [&](size_t count) {
    SmallVector<Value> taken(carried.take_front(count));
    carried = carried.drop_front(count);
    return taken;
  };
  Value stage = take(1).front(), freeStage = take(1).front();
  SmallVector<Value> values = take(sums.size());
  offsets = take(offsets.size());
  pieces = take(pieces.size());
  Value step = loop.getInductionVar();
  copy(add(step, constant(ahead)), freeStage, offsets);
  offsets = getOffsets(add(step, constant(ahead + depth)));
  Value nextStage = getNextStage(stage);
  pieces =
      multiplyStage(stage, nextStage, std::move(pieces), values, awaitStage);
  state.assign({nextStage, getNextStage(freeStage)});
  state.append(values);
  state.append(offsets);
  state.append(pieces);
  scf::YieldOp::create(builder, loc, state);
  builder.setInsertionPointAfter(loop);
  // The zeros behind the last stage, where other things will be.
  await(firstGroup, 0);
  return SmallVector<Value>(loop.getResults().slice(2, sums.size()));
}

SmallVector<Value> TensorContract::emitInTurn(ArrayRef<Value> sums) {
  auto loop =
      scf::ForOp::create(builder, loc, begin, end, constant(tile.depth), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  emitter.emitBarrier(loc);
  copyStages(step, constant(0), getOffsets(step));
  emitter.emitBarrier(loc);
  SmallVector<Value> values(loop.getRegionIterArgs());
  for (int64_t own = 0; own < tile.depth / tile.slices; own += unit.getDepth())
    multiplyPieces(loadPieces(constant(0), own), values);
  scf::YieldOp::create(builder, loc, values);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> TensorContract::emitProducts(const Position &at) {
  isAsynchronous = isGlobal(emitter.lookup(op.getLhs())) &&
                   isGlobal(emitter.lookup(op.getRhs())) &&
                   hasWholeWords(/*isLhs=*/true) &&
                   hasWholeWords(/*isLhs=*/false);
  int64_t steps = llvm::divideCeil(numSteps, tile.depth);
  if (typical.hasDynamicDepth)
    steps = tile.stages;
  numStages = isAsynchronous ? std::min(tile.stages, steps + 1) : 1;
  lhs = planOperand(/*isLhs=*/true);
  rhs = planOperand(/*isLhs=*/false);
  // What the block multiplied before may still be in use.
  if (op->getParentOfType<ParallelOp>())
    emitter.emitBarrier(loc);
  for (Operand *operand : {&lhs, &rhs}) {
    operand->memory = emitter.allocateForTile(
        loc, getStageSize(*operand) * numStages, lhsType);
    operand->lane = getLaneAddress(*operand);
    operand->tableSteps = planTable(*operand);
    if (operand->tableSteps)
      operand->table = emitter.allocateForTile(
          loc, numSteps / operand->tableSteps, builder.getI32Type());
    fillTable(*operand);
    planChunks(at, *operand);
  }
  if (lhs.table || rhs.table)
    emitter.emitBarrier(loc);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(sumType));
  SmallVector<Value> sums(getNumSums(), zero);
  sums = isAsynchronous ? emitPipeline(sums) : emitInTurn(sums);
  return tile.slices == 1 ? sums : addSlices(sums);
}

SmallVector<BlockContract::Sum> TensorContract::emitSums(const Position &at) {
  begin = constant(0);
  end = constant(op.getKTotal());
  numSteps = op.getKTotal();
  SmallVector<Sum> sums;
  for (auto [i, value] : llvm::enumerate(emitProducts(at)))
    sums.push_back(
        placeSum(emitter.getThread(), add(getFirstSum(), constant(i)), value));
  return sums;
}
