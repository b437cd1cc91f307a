// SPDX-License-Identifier: Apache-2.0
// Launches of several phases: a task may read what any task of the phase before
// wrote, on whatever thread.
#include "test/runtime/TestModel.h"

#include <gtest/gtest.h>
#include <thread>

using namespace dlc::test;

namespace {
constexpr int64_t kPhases = 50, kCells = 16;

/// Cell i of phase p is the sum of two cells of the phase before, as in
/// Pascal's triangle on a ring.
void addNeighbours(void *const *buffers, int64_t begin, int64_t end, void *) {
  const uint32_t *first = static_cast<const uint32_t *>(buffers[0]);
  uint32_t *rows = static_cast<uint32_t *>(buffers[1]);
  for (int64_t task = begin; task < end; ++task) {
    int64_t phase = task / kCells, i = task % kCells;
    const uint32_t *last = phase == 0 ? first : rows + (phase - 1) * kCells;
    rows[phase * kCells + i] = last[i] + last[(i + 1) % kCells];
  }
}

const dlc_abi_kernel_variant kVariant = {addNeighbours, kCells};
const dlc_abi_kernel kKernel = {"add_neighbours", &kVariant};
const dlc_abi_target kTarget = {"any", 0};
const int64_t kInputShape[] = {kCells}, kOutputShape[] = {kPhases, kCells};
const dlc_abi_tensor kInput = {"x", kDLUInt, 32, 1, 1, kInputShape, kCells * 4};
const dlc_abi_tensor kOutput = {
    "y", kDLUInt, 32, 1, 2, kOutputShape, kPhases * kCells * 4};
const dlc_abi_ref kRefs[] = {{DLC_SPACE_INPUT, 0, 0}, {DLC_SPACE_OUTPUT, 0, 0}};
/// The cost makes each phase parallel.
const dlc_abi_step kStep = {0, 0, 0, 2, 0, 0, 100000 * kPhases, "x"};
const int64_t kKernelPhases[] = {kPhases};

dlc_abi_model makeModel() {
  dlc_abi_model model = {};
  model.magic = DLC_ABI_MAGIC;
  model.abi_version = DLC_ABI_VERSION;
  model.struct_size = sizeof model;
  model.name = "phases";
  model.num_inputs = model.num_outputs = 1;
  model.inputs = &kInput;
  model.outputs = &kOutput;
  model.num_targets = model.num_kernels = 1;
  model.targets = &kTarget;
  model.kernels = &kKernel;
  model.num_steps = 1;
  model.num_refs = 2;
  model.steps = &kStep;
  model.refs = kRefs;
  model.kernel_phases = kKernelPhases;
  return model;
}

const dlc_abi_model kModel = makeModel();

DLTensor makeTensor(uint32_t *data, const int64_t *shape, int rank) {
  DLTensor tensor = {};
  tensor.data = data;
  tensor.device.device_type = kDLCPU;
  tensor.ndim = rank;
  tensor.dtype = {kDLUInt, 32, 1};
  tensor.shape = const_cast<int64_t *>(shape);
  return tensor;
}

/// Runs the model \p count times in a session with \p options and checks what
/// it computes.
void check(const dlc_session_options &options, int count) {
  dlc_session *session = nullptr;
  ASSERT_EQ(dlc_session_create(&kModel, &options, &session), DLC_OK)
      << dlc_last_error();
  for (int run = 0; run < count; ++run) {
    std::vector<uint32_t> x(kCells), y(kPhases * kCells), want(y.size());
    for (int64_t i = 0; i < kCells; ++i)
      x[i] = uint32_t(i * i + run);
    addNeighbours(std::vector<void *>{x.data(), want.data()}.data(), 0,
                  kPhases * kCells, nullptr);
    DLTensor input = makeTensor(x.data(), kInputShape, 1);
    DLTensor output = makeTensor(y.data(), kOutputShape, 2);
    ASSERT_EQ(dlc_session_run_tensors(session, &input, 1, &output, 1, nullptr),
              DLC_OK)
        << dlc_last_error();
    ASSERT_EQ(y, want);
  }
  dlc_session_destroy(session);
}
} // namespace

TEST(Phases, RunInOrderWithAnyThreads) {
  for (dlc_threading threading :
       {DLC_THREADS_SHARED, DLC_THREADS_OWN, DLC_THREADS_NONE})
    for (uint32_t numThreads : {1u, 2u, 3u, 16u}) {
      dlc_session_options options = makeOptions();
      options.threading = threading;
      options.num_threads = numThreads;
      check(options, 20);
    }
}

TEST(Phases, RunInOrderWhereThePoolIsBusy) {
  std::vector<std::thread> threads;
  for (int id = 0; id < 3; ++id)
    threads.emplace_back([] {
      dlc_session_options options = makeOptions();
      options.threading = DLC_THREADS_SHARED;
      options.num_threads = 2;
      check(options, 100);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Phases, RunInOrderOnTheCallersThreads) {
  dlc_thread_pool pool = {};
  pool.struct_size = sizeof pool;
  // The last index first, as a pool may.
  pool.parallel_for = [](void *, uint32_t count, void (*body)(void *, uint32_t),
                         void *argument) {
    std::vector<std::thread> threads;
    while (count-- > 0)
      threads.emplace_back(body, argument, count);
    for (std::thread &thread : threads)
      thread.join();
  };
  dlc_session_options options = makeOptions();
  options.thread_pool = &pool;
  options.num_threads = 3;
  check(options, 3);
}
