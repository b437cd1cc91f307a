// SPDX-License-Identifier: Apache-2.0
// Maps inputs; writes outputs under a temporary name and renames them.
#include "tools/npz/File.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::npz;

InputFile::~InputFile() {
  if (mapping)
    munmap(mapping, view.size());
}

bool InputFile::readAll(int descriptor) {
  char buffer[1 << 16];
  for (;;) {
    ssize_t count = ::read(descriptor, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    if (count == 0)
      break;
    content.append(buffer, static_cast<size_t>(count));
  }
  view = content;
  return true;
}

bool InputFile::open(const std::string &path, std::string &error) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  bool good = descriptor >= 0 && fstat(descriptor, &status) == 0;
  if (good && S_ISREG(status.st_mode)) {
    size_t size = static_cast<size_t>(status.st_size);
    void *address =
        size ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
             : nullptr;
    good = address != MAP_FAILED;
    if (good && size) {
      mapping = address;
      view = {static_cast<const char *>(address), size};
    }
  } else if (good) {
    good = readAll(descriptor);
  }
  if (!good)
    error = std::string("can't be read: ") + std::strerror(errno);
  if (descriptor >= 0)
    ::close(descriptor);
  return good;
}

OutputFile::OutputFile(std::string where) : path(std::move(where)) {
  struct stat status;
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    failure = EISDIR;
    return;
  }
  int flags = O_WRONLY | O_CLOEXEC;
  std::string target = path;
  if (!exists || S_ISREG(status.st_mode)) {
    target = path + ".tmp" + std::to_string(getpid());
    flags |= O_CREAT | O_TRUNC;
  }
  descriptor = ::open(target.c_str(), flags, 0666);
  if (descriptor < 0)
    failure = errno;
  else if (target != path)
    temporary = target;
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void OutputFile::write(std::string_view bytes) {
  while (!failure && !bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0)
      bytes.remove_prefix(static_cast<size_t>(count));
    else if (errno != EINTR)
      failure = errno;
  }
}

bool OutputFile::commit(std::string &error) {
  // Some file systems report a full disk only here.
  if (descriptor >= 0 && ::close(descriptor) != 0 && !failure)
    failure = errno;
  descriptor = -1;
  if (!failure && !temporary.empty() &&
      std::rename(temporary.c_str(), path.c_str()) != 0)
    failure = errno;
  if (failure) {
    error = std::string("can't be written: ") + std::strerror(failure);
    return false;
  }
  temporary.clear();
  return true;
}
