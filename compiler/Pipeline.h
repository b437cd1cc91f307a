// SPDX-License-Identifier: Apache-2.0
// The way from a stage to the one that is asked for.
#ifndef DLC_COMPILER_PIPELINE_H
#define DLC_COMPILER_PIPELINE_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace dlc {

namespace dynamic {
class DynamicModel;
}

/// Lowers \p module, which may be of any stage, to `options.emit` and hands
/// the result to the callbacks of \p options. Problems go to the diagnostics of
/// \p result; what a pass reports has the code \p failure. \p sizes says how
/// the module depends on dynamic dimensions; null where it has none.
void runPipeline(mlir::ModuleOp module, const CompileOptions &options,
                 DiagnosticCode failure, const dynamic::DynamicModel *sizes,
                 CompileResult &result);

/// The passes of each phase, in order.
void addGraphPasses(mlir::OpPassManager &passes, const CompileOptions &options);
void addLoweringPasses(mlir::OpPassManager &passes,
                       const CompileOptions &options);
void addPlanPasses(mlir::OpPassManager &passes);
/// The phase of the plan in three parts: the order of launches, buffers with
/// the weights placed, and queues with the arena. Launches are on one queue
/// unless the module has a `device.gpu`.
void addSchedulePasses(mlir::OpPassManager &passes);
void addBufferPasses(mlir::OpPassManager &passes);
void addArenaPasses(mlir::OpPassManager &passes);
/// Those over one kernel, for the `device.target` of its module: to vectors,
/// and from these to LLVM's dialect.
void addVectorPasses(mlir::OpPassManager &passes);
void addKernelPasses(mlir::OpPassManager &passes);
/// Those over one kernel, for the `device.gpu` of its module: to a grid, and
/// from that to a `gpu.module` of LLVM's dialect.
void addGridPasses(mlir::OpPassManager &passes, const CompileOptions &options);
void addGpuPasses(mlir::OpPassManager &passes);

} // namespace dlc

#endif // DLC_COMPILER_PIPELINE_H
