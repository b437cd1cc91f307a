// SPDX-License-Identifier: Apache-2.0
// Lowers a recurrence. Every step is a phase; its tasks are blocks of hidden
// units. A task multiplies the last state by the weights of all gates of its
// units, which lie side by side, and updates the units.
#include "passes/lower/ContractBuilder.h"
#include "passes/lower/GroupLowering.h"
#include "passes/lower/PackConstants.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

/// Panels that a task of a CPU should have at least: a single row then keeps
/// several accumulators busy, and units enough hide the latency of their
/// update.
static constexpr int64_t kMinPanels = 6;
/// Weights that a wider block may store in vain, besides 3 %.
static constexpr int64_t kPaddedWeights = 1 << 16;

namespace {
/// How the weights of a recurrence are cut into blocks of units.
struct UnitBlocks {
  int64_t directions, gates, size;
  int64_t units;  ///< of a block
  int64_t blocks; ///< of a direction

  /// \p forCpus: else GPUs alone read them, whose multiprocessors have a panel
  /// each, for many read more at once.
  UnitBlocks(graph::RecurrenceOp op, bool forCpus)
      : directions(op.getReverse().size()),
        gates(graph::getNumGates(op.getMode())),
        size(getTensorType(op.getWHidden()).getDimSize(1)),
        units(forCpus ? kPanel : kPanel / gates) {
    while (forCpus && gates * units < kMinPanels * kPanel && units < size &&
           padsLittle(2 * units))
      units *= 2;
    blocks = llvm::divideCeil(size, units);
  }
  int64_t getPanels() const { return llvm::divideCeil(gates * units, kPanel); }

private:
  /// Whether blocks of \p width units store few weights that aren't there.
  bool padsLittle(int64_t width) const {
    int64_t padding = llvm::alignTo(size, width) - size;
    return gates * padding * size <= kPaddedWeights || padding * 32 <= size;
  }
};
} // namespace

/// Packs \p weight [D G H, H] as [D blocks, panels, H, 16]: the panels of a
/// block hold all gates of its units, gate by gate. A last block of fewer units
/// fills fewer panels.
static ElementsAttr packBlocks(ElementsAttr weight, const UnitBlocks &cut) {
  int64_t panels = cut.getPanels(), depth = cut.size;
  auto fill = [&](MutableArrayRef<int64_t> sources) {
    int64_t *to = sources.data();
    for (int64_t block = 0; block < cut.directions * cut.blocks; ++block) {
      int64_t direction = block / cut.blocks;
      int64_t first = block % cut.blocks * cut.units;
      int64_t units = std::min(cut.units, cut.size - first);
      for (int64_t panel = 0; panel < panels; ++panel)
        for (int64_t k = 0; k < depth; ++k)
          for (int64_t lane = 0; lane < kPanel; ++lane) {
            int64_t column = panel * kPanel + lane;
            int64_t gate = direction * cut.gates + column / units;
            int64_t row = gate * cut.size + first + column % units;
            *to++ = column < cut.gates * units ? row * depth + k : -1;
          }
    }
  };
  return packConstant(
      weight, {cut.directions * cut.blocks, panels, depth, kPanel}, fill);
}

LogicalResult dlc::lower::prepareRecurrence(GroupLowering &lowering,
                                            graph::RecurrenceOp op) {
  ElementsAttr weight = lowering.getConstant(op.getWHidden());
  if (!weight)
    return success();
  ElementsAttr packed = packBlocks(weight, UnitBlocks(op, lowering.hasCpus));
  if (!packed)
    return op.emitOpError("has a weight whose data is missing");
  lowering.replaceConstant(op.getWHidden(), packed);
  return success();
}

