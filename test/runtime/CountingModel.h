// SPDX-License-Identifier: Apache-2.0
// A hand-written model that counts: of N numbers those that aren't zero, and
// their sum.
#ifndef DLC_TEST_RUNTIME_COUNTINGMODEL_H
#define DLC_TEST_RUNTIME_COUNTINGMODEL_H

#include "test/runtime/TestModel.h"

#include <climits>

namespace dlc::test {

/// What the model is made to count, instead of what is there; -1: nothing.
inline int64_t forcedCount = -1;

/// packed = the count, then the places.
inline void countingCompact(void *const *buffers, int64_t begin, int64_t end,
                            void *) {
  const float *x = static_cast<const float *>(buffers[0]);
  int64_t *packed = static_cast<int64_t *>(buffers[1]);
  const int64_t *dims = static_cast<const int64_t *>(buffers[2]);
  int64_t count = 0;
  for (int64_t i = 0; begin < end && i < dims[0]; ++i)
    if (x[i] != 0)
      packed[++count] = i;
  packed[0] = forcedCount < 0 ? count : forcedCount;
}

/// y[i] = x[places[i]]; a task an element.
inline void countingGather(void *const *buffers, int64_t begin, int64_t end,
                           void *) {
  const float *x = static_cast<const float *>(buffers[0]);
  const int64_t *places = static_cast<const int64_t *>(buffers[1]);
  float *y = static_cast<float *>(buffers[2]);
  for (int64_t i = begin; i < end; ++i)
    y[i] = x[places[i]];
}

/// sum = the sum of all of y, and how many these are.
inline void countingSum(void *const *buffers, int64_t, int64_t, void *) {
  const float *y = static_cast<const float *>(buffers[0]);
  float *sum = static_cast<float *>(buffers[1]);
  const int64_t *dims = static_cast<const int64_t *>(buffers[2]);
  sum[0] = 0;
  sum[1] = float(dims[1]);
  for (int64_t i = 0; i < dims[1]; ++i)
    sum[0] += y[i];
}

namespace counting_model {
inline const dlc_abi_size kSizes[] = {
    {DLC_SIZE_DIM, 0, 0},      // 1: N
    {DLC_SIZE_DIM, 0, 1},      // 2: K
    {DLC_SIZE_CONSTANT, 0, 2}, // 3
    {DLC_SIZE_ADD, 0, 2},      // 4: N + 2
    {DLC_SIZE_CONSTANT, 0, 8}, // 5
    {DLC_SIZE_MUL, 3, 4},      // 6: the arena
};
inline const dlc_abi_dim kDims[] = {{"N", 1, 4096, 1, 8},
                                    {"count(x)", 0, INT64_MAX, 1, 5}};
inline const int64_t kShape[] = {-1}, kTwo[] = {2};
inline const dlc_abi_tensor kInput = {"x", 2, 32, 1, 1, kShape, 0};
inline const dlc_abi_tensor kOutputs[] = {{"y", 2, 32, 1, 1, kShape, 0},
                                          {"sum", 2, 32, 1, 1, kTwo, 8}};
inline const uint32_t kInputExtents[] = {1}, kOutputExtents[] = {2, 0};
inline const char *const kInputTexts[] = {"N"};
inline const char *const kOutputTexts[] = {"count(x)", nullptr};
inline const dlc_abi_target kTarget = {"any", 0};
inline const dlc_abi_kernel_variant kCompact = {countingCompact, 1},
                                    kGather = {countingGather, 5},
                                    kSum = {countingSum, 1};
inline const dlc_abi_kernel kKernels[] = {
    {"compact", &kCompact}, {"gather", &kGather}, {"sum", &kSum}};
inline const uint32_t kTasks[] = {0, 2, 0};
inline const dlc_abi_ref kRefs[] = {
    {DLC_SPACE_INPUT, 0, 0}, {DLC_SPACE_ARENA, 0, 0},  {DLC_SPACE_DIMS, 0, 0},
    {DLC_SPACE_INPUT, 0, 0}, {DLC_SPACE_ARENA, 0, 8},  {DLC_SPACE_OUTPUT, 0, 0},
    {DLC_SPACE_DIMS, 0, 0},  {DLC_SPACE_OUTPUT, 0, 0}, {DLC_SPACE_OUTPUT, 1, 0},
    {DLC_SPACE_DIMS, 0, 0},  {DLC_SPACE_ARENA, 0, 0}};
// The second one is worth several threads.
inline const dlc_abi_step kSteps[] = {{0, 0, 0, 3, 0, 0, 100, "compact0"},
                                      {1, 0, 0, 4, 3, 0, 4000, "gather0"},
                                      {2, 0, 0, 3, 7, 0, 100, "sum0"}};
inline const dlc_abi_count kCount = {1, 10, 1, 1};
inline const uint32_t kOutputCounts[] = {1, 0};
} // namespace counting_model

inline dlc_abi_model makeCountingModel() {
  using namespace counting_model;
  dlc_abi_model model = {};
  model.magic = DLC_ABI_MAGIC;
  model.abi_version = DLC_ABI_VERSION_COUNTS;
  model.struct_size = sizeof model;
  model.name = "counting";
  model.compiler = "by hand";
  model.num_inputs = 1;
  model.inputs = &kInput;
  model.num_outputs = 2;
  model.outputs = kOutputs;
  model.num_targets = 1;
  model.targets = &kTarget;
  model.num_kernels = 3;
  model.kernels = kKernels;
  model.num_steps = 3;
  model.steps = kSteps;
  model.num_refs = 11;
  model.refs = kRefs;
  model.arena_bytes = 80;
  model.arena_alignment = 64;
  model.num_dims = 2;
  model.dims = kDims;
  model.num_sizes = sizeof kSizes / sizeof *kSizes;
  model.sizes = kSizes;
  model.input_extents = kInputExtents;
  model.output_extents = kOutputExtents;
  model.input_extent_texts = kInputTexts;
  model.output_extent_texts = kOutputTexts;
  model.kernel_tasks = kTasks;
  model.arena_number = 6;
  model.core_dims = dlc_core_dims;
  model.num_counts = 1;
  model.counts = &kCount;
  model.output_counts = kOutputCounts;
  model.core_counts = dlc_core_counts;
  return model;
}

/// Tensors for \p size numbers, of which every \p step-th isn't zero.
class CountingTensors {
public:
  CountingTensors(int64_t size, int64_t step) : size(size), x(size), y(size) {
    for (int64_t i = 0; i < size; ++i) {
      x[i] = step && i % step == 0 ? float(i + 1) : 0;
      if (x[i] != 0)
        want.push_back(x[i]);
    }
    input = makeTensor(x.data(), &this->size);
    largest = makeTensor(y.data(), &this->size);
    total = makeTensor(sum, &two);
  }
  CountingTensors(const CountingTensors &) = delete;
  CountingTensors &operator=(const CountingTensors &) = delete;

  /// Whether \p tensor is what is to be y, and the sum is right.
  bool isCorrect(const DLTensor &tensor) const {
    if (tensor.ndim != 1 || tensor.shape[0] != int64_t(want.size()))
      return false;
    float all = 0;
    for (size_t i = 0; i < want.size(); ++i) {
      if (static_cast<const float *>(tensor.data)[i] != want[i])
        return false;
      all += want[i];
    }
    return sum[0] == all && sum[1] == float(want.size());
  }

  static DLTensor makeTensor(void *data, int64_t *shape) {
    DLTensor result = {};
    result.data = data;
    result.device.device_type = kDLCPU;
    result.ndim = 1;
    result.dtype = {kDLFloat, 32, 1};
    result.shape = shape;
    return result;
  }

  int64_t size, two = 2;
  std::vector<float> x, y, want;
  float sum[2] = {-1, -1};
  DLTensor input, largest, total;
};

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_COUNTINGMODEL_H
