// SPDX-License-Identifier: Apache-2.0
// Code for CUDA devices, written by hand, for the models of TestModel.c and
// DynamicModel.h, and a model for CUDA devices only.
#ifndef DLC_TEST_RUNTIME_CUDAMODEL_H
#define DLC_TEST_RUNTIME_CUDAMODEL_H

#include "test/runtime/DynamicModel.h"

namespace dlc::test {

inline constexpr char kPtx[] = R"(.version 7.0
.target sm_80
.address_size 64
.extern .shared .align 4 .b8 dynamic[];

// product = a * w for one row a block, by way of the scratch memory.
.visible .entry multiply(.param .b64 a, .param .b64 w, .param .b64 product,
                         .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %a, %w, %p, %s, %o, %c;
  .reg .b32 %t, %b, %i;
  .reg .f32 %x, %y;
  ld.param.b64 %a, [a];
  ld.param.b64 %w, [w];
  ld.param.b64 %p, [product];
  ld.param.b64 %s, [scratch];
  mov.u32 %t, %tid.x;
  mov.u32 %b, %ctaid.x;
  mad.lo.u32 %i, %b, 32, %t;
  mul.wide.u32 %o, %i, 4;
  mul.wide.u32 %c, %t, 4;
  add.u64 %a, %a, %o;
  add.u64 %w, %w, %c;
  add.u64 %p, %p, %o;
  add.u64 %s, %s, %o;
  ld.global.f32 %x, [%a];
  ld.global.f32 %y, [%w];
  mul.f32 %x, %x, %y;
  st.global.f32 [%s], %x;
  ld.global.f32 %x, [%s];
  st.global.f32 [%p], %x;
  ret;
}

// y = product + b for one row a block.
.visible .entry add(.param .b64 product, .param .b64 b, .param .b64 y,
                    .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %p, %b, %y, %o;
  .reg .b32 %t, %c, %i;
  .reg .f32 %u, %v;
  ld.param.b64 %p, [product];
  ld.param.b64 %b, [b];
  ld.param.b64 %y, [y];
  mov.u32 %t, %tid.x;
  mov.u32 %c, %ctaid.x;
  mad.lo.u32 %i, %c, 32, %t;
  mul.wide.u32 %o, %i, 4;
  add.u64 %p, %p, %o;
  add.u64 %b, %b, %o;
  add.u64 %y, %y, %o;
  ld.global.f32 %u, [%p];
  ld.global.f32 %v, [%b];
  add.f32 %u, %u, %v;
  st.global.f32 [%y], %u;
  ret;
}

// total = sum(int(y)) over 96 rows of 32: a column a thread, then all of them
// from the end of 64 KiB of shared memory.
.visible .entry sum(.param .b64 y, .param .b64 total, .param .b64 scratch,
                    .param .b32 phase) {
  .reg .b64 %y, %o, %d;
  .reg .b32 %t, %i, %s, %v, %a;
  .reg .f32 %x;
  .reg .pred %p;
  ld.param.b64 %y, [y];
  ld.param.b64 %d, [total];
  mov.u32 %t, %tid.x;
  mul.wide.u32 %o, %t, 4;
  add.u64 %y, %y, %o;
  mov.u32 %i, 0;
  mov.u32 %s, 0;
rows:
  ld.global.f32 %x, [%y];
  cvt.rzi.s32.f32 %v, %x;
  add.s32 %s, %s, %v;
  add.u64 %y, %y, 128;
  add.u32 %i, %i, 1;
  setp.lt.u32 %p, %i, 96;
  @%p bra rows;
  mov.u32 %a, dynamic;
  add.u32 %a, %a, 65408;
  mad.lo.u32 %v, %t, 4, %a;
  st.shared.u32 [%v], %s;
  bar.sync 0;
  setp.ne.u32 %p, %t, 0;
  @%p bra done;
  mov.u32 %i, 0;
  mov.u32 %s, 0;
columns:
  ld.shared.u32 %v, [%a];
  add.s32 %s, %s, %v;
  add.u32 %a, %a, 4;
  add.u32 %i, %i, 1;
  setp.lt.u32 %p, %i, 32;
  @%p bra columns;
  st.global.u32 [%d], %s;
done:
  ret;
}

// product = a * 2 for one row a block, by way of the scratch memory.
.visible .entry scale(.param .b64 a, .param .b64 product, .param .b64 dims,
                      .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %a, %d, %s, %o, %c, %i, %e;
  .reg .b32 %t;
  .reg .f32 %x;
  .reg .pred %p;
  ld.param.b64 %o, [dims];
  ld.global.u64 %c, [%o + 8];
  mov.u32 %t, %ctaid.x;
  cvt.u64.u32 %i, %t;
  mul.lo.u64 %i, %i, %c;
  add.u64 %e, %i, %c;
  mov.u32 %t, %tid.x;
  cvt.u64.u32 %o, %t;
  add.u64 %i, %i, %o;
loop:
  setp.ge.u64 %p, %i, %e;
  @%p bra done;
  ld.param.b64 %a, [a];
  ld.param.b64 %d, [product];
  ld.param.b64 %s, [scratch];
  shl.b64 %o, %i, 2;
  add.u64 %a, %a, %o;
  add.u64 %d, %d, %o;
  add.u64 %s, %s, %o;
  ld.global.f32 %x, [%a];
  add.f32 %x, %x, %x;
  st.global.f32 [%s], %x;
  ld.global.f32 %x, [%s];
  st.global.f32 [%d], %x;
  add.u64 %i, %i, 32;
  bra loop;
done:
  ret;
}

// y = product + b for one row a block.
.visible .entry add_rows(.param .b64 product, .param .b64 b, .param .b64 y,
                         .param .b64 dims, .param .b64 scratch,
                         .param .b32 phase) {
  .reg .b64 %a, %b, %y, %o, %c, %i, %e;
  .reg .b32 %t;
  .reg .f32 %u, %v;
  .reg .pred %p;
  ld.param.b64 %o, [dims];
  ld.global.u64 %c, [%o + 8];
  mov.u32 %t, %ctaid.x;
  cvt.u64.u32 %i, %t;
  mul.lo.u64 %i, %i, %c;
  add.u64 %e, %i, %c;
  mov.u32 %t, %tid.x;
  cvt.u64.u32 %o, %t;
  add.u64 %i, %i, %o;
loop:
  setp.ge.u64 %p, %i, %e;
  @%p bra done;
  ld.param.b64 %a, [product];
  ld.param.b64 %b, [b];
  ld.param.b64 %y, [y];
  shl.b64 %o, %i, 2;
  add.u64 %a, %a, %o;
  add.u64 %b, %b, %o;
  add.u64 %y, %y, %o;
  ld.global.f32 %u, [%a];
  ld.global.f32 %v, [%b];
  add.f32 %u, %u, %v;
  st.global.f32 [%y], %u;
  add.u64 %i, %i, 32;
  bra loop;
done:
  ret;
}

// A block sums two rows of the product; the number of rows is even.
.visible .entry pairs(.param .b64 product, .param .b64 sums, .param .b64 dims,
                      .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %a, %s, %o, %c, %i;
  .reg .b32 %t;
  .reg .f32 %x, %y;
  .reg .pred %p;
  ld.param.b64 %a, [product];
  ld.param.b64 %s, [sums];
  ld.param.b64 %o, [dims];
  ld.global.u64 %c, [%o + 8];
  shl.b64 %c, %c, 1;
  mov.u32 %t, %ctaid.x;
  cvt.u64.u32 %i, %t;
  mul.lo.u64 %o, %i, %c;
  shl.b64 %o, %o, 2;
  add.u64 %a, %a, %o;
  shl.b64 %i, %i, 2;
  add.u64 %s, %s, %i;
  mov.f32 %x, 0f00000000;
loop:
  ld.global.f32 %y, [%a];
  add.f32 %x, %x, %y;
  add.u64 %a, %a, 4;
  sub.u64 %c, %c, 1;
  setp.ne.u64 %p, %c, 0;
  @%p bra loop;
  st.global.f32 [%s], %x;
  ret;
}

// All outputs of the dynamic model for four rows of three, plus one: the tests
// see that it ran.
.visible .entry all(.param .b64 a, .param .b64 b, .param .b64 y,
                    .param .b64 sums, .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %a, %b, %y, %s;
  .reg .b32 %i;
  .reg .f32 %u, %v, %x;
  .reg .pred %p;
  ld.param.b64 %a, [a];
  ld.param.b64 %b, [b];
  ld.param.b64 %y, [y];
  ld.param.b64 %s, [sums];
  mov.u32 %i, 0;
  mov.f32 %x, 0f00000000;
loop:
  ld.global.f32 %u, [%a];
  add.f32 %u, %u, %u;
  add.f32 %x, %x, %u;
  ld.global.f32 %v, [%b];
  add.f32 %u, %u, %v;
  add.f32 %u, %u, 0f3F800000;
  st.global.f32 [%y], %u;
  add.u64 %a, %a, 4;
  add.u64 %b, %b, 4;
  add.u64 %y, %y, 4;
  add.u32 %i, %i, 1;
  setp.eq.u32 %p, %i, 6;
  @!%p bra next;
  st.global.f32 [%s], %x;
  mov.f32 %x, 0f00000000;
next:
  setp.lt.u32 %p, %i, 12;
  @%p bra loop;
  st.global.f32 [%s + 4], %x;
  ret;
}

// Cell i of phase p is the sum of two cells of the phase before, plus the
// number of runs so far.
.visible .entry neighbours(.param .b64 x, .param .b64 rows, .param .b64 runs,
                           .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %f, %t, %o, %r;
  .reg .b32 %i, %j, %p, %u, %v;
  .reg .pred %q;
  ld.param.b64 %f, [x];
  ld.param.b64 %t, [rows];
  ld.param.b64 %r, [runs];
  ld.param.b32 %p, [phase];
  mul.wide.u32 %o, %p, 64;
  add.u64 %t, %t, %o;
  setp.eq.u32 %q, %p, 0;
  @!%q sub.u64 %f, %t, 64;
  mov.u32 %i, %tid.x;
  add.u32 %j, %i, 1;
  and.b32 %j, %j, 15;
  mul.wide.u32 %o, %j, 4;
  add.u64 %o, %f, %o;
  ld.global.u32 %v, [%o];
  mul.wide.u32 %o, %i, 4;
  add.u64 %f, %f, %o;
  ld.global.u32 %u, [%f];
  add.u32 %u, %u, %v;
  ld.global.u32 %v, [%r];
  add.u32 %u, %u, %v;
  add.u64 %t, %t, %o;
  st.global.u32 [%t], %u;
  ret;
}

.visible .entry count(.param .b64 runs, .param .b64 scratch,
                      .param .b32 phase) {
  .reg .b64 %r;
  .reg .b32 %v;
  ld.param.b64 %r, [runs];
  ld.global.u32 %v, [%r];
  add.u32 %v, %v, 1;
  st.global.u32 [%r], %v;
  ret;
}

// The seed that the run got.
.visible .entry seed(.param .b64 from, .param .b64 y, .param .b64 scratch,
                     .param .b32 phase) {
  .reg .b64 %a, %v;
  ld.param.b64 %a, [from];
  ld.global.u64 %v, [%a];
  ld.param.b64 %a, [y];
  st.global.u64 [%a], %v;
  ret;
}

// Writes where no memory is.
.visible .entry fault(.param .b64 y, .param .b64 total, .param .b64 scratch,
                      .param .b32 phase) {
  .reg .b64 %a;
  mov.u64 %a, 64;
  st.global.u64 [%a], %a;
  ret;
}
)";

