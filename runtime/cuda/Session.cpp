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

namespace {
/// What the tables of a session have room for: each model that may run.
struct Room {
  uint64_t steps = 0, operands = 0, gemms = 0;

  void add(const dlc_abi_model &model) {
    gemms += GemmTable(model).count;
    steps = model.num_steps > steps ? model.num_steps : steps;
    for (uint64_t i = 0; i < model.num_steps; ++i)
      if (model.steps[i].num_refs > operands)
        operands = model.steps[i].num_refs;
  }
};
} // namespace

/// Allocates the part of the session and its tables in one block.
static CudaSession *allocate(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  Room room;
  room.add(model);
  if (isDynamic(model))
    for (uint32_t i = 0; i < model.num_specializations; ++i)
      room.add(*model.specializations[i]);
  uint64_t numTensors = uint64_t(model.num_inputs) + model.num_outputs;
  // The core has allocated tables of these lengths: nothing overflows.
  uint64_t placements = sizeof(CudaSession);
  uint64_t launches = placements + numTensors * sizeof(Placement);
  uint64_t gemms = launches + room.steps * sizeof(Launch);
  uint64_t events = gemms + room.gemms * sizeof(Gemm);
  uint64_t parameters = events + (room.steps + 1) * sizeof(Event);
  uint64_t bytes = parameters + (room.operands + 2) * sizeof(void *);
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
  return cuda;
}

/// What the environment says: CUDA graphs may be switched off.
static bool areGraphsWanted() {
  const char *text = getenv("DLC_CUDA_GRAPHS");
  return !text || strcmp(text, "0") != 0;
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
  cuda->usesGraphs = areGraphsWanted();
  session.memoryAllocator = {sizeof(dlc_allocator), allocateOnDevice,
                             releaseOnDevice, cuda};
  session.targetName = loaded->getTarget();
  session.weights = reinterpret_cast<char *>(loaded->getWeights());

  ContextScope scope(cuda->driver(), loaded->getContext());
  Result result = scope.result();
  if (result == kSuccess)
    result = cuda->driver().cuStreamCreate(&cuda->stream, kStreamNonBlocking);
  if (result != kSuccess) {
    cuda->stream = nullptr;
    return loaded->failWith(result, "the start");
  }
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
  const DevicePointer memories[] = {cuda.dims, cuda.state, cuda.staging};
  for (DevicePointer memory : memories)
    if (memory)
      driver.cuMemFree(memory);
  if (cuda.pinned)
    driver.cuMemFreeHost(cuda.pinned);
  if (cuda.stream)
    driver.cuStreamDestroy(cuda.stream);
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

static uint64_t getScratchBytes(const dlc_session &session,
                                const dlc_abi_model &plan, const Sizes &sizes) {
  uint64_t most = 0;
  const Gemm *gemms = getGemms(session, plan);
  for (uint32_t i = 0; i < GemmTable(plan).count; ++i) {
    uint64_t bytes = gemms[i].getWorkspaceBytes();
    most = bytes > most ? bytes : most;
  }
  for (uint32_t i = 0; i < plan.num_kernels; ++i) {
    uint64_t bytes = sizes.cudaScratchBytes(i);
    most = bytes > most ? bytes : most;
  }
  return most;
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
    launch.gemm = nullptr;
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
  resolve(session, sizes, 0);
  session.cuda->isChanged = true;
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
