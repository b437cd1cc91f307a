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
    `kernel.num_phases`. `kernel.schedule` tells people each contraction's tile
    and the estimate that it was chosen by.

    Kernels for several sizes become grids of one form: `kernel.typical` says
    which extents change and what to decide by, `kernel.traits` what holds at
    all sizes. `kernel.block_terms` and `kernel.scratch_terms` then say what the
    numbers of blocks and bytes are made of: sums of products of extents, each
    followed by what it is divided by, rounding up.

    Contractions of f32 run on tensor cores: as three products of tf32, which
    are as exact as FMAs, or with a lower `precision` as one of factors that are
    rounded to it. Those of words of 8-bit integers do, too, with exact sums of
    i32. Those of other types, and of f32 and few rows, are FMAs.

    So does `kernel.attend` of f32: a block has some queries and goes through
    the keys by tiles, with a softmax on the way. Others are expanded into their
    tasks.

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
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
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

def ChooseGemm : Pass<"kernel-choose-gemm", "::mlir::ModuleOp"> {
  let summary = "let a library compute plain products of matrices";
  let description = [{
    Gives each `kernel.func` that is a product of matrices which a library
    (cublasLt) computes faster on the `device.gpu` of the module, or any that it
    can compute with `required`, the attribute `device.gemm`, a
    `#device.gemm` that says how. Its body stays: it is the kernel's code where
    there is no library.

    The library can compute a kernel of one `kernel.contract` of f32 or f64
    whose operands are matrices, with rows or columns of elements side by side,
    and whose epilogue is a sum of the product and a matrix, each times a
    constant, and a bias, and a relu of that. Packed weights are unpacked for
    it; where the CPU's code needs them (`shares-weights`), the kernel isn't
    chosen unless it is `required`.

    Before:
    ```mlir
    kernel.func @dense(%x: memref<512x256xf32>, %w: memref<64x256x16xf32>)
        outputs(%y: memref<512x1024xf32>) {
      kernel.contract batch [] m 512 n 1024 k [256]
          lhs %x at affine_map<(m, k) -> (m, k)>
          rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
          out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
          : memref<512x256xf32>, memref<64x256x16xf32>, memref<512x1024xf32>
      epilogue (%m, %p, %l, %acc: f32) {
        kernel.yield %acc : f32
      }
    }
    ```
    After:
    ```mlir
    kernel.func @dense(%x: memref<512x256xf32>, %w: memref<1024x256xf32>)
        outputs(%y: memref<512x1024xf32>) attributes {
          device.gemm = #device.gemm<m = 1024, n = 512, k = 256,
            a = <operand = 1, leading = 256, transposed = true>,
            b = <operand = 0, leading = 256>, d = <operand = 2, leading = 1024>,
            compute = "tf32">} {
      kernel.contract batch [] m 512 n 1024 k [256]
          lhs %x at affine_map<(m, k) -> (m, k)>
          rhs %w at affine_map<(k, p, l) -> (p * 16 + l, k)>
          out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
          : memref<512x256xf32>, memref<1024x256xf32>, memref<512x1024xf32>
      epilogue (%m, %p, %l, %acc: f32) {
        kernel.yield %acc : f32
      }
    }
    ```
  }];
  let dependentDialects = ["::dlc::device::DeviceDialect"];
  let options = [
    Option<"precision", "precision", "std::string", /*default=*/"\"float32\"",
           "How exactly contractions of f32 are computed: float32, tf32, "
           "float16 or bfloat16">,
    Option<"required", "required", "bool", /*default=*/"false",
           "Choose every product that the library can compute">,
    Option<"sharesWeights", "shares-weights", "bool", /*default=*/"false",
           "The CPU's code reads packed weights, too">
  ];
  let statistics = [
    Statistic<"numChosen", "chosen", "Kernels that the library computes">
  ];
}

#endif // DLC_PASSES_GPU_PASSES_TD
