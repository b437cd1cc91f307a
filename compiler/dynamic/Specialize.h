// SPDX-License-Identifier: Apache-2.0
// Programs for single sizes beside the one for all, over the same weights.
#ifndef DLC_COMPILER_DYNAMIC_SPECIALIZE_H
#define DLC_COMPILER_DYNAMIC_SPECIALIZE_H

#include "compiler/dynamic/Dims.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc::dynamic {

/// The sizes of \p dims at which \p inputs are what \p special says; nothing,
/// with a diagnostic, where there are none.
std::optional<Sizes> findSizes(const std::vector<InputOption> &inputs,
                               const std::vector<Dim> &dims,
                               const std::vector<InputOption> &special,
                               const std::string &file,
                               DiagnosticList &diagnostics);

/// Puts \p prefix before the names of the kernels of \p module, of the kernels
/// or plan stage: several modules become one artifact.
void prefixKernels(mlir::ModuleOp module, llvm::StringRef prefix);

} // namespace dlc::dynamic

#endif // DLC_COMPILER_DYNAMIC_SPECIALIZE_H
