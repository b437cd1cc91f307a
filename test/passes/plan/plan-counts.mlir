// SPDX-License-Identifier: Apache-2.0
// A part of a tensor whose size that tensor says: a view, and a count before its first use.
// RUN: dlc-opt %s --plan-schedule --plan-bufferize | FileCheck %s

kernel.func @compact(%x: memref<8xi8>) outputs(%y: memref<10xi64>) {
  %zero = arith.constant 0 : i64
  kernel.parallel () to () {
    kernel.vector_loop %i to 10 {
      kernel.store %zero, %y[%i] : memref<10xi64>
    }
  }
}
kernel.func @negate(%x: memref<9xi64>) outputs(%y: memref<9xi64>) {
  %zero = arith.constant 0 : i64
  kernel.parallel () to () {
    kernel.vector_loop %i to 9 {
      %0 = kernel.load %x[%i] : memref<9xi64>
      %1 = arith.subi %zero, %0 : i64
      kernel.store %1, %y[%i] : memref<9xi64>
    }
  }
}
// The instance's size may be more than there is room for.
// CHECK-LABEL: device.program @main
// CHECK: %[[PACKED:.*]] = device.slot : memref<10xi64>
// CHECK-NEXT: device.launch @compact(%{{.*}}) outputs(%[[PACKED]])
// CHECK-NEXT: device.count %[[PACKED]] count 3 : memref<10xi64>
// CHECK-NEXT: %[[FIRST:.*]] = device.view %[[PACKED]] at 8 : memref<10xi64> to memref<9xi64>
// CHECK-NEXT: %[[SECOND:.*]] = device.view %[[PACKED]] at 16 : memref<10xi64> to memref<9xi64>
// CHECK-NEXT: device.launch @negate(%[[FIRST]]) outputs(%{{.*}})
// CHECK-NEXT: device.launch @negate(%[[SECOND]]) outputs(%{{.*}})
func.func @main(%mask: tensor<8xi8>) -> (tensor<9xi64>, tensor<9xi64>) {
  %0 = kernel.call @compact(%mask) : (tensor<8xi8>) -> tensor<10xi64>
  %1 = kernel.counted %0 start 1 count 3 : tensor<10xi64> to tensor<9xi64>
  %2 = kernel.counted %0 start 2 count 3 : tensor<10xi64> to tensor<9xi64>
  %3 = kernel.call @negate(%1) : (tensor<9xi64>) -> tensor<9xi64>
  %4 = kernel.call @negate(%2) : (tensor<9xi64>) -> tensor<9xi64>
  return %3, %4 : tensor<9xi64>, tensor<9xi64>
}
