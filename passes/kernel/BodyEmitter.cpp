// SPDX-License-Identifier: Apache-2.0
// Operations and accesses of a kernel's body on vectors; loops and reductions
// are in EmitLoops.cpp.
#include "passes/kernel/BodyEmitter.h"
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/AffineExprVisitor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::kernel;

Value BodyEmitter::lookup(Value from) const {
  auto it = mapping.find(from);
  return it == mapping.end() ? from : it->second;
}

Value BodyEmitter::constantIndex(Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value BodyEmitter::widen(Location loc, Value value, int64_t width) {
  if (width == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(width, value.getType()), value);
}

Value BodyEmitter::lookupValue(Location loc, Value value) {
  if (lanes.width == 1 || value != lanes.index)
    return lookup(value);
  auto type = VectorType::get(lanes.width, builder.getIndexType());
  Value step = vector::StepOp::create(builder, loc, type);
  return arith::AddIOp::create(builder, loc, step,
                               widen(loc, lanes.base, lanes.width));
}

Value BodyEmitter::viewWords(Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  auto words =
      MemRefType::get(type.getNumElements() / 4, builder.getI32Type(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  return memref::ViewOp::create(builder, loc, words, buffer,
                                constantIndex(loc, 0), ValueRange());
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

AffineExpr BodyEmitter::linearize(MemRefType type, AffineMap map) {
  AffineExpr offset = getAffineConstantExpr(0, map.getContext());
  for (auto [extent, subscript] : llvm::zip(type.getShape(), map.getResults()))
    offset = offset * extent + subscript;
  return simplifyAffineExpr(offset, map.getNumDims(), map.getNumSymbols());
}

/// One more than the highest symbol in \p expr.
static unsigned countSymbols(AffineExpr expr) {
  unsigned count = 0;
  expr.walk([&](AffineExpr part) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
      count = std::max(count, symbol.getPosition() + 1);
  });
  return count;
}

std::optional<int64_t> BodyEmitter::getStride(AffineExpr expr, unsigned dim,
                                              unsigned numDims) {
  AffineExpr next = expr.replace(getAffineDimExpr(dim, expr.getContext()),
                                 getAffineDimExpr(dim, expr.getContext()) + 1);
  auto stride = dyn_cast<AffineConstantExpr>(
      simplifyAffineExpr(next - expr, numDims, countSymbols(expr)));
  if (!stride)
    return std::nullopt;
  return stride.getValue();
}

namespace {
/// Emits affine expressions of non-negative values as arithmetic on scalars or
/// vectors of index.
struct IndexArithmetic : AffineExprVisitor<IndexArithmetic, Value> {
  OpBuilder &builder;
  Location loc;
  ValueRange dims, symbols;
  /// Makes a constant of the right type.
  llvm::function_ref<Value(int64_t)> constant;

  IndexArithmetic(OpBuilder &builder, Location loc, ValueRange dims,
                  ValueRange symbols,
                  llvm::function_ref<Value(int64_t)> constant)
      : builder(builder), loc(loc), dims(dims), symbols(symbols),
        constant(constant) {}

  template <typename OpTy>
  Value emit(AffineBinaryOpExpr expr) {
    return OpTy::create(builder, loc, visit(expr.getLHS()),
                        visit(expr.getRHS()));
  }
  Value visitAddExpr(AffineBinaryOpExpr expr) {
    return emit<arith::AddIOp>(expr);
  }
  Value visitMulExpr(AffineBinaryOpExpr expr) {
    return emit<arith::MulIOp>(expr);
  }
  Value visitModExpr(AffineBinaryOpExpr expr) {
    return emit<arith::RemUIOp>(expr);
  }
  Value visitFloorDivExpr(AffineBinaryOpExpr expr) {
    return emit<arith::DivUIOp>(expr);
  }
  Value visitCeilDivExpr(AffineBinaryOpExpr expr) {
    return emit<arith::CeilDivUIOp>(expr);
  }
  Value visitConstantExpr(AffineConstantExpr expr) {
    return constant(expr.getValue());
  }
  Value visitDimExpr(AffineDimExpr expr) { return dims[expr.getPosition()]; }
  Value visitSymbolExpr(AffineSymbolExpr expr) {
    return symbols[expr.getPosition()];
  }
};
} // namespace

Value BodyEmitter::emitIndex(Location loc, AffineExpr expr, ValueRange dims,
                             ValueRange symbols) {
  auto constant = [&](int64_t value) { return constantIndex(loc, value); };
  return IndexArithmetic(builder, loc, dims, symbols, constant).visit(expr);
}

Value BodyEmitter::emitVectorIndex(Location loc, AffineExpr expr,
                                   ValueRange dims) {
  auto type = VectorType::get(lanes.width, builder.getIndexType());
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getIndexAttr(value)));
  };
  return IndexArithmetic(builder, loc, dims, {}, constant).visit(expr);
}

