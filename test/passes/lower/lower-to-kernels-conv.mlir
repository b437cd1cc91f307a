// SPDX-License-Identifier: Apache-2.0
// Convolutions: contractions of blocks, depthwise, direct; and transposed ones.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Long rows are tiled one by one. Of 40 channels the last block has 8.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3x18x18x16xf32>, %[[B:.*]]: memref<1x360x16xf32>) outputs(%[[Y:.*]]: memref<2x1x16x16x16xf32>)
// CHECK-NEXT: contract batch [2, 16] m 16 n 16 k [3, 3, 3, 16] k_tail 8
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d3, d1 + d4, d2 + d5, d6)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2, d3, d4) -> (d2, d3, d4)>
// CHECK-NEXT: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d1, d2, d4)> : memref<2x3x18x18x16xf32>, memref<1x360x16xf32>, memref<2x1x16x16x16xf32>
!in = tensor<2x40x16x16xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<2x16x16x16xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @rows(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<16x40x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x40x3x3xf32>
  return %0 : !out
}

// -----

// The depth of a volume is another dimension: planes one by one.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x6x20x20x16xf32>, %[[B:.*]]: memref<1x864x16xf32>) outputs(%[[Y:.*]]: memref<1x1x2x18x18x16xf32>)
// CHECK-NEXT: contract batch [1, 2, 18] m 18 n 16 k [2, 3, 3, 3, 16]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4, d5, d6, d7, d8) -> (d0, d4, d1 * 2 + d5, d2 + d6, d3 + d7, d8)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, d4, d5)>
// CHECK-NEXT: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d4, d1, d2, d3, d5)>
!in = tensor<1x32x4x18x18xf32, #graph.blocked<16, halo_low = [1, 1, 1], halo_high = [1, 1, 1]>>
!out = tensor<1x16x2x18x18xf32, #graph.blocked<16, halo_low = [0, 0, 0], halo_high = [0, 0, 0]>>
func.func @volume(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<16x32x3x3x3xf32>
  %0 = graph.conv %x, %w strides [2, 1, 1] pads [1, 1, 1] [1, 1, 1] dilations [1, 1, 1] groups 1 layout <16, halo_low = [0, 0, 0], halo_high = [0, 0, 0]> : !in, tensor<16x32x3x3x3xf32>
  return %0 : !out
}

// -----

// Two of four groups of 8 channels share a block.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x6x6x16xf32>, %[[B:.*]]: memref<4x144x16xf32>) outputs(%[[Y:.*]]: memref<1x4x4x4x16xf32>)
// CHECK-NEXT: contract batch [2, 1] m 16 n 32 k [1, 3, 3, 16]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d1, d0 + d3, d2 floordiv 4 + d4, d2 mod 4 + d5, d6)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2, d3, d4) -> (d0 * 2 + d2, d3, d4)>
// CHECK-NEXT: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3, d4) -> (d1, d0 * 2 + d3, d2 floordiv 4, d2 mod 4, d4)>
!in = tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x64x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @joined_groups(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<64x8x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 4 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<64x8x3x3xf32>
  return %0 : !out
}

// -----

