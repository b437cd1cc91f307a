// SPDX-License-Identifier: Apache-2.0
// Concatenation, padding, gathering and resizing: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @concat_c1() -> tensor<2xf32> {
  // expected-error @+2 {{requires at least one input}}
  // expected-error @+1 {{'graph.concat' op failed to infer returned types}}
  %0 = "graph.concat"() {axis = 0 : i64} : () -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @concat_c1_axis(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{axis 1 is out of bounds for a tensor of shape 'tensor<2xf32>'}}
  %0 = graph.concat %x axis 1 : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @concat_c2(%x: tensor<2x3xf32>, %y: tensor<3x3xf32>)
    -> tensor<2x6xf32> {
  // expected-error @+1 {{can't concatenate 'tensor<3x3xf32>' with 'tensor<2x3xf32>' along axis 1}}
  %0 = graph.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<3x3xf32>
  return %0 : tensor<2x6xf32>
}

// -----

func.func @concat_c2_type(%x: tensor<2xf32>, %y: tensor<2xf16>)
    -> tensor<4xf32> {
  // expected-error @+1 {{can't concatenate 'tensor<2xf16>' with 'tensor<2xf32>' along axis 0}}
  %0 = graph.concat %x, %y axis 0 : tensor<2xf32>, tensor<2xf16>
  return %0 : tensor<4xf32>
}

// -----

func.func @pad_c1(%x: tensor<2x3xf32>) -> tensor<3x3xf32> {
  // expected-error @+1 {{requires one 'low' and 'high' for each dimension of 'tensor<2x3xf32>'}}
  %0 = graph.pad %x low [1] high [0, 0] mode edge value 0.0 : tensor<2x3xf32>
  return %0 : tensor<3x3xf32>
}

// -----

func.func @pad_c1_sign(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // expected-error @+1 {{requires padding that is not negative}}
  %0 = graph.pad %x low [0, -1] high [0, 0] mode edge value 0.0 : tensor<2x3xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @pad_c2(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
  // expected-error @+1 {{can't reflect 3 elements at an extent of 3}}
  %0 = graph.pad %x low [0, 3] high [0, 0] mode reflect value 0.0 : tensor<2x3xf32>
  return %0 : tensor<2x6xf32>
}

// -----

func.func @gather_c1(%x: tensor<4x5xf32>, %i: tensor<2xi32>)
    -> tensor<4x5xf32> {
  // expected-error @+1 {{axis 2 is out of bounds for a tensor of shape 'tensor<4x5xf32>'}}
  %0 = graph.gather %x, %i axis 2 mode clip : tensor<4x5xf32>, tensor<2xi32>
  return %0 : tensor<4x5xf32>
}

// -----

func.func @gather_nd_c1(%x: tensor<4x5xf32>, %i: tensor<3x2xi32>)
    -> tensor<2xf32> {
  // expected-error @+1 {{requires at most 2 rows of indices, but got 'tensor<3x2xi32>'}}
  %0 = graph.gather_nd %x, %i : tensor<4x5xf32>, tensor<3x2xi32>
  return %0 : tensor<2xf32>
}

// -----

func.func @gather_nd_c1_dynamic(%x: tensor<4x5xf32>, %i: tensor<?x2xi32>)
    -> tensor<2xf32> {
  // expected-error @+1 {{requires at most 2 rows of indices, but got 'tensor<?x2xi32>'}}
  %0 = graph.gather_nd %x, %i : tensor<4x5xf32>, tensor<?x2xi32>
  return %0 : tensor<2xf32>
}

// -----

func.func @take_along_c1(%x: tensor<4x5xf32>, %i: tensor<3x5xi32>)
    -> tensor<3x5xf32> {
  // expected-error @+1 {{indices 'tensor<3x5xi32>' don't fit the data 'tensor<4x5xf32>' along axis 1}}
  %0 = graph.take_along %x, %i axis 1 mode clip : tensor<4x5xf32>, tensor<3x5xi32>
  return %0 : tensor<3x5xf32>
}

// -----

func.func @take_along_c1_axis(%x: tensor<4x5xf32>, %i: tensor<4x5xi32>)
    -> tensor<4x5xf32> {
  // expected-error @+1 {{axis -1 is out of bounds for a tensor of shape 'tensor<4x5xf32>'}}
  %0 = graph.take_along %x, %i axis -1 mode clip : tensor<4x5xf32>, tensor<4x5xi32>
  return %0 : tensor<4x5xf32>
}

// -----

func.func @resize_c1(%x: tensor<3x4x4xf32>) -> tensor<3x8x8xf32> {
  // expected-error @+1 {{requires an input of rank 4 and a size of two positive extents, but got 'tensor<3x4x4xf32>'}}
  %0 = graph.resize %x size [8, 8] mode nearest coordinates asymmetric : tensor<3x4x4xf32>
  return %0 : tensor<3x8x8xf32>
}

// -----

func.func @resize_c1_size(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x8x8xf32> {
  // expected-error @+1 {{requires an input of rank 4 and a size of two positive extents, but got 'tensor<1x3x4x4xf32>'}}
  %0 = graph.resize %x size [8, 0] mode nearest coordinates asymmetric : tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x8x8xf32>
}
