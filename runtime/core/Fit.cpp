// SPDX-License-Identifier: Apache-2.0
// The tensors bound to a model with dims: whether they go together, and what
// follows from their shapes.
#include "runtime/core/Session.h"
#include "runtime/core/Status.h"

#include <string.h>

using namespace dlc::runtime;

static Misfit makeMisfit(Misfit::Kind kind, uint32_t tensor = 0) {
  Misfit misfit = {};
  misfit.kind = kind;
  misfit.tensor = tensor;
  return misfit;
}

/// Reads the sizes of the dims off the inputs that are bound.
static Misfit readDims(const dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  const Dynamic &dynamic = *session.dynamic;
  for (uint32_t i = 0; i < model.num_dims; ++i)
    dynamic.newDims[i] = -1;
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    Slot slot = getSlot(model, i);
    const Binding &binding = session.bindings[i];
    for (uint32_t j = 0; binding.bound && j < slot.tensor.rank; ++j) {
      int32_t dim = findDim(model, slot.numbers ? slot.numbers[j] : 0);
      if (dim < 0)
        continue;
      int64_t &size = dynamic.newDims[dim];
      if (size >= 0 && size != binding.shape[j]) {
        Misfit misfit = makeMisfit(Misfit::DimDiffers, i);
        misfit.other = dynamic.sources[dim];
        misfit.dim = uint32_t(dim);
        misfit.size = binding.shape[j];
        misfit.otherSize = size;
        return misfit;
      }
      if (size < 0)
        dynamic.sources[dim] = i;
      size = binding.shape[j];
    }
  }
  for (uint32_t i = 0; i < model.num_dims; ++i)
    if (dynamic.newDims[i] < 0)
      return makeMisfit(Misfit::DimMissing);
  return {};
}

/// Computes the sizes, and the shapes of all tensors, for the new dims.
static bool computeValues(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  Dynamic &dynamic = *session.dynamic;
  memcpy(dynamic.dims, dynamic.newDims, model.num_dims * sizeof(int64_t));
  dynamic.isPrepared = false;
  dynamic.areValuesKnown = computeSizes(model, dynamic.dims, dynamic.values);
  if (!dynamic.areValuesKnown)
    return false;
  getShapes(model, dynamic.values, dynamic.shapes);
  return true;
}

/// The shape that the tensor number \p index must have at the sizes of the
/// dims.
static const int64_t *getShape(const dlc_session &session, uint32_t index) {
  return session.dynamic->shapes +
         (session.bindings[index].shape - session.bindings[0].shape);
}

/// Compares the shapes of the bound tensors [first, end) with those that follow
/// from the dims.
static Misfit checkShapes(const dlc_session &session, uint32_t first,
                          uint32_t end) {
  for (uint32_t i = first; i < end; ++i) {
    uint64_t rank = getSlot(*session.model, i).tensor.rank;
    if (session.bindings[i].bound &&
        memcmp(session.bindings[i].shape, getShape(session, i),
               rank * sizeof(int64_t)) != 0)
      return makeMisfit(Misfit::ShapeDiffers, i);
  }
  return {};
}

static Misfit findMisfit(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  Dynamic &dynamic = *session.dynamic;
  if (Misfit misfit = readDims(session); misfit.kind)
    return misfit;
  bool isSame = memcmp(dynamic.dims, dynamic.newDims,
                       model.num_dims * sizeof(int64_t)) == 0;
  if (!(isSame && dynamic.areValuesKnown) && !computeValues(session))
    return makeMisfit(Misfit::TooLarge);
  if (Misfit misfit = checkShapes(session, 0, model.num_inputs); misfit.kind)
    return misfit;
  if (!dynamic.isPrepared) {
    const dlc_abi_model &plan = chooseModel(model, dynamic.shapes);
    if (Misfit misfit = activatePlan(session, plan); misfit.kind)
      return misfit;
    dynamic.isPrepared = true;
  }
  return checkShapes(session, model.num_inputs,
                     model.num_inputs + model.num_outputs);
}

void dlc::runtime::fitTensors(dlc_session &session) {
  Dynamic &dynamic = *session.dynamic;
  session.numMissing -= dynamic.misfit.kind != Misfit::None;
  dynamic.misfit = findMisfit(session);
  session.numMissing += dynamic.misfit.kind != Misfit::None;
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static dlc_status failWithShape(const dlc_session &session, uint32_t index) {
  Slot slot = getSlot(*session.model, index);
  int32_t rank = int32_t(slot.tensor.rank);
  Text got = formatShape(session.bindings[index].shape, rank);
  Text want = formatShape(getShape(session, index), rank);
  return fail(DLC_ERROR_TENSOR, "%s '%s' has shape %s, the model has %s at %s",
              slot.kind, slot.tensor.name, got.text, want.text,
              formatDims(*session.model, session.dynamic->dims).text);
}

static dlc_status failWithMisfit(const dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  const Misfit &misfit = session.dynamic->misfit;
  Slot slot = getSlot(model, misfit.tensor);
  switch (misfit.kind) {
  case Misfit::DimDiffers:
    return fail(DLC_ERROR_TENSOR,
                "input '%s': %s is %lld, but input '%s' has %lld (shape %s)",
                slot.tensor.name, model.dims[misfit.dim].name,
                (long long)misfit.size, model.inputs[misfit.other].name,
                (long long)misfit.otherSize,
                formatSizes(session.bindings[misfit.tensor].shape,
                            int32_t(slot.tensor.rank))
                    .text);
  case Misfit::ShapeDiffers:
    return failWithShape(session, misfit.tensor);
  case Misfit::TooLarge:
    return fail(DLC_ERROR_TENSOR, "model '%s' cannot be computed at %s",
                model.name, formatDims(model, session.dynamic->dims).text);
  case Misfit::NoArena:
  case Misfit::NoScratch:
    return failToGrow(session, misfit);
  default:
    return fail(DLC_ERROR_UNBOUND,
                "the inputs bound to model '%s' do not say all of its sizes",
                model.name);
  }
}

dlc_status dlc::runtime::failToRun(const dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  for (uint32_t i = 0; i < model.num_inputs + model.num_outputs; ++i) {
    Slot slot = getSlot(model, i);
    if (!session.bindings[i].bound)
      return fail(DLC_ERROR_UNBOUND, "%s '%s' is not bound", slot.kind,
                  slot.tensor.name);
  }
  return failWithMisfit(session);
}

dlc_status dlc_session_output_shape(const dlc_session *session, uint32_t index,
                                    const int64_t **shape, int32_t *ndim) {
  if (!session || !shape || !ndim)
    return fail(DLC_ERROR_INVALID_ARGUMENT, "session, shape or ndim is null");
  const dlc_abi_model &model = *session->model;
  if (index >= model.num_outputs)
    return fail(DLC_ERROR_INVALID_ARGUMENT,
                "there is no output %u: the model has %u", index,
                model.num_outputs);
  *shape = model.outputs[index].shape;
  *ndim = int32_t(model.outputs[index].rank);
  if (!session->dynamic)
    return DLC_OK;
  if (!session->dynamic->areDimsKnown(model))
    return failWithMisfit(*session);
  *shape = getShape(*session, model.num_inputs + index);
  return DLC_OK;
}
