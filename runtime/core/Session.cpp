// SPDX-License-Identifier: Apache-2.0
// Sessions are made and destroyed here: all that can fail or takes memory
// happens before the first run.
#include "runtime/core/Session.h"

#include "runtime/core/Model.h"
#include "runtime/core/Status.h"
#include "runtime/cpu/Features.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;

/// Steps that take less than this on one thread are not worth sharing.
static constexpr uint64_t kSerialNs = 5000;
/// The least work that is worth a thread, and a chunk.
static constexpr uint64_t kThreadNs = 2500;
static constexpr uint64_t kChunkNs = 10000;
/// With more chunks than threads, a slow thread hands work to the others.
static constexpr uint64_t kMaxChunks = 8;

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
} // namespace

static uint64_t countPatches(const dlc_abi_model &model) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < model.num_refs; ++i)
    count += model.refs[i].space == DLC_SPACE_INPUT ||
             model.refs[i].space == DLC_SPACE_OUTPUT;
  return count;
}

/// Allocates the session and its tables in one block.
static dlc_session *allocateSession(const dlc_abi_model &model,
                                    const dlc_allocator &allocator) {
  Layout layout;
  layout.add(1, sizeof(dlc_session));
  uint64_t steps = layout.add(model.num_steps, sizeof(Step));
  uint64_t buffers = layout.add(model.num_refs, sizeof(void *));
  uint64_t patches = layout.add(countPatches(model), sizeof(Patch));
  uint64_t bindings = layout.add(uint64_t(model.num_inputs) + model.num_outputs,
                                 sizeof(Binding));
  if (layout.hasOverflow())
    return nullptr;
  void *block = allocator.allocate(allocator.context, layout.bytes(), 64);
  if (!block)
    return nullptr;
  memset(block, 0, layout.bytes());
  char *base = static_cast<char *>(block);
  dlc_session *session = static_cast<dlc_session *>(block);
  session->model = &model;
  session->allocator = allocator;
  session->blockBytes = layout.bytes();
  session->steps = reinterpret_cast<Step *>(base + steps);
  session->buffers = reinterpret_cast<void **>(base + buffers);
  session->patches = reinterpret_cast<Patch *>(base + patches);
  session->bindings = reinterpret_cast<Binding *>(base + bindings);
  return session;
}

/// Allocates \p bytes unless \p given is the caller's memory.
static dlc_status provide(dlc_session &session, const char *what, void *given,
                          uint64_t givenBytes, uint64_t bytes,
                          uint64_t alignment, char *&memory, bool &owned) {
  if (given) {
    if (givenBytes < bytes)
      return fail(DLC_ERROR_INVALID_ARGUMENT,
                  "the %s has %llu bytes, the model needs %llu", what,
                  (unsigned long long)givenBytes, (unsigned long long)bytes);
    if (reinterpret_cast<uintptr_t>(given) % alignment != 0)
      return fail(DLC_ERROR_INVALID_ARGUMENT,
                  "the %s is not aligned to %llu bytes", what,
                  (unsigned long long)alignment);
    memory = static_cast<char *>(given);
    return DLC_OK;
  }
  if (bytes == 0)
    return DLC_OK;
  memory = static_cast<char *>(
      session.allocator.allocate(session.allocator.context, bytes, alignment));
  if (!memory)
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "cannot allocate %llu bytes for the "
                "%s of model '%s'",
                (unsigned long long)bytes, what, session.model->name);
  owned = true;
  return DLC_OK;
}

static void release(dlc_session &session, void *memory, uint64_t bytes) {
  if (memory)
    session.allocator.release(session.allocator.context, memory, bytes);
}

static dlc_status allocateMemory(dlc_session &session,
                                 const dlc_session_options &options) {
  const dlc_abi_model &model = *session.model;
  uint64_t alignment = model.arena_alignment > 64 ? model.arena_alignment : 64;
  if (dlc_status status = provide(session, "arena", options.arena,
                                  options.arena_bytes, model.arena_bytes,
                                  alignment, session.arena, session.ownsArena))
    return status;

  session.scratchStride = (model.scratch_bytes_per_thread + 63) & ~uint64_t(63);
  uint64_t scratchBytes;
  if (__builtin_mul_overflow(session.scratchStride,
                             uint64_t(session.numThreads), &scratchBytes))
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "the scratch memory of model '%s' is "
                "too large",
                model.name);
  if (dlc_status status = provide(session, "scratch memory", options.scratch,
                                  options.scratch_bytes, scratchBytes, 64,
                                  session.scratch, session.ownsScratch))
    return status;

  bool ownsState = false;
  if (dlc_status status =
          provide(session, "state", nullptr, 0, model.state_bytes, 64,
                  session.state, ownsState))
    return status;
  if (session.state)
    memset(session.state, 0, model.state_bytes);
  return DLC_OK;
}

