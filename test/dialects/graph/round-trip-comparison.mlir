// SPDX-License-Identifier: Apache-2.0
// Comparisons, tests, logic and selection: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @equal(
// CHECK: graph.equal %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @equal(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = graph.equal %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @not_equal(
// CHECK: graph.not_equal %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @not_equal(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xi1> {
  %0 = graph.not_equal %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @greater(
// CHECK: graph.greater %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @greater(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = graph.greater %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @greater_equal(
// CHECK: graph.greater_equal %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @greater_equal(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xi1> {
  %0 = graph.greater_equal %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @less(
// CHECK: graph.less %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @less(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = graph.less %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @less_equal(
// CHECK: graph.less_equal %{{.*}}, %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @less_equal(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xi1> {
  %0 = graph.less_equal %x, %y : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @is_nan(
// CHECK: graph.is_nan %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @is_nan(%x: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = graph.is_nan %x : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @is_inf(
// CHECK: graph.is_inf %{{.*}} : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @is_inf(%x: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = graph.is_inf %x : tensor<2x3xf32>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @logical_and(
// CHECK: graph.logical_and %{{.*}}, %{{.*}} : tensor<2x3xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @logical_and(%x: tensor<2x3xi1>, %y: tensor<2x3xi1>)
    -> tensor<2x3xi1> {
  %0 = graph.logical_and %x, %y : tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @logical_or(
// CHECK: graph.logical_or %{{.*}}, %{{.*}} : tensor<2x3xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @logical_or(%x: tensor<2x3xi1>, %y: tensor<2x3xi1>)
    -> tensor<2x3xi1> {
  %0 = graph.logical_or %x, %y : tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @logical_xor(
// CHECK: graph.logical_xor %{{.*}}, %{{.*}} : tensor<2x3xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @logical_xor(%x: tensor<2x3xi1>, %y: tensor<2x3xi1>)
    -> tensor<2x3xi1> {
  %0 = graph.logical_xor %x, %y : tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @logical_not(
// CHECK: graph.logical_not %{{.*}} : tensor<2x3xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xi1>
func.func @logical_not(%x: tensor<2x3xi1>) -> tensor<2x3xi1> {
  %0 = graph.logical_not %x : tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @select(
// CHECK: graph.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3xi1>, tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3xf32>
func.func @select(%c: tensor<2x3xi1>, %x: tensor<2x3xf32>, %y: tensor<2x3xf32>)
    -> tensor<2x3xf32> {
  %0 = graph.select %c, %x, %y : tensor<2x3xi1>, tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
