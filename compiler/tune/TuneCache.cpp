// SPDX-License-Identifier: Apache-2.0
// Reads and writes the file that remembers which schedules were the fastest.
#include "compiler/tune/TuneCache.h"

#include "compiler/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace dlc {

static constexpr StringLiteral kFormat = "dlc-tune";
static constexpr int64_t kVersion = 1;

/// The fields of a schedule in the file.
static constexpr std::pair<StringLiteral, int64_t TuneSchedule::*> kFields[] = {
    {"rows", &TuneSchedule::rows},
    {"columns", &TuneSchedule::columns},
    {"depth", &TuneSchedule::depth},
    {"task_columns", &TuneSchedule::taskColumns},
    {"strip_rows", &TuneSchedule::stripRows},
    {"percent", &TuneSchedule::percent}};

static std::optional<TuneKey> getKey(const json::Object &entry) {
  TuneKey key;
  for (auto [name, field] :
       {std::pair("compiler", &key.compiler), std::pair("cpu", &key.cpu),
        std::pair("target", &key.target), std::pair("kernel", &key.kernel)}) {
    std::optional<StringRef> text = entry.getString(name);
    if (!text)
      return std::nullopt;
    *field = text->str();
  }
  return key;
}

bool TuneCache::read(const std::string &path, std::string &error) {
  if (!sys::fs::exists(path))
    return true;
  auto file = MemoryBuffer::getFile(path);
  if (!file) {
    error = "can't be read: " + file.getError().message();
    return false;
  }
  Expected<json::Value> value = json::parse((*file)->getBuffer());
  if (!value) {
    error = "is damaged: " + toString(value.takeError());
    return false;
  }
  const json::Object *top = value->getAsObject();
  const json::Array *list = top ? top->getArray("entries") : nullptr;
  if (!list || top->getString("format") != kFormat ||
      top->getInteger("version") != kVersion) {
    error = "isn't a tuning cache of this version";
    return false;
  }
  for (const json::Value &element : *list) {
    const json::Object *entry = element.getAsObject();
    std::optional<TuneKey> key =
        entry ? getKey(*entry) : std::optional<TuneKey>();
    if (!key) {
      error = "is damaged: an entry has no key";
      return false;
    }
    entries.try_emplace(*key, *entry);
  }
  return true;
}

bool TuneCache::write(const std::string &path, std::string &error) {
  if (!read(path, error))
    return false;
  StringRef folder = sys::path::parent_path(path);
  if (!folder.empty())
    if (std::error_code code = sys::fs::create_directories(folder)) {
      error = "can't be written: " + code.message();
      return false;
    }
  json::Array list;
  for (const auto &entry : entries)
    list.push_back(json::Object(entry.second));
  json::Object top{
      {"format", kFormat}, {"version", kVersion}, {"entries", std::move(list)}};
  std::string text;
  raw_string_ostream(text) << formatv("{0:2}\n", json::Value(std::move(top)));
  DiagnosticList diagnostics;
  if (writeFile(path, text, diagnostics))
    return true;
  error = diagnostics.get().front().message;
  return false;
}

/// What the file says of a contraction; false where it makes no sense.
static bool parseSchedule(const json::Value &value,
                          std::optional<TuneSchedule> &result) {
  if (value.kind() == json::Value::Null)
    return true;
  const json::Object *fields = value.getAsObject();
  if (!fields)
    return false;
  TuneSchedule &schedule = result.emplace();
  for (auto [name, field] : kFields) {
    const json::Value *number = fields->get(name);
    if (!number)
      continue;
    std::optional<int64_t> integer = number->getAsInteger();
    if (!integer)
      return false;
    schedule.*field = *integer;
  }
  return true;
}

std::optional<TuneResult> TuneCache::find(const TuneKey &key,
                                          size_t numContractions) const {
  auto entry = entries.find(key);
  if (entry == entries.end())
    return std::nullopt;
  const json::Array *list = entry->second.getArray("schedules");
  if (!list || list->size() != numContractions)
    return std::nullopt;
  TuneResult result(numContractions);
  for (auto [value, schedule] : zip(*list, result))
    if (!parseSchedule(value, schedule))
      return std::nullopt;
  return result;
}

void TuneCache::add(const TuneKey &key, std::string about,
                    const TuneResult &result) {
  json::Array list;
  for (const std::optional<TuneSchedule> &schedule : result) {
    if (!schedule) {
      list.push_back(nullptr);
      continue;
    }
    json::Object fields;
    for (auto [name, field] : kFields)
      if (int64_t value = (*schedule).*field)
        fields[name] = value;
    list.push_back(std::move(fields));
  }
  entries[key] =
      json::Object{{"compiler", key.compiler},  {"cpu", key.cpu},
                   {"target", key.target},      {"kernel", key.kernel},
                   {"about", std::move(about)}, {"schedules", std::move(list)}};
}

} // namespace dlc
