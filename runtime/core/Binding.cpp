// SPDX-License-Identifier: Apache-2.0
// Tensors are checked and bound to sessions here.
#include "runtime/core/Cuda.h"
#include "runtime/core/Dims.h"
#include "runtime/core/Model.h"

using namespace dlc::runtime;

static const char *dtypeKind(uint8_t code) {
  switch (code) {
  case kDLInt:
    return "int";
  case kDLUInt:
    return "uint";
  case kDLFloat:
    return "float";
  case kDLBfloat:
    return "bfloat";
  case kDLBool:
    return "bool";
  }
  return "type";
}

static dlc_status checkType(const Slot &slot, const DLTensor &tensor) {
  const dlc_abi_tensor &want = slot.tensor;
  if (tensor.dtype.code == want.dtype_code &&
      tensor.dtype.bits == want.dtype_bits && tensor.dtype.lanes == 1)
    return DLC_OK;
  return fail(DLC_ERROR_TENSOR, "%s '%s' is %s%u x %u, the model has %s%u",
              slot.kind, want.name, dtypeKind(tensor.dtype.code),
              tensor.dtype.bits, tensor.dtype.lanes, dtypeKind(want.dtype_code),
              want.dtype_bits);
}

static dlc_status checkShape(const Slot &slot, const DLTensor &tensor) {
  const dlc_abi_tensor &want = slot.tensor;
  if (tensor.ndim < 0 || (tensor.ndim > 0 && !tensor.shape))
    return fail(DLC_ERROR_TENSOR, "%s '%s' has no shape", slot.kind, want.name);
  bool equal = uint32_t(tensor.ndim) == want.rank;
  for (uint32_t i = 0; equal && i < want.rank; ++i)
    equal = tensor.shape[i] == want.shape[i] ||
            (want.shape[i] < 0 && tensor.shape[i] >= 0);
  if (equal)
    return DLC_OK;
  return fail(DLC_ERROR_TENSOR, "%s '%s' has shape %s, the model has %s",
              slot.kind, want.name, formatShape(tensor.shape, tensor.ndim).text,
              formatShape(want.shape, int32_t(want.rank), slot.texts).text);
}

/// Whether \p tensor, of the right shape, has no elements.
static bool isEmpty(const Slot &slot, const DLTensor &tensor) {
  if (!slot.numbers || slot.tensor.size_bytes != 0)
    return slot.tensor.size_bytes == 0;
  for (int32_t i = 0; i < tensor.ndim; ++i)
    if (tensor.shape[i] == 0)
      return true;
  return false;
}

/// Accepts strides that say what no strides mean: dense and row-major. The
/// stride of an extent of 1 is free.
static dlc_status checkStrides(const Slot &slot, const DLTensor &tensor) {
  if (!tensor.strides || isEmpty(slot, tensor))
    return DLC_OK;
  int64_t dense = 1;
  for (int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != dense)
      return fail(DLC_ERROR_TENSOR,
                  "%s '%s' is not contiguous: stride %lld of dimension %d, "
                  "expected %lld",
                  slot.kind, slot.tensor.name, (long long)tensor.strides[i],
                  int(i), (long long)dense);
    // What overflows is no stride of any tensor.
    if (__builtin_mul_overflow(dense, tensor.shape[i], &dense))
      dense = 0;
  }
  return DLC_OK;
}

/// Takes tensors in host memory and, of a session on a device, on such devices.
static dlc_status checkDevice(const dlc_session &session, const Slot &slot,
                              const DLDevice &device) {
  if (device.device_type == kDLCPU)
    return DLC_OK;
  if (!session.cuda)
    return fail(DLC_ERROR_TENSOR, "%s '%s' is not in host memory", slot.kind,
                slot.tensor.name);
  if (device.device_type != kDLCUDA)
    return fail(DLC_ERROR_TENSOR,
                "%s '%s' is neither in host memory nor on a CUDA device",
                slot.kind, slot.tensor.name);
  if (dlc_cuda_part.hasDevice(session, device.device_id))
    return DLC_OK;
  return fail(DLC_ERROR_TENSOR, "%s '%s' is on cuda:%d, which is not there",
              slot.kind, slot.tensor.name, int(device.device_id));
}

static dlc_status checkData(const Slot &slot, const DLTensor &tensor) {
  if (isEmpty(slot, tensor))
    return DLC_OK;
  if (!tensor.data)
    return fail(DLC_ERROR_TENSOR, "%s '%s' has no data", slot.kind,
                slot.tensor.name);
  uint64_t elementBytes = (slot.tensor.dtype_bits + 7u) / 8;
  uint64_t address = reinterpret_cast<uintptr_t>(tensor.data);
  if (elementBytes && (address + tensor.byte_offset) % elementBytes != 0)
    return fail(DLC_ERROR_TENSOR, "%s '%s' is not aligned to its elements",
                slot.kind, slot.tensor.name);
  // Kernels copy so many bytes at once.
  constexpr uint64_t kDeviceAlignment = 16;
  if (tensor.device.device_type != kDLCPU &&
      (address + tensor.byte_offset) % kDeviceAlignment != 0)
    return fail(DLC_ERROR_TENSOR,
                "%s '%s' must begin at a multiple of 16 bytes on its device",
                slot.kind, slot.tensor.name);
  return DLC_OK;
}

