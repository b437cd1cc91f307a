// SPDX-License-Identifier: Apache-2.0
// bf16 is computed as f32 and moved as i16.
// RUN: dlc-opt %s --kernel-lower-bfloat16 | FileCheck %s --implicit-check-not=bf16

// CHECK-LABEL: func.func @arithmetic(%arg0: i16, %arg1: i16) -> i16
// CHECK: %[[WIDE:.*]] = arith.extui %{{.*}} : i16 to i32
// CHECK: %[[HIGH:.*]] = arith.shli %[[WIDE]], %{{.*}} : i32
// CHECK-NEXT: %[[X:.*]] = arith.bitcast %[[HIGH]] : i32 to f32
// CHECK: %[[SUM:.*]] = arith.addf %[[X]], %{{.*}} : f32
// CHECK: arith.bitcast %[[SUM]] : f32 to i32
// CHECK: arith.trunci %{{.*}} : i32 to i16
func.func @arithmetic(%x: bf16, %y: bf16) -> bf16 {
  %0 = arith.addf %x, %y : bf16
  return %0 : bf16
}

// Ties go to even; NaN stays NaN.

// CHECK-LABEL: func.func @rounding
// CHECK: %[[BITS:.*]] = arith.bitcast %arg0 : vector<8xf32> to vector<8xi32>
// CHECK: %[[UPPER:.*]] = arith.shrsi %[[BITS]]
// CHECK: %[[ODD:.*]] = arith.andi %[[UPPER]]
// CHECK: %[[NEAR:.*]] = arith.addi %[[BITS]], %[[ODD]]
// CHECK: %[[SUM:.*]] = arith.addi %[[NEAR]]
// CHECK: %[[NAN:.*]] = arith.cmpf une, %arg0, %arg0
// CHECK: arith.select %[[NAN]], %{{.*}}, %[[SUM]]
// CHECK: arith.trunci {{.*}} to vector<8xi16>
// CHECK: vector.store
func.func @rounding(%x: vector<8xf32>, %to: memref<8xbf16>) {
  %c0 = arith.constant 0 : index
  %0 = arith.truncf %x : vector<8xf32> to vector<8xbf16>
  vector.store %0, %to[%c0] : memref<8xbf16>, vector<8xbf16>
  return
}

// CHECK-LABEL: func.func @conversions
// CHECK: arith.sitofp %{{.*}} : i32 to f32
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK: arith.cmpf olt, {{.*}} : f32
func.func @conversions(%i: i32, %x: bf16) -> (bf16, f64, i1) {
  %0 = arith.sitofp %i : i32 to bf16
  %1 = arith.extf %x : bf16 to f64
  %2 = arith.cmpf olt, %x, %0 : bf16
  return %0, %1, %2 : bf16, f64, i1
}

// Loads, constants and choices need no arithmetic.

// CHECK-LABEL: func.func @moves
// CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<0> : vector<8xi16>
// CHECK-DAG: %[[ONE:.*]] = arith.constant 16256 : i16
// CHECK: vector.maskedload {{.*}}, %[[ZEROS]] : memref<8xi16>
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[ONE]] : i16
func.func @moves(%from: memref<8xbf16>, %mask: vector<8xi1>, %c: i1, %x: bf16) -> (vector<8xbf16>, bf16) {
  %c0 = arith.constant 0 : index
  %zeros = arith.constant dense<0.0> : vector<8xbf16>
  %one = arith.constant 1.0 : bf16
  %0 = vector.maskedload %from[%c0], %mask, %zeros : memref<8xbf16>, vector<8xi1>, vector<8xbf16> into vector<8xbf16>
  %1 = arith.select %c, %x, %one : bf16
  return %0, %1 : vector<8xbf16>, bf16
}
