// SPDX-License-Identifier: Apache-2.0
// Operators that combine 16-bit floats compute as f32.
// RUN: dlc-opt %s --split-input-file --graph-widen-floats | FileCheck %s

// CHECK-LABEL: func.func @contraction
// CHECK-NEXT: %[[X:.*]] = graph.cast %arg0 : tensor<2x8xf16> to tensor<2x8xf32>
// CHECK-NEXT: %[[W:.*]] = graph.cast %arg1 : tensor<4x8xf16> to tensor<4x8xf32>
// CHECK-NEXT: %[[Y:.*]] = graph.dense %[[X]], %[[W]] : tensor<2x8xf32>, tensor<4x8xf32>
// CHECK-NEXT: %[[R:.*]] = graph.cast %[[Y]] : tensor<2x4xf32> to tensor<2x4xf16>
// CHECK-NEXT: return %[[R]]
func.func @contraction(%x: tensor<2x8xf16>, %w: tensor<4x8xf16>) -> tensor<2x4xf16> {
  %0 = graph.dense %x, %w : tensor<2x8xf16>, tensor<4x8xf16>
  return %0 : tensor<2x4xf16>
}

// -----

// CHECK-LABEL: func.func @reduction
// CHECK: graph.reduce_l2 {{.*}} tensor<2x8xf32>
// CHECK-NEXT: graph.cast {{.*}} to tensor<2xbf16>
func.func @reduction(%x: tensor<2x8xbf16>) -> tensor<2xbf16> {
  %0 = graph.reduce_l2 %x axes [1] : tensor<2x8xbf16>
  return %0 : tensor<2xbf16>
}

// -----

// Elementwise operators, movements and f32 stay.

// CHECK-LABEL: func.func @others
// CHECK-NEXT: graph.exp %arg0 : tensor<2x8xf16>
// CHECK-NEXT: graph.transpose {{.*}} : tensor<2x8xf16>
// CHECK-NEXT: graph.softmax %arg1 axis 1 : tensor<2x8xf32>
// CHECK-NEXT: return
func.func @others(%x: tensor<2x8xf16>, %y: tensor<2x8xf32>) -> (tensor<8x2xf16>, tensor<2x8xf32>) {
  %0 = graph.exp %x : tensor<2x8xf16>
  %1 = graph.transpose %0 [1, 0] : tensor<2x8xf16>
  %2 = graph.softmax %y axis 1 : tensor<2x8xf32>
  return %1, %2 : tensor<8x2xf16>, tensor<2x8xf32>
}

// -----

// CHECK-LABEL: func.func @sample
// CHECK: graph.sample {{.*}} : tensor<1x2x4x4xf32>, tensor<1x9xf32>
// CHECK-NEXT: graph.cast {{.*}} to tensor<1x2x9xf16>
func.func @sample(%x: tensor<1x2x4x4xf16>, %v: tensor<1x9xf16>) -> tensor<1x2x9xf16> {
  %0 = graph.sample %x at %v, %v border zero : tensor<1x2x4x4xf16>, tensor<1x9xf16>
  return %0 : tensor<1x2x9xf16>
}
