// SPDX-License-Identifier: Apache-2.0
// Values of tensors: conversion and comparison.
#include "compiler/bisect/Values.h"

#include "codegen/artifact/ProgramSpec.h"

#include <cstring>

using namespace mlir;
using dlc::graph::ConstantData;

namespace dlc::bisect {

static npz::DType getDType(Type type) {
  auto [code, bits] = artifact::getDtype(type);
  return {code, bits};
}

ValuePtr toValue(const npz::Array &array, RankedTensorType type) {
  // Kernels have bytes for booleans.
  npz::DType wanted = getDType(type.getElementType());
  bool isSameType = array.dtype == wanted ||
                    (wanted.code == npz::kBool && array.dtype.bits == 8);
  if (!type.hasStaticShape() || ArrayRef(array.shape) != type.getShape() ||
      !isSameType || !graph::ElementFormat::get(type.getElementType()))
    return nullptr;
  return std::make_shared<ConstantData>(
      ConstantData::compute(type, [&](MutableArrayRef<char> bytes) {
        std::memcpy(bytes.data(), array.bytes.data(), bytes.size());
      }));
}

/// The bytes of all elements, also where one stands for all.
static std::vector<char> getAllBytes(const ConstantData &value) {
  int64_t count = value.getType().getNumElements();
  std::vector<graph::Scalar> elements(count);
  value.load(0, count, elements.data());
  std::vector<char> bytes(count * value.getFormat().getSizeBytes());
  value.getFormat().store(elements.data(), count, bytes.data());
  return bytes;
}

npz::Array toArray(const ConstantData &value) {
  return {
      getDType(value.getType().getElementType()),
      {value.getType().getShape().begin(), value.getType().getShape().end()},
      getAllBytes(value)};
}

DenseElementsAttr toAttribute(const ConstantData &value) {
  std::vector<char> bytes = getAllBytes(value);
  if (!value.getType().getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(value.getType(), bytes);
  SmallVector<bool> bits;
  for (char byte : bytes)
    bits.push_back(byte != 0);
  return DenseElementsAttr::get(value.getType(), bits);
}

} // namespace dlc::bisect
