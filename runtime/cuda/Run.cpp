// SPDX-License-Identifier: Apache-2.0
// The hot path of sessions on CUDA devices. A plan that runs a second time
// unchanged becomes a CUDA graph: plans of sizes that change each time are
// launched step by step, which takes less than making a graph; so are those of
// models that count, where the host has to see how many there are.
#include "runtime/core/Counts.h"
#include "runtime/core/Status.h"
#include "runtime/cuda/Session.h"

#include <string.h>
#include <time.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

/// The alignment of tensors in the staging blocks.
static constexpr uint64_t kStagingAlignment = 256;
/// CUDA's limit for a grid.
static constexpr uint64_t kMostBlocks = INT32_MAX;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// The bytes of the tensor number \p index, whose shape is \p shape in models
/// with dims.
static uint64_t countBytes(const dlc_session &session, uint32_t index,
                           const int64_t *shape) {
  const dlc_abi_tensor &tensor = getSlot(*session.model, index).tensor;
  if (!shape)
    return tensor.size_bytes;
  uint64_t bytes = (tensor.dtype_bits + 7u) / 8;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    bytes *= uint64_t(shape[i]);
  return bytes;
}

static Home getHome(const dlc_session &session, const Binding &binding) {
  if (binding.device.device_type == kDLCPU)
    return Home::Host;
  return binding.device.device_id == session.device.device_id
             ? Home::Device
             : Home::OtherDevice;
}

/// Lays out the staging blocks for the tensors that are not on the device:
/// where their shapes are counted, for the largest. \returns their size, in
/// bytes.
static uint64_t layOutStaging(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  const dlc_abi_model &model = *session.model;
  uint64_t total = 0;
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    const int64_t *shape = session.dynamic ? getShape(session, i) : nullptr;
    uint64_t bytes = countBytes(session, i, shape);
    Placement now = {getHome(session, session.bindings[i]), total, bytes, bytes,
                     nullptr};
    if (now.home != Home::Device)
      total += (now.bytes + kStagingAlignment - 1) & ~(kStagingAlignment - 1);
    Placement &before = cuda.placements[i];
    cuda.isChanged |= now.home != before.home || now.offset != before.offset ||
                      now.bytes != before.bytes;
    now.data = before.data;
    before = now;
  }
  return total;
}

static dlc_status growStaging(dlc_session &session, uint64_t bytes) {
  CudaSession &cuda = *session.cuda;
  const Driver &driver = cuda.driver();
  if (bytes <= cuda.stagingBytes)
    return DLC_OK;
  if (cuda.staging)
    driver.cuMemFree(cuda.staging);
  if (cuda.pinned)
    driver.cuMemFreeHost(cuda.pinned);
  cuda.staging = 0;
  cuda.pinned = nullptr;
  cuda.stagingBytes = 0;
  Result result = driver.cuMemAlloc(&cuda.staging, bytes);
  if (result != kSuccess)
    cuda.staging = 0;
  if (result == kOutOfMemory) {
    Sizes sizes = session.getSizes();
    return cuda.loaded->failWithoutMemory(bytes, "inputs and outputs",
                                          session.plan->weights_bytes +
                                              sizes.arenaBytes() + bytes);
  }
  void *pinned = nullptr;
  if (result == kSuccess) {
    result = driver.cuMemHostAlloc(&pinned, bytes, kHostPortable);
    if (result == kSuccess)
      cuda.pinned = static_cast<char *>(pinned);
  }
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the allocation of pinned memory");
  cuda.stagingBytes = bytes;
  return DLC_OK;
}

/// Lets the operands be where the tensors now are.
static dlc_status placeTensors(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  const dlc_abi_model &model = *session.model;
  if (dlc_status status = growStaging(session, layOutStaging(session)))
    return status;
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    const Binding &binding = session.bindings[i];
    Placement &placement = cuda.placements[i];
    char *data =
        placement.home == Home::Device
            ? binding.data
            : reinterpret_cast<char *>(cuda.staging + placement.offset);
    cuda.isChanged |= data != placement.data;
    placement.data = data;
  }
  // A plan that was activated has none of them placed.
  for (uint32_t i = 0;
       cuda.isChanged && i < model.num_inputs + model.num_outputs; ++i)
    placeAt(session, session.bindings[i], cuda.placements[i].data);
  return DLC_OK;
}