inline const dlc_abi_cuda_image kImage = {DLC_CUDA_PTX, 80, kPtx, sizeof kPtx};

inline dlc_abi_cuda makeCuda(const dlc_abi_cuda_kernel *kernels,
                             const dlc_abi_cuda_image *image = &kImage) {
  dlc_abi_cuda cuda = {};
  cuda.struct_size = sizeof cuda;
  cuda.num_images = image ? 1 : 0;
  cuda.images = image;
  cuda.kernels = kernels;
  return cuda;
}

/// The model of TestModel.c; its memory belongs to the test.
struct CudaTestModel {
  dlc_abi_cuda_kernel kernels[3] = {
      {"multiply", 32, 0, 96, TestTensors::kElements * 4},
      {"add", 32, 0, 96, 0},
      {"sum", 32, 65536, 1, 0}};
  dlc_abi_cuda_image images[2] = {kImage, kImage};
  dlc_abi_cuda cuda = makeCuda(kernels, images);
  dlc_abi_model model = *testModel();

  CudaTestModel() { model.cuda = &cuda; }
  CudaTestModel(const CudaTestModel &) = delete;
  CudaTestModel &operator=(const CudaTestModel &) = delete;
};

/// The model of DynamicModel.h, with a specialised one for four rows whose
/// output y is larger by one.
struct CudaDynamicModel {
  dlc_abi_cuda_kernel kernels[3] = {{"scale", 32, 0, 8, 96},
                                    {"add_rows", 32, 0, 8, 0},
                                    {"pairs", 1, 0, 4, 0}};
  const uint32_t blocks[3] = {1, 1, 4}, scratch[3] = {7, 0, 0};
  dlc_abi_cuda_kernel specialKernel = {"all", 1, 0, 1, 0};
  dlc_abi_cuda cuda = makeCuda(kernels);
  dlc_abi_cuda specialCuda = makeCuda(&specialKernel, nullptr);
  dlc_abi_model model = makeDynamicModel(), special = *specialModel();
  const dlc_abi_model *specials[1] = {&special};

