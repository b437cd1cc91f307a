// SPDX-License-Identifier: Apache-2.0
// Rewrites that always win, and what they must leave alone.
// RUN: dlc-opt %s --split-input-file --graph-simplify | FileCheck %s

// CHECK-LABEL: func.func @bias_of_conv
// CHECK: %[[B:.*]] = graph.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: %[[R:.*]] = graph.conv %{{.*}}, %{{.*}}, %[[B]] strides
// CHECK-NEXT: return %[[R]]
func.func @bias_of_conv(%x: tensor<1x3x8x8xf32>, %w: tensor<2x3x1x1xf32>) -> tensor<1x2x8x8xf32> {
  %c = graph.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32>
  %b = graph.broadcast %c dims [0, 1, 2, 3] : tensor<1x2x1x1xf32> to tensor<1x2x8x8xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x3x8x8xf32>, tensor<2x3x1x1xf32>
  %1 = graph.add %b, %0 : tensor<1x2x8x8xf32>
  return %1 : tensor<1x2x8x8xf32>
}

// -----

// ((x w) * [2, 4] - 1) / 0.5

// CHECK-LABEL: func.func @chain_into_dense
// CHECK-DAG: %[[W:.*]] = graph.constant dense<{{\[\[}}4.000000e+00], [1.600000e+01]]> : tensor<2x1xf32>
// CHECK-DAG: %[[B:.*]] = graph.constant dense<-2.000000e+00> : tensor<2xf32>
// CHECK: %[[R:.*]] = graph.dense %{{.*}}, %[[W]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @chain_into_dense(%x: tensor<3x1xf32>) -> tensor<3x2xf32> {
  %w = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %c = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %one = graph.constant dense<1.0> : tensor<3x2xf32>
  %half = graph.constant dense<0.5> : tensor<3x2xf32>
  %scale = graph.broadcast %c dims [1] : tensor<2xf32> to tensor<3x2xf32>
  %0 = graph.dense %x, %w : tensor<3x1xf32>, tensor<2x1xf32>
  %1 = graph.mul %0, %scale : tensor<3x2xf32>
  %2 = graph.sub %1, %one : tensor<3x2xf32>
  %3 = graph.div %2, %half : tensor<3x2xf32>
  return %3 : tensor<3x2xf32>
}

// -----

// The constant varies along the batch, and the second layer has other users.

