// SPDX-License-Identifier: Apache-2.0
// Builds a kernel.contract from index functions.
#include "passes/lower/ContractBuilder.h"

#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;

FailureOr<GroupLowering::Indices>
dlc::lower::resolveElement(GroupLowering &lowering, Value tensor,
                           GroupLowering::Indices indices,
                           ArrayRef<int64_t> extents, Value &buffer) {
  // Movements between the buffer and the operator become part of the map.
  while (Operation *op = tensor.getDefiningOp()) {
    if (auto movement = dyn_cast<graph::MovementOpInterface>(op))
      indices = movement.mapIndices(indices);
    else if (!isa<graph::RelayoutOp>(op))
      return op->emitOpError("can't be read by a contraction");
    for (AffineExpr &index : indices)
      index = simplifyInRange(index, extents);
    tensor = op->getOperand(0);
  }
  buffer = lowering.emitter.getBuffer(tensor);
  GroupLowering::Indices subscripts =
      getPhysicalIndices(cast<RankedTensorType>(tensor.getType()), indices);
  for (AffineExpr &subscript : subscripts)
    subscript = simplifyInRange(subscript, extents);
  return subscripts;
}

FailureOr<AffineMap> ContractBuilder::getMap(const Element &element,
                                             ArrayRef<int64_t> extents,
                                             Value &buffer) {
  FailureOr<Indices> subscripts =
      resolveElement(lowering, element.first, element.second, extents, buffer);
  if (failed(subscripts))
    return failure();
  // Words instead of bytes.
  if (quads)
    subscripts->back() =
        simplifyInRange(subscripts->back().floorDiv(kQuad), extents);
  return AffineMap::get(extents.size(), 0, *subscripts,
                        lowering.builder.getContext());
}

/// Whether the elements of \p tensor are extended with zeros.
static bool isUnsigned(Value tensor) {
  return getElementTypeOrSelf(tensor).isUnsignedInteger();
}

/// Lets an index of the last extent of k stand for four steps.
void ContractBuilder::makeQuads() {
  k.back() /= kQuad;
  kTail /= kQuad;
  auto getSteps = [](Exprs k) {
    Indices steps(k);
    steps.back() = steps.back() * kQuad;
    return steps;
  };
  mapLhs = [=, map = mapLhs](Exprs batch, AffineExpr m, Exprs k) {
    return map(batch, m, getSteps(k));
  };
  if (mapRhs)
    mapRhs = [=, map = mapRhs](Exprs batch, Exprs k, AffineExpr n) {
      return map(batch, getSteps(k), n);
    };
}

LogicalResult ContractBuilder::emit(Location loc) {
  if (quads)
    makeQuads();
  OpBuilder &builder = lowering.builder;
  MLIRContext *context = builder.getContext();
  // Dimensions of a map, numbered as kernel.contract says.
  auto getDims = [&](unsigned count) {
    Indices dims;
    for (unsigned i = 0; i < count; ++i)
      dims.push_back(getAffineDimExpr(i, context));
    return dims;
  };
  size_t b = batch.size(), numK = k.size();
  int64_t panels = (n + kPanel - 1) / kPanel;

  SmallVector<int64_t> extents(batch);
  extents.push_back(m);
  llvm::append_range(extents, k);
  Indices dims = getDims(extents.size());
  Value lhs, rhs, rhsTensor = packedRhs;
  Element lhsElement = mapLhs(ArrayRef(dims).take_front(b), dims[b],
                              ArrayRef(dims).drop_front(b + 1));
  FailureOr<AffineMap> lhsMap = getMap(lhsElement, extents, lhs);

  FailureOr<AffineMap> rhsMap;
  if (packedRhs) {
    dims = getDims(b + 3);
    AffineExpr panel = dims[b];
    if (mapPanel)
      panel = mapPanel(ArrayRef(dims).take_front(b), panel);
    rhs = lowering.emitter.getBuffer(packedRhs);
    Indices subscripts{panel, dims[b + 1], dims[b + 2]};
    if (quads)
      subscripts.push_back(getAffineConstantExpr(0, context));
    rhsMap = AffineMap::get(b + 3, 0, subscripts, context);
  } else {
    extents.assign(batch);
    llvm::append_range(extents, k);
    extents.append({panels, kPanel});
    dims = getDims(extents.size());
    AffineExpr column = dims[b + numK] * kPanel + dims[b + numK + 1];
    Element element = mapRhs(ArrayRef(dims).take_front(b),
                             ArrayRef(dims).slice(b, numK), column);
    rhsTensor = element.first;
    rhsMap = getMap(element, extents, rhs);
  }
  if (failed(lhsMap) || failed(rhsMap))
    return failure();

  extents.assign(batch);
  extents.append({m, panels, kPanel});
  dims = getDims(b + 3);
  Indices outIndices = lowering.getRootIndices(
      result, mapOut(ArrayRef(dims).take_front(b), dims[b],
                     dims[b + 1] * kPanel + dims[b + 2]));
  Indices subscripts = getPhysicalIndices(lowering.getRootType(), outIndices);
  for (AffineExpr &subscript : subscripts)
    subscript = simplifyInRange(subscript, extents);
  AffineMap outMap = AffineMap::get(b + 3, 0, subscripts, context);

  auto contract = kernel::ContractOp::create(
      builder, loc, lhs, rhs, lowering.getOutput(), batch, m, n, k,
      kTail ? builder.getI64IntegerAttr(kTail) : IntegerAttr(), *lhsMap,
      *rhsMap, outMap, bool(packedRhs), wholePanels);
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&epilogue);
  ElementEmitter &emitter = lowering.emitter;
  ElementEmitter::Scope scope(emitter);
  Indices indices;
  for (int64_t extent : extents)
    indices.push_back(emitter.addIndex(
        epilogue.addArgument(builder.getIndexType(), loc), extent));
  auto type = cast<RankedTensorType>(result.getType());
  Value element = epilogue.addArgument(type.getElementType(), loc);
  if (contract.isWidening()) {
    contract.setQuads(quads);
    contract.setLhsUnsigned(isUnsigned(lhsElement.first));
    contract.setRhsUnsigned(isUnsigned(rhsTensor));
  }
  AffineExpr column = indices[b + 1] * kPanel + indices[b + 2];
  if (bias) {
    // A packed bias has whole panels, so its own type counts.
    AffineExpr at = column;
    if (mapBias)
      at = mapBias(ArrayRef(indices).take_front(b), column);
    Value value = emitter.loadPhysical(loc, emitter.getBuffer(bias), at);
    element = graph::scalar::add(builder, loc, element, value);
  }
  emitter.setElement(result, element);
  FailureOr<Value> root = emitter.emit(
      lowering.getRoot(),
      lowering.getRootIndices(
          result, mapOut(ArrayRef(indices).take_front(b), indices[b], column)));
  if (failed(root))
    return failure();
  kernel::YieldOp::create(builder, loc, *root);
  return success();
}
