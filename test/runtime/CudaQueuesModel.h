// SPDX-License-Identifier: Apache-2.0
// The model of TestModel.c on three queues of a CUDA device.
#ifndef DLC_TEST_RUNTIME_CUDAQUEUESMODEL_H
#define DLC_TEST_RUNTIME_CUDAQUEUESMODEL_H

#include "test/runtime/CudaModel.h"

namespace dlc::test {

/// y and sum are computed beside each other, from y's copy in the arena. The
/// product is there twice: the second one must not be written before both
/// readers of the first have ended. Another product goes its own way, with
/// scratch memory of its own.
struct CudaQueuesModel {
  static constexpr uint64_t kBytes = TestTensors::kElements * 4;
  static constexpr uint32_t kMultiply = 0, kAdd = 1, kSum = 2;

  // Operands of the steps below.
  const dlc_abi_ref refs[17] = {
      {DLC_SPACE_INPUT, 0, 0},         {DLC_SPACE_WEIGHTS, 0, 0},
      {DLC_SPACE_ARENA, 0, 0},         {DLC_SPACE_ARENA, 0, 0},
      {DLC_SPACE_INPUT, 1, 0},         {DLC_SPACE_ARENA, 0, kBytes},
      {DLC_SPACE_ARENA, 0, 0},         {DLC_SPACE_INPUT, 1, 0},
      {DLC_SPACE_OUTPUT, 0, 0},        {DLC_SPACE_ARENA, 0, kBytes},
      {DLC_SPACE_WEIGHTS, 0, 0},       {DLC_SPACE_ARENA, 0, 0},
      {DLC_SPACE_ARENA, 0, kBytes},    {DLC_SPACE_OUTPUT, 1, 0},
      {DLC_SPACE_INPUT, 1, 0},         {DLC_SPACE_WEIGHTS, 0, 0},
      {DLC_SPACE_ARENA, 0, 2 * kBytes}};
  const dlc_abi_step steps[6] = {
      {kMultiply, 0, 0, 3, 0, 0, 0, "product = a * w"},
      {kAdd, 0, 1, 3, 3, 0, 0, "copy = product + b"},
      {kAdd, 0, 0, 3, 6, 0, 0, "y = product + b"},
      {kMultiply, 0, 1, 3, 9, 0, 0, "product = copy * w"},
      {kSum, 0, 0, 2, 12, 0, 0, "sum of copy"},
      {kMultiply, 0, 2, 3, 14, 0, 0, "other = b * w"}};
  const dlc_abi_cuda_wait waits[3] = {{1, 0}, {3, 2}, {4, 1}};
  CudaTestModel base;
  dlc_abi_cuda cuda = base.cuda;
  dlc_abi_model model = base.model;

  CudaQueuesModel() {
    cuda.num_waits = 3;
    cuda.waits = waits;
    model.name = "queues";
    model.num_steps = 6;
    model.steps = steps;
    model.num_refs = 17;
    model.refs = refs;
    model.arena_bytes = 3 * kBytes;
    model.cuda = &cuda;
  }
  CudaQueuesModel(const CudaQueuesModel &) = delete;
  CudaQueuesModel &operator=(const CudaQueuesModel &) = delete;
};

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_CUDAQUEUESMODEL_H
