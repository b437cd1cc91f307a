// SPDX-License-Identifier: Apache-2.0
// The description of a model as assembly text. Every function below writes one
// table of dlc/abi.h, field by field in the order of the header; the
// assertions on sizes fail when a struct grows without its writer.
#include "codegen/artifact/Description.h"
#include "codegen/artifact/CudaDescription.h"

#include "dlc/abi.h"
#include "llvm/ADT/StringSet.h"
#include <cstddef>

using namespace llvm;
using namespace dlc::artifact;

/// The label of the model that is the specialisation \p index.
static std::string getSpecializationLabel(size_t index) {
  return ".Lspecial" + std::to_string(index) + "_model";
}

static bool isDynamic(const TensorSpec &tensor, size_t extent) {
  return !tensor.extents.empty() && tensor.extents[extent] != 0;
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
    for (auto [j, extent] : enumerate(tensor.shape))
      out.quad(Twine(isDynamic(tensor, j) ? -1 : extent), "extent");
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
    out.quad(Twine(tensor.extents.empty() ? tensor.sizeBytes : 0),
             "size_bytes");
  }
}

static void writeTargets(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_target) == 16, "write the new fields");
  out.table(out.label("targets"), /*hasPointers=*/true);
  for (const TargetSpec &target : spec.targets) {
    out.string(target.name, "name");
    out.quad("0x" + Twine::utohexstr(target.features), "features");
  }
}

static void writeKernels(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_kernel_variant) == 16, "write the new fields");
  static_assert(sizeof(dlc_abi_kernel) == 16, "write the new fields");
  if (!spec.targets.empty())
    out.table(out.label("variants"), /*hasPointers=*/true);
  for (const KernelSpec &kernel : spec.kernels)
    for (const VariantSpec &variant : kernel.variants) {
      // Quoted: names of kernels come from names of the model's nodes.
      out.quad("\"" + variant.symbol + "\"", "function");
      out.quad(Twine(variant.numTasks), "num_tasks");
    }
  out.table(out.label("kernels"), /*hasPointers=*/true);
  uint64_t first = 0;
  for (const KernelSpec &kernel : spec.kernels) {
    out.string(kernel.name, "name");
    out.pointer(out.label("variants") + " + " +
                    std::to_string(first * sizeof(dlc_abi_kernel_variant)),
                spec.targets.empty(), "variants");
    first += kernel.variants.size();
  }
}

/// Writes the numbers of phases unless all are one.
static bool writePhases(TableWriter &out, const ArtifactSpec &spec) {
  if (llvm::all_of(spec.kernels, [](const KernelSpec &kernel) {
        return kernel.numPhases == 1;
      }))
    return false;
  out.table(out.label("phases"), /*hasPointers=*/false);
  for (const KernelSpec &kernel : spec.kernels)
    out.quad(Twine(kernel.numPhases), kernel.name);
  return true;
}

static void writeSteps(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_step) == 48, "write the new fields");
  static_assert(sizeof(dlc_abi_ref) == 16, "write the new fields");
  out.table(out.label("refs"), /*hasPointers=*/false);
  for (const StepSpec &step : spec.steps)
    for (const RefSpec &ref : step.refs) {
      out.word(ref.space, "space");
      out.word(ref.index, "index");
      out.quad(Twine(ref.offset), "offset");
    }
  for (const CountSpec &count : spec.counts) {
    out.word(count.ref.space, "space");
    out.word(count.ref.index, "index");
    out.quad(Twine(count.ref.offset), "offset");
  }
  out.table(out.label("steps"), /*hasPointers=*/true);
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
  writeList(out.label("test_inputs"), test.inputs);
  writeList(out.label("test_outputs"), test.outputs);
}

