// SPDX-License-Identifier: Apache-2.0
// The .params container, little endian throughout:
//   u64 0x112 | u64 0 | u64 count | array x count | u64 names | name x names
// An array starts with its version's magic number; the oldest has none and
// starts with its rank. Every size is checked against what is left of the file
// before it is used.
#include "compiler/import/mxnet/ParamsReader.h"

#include "compiler/import/mxnet/ElementTypes.h"

#include <cstring>

namespace dlc::mxnet {

static constexpr uint64_t listMagic = 0x112;
static constexpr uint32_t magicV1 = 0xF993FAC8;
static constexpr uint32_t magicV2 = 0xF993FAC9;
static constexpr uint32_t magicV3 = 0xF993FACA;
static constexpr uint32_t maxRank = 32;

namespace {

/// A cursor over the container. After the first failure `error` is set.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest(bytes) {}

  template <typename T>
  bool read(T &value) {
    if (rest.size() < sizeof value)
      return cutOff();
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return true;
  }

  bool readBytes(uint64_t size, std::string_view &value) {
    if (rest.size() < size)
      return cutOff();
    value = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
  }

  bool fail(std::string what,
            DiagnosticCode kind = DiagnosticCode::MalformedParams) {
    error = std::move(what);
    code = kind;
    return false;
  }
  bool cutOff() { return fail("the file is cut off"); }

  size_t left() const { return rest.size(); }

  /// Reads one array, all but its name.
  bool readArray(NamedArray &array);

  std::string error;
  DiagnosticCode code = DiagnosticCode::MalformedParams;

private:
  template <typename Dim>
  bool readDims(uint32_t rank, Weight &weight);
  bool readShape(Weight &weight, bool &isNone, bool isNumpy);
  bool readType(Weight &weight);
  bool readData(Weight &weight);
  bool readSparse(int32_t storage, NamedArray &array);

  std::string_view rest;
};

} // namespace

template <typename Dim>
bool Reader::readDims(uint32_t rank, Weight &weight) {
  if (rank > maxRank)
    return fail("an array has rank " + std::to_string(rank) +
                "; at most 32 are possible");
  for (uint32_t i = 0; i < rank; ++i) {
    Dim dim;
    if (!read(dim))
      return false;
    weight.shape.push_back(static_cast<int64_t>(dim));
  }
  return true;
}

/// Reads a rank and that many dimensions. Without a rank there is no array;
/// what rank 0 means depends on the semantics that the file was written in.
bool Reader::readShape(Weight &weight, bool &isNone, bool isNumpy) {
  int32_t rank;
  if (!read(rank))
    return false;
  isNone = rank < 0 || (rank == 0 && !isNumpy);
  if (isNone)
    return true;
  if (!readDims<int64_t>(static_cast<uint32_t>(rank), weight))
    return false;
  for (int64_t dim : weight.shape)
    isNone |= dim < 0 && isNumpy;
  return true;
}

bool Reader::readType(Weight &weight) {
  int32_t type;
  if (!read(type))
    return false;
  std::optional<ElementType> element = getElementType(type);
  if (!element)
    return fail("an array has the unknown dtype code " + std::to_string(type));
  weight.type = *element;
  return true;
}

bool Reader::readData(Weight &weight) {
  std::optional<int64_t> size = getByteSize(weight.shape, weight.type);
  if (!size)
    return fail("the size of an array of shape " + getShapeText(weight.shape) +
                    " overflows",
                DiagnosticCode::SizeOverflow);
  return readBytes(*size, weight.data);
}

/// Passes over a sparse array: what follows it has to be found, since its name
/// comes at the file's end.
bool Reader::readSparse(int32_t storage, NamedArray &array) {
  array.sparseStorage = storage == 1 ? "row_sparse" : "csr";
  size_t indexArrays = storage == 1 ? 1 : 2;
  Weight stored, indices[2];
  bool isNone;
  int32_t device[2];
  if (!readShape(stored, isNone, /*isNumpy=*/false) ||
      !readShape(array.weight, array.isNone, /*isNumpy=*/false))
    return false;
  if (array.isNone)
    return true;
  if (!read(device) || !readType(stored))
    return false;
  for (size_t i = 0; i < indexArrays; ++i)
    if (!readType(indices[i]) ||
        !readShape(indices[i], isNone, /*isNumpy=*/false))
      return false;
  if (!readData(stored))
    return false;
  for (size_t i = 0; i < indexArrays; ++i)
    if (!readData(indices[i]))
      return false;
  return true;
}

