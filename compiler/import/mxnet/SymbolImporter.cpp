// SPDX-License-Identifier: Apache-2.0
// Builds the graph stage node by node. A variable becomes a constant or an
// argument when its first user is built: by then its shape is known from the
// command line, the weights, its own attributes or that user. What depends on
// zeros of unknown shape, the first state of a recurrent cell, waits until a
// user determines its shape.
#include "compiler/import/mxnet/SymbolImporter.h"

#include "compiler/import/MemoryCheck.h"
#include "compiler/import/mxnet/InputOptions.h"
#include "compiler/import/mxnet/MaskCounts.h"
#include "compiler/import/mxnet/ResolvedSymbol.h"
#include "dlc/abi.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace dlc::mxnet {

namespace {

/// Imports one symbol.
class SymbolImporter {
public:
  SymbolImporter(MLIRContext &context, const ResolvedSymbol &symbol,
                 const std::string &file, std::shared_ptr<WeightStore> weights,
                 const ImportOptions &options, DiagnosticList &diagnostics)
      : symbol(symbol), file(file), weights(std::move(weights)),
        options(options), diagnostics(diagnostics), builder(&context),
        values(symbol.size()), nextNumber(symbol.size()),
        operationsLeft(options.maxOperations), ownCounts(options.counts) {}

  OwningOpRef<ModuleOp> import();

private:
  // Variables.
  void importVariable(size_t index);
  Value addInput(size_t index, ArrayRef<int64_t> shape, Type element);
  Value addWeight(size_t index, const Weight &weight);
  std::optional<Shape> getDeclaredShape(size_t index);
  Type getDeclaredElement(size_t index);
  bool isParameter(StringRef operandName) const;

  // Operators.
  bool hasUnknownShape(size_t index) const;
  void importOperator(size_t index);
  SmallVector<Value> collectInputs(size_t index);
  bool inferInputs(size_t index, MutableArrayRef<Value> inputs,
                   const std::optional<Shape> &resultShape);
  void build(size_t index, ArrayRef<Value> inputs);
  Value materialise(size_t user, size_t input, ArrayRef<int64_t> shape);
  Values fill(size_t index, ArrayRef<int64_t> shape);
  NodeBuilder makeBuilder(size_t index, ArrayRef<Value> inputs);
  Values importInner(size_t index, size_t which, ArrayRef<Value> given);
  Values importAsInner(SymbolImporter &outer, ArrayRef<Value> given);
  void reportVariable(size_t user, size_t input, ArrayRef<Value> inputs);
  void reportOwnShape(size_t index);
  void reportUnknownShape(size_t index);

  void addInternals(SmallVectorImpl<Value> &results,
                    std::vector<std::string> &names);
  Value getSeed();

  void finish(func::FuncOp function);
  void setVariables(func::FuncOp function);

  bool fail(size_t index, DiagnosticCode code, const Twine &what) {
    return diagnostics.add(code, symbol.get(index).place, what.str());
  }

  const ResolvedSymbol &symbol;
  const std::string &file;
  std::shared_ptr<WeightStore> weights;
  const ImportOptions &options;
  DiagnosticList &diagnostics;
  OpBuilder builder;
  Block *body = nullptr;

  /// By node: its outputs; empty while a node is not built or its shape not
  /// known, null where a problem was reported.
  std::vector<Values> values;
  /// How many waiting operators are being given their shape.
  unsigned depth = 0;
  static constexpr unsigned maxDepth = 100;
  /// The graph that this one is inside of; null for the model.
  SymbolImporter *parent = nullptr;
  SymbolImporter &getRoot() { return parent ? parent->getRoot() : *this; }
  /// The subgraphs that were needed so far.
  std::map<const Symbol *, std::unique_ptr<ResolvedSymbol>> innerSymbols;
  /// Numbers of nodes: where those of this graph begin, and the next free one.
  int64_t firstNumber = 0, nextNumber = 0;
  /// See NodeBuilder::Surroundings; the outermost graph's counts.
  int64_t operationsLeft;
  static constexpr int64_t maxNodes = 1 << 16;
  /// The argument that is no variable of the model; null if there is none.
  Value seed;
  MaskCounts ownCounts, *counts = &ownCounts;
  /// The node of each other argument, ascending.
  std::vector<size_t> arguments;
};

} // namespace

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

