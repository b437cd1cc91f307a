// SPDX-License-Identifier: Apache-2.0
// Passes that lower kernels for GPUs; Passes.td describes them.
#ifndef DLC_PASSES_GPU_PASSES_H
#define DLC_PASSES_GPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace dlc::kernel {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/gpu/Passes.h.inc"
} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_PASSES_H
