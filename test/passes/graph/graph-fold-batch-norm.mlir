// SPDX-License-Identifier: Apache-2.0
// Batch normalisations become weights or arithmetic.
// RUN: dlc-opt %s --split-input-file --graph-fold-batch-norm | FileCheck %s

// gamma / sqrt(variance + epsilon) is [2, 0.5]; the bias becomes
// beta + (bias - mean) * scale.

// CHECK-LABEL: func.func @conv
// CHECK-DAG: %[[W:.*]] = graph.constant dense<{{\[\[\[}}[2.000000e+00, 4.000000e+00]]], {{\[\[}}[1.500000e+00, 2.000000e+00]]]]>
// CHECK-DAG: %[[B:.*]] = graph.constant dense<[2.900000e+01, 9.500000e+00]>
// CHECK-NEXT: %[[R:.*]] = graph.conv %{{.*}}, %[[W]], %[[B]] strides [1, 1]
// CHECK-NEXT: return %[[R]]
// CHECK-NOT: graph.batch_norm
func.func @conv(%x: tensor<1x1x1x5xf32>) -> tensor<1x2x1x4xf32> {
  %w = graph.constant dense<[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]> : tensor<2x1x1x2xf32>
  %bias = graph.constant dense<[10.0, 1.0]> : tensor<2xf32>
  %gamma = graph.constant dense<[4.0, 2.0]> : tensor<2xf32>
  %beta = graph.constant dense<[11.0, 10.0]> : tensor<2xf32>
  %mean = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %variance = graph.constant dense<[3.0, 15.0]> : tensor<2xf32>
  %0 = graph.conv %x, %w, %bias strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x1x1x5xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>
  %1 = graph.batch_norm %0, %gamma, %beta, %mean, %variance axis 1 epsilon 1.0
    : tensor<1x2x1x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  return %1 : tensor<1x2x1x4xf32>
}

// -----

// In two groups of two input channels, the rows 0 and 1 make channel 0, the
// rows 2 and 3 channel 1.

// CHECK-LABEL: func.func @deconv_groups
// CHECK: graph.constant dense<{{\[\[\[}}2.000000e+00]], {{\[\[}}2.000000e+00]], {{\[\[}}3.000000e+00]], {{\[\[}}3.000000e+00]]]>
func.func @deconv_groups(%x: tensor<1x4x5xf32>) -> tensor<1x2x5xf32> {
  %w = graph.constant dense<1.0> : tensor<4x1x1xf32>
  %gamma = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %zero = graph.constant dense<0.0> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<2xf32>
  %0 = graph.deconv %x, %w strides [1] pads [0] [0] dilations [1] output_padding [0] groups 2
    : tensor<1x4x5xf32>, tensor<4x1x1xf32>
  %1 = graph.batch_norm %0, %gamma, %zero, %zero, %one axis 1 epsilon 0.0
    : tensor<1x2x5xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  return %1 : tensor<1x2x5xf32>
}

// -----

// CHECK-LABEL: func.func @dense_last_axis
// CHECK-NOT: graph.mul
// CHECK: graph.dense %{{.*}}, %{{.*}}, %{{.*}} : tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>
func.func @dense_last_axis(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = graph.constant dense<1.0> : tensor<2x2xf32>
  %p = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = graph.dense %x, %w : tensor<3x2xf32>, tensor<2x2xf32>
  %1 = graph.batch_norm %0, %p, %p, %p, %p axis 1 epsilon 0.0
    : tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  return %1 : tensor<3x2xf32>
}

// -----

// The result of the convolution is needed as it was.

// CHECK-LABEL: func.func @second_use
// CHECK: %[[C:.*]] = graph.conv %{{[^,]*}}, %{{[^,]*}} strides
// CHECK: %[[SCALE:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<2xf32> to tensor<1x2x4xf32>
// CHECK: %[[SHIFT:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<2xf32> to tensor<1x2x4xf32>
// CHECK: %[[M:.*]] = graph.mul %[[C]], %[[SCALE]]
// CHECK: %[[A:.*]] = graph.add %[[M]], %[[SHIFT]]
// CHECK: return %[[C]], %[[A]]
func.func @second_use(%x: tensor<1x1x5xf32>) -> (tensor<1x2x4xf32>, tensor<1x2x4xf32>) {
  %w = graph.constant dense<1.0> : tensor<2x1x2xf32>
  %p = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = graph.conv %x, %w strides [1] pads [0] [0] dilations [1] groups 1
    : tensor<1x1x5xf32>, tensor<2x1x2xf32>
  %1 = graph.batch_norm %0, %p, %p, %p, %p axis 1 epsilon 0.0
    : tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  return %0, %1 : tensor<1x2x4xf32>, tensor<1x2x4xf32>
}

// -----

// CHECK-LABEL: func.func @unknown_parameters
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>, %[[P:.*]]: tensor<3xf32>
// CHECK: %[[EPS:.*]] = graph.constant dense<1.000000e+00> : tensor<3xf32>
// CHECK: %[[V:.*]] = graph.add %[[P]], %[[EPS]]
// CHECK: %[[R:.*]] = graph.rsqrt %[[V]]
// CHECK: %[[S:.*]] = graph.mul %[[P]], %[[R]]
// CHECK: graph.sub
// CHECK: graph.broadcast %[[S]] dims [1]
// CHECK-NOT: graph.batch_norm
func.func @unknown_parameters(%x: tensor<2x3xf32>, %p: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = graph.batch_norm %x, %p, %p, %p, %p axis 1 epsilon 1.0
    : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// Large weights are resources; the old ones are gone from the module.

// CHECK-LABEL: func.func @resource
// CHECK: graph.constant dense_resource<w.scaled> : tensor<2x1x9xf32>
// CHECK: {-#
// CHECK-NOT: w:
// CHECK: w.scaled: "0x{{.*}}"
func.func @resource(%x: tensor<1x1x9xf32>) -> tensor<1x2x1xf32> {
  %w = graph.constant dense_resource<w> : tensor<2x1x9xf32>
  %p = graph.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = graph.conv %x, %w strides [1] pads [0] [0] dilations [1] groups 1
    : tensor<1x1x9xf32>, tensor<2x1x9xf32>
  %1 = graph.batch_norm %0, %p, %p, %p, %p axis 1 epsilon 0.0
    : tensor<1x2x1xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  return %1 : tensor<1x2x1xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F"
    }
  }
#-}
