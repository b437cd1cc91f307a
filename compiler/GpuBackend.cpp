// SPDX-License-Identifier: Apache-2.0
// Lowers kernels for GPUs and generates their code.
#include "compiler/GpuBackend.h"

#include "codegen/nvptx/Emit.h"
#include "codegen/nvptx/Occupancy.h"
#include "codegen/nvptx/Targets.h"
#include "codegen/nvptx/Toolkit.h"
#include "compiler/Backend.h"
#include "compiler/Pipeline.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/gpu/Passes.h"
#include "passes/gpu/PlainProduct.h"
#include "passes/kernel/TypicalExtents.h"
#include <numeric>

using namespace mlir;

namespace dlc {

static constexpr StringLiteral kModuleSuffix = "$cuda";

bool hasTarget(const CompileOptions &options, StringRef device) {
  if (options.targets.empty())
    return device == "cpu";
  return llvm::is_contained(options.targets, device);
}

static void fail(DiagnosticList &diagnostics, const CompileOptions &options,
                 DiagnosticCode code, std::string message) {
  diagnostics.add(code, {options.model.name, "", "", -1}, std::move(message));
}

/// A flag that says something of code for GPUs; empty: there is none.
static std::string findGpuFlag(const CompileOptions &options) {
  if (!options.sms.empty())
    return "--sm";
  if (options.precision != CompileOptions().precision)
    return "--precision=" + options.precision;
  return options.gemm == "cublas" ? "--gemm=cublas" : "";
}

std::optional<SmallVector<device::GpuAttr>>
getGpus(MLIRContext *context, const CompileOptions &options,
        DiagnosticList &diagnostics) {
  SmallVector<device::GpuAttr> gpus;
  if (!hasTarget(options, "cuda")) {
    std::string flag = findGpuFlag(options);
    if (flag.empty())
      return gpus;
    fail(diagnostics, options, DiagnosticCode::UnsupportedOption,
         flag + " is for GPUs: give --target cuda");
    return std::nullopt;
  }
  SmallVector<std::string> names(options.sms.begin(), options.sms.end());
  if (names.empty())
    names.push_back(std::to_string(nvptx::kDefaultSm));
  bool isGood = true;
  for (StringRef name : names) {
    int64_t sm = 0;
    std::string error;
    device::GpuAttr gpu;
    StringRef digits = name;
    digits.consume_front("sm_");
    if (digits.getAsInteger(10, sm))
      error = "'" + name.str() +
              "' is no compute capability: use a number such as 80";
    else
      gpu = nvptx::getGpu(context, sm, error);
    if (gpu && !llvm::is_contained(gpus, gpu))
      gpus.push_back(gpu);
    if (!gpu) {
      fail(diagnostics, options, DiagnosticCode::UnknownTarget, error);
      isGood = false;
    }
  }
  if (!isGood)
    return std::nullopt;
  llvm::sort(gpus, [](device::GpuAttr a, device::GpuAttr b) {
    return a.getSm() < b.getSm();
  });
  return gpus;
}

bool chooseGemms(ModuleOp module, const CompileOptions &options,
                 DiagnosticList &diagnostics) {
  if (!llvm::is_contained({"auto", "generated", "cublas"}, options.gemm)) {
    fail(diagnostics, options, DiagnosticCode::UnsupportedOption,
         "--gemm '" + options.gemm + "' is not one of auto, generated, cublas");
    return false;
  }
  auto gpus = getGpus(module.getContext(), options, diagnostics);
  if (!gpus)
    return false;
  if (gpus->empty() || options.gemm == "generated")
    return true;
  kernel::ChooseGemmOptions choice;
  choice.precision = options.precision;
  choice.required = options.gemm == "cublas";
  choice.sharesWeights = hasTarget(options, "cpu");
  PassManager passes(module.getContext());
  passes.addPass(kernel::createChooseGemm(choice));
  // As it is for the kernels' lowering.
  module->setAttr("device.gpu", gpus->front());
  LogicalResult result = passes.run(module);
  module->removeAttr("device.gpu");
  return succeeded(result);
}

device::GemmAttr getGemm(kernel::FuncOp func, ArrayRef<int64_t> alignments) {
  auto gemm = func->getAttrOfType<device::GemmAttr>(kernel::kGemmAttr);
  if (!gemm)
    return {};
  int64_t alignment = gemm.getAlignment();
  for (int64_t other : alignments)
    alignment = std::gcd(alignment, other);
  return gemm.with(alignment, gemm.getRequired());
}

/// What the runtime gives to arenas, weights and the tensors of callers.
static constexpr int64_t kDeviceAlignment = 16;

/// The bytes that \p buffer of a program begins at a multiple of.
static int64_t getAlignment(Value buffer, bool isDynamic) {
  int64_t alignment = kDeviceAlignment;
  bool isWeights =
      bool(device::getRoot(buffer).getDefiningOp<device::WeightsOp>());
  while (auto view = buffer.getDefiningOp<device::ViewOp>()) {
    int64_t offset = view.getOffset().value_or(0);
    // At another size it may be anything.
    alignment =
        std::gcd(alignment, isDynamic && !isWeights && offset ? 1 : offset);
    buffer = view.getSource();
  }
  // Slots of programs with dims begin where the runtime aligns them.
  if (auto slot = buffer.getDefiningOp<device::SlotOp>(); slot && !isDynamic)
    return std::gcd(alignment, int64_t(slot.getOffset().value_or(1)));
  if (auto weights = buffer.getDefiningOp<device::WeightsOp>())
    return std::gcd(alignment, int64_t(weights.getOffset().value_or(1)));
  return alignment;
}

llvm::StringMap<SmallVector<int64_t>> getAlignments(ModuleOp module,
                                                    bool isDynamic) {
  llvm::StringMap<SmallVector<int64_t>> alignments;
  for (auto program : module.getOps<device::ProgramOp>())
    for (auto launch : program.getBody().getOps<device::LaunchOp>()) {
      SmallVector<int64_t> &known = alignments[launch.getCallee()];
      known.resize(launch->getNumOperands(), kDeviceAlignment);
      for (auto [alignment, buffer] : llvm::zip(known, launch->getOperands()))
        alignment = std::gcd(alignment, getAlignment(buffer, isDynamic));
    }
  return alignments;
}

OwningOpRef<ModuleOp> lowerToGrid(kernel::FuncOp func,
                                  ArrayRef<int64_t> alignments,
                                  device::GpuAttr gpu,
                                  const CompileOptions &options,
                                  bool isForManySizes) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(func.getLoc());
  OpBuilder builder(module->getBodyRegion());
  Operation *copy = builder.clone(*func);
  if (!alignments.empty())
    copy->setAttr(kernel::kAlignmentsAttr,
                  builder.getDenseI64ArrayAttr(alignments));
  if (isForManySizes)
    copy->setAttr(kernel::kAnySizeAttr, builder.getUnitAttr());
  (*module)->setAttr("device.gpu", gpu);
  PassManager passes(func.getContext());
  addGridPasses(passes, options);
  if (failed(passes.run(*module)))
    return {};
  return module;
}

