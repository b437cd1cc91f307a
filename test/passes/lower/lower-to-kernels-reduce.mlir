// SPDX-License-Identifier: Apache-2.0
// Reductions, searches, softmax and normalisations.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Where the innermost dimension is reduced, each result is a task.

// CHECK-LABEL: kernel.func @reduce_mean_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3x4xf32>) outputs(%[[Y:.*]]: memref<2xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: %[[SUM:.*]] = reduce add (%[[I2:.*]], %[[I3:.*]]) to (3, 4) : f32 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[I]], %[[I2]], %[[I3]]] : memref<2x3x4xf32>
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[LOAD]] : f32
// CHECK-NEXT: yield %[[EXP]] : f32
// CHECK: %[[C:.*]] = arith.constant 1.200000e+01 : f32
// CHECK-NEXT: %[[DIV:.*]] = arith.divf %[[SUM]], %[[C]] : f32
// CHECK-NEXT: %[[NEG:.*]] = arith.negf %[[DIV]] : f32
// CHECK-NEXT: store %[[NEG]], %[[Y]][%[[I]]] : memref<2xf32>
// CHECK: kernel.call @reduce_mean_0(%{{.*}}) {flops = 50 : i64, nodes = []} : (tensor<2x3x4xf32>) -> tensor<2xf32>
func.func @rows(%x: tensor<2x3x4xf32>) -> tensor<2xf32> {
  %0 = graph.exp %x : tensor<2x3x4xf32>
  %1 = graph.reduce_mean %0 axes [1, 2] : tensor<2x3x4xf32>
  %2 = graph.neg %1 : tensor<2xf32>
  return %2 : tensor<2xf32>
}

// -----

// Otherwise it becomes lanes.

// CHECK-LABEL: kernel.func @reduce_max_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3x4xf32>) outputs(%[[Y:.*]]: memref<2x1x4xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I2:.*]] to 4 {
// CHECK-NEXT: %[[MAX:.*]] = reduce max (%[[I3:.*]]) to (3) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I3]], %[[I2]]] : memref<2x3x4xf32>
// CHECK: store %[[MAX]], %[[Y]][%[[I]], 0, %[[I2]]] : memref<2x1x4xf32>
// CHECK: kernel.call @reduce_max_0(%{{.*}}) {flops = 24 : i64, nodes = []} : (tensor<2x3x4xf32>) -> tensor<2x1x4xf32>
func.func @lanes(%x: tensor<2x3x4xf32>) -> tensor<2x1x4xf32> {
  %1 = graph.reduce_max %x axes [1] keepdims : tensor<2x3x4xf32>
  return %1 : tensor<2x1x4xf32>
}

// -----

// Of a blocked tensor, the channels become lanes: 16, then the last 4.

// CHECK-LABEL: kernel.func @reduce_sum_0(
// CHECK-SAME: %[[A:.*]]: memref<2x2x4x4x16xf32>) outputs(%[[Y:.*]]: memref<2x20xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]]) to (2, 1) {
// CHECK-NEXT: vector_loop %[[I3:.*]] to 16 {
// CHECK-NEXT: %[[SUM:.*]] = reduce add (%[[I4:.*]], %[[I5:.*]]) to (4, 4) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]], %[[I4]], %[[I5]], %[[I3]]] : memref<2x2x4x4x16xf32>
// CHECK: store %[[SUM]], %[[Y]][%[[I]], %[[I2]] * 16 + %[[I3]]] : memref<2x20xf32>
// CHECK: parallel (%[[I6:.*]], %[[I7:.*]]) to (2, 1) {
// CHECK-NEXT: vector_loop %[[I8:.*]] to 4 {
// CHECK-NEXT: %[[SUM2:.*]] = reduce add (%[[I9:.*]], %[[I10:.*]]) to (4, 4) : f32 {
// CHECK-NEXT: load %[[A]][%[[I6]], %[[I7]] + 1, %[[I9]], %[[I10]], %[[I8]]] : memref<2x2x4x4x16xf32>
// CHECK: store %[[SUM2]], %[[Y]][%[[I6]], (%[[I7]] + 1) * 16 + %[[I8]]] : memref<2x20xf32>
// CHECK: kernel.call @reduce_sum_0(%{{.*}}) {flops = 640 : i64, nodes = []} : (tensor<2x2x4x4x16xf32>) -> tensor<2x20xf32>
!in = tensor<2x20x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @blocks(%x: !in) -> tensor<2x20xf32> {
  %1 = graph.reduce_sum %x axes [2, 3] : !in
  return %1 : tensor<2x20xf32>
}

