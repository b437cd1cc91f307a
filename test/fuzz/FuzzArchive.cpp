// SPDX-License-Identifier: Apache-2.0
// Any bytes as the archive of a model server. What does not begin as a zip file
// is made one: names and contents of its members in turn, separated by bytes of
// ones, which no name has. The archive is refused with a diagnostic, or holds
// a symbol and weights, which are imported.
#include "test/fuzz/CheckImport.h"
#include "tools/dlc/ModelFolder.h"
#include "tools/dlc/ModelPath.h"
#include "tools/npz/Zip.h"

#include <cstdlib>
#include <unistd.h>

using namespace dlc;

/// A file of this process in memory, where there is such a place.
static std::string makePath() {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  return std::string(folder) + "/dlc-fuzz-" + std::to_string(getpid()) + ".mar";
}

static bool write(const std::string &path, std::string_view bytes) {
  std::string error;
  if (bytes.substr(0, 2) == "PK") {
    npz::OutputFile file(path);
    file.write(bytes);
    return file.commit(error);
  }
  npz::ZipWriter archive(path);
  while (!bytes.empty()) {
    auto take = [&] {
      std::string_view part = bytes.substr(0, bytes.find('\xff'));
      bytes.remove_prefix(std::min(bytes.size(), part.size() + 1));
      return part;
    };
    std::string name(take());
    archive.add(name, {}, take());
  }
  return archive.commit(error);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::string path = makePath();
  if (!write(path, {reinterpret_cast<const char *>(data), size}))
    std::abort();
  tool::ModelFiles files;
  DiagnosticList diagnostics;
  bool good = tool::findModel({path, "", {}}, files, diagnostics);
  unlink(path.c_str());
  if (good != diagnostics.empty() || diagnostics.hasInternalError() ||
      (good && !files.params))
    std::abort();
  // All of what was found is there: copies read every byte.
  if (good && (std::string(files.model.bytes).size() +
                   std::string(files.params->bytes).size() !=
               files.model.bytes.size() + files.params->bytes.size()))
    std::abort();
  for (const InputOption &input : files.inputs)
    for (const InputDim &dim : input.shape)
      if (dim.size < 1)
        std::abort();
  if (good) {
    ImportOptions options;
    options.inputs = files.inputs;
    fuzz::checkImport(files.model, &*files.params, std::move(options));
  }
  return 0;
}