//===----------------------------------------------------------------------===//
// Threads and steps
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

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

/// Decides over how many threads and chunks a phase is spread that takes
/// \p costNs on one.
static void spread(Step &step, uint64_t costNs, uint32_t numThreads) {
  step.numThreads = step.chunksPerThread = 1;
  if (numThreads == 1 || step.numTasks <= 1 || costNs < kSerialNs)
    return;
  uint64_t numTasks = step.numTasks;
  uint64_t threads = min(min(numThreads, numTasks), costNs / kThreadNs);
  uint64_t chunks = min(costNs / (threads * kChunkNs), kMaxChunks);
  chunks = min(chunks, numTasks / threads);
  step.numThreads = uint32_t(threads);
  step.chunksPerThread = uint32_t(chunks ? chunks : 1);
}

static void resolveSteps(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  for (uint64_t i = 0; i < model.num_steps; ++i) {
    const dlc_abi_step &from = model.steps[i];
    const dlc_abi_kernel_variant &variant =
        model.kernels[from.kernel].variants[session.target];
    Step &step = session.steps[i];
    step.function = variant.function;
    step.buffers = session.buffers + from.first_ref;
    step.numTasks = variant.num_tasks;
    step.numPhases = model.kernel_phases ? model.kernel_phases[from.kernel] : 1;
    spread(step, from.cost_ns / uint64_t(step.numPhases), session.numThreads);
    session.isParallel |= step.numThreads > 1;
  }
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// The binding that \p ref moves with, or null for an operand that stays.
static Binding *findBinding(dlc_session &session, const dlc_abi_ref &ref) {
  if (ref.space == DLC_SPACE_INPUT)
    return &session.bindings[ref.index];
  if (ref.space == DLC_SPACE_OUTPUT)
    return &session.bindings[session.model->num_inputs + ref.index];
  return nullptr;
}

static char *baseOf(const dlc_session &session, uint32_t space) {
  if (space == DLC_SPACE_WEIGHTS)
    return static_cast<char *>(const_cast<void *>(session.model->weights));
  return space == DLC_SPACE_STATE ? session.state : session.arena;
}

/// Fills in the operands that stay where they are and sorts the others by the
/// tensor that they move with.
static void resolveOperands(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  for (uint64_t i = 0; i < model.num_refs; ++i) {
    const dlc_abi_ref &ref = model.refs[i];
    if (Binding *binding = findBinding(session, ref))
      ++binding->endPatch;
    else
      session.buffers[i] = baseOf(session, ref.space) + ref.offset;
  }
  uint64_t total = 0;
  uint32_t numBindings = model.num_inputs + model.num_outputs;
  for (uint32_t i = 0; i < numBindings; ++i) {
    Binding &binding = session.bindings[i];
    uint64_t count = binding.endPatch;
    binding.firstPatch = binding.endPatch = total;
    total += count;
  }
  for (uint64_t i = 0; i < model.num_refs; ++i)
    if (Binding *binding = findBinding(session, model.refs[i]))
      session.patches[binding->endPatch++] = {i, model.refs[i].offset};
  session.numUnbound = numBindings;
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

static dlc_status initialize(dlc_session &session,
                             const dlc_session_options &options) {
  if (dlc_status status = chooseThreads(session, options))
    return status;
  if (dlc_status status = allocateMemory(session, options))
    return status;
  session.profile = options.profile;
  session.profileCapacity = options.profile ? options.profile_capacity : 0;
  resolveSteps(session);
  resolveOperands(session);
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
  uint32_t target;
  if (dlc_status status = chooseTargetForCpu(*model, options.target, target))
    return status;

  dlc_session *result = allocateSession(*model, allocator);
  if (!result)
    return fail(DLC_ERROR_OUT_OF_MEMORY,
                "cannot allocate a session of model '%s'", model->name);
  result->target = target;
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
  if (session->ownsArena)
    release(*session, session->arena, session->model->arena_bytes);
  if (session->ownsScratch)
    release(*session, session->scratch,
            session->scratchStride * session->numThreads);
  release(*session, session->state, session->model->state_bytes);
  release(*session, session, session->blockBytes);
}

dlc_status dlc_session_get_info(const dlc_session *session,
                                dlc_session_info *info) {
  if (!session || !info)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or info is null");
  dlc_session_info known = {};
  known.model = session->model;
  known.target = session->model->targets[session->target].name;
  known.num_threads = session->numThreads;
  known.arena = session->arena;
  known.profile_events = session->numProfileEvents;
  return writeStruct(info, known);
}
