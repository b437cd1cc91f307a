// SPDX-License-Identifier: Apache-2.0
// Lowers a recurrent layer: each step is a contraction of the hidden state and
// an elementwise update.
#include "passes/lower/ContractBuilder.h"
#include "passes/lower/GroupLowering.h"
#include "passes/lower/PackConstants.h"

#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using Indices = GroupLowering::Indices;

static RankedTensorType getType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

LogicalResult dlc::lower::prepareRnn(GroupLowering &lowering, graph::RnnOp op) {
  for (Value weight : {op.getWInput(), op.getWHidden()})
    if (ElementsAttr constant = lowering.getConstant(weight)) {
      ElementsAttr packed = packRows(constant);
      if (!packed)
        return op.emitOpError("has a weight whose data is missing");
      lowering.replaceConstant(weight, packed);
    }
  return success();
}

namespace {
/// Emits the kernel of one layer: a single task, steps in order.
class RnnEmitter {
public:
  RnnEmitter(GroupLowering &lowering, graph::RnnOp op)
      : lowering(lowering), emitter(lowering.emitter), op(op),
        b(lowering.builder), loc(op.getLoc()), input(getType(op.getInput())),
        steps(input.getDimSize(0)), batch(input.getDimSize(1)),
        size(getType(op.getH0()).getDimSize(1)),
        gates(getType(op.getWInput()).getDimSize(0)),
        element(input.getElementType()) {}

  LogicalResult emit();

private:
  Value makeScratch(ArrayRef<int64_t> shape) {
    return kernel::ScratchOp::create(b, loc, MemRefType::get(shape, element));
  }
  void copyState(Value from, Value to);
  void emitProduct(Value lhs, AffineMap lhsMap, Value weight, Value bias,
                   int64_t m, Value out);
  Value emitGate(AffineExpr n, AffineExpr h, int64_t gate, Value &hidden);
  void emitUpdate(AffineExpr step, AffineExpr n, AffineExpr h);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  graph::RnnOp op;
  OpBuilder &b;
  Location loc;
  RankedTensorType input;
  int64_t steps, batch, size, gates;
  Type element;
  Value fromInput;  ///< scratch [T N, gates]: w_input x + b_input
  Value fromHidden; ///< scratch [N, gates]: w_hidden h + b_hidden
  AffineExpr row;   ///< of fromInput: step * N, the step in input order
};
} // namespace

void RnnEmitter::copyState(Value from, Value to) {
  Indices n = lowering.openLoop(loc, batch);
  AffineExpr h = lowering.openVectorLoop(loc, size);
  Value value = emitter.loadPhysical(loc, from, {n[0], h});
  emitter.storePhysical(loc, value, to, {n[0], h});
  lowering.closeLoop();
  lowering.closeLoop();
}

void RnnEmitter::emitProduct(Value lhs, AffineMap lhsMap, Value weight,
                             Value bias, int64_t m, Value out) {
  MLIRContext *context = b.getContext();
  AffineExpr d[4];
  bindDimsList(context, MutableArrayRef<AffineExpr>(d));
  bool isPacked = bool(lowering.getConstant(weight));
  int64_t depth = getType(weight).getDimSize(1);
  AffineMap rhsMap =
      isPacked ? AffineMap::get(3, 0, {d[0], d[1], d[2]}, context)
               : AffineMap::get(3, 0, {d[1] * kPanel + d[2], d[0]}, context);
  AffineMap outMap =
      AffineMap::get(3, 0, {d[0], d[1] * kPanel + d[2]}, context);
  auto contract = kernel::ContractOp::create(
      b, loc, lhs, emitter.getBuffer(weight), out, ArrayRef<int64_t>(), m,
      gates, ArrayRef<int64_t>(depth), IntegerAttr(), lhsMap, rhsMap, outMap,
      isPacked, /*whole_panels=*/false);
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&epilogue);
  Type index = b.getIndexType();
  epilogue.addArguments({index, index, index, element},
                        SmallVector<Location>(4, loc));
  AffineExpr panel =
      emitter.addIndex(epilogue.getArgument(1), (gates + kPanel - 1) / kPanel);
  AffineExpr lane = emitter.addIndex(epilogue.getArgument(2), kPanel);
  Value value =
      emitter.loadPhysical(loc, emitter.getBuffer(bias), panel * kPanel + lane);
  value = scalar::add(b, loc, epilogue.getArgument(3), value);
  kernel::YieldOp::create(b, loc, value);
}