std::optional<Shape> SymbolImporter::getDeclaredShape(size_t index) {
  return dlc::mxnet::getDeclaredShape(symbol.getNode(index),
                                      symbol.getSymbol().usesNumpyShapes,
                                      symbol.get(index).place, diagnostics);
}

Type SymbolImporter::getDeclaredElement(size_t index) {
  const Node &node = symbol.getNode(index);
  ElementType type = dlc::mxnet::getDeclaredElement(
      node, symbol.get(index).place, diagnostics);
  if (const InputOption *input = findInputOption(options, node.name))
    type = input->type.value_or(type);
  return getMLIRType(builder.getContext(), type);
}

Value SymbolImporter::addInput(size_t index, ArrayRef<int64_t> shape,
                               Type element) {
  if (!element)
    return {};
  if (std::string what = checkSize("the input", shape); !what.empty()) {
    fail(index, DiagnosticCode::SizeOverflow, what);
    return {};
  }
  // Arguments keep the order of the model, whenever they are found.
  auto place = llvm::lower_bound(arguments, index);
  unsigned position = place - arguments.begin();
  arguments.insert(place, index);
  Location loc =
      NameLoc::get(builder.getStringAttr(symbol.getNode(index).name));
  return body->insertArgument(position, RankedTensorType::get(shape, element),
                              loc);
}

Value SymbolImporter::addWeight(size_t index, const Weight &weight) {
  const std::string &name = symbol.getNode(index).name;
  Type element = getMLIRType(builder.getContext(), weight.type);
  std::optional<Shape> declared = getDeclaredShape(index);
  if (declared && ArrayRef<int64_t>(*declared) != ArrayRef(weight.shape)) {
    fail(index, DiagnosticCode::ParameterShape,
         "is declared as " + dimsText(*declared) +
             ", but its value has the "
             "shape " +
             dimsText(weight.shape));
    return {};
  }
  if (std::string what = checkSize("the value", weight.shape); !what.empty()) {
    fail(index, DiagnosticCode::SizeOverflow, what);
    return {};
  }
  auto type = RankedTensorType::get(weight.shape, element);
  // The file's bytes are used where they are; the blob keeps them alive.
  ArrayRef<char> bytes(weight.data.data(), weight.data.size());
  AsmResourceBlob blob = UnmanagedAsmResourceBlob::allocateWithAlign(
      bytes, getElementSize(weight.type),
      [keep = weights](void *, size_t, size_t) {});
  auto value = DenseResourceElementsAttr::get(type, name, std::move(blob));
  OpBuilder::InsertionGuard guard(builder);
  Location loc = NameLoc::get(builder.getStringAttr(name));
  return graph::ConstantOp::create(builder, loc, type, value,
                                   builder.getStringAttr(name));
}

void SymbolImporter::importVariable(size_t index) {
  const std::string &name = symbol.getNode(index).name;
  if (const InputOption *input = findInputOption(options, name)) {
    Shape shape;
    for (const InputDim &dim : input->shape)
      shape.push_back(dim.size);
    values[index] = {addInput(index, shape, getDeclaredElement(index))};
    return;
  }
  if (!symbol.get(index).isNeeded)
    return;
  if (const Weight *weight = weights ? weights->find(name) : nullptr)
    values[index] = {addWeight(index, *weight)};
  else if (std::optional<Shape> shape = getDeclaredShape(index))
    values[index] = {addInput(index, *shape, getDeclaredElement(index))};
}

