// SPDX-License-Identifier: Apache-2.0
// A session: everything that a run needs, resolved to pointers beforehand.
#ifndef DLC_RUNTIME_CORE_SESSION_H
#define DLC_RUNTIME_CORE_SESSION_H

#include "dlc/abi.h"
#include "dlc/model.h"
#include "runtime/core/Sizes.h"
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
  char *data;     ///< of the tensor bound
  int64_t *shape; ///< of the tensor bound; null in models without dims
  bool bound;
  DLDevice device; ///< that `data` is on
  /// Counts as bound though no tensor is: the session has memory for it.
  bool isOwn;
};

/// Memory that grows, unless it is the caller's.
struct Memory {
  char *base;
  uint64_t bytes;
  bool isOwned;
};

/// Why the tensors bound to a model with dims can't run, although each is one
/// that the model takes.
struct Misfit {
  enum Kind {
    None,
    DimMissing,   ///< a tensor is missing that says its size
    DimDiffers,   ///< `tensor` and `other` say different sizes of `dim`
    ShapeDiffers, ///< `tensor` has another shape than follows from the dims
    TooLarge,     ///< some size can't be computed
    NoArena,      ///< the memory can't have `bytes`
    NoScratch
  } kind;
  uint32_t tensor, other; ///< their bindings
  uint32_t dim;
  int64_t size, otherSize; ///< of the dim
  uint64_t bytes;
};

/// What a session of a model with dims has beside the others. What is counted
/// is the most that it can be, until a run says what it is.
struct Dynamic {
  int64_t *dims;     ///< their sizes as the inputs bound said last
  int64_t *values;   ///< of the model's sizes, at `dims`
  int64_t *shapes;   ///< of inputs and outputs, one behind the other, at `dims`
  int64_t *newDims;  ///< what the inputs bound say now
  uint32_t *sources; ///< which input says each
  bool areValuesKnown; ///< else `values` and `shapes` are of other dims
  bool isPrepared;     ///< the plan is resolved for `dims`
  Misfit misfit;
  /// In models that count: the shapes of inputs and outputs that the last run
  /// had, once it is over, and the session's own memory for outputs.
  int64_t *countedShapes;
  Memory *ownOutputs;
  bool areCountsKnown;

  /// Whether the inputs bound say all sizes. An output that doesn't fit doesn't
  /// matter.
  bool areDimsKnown(const dlc_abi_model &model) const {
    return misfit.kind == Misfit::None ||
           (misfit.kind == Misfit::ShapeDiffers &&
            misfit.tensor >= model.num_inputs);
  }
};

/// The bytes that the session needs for \p plan at the sizes of its dims, and
/// its operands and steps with them. What has been allocated never shrinks.
/// \returns None, NoArena or NoScratch with the bytes that can't be had.
Misfit activatePlan(dlc_session &session, const dlc_abi_model &plan);

/// Resolves the steps from \p step on, and all operands of these, for sizes
/// that have changed.
void resolveFrom(dlc_session &session, uint64_t step);

/// Lets \p memory of \p allocator have at least \p bytes; what was in it is
/// lost where it grows.
bool grow(const dlc_allocator &allocator, Memory &memory, uint64_t bytes,
          uint64_t alignment);

/// How a step of several threads is executed.
using RunStep = void (*)(const dlc_session &session, const Step &step);

/// Executes the steps [begin, end); those of several threads with
/// \p runParallel.
void runSteps(dlc_session &session, RunStep runParallel, uint64_t begin,
              uint64_t end);

/// Fails with what \p misfit of activatePlan says; \p dims are their sizes, as
/// "N = 8".
dlc_status failToGrow(const dlc_session &session, const Misfit &misfit,
                      const char *dims = "");

/// Lets the operands that move with \p binding be where its tensor is. On a
/// CUDA device, where that may be is known when the session runs.
void place(dlc_session &session, const Binding &binding);

/// Lets the operands that move with \p binding be at \p data.
void placeAt(dlc_session &session, const Binding &binding, char *data);
/// The place of the shape of the tensor number \p index among those of all
/// tensors, one behind the other.
uint64_t getShapeOffset(const dlc_session &session, uint32_t index);

/// The shape that the tensor number \p index must have at the sizes of the
/// dims.
const int64_t *getShape(const dlc_session &session, uint32_t index);

/// Fails with the reason why run can't: a tensor that is missing or doesn't
/// fit.
dlc_status failToRun(const dlc_session &session);

/// Binds the tensor number \p index, but for what depends on other tensors.
dlc_status bindTensor(dlc_session &session, uint32_t index,
                      const DLTensor *tensor);

/// Lets the input DLC_SEED_INPUT, which the model has, follow the session's own
/// seed.
void bindOwnSeed(dlc_session &session);

/// What a session on a CUDA device has beside the others; see runtime/cuda.
struct CudaSession;

} // namespace dlc::runtime

/// The opaque type of the public interface. Its tables lie behind it in one
/// block of memory; see Layout in Session.cpp.
struct dlc_session {
  const dlc_abi_model *model;
  /// Whose steps run: a specialised model, or the same.
  const dlc_abi_model *plan;
  dlc::runtime::Dynamic *dynamic; ///< null: the model has no dims
  uint32_t target;
  uint32_t numThreads;
  dlc_allocator allocator;
  uint64_t blockBytes;

  DLDevice device;
  dlc::runtime::CudaSession *cuda; ///< null: on the CPU
  const char *targetName;
  /// Of arena and scratch memory, which are where the session runs.
  dlc_allocator memoryAllocator;
  char *weights, *dims; ///< where the session runs

  dlc::runtime::ThreadPool *pool; ///< null: the caller's, or none
  dlc_thread_pool threadPool;     ///< the caller's, or null functions
  bool isParallel;                ///< some step uses several threads
  /// Tensors that are not bound, and one more where those bound don't fit.
  uint32_t numMissing;

  dlc::runtime::Step *steps;
  void **buffers; ///< one for each operand of the model
  dlc::runtime::Patch *patches;
  dlc::runtime::Binding *bindings; ///< inputs, then outputs

  int32_t seedInput;  ///< the number of DLC_SEED_INPUT, or -1
  bool isOwnSeedUsed; ///< nothing else is bound to it
  uint64_t seed;

  dlc::runtime::Memory arena, scratch;
  char *state;
  uint64_t scratchStride; ///< bytes between two threads' scratch

  dlc_profile_event *profile;
  uint64_t profileCapacity, numProfileEvents;

  /// The integers of the plan at the sizes of the tensors bound.
  dlc::runtime::Sizes getSizes() const {
    return {*plan, dynamic && plan == model ? dynamic->values : nullptr};
  }
};

#endif // DLC_RUNTIME_CORE_SESSION_H
