// SPDX-License-Identifier: Apache-2.0
// Flags that several subcommands share.
#ifndef DLC_TOOLS_DLC_FLAGS_H
#define DLC_TOOLS_DLC_FLAGS_H

#include "tools/dlc/Artifact.h"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace dlc::tool {

/// Adds the artifact's path, --threads and --device.
void addSessionFlags(CLI::App &command, std::string &file,
                     SessionFlags &session);

/// Adds --dim to \p command: sizes of an artifact that has some to choose,
/// where the option \p io doesn't bring them.
void addDimFlag(CLI::App &command, std::vector<std::string> &dims,
                CLI::Option *io);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_FLAGS_H
