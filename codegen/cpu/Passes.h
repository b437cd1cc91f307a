// SPDX-License-Identifier: Apache-2.0
// Passes of the CPU code generator.
#ifndef DLC_CODEGEN_CPU_PASSES_H
#define DLC_CODEGEN_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::cpu {
#define GEN_PASS_DECL
#include "codegen/cpu/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "codegen/cpu/Passes.h.inc"
} // namespace dlc::cpu

#endif // DLC_CODEGEN_CPU_PASSES_H
