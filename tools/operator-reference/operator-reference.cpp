// SPDX-License-Identifier: Apache-2.0
// Writes the reference of MXNet's operators, docs/mxnet.md, from the importer's
// table. With a file that lists the operators of MXNet, one a line, it counts
// how many of them are covered and names those that neither table has; the
// exit status is then 1.
#include "compiler/import/mxnet/Operators.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace dlc::mxnet;

/// Words of an enumeration, which a cell's borders would cut.
static std::string escape(StringRef text) {
  std::string result;
  for (char c : text)
    result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

static std::string code(StringRef text) {
  return text.empty() ? "" : "`" + escape(text) + "`";
}

/// Each word as code, separated by spaces.
static std::string codes(StringRef words) {
  std::string result;
  for (StringRef word : llvm::split(words, ' '))
    if (!word.empty())
      result += (result.empty() ? "" : " ") + code(word);
  return result;
}

static void printFamily(raw_ostream &os, const OperatorFamily &family) {
  os << "\n## " << family.title << "\n\n"
     << "| operator | also called | inputs | attributes | notes |\n"
     << "| --- | --- | --- | --- | --- |\n";
  for (const OperatorRow &row : family) {
    auto [name, aliases] = row.names.split(' ');
    os << "| " << code(name) << " | " << codes(aliases) << " | "
       << codes(row.inputs) << " | " << codes(row.attributes) << " | "
       << row.notes << " |\n";
  }
}

static void printReference(raw_ostream &os) {
  os << "<!-- Written by operator-reference (./dev docs); don't edit. -->\n"
     << "# Operators of MXNet\n\n"
     << "The operators that `dlc` imports, by family. Names that begin with "
        "`_sparse_` mean the same on dense tensors.\n\n"
     << "Attributes are `name:type=default`; `!` marks a required one, `?` one "
        "that may be `None`. Inputs in brackets are there under a condition on "
        "attributes, `data*` is any number of them, and inference ignores "
        "`label~`.\n";
  for (const OperatorFamily &family : getOperatorFamilies())
    printFamily(os, family);
  os << "\n## What can't be compiled\n\n"
     << "| operators | why |\n| --- | --- |\n";
  for (const UnsupportedRow &row : getUnsupportedOperators())
    os << "| " << codes(row.names) << " | " << row.reason << " |\n";
}

/// Compares the table with MXNet's own list.
static int printCoverage(raw_ostream &os, StringRef listing) {
  unsigned total = 0, known = 0, missing = 0;
  for (StringRef line : llvm::split(listing, '\n')) {
    StringRef name = line.split(' ').first;
    if (name.empty())
      continue;
    ++total;
    if (findOperator(name)) {
      ++known;
    } else if (findUnsupportedReason(name).empty()) {
      os << name << " is in no table\n";
      ++missing;
    }
  }
  os << known << " of " << total << " operators of MXNet are imported ("
     << format("%.1f", 100.0 * known / std::max(total, 1u)) << " %), "
     << total - known - missing << " are refused with a reason\n";
  return missing != 0;
}

int main(int argc, char **argv) {
  if (argc == 1) {
    printReference(outs());
    return 0;
  }
  auto listing = MemoryBuffer::getFile(argv[1]);
  if (argc > 2 || !listing) {
    errs() << "usage: operator-reference [LIST OF OPERATORS]\n";
    return 2;
  }
  return printCoverage(outs(), (*listing)->getBuffer());
}
