// SPDX-License-Identifier: Apache-2.0
// Recurrences: a phase a step, a task a block of units; the weights of a block's gates lie side by side.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels=has-cpus=false | FileCheck %s --check-prefix=GPU

// Two whole blocks of 32 units, and one with 4. The state is that of the step
// before, or the initial one. Gates: input, forget, cell, output. For GPUs alone
// there are more blocks, of four units: a panel with all gates.

// GPU-LABEL: kernel.func @recurrence_0(
// GPU-SAME: memref<17x1x68x16xf32>
// GPU: contract batch [] m 2 n 16 k [68]
// CHECK-LABEL: kernel.func @recurrence_0(
// CHECK-SAME: %[[X:.*]]: memref<5x2x272xf32>, %[[W:.*]]: memref<3x8x68x16xf32>, %[[H0:.*]]: memref<2x68xf32>, %[[C0:.*]]: memref<2x68xf32>) outputs(%[[Y:.*]]: memref<5x2x68xf32>, %[[CN:.*]]: memref<2x68xf32>)
// CHECK-NEXT: %[[PRODUCT:.*]] = scratch : memref<2x128xf32>
// CHECK-NEXT: phases %[[T:.*]] to 5 {
// CHECK-NEXT: parallel (%[[P:.*]]) to (2) {
// CHECK: %[[LAST:.*]] = slice %[[Y]][(%[[T]] + 4) mod 5] : memref<5x2x68xf32>
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[T]], %{{.*}} : index
// CHECK-NEXT: %[[H:.*]] = arith.select %[[IS_FIRST]], %[[H0]], %[[LAST]] : memref<2x68xf32>
// CHECK: %[[C:.*]] = arith.select %{{.*}}, %[[C0]], %[[CN]] : memref<2x68xf32>
// CHECK-NEXT: %[[GATES:.*]] = slice %[[W]][%[[P]]] : memref<3x8x68x16xf32>
// CHECK-NEXT: contract batch [] m 2 n 128 k [68]
// CHECK-NEXT: lhs %[[H]] at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[GATES]] packed at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: out %[[PRODUCT]] at affine_map<(d0, d1, d2) -> (d0, d1 * 16 + d2)>
// CHECK: loop (%[[N:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[U:.*]] to 32 {
// CHECK-NEXT: load %[[C]][%[[N]], %[[P]] * 32 + %[[U]]] : memref<2x68xf32>
// CHECK-NEXT: load %[[X]][%[[T]], %[[N]], %[[P]] * 32 + %[[U]]] : memref<5x2x272xf32>
// CHECK-NEXT: load %[[PRODUCT]][%[[N]], %[[U]]] : memref<2x128xf32>
// CHECK: math.exp
// CHECK: load %[[X]][%[[T]], %[[N]], %[[P]] * 32 + %[[U]] + 68] : memref<5x2x272xf32>
// CHECK-NEXT: load %[[PRODUCT]][%[[N]], %[[U]] + 32] : memref<2x128xf32>
// CHECK: math.exp
// CHECK: load %[[X]][%[[T]], %[[N]], %[[P]] * 32 + %[[U]] + 136] : memref<5x2x272xf32>
// CHECK-NEXT: load %[[PRODUCT]][%[[N]], %[[U]] + 64] : memref<2x128xf32>
// CHECK: math.tanh
// CHECK: load %[[X]][%[[T]], %[[N]], %[[P]] * 32 + %[[U]] + 204] : memref<5x2x272xf32>
// CHECK-NEXT: load %[[PRODUCT]][%[[N]], %[[U]] + 96] : memref<2x128xf32>
// CHECK: math.exp
// CHECK: store %[[NEXT:.*]], %[[CN]][%[[N]], %[[P]] * 32 + %[[U]]] : memref<2x68xf32>
// CHECK-NEXT: math.tanh %[[NEXT]] : f32
// CHECK: store %{{.*}}, %[[Y]][%[[T]], %[[N]], %[[P]] * 32 + %[[U]]] : memref<5x2x68xf32>
// CHECK: parallel (%[[P2:.*]]) to (1) {
// CHECK: slice %[[W]][%[[P2]] + 2] : memref<3x8x68x16xf32>
// CHECK-NEXT: contract batch [] m 2 n 16 k [68]
// CHECK: vector_loop %[[U2:.*]] to 4 {
// CHECK: load %[[PRODUCT]][%{{.*}}, %[[U2]] + 12] : memref<2x128xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[T]], %{{.*}}, (%[[P2]] + 2) * 32 + %[[U2]]] : memref<5x2x68xf32>
func.func @lstm(%x: tensor<5x2x272xf32>, %h: tensor<2x68xf32>, %c: tensor<2x68xf32>) -> (tensor<5x2x68xf32>, tensor<2x68xf32>) {
  %w = graph.constant dense<1.0> : tensor<272x68xf32>
  %0, %1 = graph.recurrence lstm reverse [false] input %x, %w state %h, %c : tensor<5x2x272xf32>, tensor<272x68xf32>, tensor<2x68xf32>, tensor<2x68xf32>
  return %0, %1 : tensor<5x2x68xf32>, tensor<2x68xf32>
}