// -----

// The first of equal elements stays.

// CHECK-LABEL: kernel.func @argmax_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3xf32>) outputs(%[[Y:.*]]: memref<2xi64>)
// CHECK: %[[LOAD:.*]] = load %[[A]][%{{.*}}, 0] : memref<2x3xf32>
// CHECK: %[[FOR:.*]]:2 = scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[I2:.*]] = %[[LOAD]], %[[I3:.*]] = %{{.*}}) -> (f32, index) {
// CHECK-NEXT: %[[LOAD2:.*]] = kernel.load %[[A]][%{{.*}}, %[[I]]] : memref<2x3xf32>
// CHECK-NEXT: %[[CMP:.*]] = arith.cmpf ogt, %[[LOAD2]], %[[I2]] : f32
// CHECK-NEXT: %[[SELECT:.*]] = arith.select %[[CMP]], %[[LOAD2]], %[[I2]] : f32
// CHECK-NEXT: %[[SELECT2:.*]] = arith.select %[[CMP]], %[[I]], %[[I3]] : index
// CHECK-NEXT: scf.yield %[[SELECT]], %[[SELECT2]] : f32, index
// CHECK: %[[INDEX_CAST:.*]] = arith.index_cast %[[FOR]]#1 : index to i64
// CHECK-NEXT: store %[[INDEX_CAST]], %[[Y]][%{{.*}}] : memref<2xi64>
func.func @argmax(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %0 = graph.argmax %x axis 1 : tensor<2x3xf32>
  return %0 : tensor<2xi64>
}

// -----

// CHECK-LABEL: kernel.func @argmin_0(
// CHECK-SAME: %[[A:.*]]: memref<3x2xi32>) outputs(%[[Y:.*]]: memref<1x2xi64>)
// CHECK: load %[[A]][0, %{{.*}}] : memref<3x2xi32>
// CHECK: %[[LOAD2:.*]] = kernel.load %[[A]][%{{.*}}, %{{.*}}] : memref<3x2xi32>
// CHECK-NEXT: arith.cmpi slt, %[[LOAD2]], %{{.*}} : i32
// CHECK: store %{{.*}}, %[[Y]][%{{.*}}, %{{.*}}] : memref<1x2xi64>
func.func @argmin(%x: tensor<3x2xi32>) -> tensor<1x2xi64> {
  %0 = graph.argmin %x axis 0 keepdims : tensor<3x2xi32>
  return %0 : tensor<1x2xi64>
}

// -----

