// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores: from memory to shared memory.
#include "passes/gpu/TensorContract.h"
#include "passes/gpu/FmaContract.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using namespace dlc::kernel;

/// Elements of f32 that one copy of 16 bytes brings.
static constexpr int64_t kVector = 4;
static constexpr int64_t kVectorBytes = 16;

std::unique_ptr<BlockContract> BlockContract::create(ContractOp op,
                                                     const BlockTile &tile,
                                                     BlockEmitter &emitter) {
  if (tile.unit == BlockTile::Tensor)
    return std::make_unique<TensorContract>(op, tile, emitter);
  return std::make_unique<FmaContract>(op, tile, emitter);
}

TensorContract::TensorContract(ContractOp op, const BlockTile &tile,
                               BlockEmitter &emitter)
    : BlockContract(op, tile, emitter) {
  isNarrow = emitter.getPrecision() == Precision::Float16 ||
             emitter.getPrecision() == Precision::BFloat16;
  pieceDepth = isNarrow ? 16 : 8;
}

//===----------------------------------------------------------------------===//
// How operands lie in shared memory
//===----------------------------------------------------------------------===//

/// Whether addresses are whole vectors for every index that is a multiple of
/// a vector's elements in dimension \p dim of the operand's map.
bool TensorContract::isAligned(bool isLhs, unsigned dim) {
  if (getAlignment(isLhs ? op.getLhs() : op.getRhs()) % kVectorBytes != 0)
    return false;
  AffineMap map = isLhs ? op.getLhsMap() : op.getRhsMap();
  AffineExpr index = getAffineDimExpr(dim, op.getContext());
  AffineExpr offset =
      (isLhs ? lhsOffset : rhsOffset).replace(index, index * kVector);
  return simplifyAffineExpr(offset, map.getNumDims(), map.getNumSymbols())
      .isMultipleOf(kVector);
}