  CudaDynamicModel() {
    cuda.kernel_blocks = blocks;
    cuda.kernel_scratch = scratch;
    model.cuda = &cuda;
    special.cuda = &specialCuda;
  }
  CudaDynamicModel(const CudaDynamicModel &) = delete;
  CudaDynamicModel &operator=(const CudaDynamicModel &) = delete;
};

namespace cuda_only_model {
inline constexpr int64_t kPhases = 50, kCells = 16;
inline const dlc_abi_kernel kKernels[] = {
    {"count", nullptr}, {"neighbours", nullptr}, {"nothing", nullptr}};
inline const dlc_abi_cuda_kernel kCudaKernels[] = {
    {"count", 1, 0, 1, 0}, {"neighbours", 16, 0, 1, 0}, {"fault", 1, 0, 0, 0}};
inline const dlc_abi_cuda kCuda = makeCuda(kCudaKernels);
inline const int64_t kInputShape[] = {kCells},
                     kOutputShape[] = {kPhases, kCells};
inline const dlc_abi_tensor kInput = {"x", kDLUInt,     32,        1,
                                      1,   kInputShape, kCells * 4};
inline const dlc_abi_tensor kOutput = {
    "y", kDLUInt, 32, 1, 2, kOutputShape, kPhases * kCells * 4};
inline const dlc_abi_ref kRefs[] = {
    {DLC_SPACE_STATE, 0, 64}, {DLC_SPACE_INPUT, 0, 0},
    {DLC_SPACE_OUTPUT, 0, 0}, {DLC_SPACE_STATE, 0, 64},
    {DLC_SPACE_OUTPUT, 0, 0}, {DLC_SPACE_OUTPUT, 0, 0}};
inline const dlc_abi_step kSteps[] = {{0, 0, 0, 1, 0, 0, 0, "count0"},
                                      {1, 0, 0, 3, 1, 0, 0, "x"},
                                      {2, 0, 0, 2, 4, 0, 0, "nothing"}};
inline const int64_t kKernelPhases[] = {1, kPhases, 1};
} // namespace cuda_only_model

