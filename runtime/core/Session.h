// SPDX-License-Identifier: Apache-2.0
// A session: everything that a run needs, resolved to pointers beforehand.
#ifndef DLC_RUNTIME_CORE_SESSION_H
#define DLC_RUNTIME_CORE_SESSION_H

#include "dlc/abi.h"
#include "dlc/model.h"
#include "runtime/core/ThreadPool.h"

namespace dlc::runtime {

/// The options of a session with the fields of a newer or older caller's struct
/// cut or filled with zeros.
dlc_session_options readOptions(const dlc_session_options *options);

/// One launch, ready to execute.
struct Step {
  dlc_abi_kernel_fn function;
  void *const *buffers;
  int64_t numTasks; ///< of a phase
  int64_t numPhases;
  /// How many threads work on a phase, and the chunks each of them owns. One
  /// thread: the caller executes it at once.
  uint32_t numThreads;
  uint32_t chunksPerThread;
};

/// An operand that moves with a bound tensor.
struct Patch {
  uint64_t ref;
  uint64_t offset;
};

/// An input or output: patches [firstPatch, endPatch) follow it.
struct Binding {
  uint64_t firstPatch, endPatch;
  bool bound;
};

/// Lets the input DLC_SEED_INPUT, which the model has, follow the session's own
/// seed.
void bindOwnSeed(dlc_session &session);

} // namespace dlc::runtime

/// The opaque type of the public interface. Its tables lie behind it in one
/// block of memory; see Layout in Session.cpp.
struct dlc_session {
  const dlc_abi_model *model;
  uint32_t target;
  uint32_t numThreads;
  dlc_allocator allocator;
  uint64_t blockBytes;

  dlc::runtime::ThreadPool *pool; ///< null: the caller's, or none
  dlc_thread_pool threadPool;     ///< the caller's, or null functions
  bool isParallel;                ///< some step uses several threads
  uint32_t numUnbound;

  dlc::runtime::Step *steps;
  void **buffers; ///< one for each operand of the model
  dlc::runtime::Patch *patches;
  dlc::runtime::Binding *bindings; ///< inputs, then outputs

  int32_t seedInput;  ///< the number of DLC_SEED_INPUT, or -1
  bool isOwnSeedUsed; ///< nothing else is bound to it
  uint64_t seed;

  char *arena, *scratch, *state;
  bool ownsArena, ownsScratch;
  uint64_t scratchStride; ///< bytes between two threads' scratch

  dlc_profile_event *profile;
  uint64_t profileCapacity, numProfileEvents;
};

#endif // DLC_RUNTIME_CORE_SESSION_H
