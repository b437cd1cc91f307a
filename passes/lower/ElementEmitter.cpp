// SPDX-License-Identifier: Apache-2.0
// Emits single elements of the tensors in a fusion group.
#include "passes/lower/ElementEmitter.h"

#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

//===----------------------------------------------------------------------===//
// Index expressions
//===----------------------------------------------------------------------===//

/// The range [low, high] of \p expr, if it is known.
static std::optional<std::pair<int64_t, int64_t>>
getRange(AffineExpr expr, ArrayRef<int64_t> extents) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::pair(constant.getValue(), constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return std::pair<int64_t, int64_t>(0, extents[dim.getPosition()] - 1);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto lhs = getRange(binary.getLHS(), extents);
  auto rhs = getRange(binary.getRHS(), extents);
  if (!lhs || !rhs)
    return std::nullopt;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return std::pair(lhs->first + rhs->first, lhs->second + rhs->second);
  case AffineExprKind::Mul: {
    int64_t a = lhs->first * rhs->first, b = lhs->second * rhs->first;
    return std::pair(std::min(a, b), std::max(a, b));
  }
  case AffineExprKind::FloorDiv:
    if (rhs->first != rhs->second || rhs->first <= 0 || lhs->first < 0)
      return std::nullopt;
    return std::pair(lhs->first / rhs->first, lhs->second / rhs->first);
  case AffineExprKind::Mod:
    if (rhs->first != rhs->second || rhs->first <= 0)
      return std::nullopt;
    return std::pair<int64_t, int64_t>(0, rhs->first - 1);
  default:
    return std::nullopt;
  }
}

AffineExpr dlc::lower::simplifyInRange(AffineExpr expr,
                                       ArrayRef<int64_t> extents) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return expr;
  AffineExpr lhs = simplifyInRange(binary.getLHS(), extents);
  AffineExpr rhs = simplifyInRange(binary.getRHS(), extents);
  auto divisor = dyn_cast<AffineConstantExpr>(rhs);
  auto range = getRange(lhs, extents);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    // From the left, as text is parsed.
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(rhs);
        sum && sum.getKind() == AffineExprKind::Add)
      return simplifyInRange(lhs + sum.getLHS(), extents) + sum.getRHS();
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::FloorDiv:
    if (divisor && range && range->first >= 0 &&
        range->first / divisor.getValue() == range->second / divisor.getValue())
      return getAffineConstantExpr(range->first / divisor.getValue(),
                                   expr.getContext());
    // (16 a + b) floordiv 16 with b < 16
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(lhs);
        sum && divisor && sum.getKind() == AffineExprKind::Add)
      for (auto [whole, rest] : {std::pair(sum.getLHS(), sum.getRHS()),
                                 std::pair(sum.getRHS(), sum.getLHS())})
        if (whole.isMultipleOf(divisor.getValue())) {
          AffineExpr quotient =
              simplifyInRange(rest.floorDiv(divisor.getValue()), extents);
          return whole.floorDiv(divisor.getValue()) + quotient;
        }
    return lhs.floorDiv(rhs);
  case AffineExprKind::Mod:
    if (divisor && range && range->first >= 0 &&
        range->second < divisor.getValue())
      return lhs;
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(lhs);
        sum && divisor && sum.getKind() == AffineExprKind::Add)
      for (auto [whole, rest] : {std::pair(sum.getLHS(), sum.getRHS()),
                                 std::pair(sum.getRHS(), sum.getLHS())})
        if (whole.isMultipleOf(divisor.getValue()))
          return simplifyInRange(rest % divisor.getValue(), extents);
    return lhs % rhs;
  default:
    return expr;
  }
}

