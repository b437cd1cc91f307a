// SPDX-License-Identifier: Apache-2.0
// Sorting, suppression and matching: a task for each row.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// A short row: each element goes to the place that as many others come before.
// Its bits, with those of negative numbers turned over, are in its order.

// CHECK-LABEL: kernel.func @argsort_0(
// CHECK-SAME: %[[X:.*]]: memref<2x5xf32>) outputs(%[[Y:.*]]: memref<2x5xi32>)
// CHECK-NEXT: %[[KEYS:.*]] = scratch : memref<1x5xi32>
// CHECK-NEXT: %[[PLACES:.*]] = scratch : memref<1x5xi32>
// CHECK-NEXT: parallel (%[[ROW:.*]]) to (2) {
// CHECK: %[[EXP:.*]] = math.exp
// CHECK: %[[POSITIVE:.*]] = arith.addf %[[EXP]], %{{.*}} : f32
// CHECK: %[[BITS:.*]] = arith.bitcast %[[POSITIVE]] : f32 to i32
// CHECK: %[[SIGN:.*]] = arith.shrsi %[[BITS]], %{{.*}} : i32
// CHECK: %[[FLIP:.*]] = arith.shrui %[[SIGN]], %{{.*}} : i32
// CHECK-NEXT: %[[KEY:.*]] = arith.xori %[[BITS]], %[[FLIP]] : i32
// CHECK-NEXT: store %[[KEY]], %[[KEYS]][0, %{{.*}}] : memref<1x5xi32>
// CHECK: vector_loop %[[I:.*]] to 5 {
// CHECK-NEXT: %[[OWN:.*]] = load %[[KEYS]][0, %[[I]]] : memref<1x5xi32>
// CHECK-NEXT: %[[RANK:.*]] = reduce add (%[[J:.*]]) to (5) : i32 {
// CHECK-NEXT: %[[OTHER:.*]] = load %[[KEYS]][0, %[[J]]] : memref<1x5xi32>
// CHECK-NEXT: arith.cmpi sgt, %[[OTHER]], %[[OWN]] : i32
// CHECK-NEXT: arith.cmpi eq, %[[OTHER]], %[[OWN]] : i32
// CHECK-NEXT: arith.cmpi slt, %[[J]], %[[I]] : index
// CHECK: %[[AT:.*]] = arith.index_cast %[[RANK]] : i32 to index
// CHECK-NEXT: %[[POSITION:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK-NEXT: store %[[POSITION]], %[[PLACES]][0, %[[AT]]] : memref<1x5xi32>
// CHECK: %[[PLACE:.*]] = load %[[PLACES]][0, %{{.*}}] : memref<1x5xi32>
// CHECK-NEXT: store %[[PLACE]], %[[Y]][%[[ROW]], %{{.*}}] : memref<2x5xi32>
func.func @argsort(%x: tensor<2x5xf32>) -> tensor<2x5xi32> {
  %0 = graph.exp %x : tensor<2x5xf32>
  %1 = graph.argsort %0 descending : tensor<2x5xf32>
  return %1 : tensor<2x5xi32>
}

// -----

// A longer one: runs are merged eleven times, so that the second half holds the
// result. Of equal keys the left one is taken. Threads that share a row begin
// with runs of 32 and look up each element's place in the other run, six times.

