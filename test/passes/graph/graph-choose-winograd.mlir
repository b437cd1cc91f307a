// SPDX-License-Identifier: Apache-2.0
// Convolutions that are faster in Winograd's tiles are marked.
// RUN: dlc-opt %s --graph-choose-winograd | FileCheck %s
// RUN: dlc-opt %s --graph-choose-winograd=enable=false | FileCheck %s --check-prefix=OFF

// OFF-NOT: winograd {{[24]}}

// CHECK-LABEL: func.func @large_plane(
// CHECK: graph.conv {{.*}} groups 1 winograd 4 :
func.func @large_plane(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> {
  %w = graph.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>
  return %0 : tensor<1x64x56x56xf32>
}

// Reading 36 points of each filter would take longer than computing more tiles
// from 16.

// CHECK-LABEL: func.func @more_weights(
// CHECK: graph.conv {{.*}} groups 1 winograd 2 :
func.func @more_weights(%x: tensor<1x256x14x14xf32>) -> tensor<1x256x14x14xf32> {
  %w = graph.constant dense<1.0> : tensor<256x256x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>
  return %0 : tensor<1x256x14x14xf32>
}

// Reading 16 would take as long as is saved.

// CHECK-LABEL: func.func @most_weights(
// CHECK-NOT: winograd
func.func @most_weights(%x: tensor<1x512x5x5xf32>) -> tensor<1x512x5x5xf32> {
  %w = graph.constant dense<1.0> : tensor<512x512x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x512x5x5xf32>, tensor<512x512x3x3xf32>
  return %0 : tensor<1x512x5x5xf32>
}

// A batch reads them once for all images.

// CHECK-LABEL: func.func @batch(
// CHECK: graph.conv {{.*}} groups 1 winograd 4 :
func.func @batch(%x: tensor<8x512x8x8xf32>) -> tensor<8x512x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<512x512x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<8x512x8x8xf32>, tensor<512x512x3x3xf32>
  return %0 : tensor<8x512x8x8xf32>
}

// Not even products would be saved: a tile is larger than the plane.

// CHECK-LABEL: func.func @tiny_plane(
// CHECK-NOT: winograd
func.func @tiny_plane(%x: tensor<1x512x1x1xf32>) -> tensor<1x512x1x1xf32> {
  %w = graph.constant dense<1.0> : tensor<512x512x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x512x1x1xf32>, tensor<512x512x3x3xf32>
  return %0 : tensor<1x512x1x1xf32>
}

// CHECK-LABEL: func.func @few_channels(
// CHECK-NOT: winograd
func.func @few_channels(%x: tensor<1x3x56x56xf32>) -> tensor<1x64x56x56xf32> {
  %w = graph.constant dense<1.0> : tensor<64x3x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x3x56x56xf32>, tensor<64x3x3x3xf32>
  return %0 : tensor<1x64x56x56xf32>
}

// CHECK-LABEL: func.func @other_form(
// CHECK-NOT: winograd
func.func @other_form(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x28x28xf32> {
  %w = graph.constant dense<1.0> : tensor<64x64x3x3xf32>
  %0 = graph.conv %x, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>
  return %0 : tensor<1x64x28x28xf32>
}

// CHECK-LABEL: func.func @computed_filter(
// CHECK-NOT: winograd
func.func @computed_filter(%x: tensor<1x64x56x56xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32> {
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    : tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>
  return %0 : tensor<1x64x56x56xf32>
}

// A 5 x 5 filter whose transformed weights stay in L2, and one that is larger.

// CHECK-LABEL: func.func @small_filter(
// CHECK: graph.conv {{.*}} groups 1 winograd 2 :
func.func @small_filter(%x: tensor<1x20x12x12xf32>) -> tensor<1x50x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<50x20x5x5xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1
    : tensor<1x20x12x12xf32>, tensor<50x20x5x5xf32>
  return %0 : tensor<1x50x8x8xf32>
}

// CHECK-LABEL: func.func @large_filter(
// CHECK-NOT: winograd
func.func @large_filter(%x: tensor<1x64x28x28xf32>) -> tensor<1x64x28x28xf32> {
  %w = graph.constant dense<1.0> : tensor<64x64x5x5xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [2, 2] [2, 2] dilations [1, 1] groups 1
    : tensor<1x64x28x28xf32>, tensor<64x64x5x5xf32>
  return %0 : tensor<1x64x28x28xf32>
}