// CHECK-LABEL: func.func @not_of_channels
// CHECK: graph.dense
// CHECK: graph.add
// CHECK: graph.dense
// CHECK: graph.mul
func.func @not_of_channels(%x: tensor<2x1xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = graph.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %c = graph.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %b = graph.broadcast %c dims [0] : tensor<2xf32> to tensor<2x2xf32>
  %0 = graph.dense %x, %w : tensor<2x1xf32>, tensor<2x1xf32>
  %1 = graph.add %0, %b : tensor<2x2xf32>
  %s = graph.broadcast %c dims [1] : tensor<2xf32> to tensor<2x2xf32>
  %2 = graph.dense %x, %w : tensor<2x1xf32>, tensor<2x1xf32>
  %3 = graph.mul %2, %s : tensor<2x2xf32>
  return %1, %2, %3 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// CHECK-LABEL: func.func @dot_to_dense
// CHECK: %[[W:.*]] = graph.constant
// CHECK: %[[T:.*]] = graph.transpose %[[W]] [1, 0] : tensor<3x4xf32>
// CHECK: graph.dense %{{.*}}, %[[T]] : tensor<5x2x3xf32>, tensor<4x3xf32>
// CHECK: graph.dense %{{.*}}, %[[W]] : tensor<2x4xf32>, tensor<3x4xf32>
func.func @dot_to_dense(%x: tensor<5x2x3xf32>, %y: tensor<2x4xf32>) -> (tensor<5x2x4xf32>, tensor<2x3xf32>) {
  %w = graph.constant dense<1.0> : tensor<3x4xf32>
  %0 = graph.dot %x, %w batch [] [] contract [2] [0] : tensor<5x2x3xf32>, tensor<3x4xf32>
  %1 = graph.dot %y, %w batch [] [] contract [1] [1] : tensor<2x4xf32>, tensor<3x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @pad_into_conv
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x1x4x4xf32>
// CHECK-NEXT: graph.conv %[[X]], %{{.*}} strides [1, 1] pads [1, 3] [4, 2]
func.func @pad_into_conv(%x: tensor<1x1x4x4xf32>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x7x7xf32> {
  %0 = graph.pad %x low [0, 0, 1, 2] high [0, 0, 3, 2] mode constant value 0.0 : tensor<1x1x4x4xf32>
  %1 = graph.conv %0, %w strides [1, 1] pads [0, 1] [1, 0] dilations [1, 1] groups 1
    : tensor<1x1x8x8xf32>, tensor<1x1x3x3xf32>
  return %1 : tensor<1x1x7x7xf32>
}

// -----

// CHECK-LABEL: func.func @channels_are_not_padded_by_conv
// CHECK-NEXT: graph.pad
func.func @channels_are_not_padded_by_conv(%x: tensor<1x1x4xf32>, %w: tensor<1x2x3xf32>) -> tensor<1x1x2xf32> {
  %0 = graph.pad %x low [0, 1, 0] high [0, 0, 0] mode constant value 0.0 : tensor<1x1x4xf32>
  %1 = graph.conv %0, %w strides [1] pads [0] [0] dilations [1] groups 1 : tensor<1x2x4xf32>, tensor<1x2x3xf32>
  return %1 : tensor<1x1x2xf32>
}

// -----

// CHECK-LABEL: func.func @neutral
// CHECK-SAME: %[[X:[^:]*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]]
func.func @neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %z = graph.constant dense<0.0> : tensor<f32>
  %zero = graph.broadcast %z dims [] : tensor<f32> to tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32>
  %0 = graph.add %zero, %x : tensor<4xf32>
  %1 = graph.sub %0, %zero : tensor<4xf32>
  %2 = graph.mul %1, %one : tensor<4xf32>
  %3 = graph.div %2, %one : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @not_neutral
// CHECK: graph.sub
// CHECK: graph.div
func.func @not_neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32>
  %0 = graph.sub %zero, %x : tensor<4xf32>
  %1 = graph.div %one, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @quotients
// CHECK: %[[C:.*]] = graph.constant dense<2.500000e-01>
// CHECK: graph.mul %{{.*}}, %[[C]]
// CHECK: graph.div
func.func @quotients(%x: tensor<4xf32>) -> tensor<4xf32> {
  %four = graph.constant dense<4.0> : tensor<4xf32>
  %three = graph.constant dense<3.0> : tensor<4xf32>
  %0 = graph.div %x, %four : tensor<4xf32>
  %1 = graph.div %0, %three : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @powers
// CHECK: graph.square
// CHECK: graph.sqrt
// CHECK: graph.rsqrt
// CHECK: graph.reciprocal
// CHECK: %[[S:.*]] = graph.square %[[X:.*]] :
// CHECK: graph.mul %[[S]], %[[X]]
// CHECK: graph.power
func.func @powers(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c2 = graph.constant dense<2.0> : tensor<4xf32>
  %half = graph.constant dense<0.5> : tensor<4xf32>
  %neghalf = graph.constant dense<-0.5> : tensor<4xf32>
  %neg = graph.constant dense<-1.0> : tensor<4xf32>
  %c3 = graph.constant dense<3.0> : tensor<4xf32>
  %c5 = graph.constant dense<5.0> : tensor<4xf32>
  %0 = graph.power %x, %c2 : tensor<4xf32>
  %1 = graph.power %0, %half : tensor<4xf32>
  %2 = graph.power %1, %neghalf : tensor<4xf32>
  %3 = graph.power %2, %neg : tensor<4xf32>
  %4 = graph.power %3, %c3 : tensor<4xf32>
  %5 = graph.power %4, %c5 : tensor<4xf32>
  return %5 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @relus
// CHECK-NEXT: %[[R:.*]] = graph.relu
// CHECK-NEXT: %[[C:.*]] = graph.clip %[[R]]
// CHECK-NEXT: return %[[C]]
func.func @relus(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %0 = graph.maximum %x, %zero : tensor<4xf32>
  %1 = graph.clip %0 min 0.0 max 0x7FF0000000000000 : tensor<4xf32>
  %2 = graph.relu %1 : tensor<4xf32>
  %3 = graph.clip %2 min 0.0 max 6.0 : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @log_softmax
// CHECK-NEXT: graph.log_softmax %{{.*}} axis 1
func.func @log_softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.softmax %x axis 1 : tensor<2x4xf32>
  %1 = graph.log %0 : tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func.func @movements
// CHECK-NEXT: graph.reshape %{{.*}} : tensor<2x1x3xf32> to tensor<1x2x3xf32>
// CHECK-NEXT: graph.transpose %{{.*}} [1, 2, 0]
// CHECK-NEXT: graph.broadcast %{{.*}} dims [2] : tensor<3xf32> to tensor<4x2x3xf32>
// CHECK-NEXT: graph.broadcast %{{.*}} dims [1] : tensor<3xf32> to tensor<4x3x2xf32>
// CHECK-NEXT: graph.concat %{{.*}}, %{{.*}}, %{{.*}} axis 0
func.func @movements(%x: tensor<2x1x3xf32>, %y: tensor<3xf32>)
    -> (tensor<1x2x3xf32>, tensor<1x3x2xf32>, tensor<4x2x3xf32>, tensor<4x3x2xf32>, tensor<9xf32>) {
  %0 = graph.transpose %x [1, 0, 2] : tensor<2x1x3xf32>
  %1 = graph.transpose %0 [0, 2, 1] : tensor<1x2x3xf32>
  %2 = graph.broadcast %y dims [1] : tensor<3xf32> to tensor<2x3xf32>
  %3 = graph.broadcast %2 dims [1, 2] : tensor<2x3xf32> to tensor<4x2x3xf32>
  %4 = graph.reshape %y : tensor<3xf32> to tensor<1x3x1xf32>
  %5 = graph.broadcast %4 dims [0, 1, 2] : tensor<1x3x1xf32> to tensor<4x3x2xf32>
  %6 = graph.concat %y, %y axis 0 : tensor<3xf32>, tensor<3xf32>
  %7 = graph.concat %6, %y axis 0 : tensor<6xf32>, tensor<3xf32>
  return %0, %1, %3, %5, %7 : tensor<1x2x3xf32>, tensor<1x3x2xf32>, tensor<4x2x3xf32>, tensor<4x3x2xf32>, tensor<9xf32>
}

// -----

// A function of a concatenation is computed by the kernels of its inputs; with
// another user of the concatenation it would be computed twice.

// CHECK-LABEL: func.func @function_of_concat(
// CHECK-SAME: %[[X:.*]]: tensor<1x3xf32>, %[[Y:.*]]: tensor<1x5xf32>
// CHECK-NEXT: %[[A:.*]] = graph.cast %[[X]] : tensor<1x3xf32> to tensor<1x3xi32>
// CHECK-NEXT: %[[B:.*]] = graph.cast %[[Y]] : tensor<1x5xf32> to tensor<1x5xi32>
// CHECK-NEXT: graph.concat %[[A]], %[[B]] axis 1 : tensor<1x3xi32>, tensor<1x5xi32>
// CHECK-NEXT: %[[C:.*]] = graph.concat %[[X]], %[[Y]] axis 1
// CHECK-NEXT: graph.relu %[[C]]
func.func @function_of_concat(%x: tensor<1x3xf32>, %y: tensor<1x5xf32>)
    -> (tensor<1x8xi32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  %0 = graph.concat %x, %y axis 1 : tensor<1x3xf32>, tensor<1x5xf32>
  %1 = graph.cast %0 : tensor<1x8xf32> to tensor<1x8xi32>
  %2 = graph.concat %x, %y axis 1 : tensor<1x3xf32>, tensor<1x5xf32>
  %3 = graph.relu %2 : tensor<1x8xf32>
  return %1, %2, %3 : tensor<1x8xi32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// A maximum of a function that never decreases is the function of the maximum;
// not so where the function may decrease, or the pooling takes a mean.

// CHECK-LABEL: func.func @maximum_of_function(
// CHECK: %[[MAX:.*]] = graph.pool %{{.*}}  max {{.*}} : tensor<1x2x8x8xf32>
// CHECK-NEXT: graph.leaky_relu %[[MAX]] slope 2.5{{0+e-01}} : tensor<1x2x4x4xf32>
// CHECK-NEXT: %[[LEAKY:.*]] = graph.leaky_relu %{{.*}} slope -2.5
// CHECK-NEXT: graph.pool %[[LEAKY]]
// CHECK-NEXT: %[[RELU:.*]] = graph.relu
// CHECK-NEXT: graph.pool %[[RELU]]  avg
func.func @maximum_of_function(%x: tensor<1x2x8x8xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %0 = graph.leaky_relu %x slope 0.25 : tensor<1x2x8x8xf32>
  %1 = graph.pool %0 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x2x8x8xf32>
  %2 = graph.leaky_relu %x slope -0.25 : tensor<1x2x8x8xf32>
  %3 = graph.pool %2 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x2x8x8xf32>
  %4 = graph.relu %x : tensor<1x2x8x8xf32>
  %5 = graph.pool %4 avg kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x2x8x8xf32>
  return %1, %3, %5 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}

// -----

// Channels of 8-bit integers come in fours.

// CHECK-LABEL: func.func @channels_in_fours(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8x8xui8>
// CHECK-DAG: %[[W:.*]] = graph.constant
// CHECK-DAG: %[[PX:.*]] = graph.pad %[[X]] low [0, 0, 0, 0] high [0, 1, 0, 0] mode constant value 0.0
// CHECK-DAG: %[[PW:.*]] = graph.pad %[[W]] low [0, 0, 0, 0] high [0, 1, 0, 0] mode constant value 0.0
// CHECK: graph.conv %[[PX]], %[[PW]] strides [1, 1] {{.*}} wide : tensor<1x4x8x8xui8>, tensor<2x4x3x3xi8>
// Two groups have channels of their own.
// CHECK: graph.conv %{{.*}}, %{{.*}} groups 2 wide : tensor<1x6x8x8xi8>, tensor<2x3x3x3xi8>
func.func @channels_in_fours(%x: tensor<1x3x8x8xui8>, %y: tensor<1x6x8x8xi8>) -> (tensor<1x2x6x6xi32>, tensor<1x2x6x6xi32>) {
  %w = graph.constant dense<1> : tensor<2x3x3x3xi8>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 wide : tensor<1x3x8x8xui8>, tensor<2x3x3x3xi8>
  %1 = graph.conv %y, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2 wide : tensor<1x6x8x8xi8>, tensor<2x3x3x3xi8>
  return %0, %1 : tensor<1x2x6x6xi32>, tensor<1x2x6x6xi32>
}

// -----

// Layers along a line become those of a plane with one row, and what is between
// them too; a bias still goes into the filter before it.

// CHECK-LABEL: func.func @lines
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8xf32>, %[[W:.*]]: tensor<4x3x3xf32>, %[[S:.*]]: tensor<1x4x8xf32>)
// CHECK-DAG: %[[B:.*]] = graph.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> : tensor<4xf32>
// CHECK-DAG: %[[PX:.*]] = graph.reshape %[[X]] : tensor<1x3x8xf32> to tensor<1x3x1x8xf32>
// CHECK-DAG: %[[PW:.*]] = graph.reshape %[[W]] : tensor<4x3x3xf32> to tensor<4x3x1x3xf32>
// CHECK: %[[CONV:.*]] = graph.conv %[[PX]], %[[PW]], %[[B]] strides [1, 1] pads [0, 1] [0, 1] dilations [1, 1]
// CHECK: %[[PS:.*]] = graph.reshape %[[S]] : tensor<1x4x8xf32> to tensor<1x4x1x8xf32>
// CHECK: %[[SUM:.*]] = graph.add %[[CONV]], %[[PS]] : tensor<1x4x1x8xf32>
// CHECK: %[[RELU:.*]] = graph.relu %[[SUM]]
// CHECK: %[[POOL:.*]] = graph.pool %[[RELU]]  avg kernel [1, 2] strides [1, 2] pads [0, 0] [0, 1]
// CHECK: %[[LINE:.*]] = graph.reshape %[[POOL]] : tensor<1x4x1x4xf32> to tensor<1x4x4xf32>
// CHECK: return %[[LINE]]
func.func @lines(%x: tensor<1x3x8xf32>, %w: tensor<4x3x3xf32>, %s: tensor<1x4x8xf32>) -> tensor<1x4x4xf32> {
  %c = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %b = graph.broadcast %c dims [1] : tensor<4xf32> to tensor<1x4x8xf32>
  %0 = graph.conv %x, %w strides [1] pads [1] [1] dilations [1] groups 1 : tensor<1x3x8xf32>, tensor<4x3x3xf32>
  %1 = graph.add %0, %b : tensor<1x4x8xf32>
  %2 = graph.add %1, %s : tensor<1x4x8xf32>
  %3 = graph.relu %2 : tensor<1x4x8xf32>
  %4 = graph.pool %3 avg kernel [2] strides [2] pads [0] [1] : tensor<1x4x8xf32>
  return %4 : tensor<1x4x4xf32>
}
