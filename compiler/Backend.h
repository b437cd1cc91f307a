// SPDX-License-Identifier: Apache-2.0
// From planned kernels to machine code and the artifact.
#ifndef DLC_COMPILER_BACKEND_H
#define DLC_COMPILER_BACKEND_H

#include "compiler/Compile.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace dlc {

namespace dynamic {
class DynamicModel;
}

/// The targets of \p options, from the least to the most demanding; nothing,
/// with diagnostics, where they can't be had together.
std::optional<llvm::SmallVector<device::TargetAttr>>
getTargets(mlir::MLIRContext *context, const CompileOptions &options,
           DiagnosticList &diagnostics);

/// Lowers each `kernel.func` of \p module to the LLVM dialect, once for each
/// target of \p options, and puts a `device.kernel` in its place. \p sizes says
/// how they depend on dynamic dimensions; null where nothing does. Returns
/// false, with diagnostics, on failure.
bool lowerKernels(mlir::ModuleOp module, const CompileOptions &options,
                  const dynamic::DynamicModel *sizes,
                  DiagnosticList &diagnostics);

/// Runs passes over a copy of \p func in a module for \p target; null on
/// failure.
mlir::OwningOpRef<mlir::ModuleOp>
lowerKernel(kernel::FuncOp func, device::TargetAttr target,
            llvm::function_ref<void(mlir::OpPassManager &)> addPasses);

class RemarkLog;

/// Generates the code of \p modules, of the LLVM stage, and hands out what
/// `options.emit` asks for: assembly, an object or a shared object. After the
/// first module come those of its specialised versions. \p log has the remarks
/// for the report; null where none is wanted.
void emitArtifact(llvm::ArrayRef<mlir::ModuleOp> modules,
                  const CompileOptions &options, RemarkLog *log,
                  CompileResult &result);

/// Calls \p job with 0 to \p count - 1 on up to \p threads threads (0: one for
/// each CPU) and waits for all.
void forEachInParallel(size_t count, unsigned threads,
                       const std::function<void(size_t)> &job);

} // namespace dlc

#endif // DLC_COMPILER_BACKEND_H
