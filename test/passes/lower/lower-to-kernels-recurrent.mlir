// SPDX-License-Identifier: Apache-2.0
// Recurrent layers: a contraction with the inputs of all steps, then one for each step.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Gates: input, forget, cell, output.

// CHECK-LABEL: kernel.func @rnn_0(
// CHECK-SAME: %[[A:.*]]: memref<5x2x3xf32>, %[[B:.*]]: memref<1x3x16xf32>, %[[C:.*]]: memref<1x4x16xf32>, %[[D:.*]]: memref<16xf32>, %[[E:.*]]: memref<16xf32>, %[[F:.*]]: memref<2x4xf32>, %[[G:.*]]: memref<2x4xf32>) outputs(%[[Y0:.*]]: memref<5x2x4xf32>, %[[Y1:.*]]: memref<2x4xf32>, %[[Y2:.*]]: memref<2x4xf32>)
// CHECK-NEXT: %[[SCRATCH:.*]] = scratch : memref<10x16xf32>
// CHECK-NEXT: %[[SCRATCH2:.*]] = scratch : memref<2x16xf32>
// CHECK: contract batch [] m 10 n 16 k [3]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1) -> (d0 floordiv 2, d0 mod 2, d1)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: out %[[SCRATCH]] at affine_map<(d0, d1, d2) -> (d0, d1 * 16 + d2)> : memref<5x2x3xf32>, memref<1x3x16xf32>, memref<10x16xf32>
// CHECK: load %[[D]][%{{.*}} * 16 + %{{.*}}] : memref<16xf32>
// CHECK: loop (%[[I:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I2:.*]] to 4 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[F]][%[[I]], %[[I2]]] : memref<2x4xf32>
// CHECK-NEXT: store %[[LOAD2]], %[[Y1]][%[[I]], %[[I2]]] : memref<2x4xf32>
// CHECK: loop (%[[I3:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I4:.*]] to 4 {
// CHECK-NEXT: %[[LOAD3:.*]] = load %[[G]][%[[I3]], %[[I4]]] : memref<2x4xf32>
// CHECK-NEXT: store %[[LOAD3]], %[[Y2]][%[[I3]], %[[I4]]] : memref<2x4xf32>
// CHECK: loop (%[[I5:.*]]) to (5) {
// CHECK-NEXT: contract batch [] m 2 n 16 k [4]
// CHECK-NEXT: lhs %[[Y1]] at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[C]] packed at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: out %[[SCRATCH2]] at affine_map<(d0, d1, d2) -> (d0, d1 * 16 + d2)> : memref<2x4xf32>, memref<1x4x16xf32>, memref<2x16xf32>
// CHECK: load %[[E]][%{{.*}} * 16 + %{{.*}}] : memref<16xf32>
// CHECK: loop (%[[I6:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I7:.*]] to 4 {
// CHECK-NEXT: %[[LOAD5:.*]] = load %[[Y2]][%[[I6]], %[[I7]]] : memref<2x4xf32>
// CHECK-NEXT: load %[[SCRATCH2]][%[[I6]], %[[I7]]] : memref<2x16xf32>
// CHECK-NEXT: load %[[SCRATCH]][%[[I5]] * 2 + %[[I6]], %[[I7]]] : memref<10x16xf32>
// CHECK: math.exp %{{.*}} : f32
// CHECK: load %[[SCRATCH2]][%[[I6]], %[[I7]] + 4] : memref<2x16xf32>
// CHECK-NEXT: load %[[SCRATCH]][%[[I5]] * 2 + %[[I6]], %[[I7]] + 4] : memref<10x16xf32>
// CHECK: math.exp %{{.*}} : f32
// CHECK: load %[[SCRATCH2]][%[[I6]], %[[I7]] + 8] : memref<2x16xf32>
// CHECK-NEXT: load %[[SCRATCH]][%[[I5]] * 2 + %[[I6]], %[[I7]] + 8] : memref<10x16xf32>
// CHECK: %[[TANH:.*]] = math.tanh %{{.*}} : f32
// CHECK-NEXT: load %[[SCRATCH2]][%[[I6]], %[[I7]] + 12] : memref<2x16xf32>
// CHECK-NEXT: load %[[SCRATCH]][%[[I5]] * 2 + %[[I6]], %[[I7]] + 12] : memref<10x16xf32>
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.mulf %{{.*}}, %[[LOAD5]] : f32
// CHECK-NEXT: arith.mulf %{{.*}}, %[[TANH]] : f32
// CHECK: store %{{.*}}, %[[Y2]][%[[I6]], %[[I7]]] : memref<2x4xf32>
// CHECK-NEXT: %[[TANH2:.*]] = math.tanh %{{.*}} : f32
// CHECK-NEXT: %[[MUL3:.*]] = arith.mulf %{{.*}}, %[[TANH2]] : f32
// CHECK-NEXT: store %[[MUL3]], %[[Y1]][%[[I6]], %[[I7]]] : memref<2x4xf32>
// CHECK-NEXT: store %[[MUL3]], %[[Y0]][%[[I5]], %[[I6]], %[[I7]]] : memref<5x2x4xf32>
func.func @lstm(%x: tensor<5x2x3xf32>, %bi: tensor<16xf32>, %bh: tensor<16xf32>, %h: tensor<2x4xf32>, %c: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
  %wi = graph.constant dense<1.0> : tensor<16x3xf32>
  %wh = graph.constant dense<1.0> : tensor<16x4xf32>
  %0, %1, %2 = graph.rnn lstm input %x, %wi, %wh, %bi, %bh state %h, %c : tensor<5x2x3xf32>, tensor<16x3xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<16xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %0, %1, %2 : tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// The last step comes first. z h + (1 - z) n.

// CHECK-LABEL: kernel.func @rnn_0(
// CHECK-SAME: %{{.*}}: memref<5x2x3xf32>, %{{.*}}: memref<12x3xf32>, %{{.*}}: memref<12x4xf32>, %[[D:.*]]: memref<12xf32>, %[[E:.*]]: memref<12xf32>, %[[F:.*]]: memref<2x4xf32>) outputs(%[[Y0:.*]]: memref<5x2x4xf32>, %[[Y1:.*]]: memref<2x4xf32>)
// CHECK: %[[LOAD:.*]] = load %[[D]][%{{.*}} * 16 + %{{.*}}] : memref<12xf32>
// CHECK-NEXT: arith.addf %{{.*}}, %[[LOAD]] : f32
// CHECK: %[[LOAD2:.*]] = load %[[F]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK-NEXT: store %[[LOAD2]], %[[Y1]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK: loop (%[[I:.*]]) to (5) {
// CHECK: %[[LOAD3:.*]] = load %[[E]][%{{.*}} * 16 + %{{.*}}] : memref<12xf32>
// CHECK-NEXT: arith.addf %{{.*}}, %[[LOAD3]] : f32
// CHECK: %[[LOAD4:.*]] = load %{{.*}}[%{{.*}}, %{{.*}}] : memref<2x12xf32>
// CHECK-NEXT: %[[LOAD5:.*]] = load %{{.*}}[(-%[[I]] + 4) * 2 + %{{.*}}, %{{.*}}] : memref<10x12xf32>
// CHECK-NEXT: arith.addf %[[LOAD5]], %[[LOAD4]] : f32
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: %[[LOAD6:.*]] = load %{{.*}}[%{{.*}}, %{{.*}} + 4] : memref<2x12xf32>
// CHECK-NEXT: %[[LOAD7:.*]] = load %{{.*}}[(-%[[I]] + 4) * 2 + %{{.*}}, %{{.*}} + 4] : memref<10x12xf32>
// CHECK-NEXT: arith.addf %[[LOAD7]], %[[LOAD6]] : f32
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: %[[LOAD8:.*]] = load %{{.*}}[%{{.*}}, %{{.*}} + 8] : memref<2x12xf32>
// CHECK-NEXT: %[[LOAD9:.*]] = load %{{.*}}[(-%[[I]] + 4) * 2 + %{{.*}}, %{{.*}} + 8] : memref<10x12xf32>
// CHECK-NEXT: %[[MUL:.*]] = arith.mulf %{{.*}}, %[[LOAD8]] : f32
// CHECK-NEXT: %[[ADD7:.*]] = arith.addf %[[LOAD9]], %[[MUL]] : f32
// CHECK-NEXT: %[[TANH:.*]] = math.tanh %[[ADD7]] : f32
// CHECK-NEXT: %[[LOAD10:.*]] = load %[[Y1]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK: %[[SUB:.*]] = arith.subf %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: %[[MUL2:.*]] = arith.mulf %[[SUB]], %[[TANH]] : f32
// CHECK-NEXT: %[[MUL3:.*]] = arith.mulf %{{.*}}, %[[LOAD10]] : f32
// CHECK-NEXT: %[[ADD8:.*]] = arith.addf %[[MUL2]], %[[MUL3]] : f32
// CHECK-NEXT: store %[[ADD8]], %[[Y1]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK-NEXT: store %[[ADD8]], %[[Y0]][-%[[I]] + 4, %{{.*}}, %{{.*}}] : memref<5x2x4xf32>
func.func @gru_reverse(%x: tensor<5x2x3xf32>, %wi: tensor<12x3xf32>, %wh: tensor<12x4xf32>,
    %bi: tensor<12xf32>, %bh: tensor<12xf32>, %h: tensor<2x4xf32>) -> (tensor<5x2x4xf32>, tensor<2x4xf32>) {
  %0, %1 = graph.rnn gru reverse input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>, tensor<12xf32>, tensor<12xf32>, tensor<2x4xf32>
  return %0, %1 : tensor<5x2x4xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: kernel.func @rnn_0(
// CHECK-SAME: %{{.*}}: memref<5x2x3xf32>, %{{.*}}: memref<4x3xf32>, %{{.*}}: memref<4x4xf32>, %{{.*}}: memref<4xf32>, %{{.*}}: memref<4xf32>, %{{.*}}: memref<2x4xf32>) outputs(%[[Y0:.*]]: memref<5x2x4xf32>, %[[Y1:.*]]: memref<2x4xf32>)
// CHECK: store %{{.*}}, %[[Y1]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK: %[[CMP:.*]] = arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: %[[SELECT:.*]] = arith.select %[[CMP]], %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: store %[[SELECT]], %[[Y1]][%{{.*}}, %{{.*}}] : memref<2x4xf32>
// CHECK-NEXT: store %[[SELECT]], %[[Y0]][%{{.*}}, %{{.*}}, %{{.*}}] : memref<5x2x4xf32>
func.func @relu(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
    %bi: tensor<4xf32>, %bh: tensor<4xf32>, %h: tensor<2x4xf32>) -> tensor<5x2x4xf32> {
  %0, %1 = graph.rnn rnn_relu input %x, %wi, %wh, %bi, %bh state %h : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return %0 : tensor<5x2x4xf32>
}
