// SPDX-License-Identifier: Apache-2.0
// Passes of code generation for NVIDIA's GPUs; Passes.td describes them.
#ifndef DLC_CODEGEN_NVPTX_PASSES_H
#define DLC_CODEGEN_NVPTX_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::nvptx {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/nvptx/Passes.h.inc"
} // namespace dlc::nvptx

#endif // DLC_CODEGEN_NVPTX_PASSES_H
