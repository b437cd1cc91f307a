// SPDX-License-Identifier: Apache-2.0
// Normalisations and softmax: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @batch_norm_c1(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>, %p: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{axis 4 is out of bounds for a tensor of shape 'tensor<2x4x3x3xf32>'}}
  %0 = graph.batch_norm %x, %g, %p, %p, %p axis 4 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @batch_norm_c2(%x: tensor<2x4x3x3xf32>, %g: tensor<3xf32>, %p: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.batch_norm' op requires parameters of 4 elements, but got 'tensor<3xf32>'}}
  %0 = graph.batch_norm %x, %g, %p, %p, %p axis 1 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @batch_norm_c3(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf16>, %p: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.batch_norm' op requires the same element type for all operands and results}}
  %0 = graph.batch_norm %x, %g, %p, %p, %p axis 1 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf16>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @layer_norm_c1(%x: tensor<2x4x3x3xf32>, %g: tensor<3xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{axis -1 is out of bounds for a tensor of shape 'tensor<2x4x3x3xf32>'}}
  %0 = graph.layer_norm %x, %g, %g axis -1 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<3xf32>, tensor<3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @layer_norm_c2(%x: tensor<2x4x3x3xf32>, %g: tensor<3xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.layer_norm' op requires parameters of 4 elements, but got 'tensor<3xf32>'}}
  %0 = graph.layer_norm %x, %g, %g axis 1 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<3xf32>, tensor<3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @layer_norm_c3(%x: tensor<2x4x3x3xf32>, %g: tensor<3xf16>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.layer_norm' op requires the same element type for all operands and results}}
  %0 = graph.layer_norm %x, %g, %g axis 3 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<3xf16>, tensor<3xf16>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @instance_norm_c1(%x: tensor<2x4xf32>, %g: tensor<4xf32>)
    -> tensor<2x4xf32> {
  // expected-error @+1 {{'graph.instance_norm' op requires an input of rank 3 or more, but got 'tensor<2x4xf32>'}}
  %0 = graph.instance_norm %x, %g, %g epsilon 1.0e-03 : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @instance_norm_c2(%x: tensor<2x4x3x3xf32>, %g: tensor<2x2xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.instance_norm' op requires parameters of 4 elements, but got 'tensor<2x2xf32>'}}
  %0 = graph.instance_norm %x, %g, %g epsilon 1.0e-03 : tensor<2x4x3x3xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @instance_norm_c3(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf64>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.instance_norm' op requires the same element type for all operands and results}}
  %0 = graph.instance_norm %x, %g, %g epsilon 1.0e-03 : tensor<2x4x3x3xf32>, tensor<4xf64>, tensor<4xf64>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @group_norm_c1(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.group_norm' op requires groups that divide the channels of 'tensor<2x4x3x3xf32>', but got 3}}
  %0 = graph.group_norm %x, %g, %g groups 3 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @group_norm_c1_sign(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.group_norm' op requires groups that divide the channels of 'tensor<2x4x3x3xf32>', but got -2}}
  %0 = graph.group_norm %x, %g, %g groups -2 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @group_norm_c2(%x: tensor<2x4x3x3xf32>, %g: tensor<2xf32>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.group_norm' op requires parameters of 4 elements, but got 'tensor<2xf32>'}}
  %0 = graph.group_norm %x, %g, %g groups 2 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<2xf32>, tensor<2xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @group_norm_c3(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf64>)
    -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.group_norm' op requires the same element type for all operands and results}}
  %0 = graph.group_norm %x, %g, %g groups 2 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf64>, tensor<4xf64>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @lrn_c1(%x: tensor<2x4x3xf32>) -> tensor<2x4x3xf32> {
  // expected-error @+1 {{'graph.lrn' op requires an input of rank 4 and an odd size, but got 'tensor<2x4x3xf32>' and 3}}
  %0 = graph.lrn %x size 3 alpha 1.0e-04 beta 7.5e-01 knorm 2.0 : tensor<2x4x3xf32>
  return %0 : tensor<2x4x3xf32>
}

// -----

func.func @lrn_c1_size(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{'graph.lrn' op requires an input of rank 4 and an odd size, but got 'tensor<2x4x3x3xf32>' and 4}}
  %0 = graph.lrn %x size 4 alpha 1.0e-04 beta 7.5e-01 knorm 2.0 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @softmax_c1(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{axis 4 is out of bounds for a tensor of shape 'tensor<2x4x3x3xf32>'}}
  %0 = graph.softmax %x axis 4 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// -----

func.func @log_softmax_c1(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  // expected-error @+1 {{axis 4 is out of bounds for a tensor of shape 'tensor<2x4x3x3xf32>'}}
  %0 = graph.log_softmax %x axis 4 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}
