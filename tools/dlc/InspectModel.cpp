// SPDX-License-Identifier: Apache-2.0
// `dlc inspect` of a model: what the compiler's library says of it.
#include "tools/dlc/Commands.h"
#include "tools/dlc/CompileFlags.h"
#include "tools/dlc/CompilerLibrary.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace dlc::tool {

using Json = nlohmann::ordered_json;

static void printTensors(const char *title, const Json &tensors) {
  for (const Json &tensor : tensors) {
    std::string shape;
    for (const Json &extent : tensor.value("shape", Json::array()))
      shape += (shape.empty() ? "" : "x") + extent.dump();
    std::printf("%-10s %s %s %s\n", title, tensor.value("name", "").c_str(),
                tensor.value("dtype", "").c_str(), shape.c_str());
  }
}

static void printModel(const Json &model) {
  printTensors("input", model["inputs"]);
  printTensors("output", model["outputs"]);
  for (const auto &[name, count] : model["operators"].items())
    std::printf("%-10s %6s x %s\n", "operator", count.dump().c_str(),
                name.c_str());
  std::printf("%-10s %zu, %s bytes\n", "parameters", model["parameters"].size(),
              model["params_bytes"].dump().c_str());
  if (model.contains("flops"))
    std::printf("%-10s %s\n", "flops", model["flops"].dump().c_str());
}

int inspectModel(const std::string &file, bool json) {
  ModelFlags flags;
  flags.model = file;
  CompileOptions options;
  DiagnosticList diagnostics;
  if (!readModelFlags(flags, options, diagnostics))
    return reportDiagnostics(diagnostics);
  std::string error;
  const CompilerApi *compiler = openCompiler(error);
  if (!compiler) {
    std::fprintf(stderr, "error: %s\n", error.c_str());
    return InternalError;
  }
  InspectResult result = compiler->inspect(options);
  if (!result.diagnostics.empty())
    return reportDiagnostics(result.diagnostics);
  if (json)
    std::printf("%s\n", result.json.c_str());
  else
    printModel(Json::parse(result.json));
  return Done;
}

} // namespace dlc::tool