// Short rows are tiled as a list of pixels. All that the epilogue reads has whole
// panels, the packed bias too.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x1x8x8x16xf32>, %[[B:.*]]: memref<2x64x16xf32>, %[[C:.*]]: memref<32xf32>, %[[D:.*]]: memref<1x2x4x4x16xf32>) outputs(%[[Y:.*]]: memref<1x2x4x4x16xf32>) attributes {inplace = [array<i64: 3, 0>]}
// CHECK-NEXT: contract batch [1] m 16 n 20 k [1, 2, 2, 16]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d2, (d1 floordiv 4) * 2 + d3, (d1 mod 4) * 2 + d4, d5)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2, d3) -> (d1, d2, d3)>
// CHECK-NEXT: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3) -> (d0, d2, d1 floordiv 4, d1 mod 4, d3)> : memref<1x1x8x8x16xf32>, memref<2x64x16xf32>, memref<1x2x4x4x16xf32>
// CHECK: load %[[C]][%{{.*}} * 16 + %{{.*}}] : memref<32xf32>
// CHECK: load %[[D]][%{{.*}}, %{{.*}}, %{{.*}} floordiv 4, %{{.*}} mod 4, %{{.*}}] : memref<1x2x4x4x16xf32>
// CHECK: kernel.call @conv_0(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {flops = 41600 : i64, inplace = [array<i64: 3, 0>], nodes = []} : (tensor<1x1x8x8x16xf32>, tensor<2x64x16xf32>, tensor<32xf32>, tensor<1x2x4x4x16xf32>) -> tensor<1x2x4x4x16xf32>
!in = tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x20x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @list(%x: !in, %r: !out) -> !out {
  %w = graph.constant dense<1.0> : tensor<20x16x2x2xf32>
  %b = graph.constant dense<2.0> : tensor<20xf32>
  %0 = graph.conv %x, %w, %b strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<20x16x2x2xf32>, tensor<20xf32>
  %1 = graph.add %0, %r : !out
  return %1 : !out
}

// -----

// Channel 51 of 44, which the last panel would read, lies beyond the last block.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %{{.*}}: memref<1x3x20x20x16xf32>, %{{.*}}: memref<2x44x16xf32>) outputs(%[[Y:.*]]: memref<1x2x20x20x16xf32>)
// CHECK-NEXT: contract batch [1] m 400 n 24 k [3, 1, 1, 16] k_tail 12
// CHECK: out %[[Y]] at affine_map<(d0, d1, d2, d3) -> (d0, d2, d1 floordiv 20, d1 mod 20, d3)> : memref<1x3x20x20x16xf32>, memref<2x44x16xf32>, memref<1x2x20x20x16xf32>
!out = tensor<1x24x20x20xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!in = tensor<1x44x20x20xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @moved_residual(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<24x44x1x1xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<24x44x1x1xf32>
  %p = graph.relayout %x : !in to tensor<1x44x20x20xf32>
  %s = graph.slice %p starts [0, 20, 0, 0] limits [1, 44, 20, 20] steps [1, 1, 1, 1] : tensor<1x44x20x20xf32>
  %r = graph.relayout %s : tensor<1x24x20x20xf32> to !out
  %1 = graph.add %0, %r : !out
  return %1 : !out
}

// -----

// The input, without blocks, is read by the epilogue, too: it has 8 channels.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x8x4x4xf32>, %{{.*}}: memref<1x8x16xf32>) outputs(%[[Y:.*]]: memref<1x1x4x4x16xf32>)
// CHECK-NEXT: contract batch [1] m 16 n 8 k [8, 1, 1]
// CHECK: out %[[Y]] at affine_map<(d0, d1, d2, d3) -> (d0, d2, d1 floordiv 4, d1 mod 4, d3)> : memref<1x8x4x4xf32>, memref<1x8x16xf32>, memref<1x1x4x4x16xf32>
// CHECK: load %[[A]][%{{.*}}, %{{.*}} * 16 + %{{.*}}, %{{.*}} floordiv 4, %{{.*}} mod 4] : memref<1x8x4x4xf32>
!out = tensor<1x8x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @plain_residual(%x: tensor<1x8x4x4xf32>) -> !out {
  %w = graph.constant dense<1.0> : tensor<8x8x1x1xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x8x4x4xf32>, tensor<8x8x1x1xf32>
  %r = graph.relayout %x : tensor<1x8x4x4xf32> to !out
  %1 = graph.add %0, %r : !out
  return %1 : !out
}

// -----

