// SPDX-License-Identifier: Apache-2.0
// The .params container, little endian throughout:
//   u64 0x112 | u64 0 | u64 count | array x count | u64 names | name x names
// An array starts with its version's magic number; the oldest has none and
// starts with its rank. Every size is checked against what is left of the file
// before it is used.
#include "compiler/import/mxnet/ParamsReader.h"

#include <cstring>

namespace dlc::mxnet {

static constexpr uint64_t listMagic = 0x112;
static constexpr uint32_t magicV1 = 0xF993FAC8;
static constexpr uint32_t magicV2 = 0xF993FAC9;
static constexpr uint32_t magicV3 = 0xF993FACA;
static constexpr uint32_t maxRank = 32;

// MXNet's dtype codes are the indices of this table.
static constexpr ElementType elementTypes[] = {
    ElementType::F32, ElementType::F64, ElementType::F16, ElementType::U8,
    ElementType::I32, ElementType::I8,  ElementType::I64, ElementType::Bool,
    ElementType::I16, ElementType::U16, ElementType::U32, ElementType::U64,
    ElementType::BF16};

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

  /// Reads one array; "none" arrays keep the empty data view.
  bool readArray(Weight &weight);

  std::string error;
  DiagnosticCode code = DiagnosticCode::MalformedParams;

private:
  template <typename Dim>
  bool readDims(uint32_t rank, Weight &weight);
  bool readData(Weight &weight);

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

bool Reader::readData(Weight &weight) {
  int32_t deviceType, deviceId, type;
  if (!read(deviceType) || !read(deviceId) || !read(type))
    return false;
  if (type < 0 || type >= static_cast<int32_t>(std::size(elementTypes)))
    return fail("an array has the unknown dtype code " + std::to_string(type));
  weight.type = elementTypes[type];
  std::optional<int64_t> size = getByteSize(weight.shape, weight.type);
  if (!size)
    return fail("the size of an array of shape " + getShapeText(weight.shape) +
                    " overflows",
                DiagnosticCode::SizeOverflow);
  return readBytes(*size, weight.data);
}

bool Reader::readArray(Weight &weight) {
  uint32_t first;
  if (!read(first))
    return false;
  if (first != magicV1 && first != magicV2 && first != magicV3)
    // The oldest version: the word is the rank, of dimensions of 32 bits.
    return readDims<uint32_t>(first, weight) &&
           (first == 0 || readData(weight));

  if (first != magicV1) {
    int32_t storage;
    if (!read(storage))
      return false;
    if (storage > 0)
      return fail("sparse arrays are not supported; convert them with "
                  "tostype('default') and save the file again",
                  DiagnosticCode::UnsupportedParams);
  }
  int32_t rank;
  if (!read(rank))
    return false;
  bool isNone = rank < 0 || (rank == 0 && first != magicV3);
  if (isNone)
    return true;
  if (!readDims<int64_t>(static_cast<uint32_t>(rank), weight))
    return false;
  for (int64_t dim : weight.shape)
    if (dim < 0 && first == magicV3)
      return true;
  return readData(weight);
}

static std::string_view dropPrefix(std::string_view name) {
  for (std::string_view prefix : {"arg:", "aux:"})
    if (name.substr(0, prefix.size()) == prefix)
      return name.substr(prefix.size());
  return name;
}

static bool readContainer(Reader &reader, WeightStore &store) {
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
  std::vector<Weight> arrays(count);
  for (Weight &array : arrays)
    if (!reader.readArray(array))
      return false;

  if (!reader.read(nameCount))
    return false;
  if (nameCount != count)
    return reader.fail(nameCount == 0
                           ? "the arrays have no names; save a dictionary "
                             "instead of a list"
                           : "the file has " + std::to_string(count) +
                                 " arrays but " + std::to_string(nameCount) +
                                 " names");
  for (Weight &array : arrays) {
    uint64_t length;
    std::string_view name;
    if (!reader.read(length) || !reader.readBytes(length, name))
      return false;
    bool isNone = array.data.data() == nullptr;
    if (!isNone && !store.add(std::string(dropPrefix(name)), std::move(array)))
      return reader.fail("the name '" + std::string(dropPrefix(name)) +
                         "' occurs twice");
  }
  return true;
}

bool readParams(std::string_view bytes, const std::string &file,
                WeightStore &store, DiagnosticList &diagnostics) {
  DiagnosticPlace place{file, "", "", -1};
  if (bytes.substr(0, 2) == "PK")
    return diagnostics.add(
        DiagnosticCode::UnsupportedParams, place,
        "this is a zip archive as MXNet 2.0 writes it; load it there and save "
        "it with mx.nd.save, or convert it to safetensors");
  Reader reader(bytes);
  if (readContainer(reader, store))
    return true;
  return diagnostics.add(reader.code, place, reader.error);
}

} // namespace dlc::mxnet
