// SPDX-License-Identifier: Apache-2.0
// Model servers describe a model in two files. MANIFEST.json names the symbol,
// the weights and the signature (archives of version 0), or only the model
// (version 1, where it lies in MAR-INF). signature.json has the inputs:
//   {"inputs": [{"data_name": "data", "data_shape": [0, 3, 224, 224]}]}
#include "tools/dlc/ModelFolder.h"

#include "compiler/import/Json.h"
#include "compiler/import/MappedFile.h"
#include "tools/npz/Zip.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace dlc::tool {

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

/// True for what programs put beside files, "._net-symbol.json" for example.
static bool isHidden(const std::string &name) {
  return name.compare(0, 9, "__MACOSX/") == 0 ||
         fs::path(name).filename().string()[0] == '.';
}

std::vector<std::string> listFolder(const std::string &path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    names.push_back(entry->path().filename().string());
  names.erase(std::remove_if(names.begin(), names.end(), isHidden),
              names.end());
  std::sort(names.begin(), names.end());
  return names;
}

namespace {
class DiskFolder : public ModelFolder {
public:
  explicit DiskFolder(const std::string &path) : ModelFolder(path) {
    members = listFolder(path);
    // Archives that were unpacked.
    std::error_code error;
    if (fs::exists(fs::path(path) / "MAR-INF/MANIFEST.json", error))
      members.push_back("MAR-INF/MANIFEST.json");
  }

protected:
  bool readMember(const std::string &member, NamedBytes &bytes,
                  std::string &error) const override {
    DiagnosticList diagnostics;
    auto file =
        MappedFile::open((fs::path(path) / member).string(), diagnostics);
    if (!file) {
      error = diagnostics.get()[0].message;
      return false;
    }
    bytes.bytes = file->bytes();
    bytes.owner = file;
    return true;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Archives
//===----------------------------------------------------------------------===//

bool isArchive(const std::string &path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    return false;
  std::string ending = fs::path(path).extension().string();
  char magic[2] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return ending == ".mar" || ending == ".model" || ending == ".zip" ||
         (magic[0] == 'P' && magic[1] == 'K');
}

/// True if unpacking \p name would write elsewhere. Nothing is unpacked here,
/// but such a file is no model.
static bool leadsOut(const std::string &name) {
  fs::path path(name);
  return path.is_absolute() || (name.size() > 1 && name[1] == ':') ||
         name.find('\0') != name.npos ||
         std::find(path.begin(), path.end(), "..") != path.end();
}

namespace {
class Archive : public ModelFolder {
public:
  explicit Archive(const std::string &path) : ModelFolder(path) {}

  bool open(std::string &error) {
    if (!zip->open(path, error))
      return false;
    for (const std::string &member : zip->names()) {
      // Some programs write names as Windows does.
      std::string name = member;
      std::replace(name.begin(), name.end(), '\\', '/');
      if (leadsOut(name)) {
        error = "has the member '" + name + "', which leads out of it";
        return false;
      }
      // Folders are members too.
      if (!name.empty() && name.back() != '/' && !isHidden(name) &&
          written.emplace(name, member).second)
        members.push_back(name);
    }
    return true;
  }

protected:
  bool readMember(const std::string &member, NamedBytes &bytes,
                  std::string &error) const override {
    auto inflated = std::make_shared<std::string>();
    auto text = zip->read(written.at(member), *inflated, error);
    if (!text)
      return false;
    bytes.bytes = *text;
    if (inflated->empty())
      bytes.owner = zip;
    else
      bytes.owner = inflated;
    return true;
  }

private:
  std::shared_ptr<npz::ZipReader> zip = std::make_shared<npz::ZipReader>();
  /// By name: the name as it is written.
  std::map<std::string, std::string> written;
};
} // namespace

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

std::unique_ptr<ModelFolder> ModelFolder::open(const std::string &path,
                                               DiagnosticList &diagnostics) {
  std::error_code error;
  std::unique_ptr<ModelFolder> folder;
  if (fs::is_directory(path, error)) {
    folder = std::make_unique<DiskFolder>(path);
  } else {
    auto archive = std::make_unique<Archive>(path);
    std::string what;
    if (!archive->open(what)) {
      archive->fail(what, diagnostics);
      return nullptr;
    }
    folder = std::move(archive);
  }
  return folder->readManifest(diagnostics) ? std::move(folder) : nullptr;
}

bool ModelFolder::fail(const std::string &what,
                       DiagnosticList &diagnostics) const {
  return diagnostics.add(DiagnosticCode::MalformedArchive, {path, "", "", -1},
                         what);
}

bool ModelFolder::contains(const std::string &member) const {
  return std::find(members.begin(), members.end(), member) != members.end();
}

bool ModelFolder::read(const std::string &member, NamedBytes &bytes,
                       DiagnosticList &diagnostics) const {
  if (!contains(member))
    return fail("the file '" + member + "' is missing", diagnostics);
  bytes.name = (fs::path(path) / member).string();
  std::string error;
  return readMember(member, bytes, error) || fail(error, diagnostics);
}

/// The text under \p key of the object \p json; "" where there is none.
static std::string getText(const Json &json, const char *key) {
  return json.is_object() && json.contains(key) && json[key].is_string()
             ? json[key].get<std::string>()
             : "";
}

/// Parses the JSON file \p bytes.
static std::optional<Json> parse(const NamedBytes &bytes,
                                 DiagnosticList &diagnostics) {
  std::string error;
  std::optional<Json> json = parseJson(bytes.bytes, error);
  if (!json)
    diagnostics.add(DiagnosticCode::MalformedJson, {bytes.name, "", "", -1},
                    "malformed JSON: " + error);
  return json;
}

bool ModelFolder::readManifest(DiagnosticList &diagnostics) {
  // An archive may hold the folder that it was made of.
  std::string slash = "/";
  std::string first = members.empty() ? "" : members.front();
  std::string top = first.substr(0, first.find('/')) + slash;
  if (std::all_of(members.begin(), members.end(), [&](const std::string &name) {
        return name.compare(0, top.size(), top) == 0;
      }))
    prefix = members.empty() ? "" : top;
  for (const char *file : {"MAR-INF/MANIFEST.json", "MANIFEST.json"}) {
    NamedBytes bytes;
    if (!contains(prefix + file))
      continue;
    std::optional<Json> json;
    if (!read(prefix + file, bytes, diagnostics) ||
        !(json = parse(bytes, diagnostics)))
      return false;
    auto member = [&](const char *key) {
      std::string text =
          json->is_object() ? getText(json->value("Model", Json()), key) : "";
      return text.empty() ? text : prefix + text;
    };
    facts = {member("Symbol"), member("Parameters"), member("Signature"), ""};
    if (json->is_object())
      facts.modelName = getText(json->value("model", Json()), "modelName");
    break;
  }
  return true;
}

/// Reads one entry of "inputs". \returns what is wrong with it, or "".
static std::string parseInput(const Json &json,
                              std::optional<InputOption> &to) {
  InputOption input;
  input.name = getText(json, "data_name");
  if (input.name.empty())
    return "an input without 'data_name'";
  if (!json.contains("data_shape") || !json["data_shape"].is_array())
    return "no list 'data_shape' for input '" + input.name + "'";
  for (const Json &size : json["data_shape"]) {
    if (!size.is_number_integer() || size.get<int64_t>() < -1)
      return "a 'data_shape' of input '" + input.name +
             "' that is no list of sizes";
    input.shape.push_back({size.get<int64_t>(), ""});
  }
  if (!input.shape.empty() && input.shape[0].size < 1)
    input.shape[0].size = 1;
  if (std::all_of(input.shape.begin(), input.shape.end(),
                  [](const InputDim &dim) { return dim.size >= 1; }))
    to = input;
  return "";
}

bool ModelFolder::readSignature(std::vector<InputOption> &inputs,
                                DiagnosticList &diagnostics) const {
  std::string member =
      facts.signature.empty() ? prefix + "signature.json" : facts.signature;
  if (facts.signature.empty() && !contains(member))
    return true;
  NamedBytes bytes;
  std::optional<Json> json;
  if (!read(member, bytes, diagnostics) || !(json = parse(bytes, diagnostics)))
    return false;
  auto refuse = [&](const std::string &what) {
    return diagnostics.add(DiagnosticCode::MalformedArchive,
                           {bytes.name, "", "", -1},
                           "is not a signature: it has " + what);
  };
  if (!json->is_object() || !json->contains("inputs") ||
      !(*json)["inputs"].is_array())
    return refuse("no list 'inputs'");
  for (const Json &entry : (*json)["inputs"]) {
    std::optional<InputOption> input;
    std::string what = parseInput(entry, input);
    if (!what.empty())
      return refuse(what);
    if (input)
      inputs.push_back(std::move(*input));
  }
  return true;
}

} // namespace dlc::tool
