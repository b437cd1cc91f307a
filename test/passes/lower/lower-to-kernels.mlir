// SPDX-License-Identifier: Apache-2.0
// Calls, views, buffers: what all kernels have in common.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Equal kernels are emitted once; reshapes are views.

// CHECK-LABEL: kernel.func @exp_0(
// CHECK-SAME: %{{.*}}: memref<4x8xf32>) outputs(%{{.*}}: memref<4x8xf32>) attributes {inplace = [array<i64: 0, 0>]}
// CHECK: kernel.func @exp_1(%{{.*}}: memref<8x4xf32>) outputs(%{{.*}}: memref<8x4xf32>) attributes {inplace = [array<i64: 0, 0>]} {
// CHECK: %[[CALL:.*]] = kernel.call @exp_0(%{{.*}}) {flops = 32 : i64, inplace = [array<i64: 0, 0>], nodes = ["first"]} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[VIEW:.*]] = kernel.view %[[CALL]] : tensor<4x8xf32> to tensor<8x4xf32>
// CHECK-NEXT: %[[VIEW2:.*]] = kernel.view %[[VIEW]] : tensor<8x4xf32> to tensor<4x8xf32>
// CHECK-NEXT: %[[CALL2:.*]] = kernel.call @exp_0(%[[VIEW2]]) {flops = 32 : i64, inplace = [array<i64: 0, 0>], nodes = ["second"]} : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[VIEW3:.*]] = kernel.view %[[CALL2]] : tensor<4x8xf32> to tensor<8x4xf32>
// CHECK-NEXT: %[[CALL3:.*]] = kernel.call @exp_1(%[[VIEW3]]) {flops = 32 : i64, inplace = [array<i64: 0, 0>], nodes = ["third"]} : (tensor<8x4xf32>) -> tensor<8x4xf32>
// CHECK-NEXT: return %[[CALL2]], %[[CALL3]] : tensor<4x8xf32>, tensor<8x4xf32>
func.func @dedupe(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<8x4xf32>) {
  %0 = graph.exp %x : tensor<4x8xf32> loc("first")
  %1 = graph.reshape %0 : tensor<4x8xf32> to tensor<8x4xf32>
  %2 = graph.reshape %1 : tensor<8x4xf32> to tensor<4x8xf32>
  %3 = graph.exp %2 : tensor<4x8xf32> loc("second")
  %4 = graph.reshape %3 : tensor<4x8xf32> to tensor<8x4xf32>
  %5 = graph.exp %4 : tensor<8x4xf32> loc("third")
  return %3, %5 : tensor<4x8xf32>, tensor<8x4xf32>
}

// -----

// A call tells which nodes it computes and which arguments may be overwritten.
// A single long row is split into tasks.

