// SPDX-License-Identifier: Apache-2.0
// Models with dims: their sizes, and the tensors bound to them: whether they go
// together, and what follows from their shapes.
#include "runtime/core/Dims.h"

#include "runtime/core/Counts.h"
#include "runtime/core/Status.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Whether the sizes that \p numbers name are at least \p least.
static bool areAtLeast(int64_t least, const uint32_t *numbers, uint64_t count,
                       const int64_t *values) {
  for (uint64_t i = 0; numbers && i < count; ++i)
    if (numbers[i] && values[numbers[i] - 1] < least)
      return false;
  return true;
}

/// Whether launches on CUDA devices can have the sizes \p values.
static bool areLaunchesGood(const dlc_abi_model &model, const int64_t *values) {
  const dlc_abi_cuda *cuda = getCuda(model);
  return !cuda ||
         (areAtLeast(0, cuda->kernel_blocks, model.num_kernels, values) &&
          areAtLeast(0, cuda->kernel_scratch, model.num_kernels, values));
}

static bool computeSizes(const dlc_abi_model &model, const int64_t *dims,
                         int64_t *values) {
  if (!dlc_abi_compute_sizes(model.sizes, model.num_sizes, dims, values))
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
         areAtLeast(0, &model.flops_number, 1, values) &&
         areLaunchesGood(model, values);
}

static uint64_t estimateCost(const dlc_abi_model &model, const int64_t *values,
                             uint64_t step, uint32_t target) {
  const dlc_abi_step &facts = model.steps[step];
  // The tables hold at the typical sizes.
  Sizes sizes(model, values), typical(model, nullptr);
  double before = double(facts.flops), now = double(sizes.stepFlops(step));
  if (before == now || before == 0) {
    before = double(typical.tasks(facts.kernel, target)) *
             double(typical.phases(facts.kernel));
    now = double(sizes.tasks(facts.kernel, target)) *
          double(sizes.phases(facts.kernel));
  }
  double cost = before > 0 ? double(facts.cost_ns) * now / before : 0;
  return cost < 1e18 ? uint64_t(cost) : uint64_t(1e18);
}

/// The dim that an extent is whose number is \p number; -1 for other extents.
static int32_t findDim(const dlc_abi_model &model, uint32_t number) {
  if (number == 0 || model.sizes[number - 1].op != DLC_SIZE_DIM)
    return -1;
  return int32_t(model.sizes[number - 1].b);
}

