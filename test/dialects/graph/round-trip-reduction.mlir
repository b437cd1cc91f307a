// SPDX-License-Identifier: Apache-2.0
// Reductions and running sums: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @reduce_sum(
// CHECK: graph.reduce_sum %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_sum(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_sum %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_mean(
// CHECK: graph.reduce_mean %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_mean(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_mean %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_prod(
// CHECK: graph.reduce_prod %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_prod(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_prod %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_max(
// CHECK: graph.reduce_max %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_max(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_max %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_min(
// CHECK: graph.reduce_min %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_min(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_min %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_nansum(
// CHECK: graph.reduce_nansum %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_nansum(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_nansum %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_nanprod(
// CHECK: graph.reduce_nanprod %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_nanprod(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_nanprod %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_l1(
// CHECK: graph.reduce_l1 %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_l1(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_l1 %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @reduce_l2(
// CHECK: graph.reduce_l2 %{{.*}} axes [1] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xf32>
func.func @reduce_l2(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
  %0 = graph.reduce_l2 %x axes [1] : tensor<2x3x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @keepdims(
// CHECK: graph.reduce_sum %{{.*}} axes [0, 2] keepdims : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x1xf32>
func.func @keepdims(%x: tensor<2x3x4xf32>) -> tensor<1x3x1xf32> {
  %0 = graph.reduce_sum %x axes [0, 2] keepdims : tensor<2x3x4xf32>
  return %0 : tensor<1x3x1xf32>
}

// CHECK-LABEL: func.func @all_axes(
// CHECK: graph.reduce_sum %{{.*}} axes [0, 1, 2] : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<f32>
func.func @all_axes(%x: tensor<2x3x4xf32>) -> tensor<f32> {
  %0 = graph.reduce_sum %x axes [0, 1, 2] : tensor<2x3x4xf32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @argmax(
// CHECK: graph.argmax %{{.*}} axis 2 : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi64>
func.func @argmax(%x: tensor<2x3x4xf32>) -> tensor<2x3xi64> {
  %0 = graph.argmax %x axis 2 : tensor<2x3x4xf32>
  return %0 : tensor<2x3xi64>
}

// CHECK-LABEL: func.func @argmin(
// CHECK: graph.argmin %{{.*}} axis 0 keepdims : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x4xi64>
func.func @argmin(%x: tensor<2x3x4xf32>) -> tensor<1x3x4xi64> {
  %0 = graph.argmin %x axis 0 keepdims : tensor<2x3x4xf32>
  return %0 : tensor<1x3x4xi64>
}

// CHECK-LABEL: func.func @cumsum(
// CHECK: graph.cumsum %{{.*}} axis 1 : tensor<2x3x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3x4xf32>
func.func @cumsum(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.cumsum %x axis 1 : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}
