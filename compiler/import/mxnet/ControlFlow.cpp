// SPDX-License-Identifier: Apache-2.0
// Loops and branches, whose bodies are subgraphs. Loops are unrolled; of
// branches and of turns that may not happen everything is computed and the
// right results are chosen.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// Reports a loop or branch whose attributes don't fit each other.
static Values malformed(NodeBuilder &n) {
  n.fail(DiagnosticCode::BadAttribute,
         "its subgraphs, inputs and attributes don't fit each other");
  return Values(1);
}

/// The values at \p places of \p from; nothing if there are none.
static std::optional<Values> pickValues(ArrayRef<Value> from,
                                        ArrayRef<int64_t> places) {
  Values picked;
  for (int64_t place : places) {
    if (place < 0 || place >= int64_t(from.size()))
      return std::nullopt;
    picked.push_back(from[place]);
  }
  return picked;
}

/// Whether a subgraph gave \p count results; reports another number of them.
static bool isComplete(NodeBuilder &n, const Values &results, size_t count) {
  if (results.empty() || llvm::is_contained(results, Value()))
    return false; // reported
  if (results.size() != count)
    malformed(n);
  return results.size() == count;
}

/// \p x with a leading dimension of size 1.
static Value asRow(NodeBuilder &n, Value x) {
  if (!x)
    return {};
  Shape shape{1};
  llvm::append_range(shape, n.shape(x));
  return n.reshape(x, shape);
}

/// Joins the rows of each output.
static Values stackRows(NodeBuilder &n, ArrayRef<Values> rows) {
  Values stacked;
  for (const Values &parts : rows)
    stacked.push_back(n.concat(parts, 0));
  return stacked;
}

//===----------------------------------------------------------------------===//
// foreach
//===----------------------------------------------------------------------===//

/// Where the subgraph's arguments come from: `places` is by argument the number
/// of the node's input. Data, states and the rest follow each other there.
static bool placeInputs(NodeBuilder &n, SmallVectorImpl<size_t> &places) {
  size_t count = n.getInputCount(), next = 0;
  places.assign(count, count);
  for (StringRef key : {"in_data_locs", "in_state_locs", "remain_locs"})
    for (int64_t place : n.getShape(key)) {
      if (place < 0 || place >= int64_t(count) || next == count ||
          places[place] != count)
        return false;
      places[place] = next++;
    }
  return next == count;
}

static Values forEach(NodeBuilder &n) {
  size_t numData = n.getShape("in_data_locs").size();
  size_t numStates = n.getShape("in_state_locs").size();
  int64_t numOut = n.attributes.getInt("num_out_data");
  size_t numResults = n.attributes.getInt("num_outputs");
  SmallVector<size_t> places;
  if (n.getSubgraphCount() != 1 || numData < 1 || numOut < 0 ||
      numResults != numOut + numStates || !placeInputs(n, places))
    return malformed(n);
  for (Value data : n.getInputs().take_front(numData))
    if (!data || n.rank(data) == 0 ||
        n.shape(data)[0] != n.shape(n.input(0))[0])
      return data ? malformed(n) : Values(1);
  int64_t turns = n.shape(n.input(0))[0];
  Values current(n.getInputs());
  SmallVector<Values> rows(numOut);
  for (int64_t turn = 0; turn < turns; ++turn) {
    for (size_t i = 0; i < numData; ++i)
      current[i] = n.atLeastOneDim(
          dropAxis(n, n.sliceAxis(n.input(i), 0, turn, turn + 1), 0));
    Values arguments;
    for (size_t place : places)
      arguments.push_back(current[place]);
    Values results = n.importSubgraph(0, arguments);
    if (!isComplete(n, results, numResults))
      return Values(1);
    for (int64_t i = 0; i < numOut; ++i)
      rows[i].push_back(asRow(n, results[i]));
    for (size_t i = 0; i < numStates; ++i)
      current[numData + i] = results[numOut + i];
  }
  Values outputs = stackRows(n, rows);
  outputs.append(current.begin() + numData,
                 current.begin() + numData + numStates);
  return outputs;
}

//===----------------------------------------------------------------------===//
// while_loop
//===----------------------------------------------------------------------===//

namespace {

/// A loop with a condition: subgraph 0 decides, subgraph 1 is the body.
class WhileLoop {
public:
  explicit WhileLoop(NodeBuilder &n)
      : n(n), conditionPlaces(n.getShape("cond_input_locs")),
        bodyPlaces(n.getShape("func_input_locs")),
        variables(n.getShape("func_var_locs")), current(n.getInputs()),
        numOut(n.attributes.getInt("num_out_data")) {}

