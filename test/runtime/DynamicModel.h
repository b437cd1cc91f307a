// SPDX-License-Identifier: Apache-2.0
// A hand-written model with dims: y = a * w + b for N rows of C numbers, and
// the sums of pairs of rows. It goes through the arena, scratch memory and the
// dims, and has a specialised model for four rows.
#ifndef DLC_TEST_RUNTIME_DYNAMICMODEL_H
#define DLC_TEST_RUNTIME_DYNAMICMODEL_H

#include "test/runtime/TestModel.h"

#include <climits>
#include <string>

namespace dlc::test {

/// How the model computes; each kernel notes which it is.
inline int64_t numGeneralRows = 0, numSpecialRows = 0;

/// product = a * 2 row by row, by way of scratch memory of a row.
inline void dynamicScale(void *const *buffers, int64_t begin, int64_t end,
                         void *scratch) {
  const int64_t *dims = static_cast<const int64_t *>(buffers[2]);
  const float *a = static_cast<const float *>(buffers[0]);
  float *product = static_cast<float *>(buffers[1]);
  float *row = static_cast<float *>(scratch);
  for (int64_t i = begin; i < end; ++i) {
    for (int64_t j = 0; j < dims[1]; ++j)
      row[j] = a[i * dims[1] + j] * 2;
    for (int64_t j = 0; j < dims[1]; ++j)
      product[i * dims[1] + j] = row[j];
  }
  __atomic_fetch_add(&numGeneralRows, end - begin, __ATOMIC_RELAXED);
}

/// y = product + b.
inline void dynamicAdd(void *const *buffers, int64_t begin, int64_t end,
                       void *) {
  const int64_t *dims = static_cast<const int64_t *>(buffers[3]);
  const float *product = static_cast<const float *>(buffers[0]);
  const float *b = static_cast<const float *>(buffers[1]);
  float *y = static_cast<float *>(buffers[2]);
  for (int64_t i = begin * dims[1]; i < end * dims[1]; ++i)
    y[i] = product[i] + b[i];
}

/// Task i sums rows 2i and 2i + 1 of the product; the last row may be alone.
inline void dynamicPairs(void *const *buffers, int64_t begin, int64_t end,
                         void *) {
  const int64_t *dims = static_cast<const int64_t *>(buffers[2]);
  const float *product = static_cast<const float *>(buffers[0]);
  float *sums = static_cast<float *>(buffers[1]);
  for (int64_t i = begin; i < end; ++i) {
    sums[i] = 0;
    for (int64_t j = 2 * i * dims[1]; j < (2 * i + 2) * dims[1]; ++j)
      sums[i] += j < dims[0] * dims[1] ? product[j] : 0;
  }
}

/// All outputs for four rows of three.
inline void specialAll(void *const *buffers, int64_t, int64_t, void *) {
  const float *a = static_cast<const float *>(buffers[0]);
  const float *b = static_cast<const float *>(buffers[1]);
  float *y = static_cast<float *>(buffers[2]);
  float *sums = static_cast<float *>(buffers[3]);
  sums[0] = sums[1] = 0;
  for (int i = 0; i < 12; ++i) {
    y[i] = a[i] * 2 + b[i];
    sums[i / 6] += a[i] * 2;
  }
  numSpecialRows += 4;
}

namespace dynamic_model {
// Typical are 8 rows of 3 numbers. Sizes, by number (their index plus one):
inline const dlc_abi_size kSizes[] = {
    {DLC_SIZE_DIM, 0, 0},       // 1: N
    {DLC_SIZE_DIM, 0, 1},       // 2: C
    {DLC_SIZE_CONSTANT, 0, 2},  // 3
    {DLC_SIZE_CEILDIV, 0, 2},   // 4: pairs
    {DLC_SIZE_MUL, 0, 1},       // 5: elements
    {DLC_SIZE_CONSTANT, 0, 4},  // 6
    {DLC_SIZE_MUL, 4, 5},       // 7: bytes
    {DLC_SIZE_CONSTANT, 0, 64}, // 8
    {DLC_SIZE_ALIGN, 6, 7},     // 9: where the copy of b would lie
    {DLC_SIZE_ADD, 8, 6},       // 10: the arena
    {DLC_SIZE_MUL, 1, 5},       // 11: bytes of a row
    {DLC_SIZE_MUL, 0, 2},       // 12: 2 N
    {DLC_SIZE_ADD, 4, 4},       // 13: flops of a step
};
inline const dlc_abi_dim kDims[] = {{"N", 2, 64, 2, 8},
                                    {"C", 1, INT64_MAX, 1, 3}};

inline const int64_t kShape[] = {-1, -1}, kPairs[] = {-1}, kTwice[] = {-1, 1};
inline const dlc_abi_tensor kInputs[] = {{"a", 2, 32, 1, 2, kShape, 0},
                                         {"b", 2, 32, 1, 2, kShape, 0},
                                         {"t", 2, 32, 1, 2, kTwice, 0}};
inline const dlc_abi_tensor kOutputs[] = {{"y", 2, 32, 1, 2, kShape, 0},
                                          {"sums", 2, 32, 1, 1, kPairs, 0}};
inline const uint32_t kInputExtents[] = {1, 2, 1, 2, 12, 0};
inline const char *const kInputTexts[] = {"N", "C", "N", "C", "N * 2", nullptr};
inline const uint32_t kOutputExtents[] = {1, 2, 4};
inline const char *const kOutputTexts[] = {"N", "C", "N ceildiv 2"};

inline const dlc_abi_target kTarget = {"any", 0};
inline const dlc_abi_kernel_variant kScale = {dynamicScale, 8},
                                    kAdd = {dynamicAdd, 8},
                                    kPairSums = {dynamicPairs, 4};
inline const dlc_abi_kernel kKernels[] = {
    {"scale", &kScale}, {"add", &kAdd}, {"pairs", &kPairSums}};
inline const uint32_t kTasks[] = {1, 1, 4};
// The first step writes where a copy of b would lie: its place moves.
inline const dlc_abi_ref kRefs[] = {
    {DLC_SPACE_INPUT, 0, 0},  {DLC_SPACE_ARENA, 0, 128},
    {DLC_SPACE_DIMS, 0, 0},   {DLC_SPACE_ARENA, 0, 128},
    {DLC_SPACE_INPUT, 1, 0},  {DLC_SPACE_OUTPUT, 0, 0},
    {DLC_SPACE_DIMS, 0, 0},   {DLC_SPACE_ARENA, 0, 128},
    {DLC_SPACE_OUTPUT, 1, 0}, {DLC_SPACE_DIMS, 0, 0}};
inline const uint32_t kOffsets[] = {0, 9, 0, 9, 0, 0, 0, 9, 0, 0};
// One thread is enough for the typical sizes, not for larger ones.
inline const dlc_abi_step kSteps[] = {{0, 0, 0, 3, 0, 48, 4000, "scale0"},
                                      {1, 0, 0, 4, 3, 48, 4000, "add0"},
                                      {2, 0, 0, 3, 7, 0, 4000, "pairs0"}};
inline const uint32_t kStepFlops[] = {13, 13, 0};

inline const int64_t kFour[] = {4, 3}, kTwo[] = {2}, kEight[] = {8, 1};
inline const dlc_abi_tensor kSpecialInputs[] = {{"a", 2, 32, 1, 2, kFour, 48},
                                                {"b", 2, 32, 1, 2, kFour, 48},
                                                {"t", 2, 32, 1, 2, kEight, 32}};
inline const dlc_abi_tensor kSpecialOutputs[] = {
    {"y", 2, 32, 1, 2, kFour, 48}, {"sums", 2, 32, 1, 1, kTwo, 8}};
inline const dlc_abi_kernel_variant kAll = {specialAll, 1};
inline const dlc_abi_kernel kSpecialKernel = {"all", &kAll};
inline const dlc_abi_ref kSpecialRefs[] = {{DLC_SPACE_INPUT, 0, 0},
                                           {DLC_SPACE_INPUT, 1, 0},
                                           {DLC_SPACE_OUTPUT, 0, 0},
                                           {DLC_SPACE_OUTPUT, 1, 0}};
inline const dlc_abi_step kSpecialStep = {0, 0, 0, 4, 0, 24, 10, "all0"};
} // namespace dynamic_model

/// What both models have.
inline dlc_abi_model makeModelHead(const char *name) {
  dlc_abi_model model = {};
  model.magic = DLC_ABI_MAGIC;
  model.abi_version = DLC_ABI_VERSION;
  model.struct_size = sizeof model;
  model.name = name;
  model.compiler = "by hand";
  model.num_inputs = 3;
  model.num_outputs = 2;
  model.num_targets = 1;
  model.targets = &dynamic_model::kTarget;
  return model;
}

/// The model for four rows of three.
inline const dlc_abi_model *specialModel() {
  static const dlc_abi_model model = [] {
    using namespace dynamic_model;
    dlc_abi_model model = makeModelHead("special");
    model.inputs = kSpecialInputs;
    model.outputs = kSpecialOutputs;
    model.num_kernels = 1;
    model.kernels = &kSpecialKernel;
    model.num_steps = 1;
    model.steps = &kSpecialStep;
    model.num_refs = 4;
    model.refs = kSpecialRefs;
    model.flops = 24;
    return model;
  }();
  return &model;
}

/// The model for any even number of rows up to 64; without specialised models.
inline dlc_abi_model makeDynamicModel() {
  using namespace dynamic_model;
  dlc_abi_model model = makeModelHead("dynamic");
  model.abi_version = DLC_ABI_VERSION_DIMS;
  model.inputs = kInputs;
  model.outputs = kOutputs;
  model.num_kernels = 3;
  model.kernels = kKernels;
  model.num_steps = 3;
  model.steps = kSteps;
  model.num_refs = 10;
  model.refs = kRefs;
  model.arena_bytes = 224;
  model.arena_alignment = 64;
  model.scratch_bytes_per_thread = 12;
  model.flops = 96;
  model.num_dims = 2;
  model.dims = kDims;
  model.num_sizes = sizeof kSizes / sizeof *kSizes;
  model.sizes = kSizes;
  model.input_extents = kInputExtents;
  model.output_extents = kOutputExtents;
  model.input_extent_texts = kInputTexts;
  model.output_extent_texts = kOutputTexts;
  model.ref_offsets = kOffsets;
  model.kernel_tasks = kTasks;
  model.step_flops = kStepFlops;
  model.arena_number = 10;
  model.scratch_number = 11;
  model.core_dims = dlc_core_dims;
  return model;
}

/// Tensors for `rows` rows of `columns`.
class DynamicTensors {
public:
  DynamicTensors(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), a(rows * columns), b(a.size()),
        t(2 * rows), y(a.size(), -1.0f), sums((rows + 1) / 2, -1.0f) {
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = float(i % 13);
      b[i] = float(i % 7);
    }
    inputs[0] = tensor(a, shape, 2);
    inputs[1] = tensor(b, shape, 2);
    inputs[2] = tensor(t, twice, 2);
    outputs[0] = tensor(y, shape, 2);
    outputs[1] = tensor(sums, pairs, 1);
  }
  DynamicTensors(const DynamicTensors &) = delete;
  DynamicTensors &operator=(const DynamicTensors &) = delete;

  dlc_status run(dlc_session *session) {
    return dlc_session_run_tensors(session, inputs, 3, outputs, 2, nullptr);
  }

  bool isCorrect() const {
    for (size_t i = 0; i < a.size(); ++i)
      if (y[i] != a[i] * 2 + b[i])
        return false;
    for (int64_t i = 0; i < int64_t(sums.size()); ++i) {
      float want = 0;
      for (int64_t j = 2 * i * columns;
           j < (2 * i + 2) * columns && j < int64_t(a.size()); ++j)
        want += a[j] * 2;
      if (sums[i] != want)
        return false;
    }
    return true;
  }

  int64_t rows, columns;
  std::vector<float> a, b, t, y, sums;
  int64_t shape[2] = {rows, columns}, twice[2] = {2 * rows, 1},
          pairs[1] = {(rows + 1) / 2};
  DLTensor inputs[3], outputs[2];

private:
  static DLTensor tensor(std::vector<float> &data, int64_t *shape, int rank) {
    DLTensor result = {};
    result.data = data.data();
    result.device.device_type = kDLCPU;
    result.ndim = rank;
    result.dtype = {kDLFloat, 32, 1};
    result.shape = shape;
    return result;
  }
};

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_DYNAMICMODEL_H
