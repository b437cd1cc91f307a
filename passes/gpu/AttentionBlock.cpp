// SPDX-License-Identifier: Apache-2.0
// Attention as tiles of blocks: copies to shared memory, and results.
#include "passes/gpu/AttentionBlock.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using namespace dlc::kernel;

AttentionBlock::AttentionBlock(AttendOp op, const AttentionTile &tile,
                               BlockEmitter &emitter)
    : BlockArithmetic(emitter, op.getLoc()), op(op), typical(op), tile(tile),
      unit(builder, loc, emitter.getPrecision()),
      places(op, tile, unit.isNarrow()) {
  SmallVector<int64_t> isWhole = getAttentionTraits(op);
  queries = plan(op.getQueries(), op.getQueriesMap(), isWhole[0], op.getD(),
                 places.queryWidth, places.queryPitch, 0);
  keys = plan(op.getKeys(), op.getKeysMap(), isWhole[1], op.getD(),
              places.queryWidth, places.queryPitch, places.keysStart);
  values = plan(op.getValues(), op.getValuesMap(), isWhole[2], op.getE(),
                places.valueWidth, places.valuePitch, places.valuesStart);
  if (hasPartialRows())
    queries.bound = op.getM();
  if (hasPartialKeys())
    keys.bound = values.bound = op.getN();
  outOffset = BodyEmitter::linearize(cast<MemRefType>(op.getOut().getType()),
                                     op.getOutMap());
  numTiles = tile.getNumTiles(op);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

AttentionBlock::Matrix AttentionBlock::plan(Value buffer, AffineMap map,
                                            bool isWhole, int64_t columns,
                                            int64_t width, int64_t pitch,
                                            int64_t start) {
  AffineExpr offset =
      BodyEmitter::linearize(cast<MemRefType>(buffer.getType()), map);
  isWhole = isWhole && getAlignment(buffer) % kCopyBytes == 0;
  return {
      buffer, offset, columns, width, pitch, start, isWhole ? kCopyVector : 1};
}

/// Calls \p body for each of \p rows x \p perRow places that is the thread's
/// own: it is in row `row` + `added`.
void AttentionBlock::share(
    int64_t rows, int64_t perRow,
    llvm::function_ref<void(Value, int64_t, Value)> body) {
  int64_t count = rows * perRow, numThreads = tile.getNumThreads();
  bool isRegular = numThreads % perRow == 0;
  for (int64_t first = 0; first < count; first += numThreads) {
    Value linear = emitter.getThread();
    if (!isRegular)
      linear = add(linear, constant(first));
    OpBuilder::InsertionGuard guard(builder);
    if (count - first < numThreads) {
      Value isOwn = isLess(emitter.getThread(), count - first);
      auto choice = scf::IfOp::create(builder, loc, isOwn);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    body(divide(linear, perRow), isRegular ? first / perRow : 0,
         remainder(linear, perRow));
  }
}

/// Copies \p count rows from \p firstRow on; zeros stand for what isn't there.
void AttentionBlock::copyRows(const Matrix &matrix, Value firstRow,
                              int64_t count) {
  int64_t vector = matrix.vector;
  unsigned rowDim = batch.size();
  auto stride = BodyEmitter::getStride(matrix.offset, rowDim, rowDim + 2);
  share(count, matrix.width / vector, [&](Value row, int64_t added, Value at) {
    Value column = multiply(at, vector);
    Value place = add(add(multiply(row, matrix.pitch), column),
                      constant(matrix.start + added * matrix.pitch));
    row = add(firstRow, row);
    Value isThere;
    if (matrix.bound)
      isThere = isLess(add(row, constant(added)), *matrix.bound);
    if (matrix.width != matrix.columns)
      isThere = both(isThere, isLess(column, matrix.columns));
    SmallVector<Value> dims(batch);
    dims.push_back(stride ? row : add(row, constant(added)));
    dims.push_back(column);
    Value address = emitter.emitIndex(loc, matrix.offset, dims);
    if (stride)
      address = add(address, constant(added * *stride));
    copyAsync(builder, loc, emitter.lookup(matrix.buffer), address, memory,
              place, vector, isThere);
  });
}

/// Waits for all groups of copies but the last \p groups, and for all threads.
void AttentionBlock::wait(int64_t groups) {
  nvgpu::DeviceAsyncWaitOp::create(builder, loc, token,
                                   builder.getI32IntegerAttr(groups));
  emitter.emitBarrier(loc);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

FailureOr<Value> AttentionBlock::emitElement(Region &region, Value row,
                                             Value column, Value value) {
  Block &body = region.front();
  SmallVector<Value> arguments(batch);
  arguments.append({row, column, value});
  for (auto [argument, value] : llvm::zip(body.getArguments(), arguments))
    emitter.map(argument, value);
  if (failed(emitter.emitInThread(body)))
    return failure();
  return emitter.lookup(cast<YieldOp>(body.back()).getValue());
}

/// Stores the result in \p row of the block, if there is one.
LogicalResult AttentionBlock::storeElement(Value row, Value column,
                                           Value value) {
  row = add(firstRow, row);
  Value isThere;
  if (hasPartialRows())
    isThere = isLess(row, op.getM());
  if (values.width != int64_t(op.getE()))
    isThere = both(isThere, isLess(column, op.getE()));
  OpBuilder::InsertionGuard guard(builder);
  if (isThere) {
    auto choice = scf::IfOp::create(builder, loc, isThere);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  FailureOr<Value> element = emitElement(op.getEpilogue(), row, column, value);
  if (failed(element))
    return failure();
  SmallVector<Value> dims(batch);
  dims.append({row, column});
  memref::StoreOp::create(builder, loc, *element, emitter.lookup(op.getOut()),
                          emitter.emitIndex(loc, outOffset, dims));
  return success();
}

Value AttentionBlock::getReciprocal(Value sum) {
  Value result = arith::DivFOp::create(builder, loc, number(1), sum);
  if (!hasWeight())
    return result;
  Value isNone = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                       sum, number(0));
  return arith::SelectOp::create(builder, loc, isNone, number(0), result);
}

LogicalResult AttentionBlock::finishRegisters(const State &state) {
  std::array<Value, 2> factors;
  for (size_t half = 0; half < 2; ++half)
    factors[half] = getReciprocal(state.sums[half]);
  for (auto [i, result] : llvm::enumerate(state.results)) {
    size_t half = i % 4 / 2;
    Value own = add(row, constant(8 * int64_t(half)));
    Value column =
        add(multiply(quad, 2), constant(i / 4 * kPieceColumns + i % 2));
    if (failed(storeElement(own, column, times(result, factors[half]))))
      return failure();
  }
  return success();
}

/// Makes the lane's results parts of the sum over all warps of its rows.
void AttentionBlock::mergeStatistics(State &state) {
  {
    Value isFirst = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq, quad, constant(0));
    auto choice = scf::IfOp::create(builder, loc, isFirst);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    Value own = divide(warpKey, tile.pieces * kPieceColumns);
    for (size_t half = 0; half < 2; ++half) {
      Value place = getStatistic(half, own);
      memref::StoreOp::create(builder, loc, state.maxima[half], maxima, place);
      memref::StoreOp::create(builder, loc, state.sums[half], sums, place);
    }
  }
  // Nobody needs keys and values any more, either.
  emitter.emitBarrier(loc);
  for (size_t half = 0; half < 2; ++half) {
    // The lanes of a row take turns at its warps.
    int64_t lanes = std::min(tile.keyWarps, kQuad);
    SmallVector<Value> places, own;
    Value maximum, sum;
    for (int64_t warp = 0; warp < tile.keyWarps; warp += lanes) {
      Value other = add(remainder(quad, lanes), constant(warp));
      places.push_back(getStatistic(half, other));
      own.push_back(
          memref::LoadOp::create(builder, loc, maxima, places.back()));
      maximum = maximum ? emitCombine(builder, loc, ReduceKind::Max, maximum,
                                      own.back())
                        : own.back();
    }
    maximum = combineLanes(ReduceKind::Max, maximum, lanes);
    Value shift = getShift(maximum);
    for (auto [place, max] : llvm::zip(places, own)) {
      Value part = memref::LoadOp::create(builder, loc, sums, place);
      part = times(part, expOfDifference(max, shift));
      sum = sum ? plus(sum, part) : part;
    }
    sum = combineLanes(ReduceKind::Add, sum, lanes);
    Value factor =
        times(expOfDifference(state.maxima[half], shift), getReciprocal(sum));
    for (auto [i, result] : llvm::enumerate(state.results))
      if (i % 4 / 2 == half)
        result = times(result, factor);
  }
}

LogicalResult AttentionBlock::mergeWarps(State &state) {
  mergeStatistics(state);
  int64_t pitch = places.partialPitch, size = tile.getRows() * pitch;
  Value own = multiply(divide(warpKey, tile.pieces * kPieceColumns), size);
  own = add(own, add(multiply(row, pitch), multiply(quad, 2)));
  auto pair = VectorType::get(2, builder.getF32Type());
  for (size_t i = 0; i < state.results.size(); i += 2) {
    int64_t offset = i % 4 / 2 * 8 * pitch + i / 4 * kPieceColumns;
    Value both = vector::FromElementsOp::create(
        builder, loc, pair, ArrayRef(state.results).slice(i, 2));
    vector::StoreOp::create(builder, loc, both, memory,
                            add(own, constant(offset)), /*nontemporal=*/false,
                            llvm::MaybeAlign(8));
  }
  emitter.emitBarrier(loc);
  LogicalResult result = success();
  share(tile.getRows(), op.getE(), [&](Value row, int64_t added, Value column) {
    Value place = add(multiply(row, pitch), column);
    Value sum = addParts(memory, tile.keyWarps, [&](int64_t warp) {
      return add(place, constant(warp * size + added * pitch));
    });
    if (failed(storeElement(add(row, constant(added)), column, sum)))
      result = failure();
  });
  return result;
}

//===----------------------------------------------------------------------===//
// The block
//===----------------------------------------------------------------------===//

LogicalResult AttentionBlock::emit(Value index) {
  SmallVector<Value> counts;
  for (const GridTerm &count : tile.getNumBlocks(op))
    counts.push_back(count.emit(emitter, loc));
  batch = emitter.delinearize(loc, index, ValueRange(counts));
  firstRow = multiply(batch.pop_back_val(), tile.getRows());

  emitter.startTile();
  Type f32 = builder.getF32Type();
  memory = emitter.allocateForTile(loc, places.numElements, f32);
  if (tile.keyWarps > 1) {
    maxima = emitter.allocateForTile(loc, places.numStatistics, f32);
    sums = emitter.allocateForTile(loc, places.numStatistics, f32);
  }
  Value lane = remainder(emitter.getThread(), 32);
  Value warp = divide(emitter.getThread(), 32);
  group = divide(lane, kQuad);
  quad = remainder(lane, kQuad);
  Value warpRow = multiply(divide(warp, tile.keyWarps), kPieceRows);
  warpKey =
      multiply(remainder(warp, tile.keyWarps), tile.pieces * kPieceColumns);
  row = add(warpRow, group);
  // ldmatrix: the rows of the first steps, then those of the others.
  Value ownRow = remainder(lane, kPieceRows);
  Value ownStep = multiply(divide(lane, kPieceRows), 4);
  auto getLane = [&](Value first) {
    return add(multiply(add(first, ownRow), places.queryPitch), ownStep);
  };
  queryLane = getLane(warpRow);
  keyLane = getLane(warpKey);
  valueLane =
      add(multiply(add(warpKey, multiply(quad, 2)), places.valuePitch), group);

  copyRows(queries, firstRow, tile.getRows());
  copyRows(keys, constant(0), tile.getKeys());
  closeCopies(builder, loc);
  copyRows(values, constant(0), tile.getKeys());
  token = closeCopies(builder, loc);

  State state;
  state.maxima.fill(number(-std::numeric_limits<double>::infinity()));
  state.sums.fill(number(0));
  state.results.assign(values.width / kPieceColumns * 4, number(0));
  if (failed(emitTiles(state)))
    return failure();
  for (Value &sum : state.sums)
    sum = combineLanes(ReduceKind::Add, sum, kQuad);
  return tile.keyWarps > 1 ? mergeWarps(state) : finishRegisters(state);
}