/// Layers call what is learnt by these names; without a value it is missing.
bool SymbolImporter::isParameter(StringRef name) const {
  static constexpr llvm::StringLiteral names[] = {
      "weight",      "bias",       "gamma",     "beta",
      "moving_mean", "moving_var", "parameters"};
  return weights && llvm::is_contained(names, name);
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// Recurrent cells start from zeros whose batch size is left to inference.
bool SymbolImporter::hasUnknownShape(size_t index) const {
  const ResolvedNode &info = symbol.get(index);
  StringRef name = info.row ? info.row->getName() : "";
  if (symbol.getSymbol().usesNumpyShapes ||
      (name != "_zeros" && name != "_ones" && name != "_full"))
    return false;
  return llvm::is_contained(info.attributes.getShape("shape"), 0);
}

SmallVector<Value> SymbolImporter::collectInputs(size_t index) {
  SmallVector<Value> inputs;
  for (Entry entry : symbol.getNode(index).inputs) {
    const Values &source = values[entry.node];
    inputs.push_back(entry.output < source.size() ? source[entry.output]
                                                  : Value());
  }
  return inputs;
}

NodeBuilder SymbolImporter::makeBuilder(size_t index, ArrayRef<Value> inputs) {
  const ResolvedNode &info = symbol.get(index);
  Location loc =
      NameLoc::get(builder.getStringAttr(symbol.getNode(index).name));
  NodeBuilder::Surroundings surroundings{
      [this] { return getSeed(); },
      [this, index](size_t which, ArrayRef<Value> given) {
        return importInner(index, which, given);
      },
      counts,
      symbol.getNode(index).subgraphs.size(),
      firstNumber + int64_t(index),
      getRoot().operationsLeft};
  return NodeBuilder(
      builder, loc, info.attributes, inputs, info.inputNames, info.place,
      diagnostics, symbol.getSymbol().usesNumpyShapes, std::move(surroundings));
}

/// Builds subgraph \p which of a node where this graph is being built.
Values SymbolImporter::importInner(size_t index, size_t which,
                                   ArrayRef<Value> given) {
  const Symbol &inner = *symbol.getNode(index).subgraphs[which];
  if (inner.arguments.size() != given.size()) {
    fail(index, DiagnosticCode::BadAttribute,
         "its subgraph " + Twine(which) + " takes " +
             Twine(inner.arguments.size()) + " values, but gets " +
             Twine(given.size()));
    return {};
  }
  // Loops in loops multiply.
  SymbolImporter &root = getRoot();
  root.nextNumber += int64_t(inner.nodes.size());
  if (root.nextNumber > maxNodes) {
    fail(index, DiagnosticCode::UnsupportedAttribute,
         "unrolled, the loops of the model have more than " + Twine(maxNodes) +
             " nodes");
    return {};
  }
  std::unique_ptr<ResolvedSymbol> &resolved = innerSymbols[&inner];
  if (!resolved) {
    Symbol copy = inner;
    // Only the outermost graph says these.
    copy.version = symbol.getSymbol().version;
    copy.usesNumpyShapes = symbol.getSymbol().usesNumpyShapes;
    resolved = std::make_unique<ResolvedSymbol>(
        std::move(copy), file, ArrayRef<std::string>(), diagnostics);
  }
  ImportOptions noOptions;
  SymbolImporter importer(*builder.getContext(), *resolved, file, weights,
                          noOptions, diagnostics);
  importer.firstNumber = root.nextNumber - int64_t(inner.nodes.size());
  return importer.importAsInner(*this, given);
}

/// Builds this graph inside of \p outer. \returns its results; none or null
/// ones where a problem was reported.
Values SymbolImporter::importAsInner(SymbolImporter &outer,
                                     ArrayRef<Value> given) {
  const std::vector<uint32_t> &variables = symbol.getSymbol().arguments;
  if (llvm::is_contained(given, Value()))
    return {};
  parent = &outer;
  counts = outer.counts;
  builder.restoreInsertionPoint(outer.builder.saveInsertionPoint());
  body = outer.body;
  for (auto [variable, value] : llvm::zip(variables, given))
    values[variable] = {value};
  for (size_t i = 0; i < symbol.size(); ++i)
    if (!symbol.getNode(i).isVariable() && symbol.get(i).isNeeded)
      importOperator(i);
  Values results;
  for (const ResolvedHead &head : symbol.getHeads()) {
    const Values &source = values[head.entry.node];
    if (source.empty())
      reportUnknownShape(head.entry.node);
    results.push_back(head.entry.output < source.size()
                          ? source[head.entry.output]
                          : Value());
  }
  return results;
}

/// The argument from which random numbers follow, behind all others.
Value SymbolImporter::getSeed() {
  if (parent)
    return parent->getSeed();
  if (seed)
    return seed;
  for (size_t i = 0; i < symbol.size(); ++i)
    if (symbol.getNode(i).isVariable() &&
        symbol.getNode(i).name == DLC_SEED_INPUT) {
      fail(i, DiagnosticCode::UnsupportedModel,
           "has the name of the input that random numbers depend on");
      return {};
    }
  auto type = RankedTensorType::get({1}, builder.getI64Type());
  Location loc = NameLoc::get(builder.getStringAttr(DLC_SEED_INPUT));
  return seed = body->addArgument(type, loc);
}

/// Builds zeros (or ones, ...) of which users need the given dimensions.
Values SymbolImporter::fill(size_t index, ArrayRef<int64_t> needed) {
  const ResolvedNode &info = symbol.get(index);
  NodeBuilder node = makeBuilder(index, {});
  Shape shape = node.getShape("shape");
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0 && needed.size() == shape.size())
      shape[i] = needed[i];
  if (llvm::any_of(shape, [](int64_t dim) { return dim < 1; })) {
    reportUnknownShape(index);
    return Values(1);
  }
  StringRef name = info.row->getName();
  double value = name == "_zeros"  ? 0
                 : name == "_ones" ? 1
                                   : info.attributes.getFloat("value");
  return {
      node.splat(shape, node.element(info.attributes.getType("dtype")), value)};
}