gpu::GPUFuncOp getGridFunction(ModuleOp lowered) {
  auto code = *lowered.getOps<gpu::GPUModuleOp>().begin();
  return *code.getOps<gpu::GPUFuncOp>().begin();
}

bool lowerToNVVM(ModuleOp grid) {
  PassManager passes(grid.getContext());
  addGpuPasses(passes);
  return succeeded(passes.run(grid));
}

device::GridAttr takeGrid(ModuleOp lowered, ModuleOp module) {
  auto code = *lowered.getOps<gpu::GPUModuleOp>().begin();
  StringRef name = code.getName();
  auto entry = code.lookupSymbol<LLVM::LLVMFuncOp>(name);
  auto getInt = [&](StringRef name) {
    return cast<IntegerAttr>(entry->removeAttr(name)).getInt();
  };
  auto getMap = [&](StringRef name) {
    return dyn_cast_or_null<AffineMapAttr>(entry->removeAttr(name));
  };
  int64_t blocks = getInt("kernel.blocks"), threads = getInt("kernel.threads");
  int64_t shared = getInt("kernel.shared_bytes");
  int64_t scratch = getInt("kernel.scratch_bytes");
  int64_t phases = getInt("kernel.num_phases");
  auto schedule =
      dyn_cast_or_null<ArrayAttr>(entry->removeAttr("kernel.schedule"));
  auto grid = device::GridAttr::get(
      module.getContext(), FlatSymbolRefAttr::get(module.getContext(), name),
      blocks, threads, shared, scratch, phases, schedule,
      getMap("kernel.dynamic_blocks"), getMap("kernel.dynamic_scratch_bytes"),
      getMap("kernel.dynamic_num_phases"));
  entry->removeAttr(kernel::kAnySizeAttr);
  code.setName((name + kModuleSuffix).str());
  code->moveBefore(module.getBody(), module.getBody()->end());
  return grid;
}

