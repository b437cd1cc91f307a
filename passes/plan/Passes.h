// SPDX-License-Identifier: Apache-2.0
// The planning passes: creation and registration.
#ifndef DLC_PASSES_PLAN_PASSES_H
#define DLC_PASSES_PLAN_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
namespace func {
class FuncOp;
} // namespace func
} // namespace mlir

namespace dlc::device {
class ProgramOp;
} // namespace dlc::device

namespace dlc::plan {

#define GEN_PASS_DECL
#include "passes/plan/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/plan/Passes.h.inc"

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_PASSES_H
