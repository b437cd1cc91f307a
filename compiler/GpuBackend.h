// SPDX-License-Identifier: Apache-2.0
// Lowers kernels for GPUs and generates their code.
#ifndef DLC_COMPILER_GPUBACKEND_H
#define DLC_COMPILER_GPUBACKEND_H

#include "codegen/artifact/Spec.h"
#include "compiler/Compile.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace dlc {

/// On a module whose `device.gpus` get machine code beside the PTX: they were
/// named.
inline constexpr llvm::StringLiteral kMachineCodeAttr = "device.machine_code";

/// Whether \p options ask for code for \p device, "cpu" or "cuda".
bool hasTarget(const CompileOptions &options, llvm::StringRef device);

/// The GPUs of \p options, from the lowest compute capability; none where no
/// code for GPUs is wanted. Returns nothing, with diagnostics, where there is
/// no code for one of them.
std::optional<llvm::SmallVector<device::GpuAttr>>
getGpus(mlir::MLIRContext *context, const CompileOptions &options,
        DiagnosticList &diagnostics);

/// Lets a library compute products of matrices of \p module, of the stage
/// kernels, where \p options want code for GPUs and --gemm says so. Returns
/// false, with diagnostics, on failure.
bool chooseGemms(mlir::ModuleOp module, const CompileOptions &options,
                 DiagnosticList &diagnostics);

/// What a library computes in the place of \p func, whose arguments have
/// \p alignments; null where it computes nothing.
device::GemmAttr getGemm(kernel::FuncOp func,
                         llvm::ArrayRef<int64_t> alignments);

/// The bytes that each argument of each kernel begins at a multiple of,
/// wherever \p module launches it: with \p isDynamic at all sizes of its dims,
/// which may not be there yet, nor the places of its slots.
llvm::StringMap<llvm::SmallVector<int64_t>> getAlignments(mlir::ModuleOp module,
                                                          bool isDynamic);

/// Lowers \p func, whose arguments have \p alignments, to a grid for \p gpu: a
/// module with one `gpu.module`; null, with diagnostics of MLIR's, on failure.
/// With \p isForManySizes nothing is taken for granted that may hold at the
/// kernel's own size by chance.
mlir::OwningOpRef<mlir::ModuleOp>
lowerToGrid(kernel::FuncOp func, llvm::ArrayRef<int64_t> alignments,
            device::GpuAttr gpu, const CompileOptions &options,
            bool isForManySizes);

/// The function of a grid, made by lowerToGrid.
mlir::gpu::GPUFuncOp getGridFunction(mlir::ModuleOp lowered);

/// Lowers \p grid, made by lowerToGrid, to the LLVM dialect. Returns false,
/// with diagnostics of MLIR's, on failure.
bool lowerToNVVM(mlir::ModuleOp grid);

/// Moves the code of \p lowered, made by lowerToNVVM, to the end of \p module,
/// and says how it is launched.
device::GridAttr takeGrid(mlir::ModuleOp lowered, mlir::ModuleOp module);

/// Generates the PTX of all `gpu.module` of \p modules, for the lowest of their
/// `device.gpus`, as one text. Returns nothing, with diagnostics, on failure;
/// "" where there are none.
std::optional<std::string> emitPtx(llvm::ArrayRef<mlir::ModuleOp> modules,
                                   const CompileOptions &options,
                                   DiagnosticList &diagnostics);

/// Adds the images of \p ptx for \p module's GPUs to \p cuda, the preferred
/// ones first: machine code where chips are named, and the text. Its kernels
/// learn how they fit into those chips. Returns false, with diagnostics, on
/// failure.
bool addImages(const std::string &ptx, mlir::ModuleOp module,
               const CompileOptions &options, artifact::CudaSpec &cuda,
               DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_GPUBACKEND_H
