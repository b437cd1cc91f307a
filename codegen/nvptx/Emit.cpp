// SPDX-License-Identifier: Apache-2.0
// From kernels in the LLVM dialect to PTX.
#include "codegen/nvptx/Emit.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/NVPTXAddrSpace.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include <mutex>

using namespace mlir;
using namespace dlc;

static constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";

void nvptx::registerDialects(DialectRegistry &registry) {
  registry.insert<gpu::GPUDialect, nvgpu::NVGPUDialect, NVVM::NVVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

static void initializeLLVM() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

/// The first version of PTX that knows chips of compute capability \p sm, as
/// LLVM spells it: older drivers read no newer one.
static StringRef getPtxVersion(int64_t sm) {
  if (sm >= 120)
    return "+ptx87";
  return sm >= 100 ? "+ptx86" : "+ptx80";
}

static std::unique_ptr<llvm::TargetMachine>
createMachine(int64_t sm, unsigned optLevel, std::string &error) {
  initializeLLVM();
  llvm::Triple triple(kTriple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  auto level = optLevel == 0 ? llvm::CodeGenOptLevel::None
                             : llvm::CodeGenOptLevel::Aggressive;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, "sm_" + std::to_string(sm), getPtxVersion(sm),
      llvm::TargetOptions(), std::nullopt, std::nullopt, level));
}

/// Adds the functions of libdevice that \p module calls.
static LogicalResult linkLibdevice(llvm::Module &module, StringRef path,
                                   std::string &error) {
  auto isMissing = [](const llvm::Function &function) {
    return function.isDeclaration() && function.getName().starts_with("__nv_");
  };
  auto missing = llvm::find_if(module, isMissing);
  if (missing == module.end())
    return success();
  if (path.empty()) {
    error = ("calls '" + missing->getName() +
             "' of libdevice, which comes with the CUDA toolkit: install one, "
             "or set CUDA_HOME")
                .str();
    return failure();
  }
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> library =
      llvm::getLazyIRFileModule(path, diagnostic, module.getContext());
  if (!library) {
    error = "can't read libdevice '" + path.str() +
            "': " + diagnostic.getMessage().str();
    return failure();
  }
  library->setTargetTriple(module.getTargetTriple());
  library->setDataLayout(module.getDataLayout());
  bool failed = llvm::Linker::linkModules(
      module, std::move(library), llvm::Linker::Flags::LinkOnlyNeeded,
      [](llvm::Module &linked, const llvm::StringSet<> &names) {
        llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
          return !value.hasName() || !names.contains(value.getName());
        });
      });
  if (failed)
    error = "libdevice can't be linked";
  return failure(failed);
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  machine.registerPassBuilderCallbacks(builder);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

/// Says that dynamic shared memory, for which the gpu dialect leaves an empty
/// array, is as large as the launch makes it.
static void declareSharedMemory(llvm::Module &module) {
  for (llvm::GlobalVariable &global : module.globals()) {
    auto *type = llvm::dyn_cast<llvm::ArrayType>(global.getValueType());
    if (global.getAddressSpace() != llvm::NVPTXAS::ADDRESS_SPACE_SHARED ||
        !type || type->getNumElements() != 0)
      continue;
    global.setInitializer(nullptr);
    global.setLinkage(llvm::GlobalValue::ExternalLinkage);
  }
}

/// Keeps loads as they are: joining neighbouring ones, LLVM reads beyond the
/// last one where alignment lets it, which tools that look for reads of
/// memory that nobody wrote take for an error.
static void keepLoads(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoImplicitFloat);
}

/// Gives all symbols of \p module but its kernels names of their own, so that
/// texts can be joined.
static void makeNamesUnique(llvm::Module &module, StringRef prefix) {
  for (llvm::GlobalVariable &global : module.globals())
    global.setName(prefix + "_" + global.getName());
  for (llvm::Function &function : module)
    if (function.hasLocalLinkage())
      function.setName(prefix + "_" + function.getName());
}

LogicalResult nvptx::emitPtx(gpu::GPUModuleOp module, int64_t sm,
                             unsigned optLevel, StringRef libdevice,
                             std::string &ptx, std::string &error) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context);
  if (!llvmModule) {
    error = "translation to LLVM IR failed";
    return failure();
  }
  std::unique_ptr<llvm::TargetMachine> machine =
      createMachine(sm, optLevel, error);
  if (!machine)
    return failure();
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  declareSharedMemory(*llvmModule);
  if (failed(linkLibdevice(*llvmModule, libdevice, error)))
    return failure();
  if (optLevel > 0)
    optimize(*llvmModule, *machine);
  keepLoads(*llvmModule);
  makeNamesUnique(*llvmModule, module.getName());
  SmallVector<char, 0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile)) {
    error = "PTX can't be emitted";
    return failure();
  }
  passes.run(*llvmModule);
  ptx.assign(text.begin(), text.end());
  return success();
}

/// Where what follows the header of \p text begins.
static size_t findBody(StringRef text) {
  size_t at = text.find(".address_size");
  return at == StringRef::npos ? 0 : text.find('\n', at) + 1;
}

std::string nvptx::joinPtx(ArrayRef<std::string> texts) {
  std::string joined;
  for (const std::string &text : texts)
    joined += joined.empty() ? text : text.substr(findBody(text));
  return joined;
}
