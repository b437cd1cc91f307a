// SPDX-License-Identifier: Apache-2.0
// Where the text of a stage goes: to the caller, or to files.
#ifndef DLC_COMPILER_STAGESINK_H
#define DLC_COMPILER_STAGESINK_H

#include "compiler/Compile.h"

namespace dlc {

/// Takes the text of a stage and the weights file that belongs to it.
struct StageSink {
  std::function<bool(std::string_view bytes)> onText;
  std::function<bool(std::string_view bytes)> onWeights;
};

/// Has \p emit write the text of \p stage to files in `options.dumpDir`, which
/// is made if it does not exist. Does nothing where no folder is given.
/// \returns false, with a diagnostic, if a file can't be written.
bool dumpStage(Stage stage, const CompileOptions &options,
               const std::function<void(const StageSink &)> &emit,
               DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_STAGESINK_H
