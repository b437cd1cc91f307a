// SPDX-License-Identifier: Apache-2.0
// Constants, groups and layouts: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @constant(
// CHECK: graph.constant {name = "fc_bias"} dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
func.func @constant() -> tensor<2xf32> {
  %0 = graph.constant {name = "fc_bias"} dense<[1.0, 2.0]> : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: func.func @resource(
// CHECK: graph.constant dense_resource<weight> : tensor<2xf32>
func.func @resource() -> tensor<2xf32> {
  %0 = graph.constant dense_resource<weight> : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: func.func @iota(
// CHECK: graph.iota dim 1 start 1.000000e+00 step 2.000000e+00 : tensor<3x4xi32>
func.func @iota() -> tensor<3x4xi32> {
  %0 = graph.iota dim 1 start 1.0 step 2.0 : tensor<3x4xi32>
  return %0 : tensor<3x4xi32>
}

// CHECK-LABEL: func.func @group(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
// CHECK: graph.group (%[[A:.*]] = %[[X]] : tensor<4xf32>, %[[B:.*]] = %[[Y]] : tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) attributes {kind = "test"} {
// CHECK-NEXT: %[[S:.*]] = graph.add %[[A]], %[[B]]
// CHECK-NEXT: %[[R:.*]] = graph.relu %[[S]]
// CHECK-NEXT: graph.yield %[[S]], %[[R]] : tensor<4xf32>, tensor<4xf32>
func.func @group(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0, %1 = graph.group (%a = %x : tensor<4xf32>, %b = %y : tensor<4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>) attributes {kind = "test"} {
    %2 = graph.add %a, %b : tensor<4xf32>
    %3 = graph.relu %2 : tensor<4xf32>
    graph.yield %2, %3 : tensor<4xf32>, tensor<4xf32>
  }
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

!plain = tensor<1x20x8x8xf32>
!blocked = tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 2]>>

// CHECK-LABEL: func.func @relayout(
// CHECK: graph.relayout %{{.*}} : tensor<1x20x8x8xf32> to tensor<1x20x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 2]>>
func.func @relayout(%x: !plain) -> !blocked {
  %0 = graph.relayout %x : !plain to !blocked
  return %0 : !blocked
}

{-#
  dialect_resources: {
    builtin: {
      weight: "0x040000000000803F00000040"
    }
  }
#-}
