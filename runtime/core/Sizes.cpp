// SPDX-License-Identifier: Apache-2.0
// Sizes are computed from dims.
#include "runtime/core/Sizes.h"

#include "runtime/core/Model.h"
#include "runtime/core/SizeArithmetic.h"

#include <stdio.h>
#include <stdlib.h>

using namespace dlc::runtime;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Whether the sizes that \p numbers name are at least \p least.
static bool areAtLeast(int64_t least, const uint32_t *numbers, uint64_t count,
                       const int64_t *values) {
  for (uint64_t i = 0; numbers && i < count; ++i)
    if (numbers[i] && values[numbers[i] - 1] < least)
      return false;
  return true;
}

bool dlc::runtime::computeSizes(const dlc_abi_model &model, const int64_t *dims,
                                int64_t *values) {
  for (uint32_t i = 0; i < model.num_sizes; ++i)
    if (!computeSize(model.sizes[i], dims, values, values[i]))
      return false;
  uint64_t inputs = countExtents(model.inputs, model.num_inputs);
  uint64_t outputs = countExtents(model.outputs, model.num_outputs);
  uint64_t variants = uint64_t(model.num_kernels) * model.num_targets;
  return areAtLeast(0, model.input_extents, inputs, values) &&
         areAtLeast(0, model.output_extents, outputs, values) &&
         areAtLeast(0, model.ref_offsets, model.num_refs, values) &&
         areAtLeast(0, model.kernel_tasks, variants, values) &&
         areAtLeast(1, model.kernel_phase_counts, model.num_kernels, values) &&
         areAtLeast(0, model.step_flops, model.num_steps, values) &&
         areAtLeast(0, &model.arena_number, 1, values) &&
         areAtLeast(0, &model.scratch_number, 1, values) &&
         areAtLeast(0, &model.flops_number, 1, values);
}

uint64_t Sizes::costNs(uint64_t step, uint32_t target) const {
  const dlc_abi_step &facts = model.steps[step];
  if (!values)
    return facts.cost_ns;
  // The table holds at the typical sizes.
  Sizes typical(model, nullptr);
  double before = double(facts.flops), now = double(stepFlops(step));
  if (before == now || before == 0) {
    uint32_t kernel = facts.kernel;
    before =
        double(typical.tasks(kernel, target)) * double(typical.phases(kernel));
    now = double(tasks(kernel, target)) * double(phases(kernel));
  }
  double cost = before > 0 ? double(facts.cost_ns) * now / before : 0;
  return cost < 1e18 ? uint64_t(cost) : uint64_t(1e18);
}

//===----------------------------------------------------------------------===//
// Dims and shapes
//===----------------------------------------------------------------------===//

uint64_t dlc::runtime::countExtents(const dlc_abi_tensor *tensors,
                                    uint32_t count) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i)
    total += tensors[i].rank;
  return total;
}

int32_t dlc::runtime::findDim(const dlc_abi_model &model, uint32_t number) {
  if (number == 0 || model.sizes[number - 1].op != DLC_SIZE_DIM)
    return -1;
  return int32_t(model.sizes[number - 1].b);
}

const dlc_abi_model &dlc::runtime::chooseModel(const dlc_abi_model &model,
                                               const int64_t *extents) {
  for (uint32_t i = 0; i < model.num_specializations; ++i) {
    const dlc_abi_model &special = *model.specializations[i];
    const int64_t *extent = extents;
    bool fits = true;
    for (uint32_t j = 0; fits && j < special.num_inputs; ++j)
      for (uint32_t k = 0; k < special.inputs[j].rank; ++k)
        fits &= special.inputs[j].shape[k] == *extent++;
    if (fits)
      return special;
  }
  return model;
}

Text dlc::runtime::checkSize(const dlc_abi_dim &dim, int64_t size) {
  Text error = {};
  if (size > dim.max)
    snprintf(error.text, sizeof error.text, "more than its bound %lld",
             (long long)dim.max);
  else if (size < dim.min)
    snprintf(error.text, sizeof error.text, "less than its bound %lld",
             (long long)dim.min);
  else if (size % dim.multiple != 0)
    snprintf(error.text, sizeof error.text, "not a multiple of %lld",
             (long long)dim.multiple);
  return error;
}

Slot dlc::runtime::getSlot(const dlc_abi_model &model, uint32_t index) {
  bool isInput = index < model.num_inputs;
  uint32_t i = isInput ? index : index - model.num_inputs;
  const dlc_abi_tensor *tensors = isInput ? model.inputs : model.outputs;
  Slot slot = {tensors[i], isInput ? "input" : "output", nullptr, nullptr};
  if (!isDynamic(model))
    return slot;
  uint64_t first = countExtents(tensors, i);
  slot.numbers = isInput ? model.input_extents : model.output_extents;
  slot.texts = isInput ? model.input_extent_texts : model.output_extent_texts;
  if (slot.numbers)
    slot.numbers += first;
  if (slot.texts)
    slot.texts += first;
  return slot;
}

