// SPDX-License-Identifier: Apache-2.0
// Sorting and choices by order: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @argsort_c1(%x: tensor<f32>) -> tensor<i32> {
  // expected-error @+1 {{requires a last dimension of less than 2^31 elements, but got 'tensor<f32>'}}
  %0 = graph.argsort %x : tensor<f32>
  return %0 : tensor<i32>
}

// -----

func.func @suppress_c1(%b: tensor<2x9x4xf32>, %a: tensor<2x9xf32>, %m: tensor<2x9xi8>) -> tensor<2x9xi1> {
  // expected-error @+1 {{requires boxes [B, N, 4] and booleans that say which are alive, but got 'tensor<2x9x4xf32>' and 'tensor<2x9xi8>'}}
  %0 = graph.suppress %b areas %a alive %m threshold 0.5 border 0.0 : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi8>
  return %0 : tensor<2x9xi1>
}

// -----

func.func @suppress_c1_areas(%b: tensor<2x9x4xf32>, %a: tensor<2x8xf32>, %m: tensor<2x9xi1>) -> tensor<2x9xi1> {
  // expected-error @+1 {{requires areas of shape 'tensor<2x9xf32>', but got 'tensor<2x8xf32>'}}
  %0 = graph.suppress %b areas %a alive %m threshold 0.5 border 0.0 : tensor<2x9x4xf32>, tensor<2x8xf32>, tensor<2x9xi1>
  return %0 : tensor<2x9xi1>
}

// -----

func.func @suppress_c2(%b: tensor<2x9x4xf32>, %a: tensor<2x9xf32>, %m: tensor<2x9xi1>, %c: tensor<2x9xi32>) -> tensor<2x9xi1> {
  // expected-error @+1 {{requires boxes, areas and classes of one floating-point element type}}
  %0 = graph.suppress %b areas %a alive %m classes %c threshold 0.5 border 0.0
    : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>, tensor<2x9xi32>
  return %0 : tensor<2x9xi1>
}

// -----

func.func @match_c1(%o: tensor<2x12xi32>, %a: tensor<2x11xi1>) -> tensor<2x4xi32> {
  // expected-error @+1 {{requires allowed of shape 'tensor<2x12xi1>', but got 'tensor<2x11xi1>'}}
  %0 = graph.match %o allowed %a rows 4 columns 3 limit 2 : tensor<2x12xi32>, tensor<2x11xi1>
  return %0 : tensor<2x4xi32>
}

// -----

func.func @match_c2(%o: tensor<2x12xf32>, %a: tensor<2x12xi1>) -> tensor<2x4xi32> {
  // expected-error @+1 {{requires whole numbers in the order}}
  %0 = graph.match %o allowed %a rows 4 columns 3 limit 2 : tensor<2x12xf32>, tensor<2x12xi1>
  return %0 : tensor<2x4xi32>
}

// -----

func.func @match_c3(%o: tensor<2x12xi32>, %a: tensor<2x12xi1>) -> tensor<2x4xi32> {
  // expected-error @+1 {{can't match 4 rows and 0 columns}}
  %0 = graph.match %o allowed %a rows 4 columns 0 limit 2 : tensor<2x12xi32>, tensor<2x12xi1>
  return %0 : tensor<2x4xi32>
}
