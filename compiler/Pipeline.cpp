// SPDX-License-Identifier: Apache-2.0
// Every pass in order, by phase.
#include "compiler/Pipeline.h"

#include "compiler/StageText.h"

using namespace mlir;

namespace dlc {

/// Hands out the text of a stage and its weights.
static void emitText(ModuleOp module, const CompileOptions &options) {
  if (options.onOutput && !options.onOutput(printStage(module)))
    return;
  if (options.onWeights)
    writeSafetensors(collectWeights(module), options.onWeights);
}

void runPipeline(ModuleOp module, const CompileOptions &options,
                 CompileResult &result) {
  if (options.onProgress)
    options.onProgress(getStageName(Stage::Graph));
  if (options.emit == Stage::Graph)
    return emitText(module, options);
  result.diagnostics.add(
      DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
      "the stage '" + std::string(getStageName(options.emit)) +
          "' can't be emitted yet");
}

} // namespace dlc
