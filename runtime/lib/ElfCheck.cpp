// SPDX-License-Identifier: Apache-2.0
// Checks of ELF headers against the size of the file.
#include "runtime/lib/ElfCheck.h"

#include "runtime/core/Status.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlc::runtime;

#if defined(__x86_64__)
static constexpr uint16_t kMachine = EM_X86_64;
static constexpr const char *kMachineName = "x86-64";
#elif defined(__aarch64__)
static constexpr uint16_t kMachine = EM_AARCH64;
static constexpr const char *kMachineName = "AArch64";
#endif

namespace {
/// An open file that is closed at the end of the scope.
class File {
public:
  explicit File(const char *path)
      : descriptor(open(path, O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor >= 0)
      close(descriptor);
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;

  bool isOpen() const { return descriptor >= 0; }

  bool getStatus(struct stat &status) const {
    return fstat(descriptor, &status) == 0;
  }

  /// Reads all \p size bytes at \p offset.
  bool readAt(uint64_t offset, void *data, size_t size) const {
    return pread(descriptor, data, size, off_t(offset)) == ssize_t(size);
  }

private:
  int descriptor;
};
} // namespace

static dlc_status checkHeader(const char *path, const Elf64_Ehdr &header) {
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return fail(DLC_ERROR_ARTIFACT, "%s: not a compiled model", path);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine)
    return fail(DLC_ERROR_ARTIFACT, "%s: not made for this machine (%s)", path,
                kMachineName);
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    return fail(DLC_ERROR_ARTIFACT, "%s: not a shared object", path);
  return DLC_OK;
}

dlc_status dlc::runtime::checkSharedObject(const char *path) {
  File file(path);
  struct stat status;
  if (!file.isOpen() || !file.getStatus(status))
    return fail(DLC_ERROR_IO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(status.st_mode))
    return fail(DLC_ERROR_IO, "%s: not a regular file", path);
  uint64_t size = uint64_t(status.st_size);
  Elf64_Ehdr header;
  if (!file.readAt(0, &header, sizeof header))
    return fail(DLC_ERROR_ARTIFACT, "%s: not a compiled model", path);
  if (dlc_status failure = checkHeader(path, header))
    return failure;

  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t end;
    if (__builtin_add_overflow(header.e_phoff, i * sizeof segment, &end) ||
        !file.readAt(end, &segment, sizeof segment) ||
        __builtin_add_overflow(segment.p_offset, segment.p_filesz, &end) ||
        end > size)
      return fail(DLC_ERROR_ARTIFACT, "%s: the file is cut short", path);
  }
  // Section headers come last: a file without them lost its end.
  uint64_t sectionsEnd;
  if (__builtin_add_overflow(header.e_shoff,
                             uint64_t(header.e_shnum) * sizeof(Elf64_Shdr),
                             &sectionsEnd) ||
      sectionsEnd > size)
    return fail(DLC_ERROR_ARTIFACT, "%s: the file is cut short", path);
  return DLC_OK;
}
