// SPDX-License-Identifier: Apache-2.0
// The hot path: executes the steps of a session.
#include "runtime/core/Counts.h"
#include "runtime/core/Cuda.h"
#include "runtime/core/Dims.h"
#include "runtime/core/Status.h"
#include "runtime/cpu/Cpu.h"

#include <time.h>

using namespace dlc::runtime;

static uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec);
}

namespace {
/// What a chunk of a step needs to know.
struct Launch {
  const dlc_session &session;
  const Step &step;
  int64_t numChunks;
  int64_t firstTask; ///< of the phase
};
} // namespace

/// Executes one of the equal parts of a phase with the scratch memory of
/// thread \p thread.
static void runChunk(const Launch &launch, int64_t chunk, uint32_t thread) {
  const Step &step = launch.step;
  int64_t tasks = step.numTasks / launch.numChunks;
  int64_t extra = step.numTasks % launch.numChunks;
  int64_t begin =
      launch.firstTask + chunk * tasks + (chunk < extra ? chunk : extra);
  int64_t end = begin + tasks + (chunk < extra);
  char *scratch =
      launch.session.scratch.base + thread * launch.session.scratchStride;
  step.function(step.buffers, begin, end, scratch);
}

static void runSerially(const dlc_session &session, const Step &step) {
  step.function(step.buffers, 0, step.numPhases * step.numTasks,
                session.scratch.base);
}

static void runOnPool(const dlc_session &session, const Step &step) {
  Launch launch = {session, step,
                   int64_t(step.numThreads) * step.chunksPerThread, 0};
  for (int64_t phase = 0; phase < step.numPhases; ++phase) {
    session.pool->parallelFor(
        step.numThreads, step.chunksPerThread,
        [](void *argument, uint32_t chunk, uint32_t thread) {
          runChunk(*static_cast<const Launch *>(argument), chunk, thread);
        },
        &launch);
    launch.firstTask += step.numTasks;
  }
}

/// Here a chunk's number is its thread's too: no two share scratch memory.
static void runOnCallersPool(const dlc_session &session, const Step &step) {
  Launch launch = {session, step, step.numThreads, 0};
  for (int64_t phase = 0; phase < step.numPhases; ++phase) {
    session.threadPool.parallel_for(
        session.threadPool.context, step.numThreads,
        [](void *argument, uint32_t index) {
          DefaultFloatingPoint floatingPoint;
          runChunk(*static_cast<const Launch *>(argument), index, index);
        },
        &launch);
    launch.firstTask += step.numTasks;
  }
}

static void runStepsTimed(dlc_session &session, RunStep runParallel,
                          uint64_t first, uint64_t last) {
  for (uint64_t i = first; i < last; ++i) {
    const Step &step = session.steps[i];
    uint64_t begin = now();
    (step.numThreads == 1 ? runSerially : runParallel)(session, step);
    if (session.numProfileEvents < session.profileCapacity)
      session.profile[session.numProfileEvents++] = {i, begin, now()};
  }
}

void dlc::runtime::runSteps(dlc_session &session, RunStep runParallel,
                            uint64_t first, uint64_t last) {
  if (session.profile) {
    runStepsTimed(session, runParallel, first, last);
    return;
  }
  const Step *end = session.steps + last;
  for (const Step *step = session.steps + first; step != end; ++step)
    if (step->numThreads == 1)
      runSerially(session, *step);
    else
      runParallel(session, *step);
}

static dlc_status runOnCpu(dlc_session &session) {
  DefaultFloatingPoint floatingPoint;
  RunStep runParallel = runSerially;
  bool onPool = session.pool && session.isParallel;
  if (session.threadPool.parallel_for)
    runParallel = runOnCallersPool;
  else if (onPool && (onPool = session.pool->tryBegin()))
    runParallel = runOnPool;
  session.numProfileEvents = 0;
  dlc_status status = DLC_OK;
  if (isCounting(*session.model))
    status = dlc_counts_part.run(session, runParallel);
  else
    runSteps(session, runParallel, 0, session.plan->num_steps);
  if (onPool)
    session.pool->end();
  return status;
}

dlc_status dlc_session_run(dlc_session *session, dlc_queue *queue) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (queue)
    return fail(DLC_ERROR_UNSUPPORTED, "queues are reserved; pass NULL");
  if (session->numMissing != 0)
    return failToRun(*session);

  dlc_status status =
      session->cuda ? dlc_cuda_part.run(*session) : runOnCpu(*session);
  // Other numbers next time (Knuth, MMIX: a full period).
  if (session->isOwnSeedUsed)
    session->seed = session->seed * UINT64_C(6364136223846793005) +
                    UINT64_C(1442695040888963407);
  return status;
}

dlc_status dlc_session_run_tensors(dlc_session *session, const DLTensor *inputs,
                                   uint32_t numInputs, const DLTensor *outputs,
                                   uint32_t numOutputs, dlc_queue *queue) {
  if (!session || (numInputs && !inputs) || (numOutputs && !outputs))
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or tensors are null");
  // The seed is the last input.
  bool hasNoSeed = session->seedInput >= 0 &&
                   numInputs == uint32_t(session->seedInput) &&
                   numInputs + 1 == session->model->num_inputs;
  if (hasNoSeed)
    bindOwnSeed(*session);
  if ((numInputs != session->model->num_inputs && !hasNoSeed) ||
      numOutputs != session->model->num_outputs)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "%u inputs and %u outputs given, the model has %u and %u",
                numInputs, numOutputs, session->model->num_inputs,
                session->model->num_outputs);
  uint32_t firstOutput = session->model->num_inputs;
  for (uint32_t i = 0; i < numInputs; ++i)
    if (dlc_status status = bindTensor(*session, i, &inputs[i]))
      return status;
  for (uint32_t i = 0; i < numOutputs; ++i) {
    bool isOwn = isCounted(*session->model, i) && !outputs[i].data;
    if (dlc_status status = bindTensor(*session, firstOutput + i,
                                       isOwn ? nullptr : &outputs[i]))
      return status;
  }
  if (session->dynamic)
    dlc_dims_part.fitTensors(*session);
  return dlc_session_run(session, queue);
}
