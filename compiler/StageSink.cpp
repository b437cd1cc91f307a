// SPDX-License-Identifier: Apache-2.0
// Writes the text of stages to a folder.
#include "compiler/StageSink.h"

#include "compiler/OutputFile.h"
#include <filesystem>

namespace fs = std::filesystem;

namespace dlc {

bool dumpStage(Stage stage, const CompileOptions &options,
               const std::function<void(const StageSink &)> &emit,
               DiagnosticList &diagnostics) {
  if (options.dumpDir.empty())
    return true;
  std::error_code error;
  fs::create_directories(options.dumpDir, error);
  if (error)
    return diagnostics.add(DiagnosticCode::UnwritableFile,
                           {options.dumpDir, "", "", -1},
                           "can't be made: " + error.message());
  // Numbered, so that they are listed in the order of the pipeline.
  std::string name = std::to_string(static_cast<int>(stage) + 1) + "-" +
                     std::string(getStageName(stage));
  fs::path path = fs::path(options.dumpDir) / name;
  OutputFile text(path.string() + (stage == Stage::Asm ? ".s" : ".mlir"));
  OutputFile weights(path.string() + ".safetensors");
  emit({[&](std::string_view bytes) { return text.write(bytes); },
        [&](std::string_view bytes) { return weights.write(bytes); }});
  return weights.commit(diagnostics) && text.commit(diagnostics);
}

} // namespace dlc
