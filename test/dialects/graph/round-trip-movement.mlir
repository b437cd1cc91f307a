// SPDX-License-Identifier: Apache-2.0
// Movements: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @reshape(
// CHECK: graph.reshape %{{.*}} : tensor<2x6xf32> to tensor<3x4xf32>
func.func @reshape(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
  %0 = graph.reshape %x : tensor<2x6xf32> to tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: func.func @transpose(
// CHECK: graph.transpose %{{.*}} [2, 0, 1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<4x2x3xf32>
func.func @transpose(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %0 = graph.transpose %x [2, 0, 1] : tensor<2x3x4xf32>
  return %0 : tensor<4x2x3xf32>
}

// CHECK-LABEL: func.func @broadcast(
// CHECK: graph.broadcast %{{.*}} dims [1, 2] : tensor<3x1xf32> to tensor<2x3x4xf32>
func.func @broadcast(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.broadcast %x dims [1, 2] : tensor<3x1xf32> to tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @broadcast_scalar(
// CHECK: graph.broadcast %{{.*}} dims [] : tensor<f32> to tensor<5xf32>
func.func @broadcast_scalar(%x: tensor<f32>) -> tensor<5xf32> {
  %0 = graph.broadcast %x dims [] : tensor<f32> to tensor<5xf32>
  return %0 : tensor<5xf32>
}

// CHECK-LABEL: func.func @slice(
// CHECK: graph.slice %{{.*}} starts [0, 7] limits [2, -1] steps [1, -2] : tensor<4x8xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @slice(%x: tensor<4x8xf32>) -> tensor<2x4xf32> {
  %0 = graph.slice %x starts [0, 7] limits [2, -1] steps [1, -2] : tensor<4x8xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reverse(
// CHECK: graph.reverse %{{.*}} axes [0, 1] : tensor<4x8xf32>
// CHECK-NEXT: return %{{.*}} : tensor<4x8xf32>
func.func @reverse(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = graph.reverse %x axes [0, 1] : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @windows(
// CHECK: graph.windows %{{.*}} axis 1 size 3 stride 2 dilation 2 : tensor<4x8x5xf32>
// CHECK-NEXT: return %{{.*}} : tensor<4x2x3x5xf32>
func.func @windows(%x: tensor<4x8x5xf32>) -> tensor<4x2x3x5xf32> {
  %0 = graph.windows %x axis 1 size 3 stride 2 dilation 2 : tensor<4x8x5xf32>
  return %0 : tensor<4x2x3x5xf32>
}
