// SPDX-License-Identifier: Apache-2.0
// The machine code of a convolution's inner loop: multiply-adds and loads of
// the right side, no accumulator in memory.
// RUN: sed -e 's/CPU/x86-64-v3/; s/BYTES/32/; s/REGISTERS/16/' %s | dlc-opt --kernel-to-vector --kernel-expand-math --cpu-to-llvm | mlir-translate --mlir-to-llvmir --allow-unregistered-dialect | opt -O3 | llc -O3 -mcpu=x86-64-v3 | FileCheck %s
// RUN: sed -e 's/CPU/x86-64-v4/; s/BYTES/64/; s/REGISTERS/32/' %s | dlc-opt --kernel-to-vector --kernel-expand-math --cpu-to-llvm | mlir-translate --mlir-to-llvmir --allow-unregistered-dialect | opt -O3 | llc -O3 -mcpu=x86-64-v4 -mattr=-prefer-256-bit | FileCheck %s --check-prefix=WIDE

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "CPU",
  features = "", dispatch = 0, vector_bytes = BYTES, vector_registers = REGISTERS,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// CHECK-LABEL: conv:
// CHECK: vfmadd{{.*}} %ymm
// CHECK-NOT: 32-byte {{Spill|Reload|Folded}}
// CHECK: .size conv

// WIDE-LABEL: conv:
// WIDE: vfmadd{{.*}} %zmm
// WIDE-NOT: 64-byte {{Spill|Reload|Folded}}
// WIDE: .size conv
kernel.func @conv(%x: memref<1x4x30x30x16xf32>, %w: memref<4x576x16xf32>)
    outputs(%y: memref<1x4x28x28x16xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.contract batch [1, 28] m 28 n 64 k [4, 3, 3, 16]
      lhs %x at affine_map<(n, h, w, cb, kh, kw, c) -> (n, cb, h + kh, w + kw, c)>
      rhs %w packed at affine_map<(n, h, p, k, l) -> (p, k, l)>
      out %y whole_panels at affine_map<(n, h, w, p, l) -> (n, p, h, w, l)>
      : memref<1x4x30x30x16xf32>, memref<4x576x16xf32>, memref<1x4x28x28x16xf32>
  epilogue (%n, %h, %w0, %p, %l, %acc: f32) {
    %0 = arith.maximumf %acc, %zero : f32
    kernel.yield %0 : f32
  }
}

}
