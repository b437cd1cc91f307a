// SPDX-License-Identifier: Apache-2.0
// Reads MXNet's symbol JSON into nodes, before any operator is looked at.
#ifndef DLC_COMPILER_IMPORT_MXNET_SYMBOLREADER_H
#define DLC_COMPILER_IMPORT_MXNET_SYMBOLREADER_H

#include "compiler/Diagnostics.h"
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dlc::mxnet {

/// One output of a node.
struct Entry {
  uint32_t node = 0;
  uint32_t output = 0;
};

struct Symbol;

/// A variable or an operator's application.
struct Node {
  /// The operator as the file names it; "null" for a variable.
  std::string op;
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<Entry> inputs;
  /// What loops and branches run.
  std::vector<std::shared_ptr<const Symbol>> subgraphs;

  bool isVariable() const { return op == "null"; }
};

/// A model. Every input of a node refers to a node before it.
struct Symbol {
  std::vector<Node> nodes;
  /// The model's outputs, in order.
  std::vector<Entry> heads;
  /// The variables, in the order in which a subgraph gets their values.
  std::vector<uint32_t> arguments;
  /// major * 10000 + minor * 100 + patch of the MXNet that wrote the file; 800
  /// where the file does not say.
  int64_t version = 800;
  /// True if 0 in a shape is a size, not "unknown".
  bool usesNumpyShapes = false;
};

/// Parses \p text into \p symbol. \returns false, with diagnostics, if it is
/// not JSON, not a symbol, or refers to nodes that are missing or come later.
/// Output numbers are not checked here: only the operators know theirs.
bool readSymbol(std::string_view text, const std::string &file, Symbol &symbol,
                DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_SYMBOLREADER_H
