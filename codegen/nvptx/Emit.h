// SPDX-License-Identifier: Apache-2.0
// From kernels in the LLVM dialect to PTX.
#ifndef DLC_CODEGEN_NVPTX_EMIT_H
#define DLC_CODEGEN_NVPTX_EMIT_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/DialectRegistry.h"

namespace dlc::nvptx {

/// Makes the dialects of kernels for GPUs, and how they are translated, known.
void registerDialects(mlir::DialectRegistry &registry);

/// Generates the PTX of \p module for chips of compute capability \p sm and
/// newer: one text with a header of its own. \p libdevice is the path of
/// NVIDIA's library of mathematical functions, which only kernels that call
/// some need. Returns failure with \p error set where that is missing, or the
/// module can't be translated.
mlir::LogicalResult emitPtx(mlir::gpu::GPUModuleOp module, int64_t sm,
                            unsigned optLevel, llvm::StringRef libdevice,
                            std::string &ptx, std::string &error);

/// Puts texts of emitPtx for one chip together. Their symbols differ.
std::string joinPtx(llvm::ArrayRef<std::string> texts);

} // namespace dlc::nvptx

#endif // DLC_CODEGEN_NVPTX_EMIT_H
