// SPDX-License-Identifier: Apache-2.0
// The description of a model as assembly text. Every function below writes one
// table of dlc/abi.h, field by field in the order of the header; the
// assertions on sizes fail when a struct grows without its writer.
#include "codegen/artifact/Description.h"

#include "dlc/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace llvm;
using namespace dlc::artifact;

/// Writes directives, each with the name of the field behind it, in a comment
/// of the kind that every assembler of LLVM's knows.
class TableWriter {
public:
  explicit TableWriter(raw_ostream &os) : os(os) {}

  /// Starts a table in the section for data with or without pointers.
  void table(StringRef label, bool hasPointers) {
    os << (hasPointers ? "\n\t.section .data.rel.ro,\"aw\",@progbits\n"
                       : "\n\t.section .rodata,\"a\",@progbits\n")
       << "\t.p2align 3\n"
       << label << ":\n";
  }
  void quad(const Twine &value, StringRef field) {
    os << "\t.quad " << value << "\t// " << field << '\n';
  }
  void word(uint32_t value, StringRef field) {
    os << "\t.long " << value << "\t// " << field << '\n';
  }
  void byte(uint8_t value, StringRef field) {
    os << "\t.byte " << unsigned(value) << "\t// " << field << '\n';
  }
  void half(uint16_t value, StringRef field) {
    os << "\t.2byte " << value << "\t// " << field << '\n';
  }
  void real(double value, StringRef field) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    quad("0x" + Twine::utohexstr(bits), field);
  }
  /// A pointer to a string of the string table.
  void string(StringRef value, StringRef field) {
    quad(".Lstring" + Twine(stringNumber(value)), field);
  }
  /// A pointer to a table, null where it has no entries.
  void pointer(StringRef label, bool isNull, StringRef field) {
    quad(isNull ? "0" : label, field);
  }

  /// Writes the strings collected so far, each once.
  void writeStrings();

private:
  unsigned stringNumber(StringRef value) {
    auto [it, isNew] = numbers.try_emplace(value, strings.size());
    if (isNew)
      strings.push_back(it->first());
    return it->second;
  }

  raw_ostream &os;
  StringMap<unsigned> numbers;
  std::vector<StringRef> strings;
};

/// Writes \p text between quotes, with everything but plain ASCII as an octal
/// escape.
static void writeQuoted(raw_ostream &os, StringRef text) {
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

void TableWriter::writeStrings() {
  os << "\n\t.section .rodata.str1.1,\"aMS\",@progbits,1\n";
  for (auto [number, string] : enumerate(strings)) {
    os << ".Lstring" << number << ":\n\t.asciz ";
    writeQuoted(os, string);
    os << '\n';
  }
}

static void writeTensors(TableWriter &out, StringRef label,
                         const std::vector<TensorSpec> &tensors) {
  static_assert(sizeof(dlc_abi_tensor) == 32, "write the new fields");
  if (tensors.empty())
    return;
  for (auto [i, tensor] : enumerate(tensors)) {
    if (tensor.shape.empty())
      continue;
    out.table((label + "_shape" + Twine(i)).str(), /*hasPointers=*/false);
    for (int64_t extent : tensor.shape)
      out.quad(Twine(extent), "extent");
  }
  out.table(label, /*hasPointers=*/true);
  for (auto [i, tensor] : enumerate(tensors)) {
    out.string(tensor.name, "name");
    out.byte(tensor.dtypeCode, "dtype_code");
    out.byte(tensor.dtypeBits, "dtype_bits");
    out.half(1, "dtype_lanes");
    out.word(tensor.shape.size(), "rank");
    out.pointer((label + "_shape" + Twine(i)).str(), tensor.shape.empty(),
                "shape");
    out.quad(Twine(tensor.sizeBytes), "size_bytes");
  }
}

static void writeTargets(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_target) == 16, "write the new fields");
  out.table(".Ltargets", /*hasPointers=*/true);
  for (const TargetSpec &target : spec.targets) {
    out.string(target.name, "name");
    out.quad("0x" + Twine::utohexstr(target.features), "features");
  }
}

static void writeKernels(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_kernel_variant) == 16, "write the new fields");
  static_assert(sizeof(dlc_abi_kernel) == 16, "write the new fields");
  out.table(".Lvariants", /*hasPointers=*/true);
  for (const KernelSpec &kernel : spec.kernels)
    for (const VariantSpec &variant : kernel.variants) {
      // Quoted: names of kernels come from names of the model's nodes.
      out.quad("\"" + variant.symbol + "\"", "function");
      out.quad(Twine(variant.numTasks), "num_tasks");
    }
  out.table(".Lkernels", /*hasPointers=*/true);
  uint64_t first = 0;
  for (const KernelSpec &kernel : spec.kernels) {
    out.string(kernel.name, "name");
    out.quad(".Lvariants + " + Twine(first * sizeof(dlc_abi_kernel_variant)),
             "variants");
    first += kernel.variants.size();
  }
}

/// Writes the numbers of phases unless all are one.
static bool writePhases(TableWriter &out, const ArtifactSpec &spec) {
  if (llvm::all_of(spec.kernels, [](const KernelSpec &kernel) {
        return kernel.numPhases == 1;
      }))
    return false;
  out.table(".Lphases", /*hasPointers=*/false);
  for (const KernelSpec &kernel : spec.kernels)
    out.quad(Twine(kernel.numPhases), kernel.name);
  return true;
}

