// SPDX-License-Identifier: Apache-2.0
// Sessions are made and destroyed here: all that can fail or takes memory
// happens before the first run.
#include "runtime/core/Session.h"

#include "runtime/core/Counts.h"
#include "runtime/core/Cuda.h"
#include "runtime/core/Dims.h"
#include "runtime/core/Model.h"
#include "runtime/core/Status.h"
#include "runtime/cpu/Features.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static void *allocateDefault(void *, size_t bytes, size_t alignment) {
  void *memory;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

static void releaseDefault(void *, void *memory, size_t) { free(memory); }

dlc_session_options
dlc::runtime::readOptions(const dlc_session_options *options) {
  dlc_session_options known;
  readStruct(known, options);
  return known;
}

static void log(const dlc_session_options &options, dlc_log_level level,
                const char *message) {
  if (options.log && options.log->write)
    options.log->write(options.log->context, level, message);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {
/// Places tables one behind the other.
class Layout {
public:
  /// Returns the offset of \p count elements of \p size bytes.
  uint64_t add(uint64_t count, uint64_t size) {
    uint64_t offset = total, bytes;
    overflow |= __builtin_mul_overflow(count, size, &bytes);
    overflow |= __builtin_add_overflow(bytes, uint64_t(63), &bytes);
    overflow |= __builtin_add_overflow(total, bytes & ~uint64_t(63), &total);
    return offset;
  }
  uint64_t bytes() const { return total; }
  bool hasOverflow() const { return overflow; }

private:
  uint64_t total = 0;
  bool overflow = false;
};

/// What the tables of one session have room for: each model that may run.
struct Room {
  uint64_t steps = 0, refs = 0, patches = 0;

  void add(const dlc_abi_model &model) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < model.num_refs; ++i)
      count += model.refs[i].space == DLC_SPACE_INPUT ||
               model.refs[i].space == DLC_SPACE_OUTPUT;
    steps = model.num_steps > steps ? model.num_steps : steps;
    refs = model.num_refs > refs ? model.num_refs : refs;
    patches = count > patches ? count : patches;
  }
};
} // namespace

/// Allocates the session and its tables in one block.
static dlc_session *allocateSession(const dlc_abi_model &model,
                                    const dlc_allocator &allocator) {
  Room room;
  room.add(model);
  if (isDynamic(model))
    for (uint32_t i = 0; i < model.num_specializations; ++i)
      room.add(*model.specializations[i]);
  Layout layout;
  layout.add(1, sizeof(dlc_session));
  uint64_t steps = layout.add(room.steps, sizeof(Step));
  uint64_t buffers = layout.add(room.refs, sizeof(void *));
  uint64_t patches = layout.add(room.patches, sizeof(Patch));
  uint64_t bindings = layout.add(uint64_t(model.num_inputs) + model.num_outputs,
                                 sizeof(Binding));
  uint64_t dynamic = layout.add(
      isDynamic(model) ? dlc_dims_part.countTables(model) : 0, sizeof(int64_t));
  if (layout.hasOverflow())
    return nullptr;
  void *block = allocator.allocate(allocator.context, layout.bytes(), 64);
  if (!block)
    return nullptr;
  memset(block, 0, layout.bytes());
  char *base = static_cast<char *>(block);
  dlc_session *session = static_cast<dlc_session *>(block);
  session->model = session->plan = &model;
  session->allocator = session->memoryAllocator = allocator;
  session->blockBytes = layout.bytes();
  session->steps = reinterpret_cast<Step *>(base + steps);
  session->buffers = reinterpret_cast<void **>(base + buffers);
  session->patches = reinterpret_cast<Patch *>(base + patches);
  session->bindings = reinterpret_cast<Binding *>(base + bindings);
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i)
    session->bindings[i].device = {kDLCPU, 0};
  session->numMissing = model.num_inputs + model.num_outputs;
  if (isDynamic(model)) {
    dlc_dims_part.addTables(*session,
                            reinterpret_cast<int64_t *>(base + dynamic));
    session->dims = reinterpret_cast<char *>(session->dynamic->dims);
  }
  return session;
}

/// Takes what the caller gives, until something larger is needed.
static void adopt(Memory &memory, void *given, uint64_t bytes) {
  if (given)
    memory = {static_cast<char *>(given), bytes, false};
}

static dlc_status checkAlignment(const char *what, const Memory &memory,
                                 uint64_t alignment) {
  if (reinterpret_cast<uintptr_t>(memory.base) % alignment == 0)
    return DLC_OK;
  return fail(DLC_ERROR_INVALID_ARGUMENT, "the %s is not aligned to %llu bytes",
              what, (unsigned long long)alignment);
}

