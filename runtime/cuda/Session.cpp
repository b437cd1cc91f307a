// SPDX-License-Identifier: Apache-2.0
// Sessions on CUDA devices are made, prepared and destroyed here.
#include "runtime/cuda/Session.h"

#include "runtime/core/Cuda.h"
#include "runtime/core/Status.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

//===----------------------------------------------------------------------===//
// Memory of the device
//===----------------------------------------------------------------------===//

/// dlc_allocator's functions, for a session's arena and scratch memory. The
/// driver aligns to 256 bytes at least. Zeros: kernels compute lanes that
/// nobody uses from elements that nobody wrote, which looks like a fault to
/// tools that watch memory.
static void *allocateOnDevice(void *context, size_t bytes, size_t) {
  const CudaSession &cuda = *static_cast<const CudaSession *>(context);
  ContextScope scope(cuda.driver(), cuda.loaded->getContext());
  DevicePointer memory = 0;
  if (scope.result() != kSuccess ||
      cuda.driver().cuMemAlloc(&memory, bytes) != kSuccess)
    return nullptr;
  if (cuda.driver().cuMemsetD8Async(memory, 0, bytes, cuda.stream) !=
      kSuccess) {
    cuda.driver().cuMemFree(memory);
    return nullptr;
  }
  return reinterpret_cast<void *>(memory);
}

static void releaseOnDevice(void *context, void *memory, size_t) {
  const CudaSession &cuda = *static_cast<const CudaSession *>(context);
  ContextScope scope(cuda.driver(), cuda.loaded->getContext());
  if (scope.result() == kSuccess)
    cuda.driver().cuMemFree(reinterpret_cast<DevicePointer>(memory));
}

static dlc_status failToGrowOnDevice(const dlc_session &session,
                                     const Misfit &misfit, const char *dims) {
  const CudaSession &cuda = *session.cuda;
  ContextScope scope(cuda.driver(), cuda.loaded->getContext());
  // The device may have failed for another reason.
  Result result = cuda.driver().cuStreamSynchronize(cuda.stream);
  if (result != kSuccess)
    return cuda.loaded->failWith(result, "the preparation");
  char what[160];
  snprintf(what, sizeof what, "%s%s%s",
           misfit.kind == Misfit::NoArena ? "arena" : "scratch memory",
           *dims ? " at " : "", dims);
  Sizes sizes = session.getSizes();
  uint64_t needed =
      session.plan->weights_bytes + sizes.arenaBytes() +
      dlc_cuda_part.getScratchBytes(session, *session.plan, sizes);
  return cuda.loaded->failWithoutMemory(misfit.bytes, what, needed);
}

/// Memory that is the session's as long as it lives, filled with zeros.
static dlc_status allocateZeros(dlc_session &session, uint64_t bytes,
                                const char *what, DevicePointer &memory) {
  const CudaSession &cuda = *session.cuda;
  if (bytes == 0)
    return DLC_OK;
  Result result = cuda.driver().cuMemAlloc(&memory, bytes);
  if (result != kSuccess)
    memory = 0;
  if (result == kOutOfMemory)
    return cuda.loaded->failWithoutMemory(bytes, what,
                                          session.model->weights_bytes + bytes);
  if (result == kSuccess)
    result = cuda.driver().cuMemsetD8Async(memory, 0, bytes, cuda.stream);
  if (result == kSuccess)
    result = cuda.driver().cuStreamSynchronize(cuda.stream);
  return result == kSuccess ? DLC_OK
                            : cuda.loaded->failWith(result, "the start");
}

//===----------------------------------------------------------------------===//
// Life
//===----------------------------------------------------------------------===//

static uint64_t getLarger(uint64_t a, uint64_t b) { return a > b ? a : b; }

WaitTable::WaitTable(const dlc_abi_model &plan) {
  const dlc_abi_cuda *cuda = getCuda(plan);
  if (!cuda || cuda->struct_size <= offsetof(dlc_abi_cuda, num_waits))
    return;
  waits = cuda->waits;
  count = cuda->num_waits;
}

/// How many queues the steps of \p plan have.
static uint32_t countQueues(const dlc_abi_model &plan) {
  uint32_t count = 1;
  for (uint64_t i = 0; i < plan.num_steps; ++i)
    if (plan.steps[i].queue >= count)
      count = plan.steps[i].queue + 1;
  return count;
}

