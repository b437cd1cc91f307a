// SPDX-License-Identifier: Apache-2.0
// The decisions that a report shows: why values are stored, what computes in
// blocks.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --remark-format=emitRemark --remarks-filter=fusion -o /dev/null 2>&1 | FileCheck %s --check-prefix=FUSION
// RUN: dlc-opt %s --split-input-file --graph-assign-layouts --remark-format=emitRemark --remarks-filter=layout -o /dev/null 2>&1 | FileCheck %s --check-prefix=LAYOUT

// FUSION: remark: {{.*}}graph.dense is a result of the model
// FUSION: remark: {{.*}}graph.dense is a result of the model
// FUSION: remark: {{.*}}graph.dense is read by several kernels
// FUSION-NOT: graph.exp
func.func @two_readers(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %0 = graph.dense %x, %w : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = graph.dense %0, %w : tensor<4x4xf32>, tensor<4x4xf32>
  %2 = graph.dense %w, %0 : tensor<4x4xf32>, tensor<4x4xf32>
  return %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// FUSION: remark: {{.*}}graph.dense and its user graph.dense both need loops of their own
func.func @two_loops(%x: tensor<4x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = graph.dense %x, %w : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = graph.dense %0, %w : tensor<4x4xf32>, tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// -----

// LAYOUT: remark: {{.*}}graph.conv computes 32 channels in blocks of 16
func.func @conv(%x: tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32> {
  %w = graph.constant dense<0.5> : tensor<32x16x1x1xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<32x16x1x1xf32>
  return %0 : tensor<1x32x8x8xf32>
}
