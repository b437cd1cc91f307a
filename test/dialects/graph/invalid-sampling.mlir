// SPDX-License-Identifier: Apache-2.0
// Sampling and regions: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @sample_c1(%x: tensor<3x8x9xf32>, %v: tensor<2x4xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{requires data of rank 4 and places [M, P...], but got 'tensor<3x8x9xf32>' and 'tensor<2x4xf32>'}}
  %0 = graph.sample %x at %v, %v border zero : tensor<3x8x9xf32>, tensor<2x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @sample_c1_images(%x: tensor<2x3x8x9xf32>, %v: tensor<5x4xf32>) -> tensor<5x3x4xf32> {
  // expected-error @+1 {{requires places in each image of 'tensor<2x3x8x9xf32>', but got 'tensor<5x4xf32>'}}
  %0 = graph.sample %x at %v, %v border zero : tensor<2x3x8x9xf32>, tensor<5x4xf32>
  return %0 : tensor<5x3x4xf32>
}

// -----

func.func @sample_c1_count(%x: tensor<2x3x8x9xf32>, %v: tensor<5x4xf32>, %i: tensor<4xi32>) -> tensor<5x3x4xf32> {
  // expected-error @+1 {{requires images of shape 'tensor<5xi32>', but got 'tensor<4xi32>'}}
  %0 = graph.sample %x at %v, %v images %i border zero : tensor<2x3x8x9xf32>, tensor<5x4xf32>, tensor<4xi32>
  return %0 : tensor<5x3x4xf32>
}

// -----

func.func @sample_c2(%x: tensor<2x3x8x9xf32>, %v: tensor<2x4xf16>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{requires data and places of one floating-point element type, but got 'tensor<2x3x8x9xf32>' and 'tensor<2x4xf16>'}}
  %0 = graph.sample %x at %v, %v border zero : tensor<2x3x8x9xf32>, tensor<2x4xf16>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @roi_align_c1_boxes(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %b: tensor<5x5xf32>) -> tensor<5x7x7x4xf32> {
  // expected-error @+1 {{requires boxes [R, 4] and two numbers of cells, but got 'tensor<5x5xf32>'}}
  %0 = graph.roi_align %x images %i boxes %b pooled [7, 7] sampling 2 min_size 1.0 groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x5xf32>
  return %0 : tensor<5x7x7x4xf32>
}

// -----

func.func @roi_align_c1_channels(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>) -> tensor<5x7x7x1xf32> {
  // expected-error @+1 {{requires a multiple of 6 channels, but got 'tensor<2x8x9x4xf32>'}}
  %0 = graph.roi_align %x images %i boxes %b pooled [7, 7] sampling 2 min_size 1.0 groups [2, 3]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x4xf32>
  return %0 : tensor<5x7x7x1xf32>
}

// -----

func.func @roi_align_c1_cells(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>) -> tensor<5x0x7x4xf32> {
  // expected-error @+1 {{requires two positive numbers of cells and of groups}}
  %0 = graph.roi_align %x images %i boxes %b pooled [0, 7] sampling 2 min_size 1.0 groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x4xf32>
  return %0 : tensor<5x0x7x4xf32>
}

// -----

func.func @roi_align_c2(%x: tensor<2x8x9x4xf32>, %i: tensor<5xf32>, %b: tensor<5x4xf32>) -> tensor<5x7x7x4xf32> {
  // expected-error @+1 {{requires floating-point data and whole numbers of images}}
  %0 = graph.roi_align %x images %i boxes %b pooled [7, 7] sampling 2 min_size 1.0 groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xf32>, tensor<5x4xf32>
  return %0 : tensor<5x7x7x4xf32>
}

// -----

func.func @roi_align_c3(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>) -> tensor<5x7x7x4xf32> {
  // expected-error @+1 {{requires 'sampling' and 'min_size' that are not negative}}
  %0 = graph.roi_align %x images %i boxes %b pooled [7, 7] sampling -1 min_size 1.0 groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x4xf32>
  return %0 : tensor<5x7x7x4xf32>
}

// -----

func.func @roi_pool_c1(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xi32>, %u: tensor<4x3x2xi32>)
    -> tensor<5x3x3x4xf32> {
  // expected-error @+1 {{requires rows [R, P, 2] and columns [R, Q, 2], but got 'tensor<5x3x2xi32>' and 'tensor<4x3x2xi32>'}}
  %0 = graph.roi_pool max %x images %i rows %v columns %u groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<4x3x2xi32>
  return %0 : tensor<5x3x3x4xf32>
}

// -----

func.func @roi_pool_c2(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xf32>) -> tensor<5x3x3x4xf32> {
  // expected-error @+1 {{requires whole numbers of rows and columns}}
  %0 = graph.roi_pool max %x images %i rows %v columns %v groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x3x2xf32>, tensor<5x3x2xf32>
  return %0 : tensor<5x3x3x4xf32>
}

// -----

func.func @roi_pool_c3(%x: tensor<2x8x9x4xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xi32>) -> tensor<5x3x3x4xf32> {
  // expected-error @+1 {{requires kind max or avg}}
  %0 = graph.roi_pool lp %x images %i rows %v columns %v groups [1, 1]
    : tensor<2x8x9x4xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<5x3x2xi32>
  return %0 : tensor<5x3x3x4xf32>
}
