// SPDX-License-Identifier: Apache-2.0
// Writes a temporary file and renames it.
#include "compiler/OutputFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dlc {

OutputFile::OutputFile(std::string where, bool executable)
    : path(std::move(where)) {
  if (path == "-") {
    descriptor = dup(STDOUT_FILENO);
    error = descriptor < 0 ? errno : 0;
    return;
  }
  struct stat status;
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    error = EISDIR;
    return;
  }
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    error = descriptor < 0 ? errno : 0;
    return;
  }
  temporary = path + ".tmp" + std::to_string(getpid());
  descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
             executable ? 0777 : 0666);
  if (descriptor < 0) {
    error = errno;
    temporary.clear();
  }
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

bool OutputFile::write(std::string_view bytes) {
  while (!error && !bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<size_t>(count));
    else if (errno != EINTR)
      error = errno;
  }
  return !error;
}

bool OutputFile::commit(DiagnosticList &diagnostics) {
  // Some file systems report a full disk only here.
  if (descriptor >= 0 && ::close(descriptor) != 0 && !error)
    error = errno;
  descriptor = -1;
  if (!error && !temporary.empty() &&
      std::rename(temporary.c_str(), path.c_str()) != 0)
    error = errno;
  if (!error) {
    temporary.clear();
    return true;
  }
  return diagnostics.add(DiagnosticCode::UnwritableFile, {path, "", "", -1},
                         std::string("can't be written: ") +
                             std::strerror(error));
}

bool writeFile(const std::string &path, std::string_view bytes,
               DiagnosticList &diagnostics, bool executable) {
  OutputFile file(path, executable);
  file.write(bytes);
  return file.commit(diagnostics);
}

} // namespace dlc
