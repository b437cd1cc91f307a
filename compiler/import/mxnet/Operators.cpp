// SPDX-License-Identifier: Apache-2.0
// Looks rows up and reads their small grammar of operands.
#include "compiler/import/mxnet/Operators.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace dlc::mxnet {

SmallVector<OperatorFamily> getOperatorFamilies() {
  return {
      {"Elementwise functions", getElementwiseOperators()},
      {"Arithmetic with a scalar", getScalarOperators()},
      {"Reductions", getReductionOperators()},
      {"Reshaping and joining", getMovementOperators()},
      {"Indexing and creation", getIndexingOperators()},
      {"Convolutions and pooling", getConvolutionOperators()},
      {"Products", getContractionOperators()},
      {"Normalisation and softmax", getNormalizationOperators()},
      {"Recurrent layers and sequences", getSequenceOperators()},
      {"Losses", getLossOperators()},
      {"Ordering", getOrderingOperators()},
      {"Sampling images", getSamplingOperators()},
      {"Regions and correlations", getRegionOperators()},
      {"Boxes", getBoxOperators()},
      {"Detection", getDetectionOperators()},
      {"Proposals", getProposalOperators()},
      {"Numpy: elementwise functions", getNumpyElementwiseOperators()},
      {"Numpy: reductions", getNumpyReductionOperators()},
      {"Numpy: reshaping and joining", getNumpyMovementOperators()},
      {"Numpy: padding, inserting, diagonals", getNumpyEditingOperators()},
      {"Numpy: creation", getNumpyCreationOperators()},
      {"Numpy: products", getNumpyContractionOperators()},
      {"Writing by index", getScatterOperators()},
      {"Shapes that depend on values", getCountingOperators()},
      {"Linear algebra", getLinalgOperators()},
      {"Small families", getContribOperators()},
      {"Densities", getDistributionOperators()},
      {"Images", getImageOperators()},
      {"Quantised layers", getQuantizedOperators()},
      {"Random numbers", getRandomOperators()},
      {"Loops and branches", getControlFlowOperators()},
      {"Diagonals and triangles", getTrianglesOperators()},
  };
}

/// Every name of every row; built once, thread-safely.
static const llvm::StringMap<const OperatorRow *> &getTable() {
  static const llvm::StringMap<const OperatorRow *> table = [] {
    llvm::StringMap<const OperatorRow *> map;
    for (const OperatorFamily &family : getOperatorFamilies())
      for (const OperatorRow &row : family)
        for (StringRef name : llvm::split(row.names, ' '))
          map[name] = &row;
    return map;
  }();
  return table;
}

const OperatorRow *findOperator(StringRef name) {
  const auto &table = getTable();
  if (const OperatorRow *row = table.lookup(name))
    return row;
  // Sparse variants compute the same on dense tensors.
  if (name.consume_front("_sparse_"))
    return table.lookup(name);
  return nullptr;
}

StringRef findNearestOperator(StringRef name) {
  std::vector<std::string_view> names;
  for (const auto &entry : getTable())
    names.push_back(entry.first());
  llvm::sort(names);
  std::string_view nearest = findNearest(name, names);
  return StringRef(nearest.data(), nearest.size());
}

/// Strips "[a&b]" off \p text; true if every condition holds.
static bool testConditions(StringRef &text, const Attributes &attributes) {
  auto [name, conditions] = text.split('[');
  text = name;
  if (!conditions.consume_back("]"))
    return true;
  return llvm::all_of(llvm::split(conditions, '&'), [&](StringRef condition) {
    return attributes.test(condition);
  });
}

SmallVector<OperandSpec> getInputSpecs(const OperatorRow &row,
                                       const Attributes &attributes,
                                       size_t count) {
  SmallVector<OperandSpec> specs;
  for (StringRef text : llvm::split(row.inputs, ' ')) {
    if (text.empty() || !testConditions(text, attributes))
      continue;
    bool isIgnored = text.consume_back("~");
    if (!text.consume_back("*")) {
      specs.push_back({text.str(), isIgnored});
      continue;
    }
    while (specs.size() < count)
      specs.push_back({text.str(), isIgnored});
  }
  return specs;
}

SmallVector<std::string> getOutputNames(const OperatorRow &row,
                                        const Attributes &attributes) {
  SmallVector<std::string> names;
  for (StringRef text : llvm::split(row.outputs, ' ')) {
    if (!testConditions(text, attributes))
      continue;
    auto [name, counter] = text.split('#');
    if (counter.empty()) {
      names.push_back(name.str());
      continue;
    }
    auto [number, list] = counter.split('|');
    int64_t count = attributes.getInt(number);
    if (count < 1)
      count = attributes.getShape(list).size();
    count = std::min<int64_t>(count, maxOutputs + 1);
    for (int64_t i = 0; i < count; ++i)
      names.push_back(count == 1 ? name.str() : name.str() + std::to_string(i));
  }
  return names;
}

} // namespace dlc::mxnet
