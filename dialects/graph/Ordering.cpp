// SPDX-License-Identifier: Apache-2.0
// Sorting and choices that depend on an order: shape rules.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

LogicalResult ArgsortOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  // C1
  if (type.getRank() == 0 || type.getShape().back() > INT32_MAX)
    return emitOptionalError(location,
                             "requires a last dimension of less than 2^31 "
                             "elements, but got ",
                             type);
  types.push_back(type.clone(IntegerType::get(context, 32)));
  return success();
}

LogicalResult SuppressOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto boxes = getTensorType(op.getBoxes());
  auto alive = getTensorType(op.getAlive());
  // C1
  if (boxes.getRank() != 3 || !mayBeEqual(boxes.getDimSize(2), 4) ||
      !alive.getElementType().isInteger(1))
    return emitOptionalError(location,
                             "requires boxes [B, N, 4] and booleans that say "
                             "which are alive, but got ",
                             boxes, " and ", alive);
  ArrayRef<int64_t> shape = boxes.getShape().drop_back();
  SmallVector<Value> numbers{op.getAreas()};
  if (op.getClasses())
    numbers.push_back(op.getClasses());
  if (failed(checkShape(location, op.getAreas(), "areas", shape)) ||
      failed(checkShape(location, op.getAlive(), "alive", shape)) ||
      failed(checkShape(location, numbers.back(), "classes", shape)))
    return failure();
  // C2
  for (Value value : numbers)
    if (getTensorType(value).getElementType() != boxes.getElementType() ||
        !isa<FloatType>(boxes.getElementType()))
      return emitOptionalError(location,
                               "requires boxes, areas and classes of one "
                               "floating-point element type");
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 1)));
  return success();
}

LogicalResult MatchOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto order = getTensorType(op.getOrder());
  auto allowed = getTensorType(op.getAllowed());
  // C1
  if (order.getRank() != 2 || !allowed.getElementType().isInteger(1))
    return emitOptionalError(location,
                             "requires an order [B, K] and booleans that say "
                             "which pairs are allowed, but got ",
                             order, " and ", allowed);
  if (failed(
          checkShape(location, op.getAllowed(), "allowed", order.getShape())))
    return failure();
  // C2
  if (!hasWholeNumbers(op.getOrder()))
    return emitOptionalError(location, "requires whole numbers in the order");
  // C3
  int64_t rows = op.getRows(), columns = op.getColumns();
  if (rows < 1 || columns < 1 || rows > INT32_MAX / columns)
    return emitOptionalError(location, "can't match ", rows, " rows and ",
                             columns, " columns");
  types.push_back(RankedTensorType::get({order.getDimSize(0), rows},
                                        IntegerType::get(context, 32)));
  return success();
}
