// SPDX-License-Identifier: Apache-2.0
// What the runtime itself costs: runs without work, steps, wake-ups.
#include "dlc/abi.h"
#include "dlc/model.h"
#include "runtime/core/ThreadPool.h"

#include <benchmark/benchmark.h>
#include <time.h>
#include <vector>

using dlc::runtime::ThreadPool;

namespace {
/// A model of steps that do nothing, and a session of it.
class IdleModel {
public:
  IdleModel(size_t numSteps, uint64_t costNs, dlc_threading threading) {
    for (size_t i = 0; i < numSteps; ++i)
      steps.push_back({0, 0, 0, 0, 0, 0, costNs, "idle"});
    model.magic = DLC_ABI_MAGIC;
    model.abi_version = DLC_ABI_VERSION;
    model.struct_size = sizeof model;
    model.name = "idle";
    model.num_targets = model.num_kernels = 1;
    model.targets = &target;
    model.kernels = &kernel;
    model.num_steps = numSteps;
    model.steps = steps.data();
    dlc_session_options options = {};
    options.struct_size = sizeof options;
    options.threading = threading;
    dlc_session_create(&model, &options, &session);
  }
  ~IdleModel() { dlc_session_destroy(session); }

  dlc_session *session = nullptr;

private:
  static void idle(void *const *, int64_t, int64_t, void *) {}

  dlc_abi_kernel_variant variant = {idle, 1024};
  dlc_abi_kernel kernel = {"idle", &variant};
  dlc_abi_target target = {"any", 0};
  std::vector<dlc_abi_step> steps;
  dlc_abi_model model = {};
};
} // namespace

static void emptyRun(benchmark::State &state) {
  IdleModel model(0, 0, DLC_THREADS_SHARED);
  for (auto _ : state)
    dlc_session_run(model.session, nullptr);
}
BENCHMARK(emptyRun);

static void serialSteps(benchmark::State &state) {
  IdleModel model(100, 1000, DLC_THREADS_NONE);
  for (auto _ : state)
    dlc_session_run(model.session, nullptr);
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(serialSteps);

/// Empty steps spread over all threads, one chunk each.
static void parallelSteps(benchmark::State &state) {
  IdleModel model(100, 6000, DLC_THREADS_SHARED);
  for (auto _ : state)
    dlc_session_run(model.session, nullptr);
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(parallelSteps)->UseRealTime();

/// From a run's start until a worker that slept has done its part.
static void wakeUp(benchmark::State &state) {
  ThreadPool *pool = ThreadPool::create();
  pool->ensureThreads(2);
  for (auto _ : state) {
    state.PauseTiming();
    timespec idle = {0, 1000000};
    nanosleep(&idle, nullptr);
    state.ResumeTiming();
    std::atomic<uint32_t> seen{0};
    pool->tryBegin();
    // The caller's chunk waits for the worker's.
    pool->parallelFor(
        2, 1,
        [](void *argument, uint32_t, uint32_t) {
          auto &seen = *static_cast<std::atomic<uint32_t> *>(argument);
          seen.fetch_add(1);
          while (seen.load() < 2) {
          }
        },
        &seen);
    pool->end();
  }
  pool->release();
}
BENCHMARK(wakeUp)->UseRealTime()->Iterations(500);

static void createSession(benchmark::State &state) {
  IdleModel keepsPool(100, 6000, DLC_THREADS_SHARED);
  for (auto _ : state)
    IdleModel model(100, 6000, DLC_THREADS_SHARED);
}
BENCHMARK(createSession);
