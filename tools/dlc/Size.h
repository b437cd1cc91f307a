// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes as people write them.
#ifndef DLC_TOOLS_DLC_SIZE_H
#define DLC_TOOLS_DLC_SIZE_H

#include <cstdint>
#include <string>

namespace dlc::tool {

/// Parses "512", "64KB", "1GiB" or "1.5GB" (powers of 1024 either way).
/// \returns false if it is malformed or overflows.
bool parseSize(const std::string &text, int64_t &bytes);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_SIZE_H
