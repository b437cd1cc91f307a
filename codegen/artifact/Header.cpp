// SPDX-License-Identifier: Apache-2.0
// Writes the memory contract as C constants.
#include "codegen/artifact/Header.h"

#include "codegen/artifact/Description.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace dlc::artifact;

/// "DLC_NAME_" for \p name.
static std::string makePrefix(StringRef name) {
  std::string prefix = "DLC_";
  for (char c : name)
    prefix += isAlnum(c) ? toUpper(c) : '_';
  return prefix + "_";
}

/// Writes \p text as a C string literal; bytes that are not plain ASCII, and
/// '?', which could form a trigraph, are octal escapes.
static void writeLiteral(raw_ostream &os, StringRef text) {
  os << '"';
  for (unsigned char c : text) {
    if (isPrint(c) && c != '"' && c != '\\' && c != '?')
      os << char(c);
    else
      os << '\\' << char('0' + (c >> 6)) << char('0' + ((c >> 3) & 7))
         << char('0' + (c & 7));
  }
  os << '"';
}

static void writeTensors(raw_ostream &os, const std::string &prefix,
                         StringRef kind, ArrayRef<TensorSpec> tensors) {
  os << "\n#define " << prefix << "NUM_" << kind << "S " << tensors.size()
     << '\n';
  for (auto [i, tensor] : enumerate(tensors)) {
    std::string start = "#define " + prefix + kind.str() + std::to_string(i);
    os << start << "_NAME ";
    writeLiteral(os, tensor.name);
    os << '\n'
       << start << "_DTYPE \"" << dtypeName(tensor.dtypeCode, tensor.dtypeBits)
       << "\"\n"
       << start << "_RANK " << tensor.shape.size() << '\n';
    // C has no empty initialiser before C23.
    if (!tensor.shape.empty())
      os << start << "_SHAPE {"
         << join(map_range(tensor.shape,
                           [](int64_t n) { return std::to_string(n); }),
                 ", ")
         << "}\n";
    os << start << "_BYTES " << tensor.sizeBytes << "ull\n";
  }
}

std::string dlc::artifact::writeHeader(const ArtifactSpec &spec,
                                       StringRef name) {
  std::string prefix = makePrefix(name);
  std::string text;
  raw_string_ostream os(text);
  os << "/* The memory contract of a model compiled by " << spec.compiler
     << ". Generated: do not edit. */\n"
     << "#ifndef " << prefix << "H\n#define " << prefix << "H\n\n";
  auto define = [&](StringRef what, uint64_t value) {
    os << "#define " << prefix << what << ' ' << value << "ull\n";
  };
  define("ARENA_BYTES", spec.arenaBytes);
  define("ARENA_ALIGNMENT", spec.arenaAlignment);
  define("SCRATCH_BYTES_PER_THREAD", spec.scratchBytesPerThread);
  define("STATE_BYTES", spec.stateBytes);
  define("WEIGHTS_BYTES", spec.weightsBytes);
  define("FLOPS", spec.flops);
  writeTensors(os, prefix, "INPUT", spec.inputs);
  writeTensors(os, prefix, "OUTPUT", spec.outputs);
  os << "\n#endif /* " << prefix << "H */\n";
  return text;
}
