// SPDX-License-Identifier: Apache-2.0
// An entry of the cache is an artifact with a trailer that no loader reads: the
// hash of all before it. Entries appear whole, by renaming, are never changed
// and may go at any time, so processes need no locks.
#include "tools/predict/ModelCache.h"

#include "compiler/OutputFile.h"
#include "tools/dlc/CacheFolder.h"
#include "tools/dlc/CompilerLibrary.h"
#include "tools/dlc/Elf.h"
#include "tools/predict/CacheSize.h"
#include "tools/predict/SharedTable.h"

#include <climits>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace dlc::predict {

//===----------------------------------------------------------------------===//
// The names of entries
//===----------------------------------------------------------------------===//

namespace {
/// The compiler's library, which lies beside this one.
struct Compiler {
  std::string folder, path, identity;
};
} // namespace

/// What changes whenever the library does.
static std::string getIdentity(const std::string &library) {
  tool::ElfFile file;
  std::string error;
  if (file.open(library, error))
    if (auto id = file.section(".note.gnu.build-id"))
      return std::string(*id);
  struct stat status = {};
  stat(library.c_str(), &status);
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtime);
}

static const Compiler &getCompiler() {
  static const Compiler compiler = [] {
    Compiler found;
    Dl_info self;
    char resolved[PATH_MAX];
    if (dladdr(reinterpret_cast<void *>(&getIdentity), &self) &&
        realpath(self.dli_fname, resolved))
      found.folder = fs::path(resolved).parent_path().string() + "/";
    found.path = tool::findCompiler(found.folder);
    if (!found.path.empty())
      found.identity = getIdentity(found.path);
    return found;
  }();
  return compiler;
}

/// Describes the CPU: which code it runs and which it runs best.
static const std::string &getCpuIdentity() {
  static const std::string identity = [] {
    std::ifstream file("/proc/cpuinfo");
    std::string text, line;
    // Those of the first CPU; an empty line ends it.
    while (std::getline(file, line) && !line.empty())
      for (std::string_view key :
           {"vendor_id", "cpu family", "model", "flags", "CPU ", "Features"})
        if (line.compare(0, key.size(), key) == 0)
          text += line + "\n";
    return text;
  }();
  return identity;
}

/// The CPU to compile for: what DLC_CPU, which the runtime obeys too, hides is
/// not used.
static std::string getCpu() {
  const char *named = std::getenv("DLC_CPU");
  return named && *named ? named : "native";
}

static Hash makeKey(const ModelRequest &request) {
  Hasher hasher;
  auto add = [&](const std::string &text) {
    hasher.add(std::to_string(text.size()) + ":");
    hasher.add(text);
  };
  add("entry 1 of dlc " DLC_VERSION);
  add(getCompiler().identity);
  add(getCpuIdentity());
  add(getCpu());
  add(request.source->hash().getText());
  for (const InputOption &input : request.inputs) {
    add(input.name);
    std::string shape =
        input.type ? std::string(getElementName(*input.type)) : "";
    for (const InputDim &dim : input.shape)
      shape += "," + std::to_string(dim.size);
    add(shape);
  }
  add(request.withInternals ? "internals" : "outputs");
  for (const std::string &output : request.outputs)
    add(output);
  return hasher.finish();
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

namespace {
/// Ends an entry.
struct Trailer {
  char magic[8];
  uint64_t sizeBytes;
  Hash hash;
};
} // namespace

static Trailer makeTrailer(uint64_t sizeBytes, const Hash &hash) {
  return {{'d', 'l', 'c', 'e', 'n', 't', 'r', 'y'}, sizeBytes, hash};
}

/// Whether the file is an entry, undamaged, that nobody else could have put
/// there: its code is going to run.
static bool isWhole(const std::string &path) {
  struct stat status;
  npz::InputFile file;
  std::string error;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      (status.st_uid != geteuid() && status.st_uid != 0) ||
      (status.st_mode & S_IWOTH) || !file.open(path, error))
    return false;
  std::string_view bytes = file.bytes();
  if (bytes.size() < sizeof(Trailer))
    return false;
  size_t size = bytes.size() - sizeof(Trailer);
  Trailer want = makeTrailer(size, hashBytes(bytes.substr(0, size)));
  return std::memcmp(bytes.data() + size, &want, sizeof want) == 0;
}

static std::shared_ptr<const tool::Artifact> load(const std::string &path,
                                                  std::string &error) {
  auto artifact = std::make_shared<tool::Artifact>();
  if (artifact->load(path, error))
    return artifact;
  error = path + ": " + error;
  return nullptr;
}

