// SPDX-License-Identifier: Apache-2.0
// Reads and writes .npy: a magic, a version, a Python dict as text, then the
// bytes. Source: numpy.lib.format's description.
#include "tools/npz/Npy.h"

#include <algorithm>
#include <cctype>
#include <cstring>

using namespace dlc::npz;

static constexpr std::string_view magic("\x93NUMPY", 6);

namespace {
/// The dict of a .npy header.
struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Parses the few Python literals that such a dict may have.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  bool parse(Header &header) {
    unsigned seen = 0;
    if (!eat('{'))
      return false;
    while (!eat('}')) {
      std::string key;
      if (!parseString(key) || !eat(':'))
        return false;
      if (key == "descr" && parseString(header.descr))
        seen |= 1;
      else if (key == "fortran_order" && parseBool(header.fortranOrder))
        seen |= 2;
      else if (key == "shape" && parseShape(header.shape))
        seen |= 4;
      else
        return false;
      if (!eat(',') && peek() != '}')
        return false;
    }
    return seen == 7;
  }

private:
  char peek() {
    while (!rest.empty() && std::isspace(static_cast<unsigned char>(rest[0])))
      rest.remove_prefix(1);
    return rest.empty() ? '\0' : rest[0];
  }

  bool eat(char c) {
    if (peek() != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }

  bool parseString(std::string &value) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = rest.find(quote, 1);
    if (end == std::string_view::npos)
      return false;
    value = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }

  bool parseBool(bool &value) {
    peek();
    value = rest.substr(0, 4) == "True";
    if (!value && rest.substr(0, 5) != "False")
      return false;
    rest.remove_prefix(value ? 4 : 5);
    return true;
  }

  bool parseShape(std::vector<int64_t> &shape) {
    if (!eat('('))
      return false;
    while (!eat(')')) {
      int64_t extent = 0;
      if (!std::isdigit(static_cast<unsigned char>(peek())))
        return false;
      while (!rest.empty() &&
             std::isdigit(static_cast<unsigned char>(rest[0]))) {
        if (__builtin_mul_overflow(extent, 10, &extent) ||
            __builtin_add_overflow(extent, rest[0] - '0', &extent))
          return false;
        rest.remove_prefix(1);
      }
      eat('L'); // Python 2 wrote long integers so.
      shape.push_back(extent);
      if (!eat(',') && peek() != ')')
        return false;
    }
    return true;
  }

  std::string_view rest;
};
} // namespace

std::string dlc::npz::dtypeName(DType dtype) {
  static constexpr const char *names[] = {"int",    "uint",    "float", nullptr,
                                          "bfloat", "complex", "bool"};
  if (dtype.code == kBool)
    return "bool";
  if (dtype.code >= std::size(names) || !names[dtype.code])
    return "unknown";
  return names[dtype.code] + std::to_string(dtype.bits);
}

/// The type of a descr without its byte order ("f4").
static std::optional<DType> parseType(std::string_view type) {
  struct Row {
    const char *name;
    DType dtype;
  };
  static constexpr Row rows[] = {
      {"b1", {kBool, 8}},     {"i1", {kInt, 8}},        {"i2", {kInt, 16}},
      {"i4", {kInt, 32}},     {"i8", {kInt, 64}},       {"u1", {kUInt, 8}},
      {"u2", {kUInt, 16}},    {"u4", {kUInt, 32}},      {"u8", {kUInt, 64}},
      {"f2", {kFloat, 16}},   {"f4", {kFloat, 32}},     {"f8", {kFloat, 64}},
      {"c8", {kComplex, 64}}, {"c16", {kComplex, 128}}, {"V2", {kBFloat, 16}}};
  for (const Row &row : rows)
    if (type == row.name)
      return row.dtype;
  return std::nullopt;
}

Array Array::zeros(DType dtype, std::vector<int64_t> shape) {
  Array array{dtype, std::move(shape), {}};
  array.bytes.resize(static_cast<size_t>(array.numElements()) * dtype.bytes());
  return array;
}

int64_t Array::numElements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