std::optional<std::string> emitPtx(ArrayRef<ModuleOp> modules,
                                   const CompileOptions &options,
                                   DiagnosticList &diagnostics) {
  SmallVector<gpu::GPUModuleOp> kernels;
  for (ModuleOp module : modules)
    llvm::append_range(kernels, module.getOps<gpu::GPUModuleOp>());
  if (kernels.empty())
    return "";
  auto gpus = modules.front()->getAttrOfType<ArrayAttr>("device.gpus");
  int64_t sm = cast<device::GpuAttr>(gpus[0]).getSm();
  std::string libdevice = nvptx::findLibdevice();
  std::vector<std::string> texts(kernels.size()), errors(kernels.size());
  forEachInParallel(kernels.size(), options.threads, [&](size_t i) {
    if (failed(nvptx::emitPtx(kernels[i], sm, options.optimizationLevel,
                              libdevice, texts[i], errors[i])) &&
        errors[i].empty())
      errors[i] = "code generation failed";
  });
  // What is missing for one kernel is missing for others.
  for (auto [kernel, error] : llvm::zip(kernels, errors))
    if (!error.empty() && diagnostics.empty())
      fail(diagnostics, options, DiagnosticCode::UnknownTarget,
           "kernel '" + kernel.getName().drop_back(kModuleSuffix.size()).str() +
               "': " + error);
  if (!diagnostics.empty())
    return std::nullopt;
  return nvptx::joinPtx(texts);
}

/// Notes how the blocks of \p cuda's kernels fit into the chips `sm_\p sm`,
/// from what ptxas says of them.
static void addOccupancies(artifact::CudaSpec &cuda, uint32_t sm,
                           StringRef log) {
  std::optional<nvptx::Multiprocessor> chip = nvptx::getMultiprocessor(sm);
  llvm::StringMap<nvptx::KernelUsage> usages = nvptx::parseUsages(log);
  for (artifact::CudaKernelSpec &kernel : cuda.kernels) {
    auto usage = usages.find(kernel.name);
    if (!chip || usage == usages.end())
      continue;
    const nvptx::KernelUsage &needs = usage->second;
    int64_t blocks = nvptx::getResidentBlocks(*chip, kernel.threads,
                                              kernel.sharedBytes, needs);
    double threads = double(blocks) * double(llvm::alignTo(kernel.threads, 32));
    kernel.occupancies.push_back({sm, uint32_t(needs.registers),
                                  uint64_t(needs.spillBytes), uint32_t(blocks),
                                  threads / double(chip->threads)});
  }
}

bool addImages(const std::string &ptx, ModuleOp module,
               const CompileOptions &options, artifact::CudaSpec &cuda,
               DiagnosticList &diagnostics) {
  auto gpus = module->getAttrOfType<ArrayAttr>("device.gpus");
  if (!gpus || gpus.empty())
    return true;
  auto getSm = [&](Attribute gpu) {
    return uint32_t(cast<device::GpuAttr>(gpu).getSm());
  };
  if (module->hasAttr(kMachineCodeAttr))
    for (Attribute gpu : llvm::reverse(gpus)) {
      std::string log;
      auto code = nvptx::assemblePtx(ptx, getSm(gpu), &log);
      if (!code) {
        fail(diagnostics, options, DiagnosticCode::UnknownTarget,
             llvm::toString(code.takeError()));
        return false;
      }
      addOccupancies(cuda, getSm(gpu), log);
      cuda.images.push_back({DLC_CUDA_CUBIN, getSm(gpu),
                             std::string(code->begin(), code->end())});
    }
  cuda.images.push_back({DLC_CUDA_PTX, getSm(gpus[0]), ptx});
  return true;
}

} // namespace dlc
