// SPDX-License-Identifier: Apache-2.0
// Passes that lower kernels for one target.
#ifndef DLC_PASSES_KERNEL_PASSES_TD
#define DLC_PASSES_KERNEL_PASSES_TD

include "mlir/Pass/PassBase.td"

def KernelToVector : Pass<"kernel-to-vector", "::mlir::ModuleOp"> {
  let summary = "lower kernels to loops over vectors of the module's target";
  let description = [{
    Turns each `kernel.func` into a `func.func` of `scf`, `vector`, `memref`
    and `arith` operations, for the `device.target` of the module: lanes become
    vectors, contractions register tiles. Buffers become flat; the tasks
    [begin, end) to run and the thread's scratch memory become arguments.
    The attributes `kernel.num_tasks` and `kernel.scratch_bytes` say how many
    tasks there are and how much scratch memory the kernel needs;
    `kernel.schedule` tells people each contraction's tile, the estimate that it
    was chosen by, and the runner-up. All else in the module stays as it is.

    Before, for a target with vectors of 32 bytes:
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
    func.func @relu(%x: memref<32xf32>, %y: memref<32xf32>, %begin: index,
                    %end: index, %scratch: memref<0xi8>)
        attributes {kernel.num_tasks = 4 : i64, kernel.scratch_bytes = 0 : i64} {
      scf.for %i = %begin to %end step %c1 {
        %0 = vector.load %x[%offset] : memref<32xf32>, vector<8xf32>
        %1 = arith.maximumf %0, %zeros : vector<8xf32>
        vector.store %1, %y[%offset] : memref<32xf32>, vector<8xf32>
      }
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels lowered">,
    Statistic<"numContractions", "contractions", "Contractions tiled">
  ];
}

def KernelExpandMath : Pass<"kernel-expand-math", "::mlir::ModuleOp"> {
  let summary = "replace math functions by arithmetic";
  let description = [{
    Rewrites functions of f32 of the math dialect (exponentials, logarithms,
    powers, `tanh`, `erf`, trigonometric functions and inverses) as arithmetic
    that stays in vector registers, and `math.ipowi` as multiplications. Results
    are within 4 ulp, `exp` and `log` within 1, and right at zeros, infinities
    and NaN; docs/accuracy.md has the figures. f16 and bf16 are computed as f32.
    Functions of f64, and rare ones, remain; they become calls of libm, one per
    lane, and so do lanes of `sin`, `cos` and `tan` beyond 2^21.

    Before:
    ```mlir
    %1 = math.tanh %0 : vector<8xf32>
    ```
    After: some 20 operations of `arith`, `math.fma` among them.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
  let options = [
    Option<"integersOnly", "integers-only", "bool", /*default=*/"false",
           "Leave functions of floats to a library of the target's">
  ];
  let statistics = [
    Statistic<"numExpanded", "functions", "Functions replaced">
  ];
}

def KernelLowerBFloat16 : Pass<"kernel-lower-bfloat16", "::mlir::ModuleOp"> {
  let summary = "compute bf16 as f32 and store it as i16";
  let description = [{
    bf16 is the upper half of f32, but few CPUs know it, and LLVM calls a
    runtime library for every rounding. Arithmetic on bf16 becomes arithmetic on
    f32; conversions become shifts and, to bf16, a rounding to nearest, ties to
    even. All that remains is moved only, as i16.

    Before:
    ```mlir
    %1 = arith.addf %0, %0 : bf16
    ```
    After, in essence:
    ```mlir
    %1 = arith.extui %0 : i16 to i32
    %2 = arith.shli %1, %c16 : i32
    %3 = arith.bitcast %2 : i32 to f32
    %4 = arith.addf %3, %3 : f32
    %5 = arith.bitcast %4 : f32 to i32
    // ... rounding
    %6 = arith.trunci %5 : i32 to i16
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numWidened", "widened", "Operations made to compute on f32">
  ];
}

def KernelEstimateWork : Pass<"kernel-estimate-work", "::mlir::ModuleOp"> {
  let summary = "estimate what a kernel's instructions cost"
                " on the module's target";
  let description = [{
    Counts the instructions of each kernel, as `kernel-to-vector` and the passes
    after it left it, as often as they run, and says how many cycles of one core
    all its tasks take while their data are in L1. The attribute `kernel.work`
    is a dictionary; numbers that are 0 are left out:

    - `cycles`;
    - `limits`: the same cycles by what a piece of code can't do faster:
      `arithmetic` of vectors, `load`, `store`, `shuffle` (moving lanes),
      `divide`, `issue` (starting instructions), `latency` (waiting for the
      result of an earlier iteration), `call` (of libm), `loop` (entering and
      leaving one);
    - `products`: lanes of the multiply-adds of contractions, padding included;
    - `operations`: lanes of all other arithmetic on floats; `scalars`: such
      operations in registers of one lane;
    - `gathered`: elements of vectors that are loaded one by one;
    - `touched`: for each buffer the bytes that are loaded or stored, each once.

    Nothing else changes.

    Before, for a target that loads two vectors of 32 bytes a cycle:
    ```mlir
    func.func @double(%x: memref<4096xf32>, %begin: index, %end: index,
                      %scratch: memref<0xi8>)
        attributes {kernel.num_tasks = 64 : i64, kernel.scratch_bytes = 0 : i64} {
      scf.for %i = %begin to %end step %c1 {
        scf.for %j = %c0 to %c64 step %c8 {
          // vector.load, arith.addf, vector.store
        }
      }
      return
    }
    ```
    After: the function has the attribute
    ```mlir
    kernel.work = {cycles = 902 : i64, limits = {issue = ..., loop = 390 : i64,
                   store = 512 : i64}, operations = 4096 : i64,
                   touched = array<i64: 16384>}
    ```
  }];
  let statistics = [
    Statistic<"numEstimated", "kernels", "Kernels estimated">
  ];
}

#endif // DLC_PASSES_KERNEL_PASSES_TD
