// SPDX-License-Identifier: Apache-2.0
// Passes that lower kernels for GPUs.
#ifndef DLC_PASSES_GPU_PASSES_TD
#define DLC_PASSES_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def KernelToGpu : Pass<"kernel-to-gpu", "::mlir::ModuleOp"> {
  let summary = "lower kernels to grids of threads of the module's GPU";
  let description = [{
    Turns each `kernel.func` into a `gpu.module` of its name with one `gpu.func`
    for the `device.gpu` of the module. Its parameters are flat buffers, a
    buffer of scratch memory, and the number of the phase.

    A section becomes part of the grid. Where all its loops are independent of
    each other, every iteration is a thread. Else a task is a block, whose
    threads share lanes, reductions and contractions, and wait for each other
    where one reads what another wrote.

    Attributes of the `gpu.func` say how it is launched: `kernel.blocks`,
    `kernel.threads`, `kernel.shared_bytes`, `kernel.scratch_bytes`,
    `kernel.num_phases`.

    Contractions of f32 run on tensor cores: as three products of tf32, which
    are as exact as FMAs, or with a lower `precision` as one of factors that are
    rounded to it. Those of other types and of few rows are FMAs.

    Before:
    ```mlir
    kernel.func @relu(%x: memref<4x8xf32>) outputs(%y: memref<4x8xf32>) {
      %zero = arith.constant 0.0 : f32
      kernel.parallel (%i) to (4) {
        kernel.vector_loop %j to 8 {
          %0 = kernel.load %x[%i, %j] : memref<4x8xf32>
          %1 = arith.maximumf %0, %zero : f32
          kernel.store %1, %y[%i, %j] : memref<4x8xf32>
        }
      }
    }
    ```
    After, in essence:
    ```mlir
    gpu.func @relu(%x: memref<32xf32>, %y: memref<32xf32>, %scratch: memref<0xi8>,
                   %phase: i32) kernel
        attributes {kernel.blocks = 1 : i64, kernel.threads = 32 : i64} {
      %thread = gpu.thread_id x
      %0 = memref.load %x[%thread] : memref<32xf32>
      %1 = arith.maximumf %0, %zero : f32
      memref.store %1, %y[%thread] : memref<32xf32>
      gpu.return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
  let options = [
    Option<"precision", "precision", "std::string", /*default=*/"\"float32\"",
           "How exactly contractions of f32 are computed: float32, tf32, "
           "float16 or bfloat16">
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels lowered">
  ];
}

#endif // DLC_PASSES_GPU_PASSES_TD
