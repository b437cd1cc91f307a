// SPDX-License-Identifier: Apache-2.0
// Folds of the graph dialect: what is exact and always wins.
// RUN: dlc-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @add_minus_zero(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]]
func.func @add_minus_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<-0.0> : tensor<4xf32>
  %0 = graph.add %zero, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Adding 0 turns -0 into 0.
// CHECK-LABEL: @add_zero(
// CHECK: graph.add
func.func @add_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %0 = graph.add %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @integer_identities(
// CHECK-SAME: %[[X:.*]]: tensor<4xi32>
// CHECK-NEXT: return %[[X]]
func.func @integer_identities(%x: tensor<4xi32>) -> tensor<4xi32> {
  %zero = graph.constant dense<0> : tensor<4xi32>
  %one = graph.constant dense<1> : tensor<4xi32>
  %0 = graph.add %x, %zero : tensor<4xi32>
  %1 = graph.sub %0, %zero : tensor<4xi32>
  %2 = graph.mul %one, %1 : tensor<4xi32>
  %3 = graph.div %2, %one : tensor<4xi32>
  return %3 : tensor<4xi32>
}

// -----

// CHECK-LABEL: @float_identities(
// CHECK-SAME: %[[X:.*]]: tensor<4xf16>
// CHECK-NEXT: return %[[X]]
func.func @float_identities(%x: tensor<4xf16>) -> tensor<4xf16> {
  %zero = graph.constant dense<0.0> : tensor<4xf16>
  %one = graph.constant dense<1.0> : tensor<4xf16>
  %0 = graph.sub %x, %zero : tensor<4xf16>
  %1 = graph.mul %0, %one : tensor<4xf16>
  %2 = graph.div %1, %one : tensor<4xf16>
  return %2 : tensor<4xf16>
}

// -----

// A scalar that was broadcast counts as well.
// CHECK-LABEL: @broadcast_splat(
// CHECK-SAME: %[[X:.*]]: tensor<2x4xf32>
// CHECK-NEXT: return %[[X]]
func.func @broadcast_splat(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %one = graph.constant dense<1.0> : tensor<1xf32>
  %0 = graph.broadcast %one dims [1] : tensor<1xf32> to tensor<2x4xf32>
  %1 = graph.mul %x, %0 : tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @idempotent(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[R:.*]] = graph.relu %[[X]]
// CHECK-NEXT: %[[F:.*]] = graph.floor %[[R]]
// CHECK-NEXT: return %[[F]]
func.func @idempotent(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.relu %x : tensor<4xf32>
  %1 = graph.relu %0 : tensor<4xf32>
  %2 = graph.maximum %1, %1 : tensor<4xf32>
  %3 = graph.floor %2 : tensor<4xf32>
  %4 = graph.floor %3 : tensor<4xf32>
  return %4 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @involution(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]]
func.func @involution(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.neg %x : tensor<4xf32>
  %1 = graph.neg %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @select(
// CHECK-SAME: %[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]], %[[Y]]
func.func @select(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %false = graph.constant dense<false> : tensor<4xi1>
  %0 = graph.select %c, %x, %x : tensor<4xi1>, tensor<4xf32>
  %1 = graph.select %false, %x, %y : tensor<4xi1>, tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @cast_to_itself(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: return %[[X]]
func.func @cast_to_itself(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.cast %x : tensor<4xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @reshape_of_reshape(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>
// CHECK-NEXT: %[[R:.*]] = graph.reshape %[[X]] : tensor<2x6xf32> to tensor<4x3xf32>
// CHECK-NEXT: return %[[R]], %[[X]]
func.func @reshape_of_reshape(%x: tensor<2x6xf32>) -> (tensor<4x3xf32>, tensor<2x6xf32>) {
  %0 = graph.reshape %x : tensor<2x6xf32> to tensor<12xf32>
  %1 = graph.reshape %0 : tensor<12xf32> to tensor<4x3xf32>
  %2 = graph.reshape %0 : tensor<12xf32> to tensor<2x6xf32>
  return %1, %2 : tensor<4x3xf32>, tensor<2x6xf32>
}

// -----

// CHECK-LABEL: @reshape_constant(
// CHECK-NEXT: graph.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
func.func @reshape_constant() -> tensor<1x2xf32> {
  %0 = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %1 = graph.reshape %0 : tensor<2xf32> to tensor<1x2xf32>
  return %1 : tensor<1x2xf32>
}

// -----

// CHECK-LABEL: @transposes(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
// CHECK-NEXT: %[[T:.*]] = graph.transpose %[[X]] [1, 2, 0]
// CHECK-NEXT: return %[[T]], %[[X]], %[[X]]
func.func @transposes(%x: tensor<2x3x4xf32>)
    -> (tensor<3x4x2xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %0 = graph.transpose %x [2, 0, 1] : tensor<2x3x4xf32>
  %1 = graph.transpose %0 [2, 0, 1] : tensor<4x2x3xf32>
  %2 = graph.transpose %0 [1, 2, 0] : tensor<4x2x3xf32>
  %3 = graph.transpose %x [0, 1, 2] : tensor<2x3x4xf32>
  return %1, %2, %3 : tensor<3x4x2xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// -----

// CHECK-LABEL: @broadcasts(
// CHECK-SAME: %[[X:.*]]: tensor<3xf32>
// CHECK-NEXT: %[[B:.*]] = graph.broadcast %[[X]] dims [1] : tensor<3xf32> to tensor<2x3x4xf32>
// CHECK-NEXT: return %[[B]], %[[X]]
func.func @broadcasts(%x: tensor<3xf32>) -> (tensor<2x3x4xf32>, tensor<3xf32>) {
  %0 = graph.broadcast %x dims [0] : tensor<3xf32> to tensor<3x1xf32>
  %1 = graph.broadcast %0 dims [1, 2] : tensor<3x1xf32> to tensor<2x3x4xf32>
  %2 = graph.broadcast %x dims [0] : tensor<3xf32> to tensor<3xf32>
  return %1, %2 : tensor<2x3x4xf32>, tensor<3xf32>
}

// -----

// CHECK-LABEL: @whole_slice(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[R:.*]] = graph.slice %[[X]] starts [3, 0] limits [-1, 8] steps [-1, 1]
// CHECK-NEXT: return %[[X]], %[[R]]
func.func @whole_slice(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = graph.slice %x starts [0, 0] limits [4, 8] steps [1, 1] : tensor<4x8xf32>
  %1 = graph.slice %x starts [3, 0] limits [-1, 8] steps [-1, 1] : tensor<4x8xf32>
  return %0, %1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

// CHECK-LABEL: @reverses(
// CHECK-SAME: %[[X:.*]]: tensor<1x8xf32>
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @reverses(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %0 = graph.reverse %x axes [1] : tensor<1x8xf32>
  %1 = graph.reverse %0 axes [1] : tensor<1x8xf32>
  %2 = graph.reverse %x axes [0] : tensor<1x8xf32>
  return %1, %2 : tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// CHECK-LABEL: @nothing_to_do(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x4xf32>
// CHECK-NEXT: return %[[X]]
func.func @nothing_to_do(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %0 = graph.concat %x axis 1 : tensor<1x2x4x4xf32>
  %1 = graph.pad %0 low [0, 0, 0, 0] high [0, 0, 0, 0] mode edge value 0.0 : tensor<1x2x4x4xf32>
  %2 = graph.resize %1 size [4, 4] mode bilinear coordinates half_pixel : tensor<1x2x4x4xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// -----

!plain = tensor<1x32x4x4xf32>
!blocked = tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!halo = tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>

// CHECK-LABEL: @relayouts(
// CHECK-SAME: %[[X:.*]]: tensor<1x32x4x4xf32>
// CHECK-NEXT: %[[R:.*]] = graph.relayout %[[X]] : tensor<1x32x4x4xf32> to tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: return %[[X]], %[[R]]
func.func @relayouts(%x: !plain) -> (!plain, !halo) {
  %0 = graph.relayout %x : !plain to !blocked
  %1 = graph.relayout %0 : !blocked to !plain
  %2 = graph.relayout %0 : !blocked to !halo
  return %1, %2 : !plain, !halo
}

// -----

// Operators without uses go; equal ones are left to --cse.
// CHECK-LABEL: @dead(
// CHECK-NEXT: return
func.func @dead(%x: tensor<2x3x4xf32>) {
  %0 = graph.reduce_sum %x axes [1] : tensor<2x3x4xf32>
  %1 = graph.softmax %0 axis 1 : tensor<2x4xf32>
  return
}