// CHECK-LABEL: kernel.func @argsort_0(
// CHECK-SAME: %[[X:.*]]: memref<2000xi16>) outputs(%[[Y:.*]]: memref<2000xi32>)
// CHECK-NEXT: %[[KEYS:.*]] = scratch : memref<2x2000xi16>
// CHECK-NEXT: %[[PLACES:.*]] = scratch : memref<2x2000xi32>
// CHECK: alternatives {
// CHECK-NEXT: loop (%[[LEVEL:.*]]) to (11) {
// CHECK: scf.for
// CHECK: scf.for %[[AT:.*]] = %{{.*}} to %[[END:.*]] step %{{.*}} iter_args(%[[LEFT:.*]] = %{{.*}}, %[[RIGHT:.*]] = %[[MIDDLE:.*]]) -> (index, index) {
// CHECK: %[[A:.*]] = kernel.load %[[KEYS]][%[[LEVEL]] mod 2, %{{.*}}] : memref<2x2000xi16>
// CHECK-NEXT: %[[B:.*]] = kernel.load %[[KEYS]][%[[LEVEL]] mod 2, %{{.*}}] : memref<2x2000xi16>
// CHECK-NEXT: %[[BEFORE:.*]] = arith.cmpi slt, %[[B]], %[[A]] : i16
// CHECK-NEXT: %[[DONE:.*]] = arith.cmpi sge, %[[LEFT]], %[[MIDDLE]] : index
// CHECK-NEXT: %[[THERE:.*]] = arith.cmpi slt, %[[RIGHT]], %[[END]] : index
// CHECK-NEXT: %[[OR:.*]] = arith.ori %[[DONE]], %[[BEFORE]] : i1
// CHECK-NEXT: %[[TAKES:.*]] = arith.andi %[[THERE]], %[[OR]] : i1
// CHECK-NEXT: arith.select %[[TAKES]], %[[B]], %[[A]] : i16
// CHECK: kernel.store %{{.*}}, %[[KEYS]][(%[[LEVEL]] + 1) mod 2, %[[AT]]] : memref<2x2000xi16>
// CHECK: } shared {
// CHECK-NEXT: vector_loop %[[P:.*]] to 2000 {
// CHECK: reduce add (%{{.*}}) to (32) : i32 {
// CHECK: store %{{.*}}, %[[KEYS]][1, %{{.*}}] : memref<2x2000xi16>
// CHECK: vector_loop %[[Q:.*]] to 2000 {
// CHECK: scf.for %{{.*}} iter_args(%[[KNOWN:.*]] = %{{.*}}) -> (index) {
// CHECK: %[[NEXT:.*]] = arith.addi %[[KNOWN]], %{{.*}} : index
// CHECK: load %[[KEYS]][1, %{{.*}}] : memref<2x2000xi16>
// CHECK: arith.select %{{.*}}, %[[NEXT]], %[[KNOWN]] : index
// CHECK: store %{{.*}}, %[[KEYS]][0, %{{.*}}] : memref<2x2000xi16>
// CHECK-COUNT-5: scf.for
// CHECK-NOT: scf.for
// CHECK: %[[PLACE:.*]] = load %[[PLACES]][1, %{{.*}}] : memref<2x2000xi32>
// CHECK-NEXT: store %[[PLACE]], %[[Y]][%{{.*}}] : memref<2000xi32>
func.func @argsort_long(%x: tensor<2000xi16>) -> tensor<2000xi32> {
  %0 = graph.argsort %x : tensor<2000xi16>
  return %0 : tensor<2000xi32>
}

// -----

// Each box that is alive is compared with those from its own block of 64 on; the
// last block begins earlier, so that it is whole. Threads that share a row
// compare all pairs first. Then one thread decides on the boxes of a word, and
// all collect which later ones these end.

