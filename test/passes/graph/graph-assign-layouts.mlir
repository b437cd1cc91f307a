// SPDX-License-Identifier: Apache-2.0
// Convolutions and what surrounds them compute in blocks of 16 channels.
// RUN: dlc-opt %s --split-input-file --graph-assign-layouts --cse \
// RUN:   | FileCheck %s -DB='#graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>'

// The padding becomes a halo; what follows stays blocked.

// CHECK-LABEL: func.func @conv(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x32x8x8xf32> to tensor<1x32x8x8xf32, [[B]]>
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[RELAYOUT]] : tensor<1x32x8x8xf32, [[B]]> to tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT2]], %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELU:.*]] = graph.relu %[[CONV]]
// CHECK-NEXT: %[[RELAYOUT3:.*]] = graph.relayout %[[RELU]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: return %[[RELAYOUT3]]
func.func @conv(%x: tensor<1x32x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<16x32x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x32x8x8xf32>, tensor<16x32x3x3xf32>
  %1 = graph.relu %0 : tensor<1x16x8x8xf32>
  return %1 : tensor<1x16x8x8xf32>
}

// -----

// The last window doesn't reach the padding on the high side: 2 * 3 + 3 - 1 = 8.

// CHECK-LABEL: func.func @reach(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x16x8x8xf32> to tensor<1x16x8x8xf32, [[B]]>
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[RELAYOUT]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [0, 0]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT2]], %{{.*}} strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELAYOUT3:.*]] = graph.relayout %[[CONV]] : tensor<1x16x4x4xf32, [[B]]> to tensor<1x16x4x4xf32>
// CHECK-NEXT: return %[[RELAYOUT3]]
func.func @reach(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x4x4xf32> {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.conv %x, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
  return %0 : tensor<1x16x4x4xf32>
}

// -----

// Fewer channels than a block are read in plain layout.

// CHECK-LABEL: func.func @few_channels(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x3x8x8xf32> to tensor<1x3x8x8xf32, #graph.blocked<1, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT]], %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[CONV]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: return %[[RELAYOUT2]]
func.func @few_channels(%x: tensor<1x3x8x8xf32>) -> tensor<1x16x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<16x3x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>
  return %0 : tensor<1x16x8x8xf32>
}

// -----

// Few channels of 8-bit integers are side by side.

// CHECK-LABEL: func.func @few_bytes(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x4x8x8xi8> to tensor<1x4x8x8xi8, #graph.blocked<4, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT]], %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 wide layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: graph.relayout %[[CONV]] : tensor<1x16x8x8xi32, [[B]]> to tensor<1x16x8x8xi32>
func.func @few_bytes(%x: tensor<1x4x8x8xi8>) -> tensor<1x16x8x8xi32> {
  %w = graph.constant dense<1> : tensor<16x4x3x3xi8>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 wide
    : tensor<1x4x8x8xi8>, tensor<16x4x3x3xi8>
  return %0 : tensor<1x16x8x8xi32>
}

// -----

// Where the filter isn't known, layers are convolved directly, without blocks.