/// Gives what waits for its shape - a variable, zeros, an operator on such
/// zeros - the shape that a user needs.
Value SymbolImporter::materialise(size_t user, size_t input,
                                  ArrayRef<int64_t> shape) {
  Entry entry = symbol.getNode(user).inputs[input];
  size_t index = entry.node;
  if (!symbol.getNode(index).isVariable()) {
    if (hasUnknownShape(index)) {
      values[index] = fill(index, shape);
    } else {
      SmallVector<Value> inputs = collectInputs(index);
      bool known =
          ++depth < maxDepth && inferInputs(index, inputs, Shape(shape));
      --depth;
      if (known)
        build(index, inputs);
      else
        reportUnknownShape(index);
    }
    return entry.output < values[index].size() ? values[index][entry.output]
                                               : Value();
  }
  if (llvm::is_contained(shape, -1)) {
    reportUnknownShape(index);
    return {};
  }
  if (isParameter(symbol.get(user).inputNames[input]))
    fail(index, DiagnosticCode::MissingParameter,
         "the parameters file has no value for it (shape " + dimsText(shape) +
             "); give a file that has, or make it an input with --input " +
             symbol.getNode(index).name + "=" + dimsText(shape));
  values[index] = {addInput(index, shape, getDeclaredElement(index))};
  return values[index].front();
}

