// SPDX-License-Identifier: Apache-2.0
// Sizes are computed from dims.
#include "runtime/core/Sizes.h"

#include "runtime/core/Dims.h"
#include "runtime/core/Model.h"

using namespace dlc::runtime;

uint64_t Sizes::costNs(uint64_t step, uint32_t target) const {
  return values ? dlc_dims_part.estimateCost(model, values, step, target)
                : model.steps[step].cost_ns;
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

Slot dlc::runtime::getDynamicSlot(const dlc_abi_model &model, uint32_t index) {
  bool isInput = index < model.num_inputs;
  uint32_t i = isInput ? index : index - model.num_inputs;
  const dlc_abi_tensor *tensors = isInput ? model.inputs : model.outputs;
  Slot slot = {tensors[i], isInput ? "input" : "output", nullptr, nullptr};
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

Text dlc::runtime::formatShape(const int64_t *shape, int32_t rank,
                               const char *const *texts) {
  Text text = {};
  TextWriter writer(text);
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
  TextWriter writer(text);
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
  uint32_t count = countChosenDims(*model);
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

/// Checks that \p sizes can be those of the dims of \p model.
static dlc_status checkSizes(const dlc_abi_model *model, const int64_t *sizes,
                             uint32_t numDims, const void *result) {
  if (dlc_status status = checkModel(model))
    return status;
  uint32_t count = countChosenDims(*model);
  if (result && (!count || sizes) && numDims == count)
    return DLC_OK;
  return fail(DLC_ERROR_INVALID_ARGUMENT,
              "sizes or the result are null, or %u sizes are given for the %u "
              "dims of model '%s'",
              numDims, count, model->name);
}

dlc_status dlc_model_arena_bytes_for(const dlc_model *model,
                                     const int64_t *sizes, uint32_t numDims,
                                     uint64_t *bytes) {
  if (dlc_status status = checkSizes(model, sizes, numDims, bytes))
    return status;
  if (isDynamic(*model))
    return dlc_dims_part.computeFor(*model, sizes, bytes, 0, nullptr);
  *bytes = model->arena_bytes;
  return DLC_OK;
}

/// The shape of the tensor number \p index.
static dlc_status computeShape(const dlc_abi_model &model, const int64_t *sizes,
                               uint32_t index, int64_t *shape) {
  const dlc_abi_tensor &tensor = getSlot(model, index).tensor;
  if (isDynamic(model))
    return dlc_dims_part.computeFor(model, sizes, nullptr, index, shape);
  for (uint32_t i = 0; i < tensor.rank; ++i)
    shape[i] = tensor.shape[i];
  return DLC_OK;
}

dlc_status dlc_model_input_shape_for(const dlc_model *model,
                                     const int64_t *sizes, uint32_t numDims,
                                     uint32_t index, int64_t *shape) {
  if (dlc_status status = checkSizes(model, sizes, numDims, shape))
    return status;
  if (index >= model->num_inputs)
    return failToFind("input", index, model->num_inputs);
  return computeShape(*model, sizes, index, shape);
}

dlc_status dlc_model_output_shape_for(const dlc_model *model,
                                      const int64_t *sizes, uint32_t numDims,
                                      uint32_t index, int64_t *shape) {
  if (dlc_status status = checkSizes(model, sizes, numDims, shape))
    return status;
  if (index >= model->num_outputs)
    return failToFind("output", index, model->num_outputs);
  return computeShape(*model, sizes, model->num_inputs + index, shape);
}
