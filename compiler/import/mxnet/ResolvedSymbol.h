// SPDX-License-Identifier: Apache-2.0
// A symbol whose nodes know their operator: rows looked up, attributes parsed,
// outputs named, and what the wanted outputs need marked.
#ifndef DLC_COMPILER_IMPORT_MXNET_RESOLVEDSYMBOL_H
#define DLC_COMPILER_IMPORT_MXNET_RESOLVEDSYMBOL_H

#include "compiler/import/Importer.h"
#include "compiler/import/mxnet/Operators.h"
#include "compiler/import/mxnet/SymbolReader.h"

namespace dlc::mxnet {

/// What is known of a node before anything is built.
struct ResolvedNode {
  DiagnosticPlace place;
  /// Null for variables and unknown operators.
  const OperatorRow *row = nullptr;
  Attributes attributes;
  llvm::SmallVector<std::string> inputNames;
  /// By input: inference does not need it.
  llvm::SmallVector<bool> ignoresInput;
  /// Without the node's own name.
  llvm::SmallVector<std::string> outputNames;
  /// Some wanted output depends on it.
  bool isNeeded = false;
  /// Problems, which only matter if the node is needed.
  DiagnosticList problems;
};

/// One wanted output and its name.
struct ResolvedHead {
  Entry entry;
  std::string name;
};

/// A symbol with a ResolvedNode for each of its nodes.
class ResolvedSymbol {
public:
  /// Resolves \p symbol. Variables that very old files leave out are added.
  /// Problems of needed nodes and of \p outputs go to \p diagnostics.
  ResolvedSymbol(Symbol symbol, const std::string &file,
                 llvm::ArrayRef<std::string> outputs,
                 DiagnosticList &diagnostics);

  const Symbol &getSymbol() const { return symbol; }
  size_t size() const { return symbol.nodes.size(); }
  const Node &getNode(size_t index) const { return symbol.nodes[index]; }
  const ResolvedNode &get(size_t index) const { return resolved[index]; }
  llvm::ArrayRef<ResolvedHead> getHeads() const { return heads; }

  /// The name under which the model knows an output.
  std::string getOutputName(Entry entry) const;

private:
  void resolveNode(size_t index);
  void resolveOperands(size_t index);
  void checkEntries(size_t index);
  void resolveHeads(llvm::ArrayRef<std::string> outputs,
                    DiagnosticList &diagnostics);
  void markNeeded();

  Symbol symbol;
  const std::string &file;
  std::vector<ResolvedNode> resolved;
  std::vector<ResolvedHead> heads;
};

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_RESOLVEDSYMBOL_H
