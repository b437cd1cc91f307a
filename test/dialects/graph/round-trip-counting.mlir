// SPDX-License-Identifier: Apache-2.0
// Extents that depend on values: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @counted(
// CHECK: %[[PACKED:.*]] = graph.compact %{{.*}} : tensor<8xi1>
// CHECK-NEXT: graph.counted %[[PACKED]] start 1 count 0 : tensor<10xi64> to tensor<5xi64>
// CHECK-NEXT: graph.counted %[[PACKED]] start 2 count 0 : tensor<10xi64> to tensor<5xi64>
func.func @counted(%m: tensor<8xi1>) -> (tensor<5xi64>, tensor<5xi64>) {
  %0 = graph.compact %m : tensor<8xi1>
  %1 = graph.counted %0 start 1 count 0 : tensor<10xi64> to tensor<5xi64>
  %2 = graph.counted %0 start 2 count 0 : tensor<10xi64> to tensor<5xi64>
  return %1, %2 : tensor<5xi64>, tensor<5xi64>
}