/// What is wrong with the size \p size of dim \p dim, as "more than its bound
/// 64", or "" where nothing is.
static Text checkSize(const dlc_abi_dim &dim, int64_t size) {
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

/// Lets what the model counts be the most that it can be.
static bool setLargest(const dlc_abi_model &model, int64_t *dims,
                       int64_t *values) {
  return !isCounting(model) || dlc_counts_part.setLargest(model, dims, values);
}

/// "N = 8, H = 224": the sizes that callers choose.
static Text formatDims(const dlc_abi_model &model, const int64_t *dims) {
  Text text = {};
  TextWriter writer(text);
  for (uint32_t i = 0; i < countChosenDims(model); ++i)
    writer.add("%s%s = %lld", i ? ", " : "", model.dims[i].name,
               (long long)dims[i]);
  return text;
}

/// Compares extents that are dims with their bounds.
static dlc_status checkBounds(const dlc_abi_model &model, const Slot &slot,
                              const DLTensor &tensor) {
  for (int32_t i = 0; i < tensor.ndim; ++i) {
    int32_t dim = findDim(model, slot.numbers[i]);
    if (dim < 0)
      continue;
    Text error = checkSize(model.dims[dim], tensor.shape[i]);
    if (error.text[0])
      return fail(DLC_ERROR_TENSOR, "%s '%s': %s is %lld, %s (shape %s)",
                  slot.kind, slot.tensor.name, model.dims[dim].name,
                  (long long)tensor.shape[i], error.text,
                  formatSizes(tensor.shape, tensor.ndim).text);
  }
  return DLC_OK;
}

/// The model to run for inputs of the shapes \p extents, one behind the other:
/// a specialised one for these shapes, or \p model itself.
static const dlc_abi_model &chooseModel(const dlc_abi_model &model,
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

/// computeFor with \p memory for the sizes and the shapes of all tensors.
static dlc_status computeIn(int64_t *memory, const dlc_abi_model &model,
                            const int64_t *chosen, uint64_t *arenaBytes,
                            uint32_t index, int64_t *shape) {
  int64_t *dims = memory;
  memory += model.num_dims;
  for (uint32_t i = 0; i < countChosenDims(model); ++i)
    dims[i] = chosen[i];
  if (!setLargest(model, dims, memory) || !computeSizes(model, dims, memory))
    return fail(DLC_ERROR_TENSOR, "model '%s' cannot be computed at %s",
                model.name, formatDims(model, dims).text);
  int64_t *shapes = memory + model.num_sizes;
  getShapes(model, memory, shapes);
  const dlc_abi_model &plan = chooseModel(model, shapes);
  if (arenaBytes)
    *arenaBytes =
        &plan == &model ? Sizes(model, memory).arenaBytes() : plan.arena_bytes;
  if (!shape)
    return DLC_OK;
  for (uint32_t i = 0; i < index; ++i)
    shapes += getSlot(model, i).tensor.rank;
  memcpy(shape, shapes, getSlot(model, index).tensor.rank * sizeof(int64_t));
  return DLC_OK;
}

static dlc_status computeFor(const dlc_abi_model &model, const int64_t *dims,
                             uint64_t *arenaBytes, uint32_t index,
                             int64_t *shape) {
  for (uint32_t i = 0; i < countChosenDims(model); ++i)
    if (Text error = checkSize(model.dims[i], dims[i]); error.text[0])
      return fail(DLC_ERROR_TENSOR, "model '%s': %s is %lld, %s", model.name,
                  model.dims[i].name, (long long)dims[i], error.text);
  uint64_t room = uint64_t(model.num_dims) + model.num_sizes +
                  countExtents(model.inputs, model.num_inputs) +
                  countExtents(model.outputs, model.num_outputs);
  void *memory;
  if (posix_memalign(&memory, 64, room * sizeof(int64_t)) != 0)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot allocate the model's sizes");
  dlc_status status = computeIn(static_cast<int64_t *>(memory), model, dims,
                                arenaBytes, index, shape);
  free(memory);
  return status;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static uint64_t countTables(const dlc_abi_model &model) {
  uint64_t extents = countExtents(model.inputs, model.num_inputs) +
                     countExtents(model.outputs, model.num_outputs);
  uint64_t counted = isCounting(model) ? dlc_counts_part.countTables(model) : 0;
  return countWords<Dynamic>(1) + 2 * uint64_t(model.num_dims) +
         model.num_sizes + 2 * extents + countWords<uint32_t>(model.num_dims) +
         counted;
}

static void addTables(dlc_session &session, int64_t *memory) {
  const dlc_abi_model &model = *session.model;
  Dynamic &dynamic = *reinterpret_cast<Dynamic *>(memory);
  session.dynamic = &dynamic;
  dynamic.dims = memory + countWords<Dynamic>(1);
  dynamic.newDims = dynamic.dims + model.num_dims;
  dynamic.values = dynamic.newDims + model.num_dims;
  int64_t *shape = dynamic.values + model.num_sizes;
  uint32_t numTensors = model.num_inputs + model.num_outputs;
  for (uint32_t i = 0; i < numTensors; ++i) {
    session.bindings[i].shape = shape;
    shape += getSlot(model, i).tensor.rank;
  }
  dynamic.shapes = shape;
  shape += shape - session.bindings[0].shape;
  dynamic.sources = reinterpret_cast<uint32_t *>(shape);
  if (isCounting(model))
    dlc_counts_part.addTables(session,
                              shape + countWords<uint32_t>(model.num_dims));
  dynamic.misfit.kind = Misfit::DimMissing;
  ++session.numMissing;
}

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
  uint32_t numChosen = countChosenDims(model);
  for (uint32_t i = 0; i < numChosen; ++i)
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
  for (uint32_t i = 0; i < numChosen; ++i)
    if (dynamic.newDims[i] < 0)
      return makeMisfit(Misfit::DimMissing);
  return {};
}

/// Computes the sizes, and the shapes of all tensors, for the new dims.
static bool computeValues(dlc_session &session) {
  const dlc_abi_model &model = *session.model;
  Dynamic &dynamic = *session.dynamic;
  memcpy(dynamic.dims, dynamic.newDims,
         countChosenDims(model) * sizeof(int64_t));
  dynamic.isPrepared = false;
  dynamic.areCountsKnown = false;
  dynamic.areValuesKnown = setLargest(model, dynamic.dims, dynamic.values) &&
                           computeSizes(model, dynamic.dims, dynamic.values);
  if (!dynamic.areValuesKnown)
    return false;
  getShapes(model, dynamic.values, dynamic.shapes);
  return true;
}

/// Compares the shapes of the bound tensors [first, end) with those that follow
/// from the dims.
static Misfit checkShapes(const dlc_session &session, uint32_t first,
                          uint32_t end) {
  for (uint32_t i = first; i < end; ++i) {
    uint64_t rank = getSlot(*session.model, i).tensor.rank;
    if (session.bindings[i].bound && !session.bindings[i].isOwn &&
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
                       countChosenDims(model) * sizeof(int64_t)) == 0;
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

static void fitTensors(dlc_session &session) {
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
  const dlc_abi_model &model = *session.model;
  Text dims = formatDims(model, session.dynamic->dims);
  bool counted =
      index >= model.num_inputs && isCounted(model, index - model.num_inputs);
  return fail(DLC_ERROR_TENSOR, "%s '%s' has shape %s, the model %s %s%s%s",
              slot.kind, slot.tensor.name, got.text,
              counted ? "may need" : "has", want.text, *dims.text ? " at " : "",
              dims.text);
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
    return failToGrow(session, misfit,
                      formatDims(model, session.dynamic->dims).text);
  default:
    return fail(DLC_ERROR_UNBOUND,
                "the inputs bound to model '%s' do not say all of its sizes",
                model.name);
  }
}

//===----------------------------------------------------------------------===//
// The part
//===----------------------------------------------------------------------===//

const DimsPart dlc_dims_part = {countTables,  addTables,     estimateCost,
                                computeSizes, computeFor,    checkBounds,
                                fitTensors,   failWithMisfit};

DLC_EXPORT void dlc_core_dims(void) {}
