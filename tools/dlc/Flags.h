// SPDX-License-Identifier: Apache-2.0
// Flags that several subcommands share.
#ifndef DLC_TOOLS_DLC_FLAGS_H
#define DLC_TOOLS_DLC_FLAGS_H

#include "tools/dlc/Artifact.h"

namespace CLI {
class App;
} // namespace CLI

namespace dlc::tool {

/// Adds the artifact's path, --threads and --device.
void addSessionFlags(CLI::App &command, std::string &file,
                     SessionFlags &session);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_FLAGS_H
