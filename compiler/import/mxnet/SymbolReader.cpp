// SPDX-License-Identifier: Apache-2.0
// The symbol file: {"nodes", "arg_nodes", "heads", optional "attrs"}. Writers
// of all ages are understood: a node's attributes are called attrs, attr or
// param, and an entry has two or three numbers.
#include "compiler/import/mxnet/SymbolReader.h"

#include "compiler/import/Json.h"

namespace dlc::mxnet {

using Json = nlohmann::json;

namespace {

/// Turns the tree into a Symbol and reports what does not fit.
class SymbolParser {
public:
  SymbolParser(const std::string &file, Symbol &symbol,
               DiagnosticList &diagnostics, unsigned depth = 0)
      : file(file), symbol(symbol), diagnostics(diagnostics), depth(depth) {}

  bool parse(const Json &root);

private:
  bool parseNode(const Json &json, int64_t index);
  bool parseAttributes(const Json &json, Node &node, int64_t index);
  bool parseInputs(const Json &json, Node &node, int64_t index);
  bool parseSubgraphs(const Json &json, Node &node, int64_t index);
  bool parseHeads(const Json &json);
  bool parseArgNodes(const Json &json);
  void parseGraphAttributes(const Json &json);

  bool fail(DiagnosticCode code, std::string what) {
    return diagnostics.add(code, {file, "", "", -1}, std::move(what));
  }
  bool failNode(DiagnosticCode code, const Node &node, int64_t index,
                std::string what) {
    std::string name =
        node.name.empty() ? "#" + std::to_string(index) : node.name;
    return diagnostics.add(code, {file, name, node.op, index}, std::move(what));
  }

  const std::string &file;
  Symbol &symbol;
  DiagnosticList &diagnostics;
  size_t nodeCount = 0;
  /// How many graphs this one is inside of.
  unsigned depth;
  static constexpr unsigned maxDepth = 16;
};

} // namespace

/// Reads [node, output] or [node, output, version].
static bool parseEntry(const Json &json, uint64_t &node, uint64_t &output) {
  if (!json.is_array() || json.size() < 2 || json.size() > 3)
    return false;
  for (const Json &number : json)
    if (!number.is_number_unsigned())
      return false;
  node = json[0].get<uint64_t>();
  output = json[1].get<uint64_t>();
  return output <= UINT32_MAX;
}

bool SymbolParser::parse(const Json &root) {
  if (!root.is_object())
    return fail(DiagnosticCode::MalformedSymbol,
                "not an MXNet symbol: the file is not a JSON object");
  bool good = true;
  for (const char *key : {"nodes", "arg_nodes", "heads"})
    if (!root.contains(key) || !root[key].is_array())
      good = fail(DiagnosticCode::MalformedSymbol,
                  std::string("not an MXNet symbol: the list '") + key +
                      "' is missing");
  if (!good)
    return false;

  const Json &nodes = root["nodes"];
  nodeCount = nodes.size();
  symbol.nodes.reserve(nodeCount);
  for (size_t i = 0; i < nodes.size(); ++i)
    good &= parseNode(nodes[i], static_cast<int64_t>(i));
  good &= parseArgNodes(root["arg_nodes"]);
  good &= parseHeads(root["heads"]);
  if (root.contains("attrs"))
    parseGraphAttributes(root["attrs"]);
  return good;
}

bool SymbolParser::parseNode(const Json &json, int64_t index) {
  Node &node = symbol.nodes.emplace_back();
  if (!json.is_object())
    return failNode(DiagnosticCode::MalformedSymbol, node, index,
                    "is not a JSON object");
  bool good = true;
  auto readString = [&](const char *key, std::string &value) {
    if (json.contains(key) && json[key].is_string())
      value = json[key].get_ref<const std::string &>();
    else
      good = failNode(DiagnosticCode::MalformedSymbol, node, index,
                      std::string("has no text '") + key + "'");
  };
  readString("name", node.name);
  readString("op", node.op);
  good &= parseAttributes(json, node, index);
  good &= parseSubgraphs(json, node, index);
  return parseInputs(json, node, index) && good;
}

bool SymbolParser::parseAttributes(const Json &json, Node &node,
                                   int64_t index) {
  // "param" is the oldest name; it never replaces what the others say.
  for (const char *key : {"attrs", "attr", "param"}) {
    if (!json.contains(key))
      continue;
    if (!json[key].is_object())
      return failNode(DiagnosticCode::MalformedSymbol, node, index,
                      std::string("'") + key + "' is not a JSON object");
    for (const auto &[name, value] : json[key].items()) {
      if (!value.is_string())
        return failNode(DiagnosticCode::MalformedSymbol, node, index,
                        "attribute '" + name + "' is not a text");
      node.attributes.emplace(name, value.get_ref<const std::string &>());
    }
  }
  return true;
}

bool SymbolParser::parseSubgraphs(const Json &json, Node &node, int64_t index) {
  if (!json.contains("subgraphs"))
    return true;
  if (!json["subgraphs"].is_array() || depth == maxDepth)
    return failNode(DiagnosticCode::MalformedSymbol, node, index,
                    "has 'subgraphs' that are no list or too deep");
  bool good = true;
  for (const Json &graph : json["subgraphs"]) {
    auto inner = std::make_shared<Symbol>();
    good &= SymbolParser(file, *inner, diagnostics, depth + 1).parse(graph);
    node.subgraphs.push_back(std::move(inner));
  }
  return good;
}

bool SymbolParser::parseInputs(const Json &json, Node &node, int64_t index) {
  if (!json.contains("inputs") || !json["inputs"].is_array())
    return failNode(DiagnosticCode::MalformedSymbol, node, index,
                    "has no list 'inputs'");
  const Json &inputs = json["inputs"];
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::string which = "input " + std::to_string(i);
    uint64_t from, output;
    if (!parseEntry(inputs[i], from, output))
      return failNode(DiagnosticCode::MalformedSymbol, node, index,
                      which + " is not a pair of a node and an output number");
    if (from < static_cast<uint64_t>(index)) {
      node.inputs.push_back(
          {static_cast<uint32_t>(from), static_cast<uint32_t>(output)});
      continue;
    }
    if (from >= nodeCount)
      return failNode(DiagnosticCode::MissingNode, node, index,
                      which + " names node " + std::to_string(from) +
                          ", but the model has only " +
                          std::to_string(nodeCount));
    return failNode(DiagnosticCode::CyclicGraph, node, index,
                    which + " is node " + std::to_string(from) +
                        ", which does not come before it: the graph has a "
                        "cycle or its nodes are out of order");
  }
  return true;
}