static dlc_status allocateState(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  if (model.state_bytes == 0 || session.cuda)
    return DLC_OK;
  session.state = static_cast<char *>(session.allocator.allocate(
      session.allocator.context, model.state_bytes, 64));
  if (!session.state)
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "cannot allocate %llu bytes for the state of model '%s'",
                (unsigned long long)model.state_bytes, model.name);
  memset(session.state, 0, model.state_bytes);
  return DLC_OK;
}

static dlc_status allocateMemory(dlc_session &session,
                                 const dlc_session_options &options) {
  const dlc_abi_model &model = *session.model;
  if (dlc_status status = allocateState(session))
    return status;
  adopt(session.arena, options.arena, options.arena_bytes);
  adopt(session.scratch, options.scratch, options.scratch_bytes);
  if (!session.dynamic)
    if (Misfit misfit = activatePlan(session, model); misfit.kind)
      return failToGrow(session, misfit);
  uint64_t alignment = model.arena_alignment > 64 ? model.arena_alignment : 64;
  if (dlc_status status = checkAlignment("arena", session.arena, alignment))
    return status;
  if (dlc_status status = checkAlignment("scratch memory", session.scratch, 64))
    return status;

  return DLC_OK;
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

/// Decides how many threads the session may use and where they come from.
static dlc_status chooseThreads(dlc_session &session,
                                const dlc_session_options &options) {
  session.numThreads = 1;
  if (options.thread_pool) {
    readStruct(session.threadPool, options.thread_pool);
    if (!session.threadPool.parallel_for || options.num_threads == 0)
      return fail(DLC_ERROR_INVALID_ARGUMENT,
                  "a thread pool needs parallel_for and num_threads");
    session.numThreads = options.num_threads;
    return DLC_OK;
  }
  if (options.threading == DLC_THREADS_NONE || options.num_threads == 1)
    return DLC_OK;
  if (options.threading != DLC_THREADS_SHARED &&
      options.threading != DLC_THREADS_OWN)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "unknown threading %d",
                int(options.threading));
  uint32_t wanted =
      options.num_threads ? options.num_threads : countUsableCpus();
  if (wanted == 1)
    return DLC_OK;
  session.pool = options.threading == DLC_THREADS_OWN
                     ? ThreadPool::create()
                     : ThreadPool::acquireShared();
  if (!session.pool)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot allocate a thread pool");
  session.numThreads = session.pool->ensureThreads(wanted);
  if (session.numThreads < wanted)
    log(options, DLC_LOG_WARNING, "not all threads could be started");
  return DLC_OK;
}

//===----------------------------------------------------------------------===//
// Public functions
//===----------------------------------------------------------------------===//

/// Finds the input that random numbers depend on.
static void initializeSeed(dlc_session &session) {
  session.seedInput = dlc_model_find_input(session.model, DLC_SEED_INPUT);
  if (session.seedInput < 0)
    return;
  const dlc_abi_tensor &input = session.model->inputs[session.seedInput];
  // A variable of that name in a model that draws no numbers is another thing.
  if (input.dtype_code == kDLInt && input.size_bytes == sizeof session.seed)
    bindOwnSeed(session);
  else
    session.seedInput = -1;
}

static void release(dlc_session &session, void *memory, uint64_t bytes) {
  if (memory)
    session.allocator.release(session.allocator.context, memory, bytes);
}

/// Finds out where the session runs, and with which code of the model.
static dlc_status chooseDevice(dlc_session &session,
                               const dlc_session_options &options) {
  const dlc_abi_model &model = *session.model;
  session.device = {kDLCPU, 0};
  if (options.device.device_type != kDLCUDA) {
    if (dlc_status status =
            chooseTargetForCpu(model, options.target, session.target))
      return status;
    session.targetName = model.targets[session.target].name;
    return chooseThreads(session, options);
  }
  session.device = options.device;
  session.numThreads = 1;
  int32_t id = options.device.device_id;
  if (!getCuda(model))
    return fail(DLC_ERROR_DEVICE,
                "model '%s' has no code for cuda:%d: compile it with --target "
                "cuda",
                model.name, int(id));
  if (!hasCudaPart())
    return fail(DLC_ERROR_UNSUPPORTED,
                "model '%s' runs on cuda:%d with libdlcrt only: load it with "
                "dlc_model_load",
                model.name, int(id));
  return dlc_cuda_part.create(session, id);
}

static dlc_status initialize(dlc_session &session,
                             const dlc_session_options &options) {
  if (dlc_status status = chooseDevice(session, options))
    return status;
  if (dlc_status status = allocateMemory(session, options))
    return status;
  session.profile = options.profile;
  session.profileCapacity = options.profile ? options.profile_capacity : 0;
  initializeSeed(session);
  return DLC_OK;
}

