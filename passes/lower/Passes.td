// SPDX-License-Identifier: Apache-2.0
// From the graph to kernels.
#ifndef DLC_PASSES_LOWER_PASSES_TD
#define DLC_PASSES_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerToKernels : Pass<"lower-to-kernels", "::mlir::ModuleOp"> {
  let summary = "make each fusion group a kernel";
  let description = [{
    Precondition: @main consists of groups, reshapes and constants
    (`graph-form-groups`). Each group becomes a `kernel.func` and a
    `kernel.call`; equal kernels are emitted once. Constants are packed into
    the order in which the kernel reads them, reshapes become `kernel.view`,
    and tensors get the shapes of the buffers that hold them.

    Before:
    ```mlir
    %0 = graph.group (%a = %x : tensor<4x8xf32>) -> tensor<4x8xf32> {
      %1 = graph.exp %a : tensor<4x8xf32>
      graph.yield %1 : tensor<4x8xf32>
    }
    ```
    After:
    ```mlir
    kernel.func @exp_0(%a: memref<4x8xf32>) outputs(%y: memref<4x8xf32>) {...}
    %0 = kernel.call @exp_0(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let options = [
    Option<"hasCpus", "has-cpus", "bool", /*default=*/"true",
           "There is code for CPUs">
  ];
  let dependentDialects = [
    "::dlc::kernel::KernelDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
  let statistics = [
    Statistic<"numGroups", "groups", "Groups lowered">,
    Statistic<"numKernels", "kernels", "Distinct kernels">
  ];
}

#endif // DLC_PASSES_LOWER_PASSES_TD
