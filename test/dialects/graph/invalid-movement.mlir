// SPDX-License-Identifier: Apache-2.0
// Movements: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @reshape_c1(%x: tensor<2x6xf32>) -> tensor<3x5xf32> {
  // expected-error @+1 {{'graph.reshape' op can't reshape 'tensor<2x6xf32>' (12 elements) to 'tensor<3x5xf32>' (15)}}
  %0 = graph.reshape %x : tensor<2x6xf32> to tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

func.func @reshape_element(%x: tensor<2x6xf32>) -> tensor<3x4xi32> {
  // expected-error @+1 {{'graph.reshape' op requires the same element type for all operands and results}}
  %0 = graph.reshape %x : tensor<2x6xf32> to tensor<3x4xi32>
  return %0 : tensor<3x4xi32>
}

// -----

func.func @transpose_c1(%x: tensor<2x3x4xf32>) -> tensor<4x2x2xf32> {
  // expected-error @+1 {{requires a permutation of the 3 dimensions of 'tensor<2x3x4xf32>'}}
  %0 = graph.transpose %x [2, 0, 0] : tensor<2x3x4xf32>
  return %0 : tensor<4x2x2xf32>
}

// -----

func.func @broadcast_c1_count(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{requires one of 'dims' for each dimension of 'tensor<3x1xf32>', but got 1}}
  %0 = graph.broadcast %x dims [1] : tensor<3x1xf32> to tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @broadcast_c1_order(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{'graph.broadcast' op requires ascending 'dims'}}
  %0 = graph.broadcast %x dims [1, 0] : tensor<3x1xf32> to tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @broadcast_c1_bounds(%x: tensor<3xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{'graph.broadcast' op requires ascending 'dims'}}
  %0 = graph.broadcast %x dims [3] : tensor<3xf32> to tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @broadcast_c2(%x: tensor<3x2xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{'graph.broadcast' op can't broadcast 'tensor<3x2xf32>' to 'tensor<2x3x4xf32>': extent 2 is neither 1 nor 4}}
  %0 = graph.broadcast %x dims [1, 2] : tensor<3x2xf32> to tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @slice_c1_count(%x: tensor<4x8xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{requires one start, limit and step for each of 2 dimensions}}
  %0 = graph.slice %x starts [0] limits [2, 4] steps [1, 1] : tensor<4x8xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @slice_c1_step(%x: tensor<4x8xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{requires steps other than 0}}
  %0 = graph.slice %x starts [0, 0] limits [2, 4] steps [1, 0] : tensor<4x8xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @slice_c2(%x: tensor<4x8xf32>) -> tensor<2x2xf32> {
  // expected-error @+1 {{slice from 6 to 10 is out of bounds for 'tensor<4x8xf32>'}}
  %0 = graph.slice %x starts [0, 6] limits [2, 10] steps [1, 3] : tensor<4x8xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @reverse_c1(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{'graph.reverse' op requires distinct axes}}
  %0 = graph.reverse %x axes [1, 1] : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

func.func @reverse_c1_bounds(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{axis 2 is out of bounds for a tensor of shape 'tensor<4x8xf32>'}}
  %0 = graph.reverse %x axes [2] : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

func.func @windows_c1(%x: tensor<2x8xf32>) -> tensor<2x8x1xf32> {
  // expected-error @+1 {{axis 2 is out of bounds for a tensor of shape 'tensor<2x8xf32>'}}
  %0 = graph.windows %x axis 2 size 1 stride 1 dilation 1 : tensor<2x8xf32>
  return %0 : tensor<2x8x1xf32>
}

// -----

func.func @windows_c2(%x: tensor<2x8xf32>) -> tensor<2x8x1xf32> {
  // expected-error @+1 {{requires a positive size, stride and dilation}}
  %0 = graph.windows %x axis 1 size 1 stride 0 dilation 1 : tensor<2x8xf32>
  return %0 : tensor<2x8x1xf32>
}

// -----

func.func @windows_c3(%x: tensor<2x8xf32>) -> tensor<2x1x4xf32> {
  // expected-error @+1 {{a window of 4 elements does not fit into dimension 1 of 'tensor<2x8xf32>'}}
  %0 = graph.windows %x axis 1 size 4 stride 1 dilation 3 : tensor<2x8xf32>
  return %0 : tensor<2x1x4xf32>
}
