// SPDX-License-Identifier: Apache-2.0
// Walks the program and section headers of an ELF file.
#include "tools/dlc/Elf.h"

#include <cstring>
#include <elf.h>
#include <fstream>

using namespace dlc::tool;

#if defined(__x86_64__)
static constexpr unsigned hostMachine = EM_X86_64;
#elif defined(__aarch64__)
static constexpr unsigned hostMachine = EM_AARCH64;
#else
#error "add the ELF machine number of this processor"
#endif

static std::string machineName(unsigned machine) {
  switch (machine) {
  case EM_X86_64:
    return "x86-64";
  case EM_AARCH64:
    return "AArch64";
  case EM_RISCV:
    return "RISC-V";
  default:
    return "ELF machine " + std::to_string(machine);
  }
}

/// Copies entry \p index of a table at \p offset, or returns nothing where it
/// lies outside \p bytes.
template <typename T>
static std::optional<T> entry(std::string_view bytes, uint64_t offset,
                              uint64_t index = 0) {
  uint64_t start;
  if (__builtin_mul_overflow(index, sizeof(T), &start) ||
      __builtin_add_overflow(start, offset, &start) || start > bytes.size() ||
      bytes.size() - start < sizeof(T))
    return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + start, sizeof(T));
  return value;
}

static bool contains(std::string_view bytes, uint64_t offset, uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

bool ElfFile::isElf(const std::string &path) {
  char magic[SELFMAG] = {};
  std::ifstream stream(path, std::ios::binary);
  stream.read(magic, SELFMAG);
  return stream && std::memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/// Whether all that the program headers load lies within the file.
static bool hasWholeSegments(std::string_view bytes, const Elf64_Ehdr &header) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    auto segment = entry<Elf64_Phdr>(bytes, header.e_phoff, i);
    if (!segment || !contains(bytes, segment->p_offset, segment->p_filesz))
      return false;
  }
  return true;
}

static bool hasWholeSections(std::string_view bytes, const Elf64_Ehdr &header) {
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    auto section = entry<Elf64_Shdr>(bytes, header.e_shoff, i);
    if (!section || (section->sh_type != SHT_NOBITS &&
                     !contains(bytes, section->sh_offset, section->sh_size)))
      return false;
  }
  return true;
}

bool ElfFile::open(const std::string &path, std::string &error) {
  if (!file.open(path, error))
    return false;
  std::string_view bytes = file.bytes();
  if (bytes.substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG)) {
    error = "is not an artifact: it is no ELF file";
    return false;
  }
  auto header = entry<Elf64_Ehdr>(bytes, 0);
  if (!header) {
    error = "is cut off";
    return false;
  }
  if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_type != ET_DYN ||
      header->e_phentsize != sizeof(Elf64_Phdr) ||
      (header->e_shnum && header->e_shentsize != sizeof(Elf64_Shdr))) {
    error = "is not an artifact: it is no 64-bit shared object";
    return false;
  }
  if (!hasWholeSegments(bytes, *header) || !hasWholeSections(bytes, *header)) {
    error = "is cut off or damaged: it is shorter than its headers say";
    return false;
  }
  return true;
}

std::optional<std::string_view> ElfFile::section(std::string_view name) const {
  std::string_view bytes = file.bytes();
  auto header = entry<Elf64_Ehdr>(bytes, 0);
  auto names = entry<Elf64_Shdr>(bytes, header->e_shoff, header->e_shstrndx);
  if (!names || header->e_shstrndx >= header->e_shnum ||
      names->sh_type == SHT_NOBITS)
    return std::nullopt;
  std::string_view strings = bytes.substr(names->sh_offset, names->sh_size);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    auto section = entry<Elf64_Shdr>(bytes, header->e_shoff, i);
    if (section->sh_type == SHT_NOBITS || section->sh_name >= strings.size())
      continue;
    std::string_view rest = strings.substr(section->sh_name);
    if (rest.substr(0, rest.find('\0')) == name)
      return bytes.substr(section->sh_offset, section->sh_size);
  }
  return std::nullopt;
}

bool ElfFile::isForThisMachine(std::string &error) const {
  unsigned machine = entry<Elf64_Ehdr>(file.bytes(), 0)->e_machine;
  if (machine == hostMachine)
    return true;
  error = "is compiled for " + machineName(machine) + ", but this machine is " +
          machineName(hostMachine);
  return false;
}

std::optional<std::string_view> ElfFile::metadata() const {
  auto text = section(".dlc.meta");
  if (text)
    while (!text->empty() && text->back() == '\0')
      text->remove_suffix(1);
  return text;
}
