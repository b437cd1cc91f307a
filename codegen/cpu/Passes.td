// SPDX-License-Identifier: Apache-2.0
// Passes of the CPU code generator.
#ifndef DLC_CODEGEN_CPU_PASSES_TD
#define DLC_CODEGEN_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def CpuToLLVM : Pass<"cpu-to-llvm", "::mlir::ModuleOp"> {
  let summary = "convert lowered kernels to the LLVM dialect";
  let description = [{
    One conversion for all dialects that `kernel-to-vector` leaves: it takes
    half the time of a pass for each. Buffers become bare pointers. Each kernel
    `k` gets the entry point that the runtime calls (dlc/abi.h): a function
    that reads the buffers' pointers from a table and calls the body,
    `k.body`. Functions carry the CPU and features of the module's
    `device.target`.

    Before:
    ```mlir
    func.func @k(%x: memref<8xf32>, %begin: index, %end: index,
                 %scratch: memref<0xi8>) attributes {kernel.num_tasks = 1 : i64}
    ```
    After:
    ```mlir
    llvm.func internal @k.body(!llvm.ptr, i64, i64, !llvm.ptr)
    llvm.func @k(%buffers: !llvm.ptr, %begin: i64, %end: i64,
                 %scratch: !llvm.ptr) attributes {kernel.num_tasks = 1 : i64}
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"
  ];
}

#endif // DLC_CODEGEN_CPU_PASSES_TD