/// Writes the tables of the part for dims. \returns which there are.
static StringSet<> writeDims(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_dim) == 40, "write the new fields");
  static_assert(sizeof(dlc_abi_size) == 16, "write the new fields");
  out.table(out.label("dims"), /*hasPointers=*/true);
  for (const DimSpec &dim : spec.dims) {
    out.string(dim.name, "name");
    out.quad(Twine(dim.min), "min");
    out.quad(Twine(dim.max), "max");
    out.quad(Twine(dim.multiple), "multiple");
    out.quad(Twine(dim.typical), "typical");
  }
  out.table(out.label("sizes"), /*hasPointers=*/false);
  for (const dlc_abi_size &size : spec.sizes) {
    out.word(size.op, "op");
    out.word(size.a, "a");
    out.quad(Twine(size.b), "b");
  }
  StringSet<> tables;
  auto addNumbers = [&](StringRef name, ArrayRef<SizeNumber> numbers) {
    if (out.numbers(name, numbers))
      tables.insert(name);
  };
  auto writeExtents = [&](StringRef name,
                          const std::vector<TensorSpec> &tensors) {
    std::vector<SizeNumber> numbers;
    for (const TensorSpec &tensor : tensors)
      for (size_t i = 0; i < tensor.shape.size(); ++i)
        numbers.push_back(isDynamic(tensor, i) ? tensor.extents[i] : 0);
    addNumbers((name + "_extents").str(), numbers);
    out.table(out.label(name + "_extent_texts"), /*hasPointers=*/true);
    for (const TensorSpec &tensor : tensors)
      for (size_t i = 0; i < tensor.shape.size(); ++i)
        if (isDynamic(tensor, i))
          out.string(tensor.extentTexts[i], "extent_text");
        else
          out.quad("0", "extent_text");
  };
  writeExtents("input", spec.inputs);
  writeExtents("output", spec.outputs);
  std::vector<SizeNumber> offsets, tasks, phases, flops;
  for (const StepSpec &step : spec.steps) {
    for (const RefSpec &ref : step.refs)
      offsets.push_back(ref.offsetNumber);
    flops.push_back(step.flopsNumber);
  }
  for (const CountSpec &count : spec.counts)
    offsets.push_back(count.ref.offsetNumber);
  for (const KernelSpec &kernel : spec.kernels) {
    for (const VariantSpec &variant : kernel.variants)
      tasks.push_back(variant.tasksNumber);
    phases.push_back(kernel.phasesNumber);
  }
  addNumbers("ref_offsets", offsets);
  addNumbers("kernel_tasks", tasks);
  addNumbers("kernel_phase_counts", phases);
  addNumbers("step_flops", flops);
  if (spec.test && !spec.test->dims.empty()) {
    tables.insert("test_dims");
    out.table(out.label("test_dims"), /*hasPointers=*/false);
    for (int64_t size : spec.test->dims)
      out.quad(Twine(size), "size");
  }
  if (!spec.specializations.empty()) {
    out.table(out.label("specializations"), /*hasPointers=*/true);
    for (size_t i = 0; i < spec.specializations.size(); ++i)
      out.quad(getSpecializationLabel(i), "model");
  }
  return tables;
}

/// The size of the table of \p spec, which ends after the last field that it
/// needs: so older runtimes know it.
static size_t getModelBytes(const ArtifactSpec &spec) {
  if (!spec.counts.empty())
    return sizeof(dlc_abi_model);
  if (spec.cuda)
    return offsetof(dlc_abi_model, num_counts);
  return spec.isDynamic() ? offsetof(dlc_abi_model, cuda)
                          : offsetof(dlc_abi_model, num_dims);
}

/// The format of the table of \p spec. Older runtimes know what they can run.
static uint32_t getVersion(const ArtifactSpec &spec) {
  auto isNew = [](const ArtifactSpec &part) {
    return part.cuda && hasOwnPhases(*part.cuda);
  };
  if (isNew(spec) || any_of(spec.specializations, isNew))
    return DLC_ABI_VERSION_PHASES;
  if (!spec.counts.empty())
    return DLC_ABI_VERSION_COUNTS;
  return spec.isDynamic() ? DLC_ABI_VERSION_DIMS : DLC_ABI_VERSION;
}

static uint64_t countRefs(const ArtifactSpec &spec) {
  uint64_t count = 0;
  for (const StepSpec &step : spec.steps)
    count += step.refs.size();
  return count;
}

/// Writes the tables of the part for counts.
static void writeCounts(TableWriter &out, const ArtifactSpec &spec) {
  static_assert(sizeof(dlc_abi_count) == 24, "write the new fields");
  out.table(out.label("counts"), /*hasPointers=*/false);
  for (auto [i, count] : enumerate(spec.counts)) {
    out.quad(Twine(count.step), "step");
    out.quad(Twine(countRefs(spec) + i), "ref");
    out.word(count.dim, "dim");
    out.word(spec.dims[count.dim].maxNumber, "most");
  }
  out.table(out.label("output_counts"), /*hasPointers=*/false);
  for (const TensorSpec &output : spec.outputs)
    out.word(output.numCounts, "output_counts");
}

/// Writes the fields for counts, behind those for dims.
static void writeCountFields(TableWriter &out, const ArtifactSpec &spec) {
  out.word(spec.counts.size(), "num_counts");
  out.word(0, "reserved");
  out.pointer(out.label("counts"), false, "counts");
  out.pointer(out.label("output_counts"), spec.outputs.empty(),
              "output_counts");
  out.quad("dlc_core_counts", "core_counts");
}

/// Writes the fields for dims.
static void writeDimFields(TableWriter &out, const ArtifactSpec &spec,
                           const StringSet<> &tables) {
  auto pointer = [&](StringRef table) {
    out.pointer(out.label(table), !tables.contains(table), table);
  };
  out.word(spec.dims.size(), "num_dims");
  out.word(spec.sizes.size(), "num_sizes");
  out.pointer(out.label("dims"), false, "dims");
  out.pointer(out.label("sizes"), spec.sizes.empty(), "sizes");
  pointer("input_extents");
  pointer("output_extents");
  out.pointer(out.label("input_extent_texts"), false, "input_extent_texts");
  out.pointer(out.label("output_extent_texts"), false, "output_extent_texts");
  pointer("ref_offsets");
  pointer("kernel_tasks");
  pointer("kernel_phase_counts");
  pointer("step_flops");
  out.word(spec.arenaNumber, "arena_number");
  out.word(spec.scratchNumber, "scratch_number");
  out.word(spec.flopsNumber, "flops_number");
  out.word(spec.specializations.size(), "num_specializations");
  out.pointer(out.label("specializations"), spec.specializations.empty(),
              "specializations");
  pointer("test_dims");
  out.quad("dlc_core_dims", "core_dims");
}