// CHECK-LABEL: kernel.func @add_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2048xf32>, %[[B:.*]]: memref<1x2048xf32>) outputs(%[[Y:.*]]: memref<1x2048xf32>) attributes {inplace = [array<i64: 0, 0>, array<i64: 1, 0>]}
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I2:.*]] to 1024 {
// CHECK-NEXT: load %[[A]][0, %[[I]] * 1024 + %[[I2]]] : memref<1x2048xf32>
// CHECK: load %[[B]][0, %[[I]] * 1024 + %[[I2]]] : memref<1x2048xf32>
// CHECK: store %{{.*}}, %[[Y]][0, %[[I]] * 1024 + %[[I2]]] : memref<1x2048xf32>
// CHECK: kernel.call @add_0(%{{.*}}, %{{.*}}) {flops = 4096 : i64, inplace = [array<i64: 0, 0>, array<i64: 1, 0>], nodes = ["a", "b"]} : (tensor<1x2048xf32>, tensor<1x2048xf32>) -> tensor<1x2048xf32>
func.func @fused(%x: tensor<1x2048xf32>, %y: tensor<1x2048xf32>) -> tensor<1x2048xf32> {
  %0 = graph.exp %x : tensor<1x2048xf32> loc("a")
  %1 = graph.add %0, %y : tensor<1x2048xf32> loc("b")
  return %1 : tensor<1x2048xf32>
}

// -----

// A scalar has an element, a boolean takes a byte.

// CHECK-LABEL: kernel.func @logical_or_0(
// CHECK-SAME: %[[A:.*]]: memref<1xf32>, %[[B:.*]]: memref<1xi8>) outputs(%[[Y:.*]]: memref<1xi8>) attributes {inplace = [array<i64: 1, 0>]}
// CHECK: load %[[A]][0] : memref<1xf32>
// CHECK: %[[LOAD2:.*]] = load %[[B]][0] : memref<1xi8>
// CHECK: arith.cmpi ne, %[[LOAD2]], %{{.*}} : i8
// CHECK: %[[EXTU:.*]] = arith.extui %{{.*}} : i1 to i8
// CHECK-NEXT: store %[[EXTU]], %[[Y]][0] : memref<1xi8>
// CHECK: func.func @bool(%{{.*}}: tensor<1xf32> {graph.type = tensor<f32>}, %{{.*}}: tensor<1xi8> {graph.type = tensor<i1>})
// CHECK-SAME: -> (tensor<1xi8> {graph.type = tensor<i1>}) {
func.func @bool(%x: tensor<f32>, %m: tensor<i1>) -> tensor<i1> {
  %c = graph.constant dense<true> : tensor<i1>
  %0 = graph.less %x, %x : tensor<f32>
  %1 = graph.logical_and %0, %m : tensor<i1>
  %2 = graph.logical_or %1, %c : tensor<i1>
  return %2 : tensor<i1>
}

// -----

// The halo, here above and to the right, is zeroed by a section of its own; the
// last block has 4 channels.

// CHECK-LABEL: kernel.func @relayout_0(
// CHECK-SAME: %[[A:.*]]: memref<1x20x3x5xf32>) outputs(%[[Y:.*]]: memref<1x2x4x7x16xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]]) to (1, 2) {
// CHECK-NEXT: %[[C:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT: loop (%[[I3:.*]], %[[I4:.*]]) to (1, 7) {
// CHECK-NEXT: vector_loop %[[I5:.*]] to 16 {
// CHECK-NEXT: store %[[C]], %[[Y]][%[[I]], %[[I2]], %[[I3]], %[[I4]], %[[I5]]] : memref<1x2x4x7x16xf32>
// CHECK: loop (%[[I6:.*]], %[[I7:.*]]) to (3, 2) {
// CHECK-NEXT: vector_loop %[[I8:.*]] to 16 {
// CHECK-NEXT: store %[[C]], %[[Y]][%[[I]], %[[I2]], %[[I6]] + 1, %[[I7]] + 5, %[[I8]]] : memref<1x2x4x7x16xf32>
// CHECK: parallel (%[[I9:.*]], %[[I10:.*]], %[[I11:.*]]) to (1, 1, 3) {
// CHECK-NEXT: loop (%[[I12:.*]]) to (5) {
// CHECK-NEXT: vector_loop %[[I13:.*]] to 16 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[I9]], %[[I10]] * 16 + %[[I13]], %[[I11]], %[[I12]]] : memref<1x20x3x5xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][%[[I9]], %[[I10]], %[[I11]] + 1, %[[I12]], %[[I13]]] : memref<1x2x4x7x16xf32>
// CHECK: parallel (%[[I14:.*]], %[[I15:.*]], %[[I16:.*]]) to (1, 1, 3) {
// CHECK-NEXT: loop (%[[I17:.*]]) to (5) {
// CHECK-NEXT: vector_loop %[[I18:.*]] to 4 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][%[[I14]], (%[[I15]] + 1) * 16 + %[[I18]], %[[I16]], %[[I17]]] : memref<1x20x3x5xf32>
// CHECK-NEXT: store %[[LOAD2]], %[[Y]][%[[I14]], %[[I15]] + 1, %[[I16]] + 1, %[[I17]], %[[I18]]] : memref<1x2x4x7x16xf32>
func.func @halo(%x: tensor<1x20x3x5xf32>) -> tensor<1x20x3x5xf32, #graph.blocked<16, halo_low = [1, 0], halo_high = [0, 2]>> {
  %0 = graph.relayout %x : tensor<1x20x3x5xf32> to tensor<1x20x3x5xf32, #graph.blocked<16, halo_low = [1, 0], halo_high = [0, 2]>>
  return %0 : tensor<1x20x3x5xf32, #graph.blocked<16, halo_low = [1, 0], halo_high = [0, 2]>>
}

// -----

// Without blocks the lanes are columns.

// CHECK-LABEL: kernel.func @relayout_0(
// CHECK-SAME: %[[A:.*]]: memref<1x3x4x5xf32>) outputs(%[[Y:.*]]: memref<1x3x5x7xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]]) to (1, 3) {
// CHECK-NEXT: %[[C:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT: loop (%[[I3:.*]]) to (1) {
// CHECK-NEXT: vector_loop %[[I4:.*]] to 7 {
// CHECK-NEXT: store %[[C]], %[[Y]][%[[I]], %[[I2]], %[[I3]], %[[I4]]] : memref<1x3x5x7xf32>
// CHECK: loop (%[[I5:.*]]) to (4) {
// CHECK-NEXT: vector_loop %[[I6:.*]] to 2 {
// CHECK-NEXT: store %[[C]], %[[Y]][%[[I]], %[[I2]], %[[I5]] + 1, %[[I6]]] : memref<1x3x5x7xf32>
// CHECK: parallel (%[[I7:.*]], %[[I8:.*]]) to (3, 4) {
// CHECK-NEXT: vector_loop %[[I9:.*]] to 5 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][0, %[[I7]], %[[I8]], %[[I9]]] : memref<1x3x4x5xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][0, %[[I7]], %[[I8]] + 1, %[[I9]] + 2] : memref<1x3x5x7xf32>
func.func @halo_plain(%x: tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32, #graph.blocked<1, halo_low = [1, 2], halo_high = [0, 0]>> {
  %0 = graph.relayout %x : tensor<1x3x4x5xf32> to tensor<1x3x4x5xf32, #graph.blocked<1, halo_low = [1, 2], halo_high = [0, 0]>>
  return %0 : tensor<1x3x4x5xf32, #graph.blocked<1, halo_low = [1, 2], halo_high = [0, 0]>>
}