// CHECK-LABEL: kernel.func @suppress_0(
// CHECK-SAME: %[[A:.*]]: memref<2x100x4xf32>, %{{.*}}: memref<2x100xf32>, %{{.*}}: memref<2x100xi8>) outputs(%[[Y:.*]]: memref<2x100xi8>)
// CHECK-NEXT: %[[S:.*]] = scratch : memref<7x100xf32>
// CHECK-NEXT: parallel (%{{.*}}) to (2) {
// CHECK: loop (%[[I:.*]]) to (100) {
// CHECK: %[[ALIVE:.*]] = load %[[S]][5, %[[I]]] : memref<7x100xf32>
// CHECK: scf.if
// CHECK: %[[FIRST:.*]] = arith.divui %[[I]], %{{.*}} : index
// CHECK: scf.for %[[BLOCK:.*]] = %[[FIRST]] to
// CHECK: %[[C36:.*]] = arith.constant 36 : index
// CHECK-NEXT: %[[START:.*]] = arith.minsi %{{.*}}, %[[C36]] : index
// CHECK-NEXT: kernel.vector_loop %[[J:.*]] to 64 {
// CHECK-NEXT: %[[OTHER:.*]] = arith.addi %[[START]], %[[J]] : index
// CHECK-NEXT: arith.cmpi sgt, %[[OTHER]], %[[I]] : index
// CHECK: load %[[S]][6, %[[START]] + %[[J]]] : memref<7x100xf32>
// CHECK-NEXT: %[[SAME:.*]] = arith.cmpf oeq
// CHECK: store %{{.*}}, %[[S]][5, %[[START]] + %[[J]]] : memref<7x100xf32>
// CHECK: } shared {
// CHECK-NEXT: %[[OVERLAPS:.*]] = scratch : memref<2x100xi64>
// CHECK-NEXT: %[[KEPT:.*]] = scratch : memref<2xi64>
// CHECK-NEXT: %[[ENDED:.*]] = scratch : memref<8x2xi64>
// CHECK-NEXT: %[[OWN:.*]] = scratch : memref<64xi64>
// CHECK: loop (%[[WORD:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[BOX:.*]] to 100 {
// CHECK: %[[BITS:.*]] = scf.if %{{.*}} -> (i64) {
// CHECK: kernel.reduce add (%{{.*}}) to (64) : i64 {
// CHECK: store %[[BITS]], %[[OVERLAPS]][%[[WORD]], %[[BOX]]] : memref<2x100xi64>
// CHECK: vector_loop %[[START:.*]] to 2 {
// CHECK: store %{{.*}}, %[[KEPT]][%[[START]]] : memref<2xi64>
// CHECK: scf.for %[[AT:.*]] = %{{.*}} to %c2
// CHECK: kernel.vector_loop %[[I:.*]] to 64 {
// CHECK: store %{{.*}}, %[[OWN]][%[[I]]] : memref<64xi64>
// CHECK: kernel.vector_loop %{{.*}} to 1 {
// CHECK: load %[[OWN]][63] : memref<64xi64>
// CHECK: store %{{.*}}, %[[KEPT]][%[[AT]]] : memref<2xi64>
// CHECK: kernel.vector_loop %{{.*}} to 16 {
// CHECK: load %[[OVERLAPS]]
// CHECK: store %{{.*}}, %[[ENDED]]
// CHECK: vector_loop %{{.*}} to 100 {
// CHECK: load %[[KEPT]]
// CHECK: store %{{.*}}, %[[S]][5, %{{.*}}] : memref<7x100xf32>
// CHECK: store %{{.*}}, %[[Y]]
func.func @suppress(%b: tensor<2x100x4xf32>, %a: tensor<2x100xf32>, %m: tensor<2x100xi1>) -> tensor<2x100xi1> {
  %0 = graph.suppress %b areas %a alive %m classes %a threshold 0.5 border 0.0
    : tensor<2x100x4xf32>, tensor<2x100xf32>, tensor<2x100xi1>, tensor<2x100xf32>
  return %0 : tensor<2x100xi1>
}

// -----

// CHECK-LABEL: kernel.func @match_0(
// CHECK-SAME: %[[O:.*]]: memref<2x12xi32>, %{{.*}}: memref<2x12xi8>) outputs(%[[Y:.*]]: memref<2x4xi32>)
// CHECK-NEXT: %[[PARTNERS:.*]] = scratch : memref<4xi32>
// CHECK-NEXT: %[[TAKEN:.*]] = scratch : memref<3xi32>
// CHECK: scf.for %{{.*}} iter_args(%[[MATCHES:.*]] = %{{.*}}) -> (index) {
// CHECK: %[[COLUMN:.*]] = arith.remui
// CHECK-NEXT: %[[ROW:.*]] = arith.divui
// CHECK: arith.cmpi slt, %[[MATCHES]], %{{.*}} : index
// CHECK: scf.if
// CHECK: kernel.store %{{.*}}, %[[PARTNERS]][%[[ROW]]] : memref<4xi32>
// CHECK: kernel.store %{{.*}}, %[[TAKEN]][%[[COLUMN]]] : memref<3xi32>
func.func @match(%o: tensor<2x12xi32>, %a: tensor<2x12xi1>) -> tensor<2x4xi32> {
  %0 = graph.match %o allowed %a rows 4 columns 3 limit 2 : tensor<2x12xi32>, tensor<2x12xi1>
  return %0 : tensor<2x4xi32>
}
