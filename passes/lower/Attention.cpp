// SPDX-License-Identifier: Apache-2.0
// Lowers attention to one kernel. A task takes some rows of queries of one
// batch index: a contraction makes their scores in scratch memory, a loop over
// the rows turns them into weights, and a second contraction makes the result,
// whose epilogue divides by the sums of the rows.
//
// Where there are too many keys for that, they come in blocks: the result is
// summed up in scratch memory, and scaled down whenever a block has a new
// maximum (online softmax: Milakov and Gimelshein, arXiv:1805.02867).
//
// Those tasks suit CPUs. The kernel.attend around them says what they compute,
// from which other targets make loops of their own.
#include "passes/lower/AttentionWhole.h"
#include "passes/lower/ContractBuilder.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

/// Scores of a task, in elements: they stay in the second-level cache.
static constexpr int64_t kMaxScores = 32768;
/// Rows are split until there are so many tasks or so few rows in each: keys
/// are packed again for each task.
static constexpr int64_t kMinTasks = 8;
static constexpr int64_t kMinRows = 32;
/// More keys than this come in blocks of at most the other number.
static constexpr int64_t kMaxKeys = 1024;
static constexpr int64_t kKeysOfBlock = 512;

namespace {
class AttentionEmitter {
public:
  AttentionEmitter(GroupLowering &lowering, graph::AttentionOp op)
      : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
        op(op), softmax(cast<graph::SoftmaxOp>(op.getSoftmax())),
        loc(op.getLoc()),
        element(getTensorType(op.getQueries()).getElementType()),
        batch(getTensorType(op.getQueries()).getShape().drop_back(2)),
        m(getTensorType(op.getScores()).getShape().end()[-2]),
        n(getTensorType(op.getScores()).getShape().back()),
        depth(getTensorType(op.getQueries()).getShape().back()),
        columns(getTensorType(op.getResult()).getShape().back()) {}

  LogicalResult emit();

private:
  /// Where an element of one side of a product is: a tensor of the group, or a
  /// buffer, and indices.
  struct Place {
    Value tensor, buffer;
    Indices indices;
  };
  /// \p local stands for the extents of a contraction's map.
  using PlaceFunction = llvm::function_ref<Place(ArrayRef<AffineExpr> local)>;

  Value makeScratch(ArrayRef<int64_t> shape) {
    return kernel::ScratchOp::create(b, loc, MemRefType::get(shape, element));
  }
  /// The number of parts that the rows are split into.
  int64_t chooseTiles();
  LogicalResult emitTasks(int64_t count, int64_t taskRows, int64_t firstRow);
  /// The indices of row \p row, column \p column in the matrix of the task.
  Indices getIndices(ArrayRef<AffineExpr> task, AffineExpr row,
                     AffineExpr column) {
    Indices indices(task.take_front(batch.size()));
    indices.append({row, column});
    return indices;
  }
  FailureOr<AffineMap> getMap(ArrayRef<int64_t> extents, PlaceFunction place,
                              Value &buffer);
  /// Emits a contraction; the builder stands in its epilogue, whose indices and
  /// accumulator \p finish gets.
  LogicalResult
  emitProduct(int64_t rows, int64_t width, int64_t k, PlaceFunction lhs,
              PlaceFunction rhs, PlaceFunction out,
              llvm::function_ref<FailureOr<Value>(AffineExpr row,
                                                  AffineExpr column, Value acc)>
                  finish);
  /// The row of the whole matrix, the key and the place of a key's block.
  AffineExpr getRow(AffineExpr row) {
    return task[batch.size()] * rows + (row + rowStart);
  }
  AffineExpr getKey(AffineExpr key) {
    return hasKeyLoop ? task.back() * keys + key : key + keyStart;
  }
  LogicalResult emitScores();
  FailureOr<Value> emitMaximum(AffineExpr row);
  FailureOr<Value> emitExponentials(AffineExpr row, Value shift);
  LogicalResult emitWeights();
  LogicalResult emitResult();
  LogicalResult copyValues();
  LogicalResult emitOnline();
  LogicalResult emitOnlineBlock();
  void emitOnlineWeights();

