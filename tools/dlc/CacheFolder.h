// SPDX-License-Identifier: Apache-2.0
// Where results are kept that can be had again.
#ifndef DLC_TOOLS_DLC_CACHEFOLDER_H
#define DLC_TOOLS_DLC_CACHEFOLDER_H

#include <string>

namespace dlc::tool {

/// The folder that the variable DLC_CACHE_DIR of the environment names, else
/// $XDG_CACHE_HOME/dlc or ~/.cache/dlc. It need not exist. "" where nothing
/// says where it could be.
std::string getCacheFolder();

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_CACHEFOLDER_H
