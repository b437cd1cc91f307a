// SPDX-License-Identifier: Apache-2.0
// The plan of a model is resolved to pointers, threads and memory: once for a
// session, or, where there are dims, for each change of their sizes.
#include "runtime/core/Cuda.h"
#include "runtime/core/Session.h"
#include "runtime/core/Status.h"

using namespace dlc::runtime;

/// Steps that take less than this on one thread are not worth sharing.
static constexpr uint64_t kSerialNs = 5000;
/// The least work that is worth a thread, and a chunk.
static constexpr uint64_t kThreadNs = 2500;
static constexpr uint64_t kChunkNs = 10000;
/// With more chunks than threads, a slow thread hands work to the others.
static constexpr uint64_t kMaxChunks = 8;

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Gives \p memory back, unless it is the caller's.
static void drop(const dlc_allocator &allocator, Memory &memory) {
  if (!memory.isOwned)
    return;
  if (memory.base)
    allocator.release(allocator.context, memory.base, memory.bytes);
  memory = {};
}

bool dlc::runtime::grow(const dlc_allocator &allocator, Memory &memory,
                        uint64_t bytes, uint64_t alignment) {
  if (bytes <= memory.bytes)
    return true;
  if (memory.base && !memory.isOwned)
    return false;
  drop(allocator, memory);
  memory = {static_cast<char *>(
                allocator.allocate(allocator.context, bytes, alignment)),
            bytes, true};
  if (memory.base)
    return true;
  memory = {};
  return false;
}

static Misfit growMemory(dlc_session &session, const dlc_abi_model &plan,
                         const Sizes &sizes) {
  Misfit misfit = {};
  misfit.bytes = sizes.arenaBytes();
  uint64_t alignment = plan.arena_alignment > 64 ? plan.arena_alignment : 64;
  const dlc_allocator &allocator = session.memoryAllocator;
  if (!grow(allocator, session.arena, misfit.bytes, alignment)) {
    misfit.kind = Misfit::NoArena;
    return misfit;
  }
  uint64_t scratch = session.cuda
                         ? dlc_cuda_part.getScratchBytes(session, plan, sizes)
                         : sizes.scratchBytes();
  uint64_t stride = (scratch + 63) & ~uint64_t(63);
  if (__builtin_mul_overflow(stride, uint64_t(session.numThreads),
                             &misfit.bytes))
    misfit.bytes = UINT64_MAX;
  if (!grow(allocator, session.scratch, misfit.bytes, 64)) {
    misfit.kind = Misfit::NoScratch;
    // Smaller sizes may have room without it.
    drop(allocator, session.arena);
  }
  session.scratchStride = stride;
  return misfit;
}

dlc_status dlc::runtime::failToGrow(const dlc_session &session,
                                    const Misfit &misfit, const char *dims) {
  bool isArena = misfit.kind == Misfit::NoArena;
  const char *what = isArena ? "arena" : "scratch memory";
  const Memory &memory = isArena ? session.arena : session.scratch;
  const char *at = *dims ? " at " : "";
  if (memory.base)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "the %s has %llu bytes, the model needs %llu%s%s", what,
                (unsigned long long)memory.bytes,
                (unsigned long long)misfit.bytes, at, dims);
  if (session.cuda)
    return dlc_cuda_part.failToGrow(session, misfit, dims);
  return fail(DLC_ERROR_OUT_OF_MEMORY,
              "cannot allocate %llu bytes for the %s of model '%s'%s%s",
              (unsigned long long)misfit.bytes, what, session.model->name, at,
              dims);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

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