/// Lets kernels in the stream see the sizes of the dims.
static dlc_status uploadDims(const dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  if (!cuda.dims || cuda.areDimsThere)
    return DLC_OK;
  Result result = cuda.driver().cuMemcpyHtoDAsync(
      cuda.dims, session.dynamic->dims,
      session.model->num_dims * sizeof(int64_t), cuda.stream);
  cuda.areDimsThere = result == kSuccess;
  return cuda.areDimsThere ? DLC_OK
                           : cuda.loaded->failWith(result, "the copy of dims");
}

/// Copies those of the tensors [first, end) that are in host memory between
/// there and the pinned block.
static void copyOnHost(const dlc_session &session, uint32_t first, uint32_t end,
                       bool toPinned) {
  const CudaSession &cuda = *session.cuda;
  for (uint32_t i = first; i < end; ++i) {
    const Placement &placement = cuda.placements[i];
    char *pinned = cuda.pinned + placement.offset;
    char *data = session.bindings[i].data;
    if (placement.home == Home::Host && placement.used > 0)
      memcpy(toPinned ? pinned : data, toPinned ? data : pinned,
             placement.used);
  }
}

//===----------------------------------------------------------------------===//
// The streams
//===----------------------------------------------------------------------===//

/// Puts copies of those of the tensors [first, end) that are in host memory,
/// between the staging blocks, into the stream.
static Result enqueueCopies(const dlc_session &session, uint32_t first,
                            uint32_t end, bool toDevice) {
  const CudaSession &cuda = *session.cuda;
  for (uint32_t i = first; i < end; ++i) {
    const Placement &placement = cuda.placements[i];
    if (placement.home != Home::Host || placement.used == 0)
      continue;
    DevicePointer device = cuda.staging + placement.offset;
    char *pinned = cuda.pinned + placement.offset;
    Result result = toDevice ? cuda.driver().cuMemcpyHtoDAsync(
                                   device, pinned, placement.used, cuda.stream)
                             : cuda.driver().cuMemcpyDtoHAsync(
                                   pinned, device, placement.used, cuda.stream);
    if (result != kSuccess)
      return result;
  }
  return kSuccess;
}

/// Puts copies of those of the tensors [first, end) that are on other devices
/// into the stream: from there, or to there. The driver finds the devices by
/// the addresses.
static Result enqueuePeerCopies(const dlc_session &session, uint32_t first,
                                uint32_t end, bool fromPeer) {
  const CudaSession &cuda = *session.cuda;
  for (uint32_t i = first; i < end; ++i) {
    const Placement &placement = cuda.placements[i];
    if (placement.home != Home::OtherDevice || placement.used == 0)
      continue;
    auto here = reinterpret_cast<DevicePointer>(placement.data),
         there = reinterpret_cast<DevicePointer>(session.bindings[i].data);
    Result result = cuda.driver().cuMemcpyAsync(fromPeer ? here : there,
                                                fromPeer ? there : here,
                                                placement.used, cuda.stream);
    if (result != kSuccess)
      return result;
  }
  return kSuccess;
}

/// The scratch memory of \p launch, which those of other queues don't touch.
static char *getScratch(const dlc_session &session, const Launch &launch) {
  return session.scratch.base +
         session.cuda->queues[launch.queue].scratchOffset;
}

/// Puts the launches of one step into \p stream.
static Result enqueueKernel(const dlc_session &session, const Launch &launch,
                            Stream stream) {
  const CudaSession &cuda = *session.cuda;
  if (launch.blocks == 0)
    return kSuccess;
  void *const *buffers = launch.buffers;
  for (uint64_t i = 0; i < launch.numBuffers; ++i)
    cuda.parameters[i] = const_cast<void **>(&buffers[i]);
  char *scratch = getScratch(session, launch);
  uint32_t phase = 0;
  cuda.parameters[launch.numBuffers] = &scratch;
  cuda.parameters[launch.numBuffers + 1] = &phase;
  for (; phase < launch.numPhases; ++phase) {
    Result result = cuda.driver().cuLaunchKernel(
        launch.function, unsigned(launch.blocks), 1, 1, launch.threads, 1, 1,
        launch.sharedBytes, stream, cuda.parameters, nullptr);
    if (result != kSuccess)
      return result;
  }
  return kSuccess;
}

/// Puts one step into \p stream.
static dlc_status enqueueStep(const dlc_session &session, const Launch &launch,
                              Stream stream) {
  const CudaSession &cuda = *session.cuda;
  if (launch.gemm)
    return launch.gemm->enqueue(*cuda.loaded, launch.buffers,
                                getScratch(session, launch), stream);
  Result result = enqueueKernel(session, launch, stream);
  if (result == kSuccess)
    return DLC_OK;
  char what[160];
  snprintf(what, sizeof what, "the launch of kernel '%.100s'",
           session.plan->cuda->kernels[launch.kernel].name);
  return cuda.loaded->failWith(result, what);
}

