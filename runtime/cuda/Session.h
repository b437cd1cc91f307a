// SPDX-License-Identifier: Apache-2.0
// What a session on a CUDA device has beside the others.
//
// The core resolves operands to addresses as it does for the CPU: arena,
// weights, state and dims have theirs on the device. Tensors in its memory are
// used where they are. Those in host memory go through two blocks of the same
// layout, one pinned and one on the device, so that the addresses that launches
// and copies have do not depend on the program's: a run is then one CUDA graph,
// whatever host tensors are bound. Those on another device go through the
// second block, by copies before and behind the graph.
#ifndef DLC_RUNTIME_CUDA_SESSION_H
#define DLC_RUNTIME_CUDA_SESSION_H

#include "runtime/core/Session.h"
#include "runtime/cuda/Gemm.h"
#include "runtime/cuda/LoadedModel.h"

namespace dlc::runtime {

namespace cuda {
/// One step's launches, ready to execute: one for each phase.
struct Launch {
  Function function;
  void *const *buffers;
  uint64_t numBuffers;
  uint64_t blocks; ///< 0: nothing to do
  uint32_t threads;
  uint32_t sharedBytes;
  uint32_t numPhases;
  uint32_t kernel;
  uint32_t queue;
  const Gemm *gemm; ///< what the library computes instead, or null
  Event done;       ///< that steps on other queues wait for, or null
};

/// The waits of \p plan's steps. Tables of older compilers end before.
struct WaitTable {
  explicit WaitTable(const dlc_abi_model &plan);

  const dlc_abi_cuda_wait *begin() const { return waits; }
  const dlc_abi_cuda_wait *end() const { return waits + count; }

  const dlc_abi_cuda_wait *waits = nullptr;
  uint64_t count = 0;
};

/// A stream of the session, for the steps of one queue. Memory is copied on the
/// first one's.
struct Queue {
  Stream stream;
  /// On the first queue: the inputs are there. On others: all steps are done.
  Event mark;
  uint64_t scratchOffset; ///< where its part of the scratch memory begins
};

/// Where the program has a tensor.
enum class Home : uint8_t { Host, Device, OtherDevice };

/// Where an input or output is while the session runs.
struct Placement {
  Home home;       ///< in the staging blocks, unless it is Device, at `offset`
  uint64_t offset; ///< bytes
  uint64_t bytes;
  uint64_t used; ///< bytes that the run has: fewer where they are counted
  char *data;    ///< on the device
};
} // namespace cuda

struct CudaSession {
  cuda::LoadedModel *loaded; ///< null: there is none yet
  cuda::Stream stream;       ///< that of the first queue
  uint64_t blockBytes;       ///< of this and its tables

  cuda::Queue *queues;
  uint32_t numQueues;     ///< that any model which may run has
  uint32_t numPlanQueues; ///< that the plan has
  cuda::Event *marks;     ///< for steps that others wait for
  uint64_t numMarks;

  cuda::Launch *launches;
  cuda::Placement *placements; ///< inputs, then outputs
  void **parameters;           ///< room for those of any launch
  /// Of the model, then of each specialised one.
  cuda::Gemm *gemms;
  uint64_t numGemms;
  cuda::DevicePointer dims, state;
  bool areDimsThere; ///< `dims` has the sizes

  /// The staging blocks, of `stagingBytes` each.
  char *pinned;
  cuda::DevicePointer staging;
  uint64_t stagingBytes;

  /// Launches or placements are others than in the last run.
  bool isChanged;
  bool usesGraphs;
  cuda::GraphExec graph;
  bool isGraphCurrent; ///< it does what the next run has to

  cuda::Event *events; ///< null: there is no profile; one more than steps
  uint64_t numEvents;

  /// What the device failed with, once and for all; DLC_OK: nothing.
  dlc_status failure;
  char failureText[256];

  const cuda::Driver &driver() const { return loaded->getDriver(); }
};

namespace cuda {
/// Runs the plan of \p session on the tensors bound.
dlc_status run(dlc_session &session);
} // namespace cuda

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CUDA_SESSION_H
