// SPDX-License-Identifier: Apache-2.0
// Extents that depend on values: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @compact_c1(%m: tensor<8xi8>) -> tensor<10xi64> {
  // expected-error @+1 {{requires less than 2^31 - 1 booleans in one dimension, but got 'tensor<8xi8>'}}
  %0 = graph.compact %m : tensor<8xi8>
  return %0 : tensor<10xi64>
}

// -----

func.func @compact_c1_rank(%m: tensor<4x2xi1>) -> tensor<10xi64> {
  // expected-error @+1 {{requires less than 2^31 - 1 booleans in one dimension, but got 'tensor<4x2xi1>'}}
  %0 = graph.compact %m : tensor<4x2xi1>
  return %0 : tensor<10xi64>
}

// -----

func.func @counted_c1(%p: tensor<10xi64>) -> tensor<5xi32> {
  // expected-error @+1 {{requires elements of i64 in one dimension, but got 'tensor<5xi32>'}}
  %0 = graph.counted %p start 1 count 0 : tensor<10xi64> to tensor<5xi32>
  return %0 : tensor<5xi32>
}

// -----

func.func @counted_c2(%p: tensor<10xi64>) -> tensor<5xi64> {
  // expected-error @+1 {{requires a start of 1 or 2, but got 3}}
  %0 = graph.counted %p start 3 count 0 : tensor<10xi64> to tensor<5xi64>
  return %0 : tensor<5xi64>
}
