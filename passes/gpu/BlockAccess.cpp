// SPDX-License-Identifier: Apache-2.0
// Iterations that access memory together: several of one thread in one
// instruction, or a tile of them through shared memory.
#include "passes/gpu/BlockEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::kernel;

//===----------------------------------------------------------------------===//
// Wide accesses
//===----------------------------------------------------------------------===//

Value BlockEmitter::emitOffset(Operation *op, MemRefType type, AffineMap map,
                               ValueRange indices) {
  SmallVector<Value> mapped;
  for (Value index : indices)
    mapped.push_back(lookup(index));
  return emitIndex(op->getLoc(), linearize(type, map), mapped);
}

/// What vector accesses say about their address.
static llvm::MaybeAlign getVectorAlignment(VectorType type) {
  int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
  return llvm::MaybeAlign(type.getNumElements() * bytes);
}

LogicalResult BlockEmitter::emitWide(LoadOp op) {
  Location loc = op.getLoc();
  Value &vector = iterations->loaded[op];
  if (iterations->lane == 0) {
    auto type = VectorType::get(iterations->wide.width, op.getType());
    Value offset = emitOffset(op, cast<MemRefType>(op.getMemref().getType()),
                              op.getMap(), op.getIndices());
    vector = vector::LoadOp::create(builder, loc, type, lookup(op.getMemref()),
                                    offset, /*nontemporal=*/false,
                                    getVectorAlignment(type));
    // LLVM makes a load for each element of what it knows to be loaded.
    vector = LLVM::FreezeOp::create(builder, loc, vector);
  }
  map(op, vector::ExtractOp::create(builder, loc, vector, iterations->lane));
  return success();
}

LogicalResult BlockEmitter::emitWide(StoreOp op) {
  Location loc = op.getLoc();
  auto memory = cast<MemRefType>(op.getMemref().getType());
  if (iterations->lane == 0)
    iterations->offsets[op] =
        emitOffset(op, memory, op.getMap(), op.getIndices());
  SmallVector<Value> &values = iterations->stored[op];
  values.push_back(lookup(op.getValue()));
  int64_t width = iterations->wide.width;
  if (iterations->lane + 1 < width)
    return success();
  auto type = VectorType::get(width, memory.getElementType());
  Value vector = vector::FromElementsOp::create(builder, loc, type, values);
  vector::StoreOp::create(builder, loc, vector, lookup(op.getMemref()),
                          iterations->offsets[op], /*nontemporal=*/false,
                          getVectorAlignment(type));
  return success();
}

LogicalResult BlockEmitter::emitWideIteration(const LoopNest &nest,
                                              const WideAccess &wide,
                                              Value linear) {
  Location loc = nest.loops.front()->getLoc();
  SmallVector<int64_t> extents(nest.extents);
  extents.back() /= wide.width;
  SmallVector<Value> digits = delinearize(loc, linear, extents);
  Value first = multiply(loc, digits.back(), constantIndex(loc, wide.width));
  for (auto [index, value] : llvm::zip(nest.indices, digits))
    map(index, value);
  if (failed(emitBetween(nest)))
    return failure();
  Iterations own(wide);
  iterations = &own;
  LogicalResult result = success();
  for (; own.lane < wide.width && succeeded(result); ++own.lane) {
    map(nest.indices.back(), add(loc, first, constantIndex(loc, own.lane)));
    result = emitBlock(nest.getBody());
  }
  iterations = nullptr;
  return result;
}

//===----------------------------------------------------------------------===//
// Transpositions
//===----------------------------------------------------------------------===//

