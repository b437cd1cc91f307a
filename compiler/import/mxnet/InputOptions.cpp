// SPDX-License-Identifier: Apache-2.0
// Checks --input against the model, and reads what variables declare.
#include "compiler/import/mxnet/InputOptions.h"

#include "compiler/import/mxnet/ElementTypes.h"

using namespace mlir;

namespace dlc::mxnet {

const InputOption *findInputOption(const ImportOptions &options,
                                   StringRef name) {
  for (const InputOption &input : options.inputs)
    if (name == input.name)
      return &input;
  return nullptr;
}

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
                            ", but only compiling takes those: give its "
                            "size");
  }
}

std::optional<Shape> getDeclaredShape(const Node &variable,
                                      bool usesNumpyShapes,
                                      const DiagnosticPlace &place,
                                      DiagnosticList &diagnostics) {
  const auto &attributes = variable.attributes;
  auto text = attributes.find("__shape__");
  if (text == attributes.end())
    return std::nullopt;
  std::vector<std::optional<int64_t>> slots;
  if (!parseSlots(text->second, /*allowNone=*/true, slots)) {
    diagnostics.add(DiagnosticCode::BadAttribute, place,
                    "attribute '__shape__' is '" + text->second +
                        "', but must be a tuple of integers");
    return std::nullopt;
  }
  Shape shape;
  for (std::optional<int64_t> slot : slots) {
    if (!slot || *slot < 0 || (*slot == 0 && !usesNumpyShapes))
      return std::nullopt;
    shape.push_back(*slot);
  }
  if (shape.empty() && !usesNumpyShapes)
    return std::nullopt;
  return shape;
}

ElementType getDeclaredElement(const Node &variable,
                               const DiagnosticPlace &place,
                               DiagnosticList &diagnostics) {
  const auto &attributes = variable.attributes;
  ElementType type = ElementType::F32;
  if (auto text = attributes.find("__dtype__"); text != attributes.end()) {
    unsigned code;
    std::optional<ElementType> known;
    if (!StringRef(text->second).getAsInteger(10, code))
      known = getElementType(code);
    if (known)
      type = *known;
    else if (text->second != "-1") // "not known"
      diagnostics.add(DiagnosticCode::BadAttribute, place,
                      "attribute '__dtype__' is '" + text->second +
                          "', which is no element type");
  }
  return type;
}

} // namespace dlc::mxnet
