// RUN: dlc-opt --kernel-to-vector --split-input-file %s | FileCheck %s

// Extents of several sizes: the loops are those of every size, and what is
// decided depends on typical ones.
#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {
// Whole vectors and then lanes, though 24 has no rest.
// CHECK-LABEL: func.func @lanes
// CHECK: %[[END:.+]] = arith.constant 24 : index
// CHECK: scf.for %{{.+}} = %{{.+}} to %[[END]] step %{{.+}} {
// CHECK: vector.load
// CHECK: }
// CHECK: scf.for
// CHECK: memref.load
kernel.func @lanes(%x: memref<24xf32>) outputs(%y: memref<24xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 24 attributes {kernel.typical = array<i64: 64>} {
      %0 = kernel.load %x[%i] : memref<24xf32>
      kernel.store %0, %y[%i] : memref<24xf32>
    }
  }
}
}

// -----

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {
// A loop that happens to run once is still one.
// CHECK-LABEL: func.func @once
// CHECK: scf.for
// CHECK: scf.for
// CHECK: vector.load
kernel.func @once(%x: memref<1x8xf32>) outputs(%y: memref<1x8xf32>) {
  kernel.parallel () to () {
    kernel.loop (%n) to (1) attributes {kernel.typical = array<i64: 4>} {
      kernel.vector_loop %i to 8 {
        %0 = kernel.load %x[%n, %i] : memref<1x8xf32>
        kernel.store %0, %y[%n, %i] : memref<1x8xf32>
      }
    }
  }
}
}

// -----

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {
// Tiles of as many rows as 64 rows would have, then row by row: 2 rows aren't
// a tile.
// CHECK-LABEL: func.func @rows
// CHECK: arith.minui
// CHECK: scf.for
// CHECK-COUNT-4: vector.fma
// CHECK: arith.minui
// CHECK: arith.maxui
// CHECK: scf.for
// CHECK: vector.fma
kernel.func @rows(%x: memref<2x32xf32>, %w: memref<1x32x16xf32>)
    outputs(%y: memref<2x16xf32>) {
  kernel.contract batch [] m 2 n 16 k [32]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {kernel.typical = array<i64: 64, -1, -1, 128, 4>}
      : memref<2x32xf32>, memref<1x32x16xf32>, memref<2x16xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}
}

// -----

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {
// Four accumulators, then vectors, then elements.
// CHECK-LABEL: func.func @sum
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: scf.for {{.*}} -> (f32) {
kernel.func @sum(%x: memref<70xf32>) outputs(%y: memref<1xf32>) {
  %zero = arith.constant 0 : index
  kernel.parallel () to () {
    %sum = kernel.reduce add (%i) to (70) {kernel.typical = array<i64: 64>} : f32 {
      %0 = kernel.load %x[%i] : memref<70xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %y[%zero] : memref<1xf32>
  }
}
}