namespace {
/// Emits the kernel.
class RecurrenceEmitter {
public:
  RecurrenceEmitter(GroupLowering &lowering, graph::RecurrenceOp op)
      : lowering(lowering), emitter(lowering.emitter), op(op),
        b(lowering.builder), loc(op.getLoc()), cut(op, lowering.hasCpus),
        steps(getTensorType(op.getInput()).getDimSize(0)),
        batch(getTensorType(op.getInput()).getDimSize(1)),
        element(getTensorType(op.getInput()).getElementType()),
        isPacked(bool(lowering.getConstant(op.getWHidden()))) {
    // Weights that are known only at run time are packed in every step.
    if (!isPacked) {
      cut.units = cut.size;
      cut.blocks = 1;
    }
  }

  void emit();

private:
  void emitDirection();
  void emitTasks(int64_t firstBlock, int64_t blocks, int64_t units);
  void emitProduct(AffineExpr block, int64_t units);
  void emitUpdate(AffineExpr n, AffineExpr unit, AffineExpr lane,
                  int64_t units);
  Value emitLstm(AffineExpr n, AffineExpr unit,
                 llvm::function_ref<Value(int64_t)> sum);
  /// \p initial in the first step, else \p state.
  Value select(Value initial, Value state);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  graph::RecurrenceOp op;
  OpBuilder &b;
  Location loc;
  UnitBlocks cut;
  int64_t steps, batch;
  Type element;
  bool isPacked;
  Value product; ///< scratch [N, G units]

  // Of what is being emitted.
  int64_t direction = 0;
  AffineExpr phase, step; ///< the step as it runs, and in input order
  Value hidden, cell;     ///< the state before the step, [N, D H]
};
} // namespace

Value RecurrenceEmitter::select(Value initial, Value state) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        emitter.emitIndex(loc, phase), zero);
  return arith::SelectOp::create(b, loc, isFirst, initial, state);
}

/// Emits w_hidden h for the gates of \p block, which has \p units.
void RecurrenceEmitter::emitProduct(AffineExpr block, int64_t units) {
  MLIRContext *context = b.getContext();
  AffineExpr d[3];
  bindDimsList(context, MutableArrayRef<AffineExpr>(d));
  Value weights = emitter.getBuffer(op.getWHidden());
  AffineMap rhsMap = AffineMap::get(3, 0, {d[0], d[1], d[2]}, context);
  if (isPacked) {
    weights = emitter.slice(loc, weights, direction * cut.blocks + block);
  } else {
    AffineExpr column = d[1] * kPanel + d[2] + direction * cut.gates * cut.size;
    rhsMap = AffineMap::get(3, 0, {column, d[0]}, context);
  }
  AffineMap lhsMap =
      AffineMap::get(2, 0, {d[0], d[1] + direction * cut.size}, context);
  AffineMap outMap =
      AffineMap::get(3, 0, {d[0], d[1] * kPanel + d[2]}, context);
  auto contract = kernel::ContractOp::create(
      b, loc, hidden, weights, product, ArrayRef<int64_t>(), batch,
      cut.gates * units, ArrayRef<int64_t>(cut.size), IntegerAttr(), lhsMap,
      rhsMap, outMap, isPacked, /*whole_panels=*/false);
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&epilogue);
  Type index = b.getIndexType();
  epilogue.addArguments({index, index, index, element},
                        SmallVector<Location>(4, loc));
  kernel::YieldOp::create(b, loc, epilogue.getArgument(3));
}

/// Emits the new cell state of \p unit, of all directions' units, and returns
/// its hidden state.
Value RecurrenceEmitter::emitLstm(AffineExpr n, AffineExpr unit,
                                  llvm::function_ref<Value(int64_t)> sum) {
  Value previous = emitter.loadPhysical(loc, cell, {n, unit});
  Value i = scalar::sigmoid(b, loc, sum(0));
  Value f = scalar::sigmoid(b, loc, sum(1));
  Value g = math::TanhOp::create(b, loc, sum(2));
  Value o = scalar::sigmoid(b, loc, sum(3));
  Value next = scalar::add(b, loc, scalar::mul(b, loc, f, previous),
                           scalar::mul(b, loc, i, g));
  emitter.storePhysical(loc, next, lowering.getOutput(1), {n, unit});
  return scalar::mul(b, loc, o, math::TanhOp::create(b, loc, next));
}