TensorContract::Operand TensorContract::planOperand(bool isLhs) {
  AffineMap map = isLhs ? op.getLhsMap() : op.getRhsMap();
  ArrayRef<int64_t> k = op.getK();
  bool isStepped = isLhs || !op.getPacked();
  bool isDepthDense =
      isStepped && (isLhs ? lhsStrides : rhsStrides).back() == 1;
  Operand operand;
  operand.isLhs = isLhs;
  operand.width = isLhs ? tile.rows : tile.columns;
  operand.isDepthFirst = isLhs || isDepthDense;
  operand.isVectorInDepth = isDepthDense;
  operand.vector = 1;
  if (isDepthDense) {
    unsigned last = isLhs ? map.getNumDims() - 1 : map.getNumDims() - 3;
    bool isWhole =
        k.back() % kVector == 0 && op.getKTail().value_or(0) % kVector == 0;
    if (isWhole && isAligned(isLhs, last))
      operand.vector = kVector;
  } else if (!isLhs) {
    unsigned lane = map.getNumDims() - 1;
    auto stride = BodyEmitter::getStride(rhsOffset, lane, map.getNumDims());
    if (stride == 1 && getReadableColumns() % kVector == 0 &&
        isAligned(isLhs, lane))
      operand.vector = kVector;
  }
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

SmallVector<TensorContract::Chunk>
TensorContract::planChunks(const Position &at, const Operand &operand) {
  int64_t width = operand.width, depth = tile.depth, vector = operand.vector;
  int64_t count = width * depth / vector;
  int64_t extent = operand.isLhs ? int64_t(op.getM()) : getReadableColumns();
  int64_t numThreads = emitter.getNumThreads();
  SmallVector<Chunk> chunks;
  for (int64_t first = 0; first < count; first += numThreads) {
    Value number = add(emitter.getThread(), constant(first)), across, step;
    // Neighbouring threads read what lies side by side.
    if (operand.isVectorInDepth) {
      across = divide(number, depth / vector);
      step = multiply(remainder(number, depth / vector), constant(vector));
    } else {
      step = divide(number, width / vector);
      across = multiply(remainder(number, width / vector), constant(vector));
    }
    Chunk chunk;
    chunk.step = step;
    chunk.place = operand.isDepthFirst
                      ? add(multiply(across, constant(operand.pitch)), step)
                      : add(multiply(step, constant(operand.pitch)), across);
    Value index = add(operand.isLhs ? at.row : at.column, across);
    if (extent % width != 0)
      chunk.inBounds = isLess(index, extent);
    if (count - first < numThreads)
      chunk.isOwn = isLess(number, count);
    chunk.base = getBase(at, index, operand.isLhs);
    chunks.push_back(chunk);
  }
  return chunks;
}

void TensorContract::copyChunk(const Operand &operand, Value address,
                               Value place) {
  Value buffer = emitter.lookup(operand.isLhs ? op.getLhs() : op.getRhs());
  if (isAsynchronous) {
    // Columns and rows come from L2: L1 would hold what is in shared memory.
    bool bypassesL1 = operand.vector == kVector;
    nvgpu::DeviceAsyncCopyOp::create(
        builder, loc, nvgpu::DeviceAsyncTokenType::get(op.getContext()),
        operand.memory, place, buffer, address,
        builder.getIndexAttr(operand.vector), /*srcElements=*/Value(),
        bypassesL1 ? builder.getUnitAttr() : UnitAttr());
    return;
  }
  if (operand.vector == 1) {
    Value element = memref::LoadOp::create(builder, loc, buffer, address);
    memref::StoreOp::create(builder, loc, element, operand.memory, place);
    return;
  }
  auto type = VectorType::get(operand.vector, builder.getF32Type());
  Value elements = vector::LoadOp::create(builder, loc, type, buffer, address,
                                          /*nontemporal=*/false,
                                          llvm::MaybeAlign(kVectorBytes));
  vector::StoreOp::create(builder, loc, elements, operand.memory, place,
                          /*nontemporal=*/false,
                          llvm::MaybeAlign(kVectorBytes));
}

/// Fills what \p chunk would copy with zeros.
static void clearChunk(OpBuilder &builder, Location loc, Value memory,
                       Value place, int64_t vector) {
  auto type = VectorType::get(vector, builder.getF32Type());
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  vector::StoreOp::create(builder, loc, zeros, memory, place,
                          /*nontemporal=*/false, llvm::MaybeAlign(vector * 4));
}

Value TensorContract::getChunkAddress(const Operand &operand,
                                      const Chunk &chunk, Value step) {
  if (!operand.table)
    return getAddress(chunk.base, step, operand.isLhs);
  Value offset = memref::LoadOp::create(builder, loc, operand.table, step);
  return add(chunk.base, arith::IndexCastOp::create(
                             builder, loc, builder.getIndexType(), offset));
}

void TensorContract::fillTable(const Operand &operand) {
  if (!operand.table)
    return;
  (void)emitter.shareIterations(loc, op.getKTotal(), [&](Value step) {
    Value offset = getAddress(constant(0), step, operand.isLhs);
    offset =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), offset);
    memref::StoreOp::create(builder, loc, offset, operand.table, step);
    return success();
  });
}

