// SPDX-License-Identifier: Apache-2.0
// Convolutions, products and pooling: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @conv(
// CHECK: graph.conv %{{.*}}, %{{.*}} strides [2, 2] pads [1, 1] [0, 1] dilations [1, 1] groups 1 : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x4x4x4xf32>
func.func @conv(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>)
    -> tensor<1x4x4x4xf32> {
  %0 = graph.conv %x, %w strides [2, 2] pads [1, 1] [0, 1] dilations [1, 1] groups 1 : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>
  return %0 : tensor<1x4x4x4xf32>
}

// CHECK-LABEL: func.func @conv_bias_groups(
// CHECK: graph.conv %{{.*}}, %{{.*}}, %{{.*}} strides [1] pads [2] [2] dilations [2] groups 2 : tensor<2x4x9xf32>, tensor<6x2x3xf32>, tensor<6xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x6x9xf32>
func.func @conv_bias_groups(%x: tensor<2x4x9xf32>, %w: tensor<6x2x3xf32>, %b: tensor<6xf32>)
    -> tensor<2x6x9xf32> {
  %0 = graph.conv %x, %w, %b strides [1] pads [2] [2] dilations [2] groups 2 : tensor<2x4x9xf32>, tensor<6x2x3xf32>, tensor<6xf32>
  return %0 : tensor<2x6x9xf32>
}

// The results are in blocks, too.
// CHECK-LABEL: func.func @blocked(
// CHECK: %[[C:.*]] = graph.conv %{{.*}}, %{{.*}} strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>
// CHECK-NEXT: %[[D:.*]] = graph.deconv %{{.*}}, %{{.*}} strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>
// CHECK-NEXT: %[[A:.*]] = graph.add %[[C]], %[[D]] : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
// CHECK-NEXT: %[[P:.*]] = graph.pool %[[A]] max
// CHECK-NEXT: graph.relu %[[P]] : tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @blocked(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x1x1xf32>) {
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>
  %1 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>
  %2 = graph.add %0, %1 : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
  %3 = graph.pool %2 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
  %4 = graph.relu %3 : tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
  return
}

// CHECK-LABEL: func.func @deconv(
// CHECK: graph.deconv %{{.*}}, %{{.*}} strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 1] groups 1 : tensor<1x3x4x4xf32>, tensor<3x5x2x2xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x5x8x9xf32>
func.func @deconv(%x: tensor<1x3x4x4xf32>, %w: tensor<3x5x2x2xf32>)
    -> tensor<1x5x8x9xf32> {
  %0 = graph.deconv %x, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 1] groups 1 : tensor<1x3x4x4xf32>, tensor<3x5x2x2xf32>
  return %0 : tensor<1x5x8x9xf32>
}

// CHECK-LABEL: func.func @deconv_bias(
// CHECK: graph.deconv %{{.*}}, %{{.*}}, %{{.*}} strides [2] pads [1] [1] dilations [1] output_padding [1] groups 4 : tensor<1x4x4xf32>, tensor<4x1x3xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x4x8xf32>
func.func @deconv_bias(%x: tensor<1x4x4xf32>, %w: tensor<4x1x3xf32>, %b: tensor<4xf32>)
    -> tensor<1x4x8xf32> {
  %0 = graph.deconv %x, %w, %b strides [2] pads [1] [1] dilations [1] output_padding [1] groups 4 : tensor<1x4x4xf32>, tensor<4x1x3xf32>, tensor<4xf32>
  return %0 : tensor<1x4x8xf32>
}

// CHECK-LABEL: func.func @dense(
// CHECK: graph.dense %{{.*}}, %{{.*}} : tensor<5x2x8xf32>, tensor<4x8xf32>
// CHECK-NEXT: return %{{.*}} : tensor<5x2x4xf32>
func.func @dense(%x: tensor<5x2x8xf32>, %w: tensor<4x8xf32>)
    -> tensor<5x2x4xf32> {
  %0 = graph.dense %x, %w : tensor<5x2x8xf32>, tensor<4x8xf32>
  return %0 : tensor<5x2x4xf32>
}