  /// The product of the weights and the values of the keys.
  LogicalResult
  emitValues(PlaceFunction out,
             llvm::function_ref<FailureOr<Value>(AffineExpr row,
                                                 AffineExpr column, Value acc)>
                 finish) {
    return emitProduct(
        rows, columns, keys,
        [&](ArrayRef<AffineExpr> at) -> Place {
          return {{}, scores, {at[0], at[1]}};
        },
        [&](ArrayRef<AffineExpr> at) -> Place {
          if (values)
            return {{}, values, {at[1], at[0], at[2]}};
          return {op.getValues(),
                  {},
                  getIndices(task, getKey(at[0]), at[1] * kPanel + at[2])};
        },
        out, finish);
  }

  GroupLowering &lowering;
  ElementEmitter &emitter;
  OpBuilder &b;
  graph::AttentionOp op;
  graph::SoftmaxOp softmax;
  Location loc;
  Type element;
  ArrayRef<int64_t> batch;
  int64_t m, n, depth, columns;

  /// The weights are something else than the softmax's result.
  bool hasTail = false;
  Value scores;  ///< scratch [rows, keys]: scores, then weights
  Value factors; ///< scratch [rows]: of the result (or of what it was before)
  Value values;  ///< scratch [columns / 16, keys, 16], or null
  // Online: scratch [rows], [rows], [rows, columns].
  Value maxima, sums, partial;

  // Of the task that is being emitted.
  int64_t rows = 0;     ///< of queries
  int64_t rowStart = 0; ///< the first row is rows * tile + rowStart
  SmallVector<Value> taskValues;
  SmallVector<int64_t> taskExtents;
  /// For the emitter: batch indices, the tile, the block of keys if there are
  /// several.
  Indices task;
  int64_t keys = 0;     ///< of the block
  int64_t keyStart = 0; ///< unless `hasKeyLoop`
  bool hasKeyLoop = false;
};
} // namespace

int64_t AttentionEmitter::chooseTiles() {
  int64_t heads = 1;
  for (int64_t extent : batch)
    heads *= extent;
  int64_t fitting = std::max<int64_t>(kMaxScores / keys, 1);
  int64_t wanted = std::min((kMinTasks + heads - 1) / heads, m / kMinRows);
  return std::max({(m + fitting - 1) / fitting, wanted, int64_t(1)});
}

LogicalResult AttentionEmitter::emit() {
  for (auto [inner, input] :
       llvm::zip(op.getBody().getArguments().drop_front(), op.getInputs()))
    emitter.setAlias(inner, input);
  hasTail = hasWeightTail(op);

  FailureOr<kernel::AttendOp> attend = emitAttend(lowering, op);
  if (failed(attend))
    return failure();
  if (*attend)
    b.setInsertionPointToStart(&attend->getTasks().emplaceBlock());
  // Nothing is cut to fit one size of many: a task has all rows and keys then.
  graph::Decisions &decisions = lowering.decisions;
  bool isForManySizes = decisions.isForManySizes();
  // What follows the softmax needs its whole rows.
  bool isOnline = n > kMaxKeys && !hasTail && !isForManySizes;
  keys = isOnline ? kKeysOfBlock : n;
  int64_t tiles = isForManySizes ? 1 : chooseTiles();
  int64_t small = m / tiles, numLarge = m % tiles;
  int64_t maxRows = numLarge ? small + 1 : small;
  // Multiples of a cache line, so that where each begins is one expression.
  auto getRoom = [&](int64_t extent) -> int64_t {
    return isForManySizes ? llvm::alignTo(extent, kPanel) : extent;
  };
  scores = makeScratch({maxRows, getRoom(keys)});
  if (!hasTail)
    factors = makeScratch(getRoom(maxRows));
  // In their tensor the rows of values are far from each other, which costs
  // more than a copy where they are read often.
  if (decisions.decide(maxRows >= kMinRows && columns % kPanel == 0))
    values = makeScratch({columns / kPanel, keys, kPanel});
  if (isOnline) {
    maxima = makeScratch(maxRows);
    sums = makeScratch(maxRows);
    partial = makeScratch({maxRows, columns});
  }
  if (failed(emitTasks(numLarge, small + 1, 0)) ||
      failed(emitTasks(tiles - numLarge, small, numLarge * (small + 1))))
    return failure();
  if (*attend)
    b.setInsertionPointAfter(*attend);
  return success();
}

