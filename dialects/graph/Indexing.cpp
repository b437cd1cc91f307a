// SPDX-License-Identifier: Apache-2.0
// Concatenation, padding, gathering, resizing: shape rules.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

LogicalResult
ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  // C1
  if (op.getInputs().empty())
    return emitOptionalError(location, "requires at least one input");
  auto first = getTensorType(op.getInputs().front());
  int64_t axis = op.getAxis();
  if (failed(checkAxis(location, axis, first)))
    return failure();
  SmallVector<int64_t> shape(first.getShape());
  for (Value input : op.getInputs().drop_front()) {
    auto type = getTensorType(input);
    // C2
    bool agrees = type.getRank() == first.getRank() &&
                  type.getElementType() == first.getElementType();
    for (int64_t i = 0; agrees && i < type.getRank(); ++i)
      agrees = i == axis || mayBeEqual(type.getDimSize(i), shape[i]);
    if (!agrees)
      return emitOptionalError(location, "can't concatenate ", type, " with ",
                               first, " along axis ", axis);
    bool isDynamic =
        type.isDynamicDim(axis) || ShapedType::isDynamic(shape[axis]);
    shape[axis] =
        isDynamic ? ShapedType::kDynamic : shape[axis] + type.getDimSize(axis);
  }
  // Inputs with one halo may be computed in place, so the result has it too.
  bool hasOneLayout = llvm::all_of(op.getInputs(), [&](Value input) {
    return getTensorType(input).getEncoding() == first.getEncoding();
  });
  Attribute layout = inferLayout(first);
  if (layout && hasOneLayout)
    layout = first.getEncoding();
  types.push_back(RankedTensorType::get(shape, first.getElementType(), layout));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  return {};
}

LogicalResult
PadOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                        ValueRange operands, DictionaryAttr attributes,
                        OpaqueProperties properties, RegionRange regions,
                        SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  size_t rank = type.getRank();
  // C1
  if (op.getLow().size() != rank || op.getHigh().size() != rank)
    return emitOptionalError(location,
                             "requires one 'low' and 'high' for each "
                             "dimension of ",
                             type);
  SmallVector<int64_t> shape;
  for (auto [low, high, extent] :
       llvm::zip(op.getLow(), op.getHigh(), type.getShape())) {
    if (low < 0 || high < 0)
      return emitOptionalError(location, "requires padding that is not "
                                         "negative");
    if (ShapedType::isDynamic(extent)) {
      shape.push_back(extent);
      continue;
    }
    // C2
    if (op.getMode() == PadMode::Reflect && std::max(low, high) >= extent &&
        std::max(low, high) > 0)
      return emitOptionalError(location, "can't reflect ", std::max(low, high),
                               " elements at an extent of ", extent);
    shape.push_back(extent + low + high);
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

LogicalResult
GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto data = getTensorType(op.getData());
  auto indices = getTensorType(op.getIndices());
  if (failed(checkAxis(location, op.getAxis(), data))) // C1
    return failure();
  SmallVector<int64_t> shape(data.getShape().take_front(op.getAxis()));
  llvm::append_range(shape, indices.getShape());
  llvm::append_range(shape, data.getShape().drop_front(op.getAxis() + 1));
  types.push_back(RankedTensorType::get(shape, data.getElementType()));
  return success();
}

LogicalResult
GatherNdOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                             ValueRange operands, DictionaryAttr attributes,
                             OpaqueProperties properties, RegionRange regions,
                             SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto data = getTensorType(op.getData());
  auto indices = getTensorType(op.getIndices());
  // C1
  if (indices.getRank() < 1 || indices.isDynamicDim(0) ||
      indices.getDimSize(0) > data.getRank())
    return emitOptionalError(location, "requires at most ", data.getRank(),
                             " rows of indices, but got ", indices);
  SmallVector<int64_t> shape(indices.getShape().drop_front());
  llvm::append_range(shape, data.getShape().drop_front(indices.getDimSize(0)));
  types.push_back(RankedTensorType::get(shape, data.getElementType()));
  return success();
}

LogicalResult
TakeAlongOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                              ValueRange operands, DictionaryAttr attributes,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto data = getTensorType(op.getData());
  auto indices = getTensorType(op.getIndices());
  int64_t axis = op.getAxis();
  // C1
  if (failed(checkAxis(location, axis, data)))
    return failure();
  bool agrees = data.getRank() == indices.getRank();
  for (int64_t i = 0; agrees && i < data.getRank(); ++i)
    agrees = i == axis || mayBeEqual(data.getDimSize(i), indices.getDimSize(i));
  if (!agrees)
    return emitOptionalError(location, "indices ", indices,
                             " don't fit the data ", data, " along axis ",
                             axis);
  types.push_back(
      RankedTensorType::get(indices.getShape(), data.getElementType()));
  return success();
}

LogicalResult
ResizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  ArrayRef<int64_t> size = op.getSize();
  // C1
  if (type.getRank() != 4 || size.size() != 2 || size[0] < 1 || size[1] < 1)
    return emitOptionalError(location,
                             "requires an input of rank 4 and a size "
                             "of two positive extents, but got ",
                             type);
  types.push_back(RankedTensorType::get(
      {type.getDimSize(0), type.getDimSize(1), size[0], size[1]},
      type.getElementType(), inferLayout(type)));
  return success();
}

OpFoldResult ResizeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

int64_t ResizeOp::getFlops() {
  int64_t perElement = getMode() == ResizeMode::Bilinear ? 7 : 0;
  return cast<RankedTensorType>(getType()).getNumElements() * perElement;
}
