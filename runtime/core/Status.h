// SPDX-License-Identifier: Apache-2.0
// Statuses with a message: each thread keeps the text of its last failure.
#ifndef DLC_RUNTIME_CORE_STATUS_H
#define DLC_RUNTIME_CORE_STATUS_H

#include "dlc/model.h"

namespace dlc::runtime {

/// Formats the message that dlc_last_error returns in this thread and returns
/// \p status. Messages that are too long are cut.
__attribute__((format(printf, 2, 3))) dlc_status fail(dlc_status status,
                                                      const char *format, ...);

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_STATUS_H
