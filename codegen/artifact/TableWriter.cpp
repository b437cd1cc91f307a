// SPDX-License-Identifier: Apache-2.0
// Tables of dlc/abi.h as assembly text.
#include "codegen/artifact/TableWriter.h"

using namespace llvm;
using namespace dlc::artifact;

void dlc::artifact::writeQuoted(raw_ostream &os, StringRef text) {
  os << '"';
  for (unsigned char c : text) {
    if (isPrint(c) && c != '"' && c != '\\')
      os << char(c);
    else
      os << '\\' << char('0' + (c >> 6)) << char('0' + ((c >> 3) & 7))
         << char('0' + (c & 7));
  }
  os << '"';
}

void TableWriter::bytes(StringRef section, StringRef label, StringRef data,
                        bool isText) {
  os << "\n\t.section " << section << ",\"a\",@progbits\n\t.p2align 6\n"
     << label << ":\n\t" << (isText ? ".asciz " : ".ascii ");
  writeQuoted(os, data);
  os << '\n';
}

void TableWriter::writeStrings() {
  os << "\n\t.section .rodata.str1.1,\"aMS\",@progbits,1\n";
  for (auto [number, string] : enumerate(strings)) {
    os << ".Lstring" << number << ":\n\t.asciz ";
    writeQuoted(os, string);
    os << '\n';
  }
}

bool TableWriter::numbers(StringRef name, ArrayRef<SizeNumber> numbers) {
  if (all_of(numbers, [](SizeNumber number) { return number == 0; }))
    return false;
  table(label(name), /*hasPointers=*/false);
  for (SizeNumber number : numbers)
    word(number, "size + 1");
  return true;
}
