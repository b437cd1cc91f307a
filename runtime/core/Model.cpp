// SPDX-License-Identifier: Apache-2.0
// Questions about a model.
#include "runtime/core/Model.h"

#include "runtime/core/Counts.h"
#include "runtime/core/Dims.h"
#include "runtime/cpu/Features.h"

#include <stddef.h>

using namespace dlc::runtime;

dlc_status dlc::runtime::checkModel(const dlc_abi_model *model) {
  if (!model)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "the model is null");
  if (model->magic != DLC_ABI_MAGIC)
    return fail(DLC_ERROR_ARTIFACT, "not a compiled model");
  // Before the sizes, which differ between formats; the fields up to the name
  // are those of every format.
  bool isTooOld = model->abi_version < DLC_ABI_VERSION;
  if (isTooOld || model->abi_version > DLC_ABI_VERSION_PHASES)
    return fail(DLC_ERROR_VERSION,
                "model '%s' has format %u, this runtime reads formats %u to "
                "%u: %s",
                model->name, model->abi_version, DLC_ABI_VERSION,
                DLC_ABI_VERSION_PHASES,
                isTooOld ? "compile the model again"
                         : "update it, or compile the model with its dlc");
  size_t size = offsetof(dlc_abi_model, num_dims);
  if (model->abi_version >= DLC_ABI_VERSION_DIMS)
    size = offsetof(dlc_abi_model, cuda);
  if (model->abi_version == DLC_ABI_VERSION_COUNTS || isCounting(*model))
    size = sizeof(dlc_abi_model);
  if (model->struct_size < size)
    return fail(DLC_ERROR_ARTIFACT, "the model's tables are cut short");
  const dlc_abi_cuda *cuda = getCuda(*model);
  if (cuda && cuda->struct_size < offsetof(dlc_abi_cuda, num_gemms))
    return fail(DLC_ERROR_ARTIFACT,
                "the model's tables for CUDA are cut short");
  bool hasDims = !isDynamic(*model) || &dlc_dims_part;
  if (!hasDims || (isCounting(*model) && !&dlc_counts_part))
    return fail(DLC_ERROR_UNSUPPORTED,
                "model '%s' has dims, but is linked without dlc_core_%s",
                model->name, hasDims ? "counts" : "dims");
  return DLC_OK;
}

DLC_EXPORT const dlc_abi_model *dlc_core_model(const dlc_abi_model *model) {
  return checkModel(model) == DLC_OK ? model : nullptr;
}

dlc_status dlc_model_get_info(const dlc_model *model, dlc_model_info *info) {
  if (dlc_status status = checkModel(model))
    return status;
  if (!info)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "info is null");
  dlc_model_info known = {};
  known.name = model->name;
  known.compiler = model->compiler;
  known.num_inputs = model->num_inputs;
  known.num_outputs = model->num_outputs;
  known.num_targets = model->num_targets;
  known.num_kernels = model->num_kernels;
  known.num_steps = model->num_steps;
  uint32_t target;
  if (chooseTargetForCpu(*model, nullptr, target) == DLC_OK)
    known.target = model->targets[target].name;
  known.weights = model->weights;
  known.weights_bytes = model->weights_bytes;
  known.arena_bytes = model->arena_bytes;
  known.arena_alignment =
      model->arena_alignment > 64 ? model->arena_alignment : 64;
  known.arena_lower_bound_bytes = model->arena_lower_bound_bytes;
  known.scratch_bytes_per_thread = model->scratch_bytes_per_thread;
  known.state_bytes = model->state_bytes;
  known.flops = model->flops;
  known.has_self_test = model->test_outputs != nullptr;
  known.test_rtol = model->test_rtol;
  known.test_atol = model->test_atol;
  if (isDynamic(*model)) {
    known.num_dims = countChosenDims(*model);
    known.num_specializations = model->num_specializations;
    known.test_dims = model->test_dims;
  }
  known.has_cuda = getCuda(*model) != nullptr;
  return writeStruct(info, known);
}

/// Describes the input or output \p index of \p model; inputs come first.
static dlc_status getTensor(const dlc_abi_model &model, uint32_t index,
                            const dlc_abi_test_tensor *test,
                            dlc_tensor_info *info) {
  if (!info)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "info is null");
  Slot slot = getSlot(model, index);
  const dlc_abi_tensor &tensor = slot.tensor;
  dlc_tensor_info known = {};
  known.name = tensor.name;
  known.dtype.code = tensor.dtype_code;
  known.dtype.bits = tensor.dtype_bits;
  known.dtype.lanes = tensor.dtype_lanes;
  known.ndim = int32_t(tensor.rank);
  known.shape = tensor.shape;
  known.size_bytes = tensor.size_bytes;
  known.test_data = test ? test->data : nullptr;
  known.extents = slot.texts;
  known.is_counted =
      index >= model.num_inputs && isCounted(model, index - model.num_inputs);
  return writeStruct(info, known);
}

dlc_status dlc::runtime::failToFind(const char *kind, uint32_t index,
                                    uint32_t count) {
  return fail(DLC_ERROR_INVALID_ARGUMENT, "there is no %s %u: the model has %u",
              kind, index, count);
}

dlc_status dlc_model_get_input(const dlc_model *model, uint32_t index,
                               dlc_tensor_info *info) {
  if (dlc_status status = checkModel(model))
    return status;
  if (index >= model->num_inputs)
    return failToFind("input", index, model->num_inputs);
  const dlc_abi_test_tensor *test = model->test_inputs;
  return getTensor(*model, index, test ? test + index : nullptr, info);
}

dlc_status dlc_model_get_output(const dlc_model *model, uint32_t index,
                                dlc_tensor_info *info) {
  if (dlc_status status = checkModel(model))
    return status;
  if (index >= model->num_outputs)
    return failToFind("output", index, model->num_outputs);
  const dlc_abi_test_tensor *test = model->test_outputs;
  return getTensor(*model, model->num_inputs + index,
                   test ? test + index : nullptr, info);
}

static int32_t find(const dlc_abi_tensor *tensors, uint32_t count,
                    const char *name) {
  for (uint32_t i = 0; name && i < count; ++i)
    if (strcmp(tensors[i].name, name) == 0)
      return int32_t(i);
  return -1;
}

int32_t dlc_model_find_input(const dlc_model *model, const char *name) {
  return checkModel(model) ? -1 : find(model->inputs, model->num_inputs, name);
}

int32_t dlc_model_find_output(const dlc_model *model, const char *name) {
  return checkModel(model) ? -1
                           : find(model->outputs, model->num_outputs, name);
}

const char *dlc_model_target(const dlc_model *model, uint32_t index) {
  if (checkModel(model) || index >= model->num_targets)
    return nullptr;
  return model->targets[index].name;
}

dlc_status dlc_model_get_step(const dlc_model *model, uint64_t index,
                              dlc_step_info *info) {
  if (dlc_status status = checkModel(model))
    return status;
  if (!info || index >= model->num_steps)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "info is null or there is no such step");
  const dlc_abi_step &step = model->steps[index];
  dlc_step_info known = {};
  known.kernel = model->kernels[step.kernel].name;
  known.nodes = step.nodes;
  known.flops = step.flops;
  known.cost_ns = step.cost_ns;
  return writeStruct(info, known);
}
