// SPDX-License-Identifier: Apache-2.0
// Loads artifacts and makes sessions over dlc/model.h.
#include "tools/dlc/Artifact.h"
#include "tools/dlc/Elf.h"

#include <cstdlib>
#include <cstring>
#include <new>

using namespace dlc;
using namespace dlc::tool;

Tensor::Tensor(const dlc_tensor_info &info)
    : tensorName(info.name), elementType{info.dtype.code, info.dtype.bits},
      extents(info.shape, info.shape + info.ndim), size(info.size_bytes) {
  constexpr size_t alignment = 64;
  size_t rounded = (size / alignment + 1) * alignment;
  memory.reset(static_cast<char *>(std::aligned_alloc(alignment, rounded)));
  if (!memory)
    throw std::bad_alloc();
  std::memset(memory.get(), 0, rounded);
}

void Tensor::Free::operator()(char *memory) const { std::free(memory); }

DLTensor Tensor::view() {
  DLTensor tensor = {};
  tensor.data = data();
  tensor.device = {kDLCPU, 0};
  tensor.ndim = static_cast<int32_t>(extents.size());
  tensor.dtype = {elementType.code, elementType.bits, 1};
  tensor.shape = extents.data();
  return tensor;
}

npz::Array Tensor::toArray() const {
  return {elementType, extents, {data(), data() + size}};
}

std::string dlc::tool::typeText(npz::DType dtype,
                                const std::vector<int64_t> &shape) {
  return npz::dtypeName(dtype) + " " + npz::shapeText(shape);
}

std::string dlc::tool::lastError(const std::string &file) {
  std::string error = dlc_last_error();
  if (error.compare(0, file.size() + 2, file + ": ") == 0)
    error.erase(0, file.size() + 2);
  return error;
}

Artifact::~Artifact() { dlc_model_unload(loaded); }

bool Artifact::load(const std::string &path, std::string &error) {
  file = path;
  ElfFile elf;
  if (!elf.open(path, error) || !elf.isForThisMachine(error))
    return false;
  dlc_status status = dlc_model_load(path.c_str(), &loaded);
  facts.struct_size = sizeof(facts);
  if (status == DLC_OK)
    status = dlc_model_get_info(loaded, &facts);
  if (status == DLC_OK)
    return true;
  error = lastError(path);
  return false;
}

dlc_tensor_info Artifact::input(uint32_t index) const {
  dlc_tensor_info tensor = {};
  tensor.struct_size = sizeof(tensor);
  dlc_model_get_input(loaded, index, &tensor);
  return tensor;
}

dlc_tensor_info Artifact::output(uint32_t index) const {
  dlc_tensor_info tensor = {};
  tensor.struct_size = sizeof(tensor);
  dlc_model_get_output(loaded, index, &tensor);
  return tensor;
}

std::vector<Tensor> Artifact::makeOutputs() const {
  std::vector<Tensor> outputs;
  for (uint32_t i = 0; i < facts.num_outputs; ++i)
    outputs.emplace_back(output(i));
  return outputs;
}

bool Session::create(const Artifact &artifact, const SessionFlags &flags,
                     bool withProfile, std::vector<Tensor> &inputs,
                     std::vector<Tensor> &outputs, std::string &error) {
  if (flags.device != "cpu" && flags.device != "cpu:0") {
    error =
        "needs device '" + flags.device + "', but this machine has only cpu:0";
    return false;
  }
  dlc_session_options options = {};
  options.struct_size = sizeof(options);
  options.num_threads = flags.threads;
  if (flags.threads == 1)
    options.threading = DLC_THREADS_NONE;
  if (withProfile) {
    profile.resize(artifact.info().num_steps + 1);
    options.profile = profile.data();
    options.profile_capacity = profile.size();
  }
  dlc_status status = dlc_session_create(artifact.model(), &options, &session);
  for (uint32_t i = 0; status == DLC_OK && i < inputs.size(); ++i) {
    DLTensor tensor = inputs[i].view();
    status = dlc_session_bind_input(session, i, &tensor);
  }
  for (uint32_t i = 0; status == DLC_OK && i < outputs.size(); ++i) {
    DLTensor tensor = outputs[i].view();
    status = dlc_session_bind_output(session, i, &tensor);
  }
  if (status != DLC_OK)
    error = dlc_last_error();
  return status == DLC_OK;
}

bool Session::run(std::string &error) {
  if (dlc_session_run(session, nullptr) == DLC_OK)
    return true;
  error = dlc_last_error();
  return false;
}

unsigned Session::numThreads() const {
  dlc_session_info info = {};
  info.struct_size = sizeof(info);
  dlc_session_get_info(session, &info);
  return info.num_threads;
}