  Values run();

private:
  bool runTurn();
  bool checkVariables() const {
    return llvm::all_of(variables, [&](int64_t place) {
      return place >= 0 && place < int64_t(bodyPlaces.size());
    });
  }

  NodeBuilder &n;
  Shape conditionPlaces, bodyPlaces, variables;
  /// By input of the node: its value, or the variable's that began there.
  Values current;
  /// Whether the turn happens, a scalar; null before the first one.
  Value isActive;
  int64_t numOut;
  SmallVector<Values> rows;
};

} // namespace

bool WhileLoop::runTurn() {
  auto conditionInputs = pickValues(current, conditionPlaces);
  auto bodyInputs = pickValues(current, bodyPlaces);
  if (!conditionInputs || !bodyInputs)
    return malformed(n), false;
  Values condition = n.importSubgraph(0, *conditionInputs);
  Values results = n.importSubgraph(1, *bodyInputs);
  if (!isComplete(n, condition, 1) ||
      !isComplete(n, results, numOut + variables.size()))
    return false;
  Value holds =
      n.cast(n.reshape(condition[0], {}), n.element(ElementType::Bool));
  isActive = isActive ? n.emit<graph::LogicalAndOp>({isActive, holds}) : holds;
  for (int64_t i = 0; i < numOut; ++i)
    rows[i].push_back(
        asRow(n, choose(n, isActive, results[i], n.splatLike(results[i], 0))));
  for (auto [i, place] : llvm::enumerate(variables)) {
    Value &variable = current[bodyPlaces[place]];
    Value next = results[numOut + i];
    if (n.type(next) != n.type(variable))
      return n.fail(DiagnosticCode::ShapeMismatch,
                    "a variable of the loop changes its shape or type"),
             false;
    variable = choose(n, isActive, next, variable);
  }
  return true;
}

Values WhileLoop::run() {
  int64_t turns = n.attributes.getInt("max_iterations");
  if (n.getSubgraphCount() != 2 || numOut < 0 || !checkVariables() ||
      n.attributes.getInt("num_outputs") != numOut + int64_t(variables.size()))
    return malformed(n);
  rows.resize(numOut);
  for (int64_t turn = 0; turn < turns; ++turn)
    if (!runTurn())
      return Values(1);
  Values outputs = stackRows(n, rows);
  for (int64_t place : variables)
    outputs.push_back(current[bodyPlaces[place]]);
  return outputs;
}

static Values whileLoop(NodeBuilder &n) { return WhileLoop(n).run(); }

//===----------------------------------------------------------------------===//
// cond
//===----------------------------------------------------------------------===//

static Values branch(NodeBuilder &n) {
  size_t count = n.attributes.getInt("num_outputs");
  if (n.getSubgraphCount() != 3)
    return malformed(n);
  SmallVector<Values> results;
  static constexpr llvm::StringLiteral keys[] = {
      "cond_input_locs", "then_input_locs", "else_input_locs"};
  for (auto [i, key] : llvm::enumerate(keys)) {
    auto inputs = pickValues(n.getInputs(), n.getShape(key));
    if (!inputs)
      return malformed(n);
    results.push_back(n.importSubgraph(i, *inputs));
    if (!isComplete(n, results[i], i == 0 ? 1 : count))
      return Values(1);
  }
  Value condition = n.reshape(results[0][0], {});
  Values chosen;
  for (auto [x, other] : llvm::zip(results[1], results[2]))
    chosen.push_back(choose(n, condition, x, other));
  return chosen;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getControlFlowOperators() {
  static const OperatorRow rows[] = {
      {"_foreach",
       "num_args:int! num_outputs:count! num_out_data:int! "
       "in_state_locs:shape! "
       "in_data_locs:shape! remain_locs:shape!",
       "data*", forEach, nullptr, "output#num_outputs",
       "Unrolled; the model then has at most 65536 nodes."},
      {"_while_loop",
       "num_args:int! num_outputs:count! num_out_data:int! "
       "max_iterations:int! cond_input_locs:shape! func_input_locs:shape! "
       "func_var_locs:shape!",
       "data*", whileLoop, nullptr, "output#num_outputs",
       "Unrolled to max_iterations; rows of turns that don't happen are zero."},
      {"_cond",
       "num_args:int! num_outputs:count! cond_input_locs:shape! "
       "then_input_locs:shape! else_input_locs:shape!",
       "data*", branch, nullptr, "output#num_outputs",
       "Both branches are computed."},
  };
  return rows;
}

} // namespace dlc::mxnet
