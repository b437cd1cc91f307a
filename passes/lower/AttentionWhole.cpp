// SPDX-License-Identifier: Apache-2.0
// What an attention computes, without the loops that do: a kernel.attend.
#include "passes/lower/AttentionWhole.h"

#include "dialects/graph/Inference.h"
#include "passes/lower/ContractBuilder.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

bool dlc::lower::hasWeightTail(graph::AttentionOp op) {
  Value weights = op.getWeights();
  while (auto reshape = weights.getDefiningOp<graph::ReshapeOp>())
    weights = reshape.getInput();
  return weights != op.getSoftmax()->getResult(0);
}

Indices dlc::lower::splitBatch(ArrayRef<AffineExpr> indices,
                               ArrayRef<int64_t> extents,
                               RankedTensorType type) {
  AffineExpr linear = getAffineConstantExpr(0, indices[0].getContext());
  for (auto [index, extent] : llvm::zip(indices.drop_back(2), extents))
    linear = linear * extent + index;
  Indices result(type.getRank());
  result[type.getRank() - 2] = indices[indices.size() - 2];
  result[type.getRank() - 1] = indices[indices.size() - 1];
  for (int64_t i = type.getRank() - 3; i >= 0; --i) {
    result[i] = i == 0 ? linear : linear % type.getDimSize(i);
    linear = linear.floorDiv(type.getDimSize(i));
  }
  return result;
}

namespace {
class AttendEmitter {
public:
  AttendEmitter(GroupLowering &lowering, graph::AttentionOp op)
      : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
        op(op), loc(op.getLoc()),
        batch(getTensorType(op.getQueries()).getShape().drop_back(2)),
        m(getTensorType(op.getScores()).getShape().end()[-2]) {}

  FailureOr<kernel::AttendOp> emit();

private:
  /// Where the matrices of \p tensor, \p rows x \p columns, are in \p buffer.
  FailureOr<AffineMap> getMap(Value tensor, int64_t rows, int64_t columns,
                              Value &buffer);
  /// Emits a region, where \p finish gets the indices and the number.
  LogicalResult
  emitElement(Region &region, int64_t columns,
              llvm::function_ref<FailureOr<Value>(const Indices &at, Value acc)>
                  finish);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  OpBuilder &b;
  graph::AttentionOp op;
  Location loc;
  ArrayRef<int64_t> batch;
  int64_t m;
};
} // namespace

FailureOr<AffineMap> AttendEmitter::getMap(Value tensor, int64_t rows,
                                           int64_t columns, Value &buffer) {
  SmallVector<int64_t> extents(batch);
  extents.append({rows, columns});
  Indices dims;
  for (size_t i = 0; i < extents.size(); ++i)
    dims.push_back(getAffineDimExpr(i, b.getContext()));
  FailureOr<Indices> subscripts;
  if (tensor == op.getResult()) {
    buffer = lowering.getOutput();
    subscripts = getPhysicalIndices(lowering.getRootType(),
                                    lowering.getRootIndices(tensor, dims));
  } else {
    subscripts = resolveElement(lowering, tensor, dims, extents, buffer);
  }
  if (failed(subscripts))
    return failure();
  for (AffineExpr &subscript : *subscripts)
    subscript = simplifyInRange(subscript, extents);
  return AffineMap::get(extents.size(), 0, *subscripts, b.getContext());
}

LogicalResult AttendEmitter::emitElement(
    Region &region, int64_t columns,
    llvm::function_ref<FailureOr<Value>(const Indices &, Value)> finish) {
  Block &body = region.emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&body);
  ElementEmitter::Scope scope(emitter);
  SmallVector<int64_t> extents(batch);
  extents.append({m, columns});
  Indices at;
  for (int64_t extent : extents)
    at.push_back(
        emitter.addIndex(body.addArgument(b.getIndexType(), loc), extent));
  FailureOr<Value> value = finish(
      at,
      body.addArgument(getTensorType(op.getScores()).getElementType(), loc));
  if (failed(value))
    return failure();
  kernel::YieldOp::create(b, loc, *value);
  return success();
}

FailureOr<kernel::AttendOp> AttendEmitter::emit() {
  int64_t n = getTensorType(op.getScores()).getShape().back();
  int64_t depth = getTensorType(op.getQueries()).getShape().back();
  int64_t columns = getTensorType(op.getResult()).getShape().back();
  Value buffers[4];
  FailureOr<AffineMap> queriesMap =
      getMap(op.getQueries(), m, depth, buffers[0]);
  FailureOr<AffineMap> keysMap = getMap(op.getKeys(), n, depth, buffers[1]);
  FailureOr<AffineMap> valuesMap =
      getMap(op.getValues(), n, columns, buffers[2]);
  FailureOr<AffineMap> outMap = getMap(op.getResult(), m, columns, buffers[3]);
  if (failed(queriesMap) || failed(keysMap) || failed(valuesMap) ||
      failed(outMap))
    return failure();
  auto attend = kernel::AttendOp::create(
      b, loc, buffers[0], buffers[1], buffers[2], buffers[3], batch, m, n,
      depth, columns, *queriesMap, *keysMap, *valuesMap, *outMap);
  auto softmax = cast<graph::SoftmaxOp>(op.getSoftmax());
  bool hasTail = hasWeightTail(op);
  auto emitScore = [&](const Indices &at, Value acc) {
    emitter.setElement(op.getScores(), acc);
    return emitter.emit(softmax.getInput(),
                        splitBatch(at, batch, getTensorType(softmax)));
  };
  auto emitEpilogue = [&](const Indices &at, Value acc) {
    emitter.setElement(op.getResult(), acc);
    return emitter.emit(lowering.getRoot(),
                        lowering.getRootIndices(op.getResult(), at));
  };
  auto emitWeight = [&](const Indices &at, Value acc) {
    emitter.setElement(softmax, acc);
    return emitter.emit(op.getWeights(), at);
  };
  if (failed(emitElement(attend.getScore(), n, emitScore)) ||
      (hasTail && failed(emitElement(attend.getWeight(), n, emitWeight))) ||
      failed(emitElement(attend.getEpilogue(), columns, emitEpilogue)))
    return failure();
  if (hasTail && !kernel::isProportional(attend.getWeight().front())) {
    attend.erase();
    return kernel::AttendOp();
  }
  return attend;
}

FailureOr<kernel::AttendOp> dlc::lower::emitAttend(GroupLowering &lowering,
                                                   graph::AttentionOp op) {
  return AttendEmitter(lowering, op).emit();
}
