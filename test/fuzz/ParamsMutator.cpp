// SPDX-License-Identifier: Apache-2.0
// Small containers whose arrays fit the model or nearly do. Bytes changed at
// random seldom leave a container that can be read.
#include "test/fuzz/ParamsMutator.h"

#include "compiler/import/mxnet/ElementTypes.h"
#include "compiler/import/mxnet/ParamsReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace dlc::fuzz {

static constexpr int64_t maxArrayBytes = 4096;

namespace {

/// An array that owns its values.
struct Array {
  /// With or without "arg:" or "aux:".
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  std::string bytes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Containers
//===----------------------------------------------------------------------===//

static std::vector<Array> read(const std::string &params) {
  std::vector<mxnet::NamedArray> found;
  DiagnosticList diagnostics;
  std::vector<Array> arrays;
  if (!mxnet::readArrays(params, "", found, diagnostics))
    return arrays;
  for (const mxnet::NamedArray &array : found)
    if (!array.isNone)
      arrays.push_back({array.name, array.weight.type, array.weight.shape,
                        std::string(array.weight.data)});
  return arrays;
}

template <typename T>
static void append(std::string &bytes, T value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

static void append(std::string &bytes, const Array &array, unsigned version) {
  auto rank = static_cast<uint32_t>(array.shape.size());
  if (version > 0)
    append<uint32_t>(bytes, 0xF993FAC7 + version);
  if (version > 1)
    append<int32_t>(bytes, 0);
  append(bytes, rank);
  for (int64_t dim : array.shape)
    version ? append(bytes, dim) : append(bytes, static_cast<uint32_t>(dim));
  // Without dimensions only the newest has a value.
  if (rank == 0 && version < 3)
    return;
  append<int32_t>(bytes, 1);
  append<int32_t>(bytes, 0);
  append<int32_t>(bytes, llvm::find(mxnet::elementTypes, array.type) -
                             std::begin(mxnet::elementTypes));
  bytes += array.bytes;
}

static std::string write(const std::vector<Array> &arrays, unsigned version) {
  std::string bytes;
  if (arrays.empty())
    return bytes;
  append<uint64_t>(bytes, 0x112);
  append<uint64_t>(bytes, 0);
  append<uint64_t>(bytes, arrays.size());
  for (const Array &array : arrays)
    append(bytes, array, version);
  append<uint64_t>(bytes, arrays.size());
  for (const Array &array : arrays) {
    append<uint64_t>(bytes, array.name.size());
    bytes += array.name;
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

static void appendNumber(Chance &chance, ElementType type, std::string &bytes) {
  double number = std::strtod(chance.makeFloat().c_str(), nullptr);
  int64_t integer = std::strtoll(chance.makeInteger(-2).c_str(), nullptr, 10);
  switch (type) {
  case ElementType::F32:
    append(bytes, std::strtof(chance.makeFloat().c_str(), nullptr));
    return;
  case ElementType::F64:
    append(bytes, number);
    return;
  case ElementType::F16:
  case ElementType::BF16:
    integer = static_cast<int64_t>(chance.below(1 << 16));
    break;
  default:
    break;
  }
  bytes.append(reinterpret_cast<const char *>(&integer), getElementSize(type));
}

/// Values for an array's shape and type. \returns false if they are too many.
static bool fill(Chance &chance, Array &array) {
  std::optional<int64_t> size = getByteSize(array.shape, array.type);
  if (!size || *size > maxArrayBytes)
    return false;
  size_t count = static_cast<size_t>(*size);
  if (chance.below(3) && !array.bytes.empty()) {
    // The first of what there was, or of what becomes of it.
    array.bytes.resize(count);
    auto *data = reinterpret_cast<uint8_t *>(array.bytes.data());
    if (count && chance.below(2))
      LLVMFuzzerMutate(data, count, count);
    return true;
  }
  array.bytes.clear();
  if (chance.below(2))
    array.bytes.resize(count);
  while (array.bytes.size() < count)
    appendNumber(chance, array.type, array.bytes);
  return true;
}

static void changeShape(Chance &chance, std::vector<int64_t> &shape) {
  auto size = static_cast<int64_t>(chance.below(8) ? 1 + chance.below(5) : 0);
  switch (chance.below(shape.empty() ? 1 : 4)) {
  case 0:
    shape.insert(shape.begin() + chance.below(shape.size() + 1), size);
    break;
  case 1:
    shape.erase(shape.begin() + chance.below(shape.size()));
    break;
  default:
    chance.pick(shape) = size;
  }
}

/// Another type, shape or other elements. \returns false if they are too many.
static bool change(Chance &chance, Array &array) {
  switch (chance.below(4)) {
  case 0:
    array.type = chance.pick(mxnet::elementTypes);
    break;
  case 1:
    changeShape(chance, array.shape);
    break;
  default:
    break;
  }
  return fill(chance, array);
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// Removes \p name from \p line. \returns whether it was there; \p shape is
/// what it had.
static bool takeShape(std::string &line, llvm::StringRef name,
                      std::vector<int64_t> &shape) {
  std::string text;
  bool isFound = false;
  for (llvm::StringRef item : llvm::split(line, ' ')) {
    auto [itemName, dims] = item.split('=');
    if (itemName != name) {
      text += (text.empty() ? "" : " ") + item.str();
      continue;
    }
    isFound = true;
    for (llvm::StringRef dim : llvm::split(dims, 'x'))
      if (int64_t size; !dim.getAsInteger(10, size))
        shape.push_back(size);
  }
  line = std::move(text);
  return isFound;
}

static void giveShape(std::string &line, llvm::StringRef name,
                      const std::vector<int64_t> &shape) {
  line += (line.empty() ? "" : " ") + name.str() + "=";
  for (size_t i = 0; i < shape.size(); ++i)
    line += (i ? "x" : "") + std::to_string(shape[i]);
}

/// An array for one of the variables, of the shape that it had or nearly.
static bool make(Chance &chance, const std::vector<std::string> &names,
                 std::string &line, Array &array) {
  static constexpr const char *prefixes[] = {"arg:", "aux:", ""};
  if (names.empty())
    return false;
  const std::string &name = chance.pick(names);
  array.name = chance.pick(prefixes) + name;
  std::string rest = line;
  if (!takeShape(rest, name, array.shape))
    for (size_t left = chance.below(5); left--;)
      changeShape(chance, array.shape);
  if (!chance.below(4))
    changeShape(chance, array.shape);
  if (!chance.below(4))
    array.type = chance.pick(mxnet::elementTypes);
  if (!fill(chance, array))
    return false;
  line = std::move(rest);
  return true;
}

void changeParams(Chance &chance, const std::vector<std::string> &names,
                  std::string &line, std::string &params) {
  std::vector<Array> arrays = read(params);
  if (arrays.empty() || !chance.below(3)) {
    Array array;
    if (make(chance, names, line, array))
      arrays.push_back(std::move(array));
  } else {
    size_t index = chance.below(arrays.size());
    if (Array array = arrays[index]; !chance.below(6)) {
      arrays.erase(arrays.begin() + index);
      giveShape(line, mxnet::dropPrefix(array.name), array.shape);
    } else if (change(chance, array)) {
      arrays[index] = std::move(array);
    }
  }
  params = write(arrays, chance.below(4));
}

} // namespace dlc::fuzz
