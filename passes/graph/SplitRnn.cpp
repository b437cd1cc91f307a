// SPDX-License-Identifier: Apache-2.0
// Splits recurrent layers into a dense layer over all steps and a recurrence.
#include "dialects/graph/Inference.h"
#include "passes/graph/Passes.h"

#include "llvm/ADT/SetVector.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHSPLITRNN
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// The layer that runs against \p forward and whose output is joined with its
/// own by the concatenation \p join; null if there is none.
static RnnOp findOpposite(RnnOp forward, ConcatOp &join) {
  if (forward.getReverse() || !forward.getOutput().hasOneUse())
    return {};
  join = dyn_cast<ConcatOp>(*forward.getOutput().user_begin());
  if (!join || join.getAxis() != 2 || join.getInputs().size() != 2 ||
      join.getInputs()[0] != forward.getOutput())
    return {};
  auto opposite = join.getInputs()[1].getDefiningOp<RnnOp>();
  if (!opposite || !opposite.getReverse() ||
      !opposite.getOutput().hasOneUse() ||
      opposite.getInput() != forward.getInput() ||
      opposite.getMode() != forward.getMode() ||
      opposite.getH0().getType() != forward.getH0().getType())
    return {};
  // Both have to be known where the first of their results is used.
  for (Operation *layer : {forward.getOperation(), opposite.getOperation()})
    for (Operation *user : layer->getUsers())
      if (!forward->isBeforeInBlock(user) || !opposite->isBeforeInBlock(user))
        return {};
  return opposite;
}

namespace {
/// Rewrites one layer: an operator for each direction.
class Splitter {
public:
  Splitter(ArrayRef<RnnOp> layers, OpBuilder &builder)
      : layers(layers), builder(builder), first(layers.front()),
        mode(first.getMode()), size(getTensorType(first.getH0()).getDimSize(1)),
        loc(first.getLoc()) {
    SmallVector<Location> locations;
    for (RnnOp layer : layers)
      locations.push_back(layer.getLoc());
    loc = builder.getFusedLoc(locations);
  }

  /// Replaces the layers; \p join, unless null, holds all their outputs.
  void run(ConcatOp join);

private:
  using Part = llvm::function_ref<Value(RnnOp)>;

  Value slice(Value value, ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes);
  Value reshape(Value value, ArrayRef<int64_t> shape);
  /// The \p part of each direction, joined along \p axis.
  Value collect(int64_t axis, Part part);
  Value getDenseBias(RnnOp layer);

  ArrayRef<RnnOp> layers;
  OpBuilder &builder;
  RnnOp first;
  RnnMode mode;
  int64_t size;
  Location loc;
};
} // namespace

Value Splitter::slice(Value value, ArrayRef<int64_t> starts,
                      ArrayRef<int64_t> sizes) {
  if (getTensorType(value).getShape() == sizes)
    return value;
  SmallVector<int64_t> limits, steps(sizes.size(), 1);
  for (auto [start, size] : llvm::zip_equal(starts, sizes))
    limits.push_back(start + size);
  return SliceOp::create(builder, loc, value, starts, limits, steps);
}

Value Splitter::reshape(Value value, ArrayRef<int64_t> shape) {
  Type element = getTensorType(value).getElementType();
  return ReshapeOp::create(builder, loc, RankedTensorType::get(shape, element),
                           value);
}

Value Splitter::collect(int64_t axis, Part part) {
  SmallVector<Value> parts;
  for (RnnOp layer : layers)
    parts.push_back(part(layer));
  if (parts.size() == 1)
    return parts.front();
  return ConcatOp::create(builder, loc, parts, axis);
}

/// b_input and what of b_hidden is added to the same sum: all but gru's
/// candidate, which the reset gate multiplies.
Value Splitter::getDenseBias(RnnOp layer) {
  Value input = layer.getBInput(), hidden = layer.getBHidden();
  if (mode != RnnMode::Gru)
    return AddOp::create(builder, loc, input, hidden);
  int64_t gates = 2 * size;
  Value sum = AddOp::create(builder, loc, slice(input, 0, gates),
                            slice(hidden, 0, gates));
  Value parts[] = {sum, slice(input, gates, size)};
  return ConcatOp::create(builder, loc, parts, /*axis=*/0);
}

void Splitter::run(ConcatOp join) {
  bool isLstm = mode == RnnMode::Lstm;
  Value weights = collect(0, [](RnnOp layer) { return layer.getWInput(); });
  Value bias = collect(0, [&](RnnOp layer) { return getDenseBias(layer); });
  Value input = DenseOp::create(builder, loc, first.getInput(), weights, bias);
  Value hidden = collect(0, [](RnnOp layer) { return layer.getWHidden(); });
  Value h0 = collect(1, [](RnnOp layer) { return layer.getH0(); });
  Value c0, candidate;
  if (isLstm)
    c0 = collect(1, [](RnnOp layer) { return layer.getC0(); });
  if (mode == RnnMode::Gru)
    candidate = collect(0, [&](RnnOp layer) {
      return slice(layer.getBHidden(), 2 * size, size);
    });
  SmallVector<bool> reverse;
  for (RnnOp layer : layers)
    reverse.push_back(layer.getReverse());
  auto recurrence = RecurrenceOp::create(builder, loc, input, hidden, h0, c0,
                                         candidate, mode, reverse);

  auto type = getTensorType(first.getInput());
  int64_t steps = type.getDimSize(0), batch = type.getDimSize(1);
  int64_t begin = 0;
  for (RnnOp layer : layers) {
    int64_t last = layer.getReverse() ? 0 : steps - 1;
    if (!layer.getHN().use_empty()) {
      Value step =
          slice(recurrence.getOutput(), {last, 0, begin}, {1, batch, size});
      layer.getHN().replaceAllUsesWith(reshape(step, {batch, size}));
    }
    if (isLstm && !layer.getCN().use_empty())
      layer.getCN().replaceAllUsesWith(
          slice(recurrence.getCN(), {0, begin}, {batch, size}));
    begin += size;
  }
  Value output = join ? join.getResult() : first.getOutput();
  output.replaceAllUsesWith(recurrence.getOutput());
  if (join)
    join.erase();
  for (RnnOp layer : layers)
    layer.erase();
}

namespace {
struct GraphSplitRnn : dlc::graph::impl::GraphSplitRnnBase<GraphSplitRnn> {
  using GraphSplitRnnBase::GraphSplitRnnBase;

  void runOnOperation() override {
    llvm::SetVector<RnnOp> layers;
    getOperation().walk([&](RnnOp layer) { layers.insert(layer); });
    while (!layers.empty()) {
      SmallVector<RnnOp> group{layers.front()};
      ConcatOp join;
      if (RnnOp opposite = findOpposite(group.front(), join)) {
        group.push_back(opposite);
        ++numJoined;
      } else {
        join = {};
      }
      numSplit += group.size();
      for (RnnOp layer : group)
        layers.remove(layer);
      // Where the operands of all are known.
      Operation *place = group.front();
      for (RnnOp layer : group)
        if (place->isBeforeInBlock(layer))
          place = layer;
      OpBuilder builder(place);
      Splitter(group, builder).run(join);
    }
  }
};
} // namespace