/// Cell i of row p is x[i] + x[i + 1] of the row before, plus the number of the
/// session's runs. It has no code for CPUs.
inline dlc_abi_model makeCudaOnlyModel() {
  using namespace cuda_only_model;
  dlc_abi_model model = {};
  model.magic = DLC_ABI_MAGIC;
  model.abi_version = DLC_ABI_VERSION;
  model.struct_size = sizeof model;
  model.name = "cuda-only";
  model.num_inputs = model.num_outputs = 1;
  model.inputs = &kInput;
  model.outputs = &kOutput;
  model.num_kernels = 3;
  model.kernels = kKernels;
  model.num_steps = 3;
  model.steps = kSteps;
  model.num_refs = 6;
  model.refs = kRefs;
  model.state_bytes = 128;
  model.kernel_phases = kKernelPhases;
  model.cuda = &kCuda;
  return model;
}

namespace seed_model {
inline const dlc_abi_kernel kKernel = {"seed", nullptr};
inline const dlc_abi_cuda_kernel kCudaKernel = {"seed", 1, 0, 1, 0};
inline const dlc_abi_cuda kCuda = makeCuda(&kCudaKernel);
inline const int64_t kShape[] = {1};
inline const dlc_abi_tensor kInput = {DLC_SEED_INPUT, kDLInt, 64, 1, 1,
                                      kShape,         8};
inline const dlc_abi_tensor kOutput = {"y", kDLInt, 64, 1, 1, kShape, 8};
inline const dlc_abi_ref kRefs[] = {{DLC_SPACE_INPUT, 0, 0},
                                    {DLC_SPACE_OUTPUT, 0, 0}};
inline const dlc_abi_step kStep = {0, 0, 0, 2, 0, 0, 0, "seed0"};
} // namespace seed_model

/// Its output is what random numbers would begin with.
inline dlc_abi_model makeSeedModel() {
  using namespace seed_model;
  dlc_abi_model model = makeCudaOnlyModel();
  model.name = "seed";
  model.inputs = &kInput;
  model.outputs = &kOutput;
  model.num_kernels = model.num_steps = 1;
  model.kernels = &kKernel;
  model.steps = &kStep;
  model.num_refs = 2;
  model.refs = kRefs;
  model.state_bytes = 0;
  model.kernel_phases = nullptr;
  model.cuda = &kCuda;
  return model;
}

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_CUDAMODEL_H