/// Refuses launches of the steps [first, end) that CUDA can't do.
static dlc_status checkLaunches(const dlc_session &session, uint64_t first,
                                uint64_t end) {
  const CudaSession &cuda = *session.cuda;
  for (uint64_t i = first; i < end; ++i)
    if (!cuda.launches[i].gemm && cuda.launches[i].blocks > kMostBlocks)
      return fail(DLC_ERROR_TENSOR,
                  "cuda:%d: kernel '%s' of model '%s' would need %llu blocks, "
                  "CUDA launches %llu at most",
                  int(session.device.device_id),
                  session.plan->cuda->kernels[cuda.launches[i].kernel].name,
                  session.model->name,
                  (unsigned long long)cuda.launches[i].blocks,
                  (unsigned long long)kMostBlocks);
  return DLC_OK;
}

/// Puts the steps [first, end) into the stream, with one of \p events behind
/// each.
static dlc_status enqueueTimed(const dlc_session &session, uint64_t first,
                               uint64_t end, const Event *events) {
  const CudaSession &cuda = *session.cuda;
  for (uint64_t i = first; i < end; ++i) {
    if (dlc_status status = enqueueStep(session, cuda.launches[i], cuda.stream))
      return status;
    cuda.driver().cuEventRecord(events[i + 1], cuda.stream);
  }
  return DLC_OK;
}

/// Puts the steps [first, end) into the streams of their queues.
static dlc_status enqueueOnQueues(const dlc_session &session, uint64_t first,
                                  uint64_t end) {
  const CudaSession &cuda = *session.cuda;
  const Driver &driver = cuda.driver();
  WaitTable waits(*session.plan);
  const dlc_abi_cuda_wait *wait = waits.begin();
  for (uint64_t i = first; i < end; ++i) {
    const Launch &launch = cuda.launches[i];
    Stream stream = cuda.queues[launch.queue].stream;
    Result result = kSuccess;
    for (; wait != waits.end() && wait->step <= i; ++wait) {
      Event done = cuda.launches[wait->after].done;
      if (wait->step == i && done && result == kSuccess)
        result = driver.cuStreamWaitEvent(stream, done, /*flags=*/0);
    }
    if (result != kSuccess)
      return cuda.loaded->failWith(result, "the order of the steps");
    if (dlc_status status = enqueueStep(session, launch, stream))
      return status;
    if (launch.done)
      result = driver.cuEventRecord(launch.done, stream);
    if (result != kSuccess)
      return cuda.loaded->failWith(result, "the order of the steps");
  }
  return DLC_OK;
}

/// Puts the steps [first, end) into the streams; with \p events, into the first
/// one, one behind each.
static dlc_status enqueueSteps(const dlc_session &session, uint64_t first,
                               uint64_t end, const Event *events) {
  if (dlc_status status = checkLaunches(session, first, end))
    return status;
  return events ? enqueueTimed(session, first, end, events)
                : enqueueOnQueues(session, first, end);
}

/// Lets the other queues wait for the first one or, at the end, the first one
/// for the others.
static dlc_status synchronizeQueues(const CudaSession &cuda, bool isEnd) {
  const Driver &driver = cuda.driver();
  Result result = kSuccess;
  if (!isEnd && cuda.numPlanQueues > 1)
    result = driver.cuEventRecord(cuda.queues[0].mark, cuda.stream);
  for (uint32_t i = 1; result == kSuccess && i < cuda.numPlanQueues; ++i) {
    const Queue &queue = cuda.queues[i];
    if (isEnd)
      result = driver.cuEventRecord(queue.mark, queue.stream);
    if (result == kSuccess)
      result = driver.cuStreamWaitEvent(
          isEnd ? cuda.stream : queue.stream,
          isEnd ? queue.mark : cuda.queues[0].mark, /*flags=*/0);
  }
  return result == kSuccess
             ? DLC_OK
             : cuda.loaded->failWith(result, "the order of the steps");
}

static dlc_status wait(const CudaSession &cuda) {
  Result result = cuda.driver().cuStreamSynchronize(cuda.stream);
  return result == kSuccess ? DLC_OK : cuda.loaded->failWith(result, "the run");
}