// Few channels are read without blocks. The halo is zeroed beside it.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x3x4x4xf32>, %{{.*}}: memref<1x3x16xf32>) outputs(%[[Y:.*]]: memref<1x1x6x6x16xf32>)
// CHECK-NEXT: parallel (%{{.*}}, %{{.*}}) to (1, 1) {
// CHECK: contract batch [1] m 16 n 16 k [3, 1, 1]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d1 floordiv 4 + d3, d1 mod 4 + d4)>
// CHECK: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3) -> (d0, d2, d1 floordiv 4 + 1, d1 mod 4 + 1, d3)> : memref<1x3x4x4xf32>, memref<1x3x16xf32>, memref<1x1x6x6x16xf32>
!out = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!halo = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
func.func @few_channels(%x: tensor<1x3x4x4xf32>) -> !halo {
  %w = graph.constant dense<1.0> : tensor<16x3x1x1xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x3x4x4xf32>, tensor<16x3x1x1xf32>
  %1 = graph.relayout %0 : !out to !halo
  return %1 : !halo
}

// -----

// Groups of whole blocks are a batch.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x4x4x16xf32>, %[[B:.*]]: memref<4x16x16xf32>, %[[C:.*]]: memref<64xf32>) outputs(%[[Y:.*]]: memref<1x4x4x4x16xf32>)
// CHECK-NEXT: contract batch [2, 1] m 16 n 32 k [1, 1, 1, 16]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d1, d0 + d3, d2 floordiv 4 + d4, d2 mod 4 + d5, d6)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2, d3, d4) -> (d0 * 2 + d2, d3, d4)>
// CHECK-NEXT: out %[[Y]] whole_panels at affine_map<(d0, d1, d2, d3, d4) -> (d1, d0 * 2 + d3, d2 floordiv 4, d2 mod 4, d4)> : memref<1x2x4x4x16xf32>, memref<4x16x16xf32>, memref<1x4x4x4x16xf32>
// CHECK: load %[[C]][%{{.*}} * 32 + %{{.*}} * 16 + %{{.*}}] : memref<64xf32>
!in = tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x64x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @groups(%x: !in, %b: tensor<64xf32>) -> !out {
  %w = graph.constant dense<1.0> : tensor<64x16x1x1xf32>
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<64x16x1x1xf32>, tensor<64xf32>
  return %0 : !out
}

// -----

// Five columns share the filter, whose channels are lanes.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x10x10x16xf32>, %[[B:.*]]: memref<2x3x3x16xf32>) outputs(%[[Y:.*]]: memref<1x2x8x8x16xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]], %[[I3:.*]]) to (1, 1, 8) {
// CHECK-NEXT: vector_loop %[[I4:.*]] to 16 {
// CHECK-NEXT: loop (%[[I5:.*]]) to (8) unroll 5 {
// CHECK-NEXT: %[[SUM:.*]] = reduce add (%[[I6:.*]], %[[I7:.*]]) to (3, 3) : f32 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[I]], %[[I2]], %[[I3]] + %[[I6]], %[[I5]] + %[[I7]], %[[I4]]] : memref<1x2x10x10x16xf32>
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[B]][%[[I2]], %[[I6]], %[[I7]], %[[I4]]] : memref<2x3x3x16xf32>
// CHECK-NEXT: arith.mulf %[[LOAD]], %[[LOAD2]] : f32
// CHECK: store %[[SUM]], %[[Y]][%[[I]], %[[I2]], %[[I3]], %[[I5]], %[[I4]]] : memref<1x2x8x8x16xf32>
// CHECK: parallel (%[[I8:.*]], %[[I9:.*]], %[[I10:.*]]) to (1, 1, 8) {
// CHECK-NEXT: vector_loop %[[I11:.*]] to 4 {
// CHECK-NEXT: loop (%[[I12:.*]]) to (8) unroll 5 {
// CHECK-NEXT: %[[SUM2:.*]] = reduce add (%[[I13:.*]], %[[I14:.*]]) to (3, 3) : f32 {
// CHECK-NEXT: %[[LOAD3:.*]] = load %[[A]][%[[I8]], %[[I9]] + 1, %[[I10]] + %[[I13]], %[[I12]] + %[[I14]], %[[I11]]] : memref<1x2x10x10x16xf32>
// CHECK-NEXT: %[[LOAD4:.*]] = load %[[B]][%[[I9]] + 1, %[[I13]], %[[I14]], %[[I11]]] : memref<2x3x3x16xf32>
// CHECK-NEXT: arith.mulf %[[LOAD3]], %[[LOAD4]] : f32
// CHECK: store %[[SUM2]], %[[Y]][%[[I8]], %[[I9]] + 1, %[[I10]], %[[I12]], %[[I11]]] : memref<1x2x8x8x16xf32>
!in = tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @depthwise(%x: !in) -> !out {
  %w = graph.constant dense<1.0> : tensor<20x1x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 20 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<20x1x3x3xf32>
  return %0 : !out
}