void TensorContract::copyStage(const Operand &operand, ArrayRef<Chunk> chunks,
                               Value firstStep, Value stage) {
  Value start = multiply(stage, constant(getStageSize(operand)));
  for (const Chunk &chunk : chunks) {
    OpBuilder::InsertionGuard guard(builder);
    if (chunk.isOwn) {
      auto choice = scf::IfOp::create(builder, loc, chunk.isOwn);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    Value step = add(firstStep, chunk.step);
    Value place = add(start, chunk.place);
    Value isThere = chunk.inBounds;
    if (op.getKTotal() % tile.depth != 0)
      isThere = both(isThere, isLess(step, op.getKTotal()));
    if (isThere) {
      auto choice = scf::IfOp::create(builder, loc, isThere,
                                      /*withElseRegion=*/true);
      builder.setInsertionPointToStart(choice.elseBlock());
      clearChunk(builder, loc, operand.memory, place, operand.vector);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    copyChunk(operand, getChunkAddress(operand, chunk, step), place);
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

SmallVector<Value> TensorContract::emitSteps(const Position &at,
                                             SmallVector<Value> sums) {
  SmallVector<Chunk> lhsChunks = planChunks(at, lhs);
  SmallVector<Chunk> rhsChunks = planChunks(at, rhs);
  auto copy = [&](Value step, Value stage) {
    copyStage(lhs, lhsChunks, step, stage);
    copyStage(rhs, rhsChunks, step, stage);
  };
  auto token = nvgpu::DeviceAsyncTokenType::get(op.getContext());
  auto closeGroup = [&]() -> Value {
    return nvgpu::DeviceAsyncCreateGroupOp::create(builder, loc, token,
                                                   ValueRange());
  };
  // What the block multiplied before may still be in use.
  if (op->getParentOfType<ParallelOp>())
    emitter.emitBarrier(loc);
  if (lhs.table || rhs.table) {
    fillTable(lhs);
    fillTable(rhs);
    emitter.emitBarrier(loc);
  }
  int64_t total = op.getKTotal(), depth = tile.depth;
  Value group;
  for (int64_t stage = 0; stage + 1 < numStages; ++stage) {
    copy(constant(stage * depth), constant(stage));
    group = closeGroup();
  }
  auto loop = scf::ForOp::create(builder, loc, constant(0), constant(total),
                                 constant(depth), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  Value stage =
      numStages == 1 ? constant(0) : remainder(divide(step, depth), numStages);
  if (isAsynchronous) {
    nvgpu::DeviceAsyncWaitOp::create(builder, loc, group,
                                     builder.getI32IntegerAttr(numStages - 2));
    // Everybody's copies are there, and the stage that is overwritten next has
    // been used.
    emitter.emitBarrier(loc);
    Value next = add(step, constant((numStages - 1) * depth));
    {
      auto choice = scf::IfOp::create(builder, loc, isLess(next, total));
      OpBuilder::InsertionGuard inner(builder);
      builder.setInsertionPointToStart(choice.thenBlock());
      copy(next, remainder(divide(next, depth), numStages));
    }
    closeGroup();
  } else {
    emitter.emitBarrier(loc);
    copy(step, stage);
    emitter.emitBarrier(loc);
  }
  sums.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
  multiplyStage(stage, sums);
  scf::YieldOp::create(builder, loc, sums);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<BlockContract::Sum> TensorContract::emitSums(const Position &at) {
  isAsynchronous = isGlobal(emitter.lookup(op.getLhs())) &&
                   isGlobal(emitter.lookup(op.getRhs()));
  int64_t steps = llvm::divideCeil(op.getKTotal(), tile.depth);
  numStages = isAsynchronous ? std::min(kStages, steps + 1) : 1;
  lhs = planOperand(/*isLhs=*/true);
  rhs = planOperand(/*isLhs=*/false);
  for (Operand *operand : {&lhs, &rhs}) {
    operand->memory = emitter.allocateForTile(
        loc, getStageSize(*operand) * numStages, builder.getF32Type());
    operand->lane = getLaneAddress(*operand);
    // Where each element is copied for itself, dividing its step into indices
    // of k would take longer than multiplying it.
    bool isStepped = operand->isLhs || !op.getPacked();
    if (isStepped && operand->vector == 1 && op.getK().size() > 1 &&
        op.getKTotal() <= kMostTableSteps)
      operand->table =
          emitter.allocateForTile(loc, op.getKTotal(), builder.getI32Type());
  }
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(builder.getF32Type()));
  int64_t pieces = getNumPieces(true) * getNumPieces(false);
  SmallVector<Value> values =
      emitSteps(at, SmallVector<Value>(pieces * 4, zero));
  return placeSums(values);
}