bool SymbolParser::parseHeads(const Json &json) {
  bool good = true;
  for (size_t i = 0; i < json.size(); ++i) {
    uint64_t node, output;
    std::string which = "head " + std::to_string(i);
    if (!parseEntry(json[i], node, output))
      good = fail(DiagnosticCode::MalformedSymbol,
                  which + " is not a pair of a node and an output number");
    else if (node >= symbol.nodes.size())
      good = fail(DiagnosticCode::MissingNode,
                  which + " names node " + std::to_string(node) +
                      ", but the model has only " +
                      std::to_string(symbol.nodes.size()));
    else
      symbol.heads.push_back(
          {static_cast<uint32_t>(node), static_cast<uint32_t>(output)});
  }
  if (json.empty())
    good = fail(DiagnosticCode::MalformedSymbol, "the model has no outputs");
  return good;
}

bool SymbolParser::parseArgNodes(const Json &json) {
  bool good = true;
  for (const Json &id : json) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= symbol.nodes.size()) {
      good = fail(DiagnosticCode::MissingNode,
                  "'arg_nodes' names a node that is missing: " +
                      id.dump(-1, ' ', true, Json::error_handler_t::replace));
      continue;
    }
    const Node &node = symbol.nodes[id.get<uint64_t>()];
    if (!node.isVariable())
      good = failNode(DiagnosticCode::MalformedSymbol, node, id.get<int64_t>(),
                      "is listed in 'arg_nodes' but is not a variable");
    symbol.arguments.push_back(id.get<uint32_t>());
  }
  return good;
}

void SymbolParser::parseGraphAttributes(const Json &json) {
  // Values are typed: ["int", 10901].
  auto readInt = [&](const char *key) -> int64_t {
    if (!json.is_object() || !json.contains(key))
      return 0;
    const Json &value = json[key];
    bool typed =
        value.is_array() && value.size() == 2 && value[1].is_number_integer();
    return typed ? value[1].get<int64_t>() : 0;
  };
  if (int64_t version = readInt("mxnet_version"))
    symbol.version = version;
  symbol.usesNumpyShapes = readInt("is_np_shape") != 0;
}

bool readSymbol(std::string_view text, const std::string &file, Symbol &symbol,
                DiagnosticList &diagnostics) {
  std::string error;
  std::optional<Json> root = parseJson(text, error);
  if (!root)
    return diagnostics.add(DiagnosticCode::MalformedJson, {file, "", "", -1},
                           "malformed JSON: " + error);
  return SymbolParser(file, symbol, diagnostics).parse(*root);
}

} // namespace dlc::mxnet
