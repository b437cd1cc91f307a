// SPDX-License-Identifier: Apache-2.0
// Attention becomes one kernel of two contractions.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// What is computed comes first, for targets that make other loops of it. A task
// makes the masked scores of some rows, then exponentials and the
// reciprocals of their sums, which scale the result. What transposes the result
// is where it is stored; queries are read through a slice.

// CHECK-LABEL: kernel.func @attention_0(
// CHECK-SAME: %[[Q:.*]]: memref<2x6x3x8xf32>, %[[K:.*]]: memref<3x2x7x8xf32>, %[[V:.*]]: memref<3x2x7x4xf32>, %[[MASK:.*]]: memref<7xf32>) outputs(%[[Y:.*]]: memref<3x6x2x4xf32>)
// CHECK-NEXT: attend batch [3, 2] m 6 n 7 d 8 e 4
// CHECK-NEXT: queries %[[Q]] at affine_map<(d0, d1, d2, d3) -> (d1, d2, d0, d3)>
// CHECK-NEXT: keys %[[K]] at affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-NEXT: values %[[V]] at affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
// CHECK: score {
// CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: index, %[[N:.*]]: index, %[[PRODUCT:.*]]: f32):
// CHECK-NEXT: %[[M0:.*]] = load %[[MASK]][%[[N]]]
// CHECK-NEXT: %[[SCORE:.*]] = arith.addf %[[PRODUCT]], %[[M0]]
// CHECK-NEXT: yield %[[SCORE]]
// CHECK: epilogue {
// CHECK-NEXT: ^bb0({{.*}}, %[[WHOLE:.*]]: f32):
// CHECK-NEXT: yield %[[WHOLE]]
// CHECK: tasks {
// CHECK-NEXT: %[[S:.*]] = scratch : memref<6x7xf32>
// CHECK-NEXT: %[[F:.*]] = scratch : memref<6xf32>
// CHECK-NEXT: parallel (%[[B:.*]], %[[H:.*]], %[[T:.*]]) to (3, 2, 1) {
// CHECK-NEXT: contract batch [] m 6 n 7 k [8] symbols (%[[B]], %[[H]], %[[T]])
// CHECK-NEXT: lhs %[[Q]] at affine_map<(d0, d1)[s0, s1, s2] -> (s1, {{.*}}d0{{.*}}, s0, d1)>
// CHECK-NEXT: rhs %[[K]] at affine_map<(d0, d1, d2)[s0, s1, s2] -> (s0, s1, d1 * 16 + d2, d0)>
// CHECK-NEXT: out %[[S]] at affine_map<(d0, d1, d2)[s0, s1, s2] -> (d0, d1 * 16 + d2)>
// CHECK-NEXT: epilogue (%{{.*}}, %[[P:.*]], %[[L:.*]], %[[ACC:.*]]: f32)
// CHECK: %[[M:.*]] = load %[[MASK]][%[[P]] * 16 + %[[L]]]
// CHECK-NEXT: %[[MASKED:.*]] = arith.addf %[[ACC]], %[[M]]
// CHECK-NEXT: yield %[[MASKED]]
// CHECK: loop (%[[R:.*]]) to (6)
// CHECK-NEXT: %[[MAX:.*]] = reduce greatest
// CHECK: %[[SUM:.*]] = reduce add
// CHECK: %[[SHIFTED:.*]] = arith.subf %{{.*}}, %[[MAX]]
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[SHIFTED]]
// CHECK-NEXT: store %[[EXP]], %[[S]]
// CHECK: %[[FACTOR:.*]] = arith.divf %{{.*}}, %[[SUM]]
// CHECK-NEXT: store %[[FACTOR]], %[[F]][%[[R]]]
// CHECK: contract batch [] m 6 n 4 k [7] symbols (%[[B]], %[[H]], %[[T]])
// CHECK-NEXT: lhs %[[S]] at
// CHECK-NEXT: rhs %[[V]] at affine_map<(d0, d1, d2)[s0, s1, s2] -> (s0, s1, d0, d1 * 16 + d2)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2)[s0, s1, s2] -> (s0, {{.*}}d0{{.*}}, s1, d1 * 16 + d2)>
// CHECK: %[[SCALE:.*]] = load %[[F]]
// CHECK: arith.mulf %{{.*}}, %[[SCALE]]
// CHECK: func.func @masked
// CHECK: kernel.call @attention_0(
// CHECK-NOT: kernel.call
func.func @masked(%x: tensor<2x6x3x8xf32>, %k: tensor<3x2x7x8xf32>, %v: tensor<3x2x7x4xf32>, %mask: tensor<7xf32>) -> tensor<3x6x2x4xf32> {
  %q = graph.transpose %x [2, 0, 1, 3] : tensor<2x6x3x8xf32>
  %0 = graph.attention %q, %k, %v (%s, %m = %mask) : tensor<3x2x6x8xf32>, tensor<3x2x7x8xf32>, tensor<3x2x7x4xf32>, tensor<7xf32> -> tensor<3x2x6x4xf32> {
    %1 = graph.broadcast %m dims [3] : tensor<7xf32> to tensor<3x2x6x7xf32>
    %2 = graph.add %s, %1 : tensor<3x2x6x7xf32>
    %3 = graph.softmax %2 axis 3 : tensor<3x2x6x7xf32>
    graph.yield %3 : tensor<3x2x6x7xf32>
  }
  %4 = graph.transpose %0 [0, 2, 1, 3] : tensor<3x2x6x4xf32>
  return %4 : tensor<3x6x2x4xf32>
}