static void writeModel(TableWriter &out, StringRef symbol,
                       const ArtifactSpec &spec, bool hasPhases,
                       const StringSet<> &dimTables) {
  static_assert(sizeof(dlc_abi_model) == 384, "write the new fields");
  uint64_t numRefs = countRefs(spec) + spec.counts.size();

  out.table(symbol, /*hasPointers=*/true);
  out.quad("0x" + Twine::utohexstr(DLC_ABI_MAGIC), "magic");
  out.word(getVersion(spec), "abi_version");
  out.word(getModelBytes(spec), "struct_size");
  out.string(spec.name, "name");
  out.string(spec.compiler, "compiler");
  out.word(spec.inputs.size(), "num_inputs");
  out.word(spec.outputs.size(), "num_outputs");
  out.pointer(out.label("inputs"), spec.inputs.empty(), "inputs");
  out.pointer(out.label("outputs"), spec.outputs.empty(), "outputs");
  out.word(spec.targets.size(), "num_targets");
  out.word(spec.kernels.size(), "num_kernels");
  out.pointer(out.label("targets"), spec.targets.empty(), "targets");
  out.pointer(out.label("kernels"), spec.kernels.empty(), "kernels");
  out.quad(Twine(spec.steps.size()), "num_steps");
  out.quad(Twine(numRefs), "num_refs");
  out.pointer(out.label("steps"), spec.steps.empty(), "steps");
  out.pointer(out.label("refs"), numRefs == 0, "refs");
  out.pointer(kWeightsSymbol, spec.weightsBytes == 0, "weights");
  out.quad(Twine(spec.weightsBytes), "weights_bytes");
  out.quad(Twine(spec.arenaBytes), "arena_bytes");
  out.quad(Twine(spec.arenaAlignment), "arena_alignment");
  out.quad(Twine(spec.arenaLowerBoundBytes), "arena_lower_bound_bytes");
  out.quad(Twine(spec.scratchBytesPerThread), "scratch_bytes_per_thread");
  out.quad(Twine(spec.stateBytes), "state_bytes");
  out.quad(Twine(spec.flops), "flops");
  out.pointer(out.label("test_inputs"), !spec.test, "test_inputs");
  out.pointer(out.label("test_outputs"), !spec.test, "test_outputs");
  out.real(spec.test ? spec.test->rtol : 0, "test_rtol");
  out.real(spec.test ? spec.test->atol : 0, "test_atol");
  out.pointer(out.label("phases"), !hasPhases, "kernel_phases");
  if (spec.isDynamic())
    writeDimFields(out, spec, dimTables);
  else if (spec.cuda)
    out.zeros(offsetof(dlc_abi_model, cuda) - offsetof(dlc_abi_model, num_dims),
              "no dims");
  if (spec.cuda || !spec.counts.empty())
    out.pointer(out.label("cuda"), !spec.cuda, "cuda");
  if (!spec.counts.empty())
    writeCountFields(out, spec);
}

/// Writes all tables of \p spec but its specialisations'.
static void writeTables(TableWriter &out, StringRef symbol,
                        const ArtifactSpec &spec) {
  writeTensors(out, out.label("inputs"), spec.inputs);
  writeTensors(out, out.label("outputs"), spec.outputs);
  if (!spec.targets.empty())
    writeTargets(out, spec);
  if (!spec.kernels.empty())
    writeKernels(out, spec);
  bool hasPhases = writePhases(out, spec);
  if (!spec.steps.empty())
    writeSteps(out, spec);
  if (spec.test)
    writeTest(out, *spec.test);
  StringSet<> dimTables;
  if (spec.isDynamic())
    dimTables = writeDims(out, spec);
  if (spec.cuda)
    writeCuda(out, *spec.cuda);
  if (!spec.counts.empty())
    writeCounts(out, spec);
  writeModel(out, symbol, spec, hasPhases, dimTables);
}

/// The functions that the tables of \p spec refer to.
static void writeFunctions(raw_ostream &os, const ArtifactSpec &spec) {
  for (const KernelSpec &kernel : spec.kernels)
    for (const VariantSpec &variant : kernel.variants)
      os << "\t.hidden \"" << variant.symbol << "\"\n";
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
  TableWriter out(os);
  for (auto [i, special] : enumerate(spec.specializations)) {
    writeFunctions(os, special);
    out.startModel("special" + Twine(i) + "_");
    writeTables(out, getSpecializationLabel(i), special);
  }
  writeFunctions(os, spec);
  out.startModel("");
  writeTables(out, kModelSymbol, spec);
  out.writeStrings();

  os << "\n\t.section " << kMetaSection << ",\"\",@progbits\n\t.ascii ";
  writeQuoted(os, writeMetadata(spec));
  os << "\n\n\t.section .note.GNU-stack,\"\",@progbits\n";
  return text;
}
