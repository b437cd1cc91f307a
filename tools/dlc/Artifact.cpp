// SPDX-License-Identifier: Apache-2.0
// Loads artifacts and makes sessions over dlc/model.h.
#include "tools/dlc/Artifact.h"
#include "tools/dlc/Elf.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>

using namespace dlc;
using namespace dlc::tool;

Tensor::Tensor(const dlc_tensor_info &info, std::vector<int64_t> shape)
    : tensorName(info.name), elementType{info.dtype.code, info.dtype.bits},
      extents(std::move(shape)), size(elementType.bytes()) {
  for (int64_t extent : extents)
    if (extent < 0 ||
        __builtin_mul_overflow(size, static_cast<size_t>(extent), &size))
      throw std::bad_alloc();
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

std::string dlc::tool::typeText(const dlc_tensor_info &info) {
  std::vector<int64_t> shape(info.shape, info.shape + info.ndim);
  npz::DType dtype{info.dtype.code, info.dtype.bits};
  if (!info.extents)
    return typeText(dtype, shape);
  std::string text;
  for (int32_t i = 0; i < info.ndim; ++i) {
    std::string extent =
        info.extents[i] ? info.extents[i] : std::to_string(shape[i]);
    if (extent.find(' ') != std::string::npos)
      extent = "(" + extent + ")";
    text += (i ? "x" : "") + extent;
  }
  return npz::dtypeName(dtype) + " " + text;
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

dlc_dim_info Artifact::dim(uint32_t index) const {
  dlc_dim_info dim = {};
  dim.struct_size = sizeof(dim);
  dlc_model_get_dim(loaded, index, &dim);
  return dim;
}

bool Artifact::readSizes(const std::vector<std::string> &flags,
                         std::vector<int64_t> &sizes,
                         std::string &error) const {
  std::string names;
  for (uint32_t i = 0; i < facts.num_dims; ++i) {
    sizes.push_back(dim(i).typical);
    names += (i ? ", " : "") + std::string(dim(i).name);
  }
  for (const std::string &flag : flags) {
    size_t equals = flag.find('=');
    std::string name = flag.substr(0, equals);
    uint32_t index = 0;
    while (index < sizes.size() && name != dim(index).name)
      ++index;
    if (index == sizes.size()) {
      error = "has no dimension '" + name + "' to choose; it has " +
              (names.empty() ? "none" : names);
      return false;
    }
    const char *end = flag.data() + flag.size();
    auto result = std::from_chars(flag.data() + equals + 1, end, sizes[index]);
    if (result.ec != std::errc() || result.ptr != end) {
      error = "'" + flag + "' gives no size for dimension '" + name + "'";
      return false;
    }
  }
  return true;
}

bool Artifact::makeInputs(const std::vector<int64_t> &sizes,
                          std::vector<Tensor> &inputs,
                          std::string &error) const {
  inputs.clear();
  for (uint32_t i = 0; i < facts.num_inputs; ++i) {
    dlc_tensor_info info = input(i);
    std::vector<int64_t> shape(info.ndim + 1);
    if (dlc_model_input_shape_for(loaded, sizes.data(), facts.num_dims, i,
                                  shape.data()) != DLC_OK) {
      error = lastError(file);
      return false;
    }
    shape.pop_back();
    inputs.emplace_back(info, std::move(shape));
  }
  return true;
}

/// Reads "cuda:1" as checked by the command line; without an index, 0.
static bool readDevice(const std::string &text, DLDevice &device,
                       std::string &error) {
  size_t colon = std::min(text.find(':'), text.size());
  std::string kind = text.substr(0, colon);
  const char *end = text.data() + text.size();
  int32_t index = 0;
  bool isSmall = true;
  if (colon < text.size())
    isSmall =
        std::from_chars(text.data() + colon + 1, end, index).ec == std::errc();
  device = {kind == "cuda" ? kDLCUDA : kDLCPU, index};
  if (isSmall && (kind == "cuda" || (kind == "cpu" && index == 0)))
    return true;
  error = "needs device '" + text +
          "', but there are only cpu:0 and cuda:0, cuda:1, ...";
  return false;
}

bool Session::create(const Artifact &artifact, const SessionFlags &flags,
                     bool withProfile, std::vector<Tensor> &inputs,
                     std::vector<Tensor> &outputs, std::string &error) {
  dlc_session_options options = {};
  options.struct_size = sizeof(options);
  if (!readDevice(flags.device, options.device, error))
    return false;
  options.num_threads = flags.threads;
  if (flags.threads == 1)
    options.threading = DLC_THREADS_NONE;
  if (withProfile) {
    // A specialised model may have other steps.
    bool isDynamic = artifact.info().num_dims > 0;
    profile.resize((isDynamic ? 4 : 1) * (artifact.info().num_steps + 1));
    options.profile = profile.data();
    options.profile_capacity = profile.size();
  }
  dlc_status status = dlc_session_create(artifact.model(), &options, &session);
  for (uint32_t i = 0; status == DLC_OK && i < inputs.size(); ++i) {
    DLTensor tensor = inputs[i].view();
    status = dlc_session_bind_input(session, i, &tensor);
  }
  outputs.clear();
  outputs.reserve(artifact.info().num_outputs);
  outputFacts.clear();
  for (uint32_t i = 0; status == DLC_OK && i < artifact.info().num_outputs;
       ++i) {
    const int64_t *shape = nullptr;
    int32_t rank = 0;
    status = dlc_session_output_shape(session, i, &shape, &rank);
    if (status != DLC_OK)
      break;
    outputFacts.push_back(artifact.output(i));
    outputs.emplace_back(outputFacts[i],
                         std::vector<int64_t>(shape, shape + rank));
    if (outputFacts[i].is_counted)
      continue;
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

std::string Session::device() const {
  return (isOnCpu() ? "cpu:" : "cuda:") +
         std::to_string(info().device.device_id);
}

bool Session::fetch(std::vector<Tensor> &outputs, std::string &error) {
  for (uint32_t i = 0; i < outputFacts.size(); ++i) {
    if (!outputFacts[i].is_counted)
      continue;
    DLTensor tensor;
    if (dlc_session_output(session, i, &tensor) != DLC_OK) {
      error = dlc_last_error();
      return false;
    }
    outputs[i] =
        Tensor(outputFacts[i],
               std::vector<int64_t>(tensor.shape, tensor.shape + tensor.ndim));
    if (outputs[i].sizeBytes() != 0)
      std::memcpy(outputs[i].data(), tensor.data, outputs[i].sizeBytes());
  }
  return true;
}

dlc_session_info Session::info() const {
  dlc_session_info info = {};
  info.struct_size = sizeof(info);
  dlc_session_get_info(session, &info);
  return info;
}