void dlc::runtime::getShapes(const dlc_abi_model &model, const int64_t *values,
                             int64_t *shapes) {
  Sizes sizes(model, values);
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    Slot slot = getSlot(model, i);
    for (uint32_t j = 0; j < slot.tensor.rank; ++j)
      *shapes++ = sizes.get(slot.numbers, j, slot.tensor.shape[j]);
  }
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

namespace {
/// Appends to a text until that is full.
class Writer {
public:
  explicit Writer(Text &text) : text(text) {}

  template <typename... Args>
  void add(const char *format, Args... args) {
    if (used < sizeof text.text)
      used += size_t(
          snprintf(text.text + used, sizeof text.text - used, format, args...));
  }

private:
  Text &text;
  size_t used = 0;
};
} // namespace

Text dlc::runtime::formatDims(const dlc_abi_model &model, const int64_t *dims) {
  Text text = {};
  Writer writer(text);
  for (uint32_t i = 0; i < model.num_dims; ++i)
    writer.add("%s%s = %lld", i ? ", " : "", model.dims[i].name,
               (long long)dims[i]);
  return text;
}

Text dlc::runtime::formatShape(const int64_t *shape, int32_t rank,
                               const char *const *texts) {
  Text text = {};
  Writer writer(text);
  for (int32_t i = 0; i < rank; ++i)
    if (texts && texts[i])
      writer.add("%s%s", i ? ", " : "(", texts[i]);
    else
      writer.add("%s%lld", i ? ", " : "(", (long long)shape[i]);
  writer.add("%s", rank > 0 ? ")" : "()");
  return text;
}

Text dlc::runtime::formatSizes(const int64_t *shape, int32_t rank) {
  Text text = {};
  Writer writer(text);
  for (int32_t i = 0; i < rank; ++i)
    writer.add("%s%lld", i ? "x" : "", (long long)shape[i]);
  return text;
}

//===----------------------------------------------------------------------===//
// Public functions
//===----------------------------------------------------------------------===//

dlc_status dlc_model_get_dim(const dlc_model *model, uint32_t index,
                             dlc_dim_info *info) {
  if (dlc_status status = checkModel(model))
    return status;
  uint32_t count = isDynamic(*model) ? model->num_dims : 0;
  if (!info || index >= count)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "info is null or there is no dim %u: the model has %u", index,
                count);
  const dlc_abi_dim &dim = model->dims[index];
  dlc_dim_info known = {};
  known.name = dim.name;
  known.min = dim.min;
  known.max = dim.max;
  known.multiple = dim.multiple;
  known.typical = dim.typical;
  return writeStruct(info, known);
}

/// The arena of the dynamic model \p model; \p memory has room for its sizes
/// and the shapes of its tensors.
static dlc_status findArenaBytes(const dlc_abi_model &model,
                                 const int64_t *dims, int64_t *memory,
                                 uint64_t &bytes) {
  if (!computeSizes(model, dims, memory))
    return fail(DLC_ERROR_TENSOR, "model '%s' cannot be computed at %s",
                model.name, formatDims(model, dims).text);
  int64_t *shapes = memory + model.num_sizes;
  getShapes(model, memory, shapes);
  const dlc_abi_model &chosen = chooseModel(model, shapes);
  bytes = &chosen == &model ? Sizes(model, memory).arenaBytes()
                            : chosen.arena_bytes;
  return DLC_OK;
}

dlc_status dlc_model_arena_bytes_for(const dlc_model *model,
                                     const int64_t *sizes, uint32_t numDims,
                                     uint64_t *bytes) {
  if (dlc_status status = checkModel(model))
    return status;
  uint32_t count = isDynamic(*model) ? model->num_dims : 0;
  if (!bytes || (count && !sizes) || numDims != count)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "sizes or bytes are null, or %u sizes are given for the %u "
                "dims of model '%s'",
                numDims, count, model->name);
  if (count == 0) {
    *bytes = model->arena_bytes;
    return DLC_OK;
  }
  for (uint32_t i = 0; i < count; ++i)
    if (Text error = checkSize(model->dims[i], sizes[i]); error.text[0])
      return fail(DLC_ERROR_TENSOR, "model '%s': %s is %lld, %s", model->name,
                  model->dims[i].name, (long long)sizes[i], error.text);
  uint64_t room = uint64_t(model->num_sizes) +
                  countExtents(model->inputs, model->num_inputs) +
                  countExtents(model->outputs, model->num_outputs);
  void *memory;
  if (posix_memalign(&memory, 64, room * sizeof(int64_t)) != 0)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot allocate the model's sizes");
  dlc_status status =
      findArenaBytes(*model, sizes, static_cast<int64_t *>(memory), *bytes);
  free(memory);
  return status;
}
