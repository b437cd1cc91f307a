// The cost model: both sides, by chip and precision.
// RUN: dlc-opt --kernel-choose-gemm="precision=tf32" --split-input-file %s | FileCheck %s --check-prefix=TF32
// RUN: dlc-opt --kernel-choose-gemm="precision=float32" --split-input-file %s | FileCheck %s --check-prefix=FLOAT32
// RUN: dlc-opt --kernel-choose-gemm="precision=tf32 shares-weights" --split-input-file %s | FileCheck %s --check-prefix=SHARED
// RUN: dlc-opt --kernel-choose-gemm="precision=tf32" --split-input-file %s -o /dev/null --remarks-filter=gemm 2>&1 | FileCheck %s --check-prefix=WHY
// RUN: dlc-opt --kernel-choose-gemm="precision=tf32 shares-weights" --split-input-file %s -o /dev/null --remarks-filter=gemm 2>&1 | FileCheck %s --check-prefix=SHARED-WHY
// RUN: not dlc-opt --kernel-choose-gemm="precision=float8" --split-input-file %s 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not dlc-opt --kernel-choose-gemm %s 2>&1 | FileCheck %s --check-prefix=NO-GPU

// BAD: unknown precision 'float8'
// The module of all of them.
// NO-GPU: requires a 'device.gpu' on the module

// A chip whose fastest instruction mma.sync isn't: the library gains in tf32,
// but not in float32, where it has FMAs only.
#hopper = #device.gpu<"sm_90", sm = 90, multiprocessors = 132, block_shared_bytes = 232448, fma_rate = 128, mma_rate = 682, tensor_rate = 1024>

module attributes {device.gpu = #hopper} {
// TF32-LABEL: kernel.func @large
// TF32-SAME: device.gemm =
// TF32-SAME: compute = "tf32">
// FLOAT32-LABEL: kernel.func @large
// FLOAT32-NOT: device.gemm
// SHARED-LABEL: kernel.func @large
// SHARED-SAME: device.gemm =
// WHY: large is a product of the library: generated code takes about {{[0-9]+}} cycles, the library {{[0-9]+}}"
kernel.func @large(%x: memref<8192x4096xf32>, %w: memref<4096x4096xf32>) outputs(%y: memref<8192x4096xf32>) {
  kernel.contract batch [] m 8192 n 4096 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8192x4096xf32>, memref<4096x4096xf32>, memref<8192x4096xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Weights that the CPU's code reads stay packed.
// TF32-LABEL: kernel.func @packed
// TF32-SAME: device.gemm =
// SHARED-LABEL: kernel.func @packed
// SHARED-SAME: memref<256x4096x16xf32>
// SHARED-NOT: device.gemm
// SHARED-WHY: packed stays generated code: its weights are packed for the CPU's code
kernel.func @packed(%x: memref<8192x4096xf32>, %w: memref<256x4096x16xf32>) outputs(%y: memref<8192x4096xf32>) {
  kernel.contract batch [] m 8192 n 4096 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8192x4096xf32>, memref<256x4096x16xf32>, memref<8192x4096xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// TF32-LABEL: kernel.func @small
// TF32-NOT: device.gemm
// WHY: small stays generated code: generated code takes about {{[0-9]+}} cycles, the library {{[0-9]+}}: too few to gain by it
kernel.func @small(%x: memref<128x256xf32>, %w: memref<256x256xf32>) outputs(%y: memref<128x256xf32>) {
  kernel.contract batch [] m 128 n 256 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<256x256xf32>, memref<128x256xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// TF32-LABEL: kernel.func @doubles
// TF32-NOT: device.gemm
// WHY: doubles stays generated code: no rate of float64 is known
kernel.func @doubles(%x: memref<8192x4096xf64>, %w: memref<4096x4096xf64>) outputs(%y: memref<8192x4096xf64>) {
  kernel.contract batch [] m 8192 n 4096 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8192x4096xf64>, memref<4096x4096xf64>, memref<8192x4096xf64>
  epilogue (%m, %p, %l, %acc: f64) {
    kernel.yield %acc : f64
  }
}
func.func @main(%x: tensor<8192x4096xf32>) -> tensor<8192x4096xf32> {
  %w = kernel.constant dense<0.5> : tensor<256x4096x16xf32>
  %0 = kernel.call @packed(%x, %w) : (tensor<8192x4096xf32>, tensor<256x4096x16xf32>) -> tensor<8192x4096xf32>
  return %0 : tensor<8192x4096xf32>
}
}

// -----

// An A100, whose mma.sync is its fastest instruction: the library waits less.
module attributes {device.gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>} {
// SHARED-LABEL: kernel.func @on_a100
// TF32-LABEL: kernel.func @on_a100
// TF32-SAME: device.gemm =
// FLOAT32-LABEL: kernel.func @on_a100
// FLOAT32-NOT: device.gemm
// WHY: on_a100 is a product of the library: generated code takes about {{[0-9]+}} cycles, the library {{[0-9]+}}"
kernel.func @on_a100(%x: memref<8192x4096xf32>, %w: memref<4096x4096xf32>) outputs(%y: memref<8192x4096xf32>) {
  kernel.contract batch [] m 8192 n 4096 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8192x4096xf32>, memref<4096x4096xf32>, memref<8192x4096xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}
}

// -----

// A chip whose tensor cores are no faster than its FMAs: in float32, splitting
// factors into three does not pay.
module attributes {device.gpu = #device.gpu<"sm_120", sm = 120, multiprocessors = 170, block_shared_bytes = 101376, fma_rate = 128, mma_rate = 128, tensor_rate = 128>} {
// FLOAT32-LABEL: kernel.func @on_rtx
// FLOAT32-SAME: device.gemm =
// FLOAT32-SAME: compute = "float32">
kernel.func @on_rtx(%x: memref<8192x4096xf32>, %w: memref<4096x4096xf32>) outputs(%y: memref<8192x4096xf32>) {
  kernel.contract batch [] m 8192 n 4096 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8192x4096xf32>, memref<4096x4096xf32>, memref<8192x4096xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}
}