// -----

// Both directions are tasks of one phase; the second begins with the last step.
// Weights that are not known are read as they are. z h + (1 - z) n.

// CHECK-LABEL: kernel.func @recurrence_0(
// CHECK-SAME: %[[X:.*]]: memref<5x2x24xf32>, %[[W:.*]]: memref<24x4xf32>, %[[H0:.*]]: memref<2x8xf32>, %[[B:.*]]: memref<8xf32>) outputs(%[[Y:.*]]: memref<5x2x8xf32>)
// CHECK: phases %[[T:.*]] to 5 {
// CHECK: contract batch [] m 2 n 12 k [4]
// CHECK-NEXT: at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[W]] at affine_map<(d0, d1, d2) -> (d1 * 16 + d2, d0)>
// CHECK: store %{{.*}}, %[[Y]][%[[T]], %{{.*}}, %{{.*}}] : memref<5x2x8xf32>
// CHECK: slice %[[Y]][(%[[T]] * 4) mod 5] : memref<5x2x8xf32>
// CHECK: %[[H:.*]] = arith.select %{{.*}}, %[[H0]], %{{.*}} : memref<2x8xf32>
// CHECK: contract batch [] m 2 n 12 k [4]
// CHECK-NEXT: lhs %[[H]] at affine_map<(d0, d1) -> (d0, d1 + 4)>
// CHECK-NEXT: rhs %[[W]] at affine_map<(d0, d1, d2) -> (d1 * 16 + d2 + 12, d0)>
// CHECK: %[[BIAS:.*]] = load %[[B]][%[[U:.*]] + 4] : memref<8xf32>
// CHECK: %[[LAST:.*]] = load %[[H]][%[[N:.*]], %[[U]] + 4] : memref<2x8xf32>
// CHECK: load %[[X]][-%[[T]] + 4, %[[N]], %[[U]] + 12] : memref<5x2x24xf32>
// CHECK: load %[[X]][-%[[T]] + 4, %[[N]], %[[U]] + 16] : memref<5x2x24xf32>
// CHECK: arith.addf %{{.*}}, %[[BIAS]] : f32
// CHECK: load %[[X]][-%[[T]] + 4, %[[N]], %[[U]] + 20] : memref<5x2x24xf32>
// CHECK: %[[CANDIDATE:.*]] = math.tanh
// CHECK: arith.mulf %{{.*}}, %[[CANDIDATE]] : f32
// CHECK: arith.mulf %{{.*}}, %[[LAST]] : f32
// CHECK: store %{{.*}}, %[[Y]][-%[[T]] + 4, %[[N]], %[[U]] + 4] : memref<5x2x8xf32>
func.func @gru(%x: tensor<5x2x24xf32>, %w: tensor<24x4xf32>, %h: tensor<2x8xf32>, %b: tensor<8xf32>) -> tensor<5x2x8xf32> {
  %0 = graph.recurrence gru reverse [false, true] input %x, %w state %h bias %b : tensor<5x2x24xf32>, tensor<24x4xf32>, tensor<2x8xf32> bias tensor<8xf32>
  return %0 : tensor<5x2x8xf32>
}

// -----

// One step needs no phases. With one gate a block has more units; a last one
// with fewer computes no more columns.

// CHECK-LABEL: kernel.func @recurrence_0(
// CHECK-SAME: %{{.*}}: memref<1x2x64xf32>, %{{.*}}: memref<1x4x64x16xf32>, %[[H0:.*]]: memref<2x64xf32>) outputs(%[[Y:.*]]: memref<1x2x64xf32>)
// CHECK-NOT: phases
// CHECK: contract batch [] m 2 n 64 k [64]
// CHECK-NEXT: lhs %[[H0]]
// CHECK: vector_loop %{{.*}} to 64 {
// CHECK: math.tanh

// CHECK-LABEL: kernel.func @recurrence_1(
// CHECK-SAME: memref<1x4x48x16xf32>
// CHECK: contract batch [] m 2 n 48 k [48]
// CHECK: arith.cmpf ogt

func.func @plain(%x: tensor<1x2x64xf32>, %h: tensor<2x64xf32>, %x2: tensor<1x2x48xf32>, %h2: tensor<2x48xf32>)
    -> (tensor<1x2x64xf32>, tensor<1x2x48xf32>) {
  %w = graph.constant dense<1.0> : tensor<64x64xf32>
  %0 = graph.recurrence rnn_tanh reverse [false] input %x, %w state %h : tensor<1x2x64xf32>, tensor<64x64xf32>, tensor<2x64xf32>
  %w2 = graph.constant dense<1.0> : tensor<48x48xf32>
  %1 = graph.recurrence rnn_relu reverse [false] input %x2, %w2 state %h2 : tensor<1x2x48xf32>, tensor<48x48xf32>, tensor<2x48xf32>
  return %0, %1 : tensor<1x2x64xf32>, tensor<1x2x48xf32>
}
