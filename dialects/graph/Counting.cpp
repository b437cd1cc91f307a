// SPDX-License-Identifier: Apache-2.0
// Results whose extents depend on values: shape rules.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

LogicalResult CompactOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location, ValueRange operands,
    DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
    SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  // C1
  if (type.getRank() != 1 || !type.getElementType().isInteger(1) ||
      type.getDimSize(0) >= INT32_MAX)
    return emitOptionalError(location,
                             "requires less than 2^31 - 1 booleans in one "
                             "dimension, but got ",
                             type);
  types.push_back(RankedTensorType::get(
      {ShapedType::isDynamic(type.getDimSize(0)) ? ShapedType::kDynamic
                                                 : type.getDimSize(0) + 2},
      IntegerType::get(context, 64)));
  return success();
}

LogicalResult CountedOp::verify() {
  // C1
  for (Value value : {getPacked(), getResult()}) {
    auto type = getTensorType(value);
    if (type.getRank() != 1 || !type.getElementType().isInteger(64))
      return emitOpError("requires elements of i64 in one dimension, but got ")
             << type;
  }
  // C2
  if (getStart() != 1 && getStart() != 2)
    return emitOpError("requires a start of 1 or 2, but got ") << getStart();
  return success();
}