LogicalResult AttentionEmitter::emitTasks(int64_t count, int64_t taskRows,
                                          int64_t firstRow) {
  if (count == 0)
    return success();
  rows = taskRows;
  rowStart = firstRow;
  taskExtents.assign(batch.begin(), batch.end());
  taskExtents.push_back(count);
  task = lowering.openTasks(loc, taskExtents);
  taskValues = llvm::to_vector_of<Value>(b.getInsertionBlock()->getArguments());
  LogicalResult result =
      maxima ? emitOnline()
             : failure(failed(emitScores()) || failed(emitWeights()) ||
                       failed(copyValues()) || failed(emitResult()));
  lowering.closeSection();
  return result;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

FailureOr<AffineMap> AttentionEmitter::getMap(ArrayRef<int64_t> extents,
                                              PlaceFunction place,
                                              Value &buffer) {
  MLIRContext *context = b.getContext();
  // The task's indices are dimensions behind the map's own until they become
  // its symbols: ranges are known of dimensions only.
  size_t numLocal = extents.size();
  SmallVector<int64_t> allExtents(extents);
  llvm::append_range(allExtents, taskExtents);
  Indices dims, replacement;
  for (size_t i = 0; i < allExtents.size(); ++i) {
    dims.push_back(getAffineDimExpr(i, context));
    replacement.push_back(i < numLocal
                              ? dims.back()
                              : getAffineSymbolExpr(i - numLocal, context));
  }
  Indices outer =
      std::exchange(task, Indices(dims.begin() + numLocal, dims.end()));
  Place at = place(ArrayRef(dims).take_front(numLocal));
  task = outer;
  buffer = at.buffer;
  FailureOr<Indices> subscripts = at.indices;
  if (at.tensor)
    subscripts =
        resolveElement(lowering, at.tensor, at.indices, allExtents, buffer);
  if (failed(subscripts))
    return failure();
  for (AffineExpr &subscript : *subscripts)
    subscript = simplifyInRange(subscript, allExtents)
                    .replaceDimsAndSymbols(replacement, {});
  return AffineMap::get(numLocal, taskExtents.size(), *subscripts, context);
}

LogicalResult AttentionEmitter::emitProduct(
    int64_t rows, int64_t width, int64_t k, PlaceFunction lhs,
    PlaceFunction rhs, PlaceFunction out,
    llvm::function_ref<FailureOr<Value>(AffineExpr, AffineExpr, Value)>
        finish) {
  int64_t panels = (width + kPanel - 1) / kPanel;
  Value buffers[3];
  FailureOr<AffineMap> lhsMap = getMap({rows, k}, lhs, buffers[0]);
  FailureOr<AffineMap> rhsMap = getMap({k, panels, kPanel}, rhs, buffers[1]);
  FailureOr<AffineMap> outMap = getMap({rows, panels, kPanel}, out, buffers[2]);
  if (failed(lhsMap) || failed(rhsMap) || failed(outMap))
    return failure();
  auto contract = kernel::ContractOp::create(
      b, loc, buffers[0], buffers[1], buffers[2], ArrayRef<int64_t>(), rows,
      width, ArrayRef<int64_t>(k), IntegerAttr(), *lhsMap, *rhsMap, *outMap,
      /*packed=*/false, /*whole_panels=*/false, taskValues,
      /*schedules=*/ArrayAttr());
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&epilogue);
  ElementEmitter::Scope scope(emitter);
  Indices at;
  for (int64_t extent : {rows, panels, kPanel})
    at.push_back(
        emitter.addIndex(epilogue.addArgument(b.getIndexType(), loc), extent));
  Value acc = epilogue.addArgument(element, loc);
  FailureOr<Value> value = finish(at[0], at[1] * kPanel + at[2], acc);
  if (failed(value))
    return failure();
  kernel::YieldOp::create(b, loc, *value);
  return success();
}

