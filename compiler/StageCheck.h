// SPDX-License-Identifier: Apache-2.0
// Which stage a module is of, and whether it is all that the stage needs.
#ifndef DLC_COMPILER_STAGECHECK_H
#define DLC_COMPILER_STAGECHECK_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc {

/// The stage that \p module is of.
Stage getStage(mlir::ModuleOp module);

/// Checks what the passes rely on beyond what verifiers see: text comes from
/// outside. \returns false, with a diagnostic, if something is missing.
bool checkStage(mlir::ModuleOp module, const std::string &file,
                DiagnosticList &diagnostics);

/// Of text whose code is generated already: checks that \p options asks for no
/// targets and no schedules. \returns false, with a diagnostic, if it does.
bool checkNoTargets(const CompileOptions &options, DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_STAGECHECK_H