FailureOr<BodyEmitter::Access> BodyEmitter::emitAccess(Operation *op,
                                                       MemRefType type,
                                                       AffineMap map,
                                                       ValueRange indices) {
  Location loc = op->getLoc();
  AffineExpr offset = linearize(type, map);
  // The address a lane further, for the lanes' index alone.
  SmallVector<AffineExpr> next;
  bool hasVectorIndex = false;
  SmallVector<Value> scalars;
  for (auto [position, index] : llvm::enumerate(indices)) {
    AffineExpr dim = getAffineDimExpr(position, map.getContext());
    bool isLane = lanes.width > 1 && index == lanes.index;
    next.push_back(isLane ? dim + 1 : dim);
    scalars.push_back(isLane ? lanes.base : lookup(index));
    hasVectorIndex |= isa<VectorType>(scalars.back().getType());
  }
  if (!hasVectorIndex) {
    AffineExpr stride =
        simplifyAffineExpr(offset.replaceDimsAndSymbols(next, {}) - offset,
                           map.getNumDims(), /*numSymbols=*/0);
    auto constant = dyn_cast<AffineConstantExpr>(stride);
    if (constant && (constant.getValue() == 0 || constant.getValue() == 1))
      return Access{emitIndex(loc, offset, scalars),
                    constant.getValue() ? Access::Contiguous : Access::Uniform};
  }
  SmallVector<Value> vectors;
  for (Value index : indices)
    vectors.push_back(widen(loc, lookupValue(loc, index), lanes.width));
  return Access{emitVectorIndex(loc, offset, vectors), Access::Gather};
}

Value BodyEmitter::getMask(Location loc, const Lanes &lanes) {
  if (lanes.mask)
    return lanes.mask;
  SmallVector<bool> bits(lanes.width, false);
  std::fill_n(bits.begin(), lanes.valid, true);
  auto type = VectorType::get(lanes.width, builder.getI1Type());
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, bits));
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

Value BodyEmitter::loadVector(Location loc, Value buffer, Value offset,
                              const Lanes &lanes) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (lanes.width == 1)
    return memref::LoadOp::create(builder, loc, buffer, offset);
  auto type = VectorType::get(lanes.width, element);
  if (!lanes.isMasked())
    return vector::LoadOp::create(builder, loc, type, buffer, offset);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, buffer, offset,
                                      getMask(loc, lanes), zero);
}

void BodyEmitter::storeVector(Location loc, Value value, Value buffer,
                              Value offset, const Lanes &lanes) {
  if (lanes.width == 1) {
    memref::StoreOp::create(builder, loc, value, buffer, offset);
    return;
  }
  value = widen(loc, value, lanes.width);
  if (lanes.isMasked())
    vector::MaskedStoreOp::create(builder, loc, buffer, offset,
                                  getMask(loc, lanes), value);
  else
    vector::StoreOp::create(builder, loc, value, buffer, offset);
}