static void resolveSteps(dlc_session &session, const Sizes &sizes,
                         uint64_t first) {
  const dlc_abi_model &model = *session.plan;
  for (uint64_t i = first; i < model.num_steps; ++i) {
    const dlc_abi_step &from = model.steps[i];
    const dlc_abi_kernel_variant &variant =
        model.kernels[from.kernel].variants[session.target];
    Step &step = session.steps[i];
    step.function = variant.function;
    step.buffers = session.buffers + from.first_ref;
    step.numTasks = sizes.tasks(from.kernel, session.target);
    step.numPhases = sizes.phases(from.kernel);
    spread(step, sizes.costNs(i, session.target) / uint64_t(step.numPhases),
           session.numThreads);
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
  switch (space) {
  case DLC_SPACE_WEIGHTS:
    return session.weights;
  case DLC_SPACE_STATE:
    return session.state;
  case DLC_SPACE_DIMS:
    return session.dims;
  default:
    return session.arena.base;
  }
}

/// Fills in the operands that stay where they are and sorts the others by the
/// tensor that they move with.
static void resolveOperands(dlc_session &session, const Sizes &sizes) {
  const dlc_abi_model &plan = *session.plan;
  uint32_t numBindings = plan.num_inputs + plan.num_outputs;
  for (uint32_t i = 0; i < numBindings; ++i)
    session.bindings[i].endPatch = 0;
  for (uint64_t i = 0; i < plan.num_refs; ++i) {
    if (Binding *binding = findBinding(session, plan.refs[i]))
      ++binding->endPatch;
    else
      session.buffers[i] =
          baseOf(session, plan.refs[i].space) + sizes.offset(i);
  }
  uint64_t total = 0;
  for (uint32_t i = 0; i < numBindings; ++i) {
    Binding &binding = session.bindings[i];
    uint64_t count = binding.endPatch;
    binding.firstPatch = binding.endPatch = total;
    total += count;
  }
  for (uint64_t i = 0; i < plan.num_refs; ++i)
    if (Binding *binding = findBinding(session, plan.refs[i]))
      session.patches[binding->endPatch++] = {i, sizes.offset(i)};
  for (uint32_t i = 0; i < numBindings; ++i)
    if (session.bindings[i].bound)
      place(session, session.bindings[i]);
}

void dlc::runtime::place(dlc_session &session, const Binding &binding) {
  if (!session.cuda)
    placeAt(session, binding, binding.data);
}

void dlc::runtime::placeAt(dlc_session &session, const Binding &binding,
                           char *data) {
  for (uint64_t i = binding.firstPatch; i < binding.endPatch; ++i)
    session.buffers[session.patches[i].ref] =
        data ? data + session.patches[i].offset : nullptr;
}

Misfit dlc::runtime::activatePlan(dlc_session &session,
                                  const dlc_abi_model &plan) {
  session.plan = &plan;
  session.numProfileEvents = 0;
  Sizes sizes = session.getSizes();
  Misfit misfit = growMemory(session, plan, sizes);
  if (misfit.kind)
    return misfit;
  if (session.cuda) {
    dlc_cuda_part.activate(session, sizes);
  } else {
    session.weights = static_cast<char *>(const_cast<void *>(plan.weights));
    session.isParallel = false;
    resolveSteps(session, sizes, 0);
  }
  resolveOperands(session, sizes);
  return misfit;
}

/// Where the tensor bound is for the steps.
static char *getPlace(const dlc_session &session, const Binding &binding) {
  return session.cuda ? dlc_cuda_part.getPlace(
                            session, uint32_t(&binding - session.bindings))
                      : binding.data;
}

void dlc::runtime::resolveFrom(dlc_session &session, uint64_t step) {
  const dlc_abi_model &plan = *session.plan;
  Sizes sizes = session.getSizes();
  if (session.cuda)
    dlc_cuda_part.resolve(session, sizes, step);
  else
    resolveSteps(session, sizes, step);
  uint64_t ref =
      step < plan.num_steps ? plan.steps[step].first_ref : plan.num_refs;
  for (; ref < plan.num_refs; ++ref) {
    Binding *binding = findBinding(session, plan.refs[ref]);
    char *base = binding ? getPlace(session, *binding)
                         : baseOf(session, plan.refs[ref].space);
    session.buffers[ref] = base ? base + sizes.offset(ref) : nullptr;
  }
}
