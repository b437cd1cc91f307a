// SPDX-License-Identifier: Apache-2.0
// Functions become polynomials that stay in vector registers.
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

// Without an approximation for f64, libm remains.

// CHECK-LABEL: func.func @doubles
// CHECK: math.exp
func.func @doubles(%x: vector<4xf64>) -> vector<4xf64> {
  %0 = math.exp %x : vector<4xf64>
  return %0 : vector<4xf64>
}
