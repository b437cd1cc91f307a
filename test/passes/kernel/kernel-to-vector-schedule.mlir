// SPDX-License-Identifier: Apache-2.0
// Schedules that are given are obeyed, those of other CPUs are not.
// RUN: dlc-opt %s --kernel-to-vector --canonicalize --cse | FileCheck %s

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "znver3",
  features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// The cost model's: tiles of 6 x 16, a block of 1000 steps.

// CHECK-LABEL: func.func @other_cpu(
// CHECK-SAME: columns = 16 : i64
// CHECK-SAME: depth_blocks = 1 : i64
// CHECK-SAME: rows = 6 : i64
// CHECK-COUNT-12: vector.fma
// CHECK-NOT: vector.fma
// CHECK: return
kernel.func @other_cpu(%x: memref<96x1000xf32>, %w: memref<4x1000x16xf32>) outputs(%y: memref<96x64xf32>) {
  kernel.contract batch [] m 96 n 64 k [1000]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {schedules = [#kernel.schedule<"znver4", rows = 2, columns = 32>]}
      : memref<96x1000xf32>, memref<4x1000x16xf32>, memref<96x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// CHECK-LABEL: func.func @given(
// CHECK-SAME: columns = 32 : i64
// CHECK-SAME: depth_blocks = 4 : i64
// CHECK-SAME: rows = 2 : i64
// CHECK-SAME: runner_up_rows = 6 : i64
// CHECK-SAME: tasks = 12 : i64
// CHECK-COUNT-8: vector.fma
// CHECK-NOT: vector.fma
// CHECK: return
kernel.func @given(%x: memref<96x1000xf32>, %w: memref<4x1000x16xf32>) outputs(%y: memref<96x64xf32>) {
  kernel.contract batch [] m 96 n 64 k [1000]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {schedules = [#kernel.schedule<"znver4", rows = 3, columns = 16>,
                    #kernel.schedule<"znver3", rows = 2, columns = 32,
                                     depth = 250, task_columns = 32,
                                     strip_rows = 16>]}
      : memref<96x1000xf32>, memref<4x1000x16xf32>, memref<96x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

}
