// SPDX-License-Identifier: Apache-2.0
// Runs a classifier on several threads, each with a session of its own over one
// model: classify-cpp MODEL.so [THREADS]
//
// The arenas are this program's: the model says how large they must be.
#include <dlc/model.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(dlc_status status) {
  if (status != DLC_OK)
    throw std::runtime_error(dlc_last_error());
}

struct Unload {
  void operator()(const dlc_model *model) const { dlc_model_unload(model); }
};
using Model = std::unique_ptr<const dlc_model, Unload>;

struct Destroy {
  void operator()(dlc_session *session) const { dlc_session_destroy(session); }
};

struct Free {
  void operator()(void *memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(size_t bytes, size_t alignment) {
  Memory memory(
      std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment));
  if (!memory)
    throw std::bad_alloc();
  return memory;
}

Model load(const char *path) {
  const dlc_model *model = nullptr;
  check(dlc_model_load(path, &model));
  return Model(model);
}

/// A dense tensor of one input or output.
class Tensor {
public:
  explicit Tensor(const dlc_tensor_info &info)
      : shape(info.shape, info.shape + info.ndim),
        memory(allocate(info.size_bytes, 64)),
        count(info.size_bytes / sizeof(float)) {
    if (info.dtype.code != kDLFloat || info.dtype.bits != 32)
      throw std::runtime_error(std::string(info.name) + " is not float32");
  }

  float *begin() { return static_cast<float *>(memory.get()); }
  float *end() { return begin() + count; }

  DLTensor view() {
    DLTensor tensor = {};
    tensor.data = memory.get();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = static_cast<int32_t>(shape.size());
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.shape = shape.data();
    return tensor;
  }

  std::vector<int64_t> shape;

private:
  Memory memory;
  size_t count;
};

Tensor makeInput(const dlc_model *model) {
  dlc_tensor_info info = {};
  info.struct_size = sizeof(info);
  check(dlc_model_get_input(model, 0, &info));
  return Tensor(info);
}

Tensor makeOutput(const dlc_model *model) {
  dlc_tensor_info info = {};
  info.struct_size = sizeof(info);
  check(dlc_model_get_output(model, 0, &info));
  return Tensor(info);
}

/// Classifies an image whose values are all \p value; \returns its class.
long classify(const dlc_model *model, float value) {
  dlc_model_info info = {};
  info.struct_size = sizeof(info);
  check(dlc_model_get_info(model, &info));
  Memory arena = allocate(info.arena_bytes, info.arena_alignment);

  dlc_session_options options = {};
  options.struct_size = sizeof(options);
  options.threading = DLC_THREADS_NONE;
  options.arena = arena.get();
  options.arena_bytes = info.arena_bytes;
  dlc_session *created = nullptr;
  check(dlc_session_create(model, &options, &created));
  std::unique_ptr<dlc_session, Destroy> session(created);

  Tensor input = makeInput(model), output = makeOutput(model);
  std::fill(input.begin(), input.end(), value);
  DLTensor in = input.view(), out = output.view();
  check(dlc_session_run_tensors(session.get(), &in, 1, &out, 1, nullptr));
  long classes =
      output.shape.empty() ? 1 : static_cast<long>(output.shape.back());
  return std::max_element(output.begin(), output.begin() + classes) -
         output.begin();
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: classify-cpp MODEL.so [THREADS]\n", stderr);
    return 1;
  }
  try {
    Model model = load(argv[1]);
    int count = argc > 2 ? std::clamp(std::atoi(argv[2]), 1, 64) : 2;
    std::vector<std::future<long>> answers;
    for (int i = 0; i < count; ++i)
      answers.push_back(std::async(std::launch::async, classify, model.get(),
                                   float(i) / float(count)));
    for (int i = 0; i < count; ++i)
      std::printf("image %d: class %ld\n", i, answers[i].get());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "classify-cpp: %s\n", error.what());
    return 1;
  }
  return 0;
}
