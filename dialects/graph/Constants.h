// SPDX-License-Identifier: Apache-2.0
// The bytes of constants: reading them whatever attribute holds them, making
// new ones, and freeing those that nobody needs any more.
#ifndef DLC_DIALECTS_GRAPH_CONSTANTS_H
#define DLC_DIALECTS_GRAPH_CONSTANTS_H

#include "dialects/graph/GraphOps.h"

#include "llvm/ADT/DenseMap.h"

namespace dlc::graph {

/// One element: `f` where the element type is a float, else `i` (sign
/// extended; i1 is 0 or 1).
union Scalar {
  double f;
  int64_t i;
};

/// How elements of a type lie in memory and what numbers they hold: i1 (a
/// byte), i8 to i64, f16, bf16, f32, f64.
class ElementFormat {
public:
  /// \returns nothing for a type that constants can't hold.
  static std::optional<ElementFormat> get(mlir::Type elementType);

  int64_t getSizeBytes() const { return sizeBytes; }
  bool isFloat() const;

  /// Reads \p count elements from \p bytes.
  void load(const char *bytes, int64_t count, Scalar *out) const;
  /// Writes \p count elements to \p bytes, rounded to the format.
  void store(const Scalar *in, int64_t count, char *bytes) const;
  /// Rounds \p values to what the format can hold.
  void round(llvm::MutableArrayRef<Scalar> values) const;

private:
  enum class Kind { I1, I8, I16, I32, I64, F16, BF16, F32, F64 };
  ElementFormat(Kind kind, int64_t sizeBytes)
      : kind(kind), sizeBytes(sizeBytes) {}

  Kind kind;
  int64_t sizeBytes;
};

/// The elements of a constant in row-major order. Views the attribute's bytes
/// without a copy where it can; valid as long as the attribute's bytes are.
class ConstantData {
public:
  /// \returns nothing if \p value isn't a constant, has no bytes, or has an
  /// element type or a layout that can't be read.
  static std::optional<ConstantData> get(mlir::Value value);
  static std::optional<ConstantData> get(mlir::Attribute value);

  /// The elements that \p fill writes.
  static ConstantData
  compute(mlir::RankedTensorType type,
          llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);

  mlir::RankedTensorType getType() const { return type; }
  const ElementFormat &getFormat() const { return format; }
  /// Whether one element stands for all: `getBytes` then holds just that one.
  bool isSplat() const { return splat; }
  llvm::ArrayRef<char> getBytes() const {
    return owned.empty() ? viewed : llvm::ArrayRef<char>(owned);
  }

  /// Reads \p count elements from \p first on.
  void load(int64_t first, int64_t count, Scalar *out) const;
  Scalar load(int64_t index) const;
  /// All elements of a float constant.
  llvm::SmallVector<double> toDoubles() const;

private:
  ConstantData(mlir::RankedTensorType type, ElementFormat format)
      : type(type), format(format) {}

  mlir::RankedTensorType type;
  ElementFormat format;
  bool splat = false;
  llvm::ArrayRef<char> viewed;
  std::vector<char> owned; // where no attribute has the bytes in this form
};

/// A key for a resource made from \p constant, which must be a constant.
std::string getDerivedKey(mlir::Value constant, llvm::StringRef suffix);

/// Makes the value of a constant: \p fill writes the elements, row-major. Large
/// ones become a resource whose name begins with \p key, small ones a literal.
mlir::TypedAttr
makeConstantValue(mlir::RankedTensorType type, llvm::StringRef key,
                  llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);

/// Makes a literal of \p values, row-major, or of one that stands for all. The
/// element type may be unsigned here.
mlir::DenseElementsAttr makeLiteral(mlir::RankedTensorType type,
                                    llvm::ArrayRef<Scalar> values);

/// Makes the value of a constant of \p type whose elements are all the one that
/// \p fill writes.
mlir::TypedAttr
makeSplat(mlir::RankedTensorType type,
          llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);

/// Makes a constant of floats from \p values.
mlir::TypedAttr makeConstantValue(mlir::RankedTensorType type,
                                  llvm::StringRef key,
                                  llvm::ArrayRef<double> values);

/// Erases constants of a module once they lose their last use, with their
/// bytes: a pass that replaces weights would otherwise hold them twice.
class ConstantReaper {
public:
  explicit ConstantReaper(mlir::Operation *module);

  /// Tells that \p constant was made.
  void add(ConstantOp constant);
  /// Erases those constants among \p values that nothing uses.
  void eraseUnused(mlir::ValueRange values);

private:
  /// How many operations refer to a resource.
  llvm::DenseMap<const void *, int64_t> references;
};

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_CONSTANTS_H
