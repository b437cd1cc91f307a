// SPDX-License-Identifier: Apache-2.0
// The blocks of a contraction: depth, packed columns, streams of columns.
// RUN: dlc-opt %s --kernel-to-vector --canonicalize --cse | FileCheck %s

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// 2000 products are summed in two blocks; sums lie in scratch memory between.

// CHECK-LABEL: func.func @deep(
// CHECK-SAME: kernel.num_tasks = 2
// CHECK-SAME: kernel.scratch_bytes = 384
// CHECK: %[[SUMS:.*]] = memref.view
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c2 step %c1
// CHECK: %[[FROM:.*]] = arith.muli %[[BLOCK]], %c1000
// CHECK: %[[TO:.*]] = arith.addi %[[FROM]], %c1000
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[FROM]], %c0
// CHECK: %[[START:.*]]:12 = scf.if %[[FIRST]]
// CHECK: else
// CHECK-COUNT-12: vector.load %[[SUMS]]
// CHECK: %[[ACC:.*]]:12 = scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %c1 iter_args(%{{.*}} = %[[START]]#0,
// CHECK-COUNT-12: vector.fma
// CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[TO]], %c2000
// CHECK: scf.if %[[LAST]]
// CHECK-COUNT-12: vector.store %{{.*}}, %arg2
// CHECK: else
// CHECK-COUNT-12: vector.store %{{.*}}, %[[SUMS]]
kernel.func @deep(%x: memref<6x2000xf32>, %w: memref<2x2000x16xf32>) outputs(%y: memref<6x32xf32>) {
  kernel.contract batch [] m 6 n 32 k [2000]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<6x2000xf32>, memref<2x2000x16xf32>, memref<6x32xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Columns that are k's neighbours are packed through squares of 8 x 8, the
// last five steps of 101 element by element.

// CHECK-LABEL: func.func @transposed(
// CHECK: %[[PACKED:.*]] = memref.view
// CHECK: scf.for %{{.*}} = %c0 to %c96 step %c8
// CHECK-COUNT-8: vector.load %arg1
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store %{{.*}}, %[[PACKED]]
// CHECK: scf.for %{{.*}} = %c96 to %c101 step %c1
// CHECK-COUNT-8: memref.load %arg1
// CHECK: vector.store %{{.*}}, %[[PACKED]]
// CHECK: vector.load %[[PACKED]]
// CHECK: vector.fma
kernel.func @transposed(%x: memref<12x101xf32>, %w: memref<32x101xf32>) outputs(%y: memref<12x32xf32>) {
  kernel.contract batch [] m 12 n 32 k [101]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (p * 16 + l, k)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<12x101xf32>, memref<32x101xf32>, memref<12x32xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Many rows: neighbouring columns are copied into panels, a row of them after
// the other; the last panel has two columns.

// CHECK-LABEL: func.func @rows(
// CHECK: %[[PACKED:.*]] = memref.view
// CHECK: scf.for %{{.*}} = %c0 to %c200
// CHECK: scf.for
// CHECK: %[[LOW:.*]] = vector.load %arg1
// CHECK: vector.store %[[LOW]], %[[PACKED]]
// CHECK: scf.for %{{.*}} = %c0 to %c200
// CHECK: vector.maskedload %arg1
// CHECK: vector.load %[[PACKED]]
// CHECK: vector.fma
kernel.func @rows(%x: memref<96x200xf32>, %w: memref<200x50xf32>) outputs(%y: memref<96x50xf32>) {
  kernel.contract batch [] m 96 n 50 k [200]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<96x200xf32>, memref<200x50xf32>, memref<96x50xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Few rows, columns beyond the caches: read where they are, eight rows of all
// tasks at a time.

// CHECK-LABEL: func.func @stream(
// CHECK-SAME: %[[BEGIN:arg[0-9]]]: index, %[[END:arg[0-9]]]: index
// CHECK: scf.for %[[BLOCK:.*]] = %c0 to %c64 step %c1
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %c1
// CHECK: scf.for
// CHECK-COUNT-6: vector.load %arg1
// CHECK: vector.fma
kernel.func @stream(%x: memref<1x512xf32>, %w: memref<512x768xf32>) outputs(%y: memref<1x768xf32>) {
  kernel.contract batch [] m 1 n 768 k [512]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x512xf32>, memref<512x768xf32>, memref<1x768xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// A task has up to 256 columns.

// CHECK-LABEL: func.func @wide(
// CHECK-SAME: kernel.num_tasks = 16
kernel.func @wide(%x: memref<48x32xf32>, %w: memref<256x32x16xf32>) outputs(%y: memref<48x4096xf32>) {
  kernel.contract batch [] m 48 n 4096 k [32]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<48x32xf32>, memref<256x32x16xf32>, memref<48x4096xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// For eight tasks, columns are split before rows, down to 64.

// CHECK-LABEL: func.func @narrow(
// CHECK-SAME: kernel.num_tasks = 8
// CHECK: %[[COLUMNS:.*]] = arith.divui %{{.*}}, %c2
// CHECK: %[[FIRST:.*]] = arith.muli %[[COLUMNS]], %c4
// CHECK: scf.for %{{.*}} = %[[FIRST]] to
kernel.func @narrow(%x: memref<48x32xf32>, %w: memref<16x32x16xf32>) outputs(%y: memref<48x256xf32>) {
  kernel.contract batch [] m 48 n 256 k [32]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<48x32xf32>, memref<16x32x16xf32>, memref<48x256xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

}
