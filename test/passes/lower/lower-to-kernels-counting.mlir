// SPDX-License-Identifier: Apache-2.0
// The places of what is true: one task, in which no branch depends on an element; threads that share it add up the flags
// before each piece of 16. The part that is counted is no kernel.
// RUN: dlc-opt %s --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// CHECK-LABEL: kernel.func @compact_0(
// CHECK-SAME: %[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<8xf32>) outputs(%[[PACKED:.*]]: memref<10xi64>)
// CHECK-NEXT: %[[FIELDS:.*]] = scratch : memref<2x10xi32>
// CHECK-NEXT: parallel () to () {
// CHECK: arith.cmpf ogt
// CHECK: arith.extui %{{.*}} : i1 to i32
// CHECK-NEXT: store %{{.*}}, %[[FIELDS]][0, %{{.*}}] : memref<2x10xi32>
// CHECK: vector_loop %{{.*}} to 10 {
// CHECK: store %{{.*}}, %[[FIELDS]][1, %{{.*}}] : memref<2x10xi32>
// CHECK: %[[COUNT:.*]] = scf.for %[[I:.*]] = %{{.*}} iter_args(%[[FOUND:.*]] = %{{.*}}) -> (index) {
// CHECK-NEXT: %[[FLAG:.*]] = kernel.load %[[FIELDS]][0, %[[I]]] : memref<2x10xi32>
// CHECK-NOT: scf.if
// CHECK: %[[PLACE:.*]] = arith.select
// CHECK-NEXT: kernel.store %[[PLACE]], %[[FIELDS]][1, %[[FOUND]] + 1] : memref<2x10xi32>
// CHECK: %[[ALL:.*]] = arith.index_cast %[[COUNT]] : index to i32
// CHECK-NEXT: store %[[ALL]], %[[FIELDS]][1, 0] : memref<2x10xi32>
// CHECK: } shared {
// CHECK-NEXT: vector_loop %{{.*}} to 1 {
// CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %{{.*}} : i32
// CHECK: %[[TO:.*]] = arith.index_cast %[[SUM]] : i32 to index
// CHECK: store %{{.*}}, %[[FIELDS]][1, %[[TO]]] : memref<2x10xi32>
// CHECK: store %{{.*}}, %[[PACKED]][%{{.*}}] : memref<10xi64>

// CHECK-LABEL: func.func @main
// CHECK-NEXT: %[[P:.*]] = kernel.call @compact_0
// CHECK-NEXT: %[[ROWS:.*]] = kernel.counted %[[P]] start 1 count 0 : tensor<10xi64> to tensor<5xi64>
// CHECK-NEXT: kernel.call @gather_0(%{{.*}}, %[[ROWS]])
func.func @main(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<5xf32> {
  %0 = graph.greater %x, %y : tensor<8xf32>
  %1 = graph.compact %0 : tensor<8xi1>
  %2 = graph.counted %1 start 1 count 0 : tensor<10xi64> to tensor<5xi64>
  %3 = graph.gather %x, %2 axis 0 mode clip : tensor<8xf32>, tensor<5xi64>
  return %3 : tensor<5xf32>
}
