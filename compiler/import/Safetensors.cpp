// SPDX-License-Identifier: Apache-2.0
// The container: u64 length of the header | header as JSON | data. The header
// maps names to {"dtype", "shape", "data_offsets": [begin, end]}.
#include "compiler/import/Safetensors.h"

#include "compiler/import/Json.h"
#include <cstring>

namespace dlc {

static constexpr uint64_t maxHeaderSize = 100 << 20;

namespace {
struct TypeName {
  const char *name;
  ElementType type;
};
} // namespace

static constexpr TypeName typeNames[] = {
    {"F32", ElementType::F32},  {"F64", ElementType::F64},
    {"F16", ElementType::F16},  {"BF16", ElementType::BF16},
    {"I8", ElementType::I8},    {"I16", ElementType::I16},
    {"I32", ElementType::I32},  {"I64", ElementType::I64},
    {"U8", ElementType::U8},    {"U16", ElementType::U16},
    {"U32", ElementType::U32},  {"U64", ElementType::U64},
    {"BOOL", ElementType::Bool}};

/// Splits \p bytes into header and data; false if the length is wrong.
static bool split(std::string_view bytes, std::string_view &header,
                  std::string_view &data) {
  uint64_t length;
  if (bytes.size() < sizeof length)
    return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > maxHeaderSize || length > bytes.size())
    return false;
  header = bytes.substr(0, length);
  data = bytes.substr(length);
  return true;
}

bool looksLikeSafetensors(std::string_view bytes) {
  std::string_view header, data;
  return split(bytes, header, data) && header.substr(0, 1) == "{";
}

/// Reads one entry of the header. \returns what is wrong with it, or "".
static std::string readEntry(const nlohmann::json &entry, std::string_view data,
                             Weight &weight) {
  if (!entry.is_object() || !entry.contains("dtype") ||
      !entry.contains("shape") || !entry.contains("data_offsets"))
    return "needs 'dtype', 'shape' and 'data_offsets'";
  const nlohmann::json &type = entry["dtype"], &shape = entry["shape"],
                       &offsets = entry["data_offsets"];
  bool known = false;
  for (const TypeName &candidate : typeNames)
    if (type.is_string() &&
        type.get_ref<const std::string &>() == candidate.name) {
      weight.type = candidate.type;
      known = true;
    }
  if (!known)
    return "has the unknown dtype " + type.dump(-1, ' ', true);
  if (!shape.is_array() || shape.size() > 32)
    return "has a malformed shape";
  for (const nlohmann::json &dim : shape) {
    if (!dim.is_number_unsigned() || dim.get<uint64_t>() > INT64_MAX)
      return "has a malformed shape";
    weight.shape.push_back(dim.get<int64_t>());
  }
  if (!offsets.is_array() || offsets.size() != 2 ||
      !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
    return "has malformed data_offsets";
  uint64_t begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  if (begin > end || end > data.size())
    return "lies outside the file";
  std::optional<int64_t> size = getByteSize(weight.shape, weight.type);
  if (!size || static_cast<uint64_t>(*size) != end - begin)
    return "has " + std::to_string(end - begin) +
           " bytes, which do not fit its shape " + getShapeText(weight.shape);
  weight.data = data.substr(begin, end - begin);
  return "";
}

bool readSafetensors(std::string_view bytes, const std::string &file,
                     WeightStore &store, DiagnosticList &diagnostics) {
  auto fail = [&](std::string what) {
    return diagnostics.add(DiagnosticCode::MalformedSafetensors,
                           {file, "", "", -1}, std::move(what));
  };
  std::string_view header, data;
  if (!split(bytes, header, data))
    return fail("not a safetensors file, or cut off");
  std::string error;
  std::optional<nlohmann::json> json = parseJson(header, error);
  if (!json)
    return fail("the header is malformed: " + error);
  if (!json->is_object())
    return fail("the header is not an object");
  for (const auto &[name, entry] : json->items()) {
    if (name == "__metadata__")
      continue;
    Weight weight;
    if (std::string what = readEntry(entry, data, weight); !what.empty())
      return fail("tensor '" + name + "' " + what);
    if (!store.add(name, std::move(weight)))
      return fail("the name '" + name + "' occurs twice");
  }
  return true;
}

bool writeSafetensors(const std::vector<NamedWeight> &weights,
                      const std::function<bool(std::string_view)> &write) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  uint64_t offset = 0;
  for (const NamedWeight &named : weights) {
    uint64_t end = offset + named.weight.data.size();
    const char *type = "";
    for (const TypeName &candidate : typeNames)
      if (candidate.type == named.weight.type)
        type = candidate.name;
    json[named.name] = {{"dtype", type},
                        {"shape", named.weight.shape},
                        {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header = json.dump(-1, ' ', /*ensure_ascii=*/true,
                                 nlohmann::json::error_handler_t::replace);
  // Data starts at a multiple of 64 bytes, so that a mapping can be used as is.
  header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
  uint64_t length = header.size();
  if (!write({reinterpret_cast<const char *>(&length), sizeof length}) ||
      !write(header))
    return false;
  for (const NamedWeight &named : weights)
    if (!named.weight.data.empty() && !write(named.weight.data))
      return false;
  return true;
}

} // namespace dlc
