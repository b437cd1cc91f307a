// SPDX-License-Identifier: Apache-2.0
// Finds the files of a model by MXNet's names for them: PREFIX-symbol.json and
// PREFIX-NNNN.params, NNNN being the epoch. Folders and archives hold them
// beside the MANIFEST.json and the signature.json of a model server.
#include "tools/dlc/ModelPath.h"

#include "compiler/import/MappedFile.h"
#include "tools/dlc/ModelFolder.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

namespace fs = std::filesystem;

namespace dlc::tool {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static bool endsWith(std::string_view text, std::string_view ending) {
  return text.size() > ending.size() &&
         text.substr(text.size() - ending.size()) == ending;
}

/// "PREFIX" of PREFIX-symbol.json, PREFIX.json, ...
static std::string getPrefix(const std::string &file) {
  for (std::string_view ending : {"-symbol.json", ".json"})
    if (endsWith(file, ending))
      return file.substr(0, file.size() - ending.size());
  return "";
}

/// The number of PREFIX-NNNN.params, or -1. It has four digits or more.
static int getEpoch(std::string_view file, std::string_view prefix) {
  constexpr std::string_view ending = ".params";
  if (file.substr(0, prefix.size()) != prefix || !endsWith(file, ending))
    return -1;
  file.remove_prefix(prefix.size());
  file.remove_suffix(std::min(ending.size(), file.size()));
  if (file.size() < 5 || file.size() > 10 || file[0] != '-' ||
      !std::isdigit(static_cast<unsigned char>(file[1])))
    return -1;
  int epoch = -1;
  auto [end, error] =
      std::from_chars(file.data() + 1, file.data() + file.size(), epoch);
  return error == std::errc() && end == file.data() + file.size() ? epoch : -1;
}

/// Among \p names, the weights of the model called \p prefix: those of
/// \p epoch or the newest, else PREFIX.params. "" if there are none.
static std::string chooseParams(const std::vector<std::string> &names,
                                const std::string &prefix,
                                std::optional<int> epoch) {
  std::string best;
  int highest = -1;
  for (const std::string &name : names) {
    int number = getEpoch(name, prefix);
    if (number <= highest || (epoch && number != *epoch))
      continue;
    highest = number;
    best = name;
  }
  std::string plain = prefix + ".params";
  bool hasPlain = std::find(names.begin(), names.end(), plain) != names.end();
  return best.empty() && !epoch && hasPlain ? plain : best;
}

std::string getWeightsPath(const std::string &file) {
  fs::path path(file);
  return path.replace_extension(".safetensors").string();
}

std::string findParams(const std::string &model, std::optional<int> epoch) {
  std::error_code error;
  std::string prefix = getPrefix(model);
  if (prefix.empty()) {
    std::string weights = getWeightsPath(model);
    return weights != model && fs::exists(weights, error) ? weights : "";
  }
  fs::path folder = fs::path(prefix).parent_path();
  std::string best =
      chooseParams(listFolder(folder.empty() ? "." : folder.string()),
                   fs::path(prefix).filename().string(), epoch);
  return best.empty() ? "" : (folder / best).string();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static bool mapFile(const std::string &path, NamedBytes &bytes,
                    DiagnosticList &diagnostics) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path, diagnostics);
  if (!file)
    return false;
  bytes = {path, file->bytes(), file};
  return true;
}

static std::string epochText(int epoch) {
  std::string digits = std::to_string(epoch);
  return std::string(4 - std::min<size_t>(4, digits.size()), '0') + digits;
}

static bool failEpoch(const std::string &file, const std::string &prefix,
                      int epoch, DiagnosticList &diagnostics) {
  return diagnostics.add(DiagnosticCode::UnreadableFile, {file, "", "", -1},
                         "has no weights of epoch " + std::to_string(epoch) +
                             ": " + prefix + "-" + epochText(epoch) +
                             ".params is missing");
}

/// A symbol or the text of a stage, and the weights beside it.
static bool findFile(const std::string &file, const ModelPath &path,
                     ModelFiles &files, DiagnosticList &diagnostics) {
  bool good = mapFile(file, files.model, diagnostics);
  std::string params =
      path.params.empty() ? findParams(file, path.epoch) : path.params;
  if (!params.empty())
    good &= mapFile(params, files.params.emplace(), diagnostics);
  else if (path.epoch)
    good = failEpoch(file, getPrefix(file), *path.epoch, diagnostics);
  return good;
}

//===----------------------------------------------------------------------===//
// Folders and archives
//===----------------------------------------------------------------------===//

/// Chooses the symbol among the members of \p folder.
static std::string chooseSymbol(const ModelFolder &folder,
                                DiagnosticList &diagnostics) {
  const Manifest &manifest = folder.manifest();
  if (!manifest.symbol.empty())
    return manifest.symbol;
  std::vector<std::string> symbols;
  for (const std::string &name : folder.names())
    if (endsWith(name, "-symbol.json"))
      symbols.push_back(name);
  std::string named = folder.root() + manifest.modelName + "-symbol.json";
  if (std::find(symbols.begin(), symbols.end(), named) != symbols.end())
    return named;
  if (symbols.size() == 1)
    return symbols.front();
  std::string what = "holds no model: no file's name ends in -symbol.json";
  if (!symbols.empty()) {
    what = "holds several models, give one of them:";
    for (const std::string &symbol : symbols)
      what += (symbol == symbols.front() ? " " : ", ") + symbol;
  }
  folder.fail(what, diagnostics);
  return "";
}

/// The weights in \p folder that belong to \p symbol.
static bool readParams(const ModelFolder &folder, const std::string &symbol,
                       const ModelPath &path, ModelFiles &files,
                       DiagnosticList &diagnostics) {
  if (!path.params.empty())
    return mapFile(path.params, files.params.emplace(), diagnostics);
  std::string name = path.epoch ? "" : folder.manifest().parameters;
  std::string prefix = getPrefix(symbol);
  if (name.empty())
    name = chooseParams(folder.names(), prefix, path.epoch);
  if (!name.empty())
    return folder.read(name, files.params.emplace(), diagnostics);
  if (path.epoch)
    return failEpoch(folder.name(), prefix, *path.epoch, diagnostics);
  return folder.fail("holds no weights for " + symbol + ": " + prefix +
                         "-NNNN.params is missing",
                     diagnostics);
}

static bool findInFolder(const ModelFolder &folder, const ModelPath &path,
                         ModelFiles &files, DiagnosticList &diagnostics) {
  std::string symbol = chooseSymbol(folder, diagnostics);
  return !symbol.empty() && folder.read(symbol, files.model, diagnostics) &&
         readParams(folder, symbol, path, files, diagnostics) &&
         folder.readSignature(files.inputs, diagnostics);
}

bool findModel(const ModelPath &path, ModelFiles &files,
               DiagnosticList &diagnostics) {
  std::error_code error;
  bool isFolder = fs::is_directory(path.path, error);
  if (isFolder || !fs::exists(path.path, error))
    if (std::string symbol = path.path + "-symbol.json";
        fs::exists(symbol, error))
      return findFile(symbol, path, files, diagnostics);
  if (!isFolder && !isArchive(path.path))
    return findFile(path.path, path, files, diagnostics);
  std::unique_ptr<ModelFolder> folder =
      ModelFolder::open(path.path, diagnostics);
  return folder && findInFolder(*folder, path, files, diagnostics);
}

} // namespace dlc::tool
