// SPDX-License-Identifier: Apache-2.0
// Checks and conventions shared by the functions of the public interface.
#ifndef DLC_RUNTIME_CORE_MODEL_H
#define DLC_RUNTIME_CORE_MODEL_H

#include "dlc/abi.h"
#include "dlc/model.h"
#include "runtime/core/Status.h"

#include <string.h>

namespace dlc::runtime {

/// Fails where \p model is null or was made for a newer runtime.
dlc_status checkModel(const dlc_abi_model *model);

/// Fails since there is no input or output \p index.
dlc_status failToFind(const char *kind, uint32_t index, uint32_t count);

/// Copies the caller's struct \p from, which starts with its size and may be
/// shorter or longer than this library's; null and missing fields are zero.
template <typename T>
void readStruct(T &to, const T *from) {
  memset(&to, 0, sizeof to);
  if (from)
    memcpy(&to, from,
           from->struct_size < sizeof to ? from->struct_size : sizeof to);
}

/// Copies \p from to the caller's struct, as far as it reaches.
template <typename T>
dlc_status writeStruct(T *to, const T &from) {
  size_t size = to->struct_size;
  if (size < sizeof size)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "struct_size is not set");
  memcpy(to, &from, size < sizeof from ? size : sizeof from);
  to->struct_size = size;
  return DLC_OK;
}

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_MODEL_H
