// SPDX-License-Identifier: Apache-2.0
// Element types, sizes and the table of named tensors.
#include "compiler/import/WeightStore.h"

#include <cstring>

namespace dlc {

namespace {
struct ElementInfo {
  ElementType type;
  uint8_t size;
  std::string_view name, shortName;
};
} // namespace

// In the order of ElementType.
static constexpr ElementInfo elementInfos[] = {
    {ElementType::F32, 4, "float32", "f32"},
    {ElementType::F64, 8, "float64", "f64"},
    {ElementType::F16, 2, "float16", "f16"},
    {ElementType::BF16, 2, "bfloat16", "bf16"},
    {ElementType::I8, 1, "int8", "i8"},
    {ElementType::I16, 2, "int16", "i16"},
    {ElementType::I32, 4, "int32", "i32"},
    {ElementType::I64, 8, "int64", "i64"},
    {ElementType::U8, 1, "uint8", "u8"},
    {ElementType::U16, 2, "uint16", "u16"},
    {ElementType::U32, 4, "uint32", "u32"},
    {ElementType::U64, 8, "uint64", "u64"},
    {ElementType::Bool, 1, "bool", "i1"},
};

size_t getElementSize(ElementType type) {
  return elementInfos[static_cast<size_t>(type)].size;
}

std::string_view getElementName(ElementType type) {
  return elementInfos[static_cast<size_t>(type)].name;
}

std::optional<ElementType> parseElementType(std::string_view text) {
  for (const ElementInfo &info : elementInfos)
    if (text == info.name || text == info.shortName)
      return info.type;
  return std::nullopt;
}

std::optional<int64_t> getByteSize(const std::vector<int64_t> &shape,
                                   ElementType type) {
  int64_t size = static_cast<int64_t>(getElementSize(type));
  bool empty = false;
  for (int64_t dim : shape) {
    if (dim < 0)
      return std::nullopt;
    // A zero elsewhere must not hide an overflow.
    if (dim == 0)
      empty = true;
    else if (__builtin_mul_overflow(size, dim, &size))
      return std::nullopt;
  }
  return empty ? 0 : size;
}

std::string getShapeText(const std::vector<int64_t> &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

bool WeightStore::add(std::string name, Weight weight) {
  if (weights.count(name))
    return false;
  if (reinterpret_cast<uintptr_t>(weight.data.data()) %
      getElementSize(weight.type)) {
    // operator new aligns to 16 bytes.
    std::shared_ptr<char[]> copy(new char[weight.data.size()]);
    std::memcpy(copy.get(), weight.data.data(), weight.data.size());
    weight.data = {copy.get(), weight.data.size()};
    kept.push_back(std::move(copy));
  }
  weights.emplace(std::move(name), std::move(weight));
  return true;
}

void WeightStore::keep(std::shared_ptr<const void> owner) {
  kept.push_back(std::move(owner));
}

const Weight *WeightStore::find(std::string_view name) const {
  auto it = weights.find(name);
  return it == weights.end() ? nullptr : &it->second;
}

} // namespace dlc
