// SPDX-License-Identifier: Apache-2.0
// Code for CUDA devices, written by hand, for the model of CountingModel.h.
#ifndef DLC_TEST_RUNTIME_CUDACOUNTINGMODEL_H
#define DLC_TEST_RUNTIME_CUDACOUNTINGMODEL_H

#include "test/runtime/CountingModel.h"
#include "test/runtime/CudaModel.h"

namespace dlc::test {

inline constexpr char kCountingPtx[] = R"(.version 7.0
.target sm_80
.address_size 64

// packed = the count, then the places.
.visible .entry compact(.param .b64 x, .param .b64 packed, .param .b64 dims,
                        .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %x, %p, %n, %i, %c, %o;
  .reg .f32 %v;
  .reg .pred %q;
  ld.param.b64 %x, [x];
  ld.param.b64 %p, [packed];
  ld.param.b64 %o, [dims];
  ld.global.u64 %n, [%o];
  mov.u64 %i, 0;
  mov.u64 %c, 0;
loop:
  setp.ge.u64 %q, %i, %n;
  @%q bra done;
  ld.global.f32 %v, [%x];
  setp.eq.f32 %q, %v, 0f00000000;
  @%q bra next;
  add.u64 %c, %c, 1;
  shl.b64 %o, %c, 3;
  add.u64 %o, %o, %p;
  st.global.u64 [%o], %i;
next:
  add.u64 %x, %x, 4;
  add.u64 %i, %i, 1;
  bra loop;
done:
  st.global.u64 [%p], %c;
  ret;
}

// y[i] = x[places[i]]; a block an element.
.visible .entry gather(.param .b64 x, .param .b64 places, .param .b64 y,
                       .param .b64 dims, .param .b64 scratch,
                       .param .b32 phase) {
  .reg .b64 %x, %p, %y, %o;
  .reg .b32 %i;
  .reg .f32 %v;
  ld.param.b64 %x, [x];
  ld.param.b64 %p, [places];
  ld.param.b64 %y, [y];
  mov.u32 %i, %ctaid.x;
  mul.wide.u32 %o, %i, 8;
  add.u64 %p, %p, %o;
  ld.global.u64 %o, [%p];
  shl.b64 %o, %o, 2;
  add.u64 %x, %x, %o;
  ld.global.f32 %v, [%x];
  mul.wide.u32 %o, %i, 4;
  add.u64 %y, %y, %o;
  st.global.f32 [%y], %v;
  ret;
}

// sum = the sum of all of y, and how many these are.
.visible .entry sum(.param .b64 y, .param .b64 total, .param .b64 dims,
                    .param .b64 scratch, .param .b32 phase) {
  .reg .b64 %y, %s, %n, %i;
  .reg .f32 %v, %a;
  .reg .pred %q;
  ld.param.b64 %y, [y];
  ld.param.b64 %s, [total];
  ld.param.b64 %i, [dims];
  ld.global.u64 %n, [%i + 8];
  cvt.rn.f32.u64 %v, %n;
  st.global.f32 [%s + 4], %v;
  mov.f32 %a, 0f00000000;
  mov.u64 %i, 0;
loop:
  setp.ge.u64 %q, %i, %n;
  @%q bra done;
  ld.global.f32 %v, [%y];
  add.f32 %a, %a, %v;
  add.u64 %y, %y, 4;
  add.u64 %i, %i, 1;
  bra loop;
done:
  st.global.f32 [%s], %a;
  ret;
}
)";

struct CudaCountingModel {
  const dlc_abi_cuda_image image = {DLC_CUDA_PTX, 80, kCountingPtx,
                                    sizeof kCountingPtx};
  const dlc_abi_cuda_kernel kernels[3] = {
      {"compact", 1, 0, 1, 0}, {"gather", 1, 0, 5, 0}, {"sum", 1, 0, 1, 0}};
  const uint32_t blocks[3] = {0, 2, 0};
  dlc_abi_cuda cuda = makeCuda(kernels, &image);
  dlc_abi_dim dims[2] = {counting_model::kDims[0], counting_model::kDims[1]};
  dlc_abi_model model = makeCountingModel();

  CudaCountingModel() {
    cuda.kernel_blocks = blocks;
    model.cuda = &cuda;
    model.dims = dims;
  }
  CudaCountingModel(const CudaCountingModel &) = delete;
  CudaCountingModel &operator=(const CudaCountingModel &) = delete;
};

/// Tensors that a session runs, which has memory of its own for y.
struct OwnedCountingTensors : CountingTensors {
  using CountingTensors::CountingTensors;

  dlc_status run(dlc_session *on) {
    session = on;
    DLTensor outputs[] = {{}, total};
    return dlc_session_run_tensors(session, &input, 1, outputs, 2, nullptr);
  }
  bool isCorrect() const {
    DLTensor y = {};
    return dlc_session_output(session, 0, &y) == DLC_OK &&
           y.device.device_type == kDLCPU && CountingTensors::isCorrect(y);
  }

  dlc_session *session = nullptr;
};

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_CUDACOUNTINGMODEL_H