// CHECK-LABEL: kernel.func @cumsum_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3xf32>) outputs(%[[Y:.*]]: memref<2x3xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK: scf.for %[[I2:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[I3:.*]] = %{{.*}}) -> (f32) {
// CHECK-NEXT: %[[LOAD:.*]] = kernel.load %[[A]][%[[I]], %[[I2]]] : memref<2x3xf32>
// CHECK-NEXT: %[[ADD:.*]] = arith.addf %[[I3]], %[[LOAD]] : f32
// CHECK-NEXT: kernel.store %[[ADD]], %[[Y]][%[[I]], %[[I2]]] : memref<2x3xf32>
// CHECK-NEXT: scf.yield %[[ADD]] : f32
func.func @cumsum(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.cumsum %x axis 1 : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// Threads that share long rows add up pieces of 16 first; then each goes through
// its piece again. Rows that are neighbours in memory are one task.

// CHECK-LABEL: kernel.func @cumsum_0(
// CHECK-SAME: %[[A:.*]]: memref<2x200x3xf32>) outputs(%[[Y:.*]]: memref<2x200x3xf32>)
// CHECK-NEXT: alternatives {
// CHECK-NEXT: parallel (%{{.*}}, %{{.*}}) to (2, 3) {
// CHECK: scf.for
// CHECK: } shared {
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: %[[S:.*]] = scratch : memref<13x3xf32>
// CHECK-NEXT: loop (%[[P:.*]]) to (13) unroll 2 {
// CHECK-NEXT: vector_loop %[[L:.*]] to 3 {
// CHECK-NEXT: %[[SUM:.*]] = reduce add (%{{.*}}) to (16) : f32 {
// CHECK: store %[[SUM]], %[[S]][%[[P]], %[[L]]] : memref<13x3xf32>
// CHECK: loop (%[[Q:.*]]) to (13) unroll 2 {
// CHECK: %[[BEFORE:.*]] = scf.for %{{.*}} = %{{.*}} to %c13
// CHECK: kernel.load %[[S]]
// CHECK-COUNT-16: load %[[A]]
// CHECK: %[[FIRST:.*]] = arith.addf %[[BEFORE]], %{{.*}} : f32
// CHECK-NEXT: store %[[FIRST]], %[[Y]]
// CHECK-NOT: load
// CHECK-COUNT-15: store %{{.*}}, %[[Y]]
func.func @cumsum_long(%x: tensor<2x200x3xf32>) -> tensor<2x200x3xf32> {
  %0 = graph.cumsum %x axis 1 : tensor<2x200x3xf32>
  return %0 : tensor<2x200x3xf32>
}

// -----

// Exponentials are kept in the result.

// CHECK-LABEL: kernel.func @softmax_0(
// CHECK-SAME: %[[A:.*]]: memref<2x8xf32>) outputs(%[[Y:.*]]: memref<2x8xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: %[[MAX:.*]] = reduce greatest (%[[I2:.*]]) to (8) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]]] : memref<2x8xf32>
// CHECK: %[[SUM:.*]] = reduce add (%[[I3:.*]]) to (8) : f32 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][%[[I]], %[[I3]]] : memref<2x8xf32>
// CHECK-NEXT: %[[SUB:.*]] = arith.subf %[[LOAD2]], %[[MAX]] : f32
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[SUB]] : f32
// CHECK-NEXT: store %[[EXP]], %[[Y]][%[[I]], %[[I3]]] : memref<2x8xf32>
// CHECK: %[[DIV:.*]] = arith.divf %{{.*}}, %[[SUM]] : f32
// CHECK-NEXT: vector_loop %[[I4:.*]] to 8 {
// CHECK-NEXT: %[[LOAD3:.*]] = load %[[Y]][%[[I]], %[[I4]]] : memref<2x8xf32>
// CHECK-NEXT: %[[MUL:.*]] = arith.mulf %[[LOAD3]], %[[DIV]] : f32
// CHECK-NEXT: store %[[MUL]], %[[Y]][%[[I]], %[[I4]]] : memref<2x8xf32>
func.func @softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = graph.softmax %x axis 1 : tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// Each lane has a row of its own.

// CHECK-LABEL: kernel.func @softmax_0(
// CHECK-SAME: %{{.*}}: memref<2x3x8xf32>) outputs(%[[Y:.*]]: memref<2x3x8xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I2:.*]] to 8 {
// CHECK-NEXT: reduce greatest (%{{.*}}) to (3) : f32 {
// CHECK: reduce add (%[[I4:.*]]) to (3) : f32 {
// CHECK: store %{{.*}}, %[[Y]][%[[I]], %[[I4]], %[[I2]]] : memref<2x3x8xf32>
// CHECK: loop (%[[I5:.*]]) to (3) {
// CHECK: store %{{.*}}, %[[Y]][%[[I]], %[[I5]], %[[I2]]] : memref<2x3x8xf32>
func.func @softmax_lanes(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %0 = graph.softmax %x axis 1 : tensor<2x3x8xf32>
  return %0 : tensor<2x3x8xf32>
}

