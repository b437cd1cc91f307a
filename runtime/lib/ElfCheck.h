// SPDX-License-Identifier: Apache-2.0
// Looks at a file before the system's loader maps it.
#ifndef DLC_RUNTIME_LIB_ELFCHECK_H
#define DLC_RUNTIME_LIB_ELFCHECK_H

#include "dlc/model.h"

namespace dlc::runtime {

/// Fails where the file \p path is not a whole shared object for this machine.
/// The loader maps a file that was cut off without complaint, and the program
/// dies when it touches what is missing.
dlc_status checkSharedObject(const char *path);

} // namespace dlc::runtime

#endif // DLC_RUNTIME_LIB_ELFCHECK_H
