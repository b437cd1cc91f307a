// SPDX-License-Identifier: Apache-2.0
// Packed columns that don't stay in L2 are fetched while others are in use.
// RUN: dlc-opt %s --kernel-to-vector --canonicalize --cse | FileCheck %s

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// Four tiles of a task meet each panel of 512 x 16. Each of them fetches a
// quarter of the next panel, a line in every four steps.

// CHECK-LABEL: func.func @wide(
// CHECK: scf.for %{{.*}} = %arg3 to %arg4 step
// CHECK: scf.for %[[GROUP:.*]] = %{{.*}} to %{{.*}} step %c1
// CHECK: scf.for %[[TILE:.*]] = %[[FIRST:.*]] to %{{.*}} step %c1
// CHECK: %[[VISIT:.*]] = arith.subi %[[TILE]], %[[FIRST]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[GROUP]], %c1
// CHECK: %[[PANEL:.*]] = arith.muli %[[NEXT]], %c8192
// CHECK: %[[PART:.*]] = arith.muli %[[VISIT]], %c2048
// CHECK: %[[FROM:.*]] = arith.addi %[[PANEL]], %[[PART]]
// CHECK: scf.for %[[K:.*]] = %c0 to %c512 step %c1
// CHECK: %[[STEP:.*]] = arith.muli %[[K]], %c4
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %[[STEP]]
// CHECK: memref.prefetch %arg1[%[[AT]]], read, locality<2>, data
// CHECK-COUNT-12: vector.fma
kernel.func @wide(%x: memref<48x512xf32>, %w: memref<16x512x16xf32>) outputs(%y: memref<48x256xf32>) {
  kernel.contract batch [] m 48 n 256 k [512]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<48x512xf32>, memref<16x512x16xf32>, memref<48x256xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// In two blocks of the depth the first group's next block follows the last
// group's present one.

// CHECK-LABEL: func.func @deep(
// CHECK: arith.cmpi eq, %{{.*}}, %c2000
// CHECK: arith.select
// CHECK: memref.prefetch
kernel.func @deep(%x: memref<48x2000xf32>, %w: memref<16x2000x16xf32>) outputs(%y: memref<48x256xf32>) {
  kernel.contract batch [] m 48 n 256 k [2000]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<48x2000xf32>, memref<16x2000x16xf32>, memref<48x256xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// L2 holds these columns from one tile to the next.

// CHECK-LABEL: func.func @narrow(
// CHECK-NOT: memref.prefetch
kernel.func @narrow(%x: memref<48x512xf32>, %w: memref<4x512x16xf32>) outputs(%y: memref<48x64xf32>) {
  kernel.contract batch [] m 48 n 64 k [512]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<48x512xf32>, memref<4x512x16xf32>, memref<48x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// One tile meets all columns: the hardware follows such a stream.

// CHECK-LABEL: func.func @row(
// CHECK-NOT: memref.prefetch
kernel.func @row(%x: memref<1x512xf32>, %w: memref<16x512x16xf32>) outputs(%y: memref<1x256xf32>) {
  kernel.contract batch [] m 1 n 256 k [512]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x512xf32>, memref<16x512x16xf32>, memref<1x256xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

}