// -----

// CHECK-LABEL: kernel.func @log_softmax_0(
// CHECK-SAME: %{{.*}}: memref<2x8xf32>) outputs(%[[Y:.*]]: memref<2x8xf32>)
// CHECK: %[[MAX:.*]] = reduce greatest (%{{.*}}) to (8) : f32 {
// CHECK: %[[SUM:.*]] = reduce add (%[[I2:.*]]) to (8) : f32 {
// CHECK: %[[SUB:.*]] = arith.subf %{{.*}}, %[[MAX]] : f32
// CHECK-NEXT: math.exp %[[SUB]] : f32
// CHECK: %[[LOG:.*]] = math.log %[[SUM]] : f32
// CHECK: %[[SUB2:.*]] = arith.subf %{{.*}}, %[[MAX]] : f32
// CHECK-NEXT: %[[SUB3:.*]] = arith.subf %[[SUB2]], %[[LOG]] : f32
// CHECK-NEXT: store %[[SUB3]], %[[Y]][%{{.*}}, %[[I2]]] : memref<2x8xf32>
func.func @log_softmax(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = graph.log_softmax %x axis 1 : tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// The variance is the mean of squares of what the mean was taken from.

// CHECK-LABEL: kernel.func @layer_norm_0(
// CHECK-SAME: %[[A:.*]]: memref<2x8xf32>, %[[B:.*]]: memref<8xf32>, %[[C:.*]]: memref<8xf32>) outputs(%[[Y:.*]]: memref<2x8xf32>)
// CHECK: %[[SUM:.*]] = reduce add (%[[I:.*]]) to (8) : f32 {
// CHECK-NEXT: load %[[A]][%{{.*}}, %[[I]]] : memref<2x8xf32>
// CHECK: %[[DIV:.*]] = arith.divf %[[SUM]], %{{.*}} : f32
// CHECK-NEXT: %[[SUM2:.*]] = reduce add (%[[I2:.*]]) to (8) : f32 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][%{{.*}}, %[[I2]]] : memref<2x8xf32>
// CHECK-NEXT: %[[SUB:.*]] = arith.subf %[[LOAD2]], %[[DIV]] : f32
// CHECK-NEXT: arith.mulf %[[SUB]], %[[SUB]] : f32
// CHECK: %[[DIV2:.*]] = arith.divf %[[SUM2]], %{{.*}} : f32
// CHECK: %[[ADD:.*]] = arith.addf %[[DIV2]], %{{.*}} : f32
// CHECK-NEXT: %[[SQRT:.*]] = math.sqrt %[[ADD]] : f32
// CHECK: %[[DIV3:.*]] = arith.divf %{{.*}}, %[[SQRT]] : f32
// CHECK: %[[LOAD3:.*]] = load %[[A]][%{{.*}}, %[[I2]]] : memref<2x8xf32>
// CHECK-NEXT: %[[SUB2:.*]] = arith.subf %[[LOAD3]], %[[DIV]] : f32
// CHECK-NEXT: %[[LOAD4:.*]] = load %[[B]][%[[I2]]] : memref<8xf32>
// CHECK-NEXT: %[[LOAD5:.*]] = load %[[C]][%[[I2]]] : memref<8xf32>
// CHECK-NEXT: %[[MUL2:.*]] = arith.mulf %[[SUB2]], %[[DIV3]] : f32
// CHECK-NEXT: %[[MUL3:.*]] = arith.mulf %[[MUL2]], %[[LOAD4]] : f32
// CHECK-NEXT: %[[ADD2:.*]] = arith.addf %[[MUL3]], %[[LOAD5]] : f32
// CHECK-NEXT: store %[[ADD2]], %[[Y]][%{{.*}}, %[[I2]]] : memref<2x8xf32>
func.func @layer_norm(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
  %0 = graph.layer_norm %x, %g, %b axis 1 epsilon 0.5 : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// The channels of a block are lanes, each with a row of its own; the last block
// has fewer.

// CHECK-LABEL: kernel.func @instance_norm_0(
// CHECK-SAME: %[[A:.*]]: memref<2x2x3x3x16xf32>, %[[B:.*]]: memref<24xf32>) outputs(%[[Y:.*]]: memref<2x2x3x3x16xf32>)
// CHECK: parallel (%[[I:.*]], %[[P:.*]]) to (2, 1) {
// CHECK-NEXT: vector_loop %[[C:.*]] to 16 {
// CHECK: reduce add (%[[I3:.*]], %[[I4:.*]]) to (3, 3) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[P]], %[[I3]], %[[I4]], %[[C]]] : memref<2x2x3x3x16xf32>
// CHECK: reduce add (%[[I5:.*]], %[[I6:.*]]) to (3, 3) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[P]], %[[I5]], %[[I6]], %[[C]]] : memref<2x2x3x3x16xf32>
// CHECK: loop (%[[I7:.*]], %[[I8:.*]]) to (3, 3) {
// CHECK-NEXT: load %[[A]][%[[I]], %[[P]], %[[I7]], %[[I8]], %[[C]]] : memref<2x2x3x3x16xf32>
// CHECK: load %[[B]][%[[P]] * 16 + %[[C]]] : memref<24xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[I]], %[[P]], %[[I7]], %[[I8]], %[[C]]] : memref<2x2x3x3x16xf32>
// CHECK: parallel (%[[I:.*]], %[[P:.*]]) to (2, 1) {
// CHECK-NEXT: vector_loop %[[C:.*]] to 8 {
// CHECK: load %[[A]][%[[I]], %[[P]] + 1, %{{.*}}, %{{.*}}, %[[C]]] : memref<2x2x3x3x16xf32>
// CHECK: load %[[B]][(%[[P]] + 1) * 16 + %[[C]]] : memref<24xf32>
!in = tensor<2x24x3x3xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @instance_norm(%x: !in, %p: tensor<24xf32>) -> !in {
  %0 = graph.instance_norm %x, %p, %p epsilon 0.5 : !in, tensor<24xf32>, tensor<24xf32>
  return %0 : !in
}

// -----

// Rows span the 2 channels of a group; parameters belong to channels.

// CHECK-LABEL: kernel.func @group_norm_0(
// CHECK-SAME: %[[A:.*]]: memref<2x4x3x3xf32>, %[[B:.*]]: memref<4xf32>) outputs(%[[Y:.*]]: memref<2x4x3x3xf32>)
// CHECK: parallel (%[[I:.*]], %[[I2:.*]]) to (2, 2) {
// CHECK: reduce add (%[[I3:.*]], %[[I4:.*]], %[[I5:.*]]) to (2, 3, 3) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]] * 2 + %[[I3]], %[[I4]], %[[I5]]] : memref<2x4x3x3xf32>
// CHECK: reduce add (%[[I6:.*]], %[[I7:.*]], %[[I8:.*]]) to (2, 3, 3) : f32 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]] * 2 + %[[I6]], %[[I7]], %[[I8]]] : memref<2x4x3x3xf32>
// CHECK: loop (%[[I9:.*]], %[[I10:.*]]) to (2, 3) {
// CHECK-NEXT: vector_loop %[[I11:.*]] to 3 {
// CHECK-NEXT: load %[[A]][%[[I]], %[[I2]] * 2 + %[[I9]], %[[I10]], %[[I11]]] : memref<2x4x3x3xf32>
// CHECK: load %[[B]][%[[I2]] * 2 + %[[I9]]] : memref<4xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[I]], %[[I2]] * 2 + %[[I9]], %[[I10]], %[[I11]]] : memref<2x4x3x3xf32>
func.func @group_norm(%x: tensor<2x4x3x3xf32>, %p: tensor<4xf32>) -> tensor<2x4x3x3xf32> {
  %0 = graph.group_norm %x, %p, %p groups 2 epsilon 0.5 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}
