// SPDX-License-Identifier: Apache-2.0
// Attention as tiles of blocks: from shared memory to sums of weighed values.
#include "passes/gpu/AttentionBlock.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <cmath>

using namespace mlir;
using namespace dlc::kernel;

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// Of 16 rows of \p matrix from row \p row on. Steps of 16 bits share a
/// register as those of contractions do: t and t + 4, then t + 8 and t + 12.
AttentionBlock::Quarters
AttentionBlock::loadSixteen(const Matrix &matrix, int64_t row, int64_t step) {
  Value lane = matrix.start == queries.start ? queryLane : keyLane;
  auto loadEight = [&](int64_t step) {
    int64_t offset = matrix.start + row * matrix.pitch + step;
    return unit.loadSquares(memory, add(lane, constant(offset)), 4);
  };
  Quarters quarters;
  SmallVector<Value> first = loadEight(step);
  if (!unit.isNarrow()) {
    for (size_t i = 0; i < 4; ++i)
      quarters[i] = {first[i]};
    return quarters;
  }
  SmallVector<Value> second = loadEight(step + 8);
  for (size_t i = 0; i < 2; ++i) {
    quarters[i] = {first[i], first[2 + i]};
    quarters[2 + i] = {second[i], second[2 + i]};
  }
  return quarters;
}

TensorUnit::Factor AttentionBlock::loadQueries(int64_t step) {
  SmallVector<Value> elements;
  for (ArrayRef<Value> quarter : loadSixteen(queries, 0, step))
    llvm::append_range(elements, quarter);
  return unit.makeFactor(elements);
}

/// Of the warp's keys from \p key on, in the order of getWeights.
TensorUnit::Factor AttentionBlock::loadValues(int64_t key, int64_t column) {
  SmallVector<Value> elements;
  for (int64_t half = 0; half < unit.getDepth(); half += 8)
    for (int64_t next = 0; next < 2; ++next) {
      int64_t offset = (key + half + next) * values.pitch + column;
      Value place = add(valueLane, constant(values.start + offset));
      elements.push_back(memref::LoadOp::create(builder, loc, memory, place));
    }
  return unit.makeFactor(elements);
}

/// A lane has the weights of keys 2 t and 2 t + 1. Factors of 16 bits have them
/// just so; others take the first for step t and the second for step t + 4,
/// which makes no difference to the sum as long as the values do.
TensorUnit::Factor AttentionBlock::getWeights(ArrayRef<Value> scores,
                                              int64_t key) {
  ArrayRef<Value> own = scores.drop_front(key / kPieceColumns * 4);
  if (unit.isNarrow())
    return unit.makeFactor(own.take_front(8));
  return unit.makeFactor({own[0], own[2], own[1], own[3]});
}

//===----------------------------------------------------------------------===//
// A tile of keys
//===----------------------------------------------------------------------===//

/// The scores of the lane: four for each piece of eight keys.
SmallVector<Value>
AttentionBlock::multiplyQueries(ArrayRef<TensorUnit::Factor> kept) {
  SmallVector<Value> sums(4 * tile.pieces, number(0));
  for (int64_t step = 0; step < queries.width; step += unit.getDepth()) {
    TensorUnit::Factor rows =
        kept.empty() ? loadQueries(step) : kept[step / unit.getDepth()];
    for (int64_t piece = 0; piece < tile.pieces; piece += 2) {
      Quarters loaded = loadSixteen(keys, piece * kPieceColumns, step);
      for (int64_t i = 0; i < 2; ++i) {
        SmallVector<Value> elements(loaded[i]);
        llvm::append_range(elements, loaded[2 + i]);
        unit.multiply(rows, unit.makeFactor(elements),
                      MutableArrayRef(sums).slice(4 * (piece + i), 4));
      }
    }
  }
  return sums;
}

/// Replaces \p elements, one of each of the lane's rows and keys, by what
/// \p region makes of them.
LogicalResult AttentionBlock::emitElements(Region &region, Value firstKey,
                                           MutableArrayRef<Value> elements) {
  auto clamp = [&](Value index, std::optional<int64_t> bound) -> Value {
    if (!bound)
      return index;
    return arith::MinUIOp::create(builder, loc, index, constant(*bound - 1));
  };
  for (auto [i, element] : llvm::enumerate(elements)) {
    Value own = add(add(firstRow, row), constant(i % 4 / 2 * 8));
    FailureOr<Value> made =
        emitElement(region, clamp(own, queries.bound),
                    clamp(getKey(firstKey, i), keys.bound), element);
    if (failed(made))
      return failure();
    element = *made;
  }
  return success();
}

/// Replaces products by scores; those of keys that aren't there are lowest.
LogicalResult AttentionBlock::finishScores(Value firstKey,
                                           MutableArrayRef<Value> scores) {
  if (failed(emitElements(op.getScore(), firstKey, scores)))
    return failure();
  if (!keys.bound)
    return success();
  Value lowest = number(-std::numeric_limits<double>::infinity());
  for (auto [i, score] : llvm::enumerate(scores))
    score = arith::SelectOp::create(
        builder, loc, isLess(getKey(firstKey, i), *keys.bound), score, lowest);
  return success();
}

Value AttentionBlock::expOfDifference(Value a, Value b) {
  Value difference = arith::SubFOp::create(builder, loc, a, b);
  return math::Exp2Op::create(
      builder, loc, times(difference, number(std::log2(std::exp(1.0)))));
}

