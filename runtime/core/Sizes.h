// SPDX-License-Identifier: Apache-2.0
// The integers of a model, which may depend on its dims.
#ifndef DLC_RUNTIME_CORE_SIZES_H
#define DLC_RUNTIME_CORE_SIZES_H

#include "dlc/abi.h"
#include "dlc/model.h"

#include <stddef.h>
#include <stdio.h>

namespace dlc::runtime {

/// Whether \p model has dims. The fields that belong to them may be read only
/// then: the tables of others may end before.
inline bool isDynamic(const dlc_abi_model &model) {
  return model.abi_version >= DLC_ABI_VERSION_DIMS && model.num_dims > 0;
}

/// What \p model has for CUDA devices; null where it has nothing.
inline const dlc_abi_cuda *getCuda(const dlc_abi_model &model) {
  return model.struct_size > offsetof(dlc_abi_model, cuda) ? model.cuda
                                                           : nullptr;
}

/// Whether \p model counts some of its dims while it runs. The fields that
/// belong to counts may be read only then.
inline bool isCounting(const dlc_abi_model &model) {
  return model.abi_version >= DLC_ABI_VERSION_COUNTS &&
         model.struct_size > offsetof(dlc_abi_model, num_counts);
}

/// How many dims callers choose; those that are counted follow.
inline uint32_t countChosenDims(const dlc_abi_model &model) {
  if (!isDynamic(model))
    return 0;
  return model.num_dims - (isCounting(model) ? model.num_counts : 0);
}

/// Whether the shape of output \p output depends on what is counted.
inline bool isCounted(const dlc_abi_model &model, uint32_t output) {
  return isCounting(model) && model.output_counts[output] != 0;
}

/// The integers of \p model: what its tables say, or, given the values of its
/// sizes, what depends on dims.
class Sizes {
public:
  /// \p values: num_sizes numbers; null for a model without dims.
  Sizes(const dlc_abi_model &model, const int64_t *values)
      : model(model), values(values) {}

  int64_t tasks(uint32_t kernel, uint32_t target) const {
    int64_t fixed = model.kernels[kernel].variants[target].num_tasks;
    return values ? get(model.kernel_tasks,
                        uint64_t(kernel) * model.num_targets + target, fixed)
                  : fixed;
  }
  int64_t phases(uint32_t kernel) const {
    int64_t fixed = model.kernel_phases ? model.kernel_phases[kernel] : 1;
    return values ? get(model.kernel_phase_counts, kernel, fixed) : fixed;
  }
  uint64_t offset(uint64_t ref) const {
    uint64_t fixed = model.refs[ref].offset;
    return values ? uint64_t(get(model.ref_offsets, ref, int64_t(fixed)))
                  : fixed;
  }
  uint64_t stepFlops(uint64_t step) const {
    uint64_t fixed = model.steps[step].flops;
    return values ? uint64_t(get(model.step_flops, step, int64_t(fixed)))
                  : fixed;
  }
  uint64_t arenaBytes() const {
    return values ? get(model.arena_number, model.arena_bytes)
                  : model.arena_bytes;
  }
  uint64_t scratchBytes() const {
    return values ? get(model.scratch_number, model.scratch_bytes_per_thread)
                  : model.scratch_bytes_per_thread;
  }
  uint64_t flops() const {
    return values ? get(model.flops_number, model.flops) : model.flops;
  }
  int64_t cudaPhases(uint32_t kernel) const {
    const dlc_abi_cuda &cuda = *model.cuda;
    if (cuda.struct_size > offsetof(dlc_abi_cuda, kernel_phases) &&
        cuda.kernel_phases && cuda.kernel_phases[kernel])
      return cuda.kernel_phases[kernel];
    return phases(kernel);
  }
  uint64_t cudaBlocks(uint32_t kernel) const {
    uint64_t fixed = model.cuda->kernels[kernel].blocks;
    return values ? uint64_t(
                        get(model.cuda->kernel_blocks, kernel, int64_t(fixed)))
                  : fixed;
  }
  uint64_t cudaScratchBytes(uint32_t kernel) const {
    uint64_t fixed = model.cuda->kernels[kernel].scratch_bytes;
    return values ? uint64_t(
                        get(model.cuda->kernel_scratch, kernel, int64_t(fixed)))
                  : fixed;
  }
  /// The estimated time of step \p step on one thread.
  uint64_t costNs(uint64_t step, uint32_t target) const;

  /// The value of entry \p i of \p numbers, \p fixed where that is 0.
  int64_t get(const uint32_t *numbers, uint64_t i, int64_t fixed) const {
    return numbers && numbers[i] ? values[numbers[i] - 1] : fixed;
  }

private:
  uint64_t get(uint32_t number, uint64_t fixed) const {
    return number ? uint64_t(values[number - 1]) : fixed;
  }

  const dlc_abi_model &model;
  const int64_t *values;
};

/// Writes the shapes of the inputs and then the outputs, one behind the other,
/// to \p shapes. \p values is what computeSizes gave; null without dims.
void getShapes(const dlc_abi_model &model, const int64_t *values,
               int64_t *shapes);

/// The number of extents of all of the \p count tensors \p tensors.
uint64_t countExtents(const dlc_abi_tensor *tensors, uint32_t count);

/// An input or output of a model, for checks and messages.
struct Slot {
  const dlc_abi_tensor &tensor;
  const char *kind;
  /// For each extent the number of its size, and what it is; null where none
  /// depends on dims.
  const uint32_t *numbers;
  const char *const *texts;
};
/// getSlot of a model with dims.
Slot getDynamicSlot(const dlc_abi_model &model, uint32_t index);

/// \p index counts inputs, then outputs.
inline Slot getSlot(const dlc_abi_model &model, uint32_t index) {
  if (isDynamic(model))
    return getDynamicSlot(model, index);
  if (index < model.num_inputs)
    return {model.inputs[index], "input", nullptr, nullptr};
  return {model.outputs[index - model.num_inputs], "output", nullptr, nullptr};
}

/// A piece of a message; cut where it is long.
struct Text {
  char text[128];
};

/// Appends to a text until that is full.
class TextWriter {
public:
  explicit TextWriter(Text &text) : text(text) {}

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
/// "(2, 3)", with the text of an extent in place of the number where there is
/// one.
Text formatShape(const int64_t *shape, int32_t rank,
                 const char *const *texts = nullptr);
/// "2x3".
Text formatSizes(const int64_t *shape, int32_t rank);

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_SIZES_H