std::string dlc::npz::shapeText(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

/// Splits \p text into the header's dict and the data. The length field has
/// two bytes in version 1 and four after it.
static bool splitHeader(std::string_view text, std::string_view &dict,
                        std::string_view &data, std::string &error) {
  if (text.substr(0, magic.size()) != magic || text.size() < 10) {
    error = "is not in the .npy format";
    return false;
  }
  unsigned version = static_cast<unsigned char>(text[6]);
  if (version < 1 || version > 3) {
    error = "has .npy version " + std::to_string(version) +
            ", but only 1 to 3 are known";
    return false;
  }
  size_t lengthBytes = version == 1 ? 2 : 4, length = 0;
  size_t start = 8 + lengthBytes;
  if (text.size() >= start)
    for (size_t i = 0; i < lengthBytes; ++i)
      length |= size_t(static_cast<unsigned char>(text[8 + i])) << (8 * i);
  if (text.size() < start || length > text.size() - start) {
    error = "is cut off inside the .npy header";
    return false;
  }
  dict = text.substr(start, length);
  data = text.substr(start + length);
  return true;
}

/// Stores Fortran-ordered \p data as C order: the first index varies fastest
/// in the source.
static void copyTransposed(std::string_view data, Array &array) {
  size_t itemBytes = array.dtype.bytes(), rank = array.shape.size();
  std::vector<size_t> strides(rank, 1);
  for (size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * static_cast<size_t>(array.shape[i]);
  std::vector<int64_t> index(rank, 0);
  size_t target = 0;
  for (size_t source = 0; source < data.size(); source += itemBytes) {
    std::memcpy(&array.bytes[target * itemBytes], &data[source], itemBytes);
    for (size_t i = 0; i < rank; ++i) {
      target += strides[i];
      if (++index[i] < array.shape[i])
        break;
      target -= strides[i] * static_cast<size_t>(array.shape[i]);
      index[i] = 0;
    }
  }
}

static void swapBytes(Array &array) {
  size_t width = array.dtype.bytes();
  if (array.dtype.code == kComplex)
    width /= 2;
  for (size_t i = 0; i < array.bytes.size(); i += width)
    std::reverse(array.bytes.begin() + i, array.bytes.begin() + i + width);
}

std::optional<Array> dlc::npz::parseNpy(std::string_view text,
                                        std::string &error) {
  std::string_view dict, data;
  if (!splitHeader(text, dict, data, error))
    return std::nullopt;
  Header header;
  if (!HeaderParser(dict).parse(header)) {
    error = "has a malformed .npy header, or elements that are records";
    return std::nullopt;
  }
  std::string_view descr = header.descr;
  char order = '|';
  if (!descr.empty() && std::strchr("<>|=", descr[0])) {
    order = descr[0];
    descr.remove_prefix(1);
  }
  std::optional<DType> dtype = parseType(descr);
  if (!dtype) {
    error = "has elements of type '" + header.descr +
            "', which is not a number type that dlc knows";
    return std::nullopt;
  }

  // An extent of zero must not hide the overflow of the others.
  size_t size = dtype->bytes();
  bool overflow = false, empty = false;
  for (int64_t extent : header.shape) {
    empty |= extent == 0;
    overflow |= __builtin_mul_overflow(
        size, static_cast<size_t>(std::max<int64_t>(extent, 1)), &size);
  }
  if (empty)
    size = 0;
  if (overflow || size != data.size()) {
    error = "holds " + std::to_string(data.size()) + " bytes, but its shape " +
            shapeText(header.shape) + " of " + dtypeName(*dtype) +
            (overflow ? " overflows" : " needs " + std::to_string(size));
    return std::nullopt;
  }
  Array array{*dtype, std::move(header.shape), {}};
  array.bytes.resize(size);
  if (header.fortranOrder && array.shape.size() > 1)
    copyTransposed(data, array);
  else if (size)
    std::memcpy(array.bytes.data(), data.data(), size);
  if (order == '>')
    swapBytes(array);
  return array;
}

/// The descr of \p dtype; bfloat16, which numpy lacks, is two opaque bytes.
static std::string descrOf(DType dtype) {
  if (dtype.code == kBFloat)
    return "<V" + std::to_string(dtype.bytes());
  static constexpr char kinds[] = {'i', 'u', 'f', 'V', 'V', 'c', 'b'};
  char kind = dtype.code < std::size(kinds) ? kinds[dtype.code] : 'V';
  return (dtype.bits == 8 ? "|" : "<") + (kind + std::to_string(dtype.bytes()));
}

std::string dlc::npz::npyHeader(const Array &array) {
  std::string dict = "{'descr': '" + descrOf(array.dtype) +
                     "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < array.shape.size(); ++i)
    dict += (i ? ", " : "") + std::to_string(array.shape[i]);
  dict += array.shape.size() == 1 ? ",), }" : "), }";
  // The data starts at a multiple of 64 bytes; a newline ends the dict.
  size_t lengthBytes = dict.size() + 64 < 65536 ? 2 : 4;
  size_t start = magic.size() + 2 + lengthBytes;
  dict.append(63 - (start + dict.size()) % 64, ' ');
  dict += '\n';
  std::string header(magic);
  header += lengthBytes == 2 ? '\1' : '\2';
  header += '\0';
  for (size_t i = 0; i < lengthBytes; ++i)
    header += static_cast<char>(dict.size() >> (8 * i));
  return header + dict;
}
