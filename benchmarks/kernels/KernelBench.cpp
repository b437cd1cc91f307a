// SPDX-License-Identifier: Apache-2.0
// Times compiled models with Google Benchmark: each artifact named on the
// command line is one benchmark, run with one thread and with two. kernels.py
// compiles models of a single layer for it.

#include "dlc/model.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

/// Zeroed memory for one input or output, aligned as a vector load likes it.
struct Buffer {
  explicit Buffer(const dlc_tensor_info &info)
      : memory(static_cast<char *>(
                   std::aligned_alloc(64, (info.size_bytes + 63) / 64 * 64)),
               &std::free) {
    std::fill_n(memory.get(), info.size_bytes, 0);
    tensor.data = memory.get();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = info.ndim;
    tensor.dtype = info.dtype;
    tensor.shape = const_cast<int64_t *>(info.shape);
  }

  std::unique_ptr<char, void (*)(void *)> memory;
  DLTensor tensor{};
};

struct Destroy {
  void operator()(dlc_session *session) const { dlc_session_destroy(session); }
};

} // namespace

using TensorQuery = dlc_status (*)(const dlc_model *, uint32_t,
                                   dlc_tensor_info *);

static std::vector<Buffer> makeBuffers(const dlc_model *model, uint32_t count,
                                       TensorQuery query) {
  std::vector<Buffer> buffers;
  for (uint32_t index = 0; index < count; ++index) {
    dlc_tensor_info info{};
    info.struct_size = sizeof(info);
    query(model, index, &info);
    buffers.emplace_back(info);
  }
  return buffers;
}

static void runModel(benchmark::State &state, const dlc_model *model) {
  dlc_model_info info{};
  info.struct_size = sizeof(info);
  dlc_model_get_info(model, &info);
  auto inputs = makeBuffers(model, info.num_inputs, dlc_model_get_input);
  auto outputs = makeBuffers(model, info.num_outputs, dlc_model_get_output);

  dlc_session_options options{};
  options.struct_size = sizeof(options);
  options.threading = DLC_THREADS_OWN;
  options.num_threads = static_cast<uint32_t>(state.range(0));
  dlc_session *made = nullptr;
  if (dlc_session_create(model, &options, &made) != DLC_OK)
    return state.SkipWithError(dlc_last_error());
  std::unique_ptr<dlc_session, Destroy> session(made);
  for (uint32_t index = 0; index < info.num_inputs; ++index)
    dlc_session_bind_input(session.get(), index, &inputs[index].tensor);
  for (uint32_t index = 0; index < info.num_outputs; ++index)
    dlc_session_bind_output(session.get(), index, &outputs[index].tensor);

  for (auto iteration : state)
    if (dlc_session_run(session.get(), nullptr) != DLC_OK)
      return state.SkipWithError(dlc_last_error());
  state.counters["FLOP/s"] =
      benchmark::Counter(static_cast<double>(info.flops),
                         benchmark::Counter::kIsIterationInvariantRate);
}

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  for (int index = 1; index < argc; ++index) {
    const std::string path = argv[index];
    const dlc_model *model = nullptr;
    if (dlc_model_load(path.c_str(), &model) != DLC_OK) {
      std::fprintf(stderr, "%s\n", dlc_last_error());
      return EXIT_FAILURE;
    }
    const size_t begin = path.rfind('/') + 1;
    const std::string name = path.substr(begin, path.rfind('.') - begin);
    benchmark::RegisterBenchmark(name.c_str(), runModel, model)
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
}
