// SPDX-License-Identifier: Apache-2.0
// From the graph to kernels.
#ifndef DLC_PASSES_LOWER_PASSES_H
#define DLC_PASSES_LOWER_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::lower {
#define GEN_PASS_DECL
#include "passes/lower/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "passes/lower/Passes.h.inc"
} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_PASSES_H
