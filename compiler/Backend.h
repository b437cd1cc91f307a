// SPDX-License-Identifier: Apache-2.0
// From planned kernels to machine code and the artifact.
#ifndef DLC_COMPILER_BACKEND_H
#define DLC_COMPILER_BACKEND_H

#include "compiler/Compile.h"
#include "dialects/device/DeviceOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// The targets of \p options, from the least to the most demanding; nothing,
/// with diagnostics, where they can't be had together.
std::optional<llvm::SmallVector<device::TargetAttr>>
getTargets(mlir::MLIRContext *context, const CompileOptions &options,
           DiagnosticList &diagnostics);

/// Lowers each `kernel.func` of \p module to the LLVM dialect, once for each
/// target of \p options, and puts a `device.kernel` in its place. Returns
/// false, with diagnostics, on failure.
bool lowerKernels(mlir::ModuleOp module, const CompileOptions &options,
                  DiagnosticList &diagnostics);

class RemarkLog;

/// Generates the code of \p module, of the LLVM stage, and hands out what
/// `options.emit` asks for: assembly, an object or a shared object. \p log has
/// the remarks for the report; null where none is wanted.
void emitArtifact(mlir::ModuleOp module, const CompileOptions &options,
                  RemarkLog *log, CompileResult &result);

/// Calls \p job with 0 to \p count - 1 on up to \p threads threads (0: one for
/// each CPU) and waits for all.
void forEachInParallel(size_t count, unsigned threads,
                       const std::function<void(size_t)> &job);

} // namespace dlc

#endif // DLC_COMPILER_BACKEND_H
