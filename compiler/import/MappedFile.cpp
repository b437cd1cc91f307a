// SPDX-License-Identifier: Apache-2.0
// Maps regular files and reads everything else.
#include "compiler/import/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dlc {

static bool readAll(int descriptor, std::string &content) {
  char chunk[65536];
  while (true) {
    ssize_t count = read(descriptor, chunk, sizeof chunk);
    if (count == 0)
      return true;
    if (count > 0)
      content.append(chunk, count);
    else if (errno != EINTR)
      return false;
  }
}

std::shared_ptr<const MappedFile>
MappedFile::open(const std::string &path, DiagnosticList &diagnostics) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  auto fail = [&](int error) {
    diagnostics.add(DiagnosticCode::UnreadableFile, {path, "", "", -1},
                    std::string("can't be read: ") + std::strerror(error));
    if (descriptor >= 0)
      ::close(descriptor);
    return nullptr;
  };
  if (descriptor < 0)
    return fail(errno);
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return fail(errno);

  std::shared_ptr<MappedFile> file(new MappedFile);
  if (S_ISREG(status.st_mode) && status.st_size > 0) {
    size_t size = static_cast<size_t>(status.st_size);
    void *base = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (base == MAP_FAILED)
      return fail(errno);
    file->mapping = base;
    file->view = std::string_view(static_cast<const char *>(base), size);
  } else {
    if (!readAll(descriptor, file->content))
      return fail(errno);
    file->view = file->content;
  }
  ::close(descriptor);
  return file;
}

MappedFile::~MappedFile() {
  if (mapping)
    munmap(mapping, view.size());
}

} // namespace dlc
