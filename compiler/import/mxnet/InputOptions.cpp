// SPDX-License-Identifier: Apache-2.0
// Checks --input against the model.
#include "compiler/import/mxnet/InputOptions.h"

using namespace mlir;

namespace dlc::mxnet {

void checkInputOptions(const ResolvedSymbol &symbol,
                       const ImportOptions &options, const std::string &file,
                       DiagnosticList &diagnostics) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < symbol.size(); ++i)
    if (symbol.getNode(i).isVariable())
      names.push_back(symbol.getNode(i).name);
  DiagnosticPlace place{file, "", "", -1};
  for (const InputOption &input : options.inputs) {
    if (!llvm::is_contained(names, input.name)) {
      std::string what = "the model has no input '" + input.name + "'";
      std::string_view nearest = findNearest(input.name, names);
      if (!nearest.empty())
        what += "; did you mean '" + std::string(nearest) + "'?";
      diagnostics.add(DiagnosticCode::UnknownInput, place, what);
    }
    for (const InputDim &dim : input.shape)
      if (!dim.name.empty())
        diagnostics.add(DiagnosticCode::DynamicDimension, place,
                        "input '" + input.name +
                            "' has the dynamic dimension " + dim.name +
                            ", which can't be compiled yet; give "
                            "its size");
  }
}

} // namespace dlc::mxnet