dlc_status dlc_session_create(const dlc_model *model,
                              const dlc_session_options *userOptions,
                              dlc_session **session) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  *session = nullptr;
  if (dlc_status status = checkModel(model))
    return status;
  dlc_session_options options = readOptions(userOptions);
  dlc_allocator allocator = {sizeof(dlc_allocator), allocateDefault,
                             releaseDefault, nullptr};
  if (options.allocator)
    readStruct(allocator, options.allocator);
  if (!allocator.allocate || !allocator.release)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "an allocator needs allocate and release");
  int kind = int(options.device.device_type);
  if (kind != 0 && kind != kDLCPU && kind != kDLCUDA)
    return fail(DLC_ERROR_UNSUPPORTED,
                "there are no sessions on devices of kind %d", kind);

  dlc_session *result = allocateSession(*model, allocator);
  if (!result)
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "cannot allocate a session of model '%s'", model->name);
  if (dlc_status status = initialize(*result, options)) {
    dlc_session_destroy(result);
    return status;
  }
  *session = result;
  return DLC_OK;
}

void dlc_session_destroy(dlc_session *session) {
  if (!session)
    return;
  if (session->pool)
    session->pool->release();
  const dlc_allocator &allocator = session->memoryAllocator;
  const Memory memories[] = {session->arena, session->scratch};
  for (const Memory &memory : memories)
    if (memory.isOwned)
      allocator.release(allocator.context, memory.base, memory.bytes);
  if (isCounting(*session->model))
    dlc_counts_part.release(*session);
  if (session->cuda)
    dlc_cuda_part.destroy(*session);
  else
    release(*session, session->state, session->model->state_bytes);
  release(*session, session, session->blockBytes);
}

dlc_status dlc_session_get_info(const dlc_session *session,
                                dlc_session_info *info) {
  if (!session || !info)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or info is null");
  dlc_session_info known = {};
  known.model = session->model;
  known.target = session->targetName;
  known.device = session->device;
  known.num_threads = session->numThreads;
  known.arena = session->arena.base;
  known.profile_events = session->numProfileEvents;
  known.arena_bytes = session->arena.bytes;
  known.running = session->plan;
  if (const Dynamic *dynamic = session->dynamic) {
    bool areKnown = dynamic->areDimsKnown(*session->model);
    known.dims = areKnown ? dynamic->dims : nullptr;
    known.flops = areKnown ? session->getSizes().flops() : 0;
  } else {
    known.flops = session->model->flops;
  }
  return writeStruct(info, known);
}

/// The shape that the tensor number \p index must have at the sizes of the
/// dims.
const int64_t *dlc::runtime::getShape(const dlc_session &session,
                                      uint32_t index) {
  return session.dynamic->shapes + getShapeOffset(session, index);
}

uint64_t dlc::runtime::getShapeOffset(const dlc_session &session,
                                      uint32_t index) {
  return uint64_t(session.bindings[index].shape - session.bindings[0].shape);
}

dlc_status dlc_session_output_shape(const dlc_session *session, uint32_t index,
                                    const int64_t **shape, int32_t *ndim) {
  if (!session || !shape || !ndim)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session, shape or ndim is null");
  const dlc_abi_model &model = *session->model;
  if (index >= model.num_outputs)
    return failToFind("output", index, model.num_outputs);
  *shape = model.outputs[index].shape;
  *ndim = int32_t(model.outputs[index].rank);
  if (!session->dynamic)
    return DLC_OK;
  if (!session->dynamic->areDimsKnown(model))
    return dlc_dims_part.failWithMisfit(*session);
  *shape = getShape(*session, model.num_inputs + index);
  return DLC_OK;
}

dlc_status dlc_session_output(const dlc_session *session, uint32_t index,
                              DLTensor *tensor) {
  if (!tensor)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "tensor is null");
  const int64_t *shape;
  int32_t ndim;
  if (dlc_status status =
          dlc_session_output_shape(session, index, &shape, &ndim))
    return status;
  const dlc_abi_model &model = *session->model;
  const dlc_abi_tensor &output = model.outputs[index];
  const Binding &binding = session->bindings[model.num_inputs + index];
  bool counted = isCounted(model, index);
  if (!binding.bound || (counted && !session->dynamic->areCountsKnown))
    return fail(DLC_ERROR_UNBOUND, "output '%s' has not been computed",
                output.name);
  if (counted)
    shape = session->dynamic->countedShapes +
            getShapeOffset(*session, model.num_inputs + index);
  *tensor = {};
  tensor->data = binding.data;
  tensor->device = binding.device;
  tensor->ndim = ndim;
  tensor->dtype.code = output.dtype_code;
  tensor->dtype.bits = output.dtype_bits;
  tensor->dtype.lanes = 1;
  tensor->shape = const_cast<int64_t *>(shape);
  return DLC_OK;
}
