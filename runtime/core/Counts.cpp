// SPDX-License-Identifier: Apache-2.0
// Models that count: sizes that are known while they run.
#include "runtime/core/Counts.h"

#include "runtime/core/Dims.h"
#include "runtime/core/Status.h"

#include <string.h>

using namespace dlc::runtime;

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

static uint64_t countShapes(const dlc_abi_model &model) {
  return countExtents(model.inputs, model.num_inputs) +
         countExtents(model.outputs, model.num_outputs);
}

static uint64_t countTables(const dlc_abi_model &model) {
  return countShapes(model) + countWords<Memory>(model.num_outputs);
}

static void addTables(dlc_session &session, int64_t *memory) {
  const dlc_abi_model &model = *session.model;
  session.dynamic->countedShapes = memory;
  session.dynamic->ownOutputs =
      reinterpret_cast<Memory *>(memory + countShapes(model));
  for (uint32_t i = 0; i < model.num_outputs; ++i)
    if (isCounted(model, i)) {
      Binding &binding = session.bindings[model.num_inputs + i];
      binding.bound = binding.isOwn = true;
      --session.numMissing;
    }
}

static void release(dlc_session &session) {
  const dlc_allocator &allocator = session.allocator;
  for (uint32_t i = 0; i < session.model->num_outputs; ++i) {
    const Memory &memory = session.dynamic->ownOutputs[i];
    if (memory.base)
      allocator.release(allocator.context, memory.base, memory.bytes);
  }
}

static bool setLargest(const dlc_abi_model &model, int64_t *dims,
                       int64_t *values) {
  for (uint32_t i = 0; i < model.num_counts; ++i)
    dims[model.counts[i].dim] = 0;
  if (!dlc_abi_compute_sizes(model.sizes, model.num_sizes, dims, values))
    return false;
  for (uint32_t i = 0; i < model.num_counts; ++i) {
    const dlc_abi_count &count = model.counts[i];
    dims[count.dim] =
        count.most ? values[count.most - 1] : model.dims[count.dim].max;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

/// The bytes of output \p index at what is counted; false where they overflow.
static bool getOutputBytes(const dlc_session &session, uint32_t index,
                           uint64_t &bytes) {
  const dlc_abi_tensor &output = session.model->outputs[index];
  const int64_t *shape =
      session.dynamic->countedShapes +
      getShapeOffset(session, session.model->num_inputs + index);
  bytes = (output.dtype_bits + 7u) / 8;
  bool fits = true;
  for (uint32_t i = 0; i < output.rank; ++i)
    fits &= !__builtin_mul_overflow(bytes, uint64_t(shape[i]), &bytes);
  return fits;
}

/// Gives the outputs memory that nothing is bound to and whose shapes the first
/// \p numCounts counts say.
static dlc_status allocateOutputs(dlc_session &session, uint32_t numCounts) {
  const dlc_abi_model &model = *session.model;
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    Binding &binding = session.bindings[model.num_inputs + i];
    if (!binding.isOwn || model.output_counts[i] != numCounts)
      continue;
    Memory &memory = session.dynamic->ownOutputs[i];
    uint64_t bytes;
    memory.isOwned = true;
    if (!getOutputBytes(session, i, bytes) ||
        !grow(session.allocator, memory, bytes, 64))
      return fail(DLC_ERROR_OUT_OF_MEMORY,
                  "cannot allocate output '%s' of model '%s'",
                  model.outputs[i].name, model.name);
    binding.data = memory.base;
  }
  return DLC_OK;
}

static dlc_status take(dlc_session &session, uint32_t index, int64_t size) {
  const dlc_abi_model &model = *session.model;
  Dynamic &dynamic = *session.dynamic;
  const dlc_abi_count &count = model.counts[index];
  const dlc_abi_dim &dim = model.dims[count.dim];
  int64_t most = count.most ? dynamic.values[count.most - 1] : dim.max;
  if (size < dim.min || size > most)
    return fail(DLC_ERROR_TENSOR, "model '%s': %s is %lld, not %lld to %lld",
                model.name, dim.name, (long long)size, (long long)dim.min,
                (long long)most);
  dynamic.dims[count.dim] = size;
  if (!dlc_dims_part.computeSizes(model, dynamic.dims, dynamic.values)) {
    dynamic.areValuesKnown = false;
    return fail(DLC_ERROR_TENSOR,
                "model '%s' cannot be computed where %s is "
                "%lld",
                model.name, dim.name, (long long)size);
  }
  getShapes(model, dynamic.values, dynamic.countedShapes);
  if (dlc_status status = allocateOutputs(session, index + 1))
    return status;
  resolveFrom(session, count.step);
  return DLC_OK;
}

static dlc_status run(dlc_session &session, RunStep runParallel) {
  const dlc_abi_model &model = *session.model;
  session.dynamic->areCountsKnown = false;
  uint64_t step = 0;
  for (uint32_t i = 0; i < model.num_counts; ++i) {
    runSteps(session, runParallel, step, model.counts[i].step);
    step = model.counts[i].step;
    int64_t size =
        *static_cast<const int64_t *>(session.buffers[model.counts[i].ref]);
    if (dlc_status status = take(session, i, size))
      return status;
  }
  runSteps(session, runParallel, step, model.num_steps);
  session.dynamic->areCountsKnown = true;
  return DLC_OK;
}

static dlc_status checkShape(dlc_session *session, uint32_t output,
                             const int64_t *want, const char *&data) {
  DLTensor tensor;
  if (dlc_status status = dlc_session_output(session, output, &tensor))
    return status;
  data = static_cast<const char *>(tensor.data);
  if (memcmp(tensor.shape, want, uint64_t(tensor.ndim) * sizeof(int64_t)) == 0)
    return DLC_OK;
  return fail(DLC_ERROR_TEST_FAILED, "output '%s' has shape %s, not %s",
              session->model->outputs[output].name,
              formatShape(tensor.shape, tensor.ndim).text,
              formatShape(want, tensor.ndim).text);
}

//===----------------------------------------------------------------------===//
// The part
//===----------------------------------------------------------------------===//

const CountsPart dlc_counts_part = {
    countTables, addTables, release, setLargest, run, take, checkShape};

DLC_EXPORT void dlc_core_counts(void) {}
