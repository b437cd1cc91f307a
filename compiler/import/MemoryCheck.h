// SPDX-License-Identifier: Apache-2.0
// Refuses models that can't fit, before anything is lowered.
#ifndef DLC_COMPILER_IMPORT_MEMORYCHECK_H
#define DLC_COMPILER_IMPORT_MEMORYCHECK_H

#include "compiler/Diagnostics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc {

/// Returns \p bytes as people read it, e.g. "1.5 MiB".
std::string getSizeText(int64_t bytes);

/// Checks that the weights and the largest other tensor of \p function, the
/// least that a model needs, do not exceed \p limit bytes. \returns false, with
/// a diagnostic that names the largest tensor, if they do.
bool checkMemory(mlir::func::FuncOp function, int64_t limit,
                 const std::string &file, DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_MEMORYCHECK_H