// -----

// What follows the softmax sees its true values. That makes it no kernel.attend.

// CHECK-LABEL: kernel.func @attention_0(
// CHECK-NOT: attend batch
// CHECK: reduce add
// CHECK: %[[FACTOR:.*]] = arith.divf
// CHECK: vector_loop %{{.*}} to 7 {
// CHECK-NEXT: %[[EXP:.*]] = load
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[EXP]], %[[FACTOR]]
// CHECK-NEXT: %[[SQUARE:.*]] = arith.mulf %[[P]], %[[P]]
// CHECK-NEXT: store %[[SQUARE]]
// CHECK: contract batch [] m 6 n 4 k [7]
func.func @tail(%q: tensor<2x6x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x6x4xf32> {
  %0 = graph.attention %q, %k, %v (%s) : tensor<2x6x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32> -> tensor<2x6x4xf32> {
    %1 = graph.softmax %s axis 2 : tensor<2x6x7xf32>
    %2 = graph.square %1 : tensor<2x6x7xf32>
    graph.yield %2 : tensor<2x6x7xf32>
  }
  return %0 : tensor<2x6x4xf32>
}

// -----

// Many keys come in blocks, the rest in one of their own; values that many rows
// read are copied into panels; 65 rows are split into tasks of 33 and 32.

// CHECK-LABEL: kernel.func @attention_0(
// CHECK: parallel (%{{.*}}, %{{.*}}) to (1, 1) {
// CHECK: loop (%[[BLOCK:.*]]) to (2) {
// CHECK-NEXT: contract batch [] m 33 n 512 k [8] symbols (%{{.*}}, %{{.*}}, %[[BLOCK]])
// CHECK: rhs %{{.*}} at affine_map<(d0, d1, d2)[s0, s1, s2] -> (s0, {{.*}}s2 * 512{{.*}}, d0)>
// CHECK: arith.maximumf
// CHECK: loop (%{{.*}}, %{{.*}}) to (512, 1)
// CHECK: contract batch [] m 33 n 16 k [512]
// CHECK: contract batch [] m 33 n 76 k [8]
// CHECK: contract batch [] m 33 n 16 k [76]
// CHECK: parallel (%{{.*}}, %{{.*}}) to (1, 1) {
// CHECK: contract batch [] m 32 n 512 k [8]
func.func @online(%q: tensor<1x65x8xf32>, %k: tensor<1x1100x8xf32>, %v: tensor<1x1100x16xf32>) -> tensor<1x65x16xf32> {
  %0 = graph.attention %q, %k, %v (%s) : tensor<1x65x8xf32>, tensor<1x1100x8xf32>, tensor<1x1100x16xf32> -> tensor<1x65x16xf32> {
    %1 = graph.softmax %s axis 2 : tensor<1x65x1100xf32>
    graph.yield %1 : tensor<1x65x1100xf32>
  }
  return %0 : tensor<1x65x16xf32>
}

// -----

// A choice after the softmax is one between its exponential and 0, too.

// CHECK-LABEL: kernel.func @attention_0(
// CHECK: attend batch [2] m 6 n 7 d 8 e 4
// CHECK: } weight {
// CHECK-NEXT: ^bb0(%[[B:.*]]: index, %[[M:.*]]: index, %[[N:.*]]: index, %[[EXP:.*]]: f32):
// CHECK: %[[MASK:.*]] = load %{{.*}}[%[[B]], %[[M]], %[[N]]] : memref<2x6x7xi8>
// CHECK: %[[INSIDE:.*]] = arith.cmpi ne, %[[MASK]],
// CHECK: %[[WEIGHT:.*]] = arith.select %[[INSIDE]], %[[EXP]], %{{.*}} : f32
// CHECK-NEXT: yield %[[WEIGHT]]
// CHECK: } epilogue {
// CHECK: vector_loop %{{.*}} to 7 {
// CHECK: arith.select
func.func @choice(%q: tensor<2x6x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>, %mask: tensor<2x6x7xi1>) -> tensor<2x6x4xf32> {
  %0 = graph.attention %q, %k, %v (%s, %m = %mask) : tensor<2x6x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32>, tensor<2x6x7xi1> -> tensor<2x6x4xf32> {
    %zero = graph.constant dense<0.0> : tensor<2x6x7xf32>
    %1 = graph.softmax %s axis 2 : tensor<2x6x7xf32>
    %2 = graph.select %m, %1, %zero : tensor<2x6x7xi1>, tensor<2x6x7xf32>
    graph.yield %2 : tensor<2x6x7xf32>
  }
  return %0 : tensor<2x6x4xf32>
}
