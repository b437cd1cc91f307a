// SPDX-License-Identifier: Apache-2.0
// Finds and opens libdlc_compiler.so.
#include "tools/dlc/CompilerLibrary.h"

#include <climits>
#include <dlfcn.h>
#include <unistd.h>

/// The folder of this program, with a slash at its end.
static std::string programFolder() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  std::string text(path, length > 0 ? static_cast<size_t>(length) : 0);
  return text.substr(0, text.rfind('/') + 1);
}

std::string dlc::tool::findCompiler(const std::string &folder) {
  for (const char *name : {"../lib/libdlc_compiler.so", "libdlc_compiler.so"})
    if (std::string path = folder + name; access(path.c_str(), R_OK) == 0)
      return path;
  return "";
}

const dlc::CompilerApi *dlc::tool::openCompiler(const std::string &path,
                                                std::string &error) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  auto entry = library ? reinterpret_cast<const CompilerApi *(*)()>(
                             dlsym(library, "dlc_compiler_api_v1"))
                       : nullptr;
  if (entry)
    return entry();
  error = dlerror();
  return nullptr;
}

const dlc::CompilerApi *dlc::tool::openCompiler(std::string &error) {
  std::string folder = programFolder(), path = findCompiler(folder);
  if (!path.empty())
    return openCompiler(path, error);
  error = "libdlc_compiler.so is missing: it belongs into " + folder + "../lib";
  return nullptr;
}
