// SPDX-License-Identifier: Apache-2.0
// Arrays as numpy stores them: the .npy format, versions 1 to 3. In memory an
// array is always little-endian, dense and in C order.
#ifndef DLC_TOOLS_NPZ_NPY_H
#define DLC_TOOLS_NPZ_NPY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlc::npz {

/// An element type: DLPack's code (DLDataTypeCode) and size in bits.
struct DType {
  uint8_t code = 2;
  uint8_t bits = 32;

  size_t bytes() const { return bits / 8; }
  bool operator==(DType other) const {
    return code == other.code && bits == other.bits;
  }
  bool operator!=(DType other) const { return !(*this == other); }
};

/// DLPack's type codes.
enum DTypeCode : uint8_t {
  kInt = 0,
  kUInt = 1,
  kFloat = 2,
  kBFloat = 4,
  kComplex = 5,
  kBool = 6
};

/// The name that numpy has for \p dtype ("float32"; "bfloat16" too).
std::string dtypeName(DType dtype);

/// A dense array in C order.
struct Array {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  /// An array of zeros. The caller has checked that its size is sensible.
  static Array zeros(DType dtype, std::vector<int64_t> shape);

  int64_t numElements() const;
};

/// "1x3x224x224"; "scalar" for rank 0.
std::string shapeText(const std::vector<int64_t> &shape);

/// Reads the text of a .npy file. \returns nothing, and says why in \p error,
/// if it is malformed or has a type that is not a number.
std::optional<Array> parseNpy(std::string_view text, std::string &error);

/// The header of a .npy file; the array's bytes follow it.
std::string npyHeader(const Array &array);

} // namespace dlc::npz

#endif // DLC_TOOLS_NPZ_NPY_H
