// SPDX-License-Identifier: Apache-2.0
// Pooling of regions: a task for each row of cells, whose pixels are as many as the data say.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// The channel that a cell reads follows from its group. A cell without pixels
// is 0, whatever the scratch memory holds.

// CHECK-LABEL: kernel.func @roi_pool_0(
// CHECK-SAME: %[[X:.*]]: memref<2x8x9x12xf32>, %[[I:.*]]: memref<5xi32>, %[[V:.*]]: memref<5x3x2xi32>) outputs(%[[Y:.*]]: memref<5x3x3x3xf32>)
// CHECK-NEXT: %[[SUMS:.*]] = scratch : memref<3xf32>
// CHECK-NEXT: parallel (%[[R:.*]], %[[P:.*]]) to (5, 3) {
// CHECK: load %[[I]][%[[R]]] : memref<5xi32>
// CHECK: load %[[V]][%[[R]], %[[P]], 0] : memref<5x3x2xi32>
// CHECK: load %[[V]][%[[R]], %[[P]], 1] : memref<5x3x2xi32>
// CHECK: loop (%[[Q:.*]]) to (3) {
// CHECK: vector_loop %[[C:.*]] to 3 {
// CHECK-NEXT: store %{{.*}}, %[[SUMS]][%[[C]]] : memref<3xf32>
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %{{.*}} step
// CHECK: scf.for %[[COLUMN:.*]] = %{{.*}} to %{{.*}} step
// CHECK-NEXT: kernel.vector_loop %[[C2:.*]] to 3 {
// CHECK-NEXT: %[[SUM:.*]] = load %[[SUMS]][%[[C2]]] : memref<3xf32>
// CHECK-NEXT: %[[PIXEL:.*]] = load %[[X]][%{{.*}}, %[[ROW]], %[[COLUMN]], (%[[C2]] * 2 + (%[[P]] * 2) floordiv 3) * 2 + (%[[Q]] * 2) floordiv 3] : memref<2x8x9x12xf32>
// CHECK-NEXT: %[[MORE:.*]] = arith.cmpf ogt, %[[PIXEL]], %[[SUM]] : f32
// CHECK-NEXT: %[[MAX:.*]] = arith.select %[[MORE]], %[[PIXEL]], %[[SUM]] : f32
// CHECK-NEXT: store %[[MAX]], %[[SUMS]][%[[C2]]] : memref<3xf32>
// CHECK: %[[SOME:.*]] = arith.cmpi ne, %{{.*}}, %{{.*}} : index
// CHECK: arith.select %[[SOME]], %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: store %{{.*}}, %[[Y]][%[[R]], %[[P]], %[[Q]], %{{.*}}] : memref<5x3x3x3xf32>
func.func @roi_pool(%x: tensor<2x8x9x12xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xi32>) -> tensor<5x3x3x3xf32> {
  %0 = graph.roi_pool max %x images %i rows %v columns %v groups [2, 2]
    : tensor<2x8x9x12xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<5x3x2xi32>
  return %0 : tensor<5x3x3x3xf32>
}

// -----

// As many samples as pixels; those far from the image are skipped. What comes
// before the boxes and behind the result is fused.

// CHECK-LABEL: kernel.func @roi_align_0(
// CHECK-SAME: %[[B:.*]]: memref<5x4xf32>, %[[X:.*]]: memref<2x8x9x16xf32>, %{{.*}}: memref<5xi32>) outputs(%[[Y:.*]]: memref<5x7x6x16xf32>)
// CHECK: parallel (%[[R:.*]], %[[P:.*]]) to (5, 7) {
// CHECK: %[[CORNER:.*]] = load %[[B]][%[[R]], 1] : memref<5x4xf32>
// CHECK: arith.addf %[[CORNER]], %[[CORNER]] : f32
// CHECK: %[[COUNT:.*]] = math.ceil %{{.*}} : f32
// CHECK: loop (%{{.*}}) to (6) {
// CHECK: scf.for
// CHECK: scf.if
// CHECK: scf.for
// CHECK: scf.if
// CHECK: kernel.vector_loop %[[C:.*]] to 16 {
// CHECK-COUNT-4: load %[[X]][%{{.*}}, %{{.*}}, %{{.*}}, %[[C]]] : memref<2x8x9x16xf32>
// CHECK: %[[MEAN:.*]] = arith.divf
// CHECK: %[[EXP:.*]] = math.exp %[[MEAN]] : f32
// CHECK-NEXT: store %[[EXP]], %[[Y]]
func.func @roi_align(%x: tensor<2x8x9x16xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>) -> tensor<5x7x6x16xf32> {
  %0 = graph.add %b, %b : tensor<5x4xf32>
  %1 = graph.roi_align %x images %i boxes %0 pooled [7, 6] sampling 0 min_size 1.0 groups [1, 1]
    : tensor<2x8x9x16xf32>, tensor<5xi32>, tensor<5x4xf32>
  %2 = graph.exp %1 : tensor<5x7x6x16xf32>
  return %2 : tensor<5x7x6x16xf32>
}