LogicalResult AttentionEmitter::emitScores() {
  return emitProduct(
      rows, keys, depth,
      [&](ArrayRef<AffineExpr> at) -> Place {
        return {op.getQueries(), {}, getIndices(task, getRow(at[0]), at[1])};
      },
      [&](ArrayRef<AffineExpr> at) -> Place {
        return {op.getKeys(),
                {},
                getIndices(task, getKey(at[1] * kPanel + at[2]), at[0])};
      },
      [&](ArrayRef<AffineExpr> at) -> Place {
        return {{}, scores, {at[0], at[1] * kPanel + at[2]}};
      },
      [&](AffineExpr row, AffineExpr key, Value acc) {
        emitter.setElement(op.getScores(), acc);
        return emitter.emit(
            softmax.getInput(),
            splitBatch(getIndices(task, getRow(row), getKey(key)), batch,
                       getTensorType(softmax)));
      });
}

/// Copies the values of the keys to where a contraction reads them in order.
LogicalResult AttentionEmitter::copyValues() {
  if (!values)
    return success();
  Indices at = lowering.openLoop(loc, {keys, columns / kPanel});
  AffineExpr lane = lowering.openVectorLoop(loc, kPanel);
  FailureOr<Value> value = emitter.emit(
      op.getValues(), getIndices(task, getKey(at[0]), at[1] * kPanel + lane));
  if (succeeded(value))
    emitter.storePhysical(loc, *value, values, {at[1], at[0], lane});
  lowering.closeLoop();
  lowering.closeLoop();
  return failure(failed(value));
}

//===----------------------------------------------------------------------===//
// All keys at once
//===----------------------------------------------------------------------===//

/// Replaces a row's scores by exp(score - \p shift) and returns their sum.
FailureOr<Value> AttentionEmitter::emitExponentials(AffineExpr row,
                                                    Value shift) {
  return lowering.emitReduce(
      loc, kernel::ReduceKind::Add, keys, element,
      [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
        Value x = emitter.loadPhysical(loc, scores, {row, at[0]});
        Value exp = math::ExpOp::create(b, loc, scalar::sub(b, loc, x, shift));
        emitter.storePhysical(loc, exp, scores, {row, at[0]});
        return exp;
      });
}

FailureOr<Value> AttentionEmitter::emitMaximum(AffineExpr row) {
  return lowering.emitReduce(loc, kernel::ReduceKind::Greatest, keys, element,
                             [&](ArrayRef<AffineExpr> at) -> FailureOr<Value> {
                               return emitter.loadPhysical(loc, scores,
                                                           {row, at[0]});
                             });
}

LogicalResult AttentionEmitter::emitWeights() {
  AffineExpr row = lowering.openLoop(loc, rows).front();
  FailureOr<Value> max = emitMaximum(row);
  FailureOr<Value> sum = emitExponentials(row, *max);
  Value factor = scalar::reciprocal(b, loc, *sum);
  LogicalResult result = success();
  if (hasTail) {
    AffineExpr key = lowering.openVectorLoop(loc, n);
    Value exp = emitter.loadPhysical(loc, scores, {row, key});
    emitter.setElement(softmax, scalar::mul(b, loc, exp, factor));
    FailureOr<Value> weight =
        emitter.emit(op.getWeights(), getIndices(task, getRow(row), key));
    result = failure(failed(weight));
    if (succeeded(weight))
      emitter.storePhysical(loc, *weight, scores, {row, key});
    lowering.closeLoop();
  } else {
    emitter.storePhysical(loc, factor, factors, row);
  }
  lowering.closeLoop();
  return result;
}

LogicalResult AttentionEmitter::emitResult() {
  auto getRoot = [&](AffineExpr row, AffineExpr column) {
    return lowering.getRootIndices(op.getResult(),
                                   getIndices(task, getRow(row), column));
  };
  return emitValues(
      [&](ArrayRef<AffineExpr> at) -> Place {
        return {{},
                lowering.getOutput(),
                getPhysicalIndices(lowering.getRootType(),
                                   getRoot(at[0], at[1] * kPanel + at[2]))};
      },
      [&](AffineExpr row, AffineExpr column, Value acc) {
        if (!hasTail)
          acc =
              scalar::mul(b, loc, acc, emitter.loadPhysical(loc, factors, row));
        emitter.setElement(op.getResult(), acc);
        return emitter.emit(lowering.getRoot(), getRoot(row, column));
      });
}