LogicalResult BodyEmitter::emitLoad(LoadOp op) {
  Location loc = op.getLoc();
  FailureOr<Access> access =
      emitAccess(op, op.getMemref().getType(), op.getMap(), op.getIndices());
  if (failed(access))
    return failure();
  Value buffer = lookup(op.getMemref());
  switch (access->kind) {
  case Access::Uniform:
    map(op, memref::LoadOp::create(builder, loc, buffer, access->offset));
    break;
  case Access::Contiguous:
    map(op, loadVector(loc, buffer, access->offset, lanes));
    break;
  case Access::Gather: {
    auto type = VectorType::get(lanes.width, op.getType());
    Value zero = constantIndex(loc, 0);
    Value passThrough =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    map(op, vector::GatherOp::create(builder, loc, type, buffer,
                                     ValueRange(zero), access->offset,
                                     getMask(loc, lanes), passThrough));
  }
  }
  return success();
}

void BodyEmitter::emitValidLanes(Location loc, const Lanes &lanes,
                                 llvm::function_ref<void(int64_t)> body) {
  for (int64_t lane = 0; lane < lanes.valid; ++lane) {
    OpBuilder::InsertionGuard guard(builder);
    if (lanes.mask) {
      Value isValid = vector::ExtractOp::create(builder, loc, lanes.mask, lane);
      auto choice = scf::IfOp::create(builder, loc, isValid);
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    body(lane);
  }
}

LogicalResult BodyEmitter::emitStore(StoreOp op) {
  Location loc = op.getLoc();
  FailureOr<Access> access =
      emitAccess(op, op.getMemref().getType(), op.getMap(), op.getIndices());
  if (failed(access))
    return failure();
  Value value = lookupValue(loc, op.getValue());
  Value buffer = lookup(op.getMemref());
  auto store = [this, loc, value, buffer, access = *access, lanes = lanes]() {
    if (access.kind != Access::Gather) {
      Lanes used = access.kind == Access::Uniform ? Lanes() : lanes;
      storeVector(loc, value, buffer, access.offset, used);
      return;
    }
    // A scatter: no target below AVX-512 has one, and it is slow there.
    Value wide = widen(loc, value, lanes.width);
    emitValidLanes(loc, lanes, [&](int64_t lane) {
      Value element = vector::ExtractOp::create(builder, loc, wide, lane);
      Value offset =
          vector::ExtractOp::create(builder, loc, access.offset, lane);
      memref::StoreOp::create(builder, loc, element, buffer, offset);
    });
  };
  if (heldStores)
    heldStores->push_back(store);
  else
    store();
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult BodyEmitter::emitBlock(Block &block, const Lanes &newLanes) {
  Lanes saved = std::exchange(lanes, newLanes);
  if (lanes.width == 1 && lanes.index)
    map(lanes.index, lanes.base);
  LogicalResult result = emitBlock(block);
  lanes = saved;
  return result;
}

LogicalResult BodyEmitter::emitBlock(Block &block) {
  for (Operation &op : block)
    if (!isa<YieldOp, scf::YieldOp>(op) && failed(emitOp(op)))
      return failure();
  return success();
}

LogicalResult BodyEmitter::emitOp(Operation &op) {
  return TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](LoadOp op) { return emitLoad(op); })
      .Case([&](StoreOp op) { return emitStore(op); })
      .Case([&](VectorLoopOp op) { return emitVectorLoop(op); })
      .Case([&](LoopOp op) { return emitLoop(op); })
      .Case([&](ReduceOp op) {
        return lanes.width == 1 ? emitHorizontalReduce(op) : emitReduce(op);
      })
      .Case([&](ContractOp op) { return emitNestedContract(op); })
      .Case([&](SliceOp op) { return emitSlice(op); })
      .Case([&](arith::SelectOp op) {
        return isa<MemRefType>(op.getType()) ? emitBufferSelect(op)
                                             : emitElementwise(*op);
      })
      .Case([&](ScratchOp op) {
        MemRefType type = op.getType();
        map(op, scratchAllocator(type.getNumElements(), type.getElementType()));
        return success();
      })
      .Case([&](scf::ForOp op) { return emitFor(op); })
      .Case([&](scf::IfOp op) { return emitIf(op); })
      .Default([&](Operation *) { return emitElementwise(op); });
}

