// SPDX-License-Identifier: Apache-2.0
// Recurrent layers and operators over sequences of different lengths.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// The fused RNN
//===----------------------------------------------------------------------===//

namespace {

/// The sizes of a fused RNN and where its parts lie in the flat parameters:
/// first the weights of all layers and directions (input to hidden, then
/// hidden to hidden), then the biases in the same order.
struct RnnSizes {
  int64_t hidden, layers, directions, gates, input;

  int64_t getInput(int64_t layer) const {
    return layer == 0 ? input : hidden * directions;
  }
  int64_t getWeights(int64_t layer) const {
    return graph::multiplySizes({gates, hidden, getInput(layer) + hidden});
  }
  int64_t getBiasBegin() const {
    int64_t size = 0;
    for (int64_t layer = 0; layer < layers; ++layer)
      size += directions * getWeights(layer);
    return size;
  }
  int64_t getTotal() const {
    return getBiasBegin() + layers * directions * gates * hidden * 2;
  }
};

} // namespace

static RnnSizes getSizes(NodeBuilder &n, Value x) {
  StringRef mode = n.attributes.getText("mode");
  return {n.attributes.getInt("state_size"), n.attributes.getInt("num_layers"),
          n.attributes.getBool("bidirectional") ? 2 : 1,
          mode == "lstm"  ? 4
          : mode == "gru" ? 3
                          : 1,
          n.shape(x)[2]};
}

/// Elements [begin, begin + size of shape) of a flat vector, as \p shape.
/// Looks through a join of vectors, so that what was joined is used as it is.
static Value flatSlice(NodeBuilder &n, Value flat, int64_t begin,
                       ArrayRef<int64_t> shape) {
  if (!flat)
    return {};
  int64_t size = 1;
  for (int64_t dim : shape)
    size *= dim;
  while (auto join = flat.getDefiningOp<graph::ConcatOp>()) {
    Value part;
    int64_t offset = begin;
    for (Value operand : join->getOperands()) {
      int64_t length = n.shape(operand)[0];
      if (offset < length) {
        part = offset + size <= length ? operand : Value();
        break;
      }
      offset -= length;
    }
    if (!part)
      break;
    flat = part;
    begin = offset;
  }
  Value slice = n.sliceAxis(flat, 0, begin, begin + size);
  auto reshape = slice ? slice.getDefiningOp<graph::ReshapeOp>() : nullptr;
  if (reshape && n.shape(reshape->getOperand(0)) == shape)
    return reshape->getOperand(0);
  return n.reshape(slice, shape);
}

/// The state of one layer and direction.
static Value layerState(NodeBuilder &n, Value states, int64_t index) {
  if (!states)
    return {};
  Value one = n.sliceAxis(states, 0, index, index + 1);
  return one ? n.reshape(one, n.shape(states).drop_front()) : one;
}

/// One layer in one direction: output, last hidden state, last cell state.
static Values buildDirection(NodeBuilder &n, const RnnSizes &s, Value x,
                             int64_t layer, int64_t direction) {
  int64_t index = layer * s.directions + direction;
  int64_t rows = s.gates * s.hidden, depth = s.getInput(layer);
  int64_t weights = direction * s.getWeights(layer);
  for (int64_t i = 0; i < layer; ++i)
    weights += s.directions * s.getWeights(i);
  int64_t biases = s.getBiasBegin() + index * rows * 2;
  Value flat = n.input("parameters");
  StringRef mode = n.attributes.getText("mode");
  Values operands{x,
                  flatSlice(n, flat, weights, {rows, depth}),
                  flatSlice(n, flat, weights + rows * depth, {rows, s.hidden}),
                  flatSlice(n, flat, biases, {rows}),
                  flatSlice(n, flat, biases + rows, {rows}),
                  layerState(n, n.input("state"), index)};
  if (mode == "lstm")
    operands.push_back(layerState(n, n.input("state_cell"), index));
  return n.emitAll(graph::RnnOp::getOperationName(), operands,
                   {n.word<graph::RnnModeAttr>("mode", mode),
                    n.flag("reverse", direction == 1)});
}

/// Stacks [N, H] states to [layers * directions, N, H].
static Value stackStates(NodeBuilder &n, ArrayRef<Value> states) {
  Values parts;
  for (Value state : states) {
    if (!state)
      return {};
    Shape shape{1};
    llvm::append_range(shape, n.shape(state));
    parts.push_back(n.reshape(state, shape));
  }
  return n.concat(parts, 0);
}

