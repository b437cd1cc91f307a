// SPDX-License-Identifier: Apache-2.0
// What is left to do when the compiler crashes.
#ifndef DLC_TOOLS_DLC_CRASHHANDLER_H
#define DLC_TOOLS_DLC_CRASHHANDLER_H

#include <string>

namespace dlc::tool {

/// From now on a fatal signal removes \p partialFile (may be empty), prints how
/// to report the defect and ends the process with InternalError. \p folder is
/// where --dump-dir has kept the text of the stages so far, or empty.
void installCrashHandler(const std::string &partialFile,
                         const std::string &folder);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_CRASHHANDLER_H
