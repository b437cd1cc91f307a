// SPDX-License-Identifier: Apache-2.0
// Named tensors as the readers find them: views into the files that hold them.
#ifndef DLC_COMPILER_IMPORT_WEIGHTSTORE_H
#define DLC_COMPILER_IMPORT_WEIGHTSTORE_H

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlc {

/// The element types of model files.
enum class ElementType : uint8_t {
  F32,
  F64,
  F16,
  BF16,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  Bool
};

/// Returns the size of an element in bytes.
size_t getElementSize(ElementType type);

/// Returns numpy's name of \p type ("float32"); "bfloat16" for BF16.
std::string_view getElementName(ElementType type);

/// Parses numpy's names, "bfloat16", and the short forms "f32", "i8", ...
std::optional<ElementType> parseElementType(std::string_view text);

/// Returns the product of \p shape times the size of an element, or nothing if
/// a dimension is negative or the product does not fit int64_t.
std::optional<int64_t> getByteSize(const std::vector<int64_t> &shape,
                                   ElementType type);

/// Returns "(2, 3)".
std::string getShapeText(const std::vector<int64_t> &shape);

/// One tensor: row-major little-endian elements, aligned to their size.
struct Weight {
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  /// Not owned; lives as long as the store.
  std::string_view data;
};

/// Tensors by name. Keeps the memory alive that they view.
class WeightStore {
public:
  /// Adds a tensor. Data that is not aligned to its element size is copied.
  /// \returns false if the name is taken.
  bool add(std::string name, Weight weight);

  /// Keeps \p owner alive as long as this store.
  void keep(std::shared_ptr<const void> owner);

  /// \returns null if there is none of this name.
  const Weight *find(std::string_view name) const;

  /// Every tensor, ordered by name.
  const std::map<std::string, Weight, std::less<>> &get() const {
    return weights;
  }

  /// What keeps the bytes alive, for those who use them longer than the store.
  const std::vector<std::shared_ptr<const void>> &owners() const {
    return kept;
  }

private:
  std::map<std::string, Weight, std::less<>> weights;
  std::vector<std::shared_ptr<const void>> kept;
};

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_WEIGHTSTORE_H