static bool checkRnn(NodeBuilder &n, Value x, const RnnSizes &sizes) {
  if (n.attributes.getBool("use_sequence_length"))
    return n.unsupported("use_sequence_length", "can't be compiled yet"), false;
  if (!n.attributes.isNone("projection_size"))
    return n.unsupported("projection_size", "can't be compiled yet"), false;
  if (!n.attributes.isNone("lstm_state_clip_min") ||
      !n.attributes.isNone("lstm_state_clip_max"))
    return n.unsupported("lstm_state_clip_min", "can't be compiled yet"), false;
  Value flat = n.input("parameters"), state = n.input("state");
  if (!flat || !state)
    return false;
  if (n.rank(flat) != 1 || n.shape(flat)[0] != sizes.getTotal()) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "'parameters' needs " + Twine(sizes.getTotal()) +
               " elements, but has the shape " + dimsText(n.shape(flat)));
    return false;
  }
  Shape expected{sizes.layers * sizes.directions, n.shape(x)[1], sizes.hidden};
  for (Value value : {state, n.input("state_cell")})
    if (value && n.shape(value) != ArrayRef<int64_t>(expected)) {
      n.fail(DiagnosticCode::ShapeMismatch,
             "the states need the shape " + dimsText(expected) + ", but got " +
                 dimsText(n.shape(value)));
      return false;
    }
  return true;
}

static Values rnn(NodeBuilder &n) {
  Value x = n.input("data");
  if (!x)
    return Values(3);
  if (n.rank(x) != 3)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs data of the shape (time, batch, features), but got " +
                       dimsText(n.shape(x)))};
  RnnSizes sizes = getSizes(n, x);
  if (sizes.hidden > (1 << 20) || sizes.layers > 1024)
    return {n.fail(DiagnosticCode::SizeOverflow, "is too large")};
  if (!checkRnn(n, x, sizes))
    return Values(3);
  SmallVector<Value> hidden, cells;
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    Values outputs;
    for (int64_t direction = 0; direction < sizes.directions; ++direction) {
      Values results = buildDirection(n, sizes, x, layer, direction);
      outputs.push_back(results[0]);
      hidden.push_back(results[1]);
      if (results.size() > 2)
        cells.push_back(results[2]);
    }
    x = llvm::is_contained(outputs, Value()) ? Value() : n.concat(outputs, 2);
  }
  Values results{x};
  if (n.attributes.getBool("state_outputs")) {
    results.push_back(stackStates(n, hidden));
    if (n.attributes.getText("mode") == "lstm")
      results.push_back(stackStates(n, cells));
  }
  return results;
}

static std::optional<Shape> inferRnn(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  if (!x || n.rank(x) != 3)
    return std::nullopt;
  RnnSizes sizes = getSizes(n, x);
  if (sizes.hidden > (1 << 20) || sizes.layers > 1024)
    return std::nullopt;
  if (index == 1)
    return Shape{sizes.getTotal()};
  if (index == 2 || index == 3)
    return Shape{sizes.layers * sizes.directions, n.shape(x)[1], sizes.hidden};
  return std::nullopt;
}

static Values joinParameters(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  std::optional<int64_t> axis = n.axis("dim", n.input(0));
  return {axis ? n.concat(n.getInputs(), *axis) : Value()};
}

//===----------------------------------------------------------------------===//
// Sequences of different lengths
//===----------------------------------------------------------------------===//

/// Data is [time, batch, ...] or, with axis 1, [batch, time, ...].
struct SequenceAxes {
  int64_t time, batch;
};

static std::optional<SequenceAxes> getSequenceAxes(NodeBuilder &n) {
  Value x = n.input("data"), lengths = n.input("sequence_length");
  bool uses = n.attributes.getBool("use_sequence_length");
  if (!x || (uses && !lengths))
    return std::nullopt;
  int64_t time = n.attributes.getInt("axis"), batch = 1 - time;
  if (n.rank(x) < 2 || time < 0 || time > 1 ||
      (uses &&
       (n.rank(lengths) != 1 || n.shape(lengths)[0] != n.shape(x)[batch]))) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "the data " + dimsText(n.shape(x)) + (uses ? " and lengths " : "") +
               (uses ? dimsText(n.shape(lengths)) : std::string()) +
               " do not fit axis " + Twine(time));
    return std::nullopt;
  }
  return SequenceAxes{time, batch};
}

/// The sample's length at every position of a tensor of \p shape.
static Value spreadLengths(NodeBuilder &n, ArrayRef<int64_t> shape,
                           int64_t batch) {
  Value lengths =
      n.cast(n.input("sequence_length"), n.element(ElementType::I32));
  return n.broadcastInDims(lengths, shape, {batch});
}

