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
    if (!tensor.extents.empty())
      continue;
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

/// Writes the bounds of the dims. \returns the facts to state as constants:
/// those of the largest sizes; \p spec, where some size has no bound.
static ArtifactSpec writeDims(raw_ostream &os, const std::string &prefix,
                              const ArtifactSpec &spec) {
  auto sizes = getLargestSizes(spec);
  auto largest = sizes ? fixSizes(spec, *sizes) : std::nullopt;
  bool isChosen = !spec.dims.front().isCounted;
  os << (isChosen ? "\n/* Sizes that the program chooses. "
                  : "\n/* Some shapes depend on values. ")
     << (largest ? "All below is that of the largest ones. */\n"
                 : "Where one has no bound, what\n   depends on it is asked at "
                   "run time: dlc_model_arena_bytes_for. */\n");
  for (const DimSpec &dim : spec.dims) {
    if (dim.isCounted)
      break;
    std::string start = "#define " + prefix + dim.name;
    os << start << "_MIN " << dim.min << "ll\n";
    if (dim.max != std::numeric_limits<int64_t>::max())
      os << start << "_MAX " << dim.max << "ll\n";
    os << start << "_MULTIPLE " << dim.multiple << "ll\n";
  }
  if (!largest)
    return spec;
  for (const ArtifactSpec &special : spec.specializations) {
    largest->arenaBytes = std::max(largest->arenaBytes, special.arenaBytes);
    largest->scratchBytesPerThread =
        std::max(largest->scratchBytesPerThread, special.scratchBytesPerThread);
  }
  return *largest;
}

std::string dlc::artifact::writeHeader(const ArtifactSpec &spec,
                                       StringRef name) {
  std::string prefix = makePrefix(name);
  ArtifactSpec facts = spec;
  std::string text;
  raw_string_ostream os(text);
  os << "/* The memory contract of a model compiled by " << spec.compiler
     << ". Generated: do not edit. */\n"
     << "#ifndef " << prefix << "H\n#define " << prefix << "H\n";
  if (spec.isDynamic())
    facts = writeDims(os, prefix, spec);
  os << '\n';
  auto define = [&](StringRef what, uint64_t value) {
    os << "#define " << prefix << what << ' ' << value << "ull\n";
  };
  auto defineFixed = [&](StringRef what, uint64_t value, SizeNumber number) {
    if (!facts.isDynamic() || number == 0)
      define(what, value);
  };
  defineFixed("ARENA_BYTES", facts.arenaBytes, facts.arenaNumber);
  define("ARENA_ALIGNMENT", facts.arenaAlignment);
  defineFixed("SCRATCH_BYTES_PER_THREAD", facts.scratchBytesPerThread,
              facts.scratchNumber);
  define("STATE_BYTES", facts.stateBytes);
  define("WEIGHTS_BYTES", facts.weightsBytes);
  defineFixed("FLOPS", facts.flops, facts.flopsNumber);
  writeTensors(os, prefix, "INPUT", facts.inputs);
  writeTensors(os, prefix, "OUTPUT", facts.outputs);
  os << "\n#endif /* " << prefix << "H */\n";
  return text;
}
