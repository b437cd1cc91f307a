// SPDX-License-Identifier: Apache-2.0
// Puts code, tables and weights together and hands out the result.
#ifndef DLC_COMPILER_ARTIFACTWRITER_H
#define DLC_COMPILER_ARTIFACTWRITER_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// The code of one variant of a kernel: an object file or assembly.
struct KernelCode {
  std::string symbol;
  llvm::SmallVector<char, 0> bytes;
};

/// Writes what `options.emit` asks for, of \p module (LLVM stage) and its
/// \p code.
void writeArtifact(mlir::ModuleOp module, const std::vector<KernelCode> &code,
                   const CompileOptions &options, CompileResult &result);

} // namespace dlc

#endif // DLC_COMPILER_ARTIFACTWRITER_H
