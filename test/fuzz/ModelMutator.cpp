// SPDX-License-Identifier: Apache-2.0
// Changes a model as one: another value for an attribute, another operator,
// another shape or dtype, another input. Bytes changed at random seldom leave
// a symbol that gets past the parser.
#include "compiler/import/mxnet/Operators.h"
#include "test/fuzz/ParamsMutator.h"
#include "llvm/ADT/StringExtras.h"

#include <nlohmann/json.hpp>

using nlohmann::json;
using namespace dlc::mxnet;
using dlc::fuzz::Chance;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

/// Draws changes and makes them.
class Mutator : Chance {
public:
  using Chance::Chance;

  /// Changes a model in place: \p line has the inputs' shapes, \p params is a
  /// container.
  void change(std::string &line, json &symbol, std::string &params);

private:
  std::string makeTuple(int64_t minimum, bool allowNone);
  std::string makeValue(const dlc::mxnet::AttributeSpec &spec);
  const OperatorRow &pickRow();

  void changeLimit(std::string &line);
  void changeLine(std::string &line);
  void changeVariable(json &node);
  void changeAttribute(json &node);
  void changeOperator(json &node, size_t index);
  void changeInput(json &node, size_t index);
  void changeNode(json &symbol);
  void addNode(json &symbol);
  void makeModel(std::string &line, json &symbol);
  void changeValues(std::string &line, const json &symbol, std::string &params);
};

} // namespace

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::string Mutator::makeTuple(int64_t minimum, bool allowNone) {
  std::string text = "(";
  for (size_t left = below(6); left--;)
    text += (allowNone && !below(3) ? "None" : makeInteger(minimum)) + ",";
  return text + ")";
}

std::string Mutator::makeValue(const dlc::mxnet::AttributeSpec &spec) {
  static constexpr const char *types[] = {
      "float32", "float64", "float16", "int8", "uint8",  "int32",   "int64",
      "bool",    "int16",   "uint32",  "None", "uint64", "bfloat16"};
  if ((spec.isOptional && !below(6)) || !below(50))
    return "None";
  switch (spec.kind) {
  case AttributeKind::Bool:
    return below(2) ? "True" : "False";
  case AttributeKind::Int:
    return makeInteger(spec.minimum);
  case AttributeKind::Float:
    return makeFloat();
  case AttributeKind::Shape:
    return makeTuple(spec.minimum, false);
  case AttributeKind::Slots:
    return makeTuple(INT64_MIN, true);
  case AttributeKind::Floats: {
    std::string text = "(";
    for (size_t left = below(5); left--;)
      text += makeFloat() + ",";
    return text + ")";
  }
  case AttributeKind::DType:
    return pick(types);
  case AttributeKind::Enum:
    return std::string(spec.words.empty() ? "" : pick(spec.words));
  case AttributeKind::String:
    return below(2) ? makeInteger(INT64_MIN) : makeTuple(INT64_MIN, true);
  }
  return "";
}

const OperatorRow &Mutator::pickRow() {
  static const auto families = getOperatorFamilies();
  return pick(pick(families).rows);
}

//===----------------------------------------------------------------------===//
// Changes
//===----------------------------------------------------------------------===//

/// Another shape for one of the inputs.
void Mutator::changeLine(std::string &line) {
  llvm::SmallVector<llvm::StringRef> items;
  llvm::StringRef(line).split(items, ' ');
  size_t changed = below(items.size());
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    text += (i ? " " : "");
    if (i != changed) {
      text += items[i];
      continue;
    }
    auto [name, shape] = items[i].split('=');
    llvm::SmallVector<llvm::StringRef> dims;
    shape.split(dims, 'x');
    std::string size = makeInteger(1);
    switch (below(4)) {
    case 0:
      dims.insert(dims.begin() + below(dims.size() + 1), size);
      break;
    case 1:
      dims.erase(dims.begin() + below(dims.size()));
      break;
    default:
      pick(dims) = size;
    }
    text += (name + "=" + llvm::join(dims, "x")).str();
  }
  line = std::move(text);
}

/// The name under which versions of the format have a node's attributes.
static json &getAttributes(json &node) {
  for (const char *key : {"attrs", "attr", "param"})
    if (node.contains(key) && node[key].is_object())
      return node[key];
  return node["attrs"] = json::object();
}

void Mutator::changeVariable(json &node) {
  json &attributes = getAttributes(node);
  switch (below(4)) {
  case 0:
    attributes["__shape__"] = makeTuple(0, false);
    break;
  case 1:
    attributes.erase("__shape__");
    break;
  default:
    attributes["__dtype__"] = std::to_string(below(13));
  }
}

void Mutator::changeAttribute(json &node) {
  const OperatorRow *row = findOperator(node["op"].get<std::string>());
  auto specs = parseAttributeSpecs(row ? row->attributes : "");
  if (specs.empty())
    return;
  const auto &spec = pick(specs);
  json &attributes = getAttributes(node);
  if (below(8))
    attributes[std::string(spec.name)] = makeValue(spec);
  else
    attributes.erase(std::string(spec.name));
}

