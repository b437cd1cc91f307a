// SPDX-License-Identifier: Apache-2.0
// The part of the core that only models with dims need. An artifact without
// dims is linked without it: the rest of the core reaches it through one weak
// symbol.
#ifndef DLC_RUNTIME_CORE_DIMS_H
#define DLC_RUNTIME_CORE_DIMS_H

#include "runtime/core/Session.h"

namespace dlc::runtime {

/// How many words a table of \p count entries takes.
template <typename T>
uint64_t countWords(uint64_t count) {
  return (count * sizeof(T) + sizeof(int64_t) - 1) / sizeof(int64_t);
}

struct DimsPart {
  /// The words of memory that a session of \p model needs for Dynamic and its
  /// tables, and lets \p session have it there, filled with zeros.
  uint64_t (*countTables)(const dlc_abi_model &model);
  void (*addTables)(dlc_session &session, int64_t *memory);
  /// The estimated time of step \p step on one thread, where the sizes are
  /// \p values: it grows as the work.
  uint64_t (*estimateCost)(const dlc_abi_model &model, const int64_t *values,
                           uint64_t step, uint32_t target);
  /// Computes the sizes of \p model for the sizes \p dims of its dims. Returns
  /// false where one can't be, or where an integer of the model that has to be
  /// positive isn't.
  bool (*computeSizes)(const dlc_abi_model &model, const int64_t *dims,
                       int64_t *values);
  /// Computes the arena of a session at the sizes \p dims, or, where \p shape
  /// isn't null, the shape of the tensor number \p index.
  dlc_status (*computeFor)(const dlc_abi_model &model, const int64_t *dims,
                           uint64_t *arenaBytes, uint32_t index,
                           int64_t *shape);
  /// Compares extents of \p tensor that are dims with their bounds.
  dlc_status (*checkBounds)(const dlc_abi_model &model, const Slot &slot,
                            const DLTensor &tensor);
  /// Finds out whether the tensors that are bound go together, and prepares the
  /// session for their sizes.
  void (*fitTensors)(dlc_session &session);
  /// Fails with the reason why the bound tensors don't fit.
  dlc_status (*failWithMisfit)(const dlc_session &session);
};

} // namespace dlc::runtime

extern "C" __attribute__((visibility("hidden"), weak))
const dlc::runtime::DimsPart dlc_dims_part;

#endif // DLC_RUNTIME_CORE_DIMS_H
