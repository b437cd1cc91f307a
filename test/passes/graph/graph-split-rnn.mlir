// SPDX-License-Identifier: Apache-2.0
// Recurrent layers become a dense layer over all steps and a recurrence.
// RUN: dlc-opt %s --split-input-file --graph-split-rnn | FileCheck %s

// Both biases are added to the same sum; the last hidden state is the last step.

// CHECK-LABEL: func.func @lstm(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<5x2x3xf32>, %[[WI:[a-z0-9]+]]: tensor<16x3xf32>, %[[WH:[a-z0-9]+]]: tensor<16x4xf32>, %[[BI:[a-z0-9]+]]: tensor<16xf32>, %[[BH:[a-z0-9]+]]: tensor<16xf32>, %[[H:[a-z0-9]+]]: tensor<2x4xf32>, %[[C:[a-z0-9]+]]: tensor<2x4xf32>)
// CHECK-NEXT: %[[BIAS:.*]] = graph.add %[[BI]], %[[BH]] : tensor<16xf32>
// CHECK-NEXT: %[[INPUT:.*]] = graph.dense %[[X]], %[[WI]], %[[BIAS]]
// CHECK-NEXT: %[[OUTPUT:.*]], %[[CN:.*]] = graph.recurrence lstm reverse [false] input %[[INPUT]], %[[WH]] state %[[H]], %[[C]]
// CHECK-NEXT: %[[STEP:.*]] = graph.slice %[[OUTPUT]] starts [4, 0, 0]
// CHECK-NEXT: %[[HN:.*]] = graph.reshape %[[STEP]] : tensor<1x2x4xf32> to tensor<2x4xf32>
// CHECK-NEXT: return %[[OUTPUT]], %[[HN]], %[[CN]]
func.func @lstm(%x: tensor<5x2x3xf32>, %wi: tensor<16x3xf32>, %wh: tensor<16x4xf32>,
    %bi: tensor<16xf32>, %bh: tensor<16xf32>, %h: tensor<2x4xf32>, %c: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %0, %1, %2 = graph.rnn lstm input %x, %wi, %wh, %bi, %bh state %h, %c : tensor<5x2x3xf32>, tensor<16x3xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<16xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %0, %1, %2 : tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// A gru's candidate keeps its hidden bias: the reset gate multiplies it. In
// reverse, the first step is the last state.

// CHECK-LABEL: func.func @gru_reverse(
// CHECK-SAME: %[[BI:[a-z0-9]+]]: tensor<12xf32>, %[[BH:[a-z0-9]+]]: tensor<12xf32>
// CHECK-NEXT: %[[GATES_I:.*]] = graph.slice %[[BI]] starts [0]
// CHECK-NEXT: %[[GATES_H:.*]] = graph.slice %[[BH]] starts [0]
// CHECK-NEXT: %[[GATES:.*]] = graph.add %[[GATES_I]], %[[GATES_H]] : tensor<8xf32>
// CHECK-NEXT: %[[CANDIDATE_I:.*]] = graph.slice %[[BI]] starts [8]
// CHECK-NEXT: %[[BIAS:.*]] = graph.concat %[[GATES]], %[[CANDIDATE_I]] axis 0
// CHECK-NEXT: %[[INPUT:.*]] = graph.dense %{{.*}}, %{{.*}}, %[[BIAS]]
// CHECK-NEXT: %[[CANDIDATE_H:.*]] = graph.slice %[[BH]] starts [8]
// CHECK-NEXT: %[[OUTPUT:.*]] = graph.recurrence gru reverse [true] input %[[INPUT]], %{{.*}} state %{{.*}} bias %[[CANDIDATE_H]]
// CHECK-NEXT: %[[STEP:.*]] = graph.slice %[[OUTPUT]] starts [0, 0, 0]
// CHECK-NEXT: graph.reshape %[[STEP]]
func.func @gru_reverse(%x: tensor<5x2x3xf32>, %wi: tensor<12x3xf32>, %wh: tensor<12x4xf32>,
    %bi: tensor<12xf32>, %bh: tensor<12xf32>, %h: tensor<2x4xf32>) -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn gru reverse input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

// Opposite directions become one layer.

// CHECK-LABEL: func.func @bidirectional(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<5x2x3xf32>, %[[WI:[a-z0-9]+]]: tensor<4x3xf32>, %[[WH:[a-z0-9]+]]: tensor<4x4xf32>, %[[B:[a-z0-9]+]]: tensor<4xf32>, %[[H:[a-z0-9]+]]: tensor<2x4xf32>
// CHECK: %[[WEIGHTS:.*]] = graph.concat %[[WI]], %[[WI]] axis 0
// CHECK: %[[INPUT:.*]] = graph.dense %[[X]], %[[WEIGHTS]], %{{.*}} : tensor<5x2x3xf32>, tensor<8x3xf32>, tensor<8xf32>
// CHECK: %[[HIDDEN:.*]] = graph.concat %[[WH]], %[[WH]] axis 0
// CHECK: %[[STATE:.*]] = graph.concat %[[H]], %[[H]] axis 1
// CHECK: %[[OUTPUT:.*]] = graph.recurrence rnn_tanh reverse [false, true] input %[[INPUT]], %[[HIDDEN]] state %[[STATE]]
// CHECK-NEXT: %[[LAST:.*]] = graph.slice %[[OUTPUT]] starts [0, 0, 4]
// CHECK-NEXT: %[[HN:.*]] = graph.reshape %[[LAST]]
// CHECK-NEXT: return %[[OUTPUT]], %[[HN]]
func.func @bidirectional(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
    %b: tensor<4xf32>, %h: tensor<2x4xf32>) -> (tensor<5x2x8xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  %2, %3 = graph.rnn rnn_tanh reverse input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  %4 = graph.concat %0, %2 axis 2 : tensor<5x2x4xf32>, tensor<5x2x4xf32>
  return %4, %3 : tensor<5x2x8xf32>, tensor<2x4xf32>
}

// -----

// Not where one direction needs the other, or its output is used apart.

// CHECK-LABEL: func.func @apart(
// CHECK: graph.recurrence rnn_relu reverse [false]
// CHECK: graph.recurrence rnn_relu reverse [true]
// CHECK: graph.concat
func.func @apart(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
    %b: tensor<4xf32>, %h: tensor<2x4xf32>) -> tensor<5x2x8xf32> {
  %0, %1 = graph.rnn rnn_relu input %x, %wi, %wh, %b, %b state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  %2, %3 = graph.rnn rnn_relu reverse input %x, %wi, %wh, %b, %b state %1 : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  %4 = graph.concat %0, %2 axis 2 : tensor<5x2x4xf32>, tensor<5x2x4xf32>
  return %4 : tensor<5x2x8xf32>
}
