// SPDX-License-Identifier: Apache-2.0
// graph-check-values: a function's results against known ones.
#include "compiler/interpret/Compare.h"
#include "compiler/interpret/Interpreter.h"
#include "compiler/interpret/Passes.h"

namespace dlc::interpret {
#define GEN_PASS_DEF_GRAPHCHECKVALUES
#include "compiler/interpret/Passes.h.inc"
} // namespace dlc::interpret

using namespace mlir;
using namespace dlc::interpret;

/// The tensors in the attribute \p name of \p function.
static FailureOr<SmallVector<ValuePtr>>
readValues(func::FuncOp function, StringRef name, TypeRange types) {
  auto attributes = function->getAttrOfType<ArrayAttr>(name);
  if (!attributes || attributes.size() != types.size())
    return function.emitOpError("requires ")
           << types.size() << " tensors in the attribute " << name;
  SmallVector<ValuePtr> values;
  for (auto [attribute, type] : llvm::zip(attributes, types)) {
    std::optional<dlc::graph::ConstantData> data =
        dlc::graph::ConstantData::get(attribute);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!data || !tensor || data->getType().getShape() != tensor.getShape() ||
        data->getType().getElementType() != tensor.getElementType())
      return function.emitOpError("has a value in ")
             << name << " that doesn't fit " << type;
    values.push_back(
        std::make_shared<dlc::graph::ConstantData>(std::move(*data)));
  }
  return values;
}

namespace {
struct GraphCheckValues
    : dlc::interpret::impl::GraphCheckValuesBase<GraphCheckValues> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    func::FuncOp function = getOperation();
    if (!function->hasAttr("graph.result_values"))
      return;
    auto inputs =
        readValues(function, "graph.input_values", function.getArgumentTypes());
    auto wanted =
        readValues(function, "graph.result_values", function.getResultTypes());
    if (failed(inputs) || failed(wanted))
      return signalPassFailure();
    FailureOr<SmallVector<ValuePtr>> results = interpret(function, *inputs);
    if (failed(results))
      return signalPassFailure();
    for (auto [i, result] : llvm::enumerate(*results)) {
      Difference difference = compare(*result, *(*wanted)[i], Tolerance());
      if (difference.isWithin())
        continue;
      function.emitOpError("computes result ")
          << i << " with an error of " << difference.error << ", above "
          << difference.limit;
      signalPassFailure();
    }
  }
};
} // namespace