// -----

// Groups of 3 results read 2 channels each; the filter isn't known.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x4x8x8xf32>, %[[B:.*]]: memref<6x2x2x2xf32>, %[[C:.*]]: memref<6xf32>) outputs(%[[Y:.*]]: memref<1x6x7x7xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]]) to (6, 7) {
// CHECK-NEXT: vector_loop %[[I3:.*]] to 7 {
// CHECK-NEXT: %[[SUM:.*]] = reduce add (%[[I4:.*]], %[[I5:.*]], %[[I6:.*]]) to (2, 2, 2) : f32 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][0, (%[[I]] floordiv 3) * 2 + %[[I4]], %[[I2]] + %[[I5]], %[[I3]] + %[[I6]]] : memref<1x4x8x8xf32>
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[B]][%[[I]], %[[I4]], %[[I5]], %[[I6]]] : memref<6x2x2x2xf32>
// CHECK-NEXT: arith.mulf %[[LOAD]], %[[LOAD2]] : f32
// CHECK: %[[LOAD3:.*]] = load %[[C]][%[[I]]] : memref<6xf32>
// CHECK-NEXT: %[[ADD:.*]] = arith.addf %[[SUM]], %[[LOAD3]] : f32
// CHECK-NEXT: store %[[ADD]], %[[Y]][0, %[[I]], %[[I2]], %[[I3]]] : memref<1x6x7x7xf32>
func.func @direct_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<6x2x2x2xf32>, %b: tensor<6xf32>) -> tensor<1x6x7x7xf32> {
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2 : tensor<1x4x8x8xf32>, tensor<6x2x2x2xf32>, tensor<6xf32>
  return %0 : tensor<1x6x7x7xf32>
}

// -----

// The halo holds the padding: no index is negative.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x9xf32>, %[[B:.*]]: memref<3x2x3xf32>) outputs(%{{.*}}: memref<1x3x4xf32>)
// CHECK: reduce add (%[[I:.*]], %[[I2:.*]]) to (2, 3) : f32 {
// CHECK-NEXT: load %[[A]][0, %[[I]], %{{.*}} * 2 + %[[I2]]] : memref<1x2x9xf32>
// CHECK-NEXT: load %[[B]][%{{.*}}, %[[I]], %[[I2]]] : memref<3x2x3xf32>
!in = tensor<1x2x8xf32, #graph.blocked<1, halo_low = [1], halo_high = [0]>>
func.func @direct_1d(%x: !in, %w: tensor<3x2x3xf32>) -> tensor<1x3x4xf32> {
  %0 = graph.conv %x, %w strides [2] pads [1] [0] dilations [1] groups 1 : !in, tensor<3x2x3xf32>
  return %0 : tensor<1x3x4xf32>
}

// -----

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x1x4x5x6xi32>, %[[B:.*]]: memref<2x1x3x3x3xi32>) outputs(%[[Y:.*]]: memref<1x2x2x3x2xi32>)
// CHECK: %[[SUM:.*]] = reduce add (%[[I:.*]], %[[I2:.*]], %[[I3:.*]], %[[I4:.*]]) to (1, 3, 3, 3) : i32 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][0, %[[I]], %{{.*}} + %[[I2]], %{{.*}} + %[[I3]], %{{.*}} + %[[I4]] * 2] : memref<1x1x4x5x6xi32>
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[B]][%{{.*}}, %[[I]], %[[I2]], %[[I3]], %[[I4]]] : memref<2x1x3x3x3xi32>
// CHECK-NEXT: arith.muli %[[LOAD]], %[[LOAD2]] : i32
// CHECK: store %[[SUM]], %[[Y]][0, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : memref<1x2x2x3x2xi32>
func.func @direct_3d(%x: tensor<1x1x4x5x6xi32>, %w: tensor<2x1x3x3x3xi32>) -> tensor<1x2x2x3x2xi32> {
  %0 = graph.conv %x, %w strides [1, 1, 1] pads [0, 0, 0] [0, 0, 0] dilations [1, 1, 2] groups 1 : tensor<1x1x4x5x6xi32>, tensor<2x1x3x3x3xi32>
  return %0 : tensor<1x2x2x3x2xi32>
}

