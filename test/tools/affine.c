/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An artifact written by hand, so that the tools are tested without the
 * compiler: y = 2 x + shift over float32 tensors of 2x3, with a self-test. It
 * has code for CPUs, unless TEST_CUDA_ONLY is defined, and for CUDA devices.
 */
#include "dlc/abi.h"

#define NULL ((void *)0)
#ifndef TEST_LAST_VALUE
#define TEST_LAST_VALUE 13
#endif

__attribute__((unused)) static void affine(void *const *buffers, int64_t begin,
                                           int64_t end, void *scratch) {
  (void)scratch;
  const float *x = buffers[0], *shift = buffers[1], *weight = buffers[2];
  float *y = buffers[3];
  for (int64_t i = begin; i < end; ++i)
    y[i] = *weight * x[i] + *shift;
}

static const int64_t shape[] = {2, 3}, one[] = {1};
static const dlc_abi_tensor inputs[] = {
    {"data", 2, 32, 1, 2, shape, 24},
    {"shift", 2, 32, 1, 1, one, 4},
};
static const dlc_abi_tensor outputs[] = {
    {"affine_output", 2, 32, 1, 2, shape, 24},
};

static const char ptx[] =
    ".version 7.0\n.target sm_80\n.address_size 64\n"
    ".visible .entry affine_entry(.param .b64 x, .param .b64 shift,\n"
    "    .param .b64 weight, .param .b64 y, .param .b64 scratch,\n"
    "    .param .b32 phase) {\n"
    "  .reg .b64 %p, %o;\n  .reg .b32 %i;\n  .reg .f32 %x, %s, %w;\n"
    "  mov.u32 %i, %tid.x;\n"
    "  mul.wide.u32 %o, %i, 4;\n"
    "  ld.param.b64 %p, [shift];\n"
    "  ld.global.f32 %s, [%p];\n"
    "  ld.param.b64 %p, [weight];\n"
    "  ld.global.f32 %w, [%p];\n"
    "  ld.param.b64 %p, [x];\n"
    "  add.u64 %p, %p, %o;\n"
    "  ld.global.f32 %x, [%p];\n"
    "  fma.rn.f32 %x, %w, %x, %s;\n"
    "  ld.param.b64 %p, [y];\n"
    "  add.u64 %p, %p, %o;\n"
    "  st.global.f32 [%p], %x;\n"
    "  ret;\n}\n";
static const dlc_abi_cuda_image images[] = {
    {DLC_CUDA_PTX, 80, ptx, sizeof ptx}};
static const dlc_abi_cuda_kernel cudaKernels[] = {{"affine_entry", 6, 0, 1, 0}};
static const dlc_abi_cuda cuda = {.struct_size = sizeof(dlc_abi_cuda),
                                  .num_images = 1,
                                  .images = images,
                                  .kernels = cudaKernels};

#ifdef TEST_CUDA_ONLY
#define NUM_TARGETS 0
#define TARGETS NULL
#define VARIANTS NULL
#else
static const dlc_abi_target targets[] = {{"x86-64-v2", 0}};
static const dlc_abi_kernel_variant variants[] = {{affine, 6}};
#define NUM_TARGETS 1
#define TARGETS targets
#define VARIANTS variants
#endif
static const dlc_abi_kernel kernels[] = {{"affine", VARIANTS}};
static const dlc_abi_ref refs[] = {
    {DLC_SPACE_INPUT, 0, 0},
    {DLC_SPACE_INPUT, 1, 0},
    {DLC_SPACE_WEIGHTS, 0, 0},
    {DLC_SPACE_OUTPUT, 0, 0},
};
static const dlc_abi_step steps[] = {
    {0, 0, 0, 4, 0, 12, 100, "affine0, shift0"},
};
static const _Alignas(64) float weights[] = {2};

static const float testData[] = {1, 2, 3, 4, 5, 6}, testShift[] = {1};
static const float testOutput[] = {3, 5, 7, 9, 11, TEST_LAST_VALUE};
static const dlc_abi_test_tensor testInputs[] = {{testData}, {testShift}};
static const dlc_abi_test_tensor testOutputs[] = {{testOutput}};

__attribute__((visibility("hidden"))) const dlc_abi_model dlc_abi_model_v1 = {
    .magic = DLC_ABI_MAGIC,
    .abi_version = DLC_ABI_VERSION,
    .struct_size = sizeof(dlc_abi_model),
    .name = "affine",
    .compiler = "by hand",
    .num_inputs = 2,
    .num_outputs = 1,
    .inputs = inputs,
    .outputs = outputs,
    .num_targets = NUM_TARGETS,
    .num_kernels = 1,
    .targets = TARGETS,
    .kernels = kernels,
    .num_steps = 1,
    .num_refs = 4,
    .steps = steps,
    .refs = refs,
    .weights = weights,
    .weights_bytes = sizeof weights,
    .arena_bytes = 64,
    .arena_alignment = 64,
    .arena_lower_bound_bytes = 64,
    .flops = 12,
    .test_inputs = testInputs,
    .test_outputs = testOutputs,
    .test_rtol = 1e-4,
    .test_atol = 1e-5,
    .cuda = &cuda,
};

/* Like the compiler's: not loaded. */
__asm__(".pushsection .dlc.meta,\"\",@progbits\n"
        ".incbin \"" METADATA_FILE "\"\n"
        ".popsection\n");