/// Reads count \p index, which the steps in the stream make, and prepares the
/// steps that follow.
static dlc_status takeCount(dlc_session &session, uint32_t index) {
  const CudaSession &cuda = *session.cuda;
  const void *from = session.buffers[session.model->counts[index].ref];
  int64_t size = 0;
  Result result = cuda.driver().cuMemcpyDtoHAsync(
      &size, reinterpret_cast<DevicePointer>(from), sizeof size, cuda.stream);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the copy of a count");
  if (dlc_status status = wait(cuda))
    return status;
  if (dlc_status status = dlc_counts_part.take(session, index, size))
    return status;
  return uploadDims(session);
}

/// Puts all steps into the stream. At each count it waits for what is there.
static dlc_status enqueueAllSteps(dlc_session &session, const Event *events) {
  const dlc_abi_model &plan = *session.plan;
  if (!isCounting(*session.model))
    return enqueueSteps(session, 0, plan.num_steps, events);
  session.dynamic->areCountsKnown = false;
  uint64_t step = 0;
  for (uint32_t i = 0; i < plan.num_counts; ++i) {
    uint64_t next = plan.counts[i].step;
    if (dlc_status status = enqueueSteps(session, step, next, events))
      return status;
    if (dlc_status status = takeCount(session, i))
      return status;
    step = next;
  }
  if (dlc_status status = enqueueSteps(session, step, plan.num_steps, events))
    return status;
  for (uint32_t i = 0; i < plan.num_outputs; ++i) {
    uint32_t index = plan.num_inputs + i;
    if (isCounted(plan, i))
      session.cuda->placements[index].used = countBytes(
          session, index,
          session.dynamic->countedShapes + getShapeOffset(session, index));
  }
  return DLC_OK;
}

/// Puts a whole run into the streams; with \p events, into the first one, one
/// before the first step and one behind each.
static dlc_status enqueueRun(dlc_session &session, const Event *events) {
  const CudaSession &cuda = *session.cuda;
  const dlc_abi_model &model = *session.model;
  Result result = enqueueCopies(session, 0, model.num_inputs, true);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the copy of the inputs");
  if (events)
    cuda.driver().cuEventRecord(events[0], cuda.stream);
  else if (dlc_status status = synchronizeQueues(cuda, /*isEnd=*/false))
    return status;
  if (dlc_status status = enqueueAllSteps(session, events))
    return status;
  if (!events)
    if (dlc_status status = synchronizeQueues(cuda, /*isEnd=*/true))
      return status;
  result = enqueueCopies(session, model.num_inputs,
                         model.num_inputs + model.num_outputs, false);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the copy of the outputs");
  return DLC_OK;
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// Lets the session's graph be as \p captured.
static Result updateGraph(CudaSession &cuda, Graph captured) {
  const Driver &driver = cuda.driver();
  GraphUpdateInfo info = {};
  if (cuda.graph &&
      driver.cuGraphExecUpdate(cuda.graph, captured, &info) == kSuccess)
    return kSuccess;
  if (cuda.graph)
    driver.cuGraphExecDestroy(cuda.graph);
  cuda.graph = nullptr;
  Result result =
      driver.cuGraphInstantiateWithFlags(&cuda.graph, captured, /*flags=*/0);
  if (result != kSuccess)
    cuda.graph = nullptr;
  return result;
}

static dlc_status captureGraph(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  const Driver &driver = cuda.driver();
  Result result = driver.cuStreamBeginCapture(cuda.stream, kCaptureThreadLocal);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the capture");
  dlc_status status = enqueueRun(session, nullptr);
  Graph captured = nullptr;
  result = driver.cuStreamEndCapture(cuda.stream, &captured);
  if (status == DLC_OK && result == kSuccess)
    result = updateGraph(cuda, captured);
  if (captured)
    driver.cuGraphDestroy(captured);
  if (status == DLC_OK && result != kSuccess)
    status = cuda.loaded->failWith(result, "the capture");
  cuda.isGraphCurrent = status == DLC_OK;
  return status;
}

/// Starts a run, as a graph where nothing has changed since the last one.
static dlc_status start(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  if (cuda.isChanged || !cuda.usesGraphs || isCounting(*session.model)) {
    cuda.isGraphCurrent = false;
    return enqueueRun(session, nullptr);
  }
  if (!cuda.isGraphCurrent)
    if (dlc_status status = captureGraph(session))
      return status;
  Result result = cuda.driver().cuGraphLaunch(cuda.graph, cuda.stream);
  return result == kSuccess ? DLC_OK
                            : cuda.loaded->failWith(result, "the launch");
}

//===----------------------------------------------------------------------===//
// Profiles
//===----------------------------------------------------------------------===//

static uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec);
}

