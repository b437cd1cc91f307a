// SPDX-License-Identifier: Apache-2.0
// Normalisations and softmax: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @batch_norm(
// CHECK: graph.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} axis 1 epsilon 1.000000e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @batch_norm(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  %0 = graph.batch_norm %x, %g, %b, %m, %v axis 1 epsilon 1.000000e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: func.func @layer_norm(
// CHECK: graph.layer_norm %{{.*}}, %{{.*}}, %{{.*}} axis 1 epsilon 1.000000e-05 : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @layer_norm(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>)
    -> tensor<2x4xf32> {
  %0 = graph.layer_norm %x, %g, %b axis 1 epsilon 1.000000e-05 : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @instance_norm(
// CHECK: graph.instance_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-03 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @instance_norm(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  %0 = graph.instance_norm %x, %g, %b epsilon 1.000000e-03 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: func.func @group_norm(
// CHECK: graph.group_norm %{{.*}}, %{{.*}}, %{{.*}} groups 2 epsilon 1.000000e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @group_norm(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>)
    -> tensor<2x4x3x3xf32> {
  %0 = graph.group_norm %x, %g, %b groups 2 epsilon 1.000000e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: func.func @lrn(
// CHECK: graph.lrn %{{.*}} size 3 alpha 1.000000e-04 beta 7.500000e-01 knorm 2.000000e+00 : tensor<2x4x3x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @lrn(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %0 = graph.lrn %x size 3 alpha 1.000000e-04 beta 7.500000e-01 knorm 2.000000e+00 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: func.func @softmax(
// CHECK: graph.softmax %{{.*}} axis 1 : tensor<2x4x3x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @softmax(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %0 = graph.softmax %x axis 1 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}

// CHECK-LABEL: func.func @log_softmax(
// CHECK: graph.log_softmax %{{.*}} axis 3 : tensor<2x4x3x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x3x3xf32>
func.func @log_softmax(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
  %0 = graph.log_softmax %x axis 3 : tensor<2x4x3x3xf32>
  return %0 : tensor<2x4x3x3xf32>
}
