// SPDX-License-Identifier: Apache-2.0
// Recurrent layers: what the verifiers reject, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<5x2xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires an input [T, N, I] and a state [N, H], but got 'tensor<5x2xf32>' and 'tensor<2x4xf32>'}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c1_h0(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf32>, %h: tensor<3x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires h0 of shape 'tensor<2x4xf32>', but got 'tensor<3x4xf32>'}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c1_w_input(%x: tensor<5x2x3xf32>, %wi: tensor<4x5xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires w_input of shape 'tensor<4x3xf32>', but got 'tensor<4x5xf32>'}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x5xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c1_w_hidden(%x: tensor<5x2x3xf32>, %wi: tensor<12x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires w_hidden of shape 'tensor<12x4xf32>', but got 'tensor<4x4xf32>'}}
  %0, %1 = graph.rnn gru input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c1_b_input(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<8xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires b_input of shape 'tensor<4xf32>', but got 'tensor<8xf32>'}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c1_c0(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf32>, %h: tensor<2x4xf32>, %c: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{requires c0 for lstm and only there}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h, %c : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @c2(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>, %b: tensor<4xf16>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  // expected-error @+1 {{'graph.rnn' op requires the same element type for all operands and results}}
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf16>, tensor<4xf16>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

func.func @recurrence_rank(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf32>, %h: tensor<2x2x4xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires an input [T, N, D G H] and a state [N, D H], but got 'tensor<5x2x8xf32>' and 'tensor<2x2x4xf32>'}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h : tensor<5x2x8xf32>, tensor<8x4xf32>, tensor<2x2x4xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_directions(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf32>, %h: tensor<2x8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires directions that divide 8 units, but got 3}}
  %0 = graph.recurrence rnn_tanh reverse [false, true, false] input %x, %w state %h : tensor<5x2x8xf32>, tensor<8x4xf32>, tensor<2x8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_input(%x: tensor<5x2x9xf32>, %w: tensor<8x4xf32>, %h: tensor<2x8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires input of shape 'tensor<5x2x8xf32>', but got 'tensor<5x2x9xf32>'}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h : tensor<5x2x9xf32>, tensor<8x4xf32>, tensor<2x8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_w_hidden(%x: tensor<5x2x8xf32>, %w: tensor<8x8xf32>, %h: tensor<2x8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires w_hidden of shape 'tensor<8x4xf32>', but got 'tensor<8x8xf32>'}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h : tensor<5x2x8xf32>, tensor<8x8xf32>, tensor<2x8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_c0(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf32>, %h: tensor<2x8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires c0 for lstm and only there}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h, %h : tensor<5x2x8xf32>, tensor<8x4xf32>, tensor<2x8xf32>, tensor<2x8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_bias(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf32>, %h: tensor<2x8xf32>, %b: tensor<8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{requires b_candidate for gru and only there}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h bias %b : tensor<5x2x8xf32>, tensor<8x4xf32>, tensor<2x8xf32> bias tensor<8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

func.func @recurrence_c2(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf16>, %h: tensor<2x8xf32>) -> tensor<5x2x8xf32> {
  // expected-error @+1 {{'graph.recurrence' op requires the same element type for all operands and results}}
  %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h : tensor<5x2x8xf32>, tensor<8x4xf16>, tensor<2x8xf32>
  return %0 : tensor<5x2x8xf32>
}