//===----------------------------------------------------------------------===//
// Keys in blocks
//===----------------------------------------------------------------------===//

void AttentionEmitter::emitOnlineWeights() {
  AffineExpr row = lowering.openLoop(loc, rows).front();
  Value lowest = scalar::constant(b, loc, element,
                                  -std::numeric_limits<double>::infinity());
  Value before = emitter.loadPhysical(loc, maxima, row);
  Value max = arith::MaximumFOp::create(b, loc, before, *emitMaximum(row));
  // Where all scores so far are masked, their exponentials are 0, not NaN.
  Value isMasked =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, max, lowest);
  Value shift = arith::SelectOp::create(
      b, loc, isMasked, scalar::constant(b, loc, element, 0), max);
  Value factor =
      math::ExpOp::create(b, loc, scalar::sub(b, loc, before, shift));
  Value sum = emitter.loadPhysical(loc, sums, row);
  sum = scalar::add(b, loc, scalar::mul(b, loc, sum, factor),
                    *emitExponentials(row, shift));
  emitter.storePhysical(loc, max, maxima, row);
  emitter.storePhysical(loc, sum, sums, row);
  emitter.storePhysical(loc, factor, factors, row);
  lowering.closeLoop();
}

LogicalResult AttentionEmitter::emitOnlineBlock() {
  if (failed(emitScores()))
    return failure();
  emitOnlineWeights();
  if (failed(copyValues()))
    return failure();
  return emitValues(
      [&](ArrayRef<AffineExpr> at) -> Place {
        return {{}, partial, {at[0], at[1] * kPanel + at[2]}};
      },
      [&](AffineExpr row, AffineExpr column, Value acc) -> FailureOr<Value> {
        Value sum = emitter.loadPhysical(loc, partial, {row, column});
        Value factor = emitter.loadPhysical(loc, factors, row);
        return scalar::add(b, loc, acc, scalar::mul(b, loc, sum, factor));
      });
}

LogicalResult AttentionEmitter::emitOnline() {
  AffineExpr row = lowering.openLoop(loc, rows).front();
  Value zero = scalar::constant(b, loc, element, 0);
  emitter.storePhysical(
      loc,
      scalar::constant(b, loc, element,
                       -std::numeric_limits<double>::infinity()),
      maxima, row);
  emitter.storePhysical(loc, zero, sums, row);
  AffineExpr column = lowering.openVectorLoop(loc, columns);
  emitter.storePhysical(loc, zero, partial, {row, column});
  lowering.closeLoop();
  lowering.closeLoop();

  int64_t blocks = n / keys, rest = n % keys;
  task.push_back(lowering.openLoop(loc, blocks).front());
  taskValues.push_back(b.getInsertionBlock()->getArgument(0));
  taskExtents.push_back(blocks);
  hasKeyLoop = true;
  LogicalResult result = emitOnlineBlock();
  lowering.closeLoop();
  hasKeyLoop = false;
  task.pop_back();
  taskValues.pop_back();
  taskExtents.pop_back();
  if (succeeded(result) && rest > 0) {
    keyStart = blocks * keys;
    std::swap(keys, rest);
    result = emitOnlineBlock();
    std::swap(keys, rest);
    keyStart = 0;
  }
  if (failed(result))
    return failure();

  row = lowering.openLoop(loc, rows).front();
  Value factor =
      scalar::reciprocal(b, loc, emitter.loadPhysical(loc, sums, row));
  column = lowering.openVectorLoop(loc, columns);
  Value sum = emitter.loadPhysical(loc, partial, {row, column});
  emitter.setElement(op.getResult(), scalar::mul(b, loc, sum, factor));
  result = lowering.finish(
      loc, lowering.getRootIndices(op.getResult(),
                                   getIndices(task, getRow(row), column)));
  lowering.closeLoop();
  lowering.closeLoop();
  return result;
}

LogicalResult dlc::lower::lowerAttention(GroupLowering &lowering,
                                         graph::AttentionOp op) {
  return AttentionEmitter(lowering, op).emit();
}
