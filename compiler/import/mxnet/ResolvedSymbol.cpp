// SPDX-License-Identifier: Apache-2.0
// Looks up what each node of a symbol means.
#include "compiler/import/mxnet/ResolvedSymbol.h"

using namespace mlir;

namespace dlc::mxnet {

/// Files older than this leave auxiliary variables out.
static constexpr int64_t firstVersionWithAux = 900;
/// Files older than this wrote argmax's "no axis" as -1.
static constexpr int64_t firstVersionWithNoAxis = 905;

ResolvedSymbol::ResolvedSymbol(Symbol input, const std::string &file,
                               ArrayRef<std::string> outputs,
                               DiagnosticList &diagnostics)
    : symbol(std::move(input)), file(file) {
  size_t count = symbol.nodes.size();
  resolved.resize(count);
  for (size_t i = 0; i < count; ++i)
    resolveNode(i);
  for (size_t i = 0; i < count; ++i)
    checkEntries(i);
  resolveHeads(outputs, diagnostics);
  markNeeded();
  for (const ResolvedNode &node : resolved)
    if (node.isNeeded)
      for (const Diagnostic &problem : node.problems.get())
        diagnostics.add(problem.code, problem.place, problem.message);
}

void ResolvedSymbol::resolveNode(size_t index) {
  Node &node = symbol.nodes[index];
  ResolvedNode &info = resolved[index];
  info.place = {file, node.name, node.op, static_cast<int64_t>(index)};
  if (node.isVariable()) {
    info.outputNames.push_back("");
    return;
  }
  info.row = findOperator(node.op);
  if (StringRef reason = findUnsupportedReason(node.op);
      !info.row && !reason.empty()) {
    info.problems.add(DiagnosticCode::UnsupportedOperator, info.place,
                      "can't be compiled: " + reason.str());
    info.ignoresInput.resize(node.inputs.size());
    return;
  }
  if (!info.row) {
    std::string what = "the operator '" + node.op + "' is not known";
    if (StringRef nearest = findNearestOperator(node.op); !nearest.empty())
      what += "; did you mean '" + nearest.str() + "'?";
    info.problems.add(DiagnosticCode::UnknownOperator, info.place, what);
    info.ignoresInput.resize(node.inputs.size());
    return;
  }
  StringRef name = info.row->getName();
  if (symbol.version < firstVersionWithNoAxis &&
      (name == "argmax" || name == "argmin"))
    if (auto axis = node.attributes.find("axis");
        axis != node.attributes.end() && axis->second == "-1")
      node.attributes.erase(axis);
  bool good = parseAttributes(
      parseAttributeSpecs(std::string_view(info.row->attributes)),
      node.attributes, info.place, info.attributes, info.problems);
  if (good)
    resolveOperands(index);
  else
    info.ignoresInput.resize(node.inputs.size());
}

void ResolvedSymbol::resolveOperands(size_t index) {
  ResolvedNode &info = resolved[index];
  auto specs = getInputSpecs(*info.row, info.attributes,
                             symbol.nodes[index].inputs.size());
  if (symbol.version < firstVersionWithAux)
    for (size_t i = symbol.nodes[index].inputs.size(); i < specs.size(); ++i) {
      Node variable;
      variable.op = "null";
      variable.name = symbol.nodes[index].name + "_" + specs[i].name;
      uint32_t id = symbol.nodes.size();
      ResolvedNode added;
      added.place = {file, variable.name, "null", id};
      added.outputNames.push_back("");
      symbol.nodes[index].inputs.push_back({id, 0});
      symbol.nodes.push_back(std::move(variable));
      resolved.push_back(std::move(added));
    }
  // `info` may have moved.
  ResolvedNode &node = resolved[index];
  size_t count = symbol.nodes[index].inputs.size();
  for (const OperandSpec &spec : specs) {
    node.inputNames.push_back(spec.name);
    node.ignoresInput.push_back(spec.isIgnored);
  }
  node.ignoresInput.resize(count);
  node.outputNames = getOutputNames(*node.row, node.attributes);

  if (node.outputNames.size() > maxOutputs)
    node.problems.add(DiagnosticCode::BadAttribute, node.place,
                      "has more than " + std::to_string(maxOutputs) +
                          " outputs");

  if (count == 0 && node.row->inputs.contains('*'))
    node.problems.add(DiagnosticCode::WrongInputCount, node.place,
                      "has no inputs, but needs at least one");

  // A label may be left out.
  size_t required = llvm::count_if(
      specs, [](const OperandSpec &spec) { return !spec.isIgnored; });
  if (count > specs.size() || count < required || specs.size() < count)
    node.problems.add(DiagnosticCode::WrongInputCount, node.place,
                      "has " + std::to_string(count) + " inputs, but needs " +
                          std::to_string(specs.size()));
}

void ResolvedSymbol::checkEntries(size_t index) {
  for (auto [i, entry] : llvm::enumerate(symbol.nodes[index].inputs)) {
    const ResolvedNode &source = resolved[entry.node];
    // An unresolved node has its own problem.
    if (source.outputNames.empty() || entry.output < source.outputNames.size())
      continue;
    resolved[index].problems.add(
        DiagnosticCode::MissingOutput, resolved[index].place,
        "input " + std::to_string(i) + " is output " +
            std::to_string(entry.output) + " of node '" +
            symbol.nodes[entry.node].name + "', which has only " +
            std::to_string(source.outputNames.size()));
  }
}

std::string ResolvedSymbol::getOutputName(Entry entry) const {
  const Node &node = symbol.nodes[entry.node];
  const ResolvedNode &info = resolved[entry.node];
  if (node.isVariable())
    return node.name;
  if (entry.output >= info.outputNames.size())
    return node.name + "_output" + std::to_string(entry.output);
  return node.name + "_" + info.outputNames[entry.output];
}

void ResolvedSymbol::resolveHeads(ArrayRef<std::string> outputs,
                                  DiagnosticList &diagnostics) {
  if (outputs.empty()) {
    for (Entry entry : symbol.heads) {
      const ResolvedNode &info = resolved[entry.node];
      if (!info.outputNames.empty() && entry.output >= info.outputNames.size())
        diagnostics.add(DiagnosticCode::MissingOutput, info.place,
                        "the model's outputs name output " +
                            std::to_string(entry.output) +
                            " of this node, which has only " +
                            std::to_string(info.outputNames.size()));
      else
        heads.push_back({entry, getOutputName(entry)});
    }
    return;
  }
  std::map<std::string, Entry, std::less<>> all;
  for (uint32_t i = 0; i < symbol.nodes.size(); ++i)
    for (uint32_t j = 0; j < resolved[i].outputNames.size(); ++j)
      all.emplace(getOutputName({i, j}), Entry{i, j});
  for (const std::string &name : outputs) {
    auto found = all.find(name);
    if (found != all.end()) {
      heads.push_back({found->second, name});
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto &[candidate, entry] : all)
      names.push_back(candidate);
    std::string what = "the model has no output '" + name + "'";
    if (std::string_view nearest = findNearest(name, names); !nearest.empty())
      what += "; did you mean '" + std::string(nearest) + "'?";
    diagnostics.add(DiagnosticCode::UnknownOutput, {file, "", "", -1}, what);
  }
}

void ResolvedSymbol::markNeeded() {
  SmallVector<uint32_t> worklist;
  for (const ResolvedHead &head : heads)
    worklist.push_back(head.entry.node);
  while (!worklist.empty()) {
    uint32_t index = worklist.pop_back_val();
    if (resolved[index].isNeeded)
      continue;
    resolved[index].isNeeded = true;
    for (auto [i, entry] : llvm::enumerate(symbol.nodes[index].inputs))
      if (i >= resolved[index].ignoresInput.size() ||
          !resolved[index].ignoresInput[i])
        worklist.push_back(entry.node);
  }
}

} // namespace dlc::mxnet
