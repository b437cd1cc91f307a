// SPDX-License-Identifier: Apache-2.0
// Elementwise operators and reductions: inference, folds; their bodies are in
// the .td files.
#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc::graph;

#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.cpp.inc"

Value dlc::graph::buildElement(ElementwiseOpInterface op, OpBuilder &b,
                               Location loc, ValueRange args) {
  Type element =
      scalar::getScalarType(getElementTypeOrSelf(op->getResult(0).getType()));
  auto widened = llvm::map_to_vector(args, [&](Value arg) {
    return arg.getType().isF16() || arg.getType().isBF16()
               ? scalar::cast(b, loc, arg, b.getF32Type())
               : arg;
  });
  return scalar::cast(b, loc, op.buildScalar(b, loc, widened), element);
}

/// The type of a comparison of tensors like \p operand.
static LogicalResult inferI1(Value operand, SmallVectorImpl<Type> &types) {
  auto type = getTensorType(operand);
  types.push_back(RankedTensorType::get(type.getShape(),
                                        IntegerType::get(type.getContext(), 1),
                                        type.getEncoding()));
  return success();
}

#define DLC_INFER_I1(OP)                                                       \
  LogicalResult OP::inferReturnTypes(MLIRContext *, std::optional<Location>,   \
                                     ValueRange operands, DictionaryAttr,      \
                                     OpaqueProperties, RegionRange,            \
                                     SmallVectorImpl<Type> &types) {           \
    return inferI1(operands[0], types);                                        \
  }
DLC_INFER_I1(EqualOp)
DLC_INFER_I1(NotEqualOp)
DLC_INFER_I1(GreaterOp)
DLC_INFER_I1(GreaterEqualOp)
DLC_INFER_I1(LessOp)
DLC_INFER_I1(LessEqualOp)
DLC_INFER_I1(IsNanOp)
DLC_INFER_I1(IsInfOp)
#undef DLC_INFER_I1

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// Whether all elements of \p attribute are exactly \p value, -0 apart from 0.
static bool isSplatOf(Attribute attribute, double value) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(attribute);
  if (!splat)
    return false;
  if (isa<FloatType>(splat.getElementType())) {
    auto element = splat.getSplatValue<APFloat>();
    return element.isExactlyValue(value);
  }
  return isa<IntegerType>(splat.getElementType()) &&
         splat.getSplatValue<APInt>().getSExtValue() == int64_t(value);
}

static bool hasFloats(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value));
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  // x + 0 would turn -0 into 0.
  return isSplatOf(adaptor.getRhs(), hasFloats(getLhs()) ? -0.0 : 0.0)
             ? getLhs()
             : OpFoldResult();
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  return isSplatOf(adaptor.getRhs(), 0.0) ? getLhs() : OpFoldResult();
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  return isSplatOf(adaptor.getRhs(), 1.0) ? getLhs() : OpFoldResult();
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return isSplatOf(adaptor.getRhs(), 1.0) ? getLhs() : OpFoldResult();
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getLhs() == getRhs())
    return getLhs();
  if (auto condition =
          dyn_cast_or_null<SplatElementsAttr>(adaptor.getCondition()))
    return condition.getSplatValue<bool>() ? getLhs() : getRhs();
  return {};
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return {};
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

LogicalResult dlc::graph::checkAxis(std::optional<Location> location,
                                    int64_t axis, RankedTensorType type) {
  if (axis < 0 || axis >= type.getRank())
    return emitOptionalError(location, "axis ", axis,
                             " is out of bounds for a tensor of shape ", type);
  return success();
}

LogicalResult dlc::graph::checkShape(std::optional<Location> location,
                                     Value value, StringRef name,
                                     ArrayRef<int64_t> shape) {
  auto type = getTensorType(value);
  if (type.getRank() == int64_t(shape.size()) &&
      llvm::all_of_zip(type.getShape(), shape, mayBeEqual))
    return success();
  return emitOptionalError(location, "requires ", name, " of shape ",
                           RankedTensorType::get(shape, type.getElementType()),
                           ", but got ", type);
}

LogicalResult dlc::graph::inferReduction(std::optional<Location> location,
                                         Value input, ArrayRef<int64_t> axes,
                                         bool keepdims,
                                         SmallVectorImpl<Type> &types) {
  auto type = getTensorType(input);
  // C1
  int64_t previous = -1;
  for (int64_t axis : axes) {
    if (failed(checkAxis(location, axis, type)))
      return failure();
    if (axis <= previous)
      return emitOptionalError(location, "axes are not ascending");
    previous = axis;
  }
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    bool isReduced = llvm::is_contained(axes, i);
    if (!isReduced || keepdims)
      shape.push_back(isReduced ? 1 : type.getDimSize(i));
  }
  types.push_back(RankedTensorType::get(shape, type.getElementType()));
  return success();
}

/// The type of argmax and argmin.
static LogicalResult inferArgReduction(std::optional<Location> location,
                                       Value input, int64_t axis, bool keepdims,
                                       SmallVectorImpl<Type> &types) {
  if (failed(inferReduction(location, input, axis, keepdims, types)))
    return failure();
  auto type = cast<RankedTensorType>(types.back());
  types.back() = RankedTensorType::get(type.getShape(),
                                       IntegerType::get(type.getContext(), 64));
  return success();
}

LogicalResult
ArgmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  return inferArgReduction(location, op.getInput(), op.getAxis(),
                           op.getKeepdims(), types);
}

LogicalResult
ArgminOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  return inferArgReduction(location, op.getInput(), op.getAxis(),
                           op.getKeepdims(), types);
}

LogicalResult CumsumOp::verify() {
  return checkAxis(getLoc(), getAxis(), getTensorType(getInput())); // C1
}
