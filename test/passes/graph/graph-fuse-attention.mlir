// SPDX-License-Identifier: Apache-2.0
// Attention becomes one operator.
// RUN: dlc-opt %s --split-input-file --graph-fuse-attention | FileCheck %s

// Scale and mask go into the body, the factor of the queries too; keys are read
// through a transpose.

// CHECK-LABEL: func.func @masked(
// CHECK-SAME: %[[Q:.*]]: tensor<2x5x8xf32>, %[[K:.*]]: tensor<2x8x7xf32>, %[[V:.*]]: tensor<2x7x4xf32>, %[[MASK:.*]]: tensor<2x5x7xf32>)
// CHECK-NEXT: %[[KEYS:.*]] = graph.transpose %[[K]] [0, 2, 1]
// CHECK-NEXT: %[[RESULT:.*]] = graph.attention %[[Q]], %[[KEYS]], %[[V]] (%[[S:.*]], %[[M:.*]] = %[[MASK]])
// CHECK-NEXT: %[[FACTOR:.*]] = graph.constant dense<5.000000e-01>
// CHECK-NEXT: %[[SCALED:.*]] = graph.mul %[[S]], %[[FACTOR]]
// CHECK-NEXT: %[[MASKED:.*]] = graph.add %[[SCALED]], %[[M]]
// CHECK-NEXT: %[[WEIGHTS:.*]] = graph.softmax %[[MASKED]] axis 2
// CHECK-NEXT: graph.yield %[[WEIGHTS]]
// CHECK: return %[[RESULT]]
func.func @masked(%q: tensor<2x5x8xf32>, %k: tensor<2x8x7xf32>, %v: tensor<2x7x4xf32>, %mask: tensor<2x5x7xf32>) -> tensor<2x5x4xf32> {
  %half = graph.constant dense<0.5> : tensor<2x5x8xf32>
  %scaled = graph.mul %q, %half : tensor<2x5x8xf32>
  %0 = graph.dot %scaled, %k batch [0] [0] contract [2] [1] : tensor<2x5x8xf32>, tensor<2x8x7xf32>
  %1 = graph.add %0, %mask : tensor<2x5x7xf32>
  %2 = graph.softmax %1 axis 2 : tensor<2x5x7xf32>
  %3 = graph.dot %2, %v batch [0] [0] contract [2] [1] : tensor<2x5x7xf32>, tensor<2x7x4xf32>
  return %3 : tensor<2x5x4xf32>
}

// -----

// Heads merged into the batch are split again, so that nothing is copied; what
// is computed without the scores stays outside, what broadcasts goes inside.

// CHECK-LABEL: func.func @merged_heads(
// CHECK: %[[NEGATED:.*]] = graph.neg
// CHECK: %[[ATTENTION:.*]] = graph.attention %{{.*}}, %{{.*}}, %{{.*}} (%[[S:.*]], %[[M:.*]] = %[[NEGATED]])
// CHECK-SAME: tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32>, tensor<2x3x5x8xf32>, tensor<5xf32> -> tensor<2x3x5x8xf32>
// CHECK-NEXT: %[[MERGED:.*]] = graph.reshape %[[S]] : tensor<2x3x5x5xf32> to tensor<6x5x5xf32>
// CHECK-NEXT: %[[MASK:.*]] = graph.broadcast %[[M]] dims [2]
// CHECK-NEXT: graph.add %[[MERGED]], %[[MASK]]
// CHECK-NEXT: graph.softmax
// CHECK-NEXT: graph.reshape %{{.*}} : tensor<6x5x5xf32> to tensor<2x3x5x5xf32>
// CHECK-NOT: graph.reshape
// CHECK: graph.transpose %[[ATTENTION]] [0, 2, 1, 3]
func.func @merged_heads(%x: tensor<2x3x5x8xf32>, %mask: tensor<5xf32>) -> tensor<2x5x3x8xf32> {
  %0 = graph.reshape %x : tensor<2x3x5x8xf32> to tensor<6x5x8xf32>
  %1 = graph.dot %0, %0 batch [0] [0] contract [2] [2] : tensor<6x5x8xf32>, tensor<6x5x8xf32>
  %2 = graph.neg %mask : tensor<5xf32>
  %3 = graph.broadcast %2 dims [2] : tensor<5xf32> to tensor<6x5x5xf32>
  %4 = graph.add %1, %3 : tensor<6x5x5xf32>
  %5 = graph.softmax %4 axis 2 : tensor<6x5x5xf32>
  %6 = graph.dot %5, %0 batch [0] [0] contract [2] [1] : tensor<6x5x5xf32>, tensor<6x5x8xf32>
  %7 = graph.reshape %6 : tensor<6x5x8xf32> to tensor<2x3x5x8xf32>
  %8 = graph.transpose %7 [0, 2, 1, 3] : tensor<2x3x5x8xf32>
  return %8 : tensor<2x5x3x8xf32>
}

// -----

// Scores and weights that something else needs must exist. (The first function
// shows that the pass ran.)

// CHECK-LABEL: func.func @fused(
// CHECK: graph.attention
func.func @fused(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.dot %x, %x batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x5x8xf32>
  %1 = graph.softmax %0 axis 2 : tensor<2x5x5xf32>
  %2 = graph.dot %1, %x batch [0] [0] contract [2] [1] : tensor<2x5x5xf32>, tensor<2x5x8xf32>
  return %2 : tensor<2x5x8xf32>
}
// CHECK-LABEL: func.func @weights_needed(
// CHECK-NOT: graph.attention
func.func @weights_needed(%x: tensor<2x5x8xf32>) -> (tensor<2x5x8xf32>, tensor<2x5x5xf32>) {
  %0 = graph.dot %x, %x batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x5x8xf32>
  %1 = graph.softmax %0 axis 2 : tensor<2x5x5xf32>
  %2 = graph.dot %1, %x batch [0] [0] contract [2] [1] : tensor<2x5x5xf32>, tensor<2x5x8xf32>
  return %2, %1 : tensor<2x5x8xf32>, tensor<2x5x5xf32>
}
// CHECK-LABEL: func.func @softmax_of_columns(
// CHECK-NOT: graph.attention
func.func @softmax_of_columns(%x: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = graph.dot %x, %x batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x5x8xf32>
  %1 = graph.softmax %0 axis 1 : tensor<2x5x5xf32>
  %2 = graph.dot %1, %x batch [0] [0] contract [2] [1] : tensor<2x5x5xf32>, tensor<2x5x8xf32>
  return %2 : tensor<2x5x8xf32>
}
