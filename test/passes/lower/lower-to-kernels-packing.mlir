// SPDX-License-Identifier: Apache-2.0
// Constants are packed into the order in which kernels read them.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels | FileCheck %s

// A panel has 16 rows of the filter: 1, 3 and 14 times 0 at depth 0, then 2, 4
// and 14 times 0.

// CHECK-LABEL: func.func @dense(
// CHECK: kernel.constant dense_resource<packed> : tensor<1x2x16xf32>
// CHECK: packed: "0x400000000000803F00004040{{(0{112})}}0000004000008040{{(0{112})}}"
func.func @dense(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %0 = graph.dense %x, %w : tensor<1x2xf32>, tensor<2x2xf32>
  return %0 : tensor<1x2xf32>
}

// -----

// Two channels of a block are read at one tap before the next one: 1, 3, 2, 4.

!in = tensor<1x2x1x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x1x1x1xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// CHECK-LABEL: func.func @conv(
// CHECK: kernel.constant dense_resource<packed> : tensor<1x4x16xf32>
// CHECK: packed: "0x400000000000803F{{(0{120})}}00004040{{(0{120})}}00000040{{(0{120})}}00008040{{(0{120})}}"
func.func @conv(%x: !in) -> !out {
  %w = graph.constant dense<[[[[1.0, 2.0]], [[3.0, 4.0]]]]> : tensor<1x2x1x2xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<1x2x1x2xf32>
  return %0 : !out
}

// -----

// Two groups of two channels, and of one result each: 1 and 2 have zeros beside
// them, 3 and 4 before them.

!in = tensor<1x4x1x1xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x2x1x1xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// CHECK-LABEL: func.func @groups(
// CHECK: kernel.constant dense_resource<packed> : tensor<1x4x16xf32>
// CHECK: packed: "0x400000000000803F{{(0{120})}}00000040{{(0{120})}}0000000000004040{{(0{112})}}0000000000008040{{(0{112})}}"
func.func @groups(%x: !in) -> !out {
  %w = graph.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]> : tensor<2x2x1x1xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<2x2x1x1xf32>
  return %0 : !out
}

// -----

// Depthwise, 16 channels at one tap before the next one.

!in = tensor<1x2x1x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x2x1x1xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// CHECK-LABEL: func.func @depthwise(
// CHECK: kernel.constant dense_resource<packed> : tensor<1x1x2x16xf32>
// CHECK: packed: "0x400000000000803F00004040{{(0{112})}}0000004000008040{{(0{112})}}"
func.func @depthwise(%x: !in) -> !out {
  %w = graph.constant dense<[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]> : tensor<2x1x1x2xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<2x1x1x2xf32>
  return %0 : !out
}

// -----

// An unpacked constant stays what it is.

// CHECK-LABEL: func.func @unpacked(
// CHECK: %[[C:.*]] = kernel.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-NEXT: kernel.call @add_0(%{{.*}}, %[[C]])
func.func @unpacked(%x: tensor<2xf32>) -> tensor<2xf32> {
  %c = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = graph.add %x, %c : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// Of the filter's taps only that of the first row and second column is 3. In its
// points, 1 1/2 1/2 0 from top to bottom times 0 1/2 -1/2 0 from left to right, it
// is 0 1.5 -1.5 0, twice 0 0.75 -0.75 0, and 0 0 0 0; each before 15 empty lanes.

// CHECK-LABEL: func.func @winograd(
// CHECK: kernel.constant dense_resource<winograd> : tensor<16x1x1x16xf32>
// CHECK: winograd: "0x40000000{{(0{128})}}0000C03F{{(0{120})}}0000C0BF{{(0{248})}}{{(0{128})}}0000403F{{(0{120})}}000040BF{{(0{248})}}{{(0{128})}}0000403F{{(0{120})}}000040BF{{(0{248})}}{{((0{128}){4})}}"
!in = tensor<1x1x2x2xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x1x2x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @winograd(%x: !in) -> !out {
  %w = graph.constant dense<[[[[0.0, 3.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]]> : tensor<1x1x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 2 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<1x1x3x3xf32>
  return %0 : !out
}

// -----

// Of 8-bit integers, four steps of a row follow each other: 1, 2, 3, 4 and 17, 18,
// 19, 20; then those of steps 4 to 7.

// CHECK-LABEL: func.func @quads(
// CHECK: kernel.constant dense_resource<packed{{.*}}> : tensor<1x2x16x4xi8>
// CHECK: "0x400000000102030411121314{{(0{112})}}0506070815161718{{(0{112})}}"
func.func @quads(%x: tensor<1x8xi8>) -> tensor<1x2xi32> {
  %w = graph.constant dense<[[1, 2, 3, 4, 5, 6, 7, 8], [17, 18, 19, 20, 21, 22, 23, 24]]> : tensor<2x8xi8>
  %0 = graph.dense %x, %w wide : tensor<1x8xi8>, tensor<2x8xi8>
  return %0 : tensor<1x2xi32>
}
