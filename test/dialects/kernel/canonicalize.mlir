// SPDX-License-Identifier: Apache-2.0
// Folds of the kernel dialect.
// RUN: dlc-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @views(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>
// CHECK-NEXT: %[[V:.*]] = kernel.view %[[X]] : tensor<2x6xf32> to tensor<4x3xf32>
// CHECK-NEXT: return %[[V]], %[[X]]
func.func @views(%x: tensor<2x6xf32>) -> (tensor<4x3xf32>, tensor<2x6xf32>) {
  %0 = kernel.view %x : tensor<2x6xf32> to tensor<12xf32>
  %1 = kernel.view %0 : tensor<12xf32> to tensor<4x3xf32>
  %2 = kernel.view %0 : tensor<12xf32> to tensor<2x6xf32>
  return %1, %2 : tensor<4x3xf32>, tensor<2x6xf32>
}

// -----

// Calls have no effect but their results.
kernel.func @fill() outputs(%y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      kernel.store %one, %y[%i] : memref<4xf32>
    }
  }
}
// CHECK-LABEL: func.func @unused_call(
// CHECK-NEXT: return
func.func @unused_call() {
  %0 = kernel.call @fill() : () -> tensor<4xf32>
  return
}

// -----

// A load whose value is unused goes, a store never does.
// CHECK-LABEL: kernel.func @accesses(
// CHECK-NOT: load
// CHECK: store
kernel.func @accesses(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      %0 = kernel.load %x[%i] : memref<4xf32>
      kernel.store %one, %y[%i] : memref<4xf32>
    }
  }
}

// -----

// A part of a part starts where both together do.
// CHECK-LABEL: func.func @parts(
// CHECK-SAME: %[[X:.*]]: tensor<12xf32>
// CHECK-NEXT: %[[V:.*]] = kernel.view %[[X]] at 5 : tensor<12xf32> to tensor<2x1xf32>
// CHECK-NEXT: return %[[V]]
func.func @parts(%x: tensor<12xf32>) -> tensor<2x1xf32> {
  %0 = kernel.view %x at 4 : tensor<12xf32> to tensor<6xf32>
  %1 = kernel.view %0 : tensor<6xf32> to tensor<3x2xf32>
  %2 = kernel.view %1 at 1 : tensor<3x2xf32> to tensor<2x1xf32>
  return %2 : tensor<2x1xf32>
}
