// SPDX-License-Identifier: Apache-2.0
// From kernels in the LLVM dialect to machine code.
#ifndef DLC_CODEGEN_CPU_EMIT_H
#define DLC_CODEGEN_CPU_EMIT_H

#include "dialects/device/DeviceOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc::cpu {

/// Initialises LLVM's back ends; any number of times, from any thread.
void initializeLLVM();

/// Registers what translating to LLVM IR needs.
void registerTranslations(mlir::DialectRegistry &registry);

/// Machine code as an object file or as assembly text.
enum class CodeKind { Object, Assembly };

struct EmitOptions {
  CodeKind kind = CodeKind::Object;
  /// 0: no optimisation, as an oracle; otherwise the lean pipeline.
  unsigned optLevel = 2;
};

/// The LLVM passes that kernels get; they are emitted as vectors already and
/// need no more (docs/rationale.md has the figures).
extern const char kLeanPipeline[];

/// Generates code for the functions of \p module (LLVM dialect) into \p code.
/// Thread-safe for different modules. On failure sets \p error.
mlir::LogicalResult emitCode(mlir::ModuleOp module, device::TargetAttr target,
                             const EmitOptions &options,
                             llvm::SmallVectorImpl<char> &code,
                             std::string &error);

} // namespace dlc::cpu

#endif // DLC_CODEGEN_CPU_EMIT_H
