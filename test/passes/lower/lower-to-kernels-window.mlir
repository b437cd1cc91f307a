// SPDX-License-Identifier: Apache-2.0
// Pooling and local response normalisation: windows.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Windows of few elements are computed four at a time. An index outside moves
// into the input, which doesn't change a maximum.

// CHECK-LABEL: kernel.func @pool_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x10x10x16xf32>) outputs(%[[Y:.*]]: memref<1x2x4x4x16xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]], %[[I3:.*]]) to (1, 1, 4) {
// CHECK-NEXT: vector_loop %[[I4:.*]] to 16 {
// CHECK-NEXT: loop (%[[I5:.*]]) to (4) unroll 4 {
// CHECK-NEXT: %[[MAX:.*]] = reduce greatest (%{{.*}}, %{{.*}}) to (3, 3) : f32 {
// CHECK: %[[MAXS:.*]] = arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: %[[MINS:.*]] = arith.minsi %[[MAXS]], %{{.*}} : index
// CHECK: %[[MAXS2:.*]] = arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: %[[MINS2:.*]] = arith.minsi %[[MAXS2]], %{{.*}} : index
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]], %[[MINS]] + 1, %[[MINS2]] + 1, %[[I4]]] : memref<1x2x10x10x16xf32>
// CHECK: store %[[MAX]], %[[Y]][%[[I]], %[[I2]], %[[I3]], %[[I5]], %[[I4]]] : memref<1x2x4x4x16xf32>
// CHECK: parallel (%[[I8:.*]], %[[I9:.*]], %[[I10:.*]]) to (1, 1, 4) {
// CHECK-NEXT: vector_loop %[[I11:.*]] to 4 {
// CHECK-NEXT: loop (%[[I12:.*]]) to (4) unroll 4 {
// CHECK-NEXT: %[[MAX2:.*]] = reduce greatest (%{{.*}}, %{{.*}}) to (3, 3) : f32 {
// CHECK: %[[MAXS3:.*]] = arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: %[[MINS3:.*]] = arith.minsi %[[MAXS3]], %{{.*}} : index
// CHECK: %[[MAXS4:.*]] = arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: %[[MINS4:.*]] = arith.minsi %[[MAXS4]], %{{.*}} : index
// CHECK-NEXT: load %[[A]][%[[I8]], %[[I9]] + 1, %[[MINS3]] + 1, %[[MINS4]] + 1, %[[I11]]] : memref<1x2x10x10x16xf32>
// CHECK: store %[[MAX2]], %[[Y]][%[[I8]], %[[I9]] + 1, %[[I10]], %[[I12]], %[[I11]]] : memref<1x2x4x4x16xf32>
!in = tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x20x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @max_blocked(%x: !in) -> !out {
  %0 = graph.pool %x max kernel [3, 3] strides [2, 2] pads [1, 0] [0, 1] : !in
  return %0 : !out
}

// -----

// Elements outside count as 0 and not for the mean.

// CHECK-LABEL: kernel.func @pool_0(
// CHECK-SAME: %{{.*}}: memref<1x2x8xf32>) outputs(%{{.*}}: memref<1x2x8xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%{{.*}}) to (3) : f32 {
// CHECK: %[[SUB:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK: %[[MAXS:.*]] = arith.maxsi %[[SUB]], %{{.*}} : index
// CHECK: arith.minsi %[[MAXS]], %{{.*}} : index
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
// CHECK: %[[SUB2:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK: %[[MAXS2:.*]] = arith.maxsi %[[SUB2]], %{{.*}} : index
// CHECK: %[[MINS2:.*]] = arith.minsi %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[SUB3:.*]] = arith.subi %[[MINS2]], %[[MAXS2]] : index
// CHECK: arith.maxsi %[[SUB3]], %{{.*}} : index
// CHECK: %[[SITOFP:.*]] = arith.sitofp %{{.*}} : i64 to f32
// CHECK-NEXT: arith.divf %[[SUM]], %[[SITOFP]] : f32
func.func @avg(%x: tensor<1x2x8xf32>) -> tensor<1x2x8xf32> {
  %0 = graph.pool %x avg kernel [3] strides [1] pads [1] [1] : tensor<1x2x8xf32>
  return %0 : tensor<1x2x8xf32>
}

// -----

// Where all windows lie inside, the count is a constant.

// CHECK-LABEL: kernel.func @pool_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x8xf32>) outputs(%{{.*}}: memref<1x2x4xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%[[I:.*]]) to (2) : f32 {
// CHECK-NEXT: load %[[A]][0, %{{.*}}, %{{.*}} * 2 + %[[I]]] : memref<1x2x8xf32>
// CHECK: %[[C:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-NEXT: arith.divf %[[SUM]], %[[C]] : f32
func.func @avg_whole(%x: tensor<1x2x8xf32>) -> tensor<1x2x4xf32> {
  %0 = graph.pool %x avg kernel [2] strides [2] pads [0] [0] : tensor<1x2x8xf32>
  return %0 : tensor<1x2x4xf32>
}

// -----

// The padding counts: from -1 to 9.

