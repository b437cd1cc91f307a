// SPDX-License-Identifier: Apache-2.0
// Tables of dlc/abi.h as assembly text.
#ifndef DLC_CODEGEN_ARTIFACT_TABLEWRITER_H
#define DLC_CODEGEN_ARTIFACT_TABLEWRITER_H

#include "codegen/artifact/Spec.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

namespace dlc::artifact {

/// Writes directives, each with the name of the field behind it, in a comment
/// of the kind that every assembler of LLVM's knows.
class TableWriter {
public:
  explicit TableWriter(llvm::raw_ostream &os) : os(os) {}

  /// Labels from here on are those of the model \p prefix.
  void startModel(const llvm::Twine &prefix) {
    labelPrefix = ".L" + prefix.str();
  }
  /// The label of a table of the model that is being written.
  std::string label(const llvm::Twine &table) const {
    return labelPrefix + table.str();
  }

  /// Starts a table in the section for data with or without pointers.
  void table(llvm::StringRef label, bool hasPointers) {
    os << (hasPointers ? "\n\t.section .data.rel.ro,\"aw\",@progbits\n"
                       : "\n\t.section .rodata,\"a\",@progbits\n")
       << "\t.p2align 3\n"
       << label << ":\n";
  }
  void quad(const llvm::Twine &value, llvm::StringRef field) {
    os << "\t.quad " << value << "\t// " << field << '\n';
  }
  void word(uint32_t value, llvm::StringRef field) {
    os << "\t.long " << value << "\t// " << field << '\n';
  }
  void byte(uint8_t value, llvm::StringRef field) {
    os << "\t.byte " << unsigned(value) << "\t// " << field << '\n';
  }
  void half(uint16_t value, llvm::StringRef field) {
    os << "\t.2byte " << value << "\t// " << field << '\n';
  }
  void zeros(size_t bytes, llvm::StringRef field) {
    os << "\t.zero " << bytes << "\t// " << field << '\n';
  }
  void real(double value, llvm::StringRef field) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    quad("0x" + llvm::Twine::utohexstr(bits), field);
  }
  /// A pointer to a string of the string table.
  void string(llvm::StringRef value, llvm::StringRef field) {
    quad(".Lstring" + llvm::Twine(stringNumber(value)), field);
  }
  /// A pointer to a table, null where it has no entries.
  void pointer(llvm::StringRef label, bool isNull, llvm::StringRef field) {
    quad(isNull ? "0" : label, field);
  }

  /// Writes a table of \p numbers of sizes. \returns false, and writes nothing,
  /// where all are 0.
  bool numbers(llvm::StringRef name, llvm::ArrayRef<SizeNumber> numbers);

  /// Writes \p data to the section \p section; a text with a zero behind it.
  void bytes(llvm::StringRef section, llvm::StringRef label,
             llvm::StringRef data, bool isText);

  /// Writes the strings collected so far, each once.
  void writeStrings();

private:
  unsigned stringNumber(llvm::StringRef value) {
    auto [it, isNew] = stringNumbers.try_emplace(value, strings.size());
    if (isNew)
      strings.push_back(it->first());
    return it->second;
  }

  llvm::raw_ostream &os;
  std::string labelPrefix = ".L";
  llvm::StringMap<unsigned> stringNumbers;
  std::vector<llvm::StringRef> strings;
};

/// Writes \p text between quotes, with everything but plain ASCII as an octal
/// escape.
void writeQuoted(llvm::raw_ostream &os, llvm::StringRef text);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_TABLEWRITER_H
