// SPDX-License-Identifier: Apache-2.0
// Sorting and choices by order: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @argsort(
// CHECK: graph.argsort %{{.*}} : tensor<2x5xf16>
// CHECK-NEXT: return %{{.*}} : tensor<2x5xi32>
func.func @argsort(%x: tensor<2x5xf16>) -> tensor<2x5xi32> {
  %0 = graph.argsort %x : tensor<2x5xf16>
  return %0 : tensor<2x5xi32>
}

// CHECK-LABEL: func.func @argsort_descending(
// CHECK: graph.argsort %{{.*}} descending : tensor<5xi64>
// CHECK-NEXT: return %{{.*}} : tensor<5xi32>
func.func @argsort_descending(%x: tensor<5xi64>) -> tensor<5xi32> {
  %0 = graph.argsort %x descending : tensor<5xi64>
  return %0 : tensor<5xi32>
}

// CHECK-LABEL: func.func @suppress(
// CHECK: graph.suppress %{{.*}} areas %{{.*}} alive %{{.*}} threshold 5.000000e-01 border 0.000000e+00 : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x9xi1>
func.func @suppress(%b: tensor<2x9x4xf32>, %a: tensor<2x9xf32>, %m: tensor<2x9xi1>) -> tensor<2x9xi1> {
  %0 = graph.suppress %b areas %a alive %m threshold 0.5 border 0.0 : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>
  return %0 : tensor<2x9xi1>
}

// CHECK-LABEL: func.func @suppress_classes(
// CHECK: graph.suppress %{{.*}} areas %{{.*}} alive %{{.*}} classes %{{.*}} threshold 5.000000e-01 inclusive border 1.000000e+00 : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>, tensor<2x9xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x9xi1>
func.func @suppress_classes(%b: tensor<2x9x4xf32>, %a: tensor<2x9xf32>, %m: tensor<2x9xi1>, %c: tensor<2x9xf32>)
    -> tensor<2x9xi1> {
  %0 = graph.suppress %b areas %a alive %m classes %c threshold 0.5 inclusive border 1.0
    : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>, tensor<2x9xf32>
  return %0 : tensor<2x9xi1>
}

// CHECK-LABEL: func.func @match(
// CHECK: graph.match %{{.*}} allowed %{{.*}} rows 4 columns 3 limit 2 : tensor<2x12xi32>, tensor<2x12xi1>
// CHECK-NEXT: return %{{.*}} : tensor<2x4xi32>
func.func @match(%o: tensor<2x12xi32>, %a: tensor<2x12xi1>) -> tensor<2x4xi32> {
  %0 = graph.match %o allowed %a rows 4 columns 3 limit 2 : tensor<2x12xi32>, tensor<2x12xi1>
  return %0 : tensor<2x4xi32>
}
