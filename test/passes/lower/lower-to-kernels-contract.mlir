// SPDX-License-Identifier: Apache-2.0
// Dense layers and dot products become contractions.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Rows of a constant filter are packed by 16; the bias is added and what follows
// computed in the epilogue.

// CHECK-LABEL: kernel.func @dense_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3xf32>, %[[B:.*]]: memref<2x3x16xf32>, %[[C:.*]]: memref<17xf32>) outputs(%[[Y:.*]]: memref<2x17xf32>)
// CHECK-NEXT: contract batch [] m 2 n 17 k [3]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2) -> (d0, d1 * 16 + d2)> : memref<2x3xf32>, memref<2x3x16xf32>, memref<2x17xf32>
// CHECK-NEXT: epilogue (%{{.*}}, %[[I2:.*]], %[[I3:.*]], %[[I4:.*]]: f32) {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[C]][%[[I2]] * 16 + %[[I3]]] : memref<17xf32>
// CHECK-NEXT: arith.addf %[[I4]], %[[LOAD]] : f32
// CHECK: yield %{{.*}} : f32
// CHECK: %[[CONSTANT:.*]] = kernel.constant dense_resource<packed> : tensor<2x3x16xf32>
// CHECK-NEXT: kernel.call @dense_0(%{{.*}}, %[[CONSTANT]], %{{.*}}) {flops = 272 : i64, nodes = []} : (tensor<2x3xf32>, tensor<2x3x16xf32>, tensor<17xf32>) -> tensor<2x17xf32>
func.func @dense_packed(%x: tensor<2x3xf32>, %b: tensor<17xf32>) -> tensor<2x17xf32> {
  %w = graph.constant dense<1.0> : tensor<17x3xf32>
  %0 = graph.dense %x, %w, %b : tensor<2x3xf32>, tensor<17x3xf32>, tensor<17xf32>
  %1 = graph.relu %0 : tensor<2x17xf32>
  return %1 : tensor<2x17xf32>
}

// -----

// A filter that is computed is read where it is; leading dimensions are rows.

// CHECK-LABEL: kernel.func @dense_0(
// CHECK-SAME: %[[A:.*]]: memref<5x2x3xf32>, %[[B:.*]]: memref<17x3xf32>) outputs(%[[Y:.*]]: memref<5x2x17xf32>)
// CHECK-NEXT: contract batch [] m 10 n 17 k [3]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1) -> (d0 floordiv 2, d0 mod 2, d1)>
// CHECK-NEXT: rhs %[[B]] at affine_map<(d0, d1, d2) -> (d1 * 16 + d2, d0)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2) -> (d0 floordiv 2, d0 mod 2, d1 * 16 + d2)> : memref<5x2x3xf32>, memref<17x3xf32>, memref<5x2x17xf32>
func.func @dense_variable(%x: tensor<5x2x3xf32>, %w: tensor<17x3xf32>) -> tensor<5x2x17xf32> {
  %0 = graph.dense %x, %w : tensor<5x2x3xf32>, tensor<17x3xf32>
  return %0 : tensor<5x2x17xf32>
}

// -----

// What the epilogue reads where it writes may be overwritten.

// CHECK-LABEL: kernel.func @dense_0(
// CHECK-SAME: %{{.*}}: memref<2x3xf32>, %{{.*}}: memref<1x3x16xf32>, %[[C:.*]]: memref<2x16xf32>) outputs(%{{.*}}: memref<2x16xf32>) attributes {inplace = [array<i64: 2, 0>]}
// CHECK: epilogue (%[[I:.*]], %[[I2:.*]], %[[I3:.*]], %[[I4:.*]]: f32) {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[C]][%[[I]], %[[I2]] * 16 + %[[I3]]] : memref<2x16xf32>
// CHECK-NEXT: arith.addf %[[I4]], %[[LOAD]] : f32
// CHECK: kernel.call @dense_0(%{{.*}}, %{{.*}}, %{{.*}}) {flops = 224 : i64, inplace = [array<i64: 2, 0>], nodes = []} : (tensor<2x3xf32>, tensor<1x3x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
func.func @dense_residual(%x: tensor<2x3xf32>, %r: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %w = graph.constant dense<1.0> : tensor<16x3xf32>
  %0 = graph.dense %x, %w : tensor<2x3xf32>, tensor<16x3xf32>
  %1 = graph.add %0, %r : tensor<2x16xf32>
  return %1 : tensor<2x16xf32>
}

// -----

