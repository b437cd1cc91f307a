// SPDX-License-Identifier: Apache-2.0
// Arithmetic, rounding and conversion: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @add(
// CHECK: graph.add %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @add(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.add %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @sub(
// CHECK: graph.sub %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @sub(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.sub %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @mul(
// CHECK: graph.mul %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @mul(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.mul %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @div(
// CHECK: graph.div %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @div(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.div %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @mod(
// CHECK: graph.mod %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @mod(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.mod %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @power(
// CHECK: graph.power %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @power(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.power %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @maximum(
// CHECK: graph.maximum %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @maximum(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  %0 = graph.maximum %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @minimum(
// CHECK: graph.minimum %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @minimum(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  %0 = graph.minimum %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @hypot(
// CHECK: graph.hypot %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @hypot(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.hypot %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @atan2(
// CHECK: graph.atan2 %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @atan2(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.atan2 %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @neg(
// CHECK: graph.neg %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @neg(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.neg %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @abs(
// CHECK: graph.abs %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @abs(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.abs %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @sign(
// CHECK: graph.sign %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @sign(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.sign %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @square(
// CHECK: graph.square %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @square(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.square %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @reciprocal(
// CHECK: graph.reciprocal %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @reciprocal(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.reciprocal %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @round(
// CHECK: graph.round %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @round(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.round %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @rint(
// CHECK: graph.rint %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @rint(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.rint %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @round_even(
// CHECK: graph.round_even %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @round_even(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.round_even %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @floor(
// CHECK: graph.floor %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @floor(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.floor %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @ceil(
// CHECK: graph.ceil %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @ceil(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.ceil %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @trunc(
// CHECK: graph.trunc %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @trunc(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.trunc %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @cast(
// CHECK: graph.cast %{{.*}} : tensor<4xi32> to tensor<4xbf16>
func.func @cast(%x: tensor<4xi32>) -> tensor<4xbf16> {
  %0 = graph.cast %x : tensor<4xi32> to tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// CHECK-LABEL: func.func @integers(
// CHECK: graph.add %{{.*}}, %{{.*}} : tensor<4xi32>
// CHECK-NEXT: return %{{.*}} : tensor<4xi32>
func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = graph.add %x, %x : tensor<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK-LABEL: func.func @encoded(
// CHECK: graph.neg %{{.*}} : tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
// CHECK-NEXT: return %{{.*}} : tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @encoded(%x: tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>)
    -> tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>> {
  %0 = graph.neg %x : tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
  return %0 : tensor<1x32x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
}

// CHECK-LABEL: func.func @bitwise_and(
// CHECK: graph.bitwise_and %{{.*}}, %{{.*}} : tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi32>
func.func @bitwise_and(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = graph.bitwise_and %x, %y : tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @bitwise_or(
// CHECK: graph.bitwise_or %{{.*}}, %{{.*}} : tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi32>
func.func @bitwise_or(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = graph.bitwise_or %x, %y : tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @bitwise_xor(
// CHECK: graph.bitwise_xor %{{.*}}, %{{.*}} : tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi32>
func.func @bitwise_xor(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = graph.bitwise_xor %x, %y : tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @shift_left(
// CHECK: graph.shift_left %{{.*}}, %{{.*}} : tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi32>
func.func @shift_left(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = graph.shift_left %x, %y : tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @shift_right(
// CHECK: graph.shift_right %{{.*}}, %{{.*}} : tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi32>
func.func @shift_right(%x: tensor<2x3xi32>, %y: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = graph.shift_right %x, %y : tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}
