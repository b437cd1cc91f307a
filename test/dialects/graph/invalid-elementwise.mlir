// SPDX-License-Identifier: Apache-2.0
// Elementwise operators: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @relu_type(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  // expected-error @+1 {{'graph.relu' op requires the same type for all operands and results}}
  %0 = "graph.relu"(%x) : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

func.func @add_shapes(%x: tensor<2x3xf32>, %y: tensor<2x1xf32>)
    -> tensor<2x3xf32> {
  // expected-error @+1 {{'graph.add' op requires the same type for all operands and results}}
  %0 = "graph.add"(%x, %y) : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @equal_types(%x: tensor<2x3xf32>, %y: tensor<2x3xi32>)
    -> tensor<2x3xi1> {
  // expected-error @+1 {{'graph.equal' op requires all operands to have the same type}}
  %0 = "graph.equal"(%x, %y) : (tensor<2x3xf32>, tensor<2x3xi32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// -----

func.func @equal_result(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  // expected-error @+2 {{'graph.equal' op inferred type(s) 'tensor<2x3xi1>' are incompatible with return type(s) of operation 'tensor<2x3xf32>'}}
  // expected-error @+1 {{'graph.equal' op failed to infer returned types}}
  %0 = "graph.equal"(%x, %y) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @is_nan_result(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{'graph.is_nan' op inferred type(s) 'tensor<2x3xi1>' are incompatible with return type(s) of operation 'tensor<2x3xf32>'}}
  // expected-error @+1 {{'graph.is_nan' op failed to infer returned types}}
  %0 = "graph.is_nan"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @select_condition(%c: tensor<2x3xf32>, %x: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  // expected-error @+1 {{'graph.select' op operand #0 must be ranked tensor of 1-bit signless integer values, but got 'tensor<2x3xf32>'}}
  %0 = graph.select %c, %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @select_shape(%c: tensor<2x1xi1>, %x: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  // expected-error @+1 {{'graph.select' op requires the same shape for all operands and results}}
  %0 = graph.select %c, %x, %x : tensor<2x1xi1>, tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @cast_shape(%x: tensor<2x3xf32>) -> tensor<3x2xi32> {
  // expected-error @+1 {{'graph.cast' op requires the same shape for all operands and results}}
  %0 = graph.cast %x : tensor<2x3xf32> to tensor<3x2xi32>
  return %0 : tensor<3x2xi32>
}