static dlc_status checkTensor(const dlc_session &session, const Slot &slot,
                              const DLTensor &tensor) {
  if (dlc_status status = checkType(slot, tensor))
    return status;
  if (dlc_status status = checkShape(slot, tensor))
    return status;
  if (slot.numbers)
    if (dlc_status status =
            dlc_dims_part.checkBounds(*session.model, slot, tensor))
      return status;
  if (dlc_status status = checkStrides(slot, tensor))
    return status;
  if (dlc_status status = checkDevice(session, slot, tensor.device))
    return status;
  return checkData(slot, tensor);
}

static void setBound(dlc_session &session, Binding &binding, bool bound) {
  session.numMissing += uint32_t(binding.bound) - uint32_t(bound);
  binding.bound = bound;
}

/// Binds the tensor number \p index, whether it is the seed or not.
static dlc_status bind(dlc_session &session, uint32_t index,
                       const DLTensor *tensor) {
  const dlc_abi_model &model = *session.model;
  Binding &binding = session.bindings[index];
  if (tensor)
    if (dlc_status status =
            checkTensor(session, getSlot(model, index), *tensor))
      return status;
  bool isCountedOutput =
      index >= model.num_inputs && isCounted(model, index - model.num_inputs);
  if (isCountedOutput)
    session.dynamic->areCountsKnown = false;
  binding.isOwn = isCountedOutput && !tensor;
  setBound(session, binding, tensor || binding.isOwn);
  binding.device = tensor ? tensor->device : DLDevice{kDLCPU, 0};
  if (!tensor)
    return DLC_OK;
  binding.data = static_cast<char *>(tensor->data);
  if (binding.data)
    binding.data += tensor->byte_offset;
  for (int32_t i = 0; binding.shape && i < tensor->ndim; ++i)
    binding.shape[i] = tensor->shape[i];
  place(session, binding);
  return DLC_OK;
}

void dlc::runtime::bindOwnSeed(dlc_session &session) {
  Binding &binding = session.bindings[session.seedInput];
  setBound(session, binding, true);
  binding.data = reinterpret_cast<char *>(&session.seed);
  binding.device = {kDLCPU, 0};
  const dlc_abi_tensor &input = session.model->inputs[session.seedInput];
  for (uint32_t i = 0; binding.shape && i < input.rank; ++i)
    binding.shape[i] = input.shape[i];
  place(session, binding);
  session.isOwnSeedUsed = true;
}

dlc_status dlc::runtime::bindTensor(dlc_session &session, uint32_t index,
                                    const DLTensor *tensor) {
  bool isSeed = int32_t(index) == session.seedInput;
  if (isSeed && !tensor) {
    bindOwnSeed(session);
    return DLC_OK;
  }
  dlc_status status = bind(session, index, tensor);
  if (isSeed && status == DLC_OK)
    session.isOwnSeedUsed = false;
  return status;
}

static dlc_status bindAndFit(dlc_session &session, uint32_t index,
                             const DLTensor *tensor) {
  dlc_status status = bindTensor(session, index, tensor);
  if (session.dynamic && status == DLC_OK)
    dlc_dims_part.fitTensors(session);
  return status;
}

dlc_status dlc_session_bind_input(dlc_session *session, uint32_t index,
                                  const DLTensor *tensor) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (index >= session->model->num_inputs)
    return failToFind("input", index, session->model->num_inputs);
  return bindAndFit(*session, index, tensor);
}

dlc_status dlc_session_bind_output(dlc_session *session, uint32_t index,
                                   const DLTensor *tensor) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  const dlc_abi_model &model = *session->model;
  if (index >= model.num_outputs)
    return failToFind("output", index, model.num_outputs);
  return bindAndFit(*session, model.num_inputs + index, tensor);
}

dlc_status dlc_session_bind(dlc_session *session, const char *name,
                            const DLTensor *tensor) {
  if (!session || !name)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session or name is null");
  int32_t index = dlc_model_find_input(session->model, name);
  if (index >= 0)
    return dlc_session_bind_input(session, uint32_t(index), tensor);
  index = dlc_model_find_output(session->model, name);
  if (index >= 0)
    return dlc_session_bind_output(session, uint32_t(index), tensor);
  return fail(DLC_ERROR_NOT_FOUND, "model '%s' has no input or output '%s'",
              session->model->name, name);
}

dlc_status dlc::runtime::failToRun(const dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    Slot slot = getSlot(model, i);
    if (!session.bindings[i].bound)
      return fail(DLC_ERROR_UNBOUND, "%s '%s' is not bound", slot.kind,
                  slot.tensor.name);
  }
  return dlc_dims_part.failWithMisfit(session);
}

dlc_status dlc_session_seed(dlc_session *session, uint64_t seed) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (session->seedInput < 0)
    return fail(DLC_ERROR_NOT_FOUND, "model '%s' draws no random numbers",
                session->model->name);
  session->seed = seed;
  return DLC_OK;
}