namespace {
/// What the tables of a session have room for: each model that may run.
struct Room {
  uint64_t steps = 0, operands = 0, gemms = 0, marks = 0;
  uint32_t queues = 1;

  void add(const dlc_abi_model &model) {
    gemms += GemmTable(model).count;
    marks = getLarger(marks, WaitTable(model).count);
    queues = uint32_t(getLarger(queues, countQueues(model)));
    steps = getLarger(steps, model.num_steps);
    for (uint64_t i = 0; i < model.num_steps; ++i)
      operands = getLarger(operands, model.steps[i].num_refs);
  }
};
} // namespace

/// What the environment says of \p name, which may be switched off.
static bool isWanted(const char *name) {
  const char *text = getenv(name);
  return !text || strcmp(text, "0") != 0;
}

/// Allocates the part of the session and its tables in one block.
static CudaSession *allocate(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  Room room;
  room.add(model);
  if (isDynamic(model))
    for (uint32_t i = 0; i < model.num_specializations; ++i)
      room.add(*model.specializations[i]);
  if (!isWanted("DLC_CUDA_QUEUES")) {
    room.queues = 1;
    room.marks = 0;
  }
  uint64_t numTensors = uint64_t(model.num_inputs) + model.num_outputs;
  // The core has allocated tables of these lengths: nothing overflows.
  uint64_t placements = sizeof(CudaSession);
  uint64_t launches = placements + numTensors * sizeof(Placement);
  uint64_t gemms = launches + room.steps * sizeof(Launch);
  uint64_t events = gemms + room.gemms * sizeof(Gemm);
  uint64_t parameters = events + (room.steps + 1) * sizeof(Event);
  uint64_t queues = parameters + (room.operands + 2) * sizeof(void *);
  uint64_t marks = queues + room.queues * sizeof(Queue);
  uint64_t bytes = marks + room.marks * sizeof(Event);
  void *block =
      session.allocator.allocate(session.allocator.context, bytes, 64);
  if (!block)
    return nullptr;
  memset(block, 0, bytes);
  char *base = static_cast<char *>(block);
  CudaSession *cuda = static_cast<CudaSession *>(block);
  cuda->blockBytes = bytes;
  cuda->placements = reinterpret_cast<Placement *>(base + placements);
  cuda->launches = reinterpret_cast<Launch *>(base + launches);
  cuda->gemms = reinterpret_cast<Gemm *>(base + gemms);
  cuda->numGemms = room.gemms;
  cuda->events = reinterpret_cast<Event *>(base + events);
  cuda->parameters = reinterpret_cast<void **>(base + parameters);
  cuda->queues = reinterpret_cast<Queue *>(base + queues);
  cuda->numQueues = room.queues;
  cuda->marks = reinterpret_cast<Event *>(base + marks);
  cuda->numMarks = room.marks;
  return cuda;
}

/// Prepares the products of \p plan, whose places are those from \p gemm on,
/// which ends behind them. One that the library can't compute stays code unless
/// it is required.
static dlc_status prepareGemms(const LoadedModel &loaded,
                               const dlc_abi_model &plan, Gemm *&gemm) {
  for (const dlc_abi_cuda_gemm &product : GemmTable(plan)) {
    dlc_status status =
        loaded.getCublas() ? (gemm++)->prepare(loaded, plan, product) : DLC_OK;
    if (status != DLC_OK && (product.flags & DLC_GEMM_REQUIRED))
      return status;
  }
  return DLC_OK;
}

/// Prepares those of all models that may run.
static dlc_status prepareGemms(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  const LoadedModel &loaded = *session.cuda->loaded;
  Gemm *next = session.cuda->gemms;
  dlc_status status = prepareGemms(loaded, model, next);
  uint32_t numSpecial = isDynamic(model) ? model.num_specializations : 0;
  for (uint32_t i = 0; status == DLC_OK && i < numSpecial; ++i)
    status = prepareGemms(loaded, *model.specializations[i], next);
  return status;
}

/// Makes an event that only tells that it is reached; null where that fails.
static Result createMark(const Driver &driver, Event &mark) {
  Result result = driver.cuEventCreate(&mark, kEventDisableTiming);
  if (result != kSuccess)
    mark = nullptr;
  return result;
}