SmallVector<AffineExpr>
dlc::lower::getPhysicalIndices(RankedTensorType type,
                               ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> result(indices);
  if (result.empty())
    result.push_back(getAffineConstantExpr(0, type.getContext()));
  graph::BlockedLayoutAttr layout = graph::getLayout(type);
  if (!layout)
    return result;
  for (auto [i, halo] : llvm::enumerate(layout.getHaloLow()))
    result[2 + i] = result[2 + i] + halo;
  if (layout.getBlock() > 1) {
    result.push_back(result[1] % layout.getBlock());
    result[1] = result[1].floorDiv(layout.getBlock());
  }
  return result;
}

AffineExpr ElementEmitter::constant(int64_t value) const {
  return getAffineConstantExpr(value, builder.getContext());
}

AffineExpr ElementEmitter::addIndex(Value index, int64_t extent) {
  dims.push_back(index);
  extents.push_back(extent);
  return getAffineDimExpr(dims.size() - 1, builder.getContext());
}

Value ElementEmitter::emitIndex(Location loc, AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(builder, loc, constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value lhs = emitIndex(loc, binary.getLHS());
  Value rhs = emitIndex(loc, binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(builder, loc, lhs, rhs);
  case AffineExprKind::FloorDiv:
    return arith::DivUIOp::create(builder, loc, lhs, rhs);
  default:
    return arith::RemUIOp::create(builder, loc, lhs, rhs);
  }
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

AffineMap ElementEmitter::getAccessMap(ArrayRef<AffineExpr> subscripts,
                                       SmallVectorImpl<Value> &operands) {
  MLIRContext *context = builder.getContext();
  SmallVector<AffineExpr> results = llvm::map_to_vector(
      subscripts, [&](AffineExpr expr) { return simplify(expr); });
  // Numbered as they appear, which is how the text of an access is parsed:
  // kernels don't change by printing.
  SmallVector<AffineExpr> replacement(dims.size());
  for (AffineExpr result : results)
    result.walk([&](AffineExpr expr) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || replacement[dim.getPosition()])
        return;
      replacement[dim.getPosition()] =
          getAffineDimExpr(operands.size(), context);
      operands.push_back(dims[dim.getPosition()]);
    });
  for (AffineExpr &result : results)
    result = result.replaceDims(replacement);
  return AffineMap::get(operands.size(), 0, results, context);
}

Value ElementEmitter::loadPhysical(Location loc, Value buffer,
                                   ArrayRef<AffineExpr> subscripts) {
  SmallVector<Value> operands;
  AffineMap map = getAccessMap(subscripts, operands);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  return kernel::LoadOp::create(builder, loc, element, buffer, operands,
                                AffineMapAttr::get(map));
}

void ElementEmitter::storePhysical(Location loc, Value value, Value buffer,
                                   ArrayRef<AffineExpr> subscripts) {
  SmallVector<Value> operands;
  AffineMap map = getAccessMap(subscripts, operands);
  kernel::StoreOp::create(builder, loc, value, buffer, operands,
                          AffineMapAttr::get(map));
}

Value ElementEmitter::slice(Location loc, Value buffer,
                            ArrayRef<AffineExpr> subscripts) {
  SmallVector<Value> operands;
  AffineMap map = getAccessMap(subscripts, operands);
  return kernel::SliceOp::create(builder, loc, buffer, operands, map);
}

Value ElementEmitter::load(Location loc, Value buffer, RankedTensorType type,
                           ArrayRef<AffineExpr> indices) {
  Value element = loadPhysical(loc, buffer, getPhysicalIndices(type, indices));
  // A boolean takes a byte in memory.
  return type.getElementType().isInteger(1)
             ? scalar::cast(builder, loc, element, builder.getI1Type())
             : element;
}

