// SPDX-License-Identifier: Apache-2.0
// A function's results against those that it should have.
// RUN: dlc-opt %s --split-input-file --graph-check-values --verify-diagnostics

func.func @right(%x: tensor<2xf32>) -> tensor<2xf32> attributes {
    graph.input_values = [dense<[1.0, -2.0]> : tensor<2xf32>],
    graph.result_values = [dense<[1.0, 0.0]> : tensor<2xf32>]} {
  %0 = graph.relu %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// expected-error @below {{computes result 0 with an error of 1.000000e+00, above 1.100000e-04}}
func.func @wrong(%x: tensor<2xf32>) -> tensor<2xf32> attributes {
    graph.input_values = [dense<[1.0, -2.0]> : tensor<2xf32>],
    graph.result_values = [dense<[1.0, 1.0]> : tensor<2xf32>]} {
  %0 = graph.relu %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// Integers don't differ at all.
// expected-error @below {{computes result 0 with an error of 1.000000e+00, above 0.000000e+00}}
func.func @integers(%x: tensor<2xi32>) -> tensor<2xi32> attributes {
    graph.input_values = [dense<[100000000, 1]> : tensor<2xi32>],
    graph.result_values = [dense<[100000001, 1]> : tensor<2xi32>]} {
  %0 = graph.abs %x : tensor<2xi32>
  return %0 : tensor<2xi32>
}

// -----

// Groups and layouts are looked through.
func.func @group(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32> attributes {
    graph.input_values = [dense<[[[[1.0, -2.0]]]]> : tensor<1x1x1x2xf32>],
    graph.result_values = [dense<[[[[1.0, 0.0]]]]> : tensor<1x1x1x2xf32>]} {
  %0 = graph.group (%a = %x : tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>> {
    %1 = graph.relu %a : tensor<1x1x1x2xf32>
    %2 = graph.relayout %1 : tensor<1x1x1x2xf32> to tensor<1x1x1x2xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
    graph.yield %2 : tensor<1x1x1x2xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
  }
  %3 = graph.relayout %0 : tensor<1x1x1x2xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>> to tensor<1x1x1x2xf32>
  return %3 : tensor<1x1x1x2xf32>
}

// -----

// expected-error @below {{requires 1 tensors in the attribute graph.input_values}}
func.func @missing(%x: tensor<2xf32>) -> tensor<2xf32> attributes {
    graph.result_values = [dense<[1.0, 1.0]> : tensor<2xf32>]} {
  return %x : tensor<2xf32>
}

// -----

// expected-error @below {{has a value in graph.input_values that doesn't fit 'tensor<2xf32>'}}
func.func @shape(%x: tensor<2xf32>) -> tensor<2xf32> attributes {
    graph.input_values = [dense<[1.0]> : tensor<1xf32>],
    graph.result_values = [dense<[1.0, 1.0]> : tensor<2xf32>]} {
  return %x : tensor<2xf32>
}

// -----

func.func @left_alone(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

func.func @counted(%m: tensor<4xi1>) -> (tensor<6xi64>, tensor<2xi64>, tensor<2xi64>) attributes {
    graph.input_values = [dense<[0, 1, 0, 1]> : tensor<4xi1>],
    graph.result_values = [dense<[2, 1, 3, 4, 4, 4]> : tensor<6xi64>, dense<[1, 3]> : tensor<2xi64>,
                           dense<[3, 4]> : tensor<2xi64>]} {
  %0 = graph.compact %m : tensor<4xi1>
  %1 = graph.counted %0 start 1 count 0 : tensor<6xi64> to tensor<2xi64>
  %2 = graph.counted %0 start 2 count 0 : tensor<6xi64> to tensor<2xi64>
  return %0, %1, %2 : tensor<6xi64>, tensor<2xi64>, tensor<2xi64>
}

// -----

func.func @miscounted(%m: tensor<4xi1>) -> tensor<3xi64> attributes {
    graph.input_values = [dense<[0, 1, 0, 1]> : tensor<4xi1>],
    graph.result_values = [dense<[1, 3, 4]> : tensor<3xi64>]} {
  %0 = graph.compact %m : tensor<4xi1>
  // expected-error @+1 {{is looked at for a count of 3, but there are 2}}
  %1 = graph.counted %0 start 1 count 0 : tensor<6xi64> to tensor<3xi64>
  return %1 : tensor<3xi64>
}