// -----

// Each result gathers the elements that reach it: distance 2 i for stride 2.

// CHECK-LABEL: kernel.func @deconv_0(
// CHECK-SAME: %[[A:.*]]: memref<1x4x5xf32>, %[[B:.*]]: memref<4x3x3xf32>) outputs(%[[Y:.*]]: memref<1x6x12xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%[[I:.*]], %[[I2:.*]]) to (2, 3) : f32 {
// CHECK: %[[SUB:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK: %[[MAXS:.*]] = arith.maxsi %[[SUB]], %{{.*}} : index
// CHECK: %[[DIVU:.*]] = arith.divui %[[MAXS]], %{{.*}} : index
// CHECK: %[[REMU:.*]] = arith.remui %[[MAXS]], %{{.*}} : index
// CHECK-NEXT: %[[CMP:.*]] = arith.cmpi sge, %[[SUB]], %{{.*}} : index
// CHECK-NEXT: %[[CMP2:.*]] = arith.cmpi eq, %[[REMU]], %{{.*}} : index
// CHECK-NEXT: %[[AND:.*]] = arith.andi %[[CMP]], %[[CMP2]] : i1
// CHECK: %[[CMP3:.*]] = arith.cmpi ult, %[[DIVU]], %{{.*}} : index
// CHECK-NEXT: %[[AND2:.*]] = arith.andi %[[AND]], %[[CMP3]] : i1
// CHECK: %[[MINU:.*]] = arith.minui %[[DIVU]], %{{.*}} : index
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][0, (%{{.*}} floordiv 3) * 2 + %[[I]], %[[MINU]]] : memref<1x4x5xf32>
// CHECK-NEXT: load %[[B]][(%{{.*}} floordiv 3) * 2 + %[[I]], %{{.*}} mod 3, %[[I2]]] : memref<4x3x3xf32>
// CHECK: arith.select %[[AND2]], %[[LOAD]], %{{.*}} : f32
// CHECK: store %[[SUM]], %[[Y]][0, %{{.*}}, %{{.*}}] : memref<1x6x12xf32>
func.func @deconv(%x: tensor<1x4x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x6x12xf32> {
  %0 = graph.deconv %x, %w strides [2] pads [1] [1] dilations [2] output_padding [1] groups 2 : tensor<1x4x5xf32>, tensor<4x3x3xf32>
  return %0 : tensor<1x6x12xf32>
}

// -----

// Four channels of 8-bit integers are read at once; of 40 the last block has 8,
// which are two words.

// CHECK-LABEL: kernel.func @conv_0(
// CHECK-NEXT: contract batch [1] m 9 n 8 k [3, 3, 3, 4] k_tail 2 quads
// CHECK-NEXT: lhs %{{.*}} unsigned at affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d2, d1 floordiv 3 + d3, d1 mod 3 + d4, d5)>
// CHECK-NEXT: rhs %{{.*}} packed at affine_map<(d0, d1, d2, d3) -> (d1, d2, d3, 0)>
// CHECK-NEXT: out %{{.*}} whole_panels at {{.*}} : memref<1x3x5x5x16xi8>, memref<1x90x16x4xi8>, memref<1x1x3x3x16xi32>
!in = tensor<1x40x5x5xui8, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x8x3x3xi32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @wide(%x: !in) -> !out {
  %w = graph.constant dense<1> : tensor<8x40x3x3xi8>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 wide
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<8x40x3x3xi8>
  return %0 : !out
}
