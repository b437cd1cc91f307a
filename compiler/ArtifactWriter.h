// SPDX-License-Identifier: Apache-2.0
// Puts code, tables and weights together and hands out the result.
#ifndef DLC_COMPILER_ARTIFACTWRITER_H
#define DLC_COMPILER_ARTIFACTWRITER_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// The code of one variant of a kernel.
struct KernelCode {
  std::string symbol;
  llvm::SmallVector<char, 0> object;
  /// Only where it is asked for: Stage::Asm, or a folder for dumps.
  llvm::SmallVector<char, 0> assembly;
};

/// The code of a model and its specialised versions.
struct ModelCode {
  std::vector<KernelCode> kernels;
  std::string ptx; ///< of all kernels; empty without code for GPUs
};

class RemarkLog;

/// Writes what `options.emit` asks for, of \p modules (LLVM stage; a model and
/// its specialised versions) and their \p code; the report too, where \p log
/// isn't null.
void writeArtifact(llvm::ArrayRef<mlir::ModuleOp> modules,
                   const ModelCode &code, const CompileOptions &options,
                   RemarkLog *log, CompileResult &result);

/// Writes what `options.emit` asks for, of a model that is the text of the
/// assembly stage, with its bulk data from \p store (may be null).
void linkAssembly(const WeightStore *store, const CompileOptions &options,
                  CompileResult &result);

} // namespace dlc

#endif // DLC_COMPILER_ARTIFACTWRITER_H
