// SPDX-License-Identifier: Apache-2.0
// The linker: lld behind two functions.
#include "codegen/artifact/Linker.h"

#include "codegen/artifact/Embedded.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <csignal>
#include <mutex>
#include <vector>

LLD_HAS_DRIVER(elf)

using namespace llvm;
using namespace dlc::artifact;

//===----------------------------------------------------------------------===//
// Temporary files
//===----------------------------------------------------------------------===//

Expected<TemporaryDirectory> TemporaryDirectory::create() {
  TemporaryDirectory directory;
  if (std::error_code code =
          sys::fs::createUniqueDirectory("dlc", directory.path))
    return createFileError("temporary directory", code);
  return directory;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!path.empty())
    sys::fs::remove_directories(path);
}

std::string TemporaryDirectory::file(StringRef name) const {
  SmallString<128> file(path);
  sys::path::append(file, name);
  return std::string(file);
}

Expected<std::string> TemporaryDirectory::write(StringRef name,
                                                StringRef bytes) const {
  std::string path = file(name);
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::OF_None);
  if (code)
    return createFileError(path, code);
  os << bytes;
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return createFileError(path, code);
  }
  return path;
}

//===----------------------------------------------------------------------===//
// Links
//===----------------------------------------------------------------------===//

namespace {
/// A stack for signal handlers while this thread links, if its own is small.
/// Else LLVM makes one for each thread that links and never frees it.
class SignalStack {
public:
  SignalStack() {
    // More than LLVM asks for.
    const size_t size = 2 * SIGSTKSZ + (128 << 10);
    sigaltstack(nullptr, &before);
    if (!(before.ss_flags & SS_DISABLE) && before.ss_size >= size)
      return;
    memory.resize(size);
    stack_t own = {};
    own.ss_sp = memory.data();
    own.ss_size = size;
    sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    if (!memory.empty())
      sigaltstack(&before, nullptr);
  }
  SignalStack(const SignalStack &) = delete;
  SignalStack &operator=(const SignalStack &) = delete;

private:
  stack_t before = {};
  std::vector<char> memory;
};
} // namespace

/// Runs lld with \p arguments. It has process-wide state, so links take turns.
static Error runLinker(ArrayRef<std::string> arguments) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  SmallVector<const char *> argv = {"ld.lld"};
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());

  // With crash recovery on, lld's fatal errors come back here instead of
  // ending the process. Afterwards signals belong to the program again: first
  // go the handlers that lld's temporary files had installed on top.
  SignalStack stack;
  CrashRecoveryContext::Enable();
  llvm::scope_exit disable([] {
    sys::unregisterHandlers();
    CrashRecoveryContext::Disable();
  });
  std::string message;
  raw_string_ostream os(message);
  lld::Result result =
      lld::lldMain(argv, nulls(), os, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError("cannot link: " + StringRef(message).trim());
  return Error::success();
}

/// A version script that exports \p exports only; no version is defined.
static std::string makeVersionScript(ArrayRef<StringRef> exports) {
  std::string script = "{\n";
  if (!exports.empty())
    script += "  global:\n";
  for (StringRef name : exports)
    script += "    " + name.str() + ";\n";
  return script + "  local: *;\n};\n";
}

Error dlc::artifact::linkSharedLibrary(StringRef triple,
                                       ArrayRef<std::string> objects,
                                       ArrayRef<StringRef> exports,
                                       StringRef output) {
  std::optional<EmbeddedFiles> embedded = getEmbeddedFiles(triple);
  if (!embedded)
    return createStringError("no runtime for " + triple);
  Expected<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory)
    return directory.takeError();
  std::vector<std::string> arguments = {
      "-shared",          "--gc-sections",   "--strip-all",
      "--hash-style=gnu", "--build-id=none", "--no-undefined",
      "--as-needed",      "--threads=1",     "--no-color-diagnostics",
      "-znoexecstack",    "-zrelro",         "-znow"};
  // Kernels of AArch64 have pages of up to 64 KiB.
  bool isX86 = Triple(triple).getArch() == Triple::x86_64;
  arguments.push_back(isX86 ? "-zmax-page-size=4096" : "-zmax-page-size=65536");
  arguments.insert(arguments.end(), {"-o", output.str()});

  std::pair<StringRef, std::string> script = {"exports",
                                              makeVersionScript(exports)};
  std::pair<StringRef, StringRef> files[] = {{script.first, script.second},
                                             {"core.a", embedded->core},
                                             {"libc.so.6", embedded->libc},
                                             {"libm.so.6", embedded->libm}};
  SmallVector<std::string> paths;
  for (auto [name, bytes] : files) {
    Expected<std::string> path = directory->write(name, bytes);
    if (!path)
      return path.takeError();
    paths.push_back(*path);
  }
  arguments.push_back("--version-script=" + paths[0]);
  // The exported functions are in the archive and nothing refers to them.
  for (StringRef name : exports)
    arguments.push_back("--undefined=" + name.str());
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  arguments.insert(arguments.end(), paths.begin() + 1, paths.end());
  return runLinker(arguments);
}

/// Makes every defined symbol of the object file \p input but \p exports local
/// and writes the result to \p output.
static Error localizeSymbols(StringRef input, ArrayRef<StringRef> exports,
                             StringRef output) {
  Expected<object::OwningBinary<object::ObjectFile>> object =
      object::ObjectFile::createObjectFile(input);
  if (!object)
    return object.takeError();
  objcopy::ConfigManager config;
  for (StringRef name : exports)
    if (Error error = config.Common.SymbolsToKeepGlobal.addMatcher(
            objcopy::NameOrPattern::create(name, objcopy::MatchStyle::Literal,
                                           [](Error error) { return error; })))
      return error;
  std::error_code code;
  raw_fd_ostream os(output, code, sys::fs::OF_None);
  if (code)
    return createFileError(output, code);
  Error error =
      objcopy::executeObjcopyOnBinary(config, *object->getBinary(), os);
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return joinErrors(std::move(error), createFileError(output, code));
  }
  return error;
}

Error dlc::artifact::linkRelocatable(ArrayRef<std::string> objects,
                                     ArrayRef<StringRef> exports,
                                     StringRef output) {
  Expected<TemporaryDirectory> directory = TemporaryDirectory::create();
  if (!directory)
    return directory.takeError();
  std::string joined = directory->file("joined.o");
  std::vector<std::string> arguments = {"-r",          "--build-id=none",
                                        "--threads=1", "--no-color-diagnostics",
                                        "-o",          joined};
  arguments.insert(arguments.end(), objects.begin(), objects.end());
  if (Error error = runLinker(arguments))
    return error;
  return localizeSymbols(joined, exports, output);
}
