// SPDX-License-Identifier: Apache-2.0
// From kernels in the LLVM dialect to machine code.
#include "codegen/cpu/Emit.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <mutex>

using namespace mlir;
using namespace dlc;

const char cpu::kLeanPipeline[] =
    "function(early-cse,simplifycfg,loop-mssa(loop-rotate,licm),early-cse)";

void cpu::initializeLLVM() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
  });
}

void cpu::registerTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

/// Runs the LLVM passes over \p module.
static llvm::Error optimize(llvm::Module &module,
                            llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, cpu::kLeanPipeline))
    return error;
  passes.run(module, modules);
  return llvm::Error::success();
}

LogicalResult cpu::emitCode(ModuleOp module, device::TargetAttr target,
                            const EmitOptions &options,
                            SmallVectorImpl<char> &code, std::string &error) {
  initializeLLVM();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(module, context);
  if (!llvmModule) {
    error = "translation to LLVM IR failed";
    return failure();
  }
  llvm::Triple triple(target.getTriple().getValue());
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return failure();
  llvm::TargetOptions targetOptions;
  targetOptions.MCOptions.AsmVerbose = true;
  auto level = options.optLevel == 0 ? llvm::CodeGenOptLevel::None
                                     : llvm::CodeGenOptLevel::Default;
  std::unique_ptr<llvm::TargetMachine> machine(backend->createTargetMachine(
      triple, target.getCpu().getValue(), target.getFeatures().getValue(),
      targetOptions, llvm::Reloc::PIC_, std::nullopt, level));
  llvmModule->setTargetTriple(triple);
  llvmModule->setDataLayout(machine->createDataLayout());
  if (options.optLevel > 0) {
    if (llvm::Error failed = optimize(*llvmModule, *machine)) {
      error = llvm::toString(std::move(failed));
      return failure();
    }
  }
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  auto fileType = options.kind == CodeKind::Object
                      ? llvm::CodeGenFileType::ObjectFile
                      : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, fileType)) {
    error = "the target can't emit this kind of file";
    return failure();
  }
  passes.run(*llvmModule);
  return success();
}
