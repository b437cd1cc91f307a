// SPDX-License-Identifier: Apache-2.0
// RUN: dlc-opt %s -split-input-file -verify-diagnostics -graph-form-groups -lower-to-kernels

func.func @largest(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  // expected-error @+1 {{computes on 'ui8', which only graph.cast can do}}
  %0 = graph.maximum %x, %y : tensor<4xui8>
  return %0 : tensor<4xui8>
}

// -----

func.func @index(%x: tensor<4xf32>, %i: tensor<2xui8>) -> tensor<2xf32> {
  // expected-error @+1 {{computes on 'ui8', which only graph.cast can do}}
  %0 = graph.gather %x, %i axis 0 mode clip : tensor<4xf32>, tensor<2xui8>
  return %0 : tensor<2xf32>
}
