// SPDX-License-Identifier: Apache-2.0
// Passes that compute the graph.
#ifndef DLC_COMPILER_INTERPRET_PASSES_H
#define DLC_COMPILER_INTERPRET_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace dlc::interpret {
#define GEN_PASS_DECL
#include "compiler/interpret/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/interpret/Passes.h.inc"
} // namespace dlc::interpret

#endif // DLC_COMPILER_INTERPRET_PASSES_H
