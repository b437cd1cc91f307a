// SPDX-License-Identifier: Apache-2.0
// Looks at a whole module, where verifiers look at single operations.
#include "compiler/StageCheck.h"

#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace dlc {

Stage getStage(ModuleOp module) {
  if (module->hasAttr("device.targets"))
    return Stage::LLVM;
  if (!module.getOps<device::ProgramOp>().empty())
    return Stage::Plan;
  bool hasKernels = module
                        .walk([](Operation *op) {
                          return isa<kernel::KernelDialect>(op->getDialect())
                                     ? WalkResult::interrupt()
                                     : WalkResult::advance();
                        })
                        .wasInterrupted();
  return hasKernels ? Stage::Kernels : Stage::Graph;
}

/// Of graph and kernels: what is wrong with the function \@main, or "".
static std::string checkMain(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return "has no function @main with a body";
  auto isStatic = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape();
  };
  if (!llvm::all_of(main.getArgumentTypes(), isStatic) ||
      !llvm::all_of(main.getResultTypes(), isStatic))
    return "@main must take and return tensors of static shape";
  if (!main.getBody().hasOneBlock())
    return "@main must be one block";
  return "";
}

/// The entry point of \p grid, which is in one of the `gpu.module` of \p
/// module; null where there is none.
static LLVM::LLVMFuncOp findEntry(ModuleOp module,
                                  std::optional<device::GridAttr> grid) {
  for (auto code : module.getOps<gpu::GPUModuleOp>())
    if (auto entry = code.lookupSymbol<LLVM::LLVMFuncOp>(grid->getFunction()))
      return entry;
  return {};
}

/// Of the LLVM stage: what is wrong with targets and kernels, or "".
static std::string checkCode(ModuleOp module) {
  auto targets = module->getAttrOfType<ArrayAttr>("device.targets");
  auto gpus = module->getAttrOfType<ArrayAttr>("device.gpus");
  if (gpus &&
      (gpus.empty() || !llvm::all_of(gpus, llvm::IsaPred<device::GpuAttr>)))
    return "'device.gpus' must be a list of #device.gpu";
  if (!targets || (targets.empty() && !gpus) ||
      !llvm::all_of(targets, llvm::IsaPred<device::TargetAttr>))
    return "'device.targets' must be a list of #device.target";
  auto getTriple = [](Attribute target) {
    return cast<device::TargetAttr>(target).getTriple();
  };
  for (Attribute target : targets)
    if (getTriple(target) != getTriple(targets[0]))
      return "'device.targets' must be of one architecture";
  for (auto kernel : module.getOps<device::KernelOp>()) {
    std::string name = "kernel '" + kernel.getSymName().str() + "' ";
    if (kernel.getVariants().size() != targets.size())
      return name + "must have one variant for each target";
    if (bool(gpus) != bool(kernel.getGrid()))
      return name + "must have a grid where there are GPUs";
    if (gpus && !findEntry(module, kernel.getGrid()))
      return name + "has no code for GPUs in '" +
             kernel.getGrid()->getFunction().getValue().str() + "'";
    for (auto variant :
         kernel.getVariants().getAsRange<device::VariantAttr>()) {
      auto code = module.lookupSymbol<LLVM::LLVMFuncOp>(variant.getFunction());
      if (!code || code.isExternal())
        return name + "has no code in '" +
               variant.getFunction().getValue().str() + "'";
    }
  }
  return "";
}

bool checkStage(ModuleOp module, const std::string &file,
                DiagnosticList &diagnostics) {
  Stage stage = getStage(module);
  std::string what;
  if (stage < Stage::Plan)
    what = checkMain(module);
  else if (!llvm::hasSingleElement(module.getOps<device::ProgramOp>()))
    what = "must have one device.program";
  if (what.empty() && stage == Stage::LLVM)
    what = checkCode(module);
  return what.empty() || diagnostics.add(DiagnosticCode::MalformedStage,
                                         {file, "", "", -1}, what);
}

bool checkNoTargets(const CompileOptions &options,
                    DiagnosticList &diagnostics) {
  if (options.tune.seconds > 0 || !options.tune.cacheFile.empty())
    return diagnostics.add(DiagnosticCode::UnsupportedOption,
                           {options.model.name, "", "", -1},
                           "its code is generated already: --tune and "
                           "--tune-cache need the plan or an earlier stage");
  if (options.cpus.empty() && options.targets.empty() && options.sms.empty() &&
      options.precision == CompileOptions().precision &&
      options.gemm == CompileOptions().gemm)
    return true;
  return diagnostics.add(
      DiagnosticCode::UnsupportedOption, {options.model.name, "", "", -1},
      "its code is for targets that were chosen before: "
      "leave out --cpu, --target, --sm, --precision and "
      "--gemm, or compile from the plan or an earlier stage");
}

} // namespace dlc