static void writeSteps(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_step) == 48, "write the new fields");
  static_assert(sizeof(dlc_abi_ref) == 16, "write the new fields");
  out.table(".Lrefs", /*hasPointers=*/false);
  for (const StepSpec &step : spec.steps)
    for (const RefSpec &ref : step.refs) {
      out.word(ref.space, "space");
      out.word(ref.index, "index");
      out.quad(Twine(ref.offset), "offset");
    }
  out.table(".Lsteps", /*hasPointers=*/true);
  uint64_t firstRef = 0;
  for (const StepSpec &step : spec.steps) {
    out.word(step.kernel, "kernel");
    out.word(step.device, "device");
    out.word(step.queue, "queue");
    out.word(step.refs.size(), "num_refs");
    out.quad(Twine(firstRef), "first_ref");
    out.quad(Twine(step.flops), "flops");
    out.quad(Twine(step.costNs), "cost_ns");
    out.string(llvm::join(step.nodes, ", "), "nodes");
    firstRef += step.refs.size();
  }
}

static void writeTest(TableWriter &out, const TestSpec &test) {
  static_assert(sizeof(dlc_abi_test_tensor) == 8, "write the new fields");
  auto writeList = [&](StringRef label,
                       ArrayRef<std::optional<uint64_t>> offsets) {
    out.table(label, /*hasPointers=*/true);
    for (std::optional<uint64_t> offset : offsets) {
      if (offset)
        out.quad(kTestSymbol + " + " + Twine(*offset), "data");
      else
        out.quad("0", "data");
    }
  };
  writeList(".Ltest_inputs", test.inputs);
  writeList(".Ltest_outputs", test.outputs);
}

static void writeModel(TableWriter &out, const ArtifactSpec &spec,
                       bool hasPhases) {
  static_assert(sizeof(dlc_abi_model) == 216, "write the new fields");
  uint64_t numRefs = 0;
  for (const StepSpec &step : spec.steps)
    numRefs += step.refs.size();

  out.table(kModelSymbol, /*hasPointers=*/true);
  out.quad("0x" + Twine::utohexstr(DLC_ABI_MAGIC), "magic");
  out.word(DLC_ABI_VERSION, "abi_version");
  out.word(sizeof(dlc_abi_model), "struct_size");
  out.string(spec.name, "name");
  out.string(spec.compiler, "compiler");
  out.word(spec.inputs.size(), "num_inputs");
  out.word(spec.outputs.size(), "num_outputs");
  out.pointer(".Linputs", spec.inputs.empty(), "inputs");
  out.pointer(".Loutputs", spec.outputs.empty(), "outputs");
  out.word(spec.targets.size(), "num_targets");
  out.word(spec.kernels.size(), "num_kernels");
  out.pointer(".Ltargets", spec.targets.empty(), "targets");
  out.pointer(".Lkernels", spec.kernels.empty(), "kernels");
  out.quad(Twine(spec.steps.size()), "num_steps");
  out.quad(Twine(numRefs), "num_refs");
  out.pointer(".Lsteps", spec.steps.empty(), "steps");
  out.pointer(".Lrefs", numRefs == 0, "refs");
  out.pointer(kWeightsSymbol, spec.weightsBytes == 0, "weights");
  out.quad(Twine(spec.weightsBytes), "weights_bytes");
  out.quad(Twine(spec.arenaBytes), "arena_bytes");
  out.quad(Twine(spec.arenaAlignment), "arena_alignment");
  out.quad(Twine(spec.arenaLowerBoundBytes), "arena_lower_bound_bytes");
  out.quad(Twine(spec.scratchBytesPerThread), "scratch_bytes_per_thread");
  out.quad(Twine(spec.stateBytes), "state_bytes");
  out.quad(Twine(spec.flops), "flops");
  out.pointer(".Ltest_inputs", !spec.test, "test_inputs");
  out.pointer(".Ltest_outputs", !spec.test, "test_outputs");
  out.real(spec.test ? spec.test->rtol : 0, "test_rtol");
  out.real(spec.test ? spec.test->atol : 0, "test_atol");
  out.pointer(".Lphases", !hasPhases, "kernel_phases");
}

std::string dlc::artifact::writeDescription(const ArtifactSpec &spec) {
  std::string text;
  raw_string_ostream os(text);
  os << "// The tables of dlc/abi.h.\n";
  os << "\t.globl " << kModelSymbol << "\n\t.hidden " << kModelSymbol << '\n';
  if (spec.weightsBytes > 0)
    os << "\t.hidden " << kWeightsSymbol << '\n';
  if (spec.test)
    os << "\t.hidden " << kTestSymbol << '\n';
  for (const KernelSpec &kernel : spec.kernels)
    for (const VariantSpec &variant : kernel.variants)
      os << "\t.hidden \"" << variant.symbol << "\"\n";
  TableWriter out(os);
  writeTensors(out, ".Linputs", spec.inputs);
  writeTensors(out, ".Loutputs", spec.outputs);
  if (!spec.targets.empty())
    writeTargets(out, spec);
  if (!spec.kernels.empty())
    writeKernels(out, spec);
  bool hasPhases = writePhases(out, spec);
  if (!spec.steps.empty())
    writeSteps(out, spec);
  if (spec.test)
    writeTest(out, *spec.test);
  writeModel(out, spec, hasPhases);
  out.writeStrings();

  os << "\n\t.section " << kMetaSection << ",\"\",@progbits\n\t.ascii ";
  writeQuoted(os, writeMetadata(spec));
  os << "\n\n\t.section .note.GNU-stack,\"\",@progbits\n";
  return text;
}