/// Emits the new state of row \p n of \p unit, which is \p lane of the
/// \p units of its block.
void RecurrenceEmitter::emitUpdate(AffineExpr n, AffineExpr unit,
                                   AffineExpr lane, int64_t units) {
  int64_t first = direction * cut.gates * cut.size;
  AffineExpr allUnits = unit + direction * cut.size;
  auto fromInput = [&](int64_t gate) {
    return emitter.loadPhysical(loc, emitter.getBuffer(op.getInput()),
                                {step, n, unit + (first + gate * cut.size)});
  };
  auto fromHidden = [&](int64_t gate) {
    return emitter.loadPhysical(loc, product, {n, lane + gate * units});
  };
  auto sum = [&](int64_t gate) {
    return scalar::add(b, loc, fromInput(gate), fromHidden(gate));
  };
  Value next;
  switch (op.getMode()) {
  case graph::RnnMode::Lstm:
    next = emitLstm(n, allUnits, sum);
    break;
  case graph::RnnMode::Gru: {
    Value bias = emitter.loadPhysical(
        loc, emitter.getBuffer(op.getBCandidate()), allUnits);
    Value previous = emitter.loadPhysical(loc, hidden, {n, allUnits});
    Value r = scalar::sigmoid(b, loc, sum(0));
    Value z = scalar::sigmoid(b, loc, sum(1));
    Value reset =
        scalar::mul(b, loc, r, scalar::add(b, loc, fromHidden(2), bias));
    Value candidate =
        math::TanhOp::create(b, loc, scalar::add(b, loc, fromInput(2), reset));
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
  emitter.storePhysical(loc, next, lowering.getOutput(0), {step, n, allUnits});
}

/// Emits a section for \p blocks blocks, \p units units of each.
void RecurrenceEmitter::emitTasks(int64_t firstBlock, int64_t blocks,
                                  int64_t units) {
  AffineExpr block = lowering.openTasks(loc, blocks).front() + firstBlock;
  hidden = emitter.getBuffer(op.getH0());
  cell = op.getC0() ? emitter.getBuffer(op.getC0()) : Value();
  if (steps > 1) {
    // Of the step in input order; in reverse it is -phase, but no subscript's
    // operand is negative.
    AffineExpr previous = op.getReverse()[direction]
                              ? (phase * (steps - 1)) % steps
                              : (phase + (steps - 1)) % steps;
    hidden =
        select(hidden, emitter.slice(loc, lowering.getOutput(0), previous));
    if (cell)
      cell = select(cell, lowering.getOutput(1));
  }
  emitProduct(block, units);
  Indices n = lowering.openLoop(loc, batch);
  AffineExpr lane = lowering.openVectorLoop(loc, units);
  emitUpdate(n[0], block * cut.units + lane, lane, units);
  lowering.closeLoop();
  lowering.closeLoop();
  lowering.closeSection();
}

void RecurrenceEmitter::emitDirection() {
  step = op.getReverse()[direction] ? (steps - 1) - phase : phase;
  int64_t rest = cut.size % cut.units, whole = cut.size / cut.units;
  if (whole > 0)
    emitTasks(0, whole, cut.units);
  if (rest > 0)
    emitTasks(whole, 1, rest);
}

void RecurrenceEmitter::emit() {
  product = kernel::ScratchOp::create(
      b, loc, MemRefType::get({batch, cut.gates * cut.units}, element));
  phase = emitter.constant(0);
  if (steps > 1)
    phase = lowering.openPhases(loc, steps);
  for (direction = 0; direction < cut.directions; ++direction)
    emitDirection();
  if (steps > 1)
    lowering.closeLoop();
}

LogicalResult dlc::lower::lowerRecurrence(GroupLowering &lowering,
                                          graph::RecurrenceOp op) {
  RecurrenceEmitter(lowering, op).emit();
  return success();
}
