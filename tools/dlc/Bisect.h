// SPDX-License-Identifier: Apache-2.0
// Finds what makes a compiled model's answers wrong.
#ifndef DLC_TOOLS_DLC_BISECT_H
#define DLC_TOOLS_DLC_BISECT_H

#include "tools/dlc/CompileFlags.h"

#include <optional>
#include <string>

namespace dlc::tool {

struct BisectFlags {
  ModelFlags model;
  std::string io;
  std::optional<double> relative, absolute;
  /// Where the smallest wrong model goes.
  std::string output = "bisect.mlir";
};

/// Interprets the model, steps through the passes and runs its artifacts;
/// prints what differs. \returns the exit status: AnswerIsNo where something
/// does.
int bisect(const BisectFlags &flags);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_BISECT_H
