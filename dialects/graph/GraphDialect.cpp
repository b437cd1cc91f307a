// SPDX-License-Identifier: Apache-2.0
// The graph dialect: registration, attributes and layouts.
#include "dialects/graph/GraphOps.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::graph;

#include "dialects/graph/GraphDialect.cpp.inc"
#include "dialects/graph/GraphEnums.cpp.inc"
#include "dialects/graph/GraphInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttrs.cpp.inc"

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  auto elements = dyn_cast<TypedAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

LogicalResult
BlockedLayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                          int64_t block, ArrayRef<int64_t> haloLow,
                          ArrayRef<int64_t> haloHigh) {
  // C1
  if (block < 1)
    return emitError() << "requires a positive block, but got " << block;
  if (haloLow.size() != haloHigh.size() ||
      llvm::any_of(llvm::concat<const int64_t>(haloLow, haloHigh),
                   [](int64_t halo) { return halo < 0; }))
    return emitError() << "requires as many halos, not negative, on both sides";
  return success();
}

LogicalResult BlockedLayoutAttr::verifyEncoding(
    ArrayRef<int64_t> shape, Type,
    function_ref<InFlightDiagnostic()> emitError) const {
  // C2
  if (shape.size() != getHaloLow().size() + 2)
    return emitError() << "requires a halo for each spatial dimension: a rank "
                       << "of " << getHaloLow().size() + 2 << ", but got "
                       << shape.size();
  return success();
}

RankedTensorType dlc::graph::getPlainType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}

RankedTensorType dlc::graph::getPhysicalType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  Type element = tensor.getElementType();
  if (element.isInteger(1))
    element = IntegerType::get(type.getContext(), 8);
  element = scalar::getScalarType(element);
  SmallVector<int64_t> shape(tensor.getShape());
  if (shape.empty())
    shape.push_back(1);
  if (BlockedLayoutAttr layout = getLayout(type)) {
    for (size_t i = 0; i < layout.getHaloLow().size(); ++i)
      shape[2 + i] += layout.getHaloLow()[i] + layout.getHaloHigh()[i];
    if (layout.getBlock() > 1) {
      shape[1] = (shape[1] + layout.getBlock() - 1) / layout.getBlock();
      shape.push_back(layout.getBlock());
    }
  }
  return RankedTensorType::get(shape, element);
}

Attribute dlc::graph::inferLayout(RankedTensorType input) {
  BlockedLayoutAttr layout = getLayout(input);
  if (!layout || layout.getBlock() == 1)
    return {};
  SmallVector<int64_t> noHalo(layout.getHaloLow().size(), 0);
  return BlockedLayoutAttr::get(input.getContext(), layout.getBlock(), noHalo,
                                noHalo);
}

bool dlc::graph::haveSamePlainTypes(TypeRange a, TypeRange b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           auto [x, y] = pair;
           return getPlainType(x) == getPlainType(y);
         });
}
