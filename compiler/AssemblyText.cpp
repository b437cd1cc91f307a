// SPDX-License-Identifier: Apache-2.0
// Joins and splits the objects of the assembly stage.
#include "compiler/AssemblyText.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace dlc {

static constexpr StringLiteral kFirstLine = "# dlc assembly: ";
static constexpr StringLiteral kDataLine = "# dlc data: ";
static constexpr StringLiteral kObjectLine = "# dlc object: ";
static constexpr StringLiteral kLastLine = "# dlc end\n";
/// The first object; the others are called like their kernels.
static constexpr StringLiteral kDescription = "description";

bool isAssembly(StringRef text) { return text.starts_with(kFirstLine); }

std::string printAssembly(const AssemblyText &assembly) {
  std::string text;
  raw_string_ostream os(text);
  os << kFirstLine << assembly.triple << '\n';
  if (assembly.weightsBytes)
    os << kDataLine << kWeightsTensor << ' ' << assembly.weightsBytes << '\n';
  if (assembly.testBytes)
    os << kDataLine << kTestTensor << ' ' << assembly.testBytes << '\n';
  os << kObjectLine << kDescription << '\n' << assembly.description;
  for (const AssemblyText::Kernel &kernel : assembly.kernels)
    os << kObjectLine << kernel.symbol << '\n' << kernel.text;
  os << kLastLine;
  return text;
}

/// Parses "weights 4096".
static bool parseData(StringRef line, AssemblyText &assembly) {
  auto [name, size] = line.split(' ');
  if (name == kWeightsTensor)
    return to_integer(size, assembly.weightsBytes, 10);
  return name == kTestTensor && to_integer(size, assembly.testBytes, 10);
}

/// The text up to the next object, which is taken off \p rest.
static StringRef takeObject(StringRef &rest) {
  size_t end = rest.find(("\n" + kObjectLine).str());
  StringRef object = rest.take_front(end == StringRef::npos ? end : end + 1);
  rest = rest.drop_front(object.size());
  return object;
}

bool parseAssembly(StringRef text, const std::string &file,
                   AssemblyText &assembly, DiagnosticList &diagnostics) {
  auto fail = [&](const char *what) {
    return diagnostics.add(DiagnosticCode::MalformedStage, {file, "", "", -1},
                           what);
  };
  StringRef rest = text;
  if (!rest.consume_back(kLastLine))
    return fail("the assembly is cut off: its last line must be '# dlc end'");
  StringRef line;
  std::tie(line, rest) = rest.split('\n');
  if (!line.consume_front(kFirstLine))
    return fail("not the assembly of a model");
  assembly.triple = line;
  while (rest.consume_front(kDataLine)) {
    std::tie(line, rest) = rest.split('\n');
    if (!parseData(line, assembly))
      return fail("a '# dlc data' line must name a tensor and its bytes");
  }
  bool hasDescription = false;
  while (rest.consume_front(kObjectLine)) {
    std::tie(line, rest) = rest.split('\n');
    StringRef object = takeObject(rest);
    if (hasDescription)
      assembly.kernels.push_back({line, object});
    else if (line == kDescription)
      assembly.description = object;
    else
      break;
    hasDescription = true;
  }
  if (!hasDescription || !rest.empty())
    return fail("the assembly must begin with '# dlc object: description'");
  return true;
}

} // namespace dlc
