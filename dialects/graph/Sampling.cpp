// SPDX-License-Identifier: Apache-2.0
// Sampling and pooling of regions: shape rules and counts.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

/// Whether all of \p values have the element type of the first, a float.
static bool haveOneFloatType(ValueRange values) {
  Type element = getTensorType(values.front()).getElementType();
  return isa<FloatType>(element) && llvm::all_of(values, [&](Value value) {
           return getTensorType(value).getElementType() == element;
         });
}

//===----------------------------------------------------------------------===//
// SampleOp
//===----------------------------------------------------------------------===//

LogicalResult
SampleOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto data = getTensorType(op.getData()), places = getTensorType(op.getY());
  // C1
  if (data.getRank() != 4 || places.getRank() < 1)
    return emitOptionalError(location,
                             "requires data of rank 4 and places [M, P...], "
                             "but got ",
                             data, " and ", places);
  int64_t count = places.getDimSize(0);
  if (failed(checkShape(location, op.getX(), "x", places.getShape())))
    return failure();
  if (Value images = op.getImages()) {
    if (failed(checkShape(location, images, "images", {count})))
      return failure();
  } else if (!mayBeEqual(count, data.getDimSize(0))) {
    return emitOptionalError(location, "requires places in each image of ",
                             data, ", but got ", places);
  }
  // C2
  if (!haveOneFloatType({op.getData(), op.getY(), op.getX()}))
    return emitOptionalError(location,
                             "requires data and places of one floating-point "
                             "element type, but got ",
                             data, " and ", places);
  SmallVector<int64_t> shape(places.getShape());
  bool isLast = op.getChannelsLast();
  shape.insert(isLast ? shape.end() : shape.begin() + 1,
               data.getDimSize(isLast ? 3 : 1));
  types.push_back(RankedTensorType::get(shape, data.getElementType()));
  return success();
}

int64_t SampleOp::getFlops() {
  // Two weights, their complements, and the mean of four pixels.
  return cast<RankedTensorType>(getType()).getNumElements() * 13;
}

//===----------------------------------------------------------------------===//
// RoiAlignOp, RoiPoolOp
//===----------------------------------------------------------------------===//

/// The type of the result [regions, cells..., C] for \p data [N, H, W, G C];
/// \p images has one element for each region.
static LogicalResult inferRegions(std::optional<Location> location, Value data,
                                  Value images, int64_t regions,
                                  ArrayRef<int64_t> cells,
                                  ArrayRef<int64_t> groups,
                                  SmallVectorImpl<Type> &types) {
  auto type = getTensorType(data);
  if (type.getRank() != 4)
    return emitOptionalError(location, "requires data [N, H, W, C], but got ",
                             type);
  if (groups.size() != 2 || groups[0] < 1 || groups[1] < 1 || cells[0] < 1 ||
      cells[1] < 1 || groups[0] > INT32_MAX || groups[1] > INT32_MAX)
    return emitOptionalError(location, "requires two positive numbers of cells "
                                       "and of groups");
  int64_t channels = type.getDimSize(3), count = groups[0] * groups[1];
  if (!ShapedType::isDynamic(channels) && channels % count != 0)
    return emitOptionalError(location, "requires a multiple of ", count,
                             " channels, but got ", type);
  if (failed(checkShape(location, images, "images", {regions})))
    return failure();
  if (!hasWholeNumbers(images) || !isa<FloatType>(type.getElementType()))
    return emitOptionalError(location, "requires floating-point data and whole "
                                       "numbers of images");
  if (!ShapedType::isDynamic(channels))
    channels /= count;
  types.push_back(RankedTensorType::get({regions, cells[0], cells[1], channels},
                                        type.getElementType()));
  return success();
}

LogicalResult
RoiAlignOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                             ValueRange operands, DictionaryAttr attributes,
                             OpaqueProperties properties, RegionRange regions,
                             SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto boxes = getTensorType(op.getBoxes());
  // C1
  if (boxes.getRank() != 2 || !mayBeEqual(boxes.getDimSize(1), 4) ||
      op.getPooled().size() != 2)
    return emitOptionalError(location,
                             "requires boxes [R, 4] and two numbers of cells, "
                             "but got ",
                             boxes);
  // C2
  if (!haveOneFloatType({op.getData(), op.getBoxes()}))
    return emitOptionalError(location,
                             "requires data and boxes of one floating-point "
                             "element type");
  // C3
  int64_t sampling = op.getSampling();
  if (sampling < 0 || sampling > INT32_MAX ||
      !(op.getMinSize().convertToDouble() >= 0))
    return emitOptionalError(location,
                             "requires 'sampling' and 'min_size' that are not "
                             "negative");
  return inferRegions(location, op.getData(), op.getImages(),
                      boxes.getDimSize(0), op.getPooled(), op.getGroups(),
                      types);
}

LogicalResult
RoiPoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                            ValueRange operands, DictionaryAttr attributes,
                            OpaqueProperties properties, RegionRange regions,
                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto rows = getTensorType(op.getRows());
  auto columns = getTensorType(op.getColumns());
  // C1
  if (rows.getRank() != 3 || columns.getRank() != 3 ||
      !mayBeEqual(rows.getDimSize(0), columns.getDimSize(0)) ||
      !mayBeEqual(rows.getDimSize(2), 2) ||
      !mayBeEqual(columns.getDimSize(2), 2))
    return emitOptionalError(location,
                             "requires rows [R, P, 2] and columns [R, Q, 2], "
                             "but got ",
                             rows, " and ", columns);
  // C2
  if (!hasWholeNumbers(op.getRows()) || !hasWholeNumbers(op.getColumns()))
    return emitOptionalError(location, "requires whole numbers of rows and "
                                       "columns");
  // C3
  if (op.getKind() != PoolKind::Max && op.getKind() != PoolKind::Avg)
    return emitOptionalError(location, "requires kind max or avg");
  return inferRegions(
      location, op.getData(), op.getImages(), rows.getDimSize(0),
      {rows.getDimSize(1), columns.getDimSize(1)}, op.getGroups(), types);
}
