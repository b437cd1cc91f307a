// SPDX-License-Identifier: Apache-2.0
// Operators that only move elements: index maps, inference, folds.
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  auto from = getTensorType(getInput());
  auto to = cast<RankedTensorType>(getType());
  // C1
  if (from.hasStaticShape() && to.hasStaticShape() &&
      from.getNumElements() != to.getNumElements())
    return emitOpError("can't reshape ")
           << from << " (" << from.getNumElements() << " elements) to " << to
           << " (" << to.getNumElements() << ")";
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto source = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().assign(source.getInput());
    return getResult();
  }
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return elements.reshape(cast<ShapedType>(getType()));
  return {};
}

SmallVector<AffineExpr> ReshapeOp::mapIndices(ArrayRef<AffineExpr> indices) {
  ArrayRef<int64_t> from = getTensorType(getInput()).getShape();
  ArrayRef<int64_t> to = cast<RankedTensorType>(getType()).getShape();
  MLIRContext *context = getContext();
  SmallVector<AffineExpr> result(from.size());
  // Dimensions split into runs of equal size, so that only what is merged or
  // split costs divisions.
  int64_t i = from.size() - 1, j = to.size() - 1;
  while (i >= 0) {
    int64_t firstFrom = i, firstTo = j;
    int64_t sizeFrom = from[i];
    int64_t sizeTo = j >= 0 ? to[j] : 1;
    while (sizeFrom != sizeTo) {
      if (sizeFrom < sizeTo && firstFrom > 0)
        sizeFrom *= from[--firstFrom];
      else if (firstTo > 0)
        sizeTo *= to[--firstTo];
      else
        break;
    }
    if (j >= 0 && i == firstFrom && j == firstTo) {
      result[i] = indices[j];
    } else {
      // Where the result has no dimension left, those of the input are 1.
      AffineExpr linear = getAffineConstantExpr(0, context);
      for (int64_t k = std::max<int64_t>(firstTo, 0); k <= j; ++k)
        linear = linear * to[k] + indices[k];
      for (int64_t k = i; k >= firstFrom; --k) {
        result[k] = k == firstFrom ? linear : linear % from[k];
        linear = linear.floorDiv(from[k]);
      }
    }
    i = firstFrom - 1;
    j = firstTo - 1;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

LogicalResult
TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                              ValueRange operands, DictionaryAttr attributes,
                              OpaqueProperties properties, RegionRange regions,
                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  ArrayRef<int64_t> permutation = op.getPermutation();
  // C1
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(type.getRank())))
    return emitOptionalError(location, "requires a permutation of the ",
                             type.getRank(), " dimensions of ", type);
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(type.getDimSize(dim));
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> permutation = getPermutation();
  if (llvm::equal(permutation, llvm::seq<int64_t>(permutation.size())))
    return getInput();
  auto source = getInput().getDefiningOp<TransposeOp>();
  if (!source)
    return {};
  SmallVector<int64_t> composed;
  for (int64_t dim : permutation)
    composed.push_back(source.getPermutation()[dim]);
  setPermutation(composed);
  getInputMutable().assign(source.getInput());
  return getResult();
}

SmallVector<AffineExpr> TransposeOp::mapIndices(ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result(indices.size());
  for (auto [dim, index] : llvm::zip(getPermutation(), indices))
    result[dim] = index;
  return result;
}

//===----------------------------------------------------------------------===//
// BroadcastOp
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  auto from = getTensorType(getInput());
  auto to = cast<RankedTensorType>(getType());
  // C1
  if (int64_t(getDims().size()) != from.getRank())
    return emitOpError("requires one of 'dims' for each dimension of ")
           << from << ", but got " << getDims().size();
  int64_t previous = -1;
  for (auto [dim, extent] : llvm::zip(getDims(), from.getShape())) {
    if (dim <= previous || dim >= to.getRank())
      return emitOpError("requires ascending 'dims' of ")
             << to << ", but got " << dim;
    previous = dim;
    // C2
    if (extent != 1 && !mayBeEqual(extent, to.getDimSize(dim)))
      return emitOpError("can't broadcast ")
             << from << " to " << to << ": extent " << extent
             << " is neither 1 nor " << to.getDimSize(dim);
  }
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    return splat.resizeSplat(cast<ShapedType>(getType()));
  auto source = getInput().getDefiningOp<BroadcastOp>();
  if (!source)
    return {};
  SmallVector<int64_t> composed;
  for (int64_t dim : source.getDims())
    composed.push_back(getDims()[dim]);
  setDims(composed);
  getInputMutable().assign(source.getInput());
  return getResult();
}

