// SPDX-License-Identifier: Apache-2.0
// The grammar of operator attributes. In a symbol file every value is a text;
// an operator's specification says which keys there are and what they mean:
//
//   "kernel:shape! stride:shape=() no_bias:bool=False axis:int?=None
//    mode:{clip|wrap}=clip"
//
// `!` marks a required key, `?` one that may be None. Types: bool, int, count
// (an integer of at least 1), float, shape (a tuple of integers; counts: each
// at least 1; sizes: each at least 0; slots: some may be None), floats, dtype,
// string and {a|b} for one of several words. Integers have 32 bits, as MXNet's
// own, so that what an operator computes of a few does not overflow; a long and
// slots have 64. Defaults are written as in the file.
#ifndef DLC_COMPILER_IMPORT_MXNET_ATTRIBUTES_H
#define DLC_COMPILER_IMPORT_MXNET_ATTRIBUTES_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlc::mxnet {

enum class AttributeKind : uint8_t {
  Bool,
  Int,
  Float,
  Shape,
  Slots,
  Floats,
  DType,
  String,
  Enum
};

/// One key of an operator.
struct AttributeSpec {
  std::string_view name;
  AttributeKind kind = AttributeKind::String;
  bool isRequired = false;
  bool isOptional = false;
  /// The least and the greatest value of an Int and of the entries of a Shape.
  int64_t minimum = INT32_MIN, maximum = INT32_MAX;
  /// The words of an Enum.
  std::vector<std::string_view> words;
  std::string_view defaultText;
};

/// A parsed value; which member holds it depends on the kind.
struct AttributeValue {
  bool isNone = false;
  /// Written in the file, not a default.
  bool isGiven = false;
  int64_t integer = 0;                       // Bool, Int
  double number = 0;                         // Float
  std::vector<std::optional<int64_t>> slots; // Shape, Slots
  std::vector<double> numbers;               // Floats
  std::string text;                          // String, Enum
  ElementType type = ElementType::F32;       // DType
};

/// The attributes of a node, complete and of the right types. A key that the
/// specification lacks is a mistake of the importer, not of the file: getters
/// then return an empty value.
class Attributes {
public:
  bool getBool(std::string_view name) const { return get(name).integer != 0; }
  int64_t getInt(std::string_view name) const { return get(name).integer; }
  double getFloat(std::string_view name) const { return get(name).number; }
  ElementType getType(std::string_view name) const { return get(name).type; }
  const std::string &getText(std::string_view name) const {
    return get(name).text;
  }
  std::vector<int64_t> getShape(std::string_view name) const;
  const std::vector<std::optional<int64_t>> &
  getSlots(std::string_view name) const {
    return get(name).slots;
  }
  const std::vector<double> &getFloats(std::string_view name) const {
    return get(name).numbers;
  }
  bool isNone(std::string_view name) const { return get(name).isNone; }
  bool isGiven(std::string_view name) const { return get(name).isGiven; }

  const AttributeValue &get(std::string_view name) const;
  void set(std::string_view name, AttributeValue value);

  /// Evaluates a condition of an operator's row: "key", "!key",
  /// "key=word" or "key!=word"; the word None holds for a key that is None.
  bool test(std::string_view condition) const;

private:
  std::map<std::string, AttributeValue, std::less<>> values;
};

/// Parses a specification as described above.
std::vector<AttributeSpec> parseAttributeSpecs(std::string_view text);

/// Parses one value. \returns what is wrong with it, or "".
std::string parseAttributeValue(const AttributeSpec &spec,
                                std::string_view text, AttributeValue &value);

/// Parses a tuple "(1, 3)", "[1,3]", "(3L,)", "()" or a bare integer; entries
/// may be None where \p allowNone.
bool parseSlots(std::string_view text, bool allowNone,
                std::vector<std::optional<int64_t>> &slots);

/// Parses the attributes of a node against its operator's \p specs. Keys of
/// the form __key__ and those that only matter to GPU builds or to training
/// are ignored. \returns false, with a diagnostic per problem, at \p place.
bool parseAttributes(const std::vector<AttributeSpec> &specs,
                     const std::map<std::string, std::string> &texts,
                     const DiagnosticPlace &place, Attributes &attributes,
                     DiagnosticList &diagnostics);

/// Returns the candidate that is nearest to \p word by edit distance, or "" if
/// none is near enough to be a likely slip.
std::string_view findNearest(std::string_view word,
                             const std::vector<std::string_view> &candidates);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_ATTRIBUTES_H