namespace {
/// What came of compiling a model to a file.
enum class Written { Yes, No, BadModel };
} // namespace

static CompileOptions makeOptions(const ModelRequest &request) {
  CompileOptions options;
  // Here the model is going to run: what can't fit is refused.
  long pages = sysconf(_SC_PHYS_PAGES), pageBytes = sysconf(_SC_PAGESIZE);
  if (pages > 0 && pageBytes > 0)
    options.import.memoryLimit = int64_t(pages) * pageBytes;
  options.model = request.source->symbol();
  options.params = request.source->params();
  options.import.inputs = request.inputs;
  options.import.outputs = request.outputs;
  options.import.withInternals = request.withInternals;
  options.cpus = {getCpu()};
  return options;
}

/// Compiles to the entry \p path.
static Written writeEntry(const ModelRequest &request, const std::string &path,
                          std::string &error) {
  const CompilerApi *compiler = tool::openCompiler(getCompiler().path, error);
  if (!compiler)
    return Written::BadModel;
  OutputFile file(path);
  Hasher hasher;
  uint64_t size = 0;
  bool isWritten = file.isOpen();
  CompileOptions options = makeOptions(request);
  options.onOutput = [&](std::string_view bytes) {
    hasher.add(bytes);
    size += bytes.size();
    return isWritten = file.write(bytes);
  };
  if (isWritten) {
    // On a thread of its own: a program's may have little stack.
    CompileResult result =
        std::async(std::launch::async, compiler->compile, options).get();
    if (isWritten && !result.diagnostics.empty()) {
      error = getFirst(result.diagnostics);
      return Written::BadModel;
    }
  }
  Trailer trailer = makeTrailer(size, hasher.finish());
  file.write({reinterpret_cast<const char *>(&trailer), sizeof trailer});
  DiagnosticList diagnostics;
  if (file.commit(diagnostics)) {
    std::error_code ignored;
    fs::permissions(path, fs::perms::group_write | fs::perms::others_write,
                    fs::perm_options::remove, ignored);
    return Written::Yes;
  }
  error = getFirst(diagnostics);
  return Written::No;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

namespace {
/// A folder of our own for one file, removed with the object.
class TemporaryFolder {
public:
  TemporaryFolder() {
    const char *parent = std::getenv("TMPDIR");
    folder = std::string(parent && *parent ? parent : "/tmp") + "/dlc-XXXXXX";
    isMade = mkdtemp(folder.data()) != nullptr;
  }
  ~TemporaryFolder() {
    if (!isMade)
      return;
    unlink(file().c_str());
    rmdir(folder.c_str());
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::string file() const { return folder + "/model.so"; }

private:
  std::string folder;
  bool isMade;
};
} // namespace

/// The folder of the entries, made if it can be; "" where there is none.
static std::string getEntriesFolder() {
  std::string folder = tool::getCacheFolder();
  if (folder.empty())
    return "";
  folder += "/predict";
  std::error_code error;
  if (!fs::is_directory(folder, error) && fs::create_directories(folder, error))
    fs::permissions(folder, fs::perms::owner_all, error);
  return folder;
}

static std::shared_ptr<const tool::Artifact>
findOrCompile(const ModelRequest &request, const Hash &key,
              std::string &error) {
  std::string folder = getEntriesFolder();
  int64_t limit;
  if (!getCacheSize(limit, error))
    return nullptr;
  if (!folder.empty()) {
    std::string path = folder + "/" + key.getText() + ".so", ignored;
    if (isWhole(path))
      if (auto model = load(path, ignored)) {
        markUsed(path);
        return model;
      }
    Written written = writeEntry(request, path, error);
    if (written == Written::BadModel)
      return nullptr;
    if (written == Written::Yes)
      pruneEntries(folder, path, limit);
    // No code may come from some file systems.
    if (written == Written::Yes)
      if (auto model = load(path, ignored))
        return model;
  }
  TemporaryFolder temporary;
  return writeEntry(request, temporary.file(), error) == Written::Yes
             ? load(temporary.file(), error)
             : nullptr;
}

std::shared_ptr<const tool::Artifact> getModel(const ModelRequest &request,
                                               std::string &error) {
  // Never destroyed: predictors may be freed while the process ends.
  static auto &table = *new SharedTable<const tool::Artifact>();
  if (getCompiler().path.empty()) {
    error = "libdlc_compiler.so is missing: it belongs into " +
            getCompiler().folder;
    return nullptr;
  }
  Hash key = makeKey(request);
  return table.get(key, [&] { return findOrCompile(request, key, error); });
}

} // namespace dlc::predict
