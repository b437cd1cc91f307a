// SPDX-License-Identifier: Apache-2.0
// Passes of code generation for NVIDIA's GPUs.
#ifndef DLC_CODEGEN_NVPTX_PASSES_TD
#define DLC_CODEGEN_NVPTX_PASSES_TD

include "mlir/Pass/PassBase.td"

def GpuToNVVM : Pass<"gpu-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "convert the gpu.modules of a module to the LLVM dialect";
  let description = [{
    One conversion for all dialects that `kernel-to-gpu` leaves behind. Buffers
    become bare pointers, mathematical functions calls of libdevice. Where
    all buffers and the grid are small enough, indices have 32 bits: dividing
    them takes a fraction of the instructions. They may be larger than their
    types say where the function has `kernel.any_size`.

    Before:
    ```mlir
    gpu.module @relu {
      gpu.func @relu(%x: memref<32xf32>, %scratch: memref<0xi8>, %phase: i32) kernel
    ```
    After:
    ```mlir
    gpu.module @relu {
      llvm.func @relu(%x: !llvm.ptr, %scratch: !llvm.ptr, %phase: i32)
          attributes {nvvm.kernel}
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::cf::ControlFlowDialect"
  ];
}

#endif // DLC_CODEGEN_NVPTX_PASSES_TD
