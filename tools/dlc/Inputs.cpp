// SPDX-License-Identifier: Apache-2.0
// Matches names of files and keys with the inputs of an artifact.
#include "tools/dlc/Inputs.h"
#include "dlc/abi.h"
#include "tools/dlc/Elf.h"
#include "tools/dlc/Values.h"

#include <cstring>
#include <nlohmann/json.hpp>

using namespace dlc;
using namespace dlc::tool;

std::optional<std::string> dlc::tool::withoutPrefix(const std::string &key,
                                                    std::string_view prefix) {
  if (key.compare(0, prefix.size(), prefix) != 0)
    return std::nullopt;
  return key.substr(prefix.size());
}

InputSet::InputSet(const Artifact &artifact) : artifact(artifact) {
  std::string error;
  setSizes(std::vector<std::string>(), error);
}

bool InputSet::setSizes(const std::vector<std::string> &flags,
                        std::string &error) {
  std::vector<int64_t> sizes;
  return artifact.readSizes(flags, sizes, error) && setSizes(sizes, error);
}

bool InputSet::setSizes(const std::vector<int64_t> &sizes, std::string &error) {
  filled.assign(artifact.info().num_inputs, false);
  return artifact.makeInputs(sizes, tensors, error);
}

std::optional<size_t> InputSet::find(const std::string &name) const {
  int32_t index = dlc_model_find_input(artifact.model(), name.c_str());
  if (index < 0)
    return std::nullopt;
  return static_cast<size_t>(index);
}

/// The names under "variables" in the artifact's metadata.
static std::optional<std::set<std::string>>
listVariables(const std::string &path) {
  ElfFile elf;
  std::string error;
  if (!elf.open(path, error))
    return std::nullopt;
  auto text = elf.metadata();
  auto json = text ? nlohmann::json::parse(*text, nullptr,
                                           /*allow_exceptions=*/false)
                   : nlohmann::json();
  if (!json.is_object() || !json.contains("variables"))
    return std::nullopt;
  std::set<std::string> names;
  for (const nlohmann::json &name : json["variables"])
    if (name.is_string())
      names.insert(name.get<std::string>());
  return names;
}

const std::optional<std::set<std::string>> &InputSet::modelVariables() {
  if (!readVariables)
    variables = listVariables(artifact.path());
  readVariables = true;
  return variables;
}

bool InputSet::fill(size_t index, const npz::Array &array, std::string &error) {
  Tensor &tensor = tensors[index];
  dlc_tensor_info info = artifact.input(static_cast<uint32_t>(index));
  bool fits = array.dtype == tensor.dtype() &&
              array.shape.size() == tensor.shape().size();
  for (size_t i = 0; fits && i < array.shape.size(); ++i)
    fits = info.shape[i] < 0 || info.shape[i] == array.shape[i];
  if (!fits) {
    error = "input '" + tensor.name() + "' is " +
            typeText(array.dtype, array.shape) + ", but the model takes " +
            typeText(info);
    return false;
  }
  if (array.shape != tensor.shape())
    tensor = Tensor(info, array.shape);
  if (!array.bytes.empty())
    std::memcpy(tensor.data(), array.bytes.data(), array.bytes.size());
  filled[index] = true;
  return true;
}

/// The inputs' names, for a message.
static std::string listInputs(const std::vector<Tensor> &tensors) {
  std::string list;
  for (const Tensor &tensor : tensors)
    list += (list.empty() ? "" : ", ") + tensor.name();
  return list.empty() ? "none" : list;
}

bool InputSet::addArchive(const npz::Reader &archive, std::string &error) {
  for (const std::string &key : archive.names()) {
    bool isOther = false;
    for (const char *prefix :
         {"out:", "grad:", "ograd:", "train_out:", "train_aux:"})
      isOther |= withoutPrefix(key, prefix).has_value();
    if (isOther)
      continue;
    std::string name = key;
    for (const char *prefix : {"in:", "aux:"})
      if (auto rest = withoutPrefix(key, prefix))
        name = *rest;
    auto index = find(name);
    if (!index && (!modelVariables() || modelVariables()->count(name)))
      continue;
    if (!index) {
      error = "has the key '" + key +
              "', but the model has no such variable; its inputs are " +
              listInputs(tensors);
      return false;
    }
    auto array = archive.read(key, error);
    if (!array || !fill(*index, *array, error))
      return false;
  }
  return true;
}

bool InputSet::addFile(const std::string &name, const std::string &path,
                       std::string &error) {
  auto index = find(name);
  if (!index && modelVariables() && modelVariables()->count(name))
    return true;
  if (!index) {
    error = "there is no input '" + name + "'; the model's inputs are " +
            listInputs(tensors);
    return false;
  }
  auto array = npz::readNpyFile(path, error);
  return array && fill(*index, *array, error);
}

bool InputSet::addEmbedded(std::string &error) {
  if (const int64_t *dims = artifact.info().test_dims)
    if (!setSizes(std::vector<int64_t>(dims, dims + artifact.info().num_dims),
                  error))
      return false;
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    const void *data = artifact.input(i).test_data;
    if (!data) {
      error = "the embedded test has no value for input '" + tensors[i].name() +
              "'";
      return false;
    }
    std::memcpy(tensors[i].data(), data, tensors[i].sizeBytes());
    filled[i] = true;
  }
  return true;
}

void InputSet::addRandom(uint64_t seed) {
  uint64_t state = seed;
  for (Tensor &tensor : tensors) {
    size_t width = tensor.dtype().bytes();
    for (size_t i = 0; i < tensor.sizeBytes(); i += width) {
      // SplitMix64. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom
      // Number Generators", 2014.
      uint64_t bits = state += 0x9e3779b97f4a7c15;
      bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
      bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
      bits ^= bits >> 31;
      // 24 bits: exact in every type from float32 on.
      storeValue(tensor.dtype(), tensor.data() + i,
                 static_cast<double>(bits >> 40) / (1 << 24));
    }
  }
  // The seed itself is no random number.
  filled.assign(tensors.size(), false);
  addSeed(seed);
  filled.assign(tensors.size(), true);
}

void InputSet::addSeed(uint64_t seed) {
  auto index = find(DLC_SEED_INPUT);
  if (!index || filled[*index] || tensors[*index].sizeBytes() != sizeof(seed))
    return;
  std::memcpy(tensors[*index].data(), &seed, sizeof(seed));
  filled[*index] = true;
}

bool InputSet::isComplete(std::string &error) const {
  std::string missing;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (!filled[i])
      missing += (missing.empty() ? "'" : ", '") + tensors[i].name() + "' (" +
                 typeText(artifact.input(static_cast<uint32_t>(i))) + ")";
  if (missing.empty())
    return true;
  error = "no value is given for input " + missing;
  return false;
}

std::string dlc::tool::runOnArchive(const std::string &file,
                                    const std::string &io,
                                    const std::string &outputsFile) {
  Artifact artifact;
  npz::Reader archive;
  Session session;
  SessionFlags flags;
  flags.threads = 1;
  std::string error;
  if (!artifact.load(file, error))
    return error;
  InputSet inputs(artifact);
  std::vector<Tensor> outputs;
  if (!archive.open(io, error) || !inputs.addArchive(archive, error) ||
      !inputs.isComplete(error) ||
      !session.create(artifact, flags, /*withProfile=*/false, inputs.tensors,
                      outputs, error) ||
      !session.run(error) || !session.fetch(outputs, error))
    return error;
  npz::Writer writer(outputsFile);
  for (const Tensor &output : outputs)
    writer.add("out:" + output.name(), output.toArray());
  return writer.commit(error) ? "" : error;
}