/// Makes the streams of all queues, and what they wait for.
static Result createQueues(CudaSession &cuda) {
  const Driver &driver = cuda.driver();
  Result result = kSuccess;
  for (uint32_t i = 0; result == kSuccess && i < cuda.numQueues; ++i) {
    Queue &queue = cuda.queues[i];
    result = driver.cuStreamCreate(&queue.stream, kStreamNonBlocking);
    if (result != kSuccess)
      queue.stream = nullptr;
    else if (cuda.numQueues > 1)
      result = createMark(driver, queue.mark);
  }
  cuda.stream = cuda.queues[0].stream;
  for (uint64_t i = 0; result == kSuccess && i < cuda.numMarks; ++i)
    result = createMark(driver, cuda.marks[i]);
  return result;
}

static dlc_status create(dlc_session &session, int32_t device) {
  const dlc_abi_model &model = *session.model;
  LoadedModel *loaded;
  if (dlc_status status = LoadedModel::acquire(model, device, loaded))
    return status;
  CudaSession *cuda = allocate(session);
  if (!cuda) {
    loaded->release();
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "cannot allocate a session of model '%s'", model.name);
  }
  session.cuda = cuda;
  cuda->loaded = loaded;
  cuda->usesGraphs = isWanted("DLC_CUDA_GRAPHS");
  session.memoryAllocator = {sizeof(dlc_allocator), allocateOnDevice,
                             releaseOnDevice, cuda};
  session.targetName = loaded->getTarget();
  session.weights = reinterpret_cast<char *>(loaded->getWeights());

  ContextScope scope(cuda->driver(), loaded->getContext());
  Result result = scope.result();
  if (result == kSuccess)
    result = createQueues(*cuda);
  if (result != kSuccess)
    return loaded->failWith(result, "the start");
  if (dlc_status status = prepareGemms(session))
    return status;
  if (dlc_status status =
          allocateZeros(session, model.state_bytes, "state", cuda->state))
    return status;
  session.state = reinterpret_cast<char *>(cuda->state);
  uint64_t numDims = isDynamic(model) ? model.num_dims : 0;
  if (dlc_status status =
          allocateZeros(session, numDims * sizeof(int64_t), "dims", cuda->dims))
    return status;
  session.dims = reinterpret_cast<char *>(cuda->dims);
  return DLC_OK;
}

/// Frees what the session has on its device. Where that has failed so do these,
/// and nothing is left to free.
static void releaseDevice(CudaSession &cuda) {
  const Driver &driver = cuda.driver();
  ContextScope scope(driver, cuda.loaded->getContext());
  if (scope.result() != kSuccess)
    return;
  if (cuda.graph)
    driver.cuGraphExecDestroy(cuda.graph);
  for (uint64_t i = 0; i < cuda.numEvents; ++i)
    driver.cuEventDestroy(cuda.events[i]);
  for (uint64_t i = 0; i < cuda.numMarks; ++i)
    if (cuda.marks[i])
      driver.cuEventDestroy(cuda.marks[i]);
  const DevicePointer memories[] = {cuda.dims, cuda.state, cuda.staging};
  for (DevicePointer memory : memories)
    if (memory)
      driver.cuMemFree(memory);
  if (cuda.pinned)
    driver.cuMemFreeHost(cuda.pinned);
  for (uint32_t i = 0; i < cuda.numQueues; ++i) {
    if (cuda.queues[i].mark)
      driver.cuEventDestroy(cuda.queues[i].mark);
    if (cuda.queues[i].stream)
      driver.cuStreamDestroy(cuda.queues[i].stream);
  }
}