static Values sequenceMask(NodeBuilder &n) {
  std::optional<SequenceAxes> axes = getSequenceAxes(n);
  Value x = n.input("data");
  if (!axes)
    return Values(1);
  if (!n.attributes.getBool("use_sequence_length"))
    return {x};
  Value position = n.iota(n.shape(x), n.element(ElementType::I32), axes->time);
  Value inside = n.emit<graph::LessOp>(
      {position, spreadLengths(n, n.shape(x), axes->batch)});
  Value filler = n.splatLike(x, n.attributes.getFloat("value"));
  return {n.emit<graph::SelectOp>({inside, x, filler})};
}

static Values sequenceLast(NodeBuilder &n) {
  std::optional<SequenceAxes> axes = getSequenceAxes(n);
  Value x = n.input("data");
  if (!axes)
    return Values(1);
  int64_t steps = n.shape(x)[axes->time];
  Shape result(n.shape(x)), kept(n.shape(x));
  result.erase(result.begin() + axes->time);
  kept[axes->time] = 1;
  if (!n.attributes.getBool("use_sequence_length"))
    return {n.reshape(n.sliceAxis(x, axes->time, steps - 1, steps), result)};
  Value last = n.scalar<graph::SubOp>(spreadLengths(n, kept, axes->batch), 1);
  Value taken = n.emit<graph::TakeAlongOp>(
      {x, last}, {n.attr("axis", axes->time),
                  n.word<graph::IndexModeAttr>("mode", "clip")});
  return {n.reshape(taken, result)};
}

/// Position t of a sample of length L comes from L - 1 - t, or from t itself
/// beyond the length.
static Values sequenceReverse(NodeBuilder &n) {
  std::optional<SequenceAxes> axes = getSequenceAxes(n);
  Value x = n.input("data");
  if (!axes)
    return Values(1);
  if (!n.attributes.getBool("use_sequence_length"))
    return {n.emit<graph::ReverseOp>(
        {x}, {n.attr("axes", ArrayRef<int64_t>(axes->time))})};
  Value position = n.iota(n.shape(x), n.element(ElementType::I32), axes->time);
  Value lengths = spreadLengths(n, n.shape(x), axes->batch);
  Value mirrored =
      n.emit<graph::SubOp>({n.scalar<graph::SubOp>(lengths, 1), position});
  Value inside = n.emit<graph::LessOp>({position, lengths});
  Value source = n.emit<graph::SelectOp>({inside, mirrored, position});
  return {n.emit<graph::TakeAlongOp>(
      {x, source}, {n.attr("axis", axes->time),
                    n.word<graph::IndexModeAttr>("mode", "clip")})};
}

static std::optional<Shape> inferLengths(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t time = n.attributes.getInt("axis");
  if (index != 1 || !x || n.rank(x) < 2 || time < 0 || time > 1)
    return std::nullopt;
  return Shape{n.shape(x)[1 - time]};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral sequenceSpec =
    "use_sequence_length:bool=False axis:int=0";

ArrayRef<OperatorRow> getSequenceOperators() {
  static const OperatorRow rows[] = {
      {"RNN _npx_rnn",
       "state_size:count! num_layers:count! bidirectional:bool=False "
       "mode:{gru|lstm|rnn_relu|rnn_tanh}! p:float=0 "
       "state_outputs:bool=False projection_size:int?=None "
       "lstm_state_clip_min:float?=None lstm_state_clip_max:float?=None "
       "lstm_state_clip_nan:bool=False use_sequence_length:bool=False",
       "data parameters state state_cell[mode=lstm] "
       "sequence_length[use_sequence_length]",
       rnn, inferRnn,
       "output state_output[state_outputs] "
       "statecell_output[state_outputs&mode=lstm]",
       "Without use_sequence_length, projections and clipping."},
      {"_rnn_param_concat _npi_rnn_param_concat", "num_args:count! dim:int=1",
       "data*", joinParameters},
      {"SequenceMask _npx_sequence_mask",
       "use_sequence_length:bool=False value:float=0 axis:int=0",
       "data sequence_length[use_sequence_length]", sequenceMask, inferLengths},
      {"SequenceLast", sequenceSpec,
       "data sequence_length[use_sequence_length]", sequenceLast, inferLengths},
      {"SequenceReverse", sequenceSpec,
       "data sequence_length[use_sequence_length]", sequenceReverse,
       inferLengths},
  };
  return rows;
}

} // namespace dlc::mxnet