/// Combines the values of \p count of the lanes that share rows.
Value AttentionBlock::combineLanes(ReduceKind kind, Value value,
                                   int64_t count) {
  for (int64_t mask = 1; mask < count; mask *= 2)
    value = emitCombine(builder, loc, kind, value,
                        emitShuffle(builder, loc, value, mask));
  return value;
}

/// Their exponentials are 0 then, not NaN.
Value AttentionBlock::getShift(Value maximum) {
  Value lowest = number(-std::numeric_limits<double>::infinity());
  Value isMasked = arith::CmpFOp::create(
      builder, loc, arith::CmpFPredicate::OEQ, maximum, lowest);
  return arith::SelectOp::create(builder, loc, isMasked, number(0), maximum);
}

void AttentionBlock::makeWeights(MutableArrayRef<Value> scores, State &state,
                                 bool isFirst) {
  for (size_t half = 0; half < 2; ++half) {
    auto isOwn = [&](size_t i) { return i % 4 / 2 == half; };
    Value maximum;
    for (auto [i, score] : llvm::enumerate(scores))
      if (isOwn(i))
        maximum =
            maximum ? emitCombine(builder, loc, ReduceKind::Max, maximum, score)
                    : score;
    maximum = combineLanes(ReduceKind::Max, maximum, kQuad);
    Value before = state.maxima[half];
    if (!isFirst)
      maximum = emitCombine(builder, loc, ReduceKind::Max, before, maximum);
    Value shift = getShift(maximum);
    Value sum;
    for (auto [i, score] : llvm::enumerate(scores))
      if (isOwn(i)) {
        score = expOfDifference(score, shift);
        sum = sum ? plus(sum, score) : score;
      }
    state.maxima[half] = maximum;
    if (!isFirst) {
      Value factor = expOfDifference(before, shift);
      sum = plus(times(state.sums[half], factor), sum);
      for (auto [i, result] : llvm::enumerate(state.results))
        if (isOwn(i))
          result = times(result, factor);
    }
    state.sums[half] = sum;
  }
}

void AttentionBlock::multiplyValues(ArrayRef<Value> weights, State &state) {
  int64_t numKeys = tile.pieces * kPieceColumns;
  for (int64_t key = 0; key < numKeys; key += unit.getDepth()) {
    TensorUnit::Factor rows = getWeights(weights, key);
    for (int64_t column = 0; column < values.width; column += kPieceColumns)
      unit.multiply(
          rows, loadValues(key, column),
          MutableArrayRef(state.results).slice(column / kPieceColumns * 4, 4));
  }
}

/// Keys come while the tile before is weighed, values while this one's scores
/// are made. Two groups of copies are under way in the beginning: keys, and
/// values or none.
LogicalResult AttentionBlock::emitTile(Value number,
                                       ArrayRef<TensorUnit::Factor> kept,
                                       State &state, bool isOnly) {
  Value first = multiply(number, tile.getKeys());
  wait(1);
  auto copyIf = [&](Value condition, const Matrix &matrix, Value row) {
    OpBuilder::InsertionGuard guard(builder);
    auto choice = scf::IfOp::create(builder, loc, condition);
    builder.setInsertionPointToStart(choice.thenBlock());
    copyRows(matrix, row, tile.getKeys());
  };
  if (!isOnly) {
    Value isLater = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ne, number, constant(0));
    copyIf(isLater, values, first);
    closeCopies(builder, loc);
  }
  SmallVector<Value> scores = multiplyQueries(kept);
  if (failed(finishScores(first, scores)))
    return failure();
  makeWeights(scores, state, isOnly);
  if (hasWeight() && failed(emitElements(op.getWeight(), first, scores)))
    return failure();
  wait(0);
  if (!isOnly) {
    Value next = add(number, constant(1));
    copyIf(isLess(next, numTiles.emit(emitter, loc)), keys,
           add(first, constant(tile.getKeys())));
    closeCopies(builder, loc);
    closeCopies(builder, loc);
  }
  multiplyValues(scores, state);
  return success();
}

LogicalResult AttentionBlock::emitTiles(State &state) {
  if (numTiles.getValue() == 1 && !numTiles.isDynamic)
    return emitTile(constant(0), {}, state, /*isOnly=*/true);
  SmallVector<TensorUnit::Factor> kept;
  if (keepsQueries(op, tile, places)) {
    wait(1);
    for (int64_t step = 0; step < queries.width; step += unit.getDepth())
      kept.push_back(loadQueries(step));
  }
  SmallVector<Value> carried(state.maxima.begin(), state.maxima.end());
  llvm::append_range(carried, state.sums);
  llvm::append_range(carried, state.results);
  auto loop =
      scf::ForOp::create(builder, loc, constant(0), numTiles.emit(emitter, loc),
                         constant(1), carried);
  auto assign = [&](ValueRange from) {
    llvm::copy(from.take_front(2), state.maxima.begin());
    llvm::copy(from.slice(2, 2), state.sums.begin());
    state.results = llvm::to_vector(from.drop_front(4));
  };
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  assign(loop.getRegionIterArgs());
  if (failed(emitTile(loop.getInductionVar(), kept, state, /*isOnly=*/false)))
    return failure();
  carried.assign(state.maxima.begin(), state.maxima.end());
  llvm::append_range(carried, state.sums);
  llvm::append_range(carried, state.results);
  scf::YieldOp::create(builder, loc, carried);
  assign(loop.getResults());
  return success();
}
