// SPDX-License-Identifier: Apache-2.0
// Tensors are checked and bound to sessions here.
#include "runtime/core/Model.h"
#include "runtime/core/Session.h"

#include <stdio.h>

using namespace dlc::runtime;

namespace {
/// An input or output of a session, for checks and messages.
struct Slot {
  const dlc_abi_tensor &tensor;
  const char *kind;
};
} // namespace

/// Writes \p shape as (2, 3) to \p text; long shapes are cut.
static void formatShape(const int64_t *shape, int32_t rank, char (&text)[128]) {
  size_t used = size_t(snprintf(text, sizeof text, "("));
  for (int32_t i = 0; i < rank && used < sizeof text; ++i)
    used += size_t(snprintf(text + used, sizeof text - used,
                            i ? ", %lld" : "%lld", (long long)shape[i]));
  if (used < sizeof text)
    snprintf(text + used, sizeof text - used, ")");
}

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
    equal = tensor.shape[i] == want.shape[i];
  if (equal)
    return DLC_OK;
  char gotText[128], wantText[128];
  formatShape(tensor.shape, tensor.ndim, gotText);
  formatShape(want.shape, int32_t(want.rank), wantText);
  return fail(DLC_ERROR_TENSOR, "%s '%s' has shape %s, the model has %s",
              slot.kind, want.name, gotText, wantText);
}

/// Accepts strides that say what no strides mean: dense and row-major. The
/// stride of an extent of 1 is free.
static dlc_status checkStrides(const Slot &slot, const DLTensor &tensor) {
  if (!tensor.strides || slot.tensor.size_bytes == 0)
    return DLC_OK;
  int64_t dense = 1;
  for (int32_t i = tensor.ndim; i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != dense)
      return fail(DLC_ERROR_TENSOR,
                  "%s '%s' is not contiguous: stride %lld of dimension %d, "
                  "expected %lld",
                  slot.kind, slot.tensor.name, (long long)tensor.strides[i],
                  int(i), (long long)dense);
    dense *= tensor.shape[i];
  }
  return DLC_OK;
}

static dlc_status checkData(const Slot &slot, const DLTensor &tensor) {
  if (tensor.device.device_type != kDLCPU)
    return fail(DLC_ERROR_TENSOR, "%s '%s' is not in host memory", slot.kind,
                slot.tensor.name);
  if (slot.tensor.size_bytes == 0)
    return DLC_OK;
  if (!tensor.data)
    return fail(DLC_ERROR_TENSOR, "%s '%s' has no data", slot.kind,
                slot.tensor.name);
  uint64_t elementBytes = (slot.tensor.dtype_bits + 7u) / 8;
  uint64_t address = reinterpret_cast<uintptr_t>(tensor.data);
  if (elementBytes && (address + tensor.byte_offset) % elementBytes != 0)
    return fail(DLC_ERROR_TENSOR, "%s '%s' is not aligned to its elements",
                slot.kind, slot.tensor.name);
  return DLC_OK;
}

static dlc_status checkTensor(const Slot &slot, const DLTensor &tensor) {
  if (dlc_status status = checkType(slot, tensor))
    return status;
  if (dlc_status status = checkShape(slot, tensor))
    return status;
  if (dlc_status status = checkStrides(slot, tensor))
    return status;
  return checkData(slot, tensor);
}

static void setBound(dlc_session &session, Binding &binding, bool bound) {
  session.numUnbound += uint32_t(binding.bound) - uint32_t(bound);
  binding.bound = bound;
}

/// Lets the operands that move with \p binding be at \p data.
static void place(dlc_session &session, const Binding &binding, char *data) {
  for (uint64_t i = binding.firstPatch; i < binding.endPatch; ++i)
    session.buffers[session.patches[i].ref] =
        data ? data + session.patches[i].offset : nullptr;
}

static dlc_status bind(dlc_session &session, const Slot &slot, Binding &binding,
                       const DLTensor *tensor) {
  if (tensor)
    if (dlc_status status = checkTensor(slot, *tensor))
      return status;
  setBound(session, binding, tensor != nullptr);
  if (!tensor)
    return DLC_OK;
  char *data = static_cast<char *>(tensor->data);
  if (data)
    data += tensor->byte_offset;
  place(session, binding, data);
  return DLC_OK;
}

void dlc::runtime::bindOwnSeed(dlc_session &session) {
  Binding &binding = session.bindings[session.seedInput];
  setBound(session, binding, true);
  place(session, binding, reinterpret_cast<char *>(&session.seed));
  session.isOwnSeedUsed = true;
}

dlc_status dlc_session_bind_input(dlc_session *session, uint32_t index,
                                  const DLTensor *tensor) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (index >= session->model->num_inputs)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "there is no input %u: the model has %u", index,
                session->model->num_inputs);
  bool isSeed = int32_t(index) == session->seedInput;
  if (isSeed && !tensor) {
    bindOwnSeed(*session);
    return DLC_OK;
  }
  Slot slot = {session->model->inputs[index], "input"};
  dlc_status status = bind(*session, slot, session->bindings[index], tensor);
  if (isSeed && status == DLC_OK)
    session->isOwnSeedUsed = false;
  return status;
}

dlc_status dlc_session_bind_output(dlc_session *session, uint32_t index,
                                   const DLTensor *tensor) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (index >= session->model->num_outputs)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "there is no output %u: the model has %u", index,
                session->model->num_outputs);
  Slot slot = {session->model->outputs[index], "output"};
  return bind(*session, slot,
              session->bindings[session->model->num_inputs + index], tensor);
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

dlc_status dlc_session_seed(dlc_session *session, uint64_t seed) {
  if (!session)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session is null");
  if (session->seedInput < 0)
    return fail(DLC_ERROR_NOT_FOUND, "model '%s' draws no random numbers",
                session->model->name);
  session->seed = seed;
  return DLC_OK;
}