// CHECK-LABEL: kernel.func @dot_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3x8xf32>, %[[B:.*]]: memref<2x4x8xf32>) outputs(%[[Y:.*]]: memref<2x3x4xf32>)
// CHECK-NEXT: contract batch [2] m 3 n 4 k [8]
// CHECK-NEXT: lhs %[[A]] at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: rhs %[[B]] at affine_map<(d0, d1, d2, d3) -> (d0, d2 * 16 + d3, d1)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2, d3) -> (d0, d1, d2 * 16 + d3)> : memref<2x3x8xf32>, memref<2x4x8xf32>, memref<2x3x4xf32>
func.func @dot(%x: tensor<2x3x8xf32>, %y: tensor<2x4x8xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.dot %x, %y batch [0] [0] contract [2] [2] : tensor<2x3x8xf32>, tensor<2x4x8xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// A transposition becomes part of the map.

// CHECK-LABEL: kernel.func @dot_0(
// CHECK-SAME: %[[A:.*]]: memref<4x2x8xf32>, %[[B:.*]]: memref<2x3x8xf32>) outputs(%[[Y:.*]]: memref<2x3x4xf32>)
// CHECK: lhs %[[B]] at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-NEXT: rhs %[[A]] at affine_map<(d0, d1, d2, d3) -> (d2 * 16 + d3, d0, d1)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2, d3) -> (d0, d1, d2 * 16 + d3)> : memref<2x3x8xf32>, memref<4x2x8xf32>, memref<2x3x4xf32>
func.func @dot_transposed(%x: tensor<2x3x8xf32>, %y: tensor<4x2x8xf32>) -> tensor<2x3x4xf32> {
  %t = graph.transpose %y [1, 0, 2] : tensor<4x2x8xf32>
  %0 = graph.dot %x, %t batch [0] [0] contract [2] [2] : tensor<2x3x8xf32>, tensor<2x4x8xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// The side with free dimensions has the columns.

// CHECK-LABEL: kernel.func @dot_0(
// CHECK-SAME: %[[A:.*]]: memref<3x8xf32>, %[[B:.*]]: memref<8xf32>) outputs(%[[Y:.*]]: memref<3xf32>)
// CHECK-NEXT: contract batch [] m 1 n 3 k [8]
// CHECK-NEXT: lhs %[[B]] at affine_map<(d0, d1) -> (d1)>
// CHECK-NEXT: rhs %[[A]] at affine_map<(d0, d1, d2) -> (d1 * 16 + d2, d0)>
// CHECK-NEXT: out %[[Y]] at affine_map<(d0, d1, d2) -> (d1 * 16 + d2)> : memref<8xf32>, memref<3x8xf32>, memref<3xf32>
func.func @dot_vector(%x: tensor<3x8xf32>, %y: tensor<8xf32>) -> tensor<3xf32> {
  %0 = graph.dot %x, %y batch [] [] contract [1] [0] : tensor<3x8xf32>, tensor<8xf32>
  return %0 : tensor<3xf32>
}

// -----

// Four steps of 8-bit integers are read at once where both sides have them side
// by side; a filter that isn't constant may have them, too.

// CHECK-LABEL: kernel.func @dense_0(
// CHECK-SAME: %[[A:.*]]: memref<2x12xi8>, %[[B:.*]]: memref<2x3x16x4xi8>) outputs(
// CHECK-NEXT: contract batch [] m 2 n 17 k [3] quads
// CHECK-NEXT: lhs %[[A]] unsigned at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[B]] packed at affine_map<(d0, d1, d2) -> (d0, d1, d2, 0)>
// CHECK: epilogue (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}: i32) {
// CHECK-LABEL: kernel.func @dense_1(
// CHECK-SAME: %[[A:.*]]: memref<2x12xi8>, %[[B:.*]]: memref<17x12xi8>) outputs(
// CHECK-NEXT: contract batch [] m 2 n 17 k [3] quads
// CHECK-NEXT: lhs %[[A]] unsigned at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %[[B]] unsigned at affine_map<(d0, d1, d2) -> (d1 * 16 + d2, d0)>
// CHECK-LABEL: kernel.func @dense_2(
// CHECK-SAME: %{{.*}}: memref<2x3xi8>, %{{.*}}: memref<2x3x16xi8>) outputs(
// CHECK-NEXT: contract batch [] m 2 n 17 k [3]
// CHECK-NEXT: lhs %{{.*}} at affine_map<(d0, d1) -> (d0, d1)>
// CHECK-NEXT: rhs %{{.*}} packed at affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @dense_wide(%x: tensor<2x12xui8>, %v: tensor<17x12xui8>, %y: tensor<2x3xi8>)
    -> (tensor<2x17xi32>, tensor<2x17xi32>, tensor<2x17xi32>) {
  %w = graph.constant dense<1> : tensor<17x12xi8>
  %u = graph.constant dense<1> : tensor<17x3xi8>
  %0 = graph.dense %x, %w wide : tensor<2x12xui8>, tensor<17x12xi8>
  %1 = graph.dense %x, %v wide : tensor<2x12xui8>, tensor<17x12xui8>
  %2 = graph.dense %y, %u wide : tensor<2x3xi8>, tensor<17x3xi8>
  return %0, %1, %2 : tensor<2x17xi32>, tensor<2x17xi32>, tensor<2x17xi32>
}
