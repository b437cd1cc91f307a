// SPDX-License-Identifier: Apache-2.0
// Constants, groups and layouts: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @constant_type() -> tensor<3xf32> {
  // expected-error @+1 {{failed to verify that all of {value, result} have same type}}
  %0 = "graph.constant"() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

func.func @iota_c1() -> tensor<3x4xf32> {
  // expected-error @+1 {{axis 2 is out of bounds for a tensor of shape 'tensor<3x4xf32>'}}
  %0 = graph.iota dim 2 start 0.0 step 1.0 : tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

func.func @group_c1_arguments(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'graph.group' op requires arguments of the types of its operands}}
  %0 = "graph.group"(%x) ({
  ^bb0(%a: tensor<5xf32>):
    %1 = graph.constant dense<0.0> : tensor<4xf32>
    graph.yield %1 : tensor<4xf32>
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @group_c1_results(%x: tensor<4xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{'graph.group' op requires a graph.yield of the types of its results}}
  %0 = graph.group (%a = %x : tensor<4xf32>) -> tensor<5xf32> {
    graph.yield %a : tensor<4xf32>
  }
  return %0 : tensor<5xf32>
}

// -----

func.func @group_isolated(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note @+1 {{required by region isolation constraints}}
  %0 = graph.group () -> tensor<4xf32> {
    // expected-error @+1 {{'graph.relu' op using value defined outside the region}}
    %1 = graph.relu %x : tensor<4xf32>
    graph.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// -----

func.func @yield_outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'graph.yield' op expects parent op to be one of 'graph.group, graph.attention'}}
  graph.yield %x : tensor<4xf32>
}

// -----

func.func @relayout_shape(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x9xf32> {
  // expected-error @+1 {{'graph.relayout' op requires the same shape for all operands and results}}
  %0 = graph.relayout %x : tensor<1x3x8x8xf32> to tensor<1x3x8x9xf32>
  return %0 : tensor<1x3x8x9xf32>
}

// -----

func.func @relayout_element(%x: tensor<8xf32>) -> tensor<8xf16> {
  // expected-error @+1 {{'graph.relayout' op requires the same element type for all operands and results}}
  %0 = graph.relayout %x : tensor<8xf32> to tensor<8xf16>
  return %0 : tensor<8xf16>
}

// -----

// expected-error @+1 {{requires a positive block, but got 0}}
func.func private @blocked_c1() -> tensor<1x8x4x4xf32, #graph.blocked<0, halo_low = [0, 0], halo_high = [0, 0]>>

// -----

// expected-error @+1 {{requires as many halos, not negative, on both sides}}
func.func private @blocked_c1_halo() -> tensor<1x8x4x4xf32, #graph.blocked<8, halo_low = [0, 0], halo_high = [0]>>

// -----

// expected-error @+1 {{requires a halo for each spatial dimension: a rank of 4, but got 3}}
func.func private @blocked_c2() -> tensor<8x4x4xf32, #graph.blocked<8, halo_low = [0, 0], halo_high = [0, 0]>>
