// SPDX-License-Identifier: Apache-2.0
// The data object: an ELF file with one data section, written by hand. Layout:
// file header, padding, the data, symbol table, string tables, section headers.
#include "codegen/artifact/DataObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <cstring>

using namespace llvm;
using namespace dlc::artifact;

/// Section header indices.
enum { kNull, kData, kSymtab, kStrtab, kShstrtab, kGnuStack, kNumSections };

/// A string table under construction; offset 0 is the empty string.
class StringTable {
public:
  uint32_t add(StringRef string) {
    uint32_t offset = bytes.size();
    bytes += string.str() + '\0';
    return offset;
  }
  std::string bytes = std::string(1, '\0');
};

/// The bytes of \p value, an ELF structure, in host (little-endian) order.
template <typename T>
static StringRef rawBytes(const T &value) {
  return StringRef(reinterpret_cast<const char *>(&value), sizeof(T));
}

static ELF::Elf64_Ehdr makeFileHeader(uint16_t machine, uint64_t tableOffset) {
  ELF::Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = machine;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = tableOffset;
  header.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = kNumSections;
  header.e_shstrndx = kShstrtab;
  return header;
}

static Error checkChunks(const DataSection &section) {
  uint64_t position = 0;
  for (const DataChunk &chunk : section.chunks) {
    if (chunk.offset < position || chunk.bytes.size() > section.size ||
        chunk.offset > section.size - chunk.bytes.size())
      return createStringError("data at offset " + Twine(chunk.offset) +
                               " overlaps or exceeds section " + section.name);
    position = chunk.offset + chunk.bytes.size();
  }
  return Error::success();
}

static void writeData(raw_ostream &os, const DataSection &section) {
  uint64_t position = 0;
  for (const DataChunk &chunk : section.chunks) {
    os.write_zeros(chunk.offset - position);
    os.write(chunk.bytes.data(), chunk.bytes.size());
    position = chunk.offset + chunk.bytes.size();
  }
  // write_zeros counts in unsigned.
  for (uint64_t rest = section.size - position; rest > 0;) {
    unsigned step = std::min<uint64_t>(rest, 1u << 30);
    os.write_zeros(step);
    rest -= step;
  }
}

Error dlc::artifact::writeDataObject(StringRef path, StringRef tripleName,
                                     const DataSection &section) {
  Triple triple(tripleName);
  if (!triple.isOSBinFormatELF() || !triple.isArch64Bit() ||
      !triple.isLittleEndian())
    return createStringError("no 64-bit little-endian ELF target: " +
                             tripleName);
  if (Error error = checkChunks(section))
    return error;
  bool isX86 = triple.getArch() == Triple::x86_64;
  uint64_t dataOffset = alignTo(sizeof(ELF::Elf64_Ehdr), section.alignment);
  uint64_t symtabOffset = alignTo(dataOffset + section.size, 8);

  StringTable strings;
  ELF::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = strings.add(section.symbol);
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_other = ELF::STV_HIDDEN;
  symbols[1].st_shndx = kData;
  symbols[1].st_size = section.size;

  StringTable names;
  ELF::Elf64_Shdr headers[kNumSections] = {};
  auto describe = [&](unsigned index, StringRef name, uint32_t type,
                      uint64_t offset, uint64_t size, uint64_t alignment) {
    ELF::Elf64_Shdr &header = headers[index];
    header.sh_name = names.add(name);
    header.sh_type = type;
    header.sh_offset = offset;
    header.sh_size = size;
    header.sh_addralign = alignment;
  };
  describe(kData, section.name, ELF::SHT_PROGBITS, dataOffset, section.size,
           section.alignment);
  headers[kData].sh_flags =
      ELF::SHF_ALLOC | (isX86 ? uint64_t(ELF::SHF_X86_64_LARGE) : 0);
  describe(kSymtab, ".symtab", ELF::SHT_SYMTAB, symtabOffset, sizeof(symbols),
           8);
  headers[kSymtab].sh_link = kStrtab;
  headers[kSymtab].sh_info = 1; // the first global symbol
  headers[kSymtab].sh_entsize = sizeof(ELF::Elf64_Sym);
  uint64_t strtabOffset = symtabOffset + sizeof(symbols);
  describe(kStrtab, ".strtab", ELF::SHT_STRTAB, strtabOffset,
           strings.bytes.size(), 1);
  uint64_t shstrtabOffset = strtabOffset + strings.bytes.size();
  describe(kGnuStack, ".note.GNU-stack", ELF::SHT_PROGBITS, shstrtabOffset, 0,
           1);
  describe(kShstrtab, ".shstrtab", ELF::SHT_STRTAB, shstrtabOffset, 0, 1);
  headers[kShstrtab].sh_size = names.bytes.size();
  uint64_t tableOffset = alignTo(shstrtabOffset + names.bytes.size(), 8);

  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::OF_None);
  if (code)
    return createFileError(path, code);
  os << rawBytes(
      makeFileHeader(isX86 ? ELF::EM_X86_64 : ELF::EM_AARCH64, tableOffset));
  os.write_zeros(dataOffset - os.tell());
  writeData(os, section);
  os.write_zeros(symtabOffset - os.tell());
  os << rawBytes(symbols) << strings.bytes << names.bytes;
  os.write_zeros(tableOffset - os.tell());
  os << rawBytes(headers);
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return createFileError(path, code);
  }
  return Error::success();
}