SmallVector<AffineExpr> BroadcastOp::mapIndices(ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result;
  for (auto [dim, extent] :
       llvm::zip(getDims(), getTensorType(getInput()).getShape()))
    result.push_back(extent == 1 ? getAffineConstantExpr(0, getContext())
                                 : indices[dim]);
  return result;
}

//===----------------------------------------------------------------------===//
// SliceOp, ReverseOp
//===----------------------------------------------------------------------===//

LogicalResult
SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                          ValueRange operands, DictionaryAttr attributes,
                          OpaqueProperties properties, RegionRange regions,
                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  size_t rank = type.getRank();
  // C1
  if (op.getStarts().size() != rank || op.getLimits().size() != rank ||
      op.getSteps().size() != rank)
    return emitOptionalError(location,
                             "requires one start, limit and step for each of ",
                             rank, " dimensions");
  SmallVector<int64_t> shape;
  for (auto [start, limit, step, extent] : llvm::zip(
           op.getStarts(), op.getLimits(), op.getSteps(), type.getShape())) {
    if (step == 0)
      return emitOptionalError(location, "requires steps other than 0");
    if (ShapedType::isDynamic(extent)) {
      shape.push_back(extent);
      continue;
    }
    int64_t count = step > 0 ? (limit - start + step - 1) / step
                             : (start - limit - step - 1) / -step;
    count = std::max<int64_t>(count, 0);
    // C2
    if (count > 0 &&
        (start < 0 || start >= extent || start + (count - 1) * step < 0 ||
         start + (count - 1) * step >= extent))
      return emitOptionalError(location, "slice from ", start, " to ", limit,
                               " is out of bounds for ", type);
    shape.push_back(count);
  }
  BlockedLayoutAttr layout = getLayout(type);
  bool staysBlocked = layout && layout.getBlock() > 1;
  types.push_back(
      RankedTensorType::get(shape, type.getElementType(),
                            staysBlocked ? type.getEncoding() : Attribute()));
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool isWhole =
      getInput().getType() == getType() &&
      llvm::all_of(getSteps(), [](int64_t step) { return step == 1; });
  return isWhole ? OpFoldResult(getInput()) : OpFoldResult();
}

SmallVector<AffineExpr> SliceOp::mapIndices(ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result;
  for (auto [start, step, index] : llvm::zip(getStarts(), getSteps(), indices))
    result.push_back(index * step + start);
  return result;
}

LogicalResult ReverseOp::verify() {
  SmallVector<int64_t> axes(getAxes());
  llvm::sort(axes);
  // C1
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    return emitOpError("requires distinct axes");
  for (int64_t axis : axes)
    if (failed(checkAxis(getLoc(), axis, getTensorType(getInput()))))
      return failure();
  return success();
}

OpFoldResult ReverseOp::fold(FoldAdaptor) {
  auto type = getTensorType(getInput());
  if (llvm::all_of(getAxes(),
                   [&](int64_t axis) { return type.getDimSize(axis) == 1; }))
    return getInput();
  auto source = getInput().getDefiningOp<ReverseOp>();
  if (source && source.getAxes() == getAxes())
    return source.getInput();
  return {};
}

SmallVector<AffineExpr> ReverseOp::mapIndices(ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result(indices);
  for (int64_t axis : getAxes())
    result[axis] =
        getTensorType(getInput()).getDimSize(axis) - 1 - indices[axis];
  return result;
}

//===----------------------------------------------------------------------===//
// WindowsOp
//===----------------------------------------------------------------------===//

LogicalResult
WindowsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                            ValueRange operands, DictionaryAttr attributes,
                            OpaqueProperties properties, RegionRange regions,
                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = getTensorType(op.getInput());
  int64_t axis = op.getAxis(), size = op.getSize();
  int64_t stride = op.getStride(), dilation = op.getDilation();
  if (failed(checkAxis(location, axis, type))) // C1
    return failure();
  // C2
  if (size < 1 || stride < 1 || dilation < 1)
    return emitOptionalError(location, "requires a positive size, stride and "
                                       "dilation");
  SmallVector<int64_t> shape(type.getShape());
  if (int64_t extent = shape[axis]; !ShapedType::isDynamic(extent)) {
    // C3
    if (size > extent || (size > 1 && dilation > (extent - 1) / (size - 1)))
      return emitOptionalError(location, "a window of ", size,
                               " elements does not fit into dimension ", axis,
                               " of ", type);
    shape[axis] = (extent - (size - 1) * dilation - 1) / stride + 1;
  }
  shape.insert(shape.begin() + axis + 1, size);
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

SmallVector<AffineExpr> WindowsOp::mapIndices(ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result(indices);
  int64_t axis = getAxis();
  result[axis] = indices[axis] * int64_t(getStride()) +
                 indices[axis + 1] * int64_t(getDilation());
  result.erase(result.begin() + axis + 1);
  return result;
}
