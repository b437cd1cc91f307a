// SPDX-License-Identifier: Apache-2.0
// Functions become arithmetic that stays in vector registers.
// RUN: dlc-opt %s --kernel-expand-math | FileCheck %s

// CHECK-LABEL: func.func @vectors
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.erf
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: return
func.func @vectors(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  %0 = math.exp %x : vector<8xf32>
  %1 = math.tanh %x : vector<8xf32>
  %2 = math.erf %x : vector<8xf32>
  return %0, %1, %2 : vector<8xf32>, vector<8xf32>, vector<8xf32>
}

// The rest of a row gives the same values as its vectors.

// CHECK-LABEL: func.func @scalars
// CHECK-NOT: math.exp
// CHECK: math.fma {{.*}} : f32
func.func @scalars(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// Every function that the graph dialect uses.

// CHECK-LABEL: func.func @all
// CHECK-NOT: math.{{(expm1|sinh|cosh|log|log2|log10|log1p|asinh|acosh|atanh|asin|acos|atan|cbrt|powf) }}
// CHECK: return
func.func @all(%x: f32) -> f32 {
  %0 = math.expm1 %x : f32
  %1 = math.sinh %0 : f32
  %2 = math.cosh %1 : f32
  %3 = math.log %2 : f32
  %4 = math.log2 %3 : f32
  %5 = math.log10 %4 : f32
  %6 = math.log1p %5 : f32
  %7 = math.asinh %6 : f32
  %8 = math.acosh %7 : f32
  %9 = math.atanh %8 : f32
  %10 = math.asin %9 : f32
  %11 = math.acos %10 : f32
  %12 = math.atan %11 : f32
  %13 = math.cbrt %12 : f32
  %14 = math.powf %13, %x : f32
  return %14 : f32
}

// Arguments too large to be reduced go through libm, and only they.

// CHECK-LABEL: func.func @large_arguments
// CHECK: %[[RARE:.*]] = arith.andi {{.*}} : vector<8xi1>
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[RARE]]
// CHECK: %[[Y:.*]] = scf.if %[[ANY]]
// CHECK-NEXT: %[[SLOW:.*]] = math.sin %arg0
// CHECK-NEXT: %[[MIXED:.*]] = arith.select %[[RARE]], %[[SLOW]], %[[FAST:.*]] :
// CHECK-NEXT: scf.yield %[[MIXED]]
// CHECK: scf.yield %[[FAST]]
// CHECK: return %[[Y]]
func.func @large_arguments(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.sin %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// The product of a power has more digits than f32.

// CHECK-LABEL: func.func @power
// CHECK: arith.mulf {{.*}} : vector<8xf64>
// CHECK: arith.truncf {{.*}} : vector<8xf64> to vector<8xf32>
func.func @power(%x: vector<8xf32>, %y: vector<8xf32>) -> vector<8xf32> {
  %0 = math.powf %x, %y : vector<8xf32>
  return %0 : vector<8xf32>
}

// CHECK-LABEL: func.func @integer_powers
// CHECK-NOT: math.ipowi
// CHECK: return
func.func @integer_powers(%x: vector<8xi32>, %y: vector<8xi32>) -> vector<8xi32> {
  %0 = math.ipowi %x, %y : vector<8xi32>
  return %0 : vector<8xi32>
}

// CHECK-LABEL: func.func @fifth_power
// CHECK: %[[X2:.*]] = arith.muli %arg0, %arg0
// CHECK-NEXT: %[[X4:.*]] = arith.muli %[[X2]], %[[X2]]
// CHECK-NEXT: %[[X5:.*]] = arith.muli %[[X4]], %arg0
// CHECK-NEXT: return %[[X5]]
func.func @fifth_power(%x: i32) -> i32 {
  %five = arith.constant 5 : i32
  %0 = math.ipowi %x, %five : i32
  return %0 : i32
}

// Narrow floats are computed as f32.

// CHECK-LABEL: func.func @halves
// CHECK: arith.extf %arg0 : vector<8xf16> to vector<8xf32>
// CHECK-NOT: math.tanh
// CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xf16>
func.func @halves(%x: vector<8xf16>) -> vector<8xf16> {
  %0 = math.tanh %x : vector<8xf16>
  return %0 : vector<8xf16>
}

// Without an expansion for f64, libm remains.

// CHECK-LABEL: func.func @doubles
// CHECK: math.exp
func.func @doubles(%x: vector<4xf64>) -> vector<4xf64> {
  %0 = math.exp %x : vector<4xf64>
  return %0 : vector<4xf64>
}
