// SPDX-License-Identifier: Apache-2.0
// RUN: dlc-opt --graph-fuse-attention %s | FileCheck %s
// RUN: dlc-opt --graph-fuse-attention=for-gpus %s | FileCheck %s --check-prefix=GPU

// In a model for many sizes a CPU would have a task for each head.
// CHECK-LABEL: func.func @few
// CHECK-SAME: graph.fusion_decisions = array<i64: 0>
// CHECK-NOT: graph.attention
// GPU-LABEL: func.func @few
// GPU-SAME: graph.fusion_decisions = array<i64: 1>
// GPU: graph.attention
func.func @few(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32>
    attributes {graph.fusion_decisions = array<i64>} {
  %0 = graph.dot %q, %k batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x7x8xf32>
  %1 = graph.softmax %0 axis 2 : tensor<2x5x7xf32>
  %2 = graph.dot %1, %v batch [0] [0] contract [2] [1] : tensor<2x5x7xf32>, tensor<2x7x4xf32>
  return %2 : tensor<2x5x4xf32>
}

// What the typical size has decided holds for others.
// CHECK-LABEL: func.func @decided
// CHECK: graph.attention
func.func @decided(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32>
    attributes {graph.fusion_decisions = array<i64: 1>} {
  %0 = graph.dot %q, %k batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x7x8xf32>
  %1 = graph.softmax %0 axis 2 : tensor<2x5x7xf32>
  %2 = graph.dot %1, %v batch [0] [0] contract [2] [1] : tensor<2x5x7xf32>, tensor<2x7x4xf32>
  return %2 : tensor<2x5x4xf32>
}