/// Asks the operator for the shapes of the inputs that have none yet.
/// \returns false if there are some that only a user can determine.
bool SymbolImporter::inferInputs(size_t index, MutableArrayRef<Value> inputs,
                                 const std::optional<Shape> &resultShape) {
  const ResolvedNode &info = symbol.get(index);
  SmallVector<size_t> unknown;
  bool waits = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t source = symbol.getNode(index).inputs[i].node;
    if (info.ignoresInput[i])
      continue;
    // What is built already has a value, or a null one that was reported.
    if (!values[source].empty()) {
      inputs[i] = collectInputs(index)[i];
      continue;
    }
    NodeBuilder node = makeBuilder(index, inputs);
    if (resultShape)
      node.setResultShape(*resultShape);
    std::optional<Shape> shape;
    if (info.row->infer)
      shape = info.row->infer(node, i);
    if (shape)
      inputs[i] = materialise(index, i, *shape);
    else if (symbol.getNode(source).isVariable())
      unknown.push_back(i);
    else
      waits = true;
  }
  // A variable's shape may follow from that of an input that waits.
  if (waits)
    return false;
  for (size_t i : unknown)
    reportVariable(index, i, inputs);
  return true;
}

/// Reports a variable that has neither a value nor a shape. Where another input
/// was reported, its shape may only be missing because of that.
void SymbolImporter::reportVariable(size_t user, size_t input,
                                    ArrayRef<Value> inputs) {
  size_t index = symbol.getNode(user).inputs[input].node;
  if (isParameter(symbol.get(user).inputNames[input])) {
    values[index] = Values(1);
    fail(index, DiagnosticCode::MissingParameter,
         "the parameters file has no value for it; give a file that has, or "
         "make it an input with --input " +
             symbol.getNode(index).name + "=1x2x...");
    return;
  }
  for (auto [i, entry] : llvm::enumerate(symbol.getNode(user).inputs))
    if (!inputs[i] && !values[entry.node].empty() && entry.node != index) {
      values[index] = Values(1);
      return;
    }
  reportUnknownShape(index);
}

void SymbolImporter::reportOwnShape(size_t index) {
  const Node &node = symbol.getNode(index);
  if (node.isVariable())
    fail(index, DiagnosticCode::UnknownShape,
         "its shape is not known; give it with --input " + node.name +
             "=1x2x...");
  else if (hasUnknownShape(index))
    fail(index, DiagnosticCode::UnknownShape,
         "its shape has unknown dimensions that no user determines");
}

/// Reports the variables and zeros because of which \p index has no shape.
void SymbolImporter::reportUnknownShape(size_t index) {
  SmallVector<size_t> worklist{index};
  while (!worklist.empty()) {
    size_t waiting = worklist.pop_back_val();
    reportOwnShape(waiting);
    values[waiting] =
        Values(std::max<size_t>(symbol.get(waiting).outputNames.size(), 1));
    for (Entry entry : symbol.getNode(waiting).inputs)
      if (values[entry.node].empty() && symbol.get(entry.node).isNeeded &&
          !llvm::is_contained(worklist, entry.node))
        worklist.push_back(entry.node);
  }
}

void SymbolImporter::build(size_t index, ArrayRef<Value> inputs) {
  const ResolvedNode &info = symbol.get(index);
  NodeBuilder node = makeBuilder(index, inputs);
  bool complete = true;
  for (size_t i = 0; i < inputs.size(); ++i)
    complete &= inputs[i] || info.ignoresInput[i];
  size_t problems = diagnostics.size();
  if (complete)
    values[index] = info.row->build(node);
  // Nobody may be left without a result or a reason.
  bool hasResult = !values[index].empty() && values[index].front();
  if (complete && !hasResult && diagnostics.size() == problems)
    fail(index, DiagnosticCode::ShapeMismatch,
         "the shapes of its inputs don't fit it or its attributes");
  values[index].resize(std::max<size_t>(info.outputNames.size(), 1));
}

