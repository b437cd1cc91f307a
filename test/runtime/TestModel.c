/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled model written by hand: y = a * w + b and sum = sum(y), over rows.
 * It is linked into the tests, and with the core into an artifact.
 */
#include "dlc/abi.h"
#include <stddef.h>

enum { kRows = 96, kColumns = 32, kElements = kRows * kColumns };

/* product[i] = a[i] * w[i % columns], by way of the scratch memory. */
static void multiply(void *const *buffers, int64_t begin, int64_t end,
                     void *scratch) {
  const float *a = buffers[0], *w = buffers[1];
  float *product = buffers[2], *row = scratch;
  for (int64_t i = begin; i < end; ++i) {
    for (int j = 0; j < kColumns; ++j)
      row[j] = a[i * kColumns + j] * w[j];
    for (int j = 0; j < kColumns; ++j)
      product[i * kColumns + j] = row[j];
  }
}

static void add(void *const *buffers, int64_t begin, int64_t end,
                void *scratch) {
  const float *product = buffers[0], *b = buffers[1];
  float *y = buffers[2];
  (void)scratch;
  for (int64_t i = begin * kColumns; i < end * kColumns; ++i)
    y[i] = product[i] + b[i];
}

static void sum(void *const *buffers, int64_t begin, int64_t end,
                void *scratch) {
  const float *y = buffers[0];
  int32_t *total = buffers[1];
  (void)begin, (void)end, (void)scratch;
  total[0] = 0;
  for (int i = 0; i < kElements; ++i)
    total[0] += (int32_t)y[i];
}

/* The other target's kernels are never run: no CPU has its features. */
static const dlc_abi_kernel_variant kMultiply[] = {{multiply, kRows},
                                                   {NULL, 0}};
static const dlc_abi_kernel_variant kAdd[] = {{add, kRows}, {NULL, 0}};
static const dlc_abi_kernel_variant kSum[] = {{sum, 1}, {NULL, 0}};
static const dlc_abi_kernel kKernels[] = {
    {"multiply", kMultiply}, {"add", kAdd}, {"sum", kSum}};
static const dlc_abi_target kTargets[] = {{"any", 0},
                                          {"none", UINT64_C(1) << 62}};

static const float kWeights[kColumns] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2,
                                         3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5,
                                         6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
static const int64_t kShape[] = {kRows, kColumns}, kSumShape[] = {1};
static const dlc_abi_tensor kInputs[] = {
    {"a", 2, 32, 1, 2, kShape, kElements * 4},
    {"b", 2, 32, 1, 2, kShape, kElements * 4}};
static const dlc_abi_tensor kOutputs[] = {
    {"y", 2, 32, 1, 2, kShape, kElements * 4},
    {"sum", 0, 32, 1, 1, kSumShape, 4}};

static const dlc_abi_ref kRefs[] = {
    {DLC_SPACE_INPUT, 0, 0},  {DLC_SPACE_WEIGHTS, 0, 0},
    {DLC_SPACE_ARENA, 0, 0},  {DLC_SPACE_ARENA, 0, 0},
    {DLC_SPACE_INPUT, 1, 0},  {DLC_SPACE_OUTPUT, 0, 0},
    {DLC_SPACE_OUTPUT, 0, 0}, {DLC_SPACE_OUTPUT, 1, 0}};
/* The costs make the first two steps parallel and the last one serial. */
static const dlc_abi_step kSteps[] = {
    {0, 0, 0, 3, 0, kElements, 100000, "multiply0"},
    {1, 0, 0, 3, 3, kElements, 100000, "add0, \"quoted\""},
    {2, 0, 0, 2, 6, kElements, 1000, "sum0"}};

/* a = 0, b = 0, so y = 0; `sum` is not tested. */
static const float kZeros[kElements];
static const dlc_abi_test_tensor kTestInputs[] = {{kZeros}, {NULL}};
static const dlc_abi_test_tensor kTestOutputs[] = {{kZeros}, {NULL}};

#ifdef DLC_TEST_CUDA
/* It is never loaded onto a device: alone, no artifact runs on one. */
static const dlc_abi_cuda_kernel kCudaKernels[] = {
    {"multiply", 32, 0, kRows, 0},
    {"add", 32, 0, kRows, 0},
    {"sum", 1, 0, 1, 0}};
static const dlc_abi_cuda kCuda = {.struct_size = sizeof(dlc_abi_cuda),
                                   .kernels = kCudaKernels};
#endif

const dlc_abi_model dlc_abi_model_v1 = {
    .magic = DLC_ABI_MAGIC,
    .abi_version = DLC_ABI_VERSION,
    .struct_size = sizeof(dlc_abi_model),
    .name = "test",
    .compiler = "by hand",
    .num_inputs = 2,
    .num_outputs = 2,
    .inputs = kInputs,
    .outputs = kOutputs,
    .num_targets = 2,
    .num_kernels = 3,
    .targets = kTargets,
    .kernels = kKernels,
    .num_steps = 3,
    .num_refs = 8,
    .steps = kSteps,
    .refs = kRefs,
    .weights = kWeights,
    .weights_bytes = sizeof kWeights,
    .arena_bytes = kElements * 4,
    .arena_alignment = 64,
    .arena_lower_bound_bytes = kElements * 4,
    .scratch_bytes_per_thread = kColumns * 4,
    .flops = 3 * kElements,
    .test_inputs = kTestInputs,
    .test_outputs = kTestOutputs,
    .test_rtol = 1e-4,
    .test_atol = 1e-5,
#ifdef DLC_TEST_CUDA
    .cuda = &kCuda,
#endif
};