// CHECK-LABEL: func.func @dense_bias(
// CHECK: graph.dense %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @dense_bias(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf32>)
    -> tensor<2x4xf32> {
  %0 = graph.dense %x, %w, %b : tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @dot(
// CHECK: graph.dot %{{.*}}, %{{.*}} batch [0] [0] contract [2] [1] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3x4xf32>
func.func @dot(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf32>)
    -> tensor<2x3x4xf32> {
  %0 = graph.dot %x, %y batch [0] [0] contract [2] [1] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @outer_product(
// CHECK: graph.dot %{{.*}}, %{{.*}} batch [] [] contract [] [] : tensor<3xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<3x4xf32>
func.func @outer_product(%x: tensor<3xf32>, %y: tensor<4xf32>)
    -> tensor<3x4xf32> {
  %0 = graph.dot %x, %y batch [] [] contract [] [] : tensor<3xf32>, tensor<4xf32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @pool_max(
// CHECK: graph.pool %{{.*}} max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] ceil_mode : tensor<1x3x7x7xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x4x4xf32>
func.func @pool_max(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x4x4xf32> {
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] ceil_mode : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// CHECK-LABEL: func.func @pool_avg(
// CHECK: graph.pool %{{.*}} avg kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] ceil_mode count_include_pad : tensor<1x3x7x7xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x4x4xf32>
func.func @pool_avg(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x4x4xf32> {
  %0 = graph.pool %x avg kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] ceil_mode count_include_pad : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// CHECK-LABEL: func.func @pool_sum(
// CHECK: graph.pool %{{.*}} sum kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x3x7x7xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x3x3xf32>
func.func @pool_sum(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x3x3xf32> {
  %0 = graph.pool %x sum kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// CHECK-LABEL: func.func @pool_lp(
// CHECK: graph.pool %{{.*}} lp kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] {p = 3 : i64} : tensor<1x3x7x7xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x3x3xf32>
func.func @pool_lp(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x3x3xf32> {
  %0 = graph.pool %x lp kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] {p = 3 : i64} : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// CHECK-LABEL: func.func @winograd(
// CHECK: graph.conv %{{.*}}, %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
func.func @winograd(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x3x3xf32>)
    -> tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>> {
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
  return %0 : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
}

// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:.*]]: tensor<2x5x8xf32>, %[[K:.*]]: tensor<2x7x8xf32>, %[[V:.*]]: tensor<2x7x4xf32>, %[[MASK:.*]]: tensor<2x5x7xf32>)
func.func @attention(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>, %mask: tensor<2x5x7xf32>) -> tensor<2x5x4xf32> {
  // CHECK-NEXT: graph.attention %[[Q]], %[[K]], %[[V]] (%[[S:.*]], %[[M:.*]] = %[[MASK]]) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32>, tensor<2x5x7xf32> -> tensor<2x5x4xf32> {
  // CHECK-NEXT: %[[MASKED:.*]] = graph.add %[[S]], %[[M]] : tensor<2x5x7xf32>
  // CHECK-NEXT: %[[WEIGHTS:.*]] = graph.softmax %[[MASKED]] axis 2 : tensor<2x5x7xf32>
  // CHECK-NEXT: graph.yield %[[WEIGHTS]] : tensor<2x5x7xf32>
  %0 = graph.attention %q, %k, %v (%s, %m = %mask) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32>, tensor<2x5x7xf32> -> tensor<2x5x4xf32> {
    %1 = graph.add %s, %m : tensor<2x5x7xf32>
    %2 = graph.softmax %1 axis 2 : tensor<2x5x7xf32>
    graph.yield %2 : tensor<2x5x7xf32>
  }
  return %0 : tensor<2x5x4xf32>
}

// Integers of 8 bits have sums of i32.
// CHECK-LABEL: func.func @wide(
// CHECK: %[[CONV:.*]] = graph.conv %{{.*}}, %{{.*}}, %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 wide : tensor<1x16x8x8xui8>, tensor<4x16x3x3xi8>, tensor<4xi32>
// CHECK-NEXT: %[[DENSE:.*]] = graph.dense %{{.*}}, %{{.*}} wide : tensor<2x8xi8>, tensor<4x8xui8>
// CHECK-NEXT: return %[[CONV]], %[[DENSE]] : tensor<1x4x8x8xi32>, tensor<2x4xi32>
func.func @wide(%x: tensor<1x16x8x8xui8>, %w: tensor<4x16x3x3xi8>, %b: tensor<4xi32>, %y: tensor<2x8xi8>, %v: tensor<4x8xui8>)
    -> (tensor<1x4x8x8xi32>, tensor<2x4xi32>) {
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 wide
    : tensor<1x16x8x8xui8>, tensor<4x16x3x3xi8>, tensor<4xi32>
  %1 = graph.dense %y, %v wide : tensor<2x8xi8>, tensor<4x8xui8>
  return %0, %1 : tensor<1x4x8x8xi32>, tensor<2x4xi32>
}
