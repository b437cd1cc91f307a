// SPDX-License-Identifier: Apache-2.0
// Convolutions in Winograd's tiles: a task transforms tiles, multiplies point by point, and transforms the products.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Two images of 4 x 3 tiles are 24 tiles, cut into chunks of 12; each chunk of
// tiles is multiplied with each of the two panels of outputs. Of 40 channels the
// last block has 8. In scratch a point's 12 tiles have room for 13, so that points
// don't share cache sets. The result may lie where the residual lay.

// CHECK-LABEL: kernel.func @conv_winograd4_0(
// CHECK-SAME: %[[X:.*]]: memref<2x3x18x14x16xf32>, %[[W:.*]]: memref<36x2x40x16xf32>, %[[B:.*]]: memref<32xf32>, %[[R:.*]]: memref<2x2x16x14x16xf32>) outputs(%[[Y:.*]]: memref<2x2x16x14x16xf32>) attributes {inplace = [array<i64: 3, 0>]}
// CHECK-NEXT: parallel (%[[TILES:.*]], %[[PANELS:.*]]) to (2, 2) {
// CHECK-DAG: %[[V:.*]] = scratch : memref<3x36x13x16xf32>
// CHECK-DAG: %[[M:.*]] = scratch : memref<1x36x13x16xf32>
// CHECK-DAG: %[[S:.*]] = scratch : memref<6x6x16xf32>

// The halo, by the tasks of the first chunk of tiles.
// CHECK: %[[FIRST:.*]] = arith.cmpi ult, %[[TILES]], %c1
// CHECK: scf.if %[[FIRST]] {
// CHECK: loop (%[[N:.*]], %[[P:.*]]) to (2, 1) {
// CHECK: store %{{.*}}, %[[Y]][%[[N]], %[[PANELS]] + %[[P]], %

// Columns of a tile into the square, rows out of it.
// CHECK: loop (%[[BLOCK:.*]]) to (3) {
// CHECK: loop (%[[TILE:.*]]) to (12) {
// CHECK: %[[LINEAR:.*]] = arith.addi %{{.*}}, %[[TILE]] : index
// CHECK: %[[COLUMN:.*]] = arith.remui %[[LINEAR]]
// CHECK: %[[ROW:.*]] = arith.remui
// CHECK: %[[IMAGE:.*]] = arith.divui
// CHECK: loop (%[[I:.*]]) to (6) {
// CHECK: load %[[X]][%[[IMAGE]], %[[BLOCK]], %[[ROW]] * 4 + 5, %[[COLUMN]] * 4 + %[[I]], %
// CHECK: store %{{.*}}, %[[S]][5, %[[I]], %
// CHECK: loop (%[[J:.*]]) to (6) {
// CHECK: load %[[S]][%[[J]], 5, %
// CHECK: store %{{.*}}, %[[V]][%[[BLOCK]], %[[J]] * 6 + 5, %[[TILE]], %

// CHECK: contract batch [36] m 12 n 16 k [3, 16] k_tail 8 symbols (%[[PANELS]])
// CHECK-NEXT: lhs %[[V]] at affine_map<(d0, d1, d2, d3)[s0] -> (d2, d0, d1, d3)>
// CHECK-NEXT: rhs %[[W]] packed at affine_map<(d0, d1, d2, d3)[s0] -> (d0, d1 + s0, d2, d3)>
// CHECK-NEXT: out %[[M]] whole_panels at affine_map<(d0, d1, d2, d3)[s0] -> (d2, d0, d1, d3)>

// Of the last tile's rows two lie in the plane.
// CHECK: load %[[M]][
// CHECK: store %{{.*}}, %[[S]][3, %
// CHECK: %[[LEFT:.*]] = arith.subi %c14
// CHECK: %[[ROWS:.*]] = arith.minui %[[LEFT]], %c4
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %[[ROWS]] step
// CHECK: load %[[B]][(%[[PANELS]] + %{{.*}}) * 16 + %
// CHECK: %[[RESIDUAL:.*]] = load %[[R]][%{{.*}}, %{{.*}}, %{{.*}} * 4 + %[[K]] + 1, %{{.*}} * 4 + 4, %
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %{{.*}}, %[[RESIDUAL]] : f32
// CHECK-NEXT: store %[[SUM]], %[[Y]][%{{.*}}, %{{.*}}, %{{.*}} * 4 + %[[K]] + 1, %{{.*}} * 4 + 4, %
!in = tensor<2x40x14x12xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [3, 1]>>
!out = tensor<2x20x14x12xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!plain = tensor<2x20x14x12xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @residual(%x: !in, %r: !out) -> !out {
  %w = graph.constant dense<1.0> : tensor<20x40x3x3xf32>
  %b = graph.constant dense<2.0> : tensor<20xf32>
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<20x40x3x3xf32>, tensor<20xf32>
  %1 = graph.relayout %r : !out to !plain
  %2 = graph.add %0, %1 : !plain
  %3 = graph.relayout %2 : !plain to !out
  return %3 : !out
}

// -----

// Of the last tile's columns one lies in the plane.

// CHECK-LABEL: kernel.func @conv_winograd2_0(
// CHECK: contract batch [16]
// CHECK: %[[COLUMN:.*]] = arith.muli %{{.*}}, %c2
// CHECK: %[[NEXT:.*]] = arith.addi %{{.*}}, %c1
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[NEXT]], %c5
// CHECK-NEXT: scf.if %[[INSIDE]] {
// CHECK-NEXT: store
!in = tensor<1x16x4x5xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 2]>>
!out = tensor<1x16x4x5xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @columns(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 2 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x16x3x3xf32>
  return %0 : !out
}

// -----

!in = tensor<1x16x7x6xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [2, 3]>>
!out = tensor<1x16x7x6xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!pooled = tensor<1x16x3x3xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// A tile of 4 x 4 results has 2 x 2 windows: of the second one in each direction
// one, for the plane has three.

// CHECK-LABEL: kernel.func @conv_winograd4_0(
// CHECK-SAME: outputs(%[[Y:.*]]: memref<1x1x3x3x16xf32>)
// CHECK: %[[TILE:.*]] = scratch : memref<1x1x4x4x16xf32>
// CHECK: loop (%[[ROW:.*]]) to (4) {
// CHECK-COUNT-4: store %{{.*}}, %[[TILE]][0, 0, %[[ROW]], {{[0-3]}}, %{{.*}}]
// CHECK: %[[LEFT:.*]] = arith.subi %{{.*}}, %{{.*}}
// CHECK: %[[BOUND:.*]] = arith.minui %[[LEFT]], %{{.*}}
// CHECK: scf.for %[[POOLED:.*]] = %{{.*}} to %[[BOUND]]
// CHECK: reduce greatest (%[[I:.*]], %[[J:.*]]) to (2, 2)
// CHECK-NEXT: load %[[TILE]][0, 0, %[[POOLED]] * 2 + %[[I]], %[[J]], %{{.*}}]
// CHECK: store %{{.*}}, %[[Y]]
// CHECK: scf.if
// CHECK: load %[[TILE]][0, 0, %[[POOLED]] * 2 + %{{.*}}, %{{.*}} + 2, %{{.*}}]
// CHECK: store %{{.*}}, %[[Y]][{{.*}} * 2 + 1, %{{.*}}]
func.func @pooled(%x: !in) -> !pooled {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x16x3x3xf32>
  %1 = graph.pool %0 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : !out
  return %1 : !pooled
}
