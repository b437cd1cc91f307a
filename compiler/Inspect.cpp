// SPDX-License-Identifier: Apache-2.0
// Describes a model before it is compiled, as a JSON object.
#include "compiler/Compile.h"

#include "compiler/Registration.h"
#include "compiler/import/Importer.h"
#include "compiler/import/mxnet/SymbolReader.h"
#include "dialects/graph/GraphOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include <nlohmann/json.hpp>

using namespace mlir;

namespace dlc {

using Json = nlohmann::ordered_json;

static std::string getTypeName(Type type) {
  if (type.isBF16())
    return "bfloat16";
  if (isa<FloatType>(type))
    return "float" + std::to_string(type.getIntOrFloatBitWidth());
  if (type.isInteger(1))
    return "bool";
  return "int" + std::to_string(type.getIntOrFloatBitWidth());
}

static Json describeTensor(StringRef name, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return {{"name", name.str()},
          {"dtype", getTypeName(tensor.getElementType())},
          {"shape", std::vector<int64_t>(tensor.getShape())}};
}

/// What the imported module knows: shapes and work.
static void describeModule(ModuleOp module, Json &json) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  Json inputs = Json::array(), outputs = Json::array();
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    inputs.push_back(describeTensor(
        function.getArgAttrOfType<StringAttr>(i, "graph.name"), type));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    outputs.push_back(describeTensor(
        function.getResultAttrOfType<StringAttr>(i, "graph.name"), type));
  int64_t flops = 0;
  function.walk([&](Operation *op) {
    if (auto counted = dyn_cast<graph::FlopsOpInterface>(op))
      flops += counted.getFlops();
    else if (isa<graph::ElementwiseOpInterface>(op))
      flops +=
          cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  });
  json["inputs"] = inputs;
  json["outputs"] = outputs;
  json["flops"] = flops;
}

/// What the files say without any shape.
static void describeFiles(const mxnet::Symbol &symbol,
                          const WeightStore *weights, Json &json) {
  std::map<std::string, int64_t> operators;
  Json inputs = Json::array(), outputs = Json::array(),
       parameters = Json::array();
  for (const mxnet::Node &node : symbol.nodes) {
    if (!node.isVariable())
      ++operators[node.op];
    else if (!weights || !weights->find(node.name))
      inputs.push_back({{"name", node.name}});
  }
  for (mxnet::Entry head : symbol.heads) {
    const mxnet::Node &node = symbol.nodes[head.node];
    outputs.push_back(
        {{"name", node.isVariable() ? node.name : node.name + "_output"}});
  }
  int64_t bytes = 0;
  if (weights)
    for (const auto &[name, weight] : weights->get()) {
      parameters.push_back({{"name", name},
                            {"dtype", getElementName(weight.type)},
                            {"shape", weight.shape}});
      bytes += static_cast<int64_t>(weight.data.size());
    }
  json["inputs"] = inputs;
  json["outputs"] = outputs;
  json["operators"] = operators;
  json["parameters"] = parameters;
  json["params_bytes"] = bytes;
}

InspectResult inspect(const CompileOptions &options) {
  InspectResult result;
  mxnet::Symbol symbol;
  std::shared_ptr<WeightStore> weights;
  bool good = mxnet::readSymbol(options.model.bytes, options.model.name, symbol,
                                result.diagnostics);
  if (options.params)
    good &=
        (weights = readWeights(*options.params, result.diagnostics)) != nullptr;
  if (!good)
    return result;

  Json json = {{"format", "mxnet-symbol"}};
  describeFiles(symbol, weights.get(), json);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  // Without shapes the import fails; what the files say stands then.
  DiagnosticList ignored;
  OwningOpRef<ModuleOp> module = importModel(
      context, options.model, options.getParams(), options.import, ignored);
  if (module)
    describeModule(*module, json);
  result.json =
      json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  return result;
}

} // namespace dlc
