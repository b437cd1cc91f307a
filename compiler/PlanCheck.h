// SPDX-License-Identifier: Apache-2.0
// Holds a plan against the memory limit.
#ifndef DLC_COMPILER_PLANCHECK_H
#define DLC_COMPILER_PLANCHECK_H

#include "compiler/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// Checks that arena and weights of \p module, of the plan stage, do not exceed
/// \p limit bytes together. \returns false, with a diagnostic that names the
/// largest tensor, if they do.
bool checkPlan(mlir::ModuleOp module, int64_t limit, const std::string &file,
               DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_PLANCHECK_H