void SymbolImporter::importOperator(size_t index) {
  const ResolvedNode &info = symbol.get(index);
  if (!info.row || info.problems.size()) {
    values[index] = Values(std::max<size_t>(info.outputNames.size(), 1));
    return;
  }
  if (hasUnknownShape(index))
    return;
  SmallVector<Value> inputs = collectInputs(index);
  if (inferInputs(index, inputs, std::nullopt))
    build(index, inputs);
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

/// Notes every variable's name: whoever runs the artifact may hand in values
/// that inference does not need, labels for example.
void SymbolImporter::setVariables(func::FuncOp function) {
  SmallVector<Attribute> names;
  for (size_t i = 0; i < symbol.size(); ++i)
    if (symbol.getNode(i).isVariable())
      names.push_back(builder.getStringAttr(symbol.getNode(i).name));
  function->getParentOp()->setDiscardableAttr("graph.variables",
                                              builder.getArrayAttr(names));
}

/// Adds what operators compute on the way to the outputs.
void SymbolImporter::addInternals(SmallVectorImpl<Value> &results,
                                  std::vector<std::string> &names) {
  for (uint32_t i = 0; i < symbol.size(); ++i)
    for (auto [j, value] : llvm::enumerate(values[i]))
      if (value && !symbol.getNode(i).isVariable()) {
        results.push_back(value);
        names.push_back(symbol.getOutputName({i, static_cast<uint32_t>(j)}));
      }
}

void SymbolImporter::finish(func::FuncOp function) {
  SmallVector<Value> results;
  std::vector<std::string> names;
  for (const ResolvedHead &head : symbol.getHeads()) {
    const Values &source = values[head.entry.node];
    if (source.empty())
      reportUnknownShape(head.entry.node);
    Value value =
        head.entry.output < source.size() ? source[head.entry.output] : Value();
    if (!value && diagnostics.empty())
      fail(head.entry.node, DiagnosticCode::MissingOutput,
           "its output '" + head.name + "' has no value in inference");
    results.push_back(value);
    names.push_back(head.name);
  }
  if (!diagnostics.empty())
    return;
  if (options.withInternals)
    addInternals(results, names);
  func::ReturnOp::create(builder, function.getLoc(), results);
  setVariables(function);
  function.setFunctionType(builder.getFunctionType(
      body->getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, index] : llvm::enumerate(arguments))
    function.setArgAttr(i, "graph.name",
                        builder.getStringAttr(symbol.getNode(index).name));
  if (seed)
    function.setArgAttr(arguments.size(), "graph.name",
                        builder.getStringAttr(DLC_SEED_INPUT));
  for (auto [i, name] : llvm::enumerate(names))
    function.setResultAttr(i, "graph.name", builder.getStringAttr(name));
}

OwningOpRef<ModuleOp> SymbolImporter::import() {
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType({}, {}));
  body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);

  checkInputOptions(symbol, options, file, diagnostics);
  if (!diagnostics.empty() && llvm::any_of(options.inputs, [](auto &input) {
        return llvm::any_of(
            input.shape, [](const InputDim &dim) { return !dim.name.empty(); });
      }))
    return nullptr;
  for (size_t i = 0; i < symbol.size(); ++i)
    if (symbol.getNode(i).isVariable())
      importVariable(i);
  for (size_t i = 0; i < symbol.size(); ++i)
    if (!symbol.getNode(i).isVariable() && symbol.get(i).isNeeded)
      importOperator(i);
  finish(function);
  if (!diagnostics.empty())
    return nullptr;
  if (!checkMemory(function, options.memoryLimit, file, diagnostics))
    return nullptr;
  if (failed(mlir::verify(*module))) {
    diagnostics.add(DiagnosticCode::InternalError, {file, "", "", -1},
                    "the imported module is not valid");
    return nullptr;
  }
  return module;
}

OwningOpRef<ModuleOp> importSymbol(MLIRContext &context, Symbol symbol,
                                   const std::string &file,
                                   std::shared_ptr<WeightStore> weights,
                                   const ImportOptions &options,
                                   DiagnosticList &diagnostics) {
  ResolvedSymbol resolved(std::move(symbol), file, options.outputs,
                          diagnostics);
  return SymbolImporter(context, resolved, file, std::move(weights), options,
                        diagnostics)
      .import();
}

} // namespace dlc::mxnet
