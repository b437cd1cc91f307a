// SPDX-License-Identifier: Apache-2.0
// Turns arrays of any type into arrays of float32.
#include "tools/predict/ArrayList.h"

#include "compiler/import/mxnet/ElementTypes.h"
#include "compiler/import/mxnet/ParamsReader.h"
#include "tools/dlc/Values.h"
#include "tools/predict/Source.h"

#include <cstring>

namespace dlc::predict {

static npz::DType getDType(ElementType type) {
  auto bits = static_cast<uint8_t>(getElementSize(type) * 8);
  switch (type) {
  case ElementType::F32:
  case ElementType::F64:
  case ElementType::F16:
    return {npz::kFloat, bits};
  case ElementType::BF16:
    return {npz::kBFloat, bits};
  case ElementType::I8:
  case ElementType::I16:
  case ElementType::I32:
  case ElementType::I64:
    return {npz::kInt, bits};
  case ElementType::U8:
  case ElementType::U16:
  case ElementType::U32:
  case ElementType::U64:
    return {npz::kUInt, bits};
  case ElementType::Bool:
    return {npz::kBool, bits};
  }
  return {};
}

int getTypeCode(npz::DType dtype) {
  for (size_t code = 0; code < std::size(mxnet::elementTypes); ++code)
    if (getDType(mxnet::elementTypes[code]) == dtype)
      return static_cast<int>(code);
  return -1;
}

static FloatArray toFloats(std::string name, npz::DType dtype,
                           const std::vector<int64_t> &shape,
                           std::string_view bytes) {
  FloatArray array{std::move(name), {shape.begin(), shape.end()}, {}};
  array.values.resize(bytes.size() / dtype.bytes());
  if (dtype == npz::DType())
    std::memcpy(array.values.data(), bytes.data(), bytes.size());
  else
    for (size_t i = 0; i < array.values.size(); ++i)
      array.values[i] = static_cast<float>(
          tool::loadValue(dtype, bytes.data() + i * dtype.bytes()));
  return array;
}

FloatArray makeFloatArray(const tool::Tensor &tensor) {
  return toFloats(tensor.name(), tensor.dtype(), tensor.shape(),
                  {tensor.data(), tensor.sizeBytes()});
}

bool readArrayList(std::string_view bytes, ArrayList &list,
                   std::string &error) {
  DiagnosticList diagnostics;
  std::vector<mxnet::NamedArray> arrays;
  if (!mxnet::readArrays(bytes, "nd_file_bytes", arrays, diagnostics)) {
    error = getFirst(diagnostics);
    return false;
  }
  for (mxnet::NamedArray &array : arrays)
    list.push_back(toFloats(std::move(array.name), getDType(array.weight.type),
                            array.weight.shape, array.weight.data));
  return true;
}

} // namespace dlc::predict