/// Another operator, with the attributes that it can't be without and the
/// number of inputs that it has.
void Mutator::changeOperator(json &node, size_t index) {
  const OperatorRow &row = pickRow();
  node["op"] = row.getName().str();
  json &attributes = getAttributes(node);
  for (const auto &spec : parseAttributeSpecs(row.attributes))
    if ((spec.isRequired && !attributes.contains(std::string(spec.name))) ||
        !below(4))
      attributes[std::string(spec.name)] = makeValue(spec);
  // Keys that only the former operator knew would be refused.
  auto specs = parseAttributeSpecs(row.attributes);
  for (auto it = attributes.begin(); it != attributes.end();)
    if (llvm::none_of(specs, [&](auto &spec) { return spec.name == it.key(); }))
      it = attributes.erase(it);
    else
      ++it;

  size_t count = 0;
  for (llvm::StringRef input : llvm::split(row.inputs, ' '))
    count += !input.contains('[') || below(2);
  if (row.inputs.contains('*'))
    count += below(3);
  json &inputs = node["inputs"];
  while (inputs.size() > count)
    inputs.erase(inputs.size() - 1);
  while (index && inputs.size() < count)
    inputs.push_back({below(index), 0, 0});
}

void Mutator::changeInput(json &node, size_t index) {
  json &inputs = node["inputs"];
  if (!index || inputs.empty())
    return;
  size_t changed = below(inputs.size());
  switch (below(6)) {
  case 0:
    inputs.erase(changed);
    break;
  case 1:
    inputs.push_back({below(index), 0, 0});
    break;
  case 2:
    inputs[changed] = {below(index), below(3), 0};
    break;
  default:
    inputs[changed] = {below(index), 0, 0};
  }
}

void Mutator::changeNode(json &symbol) {
  json &nodes = symbol["nodes"];
  size_t index = below(nodes.size());
  json &node = nodes[index];
  if (node.contains("subgraphs") && !node["subgraphs"].empty() && below(2)) {
    changeNode(pick(node["subgraphs"]));
    return;
  }
  if (node["op"] == "null") {
    changeVariable(node);
    return;
  }
  switch (below(8)) {
  case 0:
    changeOperator(node, index);
    break;
  case 1:
    changeInput(node, index);
    break;
  default:
    changeAttribute(node);
  }
}

/// An operator on what there is, as one more output.
void Mutator::addNode(json &symbol) {
  json &nodes = symbol["nodes"];
  size_t index = nodes.size();
  if (index > 32)
    return;
  json node = {{"op", ""}, {"name", "n" + std::to_string(index)}};
  node["inputs"] = json::array();
  changeOperator(node, index);
  nodes.push_back(std::move(node));
  if (below(2))
    symbol["heads"] = json::array();
  symbol["heads"].push_back({index, 0, 0});
}

/// A new model: an operator or two on variables of any rank, some of which the
/// importer has to infer.
void Mutator::makeModel(std::string &line, json &symbol) {
  line.clear();
  symbol = {{"nodes", json::array()}, {"heads", json::array()}};
  for (size_t i = 0, count = 1 + below(4); i < count; ++i) {
    std::string name = "x" + std::to_string(i), shape;
    for (size_t left = below(6); left--;)
      shape += (shape.empty() ? "" : "x") + std::to_string(1 + below(4));
    symbol["nodes"].push_back(
        {{"op", "null"}, {"name", name}, {"inputs", json::array()}});
    if (below(6))
      line += (line.empty() ? "" : " ") + name + "=" + shape;
  }
  for (size_t left = 1 + below(2); left--;)
    addNode(symbol);
}

/// Another number of operations after which there is no room.
void Mutator::changeLimit(std::string &line) {
  if (line.compare(0, 11, "operations=") == 0)
    line.erase(0, line.find(' ') + 1);
  if (below(4))
    line = "operations=" + std::to_string(below(below(4) ? 32 : 512) + 1) +
           " " + line;
}

/// Another value for one of the variables.
void Mutator::changeValues(std::string &line, const json &symbol,
                           std::string &params) {
  std::vector<std::string> names;
  for (const json &node : symbol["nodes"])
    if (node["op"] == "null" && node.contains("name") &&
        node["name"].is_string())
      names.push_back(node["name"]);
  changeParams(*this, names, line, params);
}

void Mutator::change(std::string &line, json &symbol, std::string &params) {
  if (!below(8)) {
    makeModel(line, symbol);
    params.clear();
    for (size_t left = below(3); left--;)
      changeValues(line, symbol, params);
  }
  for (size_t left = 1 + below(3); left--;)
    switch (below(9)) {
    case 0:
      changeLimit(line);
      break;
    case 1:
      changeLine(line);
      break;
    case 2:
      addNode(symbol);
      break;
    case 3:
      changeValues(line, symbol, params);
      break;
    default:
      changeNode(symbol);
    }
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Whether the changes above can do without looking.
static bool isSymbol(const json &symbol) {
  if (!symbol.is_object() || !symbol.contains("nodes") ||
      !symbol["nodes"].is_array() || symbol["nodes"].empty() ||
      !symbol.contains("heads") || !symbol["heads"].is_array())
    return false;
  return llvm::all_of(symbol["nodes"], [](const json &node) {
    bool isNode = node.is_object() && node.contains("op") &&
                  node["op"].is_string() && node.contains("inputs") &&
                  node["inputs"].is_array();
    if (!isNode || !node.contains("subgraphs"))
      return isNode;
    return node["subgraphs"].is_array() &&
           llvm::all_of(node["subgraphs"], isSymbol);
  });
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  Mutator mutator(seed);
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto [head, rest] = text.split('\n');
  auto [symbolText, bytes] = rest.split('\0');
  json symbol =
      json::parse(symbolText.begin(), symbolText.end(), nullptr, false);
  if (seed % 8 == 0 || !isSymbol(symbol))
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string line = head.str(), params = bytes.str();
  mutator.change(line, symbol, params);
  std::string changed =
      line + "\n" + symbol.dump(-1, ' ', false, json::error_handler_t::replace);
  if (!params.empty())
    changed += '\0' + params;
  if (changed.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}