LogicalResult BodyEmitter::emitNestedContract(ContractOp op) {
  if (lanes.width > 1)
    return op.emitOpError("can't be inside lanes");
  ContractLowering lowering(op, *this, builder);
  Value begin = constantIndex(op.getLoc(), 0);
  return lowering.emit(begin,
                       constantIndex(op.getLoc(), lowering.getNumTasks()));
}

/// The type of a flat buffer of \p type's elements that may begin anywhere in
/// \p buffer.
static MemRefType getSliceType(MemRefType type, Value buffer) {
  auto layout = StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic,
                                       /*strides=*/1);
  return MemRefType::get(type.getNumElements(), type.getElementType(), layout,
                         cast<MemRefType>(buffer.getType()).getMemorySpace());
}

LogicalResult BodyEmitter::emitSlice(SliceOp op) {
  Location loc = op.getLoc();
  Value source = lookup(op.getMemref());
  MemRefType type = getSliceType(cast<MemRefType>(op.getType()), source);
  // The element at the subscripts, then zeros.
  auto buffer = cast<MemRefType>(op.getMemref().getType());
  AffineMap access = op.getMap();
  SmallVector<AffineExpr> subscripts(access.getResults());
  subscripts.resize(buffer.getRank(),
                    getAffineConstantExpr(0, op.getContext()));
  AffineExpr offset =
      linearize(buffer, AffineMap::get(access.getNumDims(), /*symbolCount=*/0,
                                       subscripts, op.getContext()));
  SmallVector<Value> indices;
  for (Value index : op.getIndices())
    indices.push_back(lookup(index));
  SmallVector<OpFoldResult> sizes{builder.getIndexAttr(type.getNumElements())};
  SmallVector<OpFoldResult> strides{builder.getIndexAttr(1)};
  map(op, memref::ReinterpretCastOp::create(
              builder, loc, type, source,
              OpFoldResult(emitIndex(loc, offset, indices)), sizes, strides));
  return success();
}

LogicalResult BodyEmitter::emitBufferSelect(arith::SelectOp op) {
  Location loc = op.getLoc();
  auto toSlice = [&](Value buffer) -> Value {
    buffer = lookup(buffer);
    MemRefType type = getSliceType(cast<MemRefType>(op.getType()), buffer);
    return buffer.getType() == type
               ? buffer
               : Value(memref::CastOp::create(builder, loc, type, buffer));
  };
  Value yes = toSlice(op.getTrueValue()), no = toSlice(op.getFalseValue());
  map(op, arith::SelectOp::create(builder, loc, lookup(op.getCondition()), yes,
                                  no));
  return success();
}

LogicalResult BodyEmitter::emitElementwise(Operation &op) {
  if (op.getNumRegions() != 0)
    return op.emitOpError("can't be vectorised inside a kernel");
  SmallVector<Value> operands;
  bool isWide = false;
  for (Value operand : op.getOperands()) {
    operands.push_back(lookupValue(op.getLoc(), operand));
    isWide |= isa<VectorType>(operands.back().getType());
  }
  SmallVector<Type> types(op.getResultTypes());
  if (isWide) {
    for (Value &operand : operands)
      operand = widen(op.getLoc(), operand, lanes.width);
    for (Type &type : types)
      type = VectorType::get(lanes.width, type);
  }
  OperationState state(op.getLoc(), op.getName(), operands, types,
                       op.getAttrs());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  Operation *emitted = builder.create(state);
  for (auto [from, to] : llvm::zip(op.getResults(), emitted->getResults()))
    map(from, to);
  return success();
}