// CHECK-LABEL: func.func @direct(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x6x8x8xf32> to tensor<1x6x8x8xf32, #graph.blocked<1, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT]], %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 2
// CHECK-NEXT: return %[[CONV]]
func.func @direct(%x: tensor<1x6x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32> {
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 2
    : tensor<1x6x8x8xf32>, tensor<4x3x3x3xf32>
  return %0 : tensor<1x4x8x8xf32>
}

// -----

// So they are where it would take more than four groups to fill a block.

// CHECK-LABEL: func.func @many_groups(
// CHECK-NEXT: %[[W:.*]] = graph.constant
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %{{.*}}, %[[W]] strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 8 :
// CHECK-NEXT: return %[[CONV]]
func.func @many_groups(%x: tensor<1x16x8x8xf32>) -> tensor<1x16x6x6xf32> {
  %w = graph.constant dense<1.0> : tensor<16x2x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 8
    : tensor<1x16x8x8xf32>, tensor<16x2x3x3xf32>
  return %0 : tensor<1x16x6x6xf32>
}

// -----

// Groups of 8 share blocks.

// CHECK-LABEL: func.func @few_groups(
// CHECK: graph.conv %{{.*}}, %{{.*}} strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 8 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x64x8x8xf32, [[B]]>
func.func @few_groups(%x: tensor<1x64x8x8xf32>) -> tensor<1x64x6x6xf32> {
  %w = graph.constant dense<1.0> : tensor<64x8x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 8
    : tensor<1x64x8x8xf32>, tensor<64x8x3x3xf32>
  return %0 : tensor<1x64x6x6xf32>
}

// -----

// Volumes have blocks and a halo of three dimensions, also for what follows.

// CHECK-LABEL: func.func @volume(
// CHECK: %[[IN:.*]] = graph.relayout %{{.*}} : tensor<1x16x4x8x8xf32> to tensor<1x16x4x8x8xf32, #graph.blocked<16, halo_low = [0, 0, 0], halo_high = [0, 0, 0]>>
// CHECK-NEXT: %[[HALO:.*]] = graph.relayout %[[IN]] : {{.*}} to tensor<1x16x4x8x8xf32, #graph.blocked<16, halo_low = [1, 0, 2], halo_high = [1, 0, 2]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[HALO]], %{{.*}} strides [1, 1, 1] pads [1, 0, 2] [1, 0, 2] dilations [1, 1, 1] groups 1 layout <16, halo_low = [0, 0, 0], halo_high = [0, 0, 0]>
// CHECK-NEXT: %[[RELU:.*]] = graph.relu %[[CONV]]
// CHECK-NEXT: %[[POOL:.*]] = graph.pool %[[RELU]]
// CHECK-NEXT: %[[OUT:.*]] = graph.relayout %[[POOL]] : tensor<1x20x2x3x4xf32, #graph.blocked<16, halo_low = [0, 0, 0], halo_high = [0, 0, 0]>> to tensor<1x20x2x3x4xf32>
// CHECK-NEXT: return %[[OUT]]
func.func @volume(%x: tensor<1x16x4x8x8xf32>) -> tensor<1x20x2x3x4xf32> {
  %w = graph.constant dense<1.0> : tensor<20x16x3x3x5xf32>
  %0 = graph.conv %x, %w strides [1, 1, 1] pads [1, 0, 2] [1, 0, 2] dilations [1, 1, 1] groups 1
    : tensor<1x16x4x8x8xf32>, tensor<20x16x3x3x5xf32>
  %1 = graph.relu %0 : tensor<1x20x4x6x8xf32>
  %2 = graph.pool %1 max kernel [2, 2, 2] strides [2, 2, 2] pads [0, 0, 0] [0, 0, 0] : tensor<1x20x4x6x8xf32>
  return %2 : tensor<1x20x2x3x4xf32>
}

// -----

// By itself the pooling of a volume has no blocks.

// CHECK-LABEL: func.func @pool_of_volume(
// CHECK-NEXT: %[[POOL:.*]] = graph.pool %{{.*}} max
// CHECK-NEXT: return %[[POOL]] : tensor<1x3x2x4x4xf32>
func.func @pool_of_volume(%x: tensor<1x3x4x8x8xf32>) -> tensor<1x3x2x4x4xf32> {
  %0 = graph.pool %x max kernel [2, 2, 2] strides [2, 2, 2] pads [0, 0, 0] [0, 0, 0] : tensor<1x3x4x8x8xf32>
  return %0 : tensor<1x3x2x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @conv_1d(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x16x8xf32> to tensor<1x16x8xf32, #graph.blocked<1, halo_low = [1], halo_high = [1]>>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT]], %{{.*}} strides [1] pads [1] [1] dilations [1] groups 1
// CHECK-NEXT: return %[[CONV]]
func.func @conv_1d(%x: tensor<1x16x8xf32>, %w: tensor<16x16x3xf32>) -> tensor<1x16x8xf32> {
  %0 = graph.conv %x, %w strides [1] pads [1] [1] dilations [1] groups 1
    : tensor<1x16x8xf32>, tensor<16x16x3xf32>
  return %0 : tensor<1x16x8xf32>
}

// -----

// A tensor is stored once, with the largest halo; others skip it.

// CHECK-LABEL: func.func @shared_halo(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x16x8x8xf32> to tensor<1x16x8x8xf32, [[B]]>
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %[[RELAYOUT]], %{{.*}} strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[CONV]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [2, 2], halo_high = [2, 2]>>
// CHECK-NEXT: %[[CONV2:.*]] = graph.conv %[[RELAYOUT2]], %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELAYOUT3:.*]] = graph.relayout %[[CONV2]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: %[[CONV3:.*]] = graph.conv %[[RELAYOUT2]], %{{.*}} strides [1, 1] pads [2, 2] [2, 2] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[RELAYOUT4:.*]] = graph.relayout %[[CONV3]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: %[[RELAYOUT5:.*]] = graph.relayout %[[RELAYOUT2]] : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [2, 2], halo_high = [2, 2]>> to tensor<1x16x8x8xf32, [[B]]>
// CHECK-NEXT: %[[RELU:.*]] = graph.relu %[[RELAYOUT5]]
// CHECK-NEXT: %[[RELAYOUT6:.*]] = graph.relayout %[[RELU]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: return %[[RELAYOUT3]], %[[RELAYOUT4]], %[[RELAYOUT6]]
func.func @shared_halo(%x: tensor<1x16x8x8xf32>) -> (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) {
  %w1 = graph.constant dense<1.0> : tensor<16x16x1x1xf32>
  %w3 = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %w5 = graph.constant dense<1.0> : tensor<16x16x5x5xf32>
  %0 = graph.conv %x, %w1 strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<16x16x1x1xf32>
  %1 = graph.conv %0, %w3 strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>
  %2 = graph.conv %0, %w5 strides [1, 1] pads [2, 2] [2, 2] dilations [1, 1] groups 1
    : tensor<1x16x8x8xf32>, tensor<16x16x5x5xf32>
  %3 = graph.relu %0 : tensor<1x16x8x8xf32>
  return %1, %2, %3 : tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>
}

// -----

// CHECK-LABEL: func.func @deconv_pool(
// CHECK: %[[DECONV:.*]] = graph.deconv %{{.*}}, %{{.*}} strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: %[[POOL:.*]] = graph.pool %[[DECONV]]  max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0]
// CHECK-NEXT: %[[RELAYOUT:.*]] = graph.relayout %[[POOL]] : tensor<1x32x4x4xf32, [[B]]> to tensor<1x32x4x4xf32>
// CHECK-NEXT: return %[[RELAYOUT]]
func.func @deconv_pool(%x: tensor<1x16x4x4xf32>, %w: tensor<16x32x2x2xf32>) -> tensor<1x32x4x4xf32> {
  %0 = graph.deconv %x, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1
    : tensor<1x16x4x4xf32>, tensor<16x32x2x2xf32>
  %1 = graph.pool %0 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x32x8x8xf32>
  return %1 : tensor<1x32x4x4xf32>
}

// -----

// Blocks of whole inputs are concatenated; 20 channels aren't whole blocks.

// CHECK-LABEL: func.func @concat(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x20x8x8xf32> to tensor<1x20x8x8xf32, [[B]]>
// CHECK-NEXT: %[[POOL:.*]] = graph.pool %[[RELAYOUT]]  max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0]
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[POOL]] : tensor<1x20x4x4xf32, [[B]]> to tensor<1x20x4x4xf32>
// CHECK-NEXT: %[[RELAYOUT3:.*]] = graph.relayout %{{.*}} : tensor<1x32x8x8xf32> to tensor<1x32x8x8xf32, [[B]]>
// CHECK-NEXT: %[[POOL2:.*]] = graph.pool %[[RELAYOUT3]]  max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0]
// CHECK-NEXT: %[[RELAYOUT4:.*]] = graph.relayout %[[POOL2]] : tensor<1x32x4x4xf32, [[B]]> to tensor<1x32x4x4xf32>
// CHECK-NEXT: %[[CONCAT:.*]] = graph.concat %[[POOL2]], %[[POOL]] axis 1
// CHECK-NEXT: %[[RELAYOUT5:.*]] = graph.relayout %[[CONCAT]] : tensor<1x52x4x4xf32, [[B]]> to tensor<1x52x4x4xf32>
// CHECK-NEXT: %[[CONCAT2:.*]] = graph.concat %[[RELAYOUT2]], %[[RELAYOUT4]] axis 1
// CHECK-NEXT: return %[[RELAYOUT5]], %[[CONCAT2]]
func.func @concat(%x: tensor<1x20x8x8xf32>, %y: tensor<1x32x8x8xf32>) -> (tensor<1x52x4x4xf32>, tensor<1x52x4x4xf32>) {
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x20x8x8xf32>
  %1 = graph.pool %y max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x32x8x8xf32>
  %2 = graph.concat %1, %0 axis 1 : tensor<1x32x4x4xf32>, tensor<1x20x4x4xf32>
  %3 = graph.concat %0, %1 axis 1 : tensor<1x20x4x4xf32>, tensor<1x32x4x4xf32>
  return %2, %3 : tensor<1x52x4x4xf32>, tensor<1x52x4x4xf32>
}

// -----

// Broadcasts and splats aren't stored: they are blocked where they are made.

// CHECK-LABEL: func.func @operands(
// CHECK: %[[POOL:.*]] = graph.pool %{{.*}}  max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0]
// CHECK-NEXT: %[[BROADCAST:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<16xf32> to tensor<1x16x4x4xf32, [[B]]>
// CHECK-NEXT: %[[MUL:.*]] = graph.mul %[[POOL]], %[[BROADCAST]]
// CHECK-NEXT: %[[CONSTANT:.*]] = graph.constant dense<2.000000e+00> : tensor<1x16x4x4xf32, [[B]]>
// CHECK-NEXT: graph.add %[[MUL]], %[[CONSTANT]]
// CHECK: return %{{.*}}
func.func @operands(%x: tensor<1x16x8x8xf32>, %s: tensor<16xf32>) -> tensor<1x16x4x4xf32> {
  %two = graph.constant dense<2.0> : tensor<1x16x4x4xf32>
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x16x8x8xf32>
  %1 = graph.broadcast %s dims [1] : tensor<16xf32> to tensor<1x16x4x4xf32>
  %2 = graph.mul %0, %1 : tensor<1x16x4x4xf32>
  %3 = graph.add %2, %two : tensor<1x16x4x4xf32>
  return %3 : tensor<1x16x4x4xf32>
}

// -----

// A softmax reads the plain version, a resize the blocked one.

// CHECK-LABEL: func.func @plain_user(
// CHECK: %[[RELAYOUT:.*]] = graph.relayout %{{.*}} : tensor<1x16x8x8xf32> to tensor<1x16x8x8xf32, [[B]]>
// CHECK-NEXT: %[[POOL:.*]] = graph.pool %[[RELAYOUT]]  max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0]
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %[[POOL]] : tensor<1x16x4x4xf32, [[B]]> to tensor<1x16x4x4xf32>
// CHECK-NEXT: %[[SOFTMAX:.*]] = graph.softmax %[[RELAYOUT2]] axis 1
// CHECK-NEXT: %[[RESIZE:.*]] = graph.resize %[[POOL]] size [8, 8] mode  nearest coordinates  asymmetric
// CHECK-NEXT: %[[RELAYOUT3:.*]] = graph.relayout %[[RESIZE]] : tensor<1x16x8x8xf32, [[B]]> to tensor<1x16x8x8xf32>
// CHECK-NEXT: return %[[SOFTMAX]], %[[RELAYOUT3]]
func.func @plain_user(%x: tensor<1x16x8x8xf32>) -> (tensor<1x16x4x4xf32>, tensor<1x16x8x8xf32>) {
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x16x8x8xf32>
  %1 = graph.softmax %0 axis 1 : tensor<1x16x4x4xf32>
  %2 = graph.resize %0 size [8, 8] mode nearest coordinates asymmetric : tensor<1x16x4x4xf32>
  return %1, %2 : tensor<1x16x4x4xf32>, tensor<1x16x8x8xf32>
}

// -----

// Winograd's tiles are read as a whole: of 10 results in tiles of 4 the third
// tile ends at 12, so the halo reaches 14 - 10 - 1 = 3 on the high side.

// CHECK-LABEL: func.func @winograd(
// CHECK: graph.relayout %{{.*}} : tensor<1x16x10x8xf32, [[B]]> to tensor<1x16x10x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [3, 1]>>
// CHECK-NEXT: graph.conv %{{.*}} groups 1 winograd 4 layout
func.func @winograd(%x: tensor<1x16x10x8xf32>) -> tensor<1x16x10x8xf32> {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4
    : tensor<1x16x10x8xf32>, tensor<16x16x3x3xf32>
  return %0 : tensor<1x16x10x8xf32>
}

// -----

// A concatenation that a padded convolution reads has the halo of its inputs:
// each is stored with it once, also for other users. A part of whole blocks has
// the halo of what it is a part of.

// CHECK-LABEL: func.func @join(
// CHECK: %[[POOL:.*]] = graph.pool
// CHECK-NEXT: %[[STORED:.*]] = graph.relayout %[[POOL]] : tensor<1x32x4x4xf32, [[B]]> to tensor<1x32x4x4xf32, [[HALO:#graph.blocked<16, halo_low = \[1, 1\], halo_high = \[1, 1\]>]]>
// CHECK-NEXT: %[[SLICE:.*]] = graph.slice %[[STORED]] starts [0, 16, 0, 0] {{.*}} : tensor<1x32x4x4xf32, [[HALO]]>
// CHECK-NEXT: %[[CONCAT:.*]] = graph.concat %[[STORED]], %[[SLICE]] axis 1 : tensor<1x32x4x4xf32, [[HALO]]>, tensor<1x16x4x4xf32, [[HALO]]>
// CHECK-NEXT: graph.conv %[[CONCAT]]
// CHECK: %[[READ:.*]] = graph.relayout %[[CONCAT]] : tensor<1x48x4x4xf32, [[HALO]]> to tensor<1x48x4x4xf32, [[B]]>
// CHECK-NEXT: graph.relu %[[READ]]
// A convolution without padding steps over the halo.
// CHECK: graph.conv %[[STORED]]
func.func @join(%x: tensor<1x32x8x8xf32>) -> (tensor<1x16x4x4xf32>, tensor<1x48x4x4xf32>, tensor<1x16x4x4xf32>) {
  %w = graph.constant dense<1.0> : tensor<16x48x3x3xf32>
  %v = graph.constant dense<1.0> : tensor<16x32x1x1xf32>
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x32x8x8xf32>
  %1 = graph.slice %0 starts [0, 16, 0, 0] limits [1, 32, 4, 4] steps [1, 1, 1, 1] : tensor<1x32x4x4xf32>
  %2 = graph.concat %0, %1 axis 1 : tensor<1x32x4x4xf32>, tensor<1x16x4x4xf32>
  %3 = graph.conv %2, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 : tensor<1x48x4x4xf32>, tensor<16x48x3x3xf32>
  %4 = graph.relu %2 : tensor<1x48x4x4xf32>
  %5 = graph.conv %0, %v strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x32x4x4xf32>, tensor<16x32x1x1xf32>
  return %3, %4, %5 : tensor<1x16x4x4xf32>, tensor<1x48x4x4xf32>, tensor<1x16x4x4xf32>
}
