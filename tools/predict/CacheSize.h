// SPDX-License-Identifier: Apache-2.0
// Keeps the folder of compiled models within a size.
#ifndef DLC_TOOLS_PREDICT_CACHESIZE_H
#define DLC_TOOLS_PREDICT_CACHESIZE_H

#include <cstdint>
#include <string>

namespace dlc::predict {

/// How many bytes the entries may have together: DLC_PREDICT_CACHE_SIZE, 4 GiB
/// without it; 0 is no limit. \returns false, with the reason in \p error, if
/// the variable is no size.
bool getCacheSize(int64_t &bytes, std::string &error);

/// Notes that the entry \p path is used now. Where that can't be noted, in a
/// folder that is read-only, nothing is ever removed either.
void markUsed(const std::string &path);

/// Removes entries of \p folder that were not used for longest until the rest
/// has at most \p limit bytes, and files that a killed process left unfinished.
/// The entry \p newest stays. Other processes may use the folder and prune it
/// at the same time: who has loaded an entry keeps it, who is about to makes it
/// anew.
void pruneEntries(const std::string &folder, const std::string &newest,
                  int64_t limit);

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_CACHESIZE_H
