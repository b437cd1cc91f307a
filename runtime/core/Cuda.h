// SPDX-License-Identifier: Apache-2.0
// The part of the runtime that only sessions on CUDA devices need. libdlcrt has
// it; the core inside artifacts reaches it through one weak symbol, which is
// null there.
#ifndef DLC_RUNTIME_CORE_CUDA_H
#define DLC_RUNTIME_CORE_CUDA_H

#include "runtime/core/Session.h"

namespace dlc::runtime {

struct CudaPart {
  /// Lets \p session, whose tables are there, run on CUDA device \p device:
  /// sets what of it depends on the device, memory for its state included. The
  /// session is destroyed where this fails.
  dlc_status (*create)(dlc_session &session, int32_t device);
  /// Frees what `create` has made, as far as it came.
  void (*destroy)(dlc_session &session);
  /// The scratch memory that the launches of \p plan need at \p sizes in
  /// \p session.
  uint64_t (*getScratchBytes)(const dlc_session &session,
                              const dlc_abi_model &plan, const Sizes &sizes);
  /// Prepares the launches of the session's plan at \p sizes.
  void (*activate)(dlc_session &session, const Sizes &sizes);
  /// Prepares those from step \p step on again, for sizes that have changed
  /// while it runs.
  void (*resolve)(dlc_session &session, const Sizes &sizes, uint64_t step);
  /// Whether there is a CUDA device \p id, whose tensors \p session takes too.
  bool (*hasDevice)(const dlc_session &session, int32_t id);
  /// Where the tensor number \p index is on the device while it runs.
  char *(*getPlace)(const dlc_session &session, uint32_t index);
  /// failToGrow for memory of the device.
  dlc_status (*failToGrow)(const dlc_session &session, const Misfit &misfit,
                           const char *dims);
  /// Runs the plan on the tensors bound, all of which fit.
  dlc_status (*run)(dlc_session &session);
};

} // namespace dlc::runtime

#ifdef DLC_RUNTIME_LIBRARY
#define DLC_CUDA_PART_LINKAGE
#else
#define DLC_CUDA_PART_LINKAGE , weak
#endif

extern "C" __attribute__((visibility("hidden") DLC_CUDA_PART_LINKAGE))
const dlc::runtime::CudaPart dlc_cuda_part;

namespace dlc::runtime {

/// Whether this runtime has the part.
inline bool hasCudaPart() {
#ifdef DLC_RUNTIME_LIBRARY
  return true;
#else
  return &dlc_cuda_part != nullptr;
#endif
}

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_CUDA_H