/// The part \p gate of w_input x + b_input; \p hidden becomes that of
/// w_hidden h + b_hidden.
Value RnnEmitter::emitGate(AffineExpr n, AffineExpr h, int64_t gate,
                           Value &hidden) {
  AffineExpr column = h + gate * size;
  hidden = emitter.loadPhysical(loc, fromHidden, {n, column});
  return emitter.loadPhysical(loc, fromInput, {row + n, column});
}

void RnnEmitter::emitUpdate(AffineExpr step, AffineExpr n, AffineExpr h) {
  auto sum = [&](int64_t gate) {
    Value hidden;
    Value x = emitGate(n, h, gate, hidden);
    return scalar::add(b, loc, x, hidden);
  };
  Value state = lowering.getOutput(1);
  Value next;
  switch (op.getMode()) {
  case graph::RnnMode::Lstm: {
    Value cell = emitter.loadPhysical(loc, lowering.getOutput(2), {n, h});
    Value i = scalar::sigmoid(b, loc, sum(0));
    Value f = scalar::sigmoid(b, loc, sum(1));
    Value g = math::TanhOp::create(b, loc, sum(2));
    Value o = scalar::sigmoid(b, loc, sum(3));
    cell = scalar::add(b, loc, scalar::mul(b, loc, f, cell),
                       scalar::mul(b, loc, i, g));
    emitter.storePhysical(loc, cell, lowering.getOutput(2), {n, h});
    next = scalar::mul(b, loc, o, math::TanhOp::create(b, loc, cell));
    break;
  }
  case graph::RnnMode::Gru: {
    Value r = scalar::sigmoid(b, loc, sum(0));
    Value z = scalar::sigmoid(b, loc, sum(1));
    Value hidden;
    Value x = emitGate(n, h, 2, hidden);
    Value candidate = math::TanhOp::create(
        b, loc, scalar::add(b, loc, x, scalar::mul(b, loc, r, hidden)));
    Value previous = emitter.loadPhysical(loc, state, {n, h});
    // (1 - z) n + z h
    Value one = scalar::constant(b, loc, element, 1);
    next = scalar::add(
        b, loc, scalar::mul(b, loc, scalar::sub(b, loc, one, z), candidate),
        scalar::mul(b, loc, z, previous));
    break;
  }
  case graph::RnnMode::Tanh:
    next = math::TanhOp::create(b, loc, sum(0));
    break;
  case graph::RnnMode::Relu:
    next = scalar::relu(b, loc, sum(0));
    break;
  }
  emitter.storePhysical(loc, next, state, {n, h});
  emitter.storePhysical(loc, next, lowering.getOutput(0), {step, n, h});
}

LogicalResult RnnEmitter::emit() {
  MLIRContext *context = b.getContext();
  fromInput = makeScratch({steps * batch, gates});
  fromHidden = makeScratch({batch, gates});
  lowering.openTasks(loc, {});
  AffineExpr m = getAffineDimExpr(0, context), k = getAffineDimExpr(1, context);
  AffineMap inputMap =
      AffineMap::get(2, 0, {m.floorDiv(batch), m % batch, k}, context);
  emitProduct(emitter.getBuffer(op.getInput()), inputMap, op.getWInput(),
              op.getBInput(), steps * batch, fromInput);
  copyState(emitter.getBuffer(op.getH0()), lowering.getOutput(1));
  if (op.getC0())
    copyState(emitter.getBuffer(op.getC0()), lowering.getOutput(2));
  Indices index = lowering.openLoop(loc, steps);
  AffineExpr step = op.getReverse() ? (steps - 1) - index[0] : index[0];
  row = step * batch;
  emitProduct(lowering.getOutput(1), AffineMap::get(2, 0, {m, k}, context),
              op.getWHidden(), op.getBHidden(), batch, fromHidden);
  Indices n = lowering.openLoop(loc, batch);
  AffineExpr h = lowering.openVectorLoop(loc, size);
  emitUpdate(step, n[0], h);
  lowering.closeLoop();
  lowering.closeLoop();
  lowering.closeLoop();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerRnn(GroupLowering &lowering, graph::RnnOp op) {
  return RnnEmitter(lowering, op).emit();
}