bool Reader::readArray(NamedArray &array) {
  Weight &weight = array.weight;
  uint32_t first;
  if (!read(first))
    return false;
  if (first == magicV2 || first == magicV3) {
    int32_t storage;
    if (!read(storage))
      return false;
    if (storage == 1 || storage == 2)
      return readSparse(storage, array);
    if (storage > 2)
      return fail("an array has the unknown storage type " +
                  std::to_string(storage));
  }
  if (first == magicV1 || first == magicV2 || first == magicV3) {
    if (!readShape(weight, array.isNone, /*isNumpy=*/first == magicV3))
      return false;
  } else {
    // The oldest version: the word is the rank, of dimensions of 32 bits.
    if (!readDims<uint32_t>(first, weight))
      return false;
    array.isNone = first == 0;
  }
  int32_t device[2];
  return array.isNone || (read(device) && readType(weight) && readData(weight));
}

std::string_view dropPrefix(std::string_view name) {
  for (std::string_view prefix : {"arg:", "aux:"})
    if (name.substr(0, prefix.size()) == prefix)
      return name.substr(prefix.size());
  return name;
}

static bool readContainer(Reader &reader, std::vector<NamedArray> &arrays) {
  uint64_t magic, reserved, count, nameCount;
  if (!reader.read(magic))
    return false;
  if (magic != listMagic)
    return reader.fail("not an MXNet .params file (it does not start with "
                       "0x112)");
  if (!reader.read(reserved) || !reader.read(count))
    return false;
  // The smallest array takes four bytes.
  if (count > reader.left() / 4)
    return reader.cutOff();
  // Grown as they come: each takes more memory here than in the file.
  for (uint64_t i = 0; i < count; ++i)
    if (!reader.readArray(arrays.emplace_back()))
      return false;

  if (!reader.read(nameCount))
    return false;
  if (nameCount != count && nameCount != 0)
    return reader.fail("the file has " + std::to_string(count) +
                       " arrays but " + std::to_string(nameCount) + " names");
  for (uint64_t i = 0; i < nameCount; ++i) {
    uint64_t length;
    std::string_view name;
    if (!reader.read(length) || !reader.readBytes(length, name))
      return false;
    arrays[i].name = name;
  }
  return true;
}

/// Refuses sparse arrays by name.
static bool checkDense(Reader &reader, const std::vector<NamedArray> &arrays) {
  constexpr size_t mostNamed = 5;
  std::string names;
  size_t count = 0;
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (arrays[i].sparseStorage.empty())
      continue;
    if (++count > mostNamed)
      continue;
    names += (count > 1 ? ", " : "") +
             (arrays[i].name.empty() ? "#" + std::to_string(i)
                                     : "'" + arrays[i].name + "'") +
             " (" + std::string(arrays[i].sparseStorage) + ")";
  }
  if (count == 0)
    return true;
  if (count > mostNamed)
    names += " and " + std::to_string(count - mostNamed) + " more";
  return reader.fail((count == 1 ? "array " : "arrays ") + names +
                         (count == 1 ? " is" : " are") +
                         " sparse, which is not supported: convert with "
                         "tostype('default') and save the file again",
                     DiagnosticCode::UnsupportedParams);
}

bool readArrays(std::string_view bytes, const std::string &file,
                std::vector<NamedArray> &arrays, DiagnosticList &diagnostics) {
  DiagnosticPlace place{file, "", "", -1};
  if (bytes.substr(0, 2) == "PK")
    return diagnostics.add(
        DiagnosticCode::UnsupportedParams, place,
        "this is a zip archive as MXNet 2.0 writes it; load it there and save "
        "it with mx.nd.save, or convert it to safetensors");
  Reader reader(bytes);
  if (readContainer(reader, arrays) && checkDense(reader, arrays))
    return true;
  return diagnostics.add(reader.code, place, reader.error);
}

bool readParams(std::string_view bytes, const std::string &file,
                WeightStore &store, DiagnosticList &diagnostics) {
  DiagnosticPlace place{file, "", "", -1};
  std::vector<NamedArray> arrays;
  if (!readArrays(bytes, file, arrays, diagnostics))
    return false;
  for (NamedArray &array : arrays) {
    if (array.name.empty())
      return diagnostics.add(DiagnosticCode::MalformedParams, place,
                             "the arrays have no names; save a dictionary "
                             "instead of a list");
    std::string name(dropPrefix(array.name));
    if (!array.isNone && !store.add(name, std::move(array.weight)))
      return diagnostics.add(DiagnosticCode::MalformedParams, place,
                             "the name '" + name + "' occurs twice");
  }
  return true;
}

} // namespace dlc::mxnet