// CHECK-LABEL: kernel.func @pool_0(
// CHECK-SAME: %{{.*}}: memref<1x2x8xf32>) outputs(%{{.*}}: memref<1x2x5xf32>)
// CHECK: %[[MAXS:.*]] = arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: arith.minsi %[[MAXS]], %{{.*}} : index
// CHECK: yield %{{.*}} : f32
// CHECK: arith.constant -1 : index
// CHECK-NEXT: arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[C:.*]] = arith.constant 9 : index
// CHECK-NEXT: arith.minsi %{{.*}}, %[[C]] : index
// CHECK: arith.maxsi %{{.*}}, %{{.*}} : index
// CHECK: %[[SITOFP:.*]] = arith.sitofp %{{.*}} : i64 to f32
// CHECK-NEXT: arith.divf %{{.*}}, %[[SITOFP]] : f32
func.func @avg_include(%x: tensor<1x2x8xf32>) -> tensor<1x2x5xf32> {
  %0 = graph.pool %x avg kernel [3] strides [2] pads [1] [1] ceil_mode count_include_pad : tensor<1x2x8xf32>
  return %0 : tensor<1x2x5xf32>
}

// -----

// CHECK-LABEL: kernel.func @pool_0(
// CHECK-SAME: %{{.*}}: memref<1x2x8xf32>) outputs(%{{.*}}: memref<1x2x4xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%{{.*}}) to (2) : f32 {
// CHECK: %[[ABS:.*]] = math.absf %{{.*}} : f32
// CHECK-NEXT: arith.mulf %[[ABS]], %[[ABS]] : f32
// CHECK: math.sqrt %[[SUM]] : f32
func.func @lp(%x: tensor<1x2x8xf32>) -> tensor<1x2x4xf32> {
  %0 = graph.pool %x lp kernel [2] strides [2] pads [0] [0] : tensor<1x2x8xf32>
  return %0 : tensor<1x2x4xf32>
}

// -----

// alpha is divided by the size.

// CHECK-LABEL: kernel.func @lrn_0(
// CHECK-SAME: %[[A:.*]]: memref<2x4x3x3xf32>) outputs(%[[Y:.*]]: memref<2x4x3x3xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%{{.*}}) to (3) : f32 {
// CHECK: %[[CMP:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : memref<2x4x3x3xf32>
// CHECK-NEXT: %[[MUL:.*]] = arith.mulf %[[LOAD]], %[[LOAD]] : f32
// CHECK: arith.select %[[CMP]], %[[MUL]], %{{.*}} : f32
// CHECK: %[[LOAD2:.*]] = load %[[A]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : memref<2x4x3x3xf32>
// CHECK-NEXT: %[[C:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT: %[[MUL2:.*]] = arith.mulf %[[SUM]], %[[C]] : f32
// CHECK-NEXT: %[[C2:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-NEXT: %[[ADD:.*]] = arith.addf %[[MUL2]], %[[C2]] : f32
// CHECK-NEXT: %[[C3:.*]] = arith.constant -7.500000e-01 : f32
// CHECK-NEXT: %[[POW:.*]] = math.powf %[[ADD]], %[[C3]] : f32
// CHECK-NEXT: %[[MUL3:.*]] = arith.mulf %[[LOAD2]], %[[POW]] : f32
// CHECK-NEXT: store %[[MUL3]], %[[Y]][%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : memref<2x4x3x3xf32>
func.func @lrn(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %0 = graph.lrn %x size 3 alpha 3.0 beta 7.5e-01 knorm 2.0 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

!in = tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!pooled = tensor<1x20x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// A convolution that pools its own tiles computes two rows into scratch, with
// their bias; the second block has four channels.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[X:.*]]: memref<1x1x10x10x16xf32>, %[[W:.*]]: memref<2x144x16xf32>, %[[B:.*]]: memref<32xf32>) outputs(%[[Y:.*]]: memref<1x2x4x4x16xf32>)
// CHECK-NEXT: parallel (%[[N:.*]], %[[ROW:.*]]) to (1, 4) {
// CHECK-NEXT: %[[ROWS:.*]] = scratch : memref<1x2x2x8x16xf32>
// CHECK-NEXT: contract batch [2] m 8 n 32 k [1, 3, 3, 16] symbols (%[[N]], %[[ROW]])
// CHECK-NEXT: lhs %[[X]] at affine_map<(d0, d1, d2, d3, d4, d5)[s0, s1] -> (s0, d2, d0 + s1 * 2 + d3, d1 + d4, d5)>
// CHECK-NEXT: rhs %[[W]] packed at affine_map<(d0, d1, d2, d3)[s0, s1] -> (d1, d2, d3)>
// CHECK-NEXT: out %[[ROWS]] whole_panels at affine_map<(d0, d1, d2, d3)[s0, s1] -> (0, d2, d0, d1, d3)>
// CHECK: load %[[B]][%{{.*}} * 16 + %{{.*}}]
// CHECK: loop (%[[C:.*]], %[[COLUMN:.*]]) to (1, 4) {
// CHECK-NEXT: vector_loop %[[LANE:.*]] to 16 {
// CHECK-NEXT: %[[MAX:.*]] = reduce greatest (%[[I:.*]], %[[J:.*]]) to (2, 2) : f32 {
// CHECK-NEXT: load %[[ROWS]][0, %[[C]], %[[I]], %[[COLUMN]] * 2 + %[[J]], %[[LANE]]]
// CHECK: %[[RELU:.*]] = arith.select %{{.*}}, %{{.*}}, %[[MAX]] : f32
// CHECK-NEXT: store %[[RELU]], %[[Y]][%[[N]], %[[C]], %[[ROW]], %[[COLUMN]], %[[LANE]]]
// CHECK: vector_loop %{{.*}} to 4 {
func.func @pooled(%x: !in) -> !pooled {
  %w = graph.constant dense<1.0> : tensor<20x16x3x3xf32>
  %b = graph.constant dense<2.0> : tensor<20xf32>
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<20x16x3x3xf32>, tensor<20xf32>
  %1 = graph.pool %0 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : !out
  %2 = graph.relu %1 : !pooled
  return %2 : !pooled
}
