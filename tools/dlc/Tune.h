// SPDX-License-Identifier: Apache-2.0
// What `dlc compile --tune` needs besides the compiler.
#ifndef DLC_TOOLS_DLC_TUNE_H
#define DLC_TOOLS_DLC_TUNE_H

#include "compiler/Compile.h"

namespace dlc::tool {

/// Where winners are kept unless --tune-cache says otherwise:
/// $XDG_CACHE_HOME/dlc/tune.json or ~/.cache/dlc/tune.json; empty where there
/// is neither folder.
std::string getTuneCacheFile();

/// TuneOptions::measure, with the runtime that artifacts are run with.
std::vector<std::vector<double>> measureSteps(const std::string &file,
                                              double seconds);

/// Tells what came of tuning in a line on stderr, and of a cache that could not
/// be used in another.
void printTuneSummary(const TuneSummary &summary);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_TUNE_H