// -----

// A movement is the subscripts of a load.

// CHECK-LABEL: kernel.func @exp_0(
// CHECK-SAME: %[[A:.*]]: memref<2x40x8xf32>) outputs(%[[Y:.*]]: memref<40x8x2xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (40) {
// CHECK-NEXT: loop (%[[I2:.*]]) to (8) {
// CHECK-NEXT: vector_loop %[[I3:.*]] to 2 {
// CHECK-NEXT: load %[[A]][%[[I3]], %[[I]], %[[I2]]] : memref<2x40x8xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[I]], %[[I2]], %[[I3]]] : memref<40x8x2xf32>
func.func @transpose(%x: tensor<2x40x8xf32>) -> tensor<40x8x2xf32> {
  %0 = graph.transpose %x [1, 2, 0] : tensor<2x40x8xf32>
  %1 = graph.exp %0 : tensor<40x8x2xf32>
  return %1 : tensor<40x8x2xf32>
}

// -----

// Outside of groups, concatenations and slices are joins and views: of buffers
// in blocks, with their halo.

!whole = tensor<1x48x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!part = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>

// CHECK-LABEL: func.func @join(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x6x6x16xf32>
// CHECK-NEXT: %[[PART:.*]] = kernel.view %[[X]] at 1152 : tensor<1x3x6x6x16xf32> to tensor<1x1x6x6x16xf32>
// CHECK-NEXT: %[[Y:.*]] = kernel.call @exp_0(%[[PART]])
// CHECK-NEXT: %[[Z:.*]] = kernel.call @log_0(%[[Y]])
// CHECK-NEXT: kernel.join %[[PART]], %[[Y]], %[[Z]] : (tensor<1x1x6x6x16xf32>, tensor<1x1x6x6x16xf32>, tensor<1x1x6x6x16xf32>) -> tensor<1x3x6x6x16xf32>
func.func @join(%x: !whole) -> !whole {
  %0 = graph.slice %x starts [0, 32, 0, 0] limits [1, 48, 4, 4] steps [1, 1, 1, 1] : !whole
  %1 = graph.exp %0 : !part
  %2 = graph.log %1 : !part
  %3 = graph.concat %0, %1, %2 axis 1 : !part, !part, !part
  return %3 : !whole
}

// -----

// Unsigned integers are signless in kernels: conversions extend them with zeros
// and drop high bits, movements leave them alone.

// CHECK-LABEL: kernel.func @cast_0(
// CHECK-SAME: %[[A:.*]]: memref<4xi8>) outputs(%[[Y:.*]]: memref<4xf32>)
// CHECK: %[[LOAD:.*]] = load %[[A]]
// CHECK-NEXT: arith.uitofp %[[LOAD]] : i8 to f32
// CHECK-LABEL: kernel.func @cast_1(
// CHECK-SAME: %[[A:.*]]: memref<4xf32>) outputs(%[[Y:.*]]: memref<4xi8>)
// CHECK: %[[WIDE:.*]] = arith.fptosi %{{.*}} : f32 to i32
// CHECK-NEXT: arith.trunci %[[WIDE]] : i32 to i8
// CHECK-LABEL: kernel.func @cast_2(
// CHECK-SAME: %[[A:.*]]: memref<4xi8>) outputs(%[[Y:.*]]: memref<4xi32>)
// CHECK: arith.extui %{{.*}} : i8 to i32
// CHECK-LABEL: kernel.func @reverse_0(
// CHECK: load %{{.*}} : memref<4xi8>
// CHECK-NEXT: store %{{.*}} : memref<4xi8>
// CHECK: func.func @unsigned(%{{.*}}: tensor<4xi8> {graph.type = tensor<4xui8>}, %{{.*}}: tensor<4xf32>)
// CHECK-SAME: -> (tensor<4xf32>, tensor<4xi8> {graph.type = tensor<4xui8>}, tensor<4xi32>, tensor<4xi8> {graph.type = tensor<4xui8>}) {
func.func @unsigned(%x: tensor<4xui8>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xui8>, tensor<4xi32>, tensor<4xui8>) {
  %0 = graph.cast %x : tensor<4xui8> to tensor<4xf32>
  %1 = graph.cast %y : tensor<4xf32> to tensor<4xui8>
  %2 = graph.cast %x : tensor<4xui8> to tensor<4xi32>
  %3 = graph.reverse %x axes [0] : tensor<4xui8>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xui8>, tensor<4xi32>, tensor<4xui8>
}