static dlc_status createEvents(CudaSession &cuda, uint64_t count) {
  for (; cuda.numEvents < count; ++cuda.numEvents) {
    Result result =
        cuda.driver().cuEventCreate(&cuda.events[cuda.numEvents], /*flags=*/0);
    if (result != kSuccess)
      return cuda.loaded->failWith(result, "the profile");
  }
  return DLC_OK;
}

/// Runs step by step and writes down when each was done.
static dlc_status runTimed(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  const Driver &driver = cuda.driver();
  uint64_t numSteps = session.plan->num_steps;
  session.numProfileEvents = 0;
  if (dlc_status status = createEvents(cuda, numSteps + 1))
    return status;
  uint64_t begin = now();
  if (dlc_status status = enqueueRun(session, cuda.events))
    return status;
  if (dlc_status status = wait(cuda))
    return status;
  // The first step begins when the run does: clocks of devices aren't ours.
  uint64_t last = begin;
  for (uint64_t i = 0; i < numSteps && i < session.profileCapacity; ++i) {
    float milliseconds = 0;
    driver.cuEventElapsedTime(&milliseconds, cuda.events[0],
                              cuda.events[i + 1]);
    // An event that the driver didn't record may seem to lie before the first.
    uint64_t end =
        begin + (milliseconds > 0 ? uint64_t(double(milliseconds) * 1e6) : 0);
    end = end > last ? end : last;
    session.profile[session.numProfileEvents++] = {i, last, end};
    last = end;
  }
  return DLC_OK;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// Waits for what was started, before another failure too. \returns whether
/// the device is fit for more.
static bool waitForAll(const CudaSession &cuda) {
  bool isFit = true;
  for (uint32_t i = 0; i < cuda.numQueues; ++i)
    isFit &=
        cuda.driver().cuStreamSynchronize(cuda.queues[i].stream) == kSuccess;
  return isFit;
}

/// Runs the plan and waits for it.
static dlc_status runPlan(dlc_session &session) {
  if (session.profile)
    return runTimed(session);
  if (dlc_status status = start(session))
    return status;
  return wait(*session.cuda);
}

/// Copies the outputs that are on other devices to there.
static dlc_status copyToPeers(const dlc_session &session) {
  const CudaSession &cuda = *session.cuda;
  const dlc_abi_model &model = *session.model;
  uint32_t end = model.num_inputs + model.num_outputs;
  bool isAny = false;
  for (uint32_t i = model.num_inputs; i < end; ++i)
    isAny |= cuda.placements[i].home == Home::OtherDevice;
  if (!isAny)
    return DLC_OK;
  Result result =
      enqueuePeerCopies(session, model.num_inputs, end, /*fromPeer=*/false);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the copy of the outputs");
  return wait(cuda);
}

/// Runs the plan; the outputs are then complete in their places.
static dlc_status runOnDevice(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  const dlc_abi_model &model = *session.model;
  if (dlc_status status = uploadDims(session))
    return status;
  if (dlc_status status = placeTensors(session))
    return status;
  copyOnHost(session, 0, model.num_inputs, /*toPinned=*/true);
  Result result =
      enqueuePeerCopies(session, 0, model.num_inputs, /*fromPeer=*/true);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the copy of the inputs");
  if (dlc_status status = runPlan(session))
    return status;
  cuda.isChanged = false;
  if (isCounting(model))
    session.dynamic->areCountsKnown = true;
  if (dlc_status status = copyToPeers(session))
    return status;
  copyOnHost(session, model.num_inputs, model.num_inputs + model.num_outputs,
             /*toPinned=*/false);
  return DLC_OK;
}

dlc_status dlc::runtime::cuda::run(dlc_session &session) {
  CudaSession &cuda = *session.cuda;
  if (cuda.failure != DLC_OK)
    return fail(cuda.failure, "%s", cuda.failureText);
  ContextScope scope(cuda.driver(), cuda.loaded->getContext());
  if (scope.result() != kSuccess)
    return cuda.loaded->failWith(scope.result(), "the run");
  dlc_status status = runOnDevice(session);
  // A device that has failed won't do anything any more: the first message
  // says why. Nor may what was started before another failure go on.
  if (status != DLC_OK && !waitForAll(cuda)) {
    cuda.failure = status;
    snprintf(cuda.failureText, sizeof cuda.failureText, "%s", dlc_last_error());
  }
  return status;
}