std::pair<Value, Value>
BlockEmitter::mapElement(const LoopNest &nest,
                         const Transposition &transposition,
                         ArrayRef<Value> from, Value linear, bool isRead) {
  Location loc = nest.loops.front()->getLoc();
  int64_t tiles[]{transposition.readTile, transposition.writeTile};
  ArrayRef<unsigned> positions[]{transposition.read, transposition.write};
  int fast = isRead ? 0 : 1;
  Value extent = constantIndex(loc, tiles[fast]), at[2];
  at[fast] = arith::RemUIOp::create(builder, loc, linear, extent);
  at[1 - fast] = arith::DivUIOp::create(builder, loc, linear, extent);
  auto isBelow = [&](Value value, int64_t count) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value,
                                 constantIndex(loc, count));
  };
  // A block may have more threads than a tile has elements.
  Value exists = isBelow(at[1 - fast], tiles[1 - fast]);
  for (int kind = 0; kind < 2; ++kind) {
    SmallVector<int64_t> extents;
    for (unsigned i : positions[kind])
      extents.push_back(nest.extents[i]);
    int64_t count = computeProduct(extents);
    Value index = add(loc, from[kind], at[kind]);
    if (count % tiles[kind] != 0)
      exists =
          arith::AndIOp::create(builder, loc, exists, isBelow(index, count));
    for (auto [i, digit] :
         llvm::zip(positions[kind], delinearize(loc, index, extents)))
      map(nest.indices[i], digit);
  }
  Value row = constantIndex(loc, transposition.getRowElements());
  return {add(loc, multiply(loc, at[1], row), at[0]), exists};
}

LogicalResult BlockEmitter::fetchTile(const LoopNest &nest,
                                      const Transposition &transposition,
                                      ArrayRef<Value> from,
                                      ArrayRef<Value> memories) {
  Location loc = nest.loops.front()->getLoc();
  SmallVector<LoadOp> loads(transposition.loads);
  SmallVector<Type> types;
  for (LoadOp load : loads)
    types.push_back(load.getType());
  int64_t elements = transposition.readTile * transposition.writeTile;
  SmallVector<std::function<void()>> stores;
  for (int64_t first = 0; first < elements; first += numThreads) {
    Value linear = add(loc, thread, constantIndex(loc, first));
    auto [place, exists] =
        mapElement(nest, transposition, from, linear, /*isRead=*/true);
    auto choice = scf::IfOp::create(builder, loc, types, exists,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    if (failed(emitBetween(nest)))
      return failure();
    SmallVector<Value> loaded, zeros;
    for (LoadOp load : loads) {
      if (failed(BodyEmitter::emitOp(*load)))
        return failure();
      loaded.push_back(lookup(load));
    }
    scf::YieldOp::create(builder, loc, loaded);
    builder.setInsertionPointToStart(choice.elseBlock());
    for (Type type : types)
      zeros.push_back(
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
    scf::YieldOp::create(builder, loc, zeros);
    stores.push_back([this, loc, place = place, exists = exists, choice,
                      memories]() mutable {
      auto isThere = scf::IfOp::create(builder, loc, exists);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(isThere.thenBlock());
      for (auto [value, memory] : llvm::zip(choice.getResults(), memories))
        memref::StoreOp::create(builder, loc, value, memory, place);
    });
  }
  for (std::function<void()> &store : stores)
    store();
  return success();
}

LogicalResult BlockEmitter::emitTransposed(const LoopNest &nest,
                                           const Transposition &transposition,
                                           Value tile) {
  Location loc = nest.loops.front()->getLoc();
  SmallVector<Value> digits =
      delinearize(loc, tile, transposition.getGrid(nest));
  for (auto [i, digit] : llvm::zip(transposition.getOthers(nest), digits))
    map(nest.indices[i], digit);
  Value from[]{multiply(loc, digits[digits.size() - 2],
                        constantIndex(loc, transposition.readTile)),
               multiply(loc, digits.back(),
                        constantIndex(loc, transposition.writeTile))};
  SmallVector<LoadOp> loads(transposition.loads);
  SmallVector<Value> memories;
  for (LoadOp load : loads)
    memories.push_back(allocateShared(
        loc, transposition.getRowElements() * transposition.writeTile,
        load.getType()));
  if (failed(fetchTile(nest, transposition, from, memories)))
    return failure();
  emitBarrier(loc);
  auto finish = [&](Value linear) -> LogicalResult {
    auto [place, exists] =
        mapElement(nest, transposition, from, linear, /*isRead=*/false);
    auto choice = scf::IfOp::create(builder, loc, exists);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    if (failed(emitBetween(nest)))
      return failure();
    for (auto [load, memory] : llvm::zip(loads, memories))
      map(load, memref::LoadOp::create(builder, loc, memory, place));
    fetched = loads;
    LogicalResult result = emitBlock(nest.getBody());
    fetched = {};
    return result;
  };
  return shareIterations(loc, transposition.readTile * transposition.writeTile,
                         /*isDynamic=*/false, finish);
}