static void destroy(dlc_session &session) {
  CudaSession *cuda = session.cuda;
  releaseDevice(*cuda);
  for (uint64_t i = 0; i < cuda->numGemms; ++i)
    cuda->gemms[i].release(*cuda->loaded);
  cuda->loaded->release();
  session.allocator.release(session.allocator.context, cuda, cuda->blockBytes);
  session.cuda = nullptr;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// The session's products of \p plan, as many as its table has.
static const Gemm *getGemms(const dlc_session &session,
                            const dlc_abi_model &plan) {
  const Gemm *gemms = session.cuda->gemms;
  const dlc_abi_model *current = session.model;
  for (uint32_t i = 0; current != &plan; ++i) {
    gemms += GemmTable(*current).count;
    current = session.model->specializations[i];
  }
  return gemms;
}

/// Scratch memory that a launch of \p kernel needs, whoever computes it.
static uint64_t getScratchBytes(const Gemm *gemms, const dlc_abi_model &plan,
                                const Sizes &sizes, uint32_t kernel) {
  uint64_t bytes = sizes.cudaScratchBytes(kernel);
  for (const dlc_abi_cuda_gemm &product : GemmTable(plan)) {
    if (product.kernel == kernel)
      bytes = getLarger(bytes, gemms->getWorkspaceBytes());
    ++gemms;
  }
  return bytes;
}

/// The alignment of a launch's scratch memory.
static constexpr uint64_t kScratchAlignment = 256;

/// The queue that \p step runs on in \p session, which may have one only.
static uint32_t getQueue(const dlc_session &session, const dlc_abi_step &step) {
  return session.cuda->numQueues > 1 ? step.queue : 0;
}

/// Lays out the scratch memory: launches of a queue share a part of it, those
/// of different queues may run at once. \p queues learn where theirs begins,
/// unless null. \returns the bytes of all.
static uint64_t layOutScratch(const dlc_session &session,
                              const dlc_abi_model &plan, const Sizes &sizes,
                              Queue *queues) {
  const Gemm *gemms = getGemms(session, plan);
  uint64_t total = 0;
  for (uint32_t queue = 0; queue < session.cuda->numQueues; ++queue) {
    uint64_t most = 0;
    for (uint64_t i = 0; i < plan.num_steps; ++i)
      if (getQueue(session, plan.steps[i]) == queue)
        most = getLarger(
            most, getScratchBytes(gemms, plan, sizes, plan.steps[i].kernel));
    total = (total + kScratchAlignment - 1) & ~(kScratchAlignment - 1);
    if (queues)
      queues[queue].scratchOffset = total;
    total += most;
  }
  return total;
}

static uint64_t getScratchBytes(const dlc_session &session,
                                const dlc_abi_model &plan, const Sizes &sizes) {
  return layOutScratch(session, plan, sizes, nullptr);
}

static void resolve(dlc_session &session, const Sizes &sizes, uint64_t step) {
  CudaSession &cuda = *session.cuda;
  const dlc_abi_model &plan = *session.plan;
  const Function *functions = cuda.loaded->getFunctions(plan);
  for (uint64_t i = step; i < plan.num_steps; ++i) {
    const dlc_abi_step &from = plan.steps[i];
    const dlc_abi_cuda_kernel &kernel = plan.cuda->kernels[from.kernel];
    Launch &launch = cuda.launches[i];
    launch.function = functions[from.kernel];
    launch.buffers = session.buffers + from.first_ref;
    launch.numBuffers = from.num_refs;
    launch.blocks = sizes.cudaBlocks(from.kernel);
    launch.threads = kernel.threads;
    launch.sharedBytes = kernel.shared_bytes;
    launch.numPhases = uint32_t(sizes.cudaPhases(from.kernel));
    launch.kernel = from.kernel;
    launch.queue = getQueue(session, from);
    launch.gemm = nullptr;
    launch.done = nullptr;
  }
  const Gemm *gemm = getGemms(session, plan);
  for (const dlc_abi_cuda_gemm &product : GemmTable(plan)) {
    for (uint64_t i = 0; *gemm && i < plan.num_steps; ++i)
      if (cuda.launches[i].kernel == product.kernel)
        cuda.launches[i].gemm = gemm;
    ++gemm;
  }
  cuda.areDimsThere = false;
}

static void activate(dlc_session &session, const Sizes &sizes) {
  CudaSession &cuda = *session.cuda;
  resolve(session, sizes, 0);
  cuda.numPlanQueues = cuda.numQueues > 1 ? countQueues(*session.plan) : 1;
  layOutScratch(session, *session.plan, sizes, cuda.queues);
  Event *mark = cuda.marks;
  if (cuda.numPlanQueues > 1)
    for (const dlc_abi_cuda_wait &wait : WaitTable(*session.plan))
      if (!cuda.launches[wait.after].done)
        cuda.launches[wait.after].done = *mark++;
  cuda.isChanged = true;
}

static bool hasDevice(const dlc_session &session, int32_t id) {
  int count = 0;
  session.cuda->driver().cuDeviceGetCount(&count);
  return id >= 0 && id < count;
}

static char *getPlace(const dlc_session &session, uint32_t index) {
  return session.cuda->placements[index].data;
}

//===----------------------------------------------------------------------===//
// The part
//===----------------------------------------------------------------------===//

const CudaPart dlc_cuda_part = {
    create,    destroy,  getScratchBytes,    activate, resolve,
    hasDevice, getPlace, failToGrowOnDevice, cuda::run};
