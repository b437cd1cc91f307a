// SPDX-License-Identifier: Apache-2.0
// Reductions and running sums: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @reduce_sum_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_sum %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_mean_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_mean %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_prod_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_prod %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_max_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_max %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_min_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_min %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_nansum_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_nansum %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_nanprod_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_nanprod %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_l1_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_l1 %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_l2_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.reduce_l2 %x axes [3] : tensor<2x3x4xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @reduce_c1_order(%x: tensor<2x3x4xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{axes are not ascending}}
  %0 = graph.reduce_sum %x axes [2, 1] : tensor<2x3x4xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @reduce_result(%x: tensor<2x3x4xf32>) -> tensor<2xf32> {
  // expected-error @+2 {{'graph.reduce_sum' op inferred type(s) 'tensor<2x4xf32>' are incompatible with return type(s) of operation 'tensor<2xf32>'}}
  // expected-error @+1 {{'graph.reduce_sum' op failed to infer returned types}}
  %0 = "graph.reduce_sum"(%x) {axes = array<i64: 1>} : (tensor<2x3x4xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @argmax_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xi64> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.argmax %x axis 3 : tensor<2x3x4xf32>
  return %0 : tensor<2x3xi64>
}

// -----

func.func @argmin_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3xi64> {
  // expected-error @+1 {{axis -1 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.argmin %x axis -1 : tensor<2x3x4xf32>
  return %0 : tensor<2x3xi64>
}

// -----

func.func @cumsum_c1(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // expected-error @+1 {{axis 3 is out of bounds for a tensor of shape 'tensor<2x3x4xf32>'}}
  %0 = graph.cumsum %x axis 3 : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}
