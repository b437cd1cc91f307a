// SPDX-License-Identifier: Apache-2.0
// The part of the core that only models need that count. As that for dims
// (Dims.h), other artifacts are linked without it.
#ifndef DLC_RUNTIME_CORE_COUNTS_H
#define DLC_RUNTIME_CORE_COUNTS_H

#include "runtime/core/Session.h"

namespace dlc::runtime {

struct CountsPart {
  /// The words of memory that a session of \p model needs beside those for its
  /// dims, and lets \p session have it there, filled with zeros.
  uint64_t (*countTables)(const dlc_abi_model &model);
  void (*addTables)(dlc_session &session, int64_t *memory);
  /// Releases the memory of outputs.
  void (*release)(dlc_session &session);
  /// Lets what is counted be the most that it can be where callers choose the
  /// other sizes of \p dims; \p values has room for all sizes. \returns false
  /// where something can't be computed.
  bool (*setLargest)(const dlc_abi_model &model, int64_t *dims,
                     int64_t *values);
  /// Executes all steps of a session on the CPU whose tensors fit: up to the
  /// next count, which changes the sizes of those that follow, and so on.
  dlc_status (*run)(dlc_session &session, RunStep runParallel);
  /// Lets count \p index, of which the steps before have made \p size, be that,
  /// and what follows from it: memory for outputs, and all steps after it.
  dlc_status (*take)(dlc_session &session, uint32_t index, int64_t size);
  /// Compares the shape of output \p output with \p want, for the self-test,
  /// and gets its values.
  dlc_status (*checkShape)(dlc_session *session, uint32_t output,
                           const int64_t *want, const char *&data);
};

} // namespace dlc::runtime

extern "C" __attribute__((visibility("hidden"), weak))
const dlc::runtime::CountsPart dlc_counts_part;

#endif // DLC_RUNTIME_CORE_COUNTS_H
