// SPDX-License-Identifier: Apache-2.0
// Convolutions, products and pooling: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @conv_rank(%x: tensor<1x4xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires input and filter of one rank from 3 to 5, but got 'tensor<1x4xf32>' and 'tensor<6x4x3x3xf32>'}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c1_strides(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires 2 positive kernel extents, strides and dilations, one for each spatial dimension}}
  %0 = graph.conv %x, %w strides [1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c1_positive(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires 2 positive kernel extents, strides and dilations, one for each spatial dimension}}
  %0 = graph.conv %x, %w strides [1, 0] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c1_pads(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires 2 paddings that are not negative, one for each spatial dimension}}
  %0 = graph.conv %x, %w strides [1, 1] pads [-1, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c2_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{4 groups don't divide 4 input and 6 output channels}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 4 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c2_channels(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires a filter for 2 channels (input 'tensor<1x4x8x8xf32>', groups 2), but got 'tensor<6x4x3x3xf32>'}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 2 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<5xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires a bias of 6 elements, but got 'tensor<5xf32>'}}
  %0 = graph.conv %x, %w, %b strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>, tensor<5xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_layout(%x: tensor<1x4x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error @+1 {{requires a layout with 1 spatial dimensions}}
  %0 = graph.conv %x, %w strides [1] pads [0] [0] dilations [1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]> : tensor<1x4x8xf32>, tensor<6x4x3xf32>
  return
}

// -----

func.func @conv_c4(%x: tensor<1x4x8x2xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{kernel of 'tensor<6x4x3x3xf32>' is larger than the padded input 'tensor<1x4x8x2xf32>'}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x2xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @conv_c5(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf16>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{'graph.conv' op requires the same element type for all operands and results}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf16>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @deconv_rank(%x: tensor<1x4xf32>, %w: tensor<4x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{requires input and filter of one rank from 3 to 5, but got 'tensor<1x4xf32>' and 'tensor<4x6x3x3xf32>'}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 : tensor<1x4xf32>, tensor<4x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c1(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{requires 2 positive kernel extents, strides and dilations, one for each spatial dimension}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [0, 1] output_padding [0, 0] groups 1 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c1_padding(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{requires 2 paddings that are not negative, one for each spatial dimension}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0] groups 1 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c2_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{3 groups don't divide 4 input channels}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 3 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c2_filter(%x: tensor<1x4x8x8xf32>, %w: tensor<5x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{requires a filter for 4 channels, but got 'tensor<5x6x3x3xf32>'}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 : tensor<1x4x8x8xf32>, tensor<5x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c3(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>, %b: tensor<1xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{requires a bias of 6 elements, but got 'tensor<1xf32>'}}
  %0 = graph.deconv %x, %w, %b strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>, tensor<1xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c4(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf32>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{padding leaves nothing of 'tensor<1x4x8x8xf32>'}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [9, 9] [9, 9] dilations [1, 1] output_padding [0, 0] groups 1 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf32>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @deconv_c5(%x: tensor<1x4x8x8xf32>, %w: tensor<4x6x3x3xf64>)
    -> tensor<1x6x10x10xf32> {
  // expected-error @+1 {{'graph.deconv' op requires the same element type for all operands and results}}
  %0 = graph.deconv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1 : tensor<1x4x8x8xf32>, tensor<4x6x3x3xf64>
  return %0 : tensor<1x6x10x10xf32>
}

// -----

func.func @dense_c1(%x: tensor<2x8xf32>, %w: tensor<4x7xf32>)
    -> tensor<2x4xf32> {
  // expected-error @+1 {{requires a filter [N, K] with K the last extent of the input, but got 'tensor<2x8xf32>' and 'tensor<4x7xf32>'}}
  %0 = graph.dense %x, %w : tensor<2x8xf32>, tensor<4x7xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @dense_c1_rank(%x: tensor<f32>, %w: tensor<4x8xf32>)
    -> tensor<2x4xf32> {
  // expected-error @+1 {{requires a filter [N, K] with K the last extent of the input, but got 'tensor<f32>' and 'tensor<4x8xf32>'}}
  %0 = graph.dense %x, %w : tensor<f32>, tensor<4x8xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @dense_c2(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4x1xf32>)
    -> tensor<2x4xf32> {
  // expected-error @+1 {{requires a bias of 4 elements, but got 'tensor<4x1xf32>'}}
  %0 = graph.dense %x, %w, %b : tensor<2x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @dense_c3(%x: tensor<2x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf16>)
    -> tensor<2x4xf32> {
  // expected-error @+1 {{'graph.dense' op requires the same element type for all operands and results}}
  %0 = graph.dense %x, %w, %b : tensor<2x8xf32>, tensor<4x8xf32>, tensor<4xf16>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @dot_c1_bounds(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf32>)
    -> tensor<2x3x4xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x8x4xf32>'}}
  %0 = graph.dot %x, %y batch [0] [0] contract [2] [3] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @dot_c1_twice(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf32>)
    -> tensor<2x3x4xf32> {
  // expected-error @+1 {{uses dimension 0 of 'tensor<2x3x8xf32>' twice}}
  %0 = graph.dot %x, %y batch [0] [0] contract [0] [1] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @dot_c1_count(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf32>)
    -> tensor<2x3x4xf32> {
  // expected-error @+1 {{requires as many batch and contracted dimensions on both sides}}
  %0 = graph.dot %x, %y batch [0] [0] contract [2] [] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @dot_c2(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf32>)
    -> tensor<2x3x4xf32> {
  // expected-error @+1 {{dimension 1 of 'tensor<2x3x8xf32>' does not match dimension 1 of 'tensor<2x8x4xf32>'}}
  %0 = graph.dot %x, %y batch [0] [0] contract [1] [1] : tensor<2x3x8xf32>, tensor<2x8x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @dot_c3(%x: tensor<2x3x8xf32>, %y: tensor<2x8x4xf16>)
    -> tensor<2x3x4xf32> {
  // expected-error @+1 {{'graph.dot' op requires the same element type for all operands and results}}
  %0 = graph.dot %x, %y batch [0] [0] contract [2] [1] : tensor<2x3x8xf32>, tensor<2x8x4xf16>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @pool_rank(%x: tensor<3x7xf32>) -> tensor<1x3x3x3xf32> {
  // expected-error @+1 {{requires an input of rank 3 to 5, but got 'tensor<3x7xf32>'}}
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<3x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// -----

func.func @pool_c1(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x3x3xf32> {
  // expected-error @+1 {{requires 2 positive kernel extents, strides and dilations, one for each spatial dimension}}
  %0 = graph.pool %x max kernel [2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// -----

func.func @pool_c1_pads(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x3x3xf32> {
  // expected-error @+1 {{requires 2 paddings that are not negative, one for each spatial dimension}}
  %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, -1] : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// -----

func.func @pool_c2(%x: tensor<1x3x7x7xf32>) -> tensor<1x3x3x3xf32> {
  // expected-error @+1 {{kernel extent 8 is larger than the padded input 'tensor<1x3x7x7xf32>'}}
  %0 = graph.pool %x max kernel [8, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x3x7x7xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// -----

func.func @conv_c6_tile(%x: tensor<1x4x8x8xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x6x6xf32> {
  // expected-error @+1 {{requires 'winograd' to be 2 or 4, but got 3}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 winograd 3 : tensor<1x4x8x8xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

func.func @attention_c1(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x5x4xf32> {
  // expected-error @+1 {{'graph.attention' op requires keys [B..., N, D], values [B..., N, E] and a result [B..., M, E] for queries [B..., M, D], but got 'tensor<2x5x8xf32>', 'tensor<2x7x8xf32>', 'tensor<2x6x4xf32>' and 'tensor<2x5x4xf32>'}}
  %0 = graph.attention %q, %k, %v (%s) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x6x4xf32> -> tensor<2x5x4xf32> {
    %1 = graph.softmax %s axis 2 : tensor<2x5x7xf32>
    graph.yield %1 : tensor<2x5x7xf32>
  }
  return %0 : tensor<2x5x4xf32>
}

// -----

func.func @conv_c6_stride(%x: tensor<1x4x9x9xf32>, %w: tensor<6x4x3x3xf32>)
    -> tensor<1x6x4x4xf32> {
  // expected-error @+1 {{requires a two-dimensional convolution of f32, 3 x 3 or with tiles of 2 x 2 also 5 x 5, of stride and dilation 1, with one group, for 'winograd'}}
  %0 = graph.conv %x, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1 winograd 4 : tensor<1x4x9x9xf32>, tensor<6x4x3x3xf32>
  return %0 : tensor<1x6x4x4xf32>
}

// -----

func.func @attention_c2(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32> {
  // expected-error @+1 {{'graph.attention' op requires a body that yields 'tensor<2x5x7xf32>'}}
  %0 = graph.attention %q, %k, %v (%s) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32> -> tensor<2x5x4xf32> {
    %1 = graph.softmax %s axis 2 : tensor<2x5x7xf32>
    %2 = graph.reshape %1 : tensor<2x5x7xf32> to tensor<10x7xf32>
    graph.yield %2 : tensor<10x7xf32>
  }
  return %0 : tensor<2x5x4xf32>
}

// -----

func.func @attention_c3(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32> {
  // expected-error @+1 {{'graph.attention' op requires a body with one softmax along the rows of the scores 'tensor<2x5x7xf32>'}}
  %0 = graph.attention %q, %k, %v (%s) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32> -> tensor<2x5x4xf32> {
    %1 = graph.softmax %s axis 1 : tensor<2x5x7xf32>
    graph.yield %1 : tensor<2x5x7xf32>
  }
  return %0 : tensor<2x5x4xf32>
}

// -----

func.func @attention_c3_path(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32> {
  // expected-error @+1 {{'graph.attention' op requires weights that depend on the scores through the softmax alone}}
  %0 = graph.attention %q, %k, %v (%s) : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32> -> tensor<2x5x4xf32> {
    %1 = graph.softmax %s axis 2 : tensor<2x5x7xf32>
    %2 = graph.add %1, %s : tensor<2x5x7xf32>
    graph.yield %2 : tensor<2x5x7xf32>
  }
  return %0 : tensor<2x5x4xf32>
}

// -----

func.func @conv_c5_wide(%x: tensor<1x4x8x8xi8>, %w: tensor<6x4x3x3xi16>) -> tensor<1x6x6x6xi32> {
  // expected-error @+1 {{requires input and filter of 8-bit integers and a bias of i32 for 'wide'}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 wide : tensor<1x4x8x8xi8>, tensor<6x4x3x3xi16>
  return %0 : tensor<1x6x6x6xi32>
}

// -----

func.func @conv_c5_narrow(%x: tensor<1x4x8x8xui8>, %w: tensor<6x4x3x3xi8>) -> tensor<1x6x6x6xui8> {
  // expected-error @+1 {{'graph.conv' op requires the same element type for all operands and results}}
  %0 = graph.conv %x, %w strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x4x8x8xui8>, tensor<6x4x3x3xi8>
  return %0 : tensor<1x6x6x6xui8>
}

// -----

func.func @dense_c3_wide(%x: tensor<2x8xi8>, %w: tensor<4x8xi8>, %b: tensor<4xi8>) -> tensor<2x4xi32> {
  // expected-error @+1 {{requires input and filter of 8-bit integers and a bias of i32 for 'wide'}}
  %0 = graph.dense %x, %w, %b wide : tensor<2x8xi8>, tensor<4x8xi8>, tensor<4xi8>
  return %0 : tensor<2x4xi32>
}
