// SPDX-License-Identifier: Apache-2.0
// Follows the XDG Base Directory Specification.
#include "tools/dlc/CacheFolder.h"

#include <cstdlib>

std::string dlc::tool::getCacheFolder() {
  const char *own = std::getenv("DLC_CACHE_DIR");
  if (own && *own)
    return own;
  const char *cache = std::getenv("XDG_CACHE_HOME");
  // Relative paths are to be ignored, says the specification.
  if (cache && cache[0] == '/')
    return std::string(cache) + "/dlc";
  const char *home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/dlc" : "";
}
