// SPDX-License-Identifier: Apache-2.0
// Positions that strided 1 x 1 convolutions would skip are not computed.
// RUN: dlc-opt %s --graph-propagate-strides | FileCheck %s

// Both convolutions read every second position: so much is left of the sum, of
// the product before it and of the first one, whose windows keep their places.
// The other operand of the sum, which is used elsewhere, is read by a slice.

// CHECK-LABEL: func.func @residual(
// CHECK-DAG: %[[SHORTCUT:.*]] = graph.relu %arg0 : tensor<1x8x7x7xf32>
// CHECK-DAG: %[[A:.*]] = graph.conv %[[SHORTCUT]], %arg1 strides [2, 2] pads [1, 1] [1, 1] {{.*}} : tensor<1x8x7x7xf32>, tensor<8x8x3x3xf32>
// CHECK-DAG: %[[B:.*]] = graph.conv %[[A]], %arg2 strides [1, 1] pads [0, 0] [0, 0] {{.*}} : tensor<1x8x4x4xf32>, tensor<8x8x1x1xf32>
// CHECK-DAG: %[[SLICE:.*]] = graph.slice %[[SHORTCUT]] starts [0, 0, 0, 0] limits [1, 8, 7, 7] steps [1, 1, 2, 2] : tensor<1x8x7x7xf32>
// CHECK: %[[SUM:.*]] = graph.add %[[B]], %[[SLICE]] : tensor<1x8x4x4xf32>
// CHECK: graph.conv %[[SUM]], %arg2 strides [1, 1] {{.*}} : tensor<1x8x4x4xf32>
// CHECK: graph.conv %[[SUM]], %arg3 strides [1, 1] {{.*}} : tensor<1x8x4x4xf32>
func.func @residual(%x: tensor<1x8x7x7xf32>, %u: tensor<8x8x3x3xf32>, %v: tensor<8x8x1x1xf32>, %w: tensor<4x8x1x1xf32>) -> (tensor<1x8x4x4xf32>, tensor<1x4x4x4xf32>) {
  %s = graph.relu %x : tensor<1x8x7x7xf32>
  %a = graph.conv %s, %u strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x8x7x7xf32>, tensor<8x8x3x3xf32>
  %b = graph.conv %a, %v strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x7x7xf32>, tensor<8x8x1x1xf32>
  %sum = graph.add %b, %s : tensor<1x8x7x7xf32>
  %0 = graph.conv %sum, %v strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x7x7xf32>, tensor<8x8x1x1xf32>
  %1 = graph.conv %sum, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x7x7xf32>, tensor<4x8x1x1xf32>
  return %0, %1 : tensor<1x8x4x4xf32>, tensor<1x4x4x4xf32>
}

// Tiles that were chosen beforehand would compute all positions.

// CHECK-LABEL: func.func @winograd(
// CHECK: %[[A:.*]] = graph.conv %arg0, %arg1 strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1 : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
// CHECK: graph.conv %[[A]], %arg2 strides [1, 1]
func.func @winograd(%x: tensor<1x16x8x8xf32>, %u: tensor<16x16x3x3xf32>, %v: tensor<8x16x1x1xf32>) -> tensor<1x8x4x4xf32> {
  %a = graph.conv %x, %u strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 2
    : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
  %0 = graph.conv %a, %v strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<8x16x1x1xf32>
  return %0 : tensor<1x8x4x4xf32>
}

// A slice that the model has is as good, and a pooling can skip windows.

// CHECK-LABEL: func.func @pool(
// CHECK: %[[POOL:.*]] = graph.pool %arg0 max kernel [2, 2] strides [4, 2] pads [0, 0] [0, 0] : tensor<1x8x8x8xf32>
// CHECK: return %[[POOL]] : tensor<1x8x2x4xf32>
func.func @pool(%x: tensor<1x8x8x8xf32>) -> tensor<1x8x2x4xf32> {
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x8x8x8xf32>
  %1 = graph.slice %0 starts [0, 0, 0, 0] limits [1, 8, 4, 4] steps [1, 1, 2, 1] : tensor<1x8x4x4xf32>
  return %1 : tensor<1x8x2x4xf32>
}

// Other strides, another use, a larger kernel, and padding read other positions.

// CHECK-LABEL: func.func @others(
// CHECK-COUNT-4: graph.relu %{{.*}} : tensor<1x8x8x8xf32>
// CHECK-NOT: graph.relu
func.func @others(%x: tensor<1x8x8x8xf32>, %v: tensor<8x8x1x1xf32>, %w: tensor<8x8x3x3xf32>)
    -> (tensor<1x8x4x4xf32>, tensor<1x8x4x8xf32>, tensor<1x8x8x8xf32>, tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>, tensor<1x8x5x5xf32>) {
  %0 = graph.relu %x : tensor<1x8x8x8xf32>
  %a = graph.conv %0, %v strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x8x8xf32>, tensor<8x8x1x1xf32>
  %b = graph.conv %0, %v strides [2, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x8x8xf32>, tensor<8x8x1x1xf32>
  %1 = graph.relu %x : tensor<1x8x8x8xf32>
  %c = graph.conv %1, %v strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x8x8x8xf32>, tensor<8x8x1x1xf32>
  %2 = graph.relu %x : tensor<1x8x8x8xf32>
  %d = graph.conv %2, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x8x8x8xf32>, tensor<8x8x3x3xf32>
  %3 = graph.relu %x : tensor<1x8x8x8xf32>
  %e = graph.conv %3, %v strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x8x8x8xf32>, tensor<8x8x1x1xf32>
  return %a, %b, %1, %c, %d, %e : tensor<1x8x4x4xf32>, tensor<1x8x4x8xf32>, tensor<1x8x8x8xf32>, tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>, tensor<1x8x5x5xf32>
}

// A pooling that rounds up would have other positions.

// CHECK-LABEL: func.func @ceil(
// CHECK: graph.slice
func.func @ceil(%x: tensor<1x8x3x3xf32>) -> tensor<1x8x1x1xf32> {
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] ceil_mode : tensor<1x8x3x3xf32>
  %1 = graph.slice %0 starts [0, 0, 0, 0] limits [1, 8, 2, 2] steps [1, 1, 2, 2] : tensor<1x8x2x2xf32>
  return %1 : tensor<1x8x1x1xf32>
}