void ElementEmitter::store(Location loc, Value value, Value buffer,
                           RankedTensorType type,
                           ArrayRef<AffineExpr> indices) {
  if (type.getElementType().isInteger(1))
    value = scalar::cast(builder, loc, value, builder.getI8Type());
  storePhysical(loc, value, buffer, getPhysicalIndices(type, indices));
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

bool dlc::lower::canPull(Operation *op) {
  if (isa<graph::ElementwiseOpInterface, graph::MovementOpInterface,
          graph::RelayoutOp, graph::IotaOp, graph::GatherOp, graph::GatherNdOp,
          graph::TakeAlongOp, graph::PadOp, graph::ResizeOp, graph::SampleOp>(
          op))
    return true;
  auto constant = dyn_cast<graph::ConstantOp>(op);
  return constant && isa<SplatElementsAttr>(constant.getValue());
}

FailureOr<Value> ElementEmitter::emit(Value tensor,
                                      ArrayRef<AffineExpr> indices) {
  if (Value element = known.lookup(tensor))
    return element;
  Indices simplified;
  for (AffineExpr index : indices)
    simplified.push_back(simplify(index));
  AffineMap map =
      AffineMap::get(dims.size(), 0, simplified, builder.getContext());
  std::pair<Value, Attribute> key(tensor, AffineMapAttr::get(map));
  if (Value element = cache.lookup(key))
    return element;
  FailureOr<Value> element = emitUncached(tensor, simplified);
  if (succeeded(element))
    cache[key] = *element;
  return element;
}

FailureOr<Value> ElementEmitter::emitUncached(Value tensor,
                                              ArrayRef<AffineExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  Location loc = tensor.getLoc();
  auto type = cast<RankedTensorType>(tensor.getType());
  if (Value aliased = aliases.lookup(tensor))
    return emit(aliased, indices);
  if (Value buffer = buffers.lookup(tensor))
    return load(loc, buffer, type, indices);
  if (auto elementwise = dyn_cast<graph::ElementwiseOpInterface>(op)) {
    SmallVector<Value> args;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> arg = emit(operand, indices);
      if (failed(arg))
        return failure();
      args.push_back(*arg);
    }
    return graph::buildElement(elementwise, builder, loc, args);
  }
  if (auto movement = dyn_cast<graph::MovementOpInterface>(op))
    return emit(op->getOperand(0), movement.mapIndices(indices));
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](graph::RelayoutOp op) { return emit(op.getInput(), indices); })
      .Case([&](graph::ConstantOp op) -> FailureOr<Value> {
        auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
        if (!splat)
          return op.emitOpError("is not a splat inside a group");
        auto value = splat.getSplatValue<TypedAttr>();
        if (auto integer = dyn_cast<IntegerAttr>(value))
          value = builder.getIntegerAttr(
              scalar::getScalarType(integer.getType()), integer.getValue());
        return Value(arith::ConstantOp::create(builder, loc, value));
      })
      .Case([&](graph::IotaOp op) -> FailureOr<Value> {
        Value index = emitIndex(loc, indices[op.getDim()]);
        Type i64 = builder.getI64Type(), element = type.getElementType();
        Value integer = arith::IndexCastOp::create(builder, loc, i64, index);
        Value position = scalar::cast(builder, loc, integer, element);
        Value step = scalar::constant(builder, loc, element,
                                      op.getStep().convertToDouble());
        Value start = scalar::constant(builder, loc, element,
                                       op.getStart().convertToDouble());
        Value offset = scalar::mul(builder, loc, position, step);
        return scalar::add(builder, loc, start, offset);
      })
      .Case([&](graph::GatherOp op) { return emitGather(op, indices); })
      .Case([&](graph::GatherNdOp op) { return emitGatherNd(op, indices); })
      .Case([&](graph::TakeAlongOp op) { return emitTakeAlong(op, indices); })
      .Case([&](graph::PadOp op) { return emitPad(op, indices); })
      .Case([&](graph::ResizeOp op) { return emitResize(op, indices); })
      .Case([&](graph::SampleOp op) { return emitSample(op, indices); })
      .Default([&](Operation *op) -> FailureOr<Value> {
        return op->emitOpError("has no elementwise lowering");
      });
}
