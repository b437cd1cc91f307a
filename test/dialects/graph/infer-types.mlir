// SPDX-License-Identifier: Apache-2.0
// Result types where they aren't obvious: rounding, dynamic extents, extents of zero.
// RUN: dlc-opt %s | FileCheck %s

// Padding 1, dilation 2 (a span of 5), stride 3: (10 + 2 - 5) / 3 + 1.
// CHECK-LABEL: @conv(
// CHECK: return %{{.*}} : tensor<2x8x3x3xf32>
func.func @conv(%x: tensor<2x4x10x10xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<2x8x3x3xf32> {
  %0 = graph.conv %x, %w strides [3, 3] pads [1, 1] [1, 1] dilations [2, 2] groups 1
    : tensor<2x4x10x10xf32>, tensor<8x4x3x3xf32>
  return %0 : tensor<2x8x3x3xf32>
}

// CHECK-LABEL: @conv_1d_depthwise(
// CHECK: return %{{.*}} : tensor<1x6x10xf16>
func.func @conv_1d_depthwise(%x: tensor<1x6x10xf16>, %w: tensor<6x1x3xf16>) -> tensor<1x6x10xf16> {
  %0 = graph.conv %x, %w strides [1] pads [0] [2] dilations [1] groups 6
    : tensor<1x6x10xf16>, tensor<6x1x3xf16>
  return %0 : tensor<1x6x10xf16>
}

// CHECK-LABEL: @conv_3d(
// CHECK: return %{{.*}} : tensor<1x2x2x3x4xf32>
func.func @conv_3d(%x: tensor<1x1x4x5x6xf32>, %w: tensor<2x1x3x3x3xf32>) -> tensor<1x2x2x3x4xf32> {
  %0 = graph.conv %x, %w strides [1, 1, 1] pads [0, 0, 0] [0, 0, 0] dilations [1, 1, 1] groups 1
    : tensor<1x1x4x5x6xf32>, tensor<2x1x3x3x3xf32>
  return %0 : tensor<1x2x2x3x4xf32>
}

// CHECK-LABEL: @conv_dynamic(
// CHECK: return %{{.*}} : tensor<?x8x?x8xf32>
func.func @conv_dynamic(%x: tensor<?x4x?x10xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<?x8x?x8xf32> {
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<?x4x?x10xf32>, tensor<8x4x3x3xf32>
  return %0 : tensor<?x8x?x8xf32>
}

// 2 * (5 - 1) + 2 * (3 - 1) + 1 - 1 - 1 + 1.
// CHECK-LABEL: @deconv(
// CHECK: return %{{.*}} : tensor<1x6x12xf32>
func.func @deconv(%x: tensor<1x4x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x6x12xf32> {
  %0 = graph.deconv %x, %w strides [2] pads [1] [1] dilations [2] output_padding [1] groups 2
    : tensor<1x4x5xf32>, tensor<4x3x3xf32>
  return %0 : tensor<1x6x12xf32>
}

// CHECK-LABEL: @deconv_dynamic(
// CHECK: return %{{.*}} : tensor<?x3x?xf32>
func.func @deconv_dynamic(%x: tensor<?x4x?xf32>, %w: tensor<4x3x3xf32>) -> tensor<?x3x?xf32> {
  %0 = graph.deconv %x, %w strides [2] pads [1] [1] dilations [1] output_padding [1] groups 1
    : tensor<?x4x?xf32>, tensor<4x3x3xf32>
  return %0 : tensor<?x3x?xf32>
}

// CHECK-LABEL: @pool_floor(
// CHECK: return %{{.*}} : tensor<1x2x3x3xf32>
func.func @pool_floor(%x: tensor<1x2x8x8xf32>) -> tensor<1x2x3x3xf32> {
  %0 = graph.pool %x max kernel [3, 3] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x2x8x8xf32>
  return %0 : tensor<1x2x3x3xf32>
}

// CHECK-LABEL: @pool_ceil(
// CHECK: return %{{.*}} : tensor<?x2x4x?xf32>
func.func @pool_ceil(%x: tensor<?x2x8x?xf32>) -> tensor<?x2x4x?xf32> {
  %0 = graph.pool %x max kernel [3, 3] strides [2, 2] pads [0, 0] [0, 0] ceil_mode : tensor<?x2x8x?xf32>
  return %0 : tensor<?x2x4x?xf32>
}

// Batch dimensions first, then what is left of each side.
// CHECK-LABEL: @dot(
// CHECK: return %{{.*}} : tensor<7x5x3x4x6xf32>
func.func @dot(%x: tensor<3x2x5x7x4xf32>, %y: tensor<2x7x6x5xf32>) -> tensor<7x5x3x4x6xf32> {
  %0 = graph.dot %x, %y batch [3, 2] [1, 3] contract [1] [0]
    : tensor<3x2x5x7x4xf32>, tensor<2x7x6x5xf32>
  return %0 : tensor<7x5x3x4x6xf32>
}

// CHECK-LABEL: @dense_dynamic(
// CHECK: return %{{.*}} : tensor<?x5x4xf32>
func.func @dense_dynamic(%x: tensor<?x5x8xf32>, %w: tensor<4x8xf32>) -> tensor<?x5x4xf32> {
  %0 = graph.dense %x, %w : tensor<?x5x8xf32>, tensor<4x8xf32>
  return %0 : tensor<?x5x4xf32>
}

// Steps of 2 from 1 before 6: 1, 3, 5; of -3 from 7 after -1: 7, 4, 1.
// CHECK-LABEL: @slice(
// CHECK: return %{{.*}} : tensor<3x3x0xf32>
func.func @slice(%x: tensor<8x8x8xf32>) -> tensor<3x3x0xf32> {
  %0 = graph.slice %x starts [1, 7, 4] limits [6, -1, 4] steps [2, -3, 1] : tensor<8x8x8xf32>
  return %0 : tensor<3x3x0xf32>
}

// CHECK-LABEL: @concat_dynamic(
// CHECK: return %{{.*}} : tensor<2x?xf32>
func.func @concat_dynamic(%x: tensor<2x3xf32>, %y: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %0 = graph.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<2x?xf32>
  return %0 : tensor<2x?xf32>
}

// CHECK-LABEL: @pad_dynamic(
// CHECK: return %{{.*}} : tensor<?x5xf32>
func.func @pad_dynamic(%x: tensor<?x3xf32>) -> tensor<?x5xf32> {
  %0 = graph.pad %x low [1, 1] high [1, 1] mode reflect value 0.0 : tensor<?x3xf32>
  return %0 : tensor<?x5xf32>
}

// CHECK-LABEL: @gather_scalar(
// CHECK: return %{{.*}} : tensor<4x6xf32>
func.func @gather_scalar(%x: tensor<4x5x6xf32>, %i: tensor<i32>) -> tensor<4x6xf32> {
  %0 = graph.gather %x, %i axis 1 mode clip : tensor<4x5x6xf32>, tensor<i32>
  return %0 : tensor<4x6xf32>
}

// Comparisons keep the layout.
!blocked = tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!mask = tensor<1x32x4x4xi1, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-LABEL: @compare_encoded(
// CHECK: return %{{.*}} : tensor<1x32x4x4xi1, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
func.func @compare_encoded(%x: !blocked) -> !mask {
  %0 = graph.less %x, %x : !blocked
  return %0 : !mask
}
