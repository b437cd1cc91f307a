// SPDX-License-Identifier: Apache-2.0
// Lowers planned kernels for every target and generates their code, several at
// once.
#include "compiler/Backend.h"

#include "codegen/artifact/Assembler.h"
#include "codegen/cpu/Emit.h"
#include "codegen/cpu/Targets.h"
#include "compiler/ArtifactWriter.h"
#include "compiler/GpuBackend.h"
#include "compiler/LaunchCost.h"
#include "compiler/Pipeline.h"
#include "compiler/dynamic/DynamicModel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSet.h"
#include <atomic>
#include <thread>

using namespace mlir;

namespace dlc {

void forEachInParallel(size_t count, unsigned threads,
                       const std::function<void(size_t)> &job) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  threads = std::min<size_t>(threads, count);
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i = next++; i < count; i = next++)
      job(i);
  };
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i)
    helpers.emplace_back(work);
  work();
  for (std::thread &helper : helpers)
    helper.join();
}

static bool fail(DiagnosticList &diagnostics, const CompileOptions &options,
                 DiagnosticCode code, std::string message) {
  return diagnostics.add(code, {options.model.name, "", "", -1},
                         std::move(message));
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

std::optional<SmallVector<device::TargetAttr>>
getTargets(MLIRContext *context, const CompileOptions &options,
           DiagnosticList &diagnostics) {
  for (const std::string &target : options.targets)
    if (target != "cpu" && target != "cuda") {
      fail(diagnostics, options, DiagnosticCode::UnknownTarget,
           "no code can be generated for target '" + target +
               "': use --target cpu, cuda or both");
      return std::nullopt;
    }
  if (!hasTarget(options, "cpu"))
    return SmallVector<device::TargetAttr>();
  SmallVector<std::string> names(options.cpus.begin(), options.cpus.end());
  if (names.empty())
    for (StringRef name : cpu::getDefaultTargets())
      names.push_back(name.str());
  SmallVector<device::TargetAttr> targets;
  bool isGood = true;
  for (StringRef name : names) {
    std::string error;
    device::TargetAttr target = cpu::getTarget(context, name, error);
    if (!target)
      isGood = fail(diagnostics, options, DiagnosticCode::UnknownTarget, error);
    else if (!llvm::is_contained(targets, target))
      targets.push_back(target);
  }
  for (device::TargetAttr target : targets)
    if (target.getTriple() != targets.front().getTriple())
      isGood = fail(diagnostics, options, DiagnosticCode::UnknownTarget,
                    "CPUs '" + targets.front().getName().str() + "' and '" +
                        target.getName().str() +
                        "' are of different architectures: one file holds code "
                        "for one, so compile the model once for each");
  if (!isGood)
    return std::nullopt;
  // A target that needs more features is better where it runs.
  llvm::sort(targets, [](device::TargetAttr a, device::TargetAttr b) {
    return std::pair(a.getDispatch(), a.getName().getValue()) <
           std::pair(b.getDispatch(), b.getName().getValue());
  });
  return targets;
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// The symbol of \p kernel's code for \p target.
static std::string getSymbol(StringRef kernel, device::TargetAttr target) {
  return (kernel + "." + target.getName().getValue()).str();
}

OwningOpRef<ModuleOp>
lowerKernel(kernel::FuncOp func, device::TargetAttr target,
            llvm::function_ref<void(OpPassManager &)> addPasses) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
  OpBuilder builder(module->getBodyRegion());
  auto copy = cast<kernel::FuncOp>(builder.clone(*func));
  copy.setSymName(getSymbol(func.getSymName(), target));
  (*module)->setAttr("device.target", target);
  PassManager passes(func.getContext());
  addPasses(passes);
  if (failed(passes.run(*module)))
    return {};
  return module;
}

namespace {
/// A kernel of the module and where its code belongs.
struct KernelPlace {
  kernel::FuncOp func;
  size_t index, target;
};
} // namespace

/// Lowers one kernel for one target to LLVM's dialect; null on failure.
static OwningOpRef<ModuleOp> lowerToLLVM(const KernelPlace &place,
                                         device::TargetAttr target,
                                         const dynamic::DynamicModel *sizes) {
  OwningOpRef<ModuleOp> module =
      lowerKernel(place.func, target, addVectorPasses);
  if (!module)
    return {};
  if (sizes && failed(sizes->generalize(*module->getOps<func::FuncOp>().begin(),
                                        place.index, place.target)))
    return {};
  PassManager passes(module->getContext());
  addKernelPasses(passes);
  if (failed(passes.run(*module)))
    return {};
  return module;
}

/// Lowers one kernel for GPUs, which come after the targets; null on failure.
static OwningOpRef<ModuleOp> lowerToGpu(const KernelPlace &place,
                                        ArrayRef<int64_t> alignments,
                                        device::GpuAttr gpu,
                                        const CompileOptions &options,
                                        const dynamic::DynamicModel *sizes) {
  OwningOpRef<ModuleOp> grid = lowerToGrid(place.func, alignments, gpu, options,
                                           /*isForManySizes=*/sizes != nullptr);
  if (!grid)
    return {};
  if (sizes && failed(sizes->generalize(getGridFunction(*grid), place.index,
                                        place.target)))
    return {};
  if (!lowerToNVVM(*grid))
    return {};
  return grid;
}

/// Whether the kernels of \p module can be lowered with what \p sizes knows.
static bool checkSizes(ModuleOp module, const CompileOptions &options,
                       const dynamic::DynamicModel *sizes,
                       DiagnosticList &diagnostics) {
  for (auto program : module.getOps<device::ProgramOp>())
    if (program.isDynamic() && !sizes)
      return fail(diagnostics, options, DiagnosticCode::MalformedStage,
                  "has dynamic dimensions, and how its kernels depend on them "
                  "is not in the text of this stage: compile the model, or go "
                  "on from --emit=llvm");
  return true;
}

bool lowerKernels(ModuleOp module, const CompileOptions &options,
                  const dynamic::DynamicModel *sizes,
                  DiagnosticList &diagnostics) {
  if (!checkSizes(module, options, sizes, diagnostics))
    return false;
  MLIRContext *context = module.getContext();
  auto targets = getTargets(context, options, diagnostics);
  auto gpus = getGpus(context, options, diagnostics);
  if (!targets || !gpus)
    return false;
  SmallVector<kernel::FuncOp> kernels(module.getOps<kernel::FuncOp>());
  size_t numTargets = targets->size();
  std::vector<OwningOpRef<ModuleOp>> lowered(kernels.size() * numTargets);
  forEachInParallel(lowered.size(), options.threads, [&](size_t i) {
    size_t index = i / numTargets, target = i % numTargets;
    lowered[i] =
        lowerToLLVM({kernels[index], index, target}, (*targets)[target], sizes);
  });
  std::vector<OwningOpRef<ModuleOp>> grids(gpus->empty() ? 0 : kernels.size());
  std::vector<SmallVector<int64_t>> alignments;
  if (!grids.empty()) {
    auto known = getAlignments(module, /*isDynamic=*/sizes != nullptr);
    for (kernel::FuncOp func : kernels)
      alignments.push_back(known.lookup(func.getSymName()));
  }
  forEachInParallel(grids.size(), options.threads, [&](size_t i) {
    grids[i] = lowerToGpu({kernels[i], i, numTargets}, alignments[i],
                          gpus->front(), options, sizes);
  });
  auto isThere = [](auto &kernel) { return bool(kernel); };
  if (!llvm::all_of(lowered, isThere) || !llvm::all_of(grids, isThere))
    return false;

  Builder attributes(context);
  for (auto [k, func] : llvm::enumerate(kernels)) {
    OpBuilder builder(func);
    SmallVector<Attribute> variants;
    for (size_t t = 0; t < numTargets; ++t) {
      ModuleOp code = *lowered[k * numTargets + t];
      std::string symbol = getSymbol(func.getSymName(), (*targets)[t]);
      auto entry = code.lookupSymbol<LLVM::LLVMFuncOp>(symbol);
      auto getInt = [&](StringRef name) {
        return cast<IntegerAttr>(entry->removeAttr(name)).getInt();
      };
      auto getMap = [&](StringRef name) {
        return dyn_cast_or_null<AffineMapAttr>(entry->removeAttr(name));
      };
      int64_t tasks = getInt("kernel.num_tasks");
      int64_t phases =
          entry->hasAttr("kernel.num_phases") ? getInt("kernel.num_phases") : 1;
      auto schedule =
          dyn_cast_or_null<ArrayAttr>(entry->removeAttr("kernel.schedule"));
      auto work =
          dyn_cast_or_null<DictionaryAttr>(entry->removeAttr("kernel.work"));
      variants.push_back(device::VariantAttr::get(
          context, FlatSymbolRefAttr::get(context, symbol), tasks,
          getInt("kernel.scratch_bytes"), phases, schedule, work,
          getMap("kernel.dynamic_num_tasks"),
          getMap("kernel.dynamic_scratch_bytes"),
          getMap("kernel.dynamic_num_phases")));
      for (Operation &op :
           llvm::make_early_inc_range(code.getBody()->getOperations())) {
        // Functions of libm that several kernels call.
        if (module.lookupSymbol(cast<SymbolOpInterface>(op).getName()))
          continue;
        op.moveBefore(module.getBody(), module.getBody()->end());
      }
    }
    device::GridAttr grid;
    device::GemmAttr gemm;
    if (!grids.empty()) {
      grid = takeGrid(*grids[k], module);
      gemm = getGemm(func, alignments[k]);
    }
    SmallVector<Type> inputs, outputs;
    for (Value input : func.getInputs())
      inputs.push_back(input.getType());
    for (Value output : func.getOutputs())
      outputs.push_back(output.getType());
    device::KernelOp::create(builder, func.getLoc(), func.getSymName(),
                             builder.getFunctionType(inputs, outputs),
                             builder.getArrayAttr(variants), grid, gemm);
    func.erase();
  }
  module->setAttr("device.targets",
                  attributes.getArrayAttr(SmallVector<Attribute>(
                      targets->begin(), targets->end())));
  if (!gpus->empty())
    module->setAttr("device.gpus",
                    attributes.getArrayAttr(
                        SmallVector<Attribute>(gpus->begin(), gpus->end())));
  if (!gpus->empty() && !options.sms.empty())
    module->setAttr(kMachineCodeAttr, attributes.getUnitAttr());
  setCosts(module);
  return true;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// A module with the code of one variant: its entry point, its body and the
/// functions that it calls.
static OwningOpRef<ModuleOp> extractVariant(ModuleOp module, StringRef symbol) {
  OwningOpRef<ModuleOp> extracted = ModuleOp::create(module.getLoc());
  OpBuilder builder(extracted->getBodyRegion());
  SmallVector<StringRef> pending{symbol};
  llvm::StringSet<> seen;
  while (!pending.empty()) {
    StringRef name = pending.pop_back_val();
    Operation *op = module.lookupSymbol(name);
    if (!op || !seen.insert(name).second)
      continue;
    builder.clone(*op);
    op->walk([&](LLVM::CallOp call) {
      if (std::optional<StringRef> callee = call.getCallee())
        pending.push_back(*callee);
    });
  }
  return extracted;
}

/// Generates the code of \p module. \returns what went wrong, or "".
static std::string emitVariant(ModuleOp module, device::TargetAttr target,
                               const CompileOptions &options,
                               KernelCode &code) {
  bool viaText = options.emit == Stage::Asm || !options.dumpDir.empty();
  cpu::EmitOptions emit;
  emit.kind = viaText ? cpu::CodeKind::Assembly : cpu::CodeKind::Object;
  emit.optLevel = options.optimizationLevel;
  std::string error;
  if (failed(cpu::emitCode(module, target, emit,
                           viaText ? code.assembly : code.object, error)))
    return error.empty() ? "code generation failed" : error;
  if (!viaText)
    return "";
  llvm::Expected<SmallVector<char, 0>> object =
      artifact::assemble(StringRef(code.assembly.data(), code.assembly.size()),
                         target.getTriple().getValue(), code.symbol);
  if (!object)
    return llvm::toString(object.takeError());
  code.object = std::move(*object);
  return "";
}

void emitArtifact(ArrayRef<ModuleOp> given, const CompileOptions &options,
                  RemarkLog *log, CompileResult &result) {
  if (options.emit == Stage::Ptx) {
    std::optional<std::string> ptx =
        emitPtx(given, options, result.diagnostics);
    if (ptx && ptx->empty())
      fail(result.diagnostics, options, DiagnosticCode::UnsupportedOption,
           "--emit=ptx needs code for GPUs: give --target cuda");
    else if (ptx && options.onOutput)
      options.onOutput(*ptx);
    return;
  }
  struct Variant {
    ModuleOp module;
    StringRef symbol;
    device::TargetAttr target;
  };
  std::vector<Variant> variants;
  for (ModuleOp module : given)
    for (auto kernel : module.getOps<device::KernelOp>())
      for (auto [attr, target] :
           llvm::zip(kernel.getVariants(),
                     module->getAttrOfType<ArrayAttr>("device.targets")))
        variants.push_back(
            {module, cast<device::VariantAttr>(attr).getFunction().getValue(),
             cast<device::TargetAttr>(target)});
  std::vector<KernelCode> code(variants.size());
  std::vector<std::string> errors(variants.size());
  // Looking a symbol up in a module isn't safe on several threads.
  std::vector<OwningOpRef<ModuleOp>> modules;
  for (const Variant &variant : variants)
    modules.push_back(extractVariant(variant.module, variant.symbol));
  forEachInParallel(variants.size(), options.threads, [&](size_t i) {
    code[i].symbol = variants[i].symbol.str();
    errors[i] = emitVariant(*modules[i], variants[i].target, options, code[i]);
  });
  for (auto [variant, error] : llvm::zip(variants, errors))
    if (!error.empty())
      fail(result.diagnostics, options, DiagnosticCode::InternalError,
           "kernel '" + variant.symbol.str() + "': " + error);
  std::optional<std::string> ptx = emitPtx(given, options, result.diagnostics);
  if (ptx && result.diagnostics.empty())
    writeArtifact(given, {std::move(code), std::move(*ptx)}, options, log,
                  result);
}

} // namespace dlc
