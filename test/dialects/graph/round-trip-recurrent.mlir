// SPDX-License-Identifier: Apache-2.0
// Recurrent layers: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @lstm(
// CHECK: graph.rnn lstm input %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} state %{{.*}}, %{{.*}} : tensor<5x2x3xf32>, tensor<16x3xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<16xf32>, tensor<2x4xf32>, tensor<2x4xf32>
// CHECK-NEXT: return %{{.*}}, %{{.*}}, %{{.*}} : tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
func.func @lstm(%x: tensor<5x2x3xf32>, %wi: tensor<16x3xf32>, %wh: tensor<16x4xf32>,
    %bi: tensor<16xf32>, %bh: tensor<16xf32>, %h: tensor<2x4xf32>, %c: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %0, %1, %2 = graph.rnn lstm input %x, %wi, %wh, %bi, %bh state %h, %c : tensor<5x2x3xf32>, tensor<16x3xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<16xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %0, %1, %2 : tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @gru(
// CHECK: graph.rnn gru input %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} state %{{.*}} : tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>, tensor<2x4xf32>
// CHECK-NEXT: return %{{.*}}, %{{.*}} : tensor<5x2x4xf32>, tensor<2x4xf32>
func.func @gru(%x: tensor<5x2x3xf32>, %wi: tensor<12x3xf32>, %wh: tensor<12x4xf32>,
    %bi: tensor<12xf32>, %bh: tensor<12xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn gru input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @rnn_tanh(
// CHECK: graph.rnn rnn_tanh input %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} state %{{.*}} : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
// CHECK-NEXT: return %{{.*}}, %{{.*}} : tensor<5x2x4xf32>, tensor<2x4xf32>
func.func @rnn_tanh(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
    %bi: tensor<4xf32>, %bh: tensor<4xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @rnn_relu_reverse(
// CHECK: graph.rnn rnn_relu reverse input %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} state %{{.*}} : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
// CHECK-NEXT: return %{{.*}}, %{{.*}} : tensor<5x2x4xf32>, tensor<2x4xf32>
func.func @rnn_relu_reverse(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
    %bi: tensor<4xf32>, %bh: tensor<4xf32>, %h: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn rnn_relu reverse input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @recurrence_lstm(
// CHECK: graph.recurrence lstm reverse [true] input %{{.*}}, %{{.*}} state %{{.*}}, %{{.*}} : tensor<5x2x16xf32>, tensor<16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
// CHECK-NEXT: return %{{.*}}, %{{.*}} : tensor<5x2x4xf32>, tensor<2x4xf32>
func.func @recurrence_lstm(%x: tensor<5x2x16xf32>, %w: tensor<16x4xf32>, %h: tensor<2x4xf32>, %c: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.recurrence lstm reverse [true] input %x, %w state %h, %c : tensor<5x2x16xf32>, tensor<16x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @recurrence_gru(
// CHECK: graph.recurrence gru reverse [false, true] input %{{.*}}, %{{.*}} state %{{.*}} bias %{{.*}} : tensor<5x2x24xf32>, tensor<24x4xf32>, tensor<2x8xf32> bias tensor<8xf32>
// CHECK-NEXT: return %{{.*}} : tensor<5x2x8xf32>
func.func @recurrence_gru(%x: tensor<5x2x24xf32>, %w: tensor<24x4xf32>, %h: tensor<2x8xf32>, %b: tensor<8xf32>) -> tensor<5x2x8xf32> {
  %0 = graph.recurrence gru reverse [false, true] input %x, %w state %h bias %b : tensor<5x2x24xf32>, tensor<24x4xf32>, tensor<2x8xf32> bias tensor<8xf32>
  return %0 : tensor<5x2x8xf32>
}
