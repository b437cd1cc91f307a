// SPDX-License-Identifier: Apache-2.0
// `dlc verify --bisect`: finds what makes a compiled model's answers wrong.
#include "tools/dlc/Bisect.h"

#include "compiler/Compile.h"
#include "tools/dlc/Commands.h"
#include "tools/dlc/CompileFlags.h"
#include "tools/dlc/CompilerLibrary.h"
#include "tools/dlc/Inputs.h"
#include "tools/npz/Npz.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace fs = std::filesystem;

namespace dlc::tool {

namespace {
/// A folder that goes with everything in it.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "dlc-XXXXXX").string();
    if (!error && mkdtemp(name.data()))
      path = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (!path.empty())
      fs::remove_all(path, error);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string path; ///< empty where it could not be made
};
} // namespace

/// The shapes of the model's inputs are those of their values.
static bool addInputs(const std::string &io, ModelFlags &flags,
                      std::string &error) {
  npz::Reader archive;
  if (!archive.open(io, error))
    return false;
  for (const std::string &key : archive.names()) {
    size_t colon = key.find(':');
    std::string kind = colon == key.npos ? "in" : key.substr(0, colon);
    if (kind != "in" && kind != "aux")
      continue;
    auto array = archive.read(key, error);
    if (!array)
      return false;
    std::string name = colon == key.npos ? key : key.substr(colon + 1);
    std::string shape =
        array->shape.empty() ? "" : npz::shapeText(array->shape);
    flags.inputs.push_back(name + "=" + shape + ":" +
                           npz::dtypeName(array->dtype));
  }
  return true;
}

static void printRows(const BisectResult &result) {
  size_t width = 0;
  for (const BisectResult::Row &row : result.rows)
    width = std::max(width, row.output.size());
  for (const BisectResult::Row &row : result.rows)
    std::printf("%s  %-11s  %-*s  max error %-11.4g limit %.4g\n",
                row.isRight ? "ok    " : "DIFFER", row.what.c_str(),
                static_cast<int>(width), row.output.c_str(), row.error,
                row.limit);
}

/// Writes the smallest wrong model to \p file, and its values beside it.
static bool writeModel(const BisectResult &result, const std::string &file,
                       std::string &error) {
  std::string text = result.model;
  if (!result.modelIo.empty()) {
    fs::path values = fs::path(file).replace_extension(".npz");
    size_t place = text.find("NAME.npz");
    if (place != text.npos)
      text.replace(place, 8, values.filename().string());
    std::error_code code;
    fs::copy_file(result.modelIo, values, fs::copy_options::overwrite_existing,
                  code);
    if (code) {
      error = code.message();
      return false;
    }
  }
  npz::OutputFile output(file);
  output.write(text);
  return output.commit(error);
}

int bisect(const BisectFlags &flags) {
  std::string error;
  const CompilerApi *compiler = openCompiler(error);
  if (!compiler)
    return badInput(flags.model.model, error);
  ModelFlags model = flags.model;
  if (!addInputs(flags.io, model, error))
    return badInput(flags.io, error);
  TemporaryFolder folder;
  if (folder.path.empty())
    return badInput("the folder for temporary files", "can't be written");
  BisectOptions options;
  DiagnosticList diagnostics;
  if (!readModelFlags(model, options.compile, diagnostics))
    return reportDiagnostics(diagnostics);
  options.compile.cpus = {"native"};
  options.io = flags.io;
  options.relative = flags.relative.value_or(options.relative);
  options.absolute = flags.absolute.value_or(options.absolute);
  options.folder = folder.path;
  options.run = runOnArchive;
  if (isatty(STDERR_FILENO))
    options.onProgress = [](const std::string &what) {
      std::fprintf(stderr, "\r\033[K%s", what.c_str());
    };
  BisectResult result = compiler->bisect(options);
  if (options.onProgress)
    std::fprintf(stderr, "\r\033[K");
  printRows(result);
  if (int status = reportDiagnostics(result.diagnostics))
    return status;
  if (result.pass.empty()) {
    std::printf("nothing is wrong: every pass keeps the model's values\n");
    return Done;
  }
  std::printf("wrong since %s", result.pass.c_str());
  if (!result.node.empty())
    std::printf(", first at node '%s' (%s)", result.node.c_str(),
                result.op.c_str());
  std::printf("\n");
  if (!result.model.empty()) {
    if (!writeModel(result, flags.output, error))
      return badInput(flags.output, error);
    std::printf("wrote %s: %s\n", flags.output.c_str(), result.summary.c_str());
  }
  return AnswerIsNo;
}

} // namespace dlc::tool
