// SPDX-License-Identifier: Apache-2.0
// Instructions are counted as often as they run, and cost what the target says.
// RUN: dlc-opt %s --kernel-estimate-work | FileCheck %s

module attributes {device.target = #device.target<"t", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v3",
    features = "", dispatch = 2, vector_bytes = 32, vector_registers = 16, masks = false, l1_bytes = 32768,
    l2_bytes = 524288, fmas = 2, fma_latency = 4, loads = 2, stores = 1>} {

// One store a cycle, 2 x 16 of them; 2 inner loops and an outer one.

// CHECK-LABEL: func.func @stores
// CHECK-SAME: kernel.work = {cycles = 50 : i64, limits = {loop = 18 : i64, store = 32 : i64}, touched = array<i64: 0, 512>}
func.func @stores(%x: memref<256xf32>, %y: memref<128xf32>, %begin: index, %end: index, %scratch: memref<0xi8>)
    attributes {kernel.num_tasks = 2 : i64, kernel.scratch_bytes = 0 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant dense<0.0> : vector<8xf32>
  scf.for %i = %begin to %end step %c1 {
    scf.for %j = %c0 to %c128 step %c8 {
      vector.store %zero, %y[%j] : memref<128xf32>, vector<8xf32>
    }
  }
  return
}

// A chain of multiply-adds waits 4 cycles for each.

// CHECK-LABEL: func.func @chain
// CHECK-SAME: latency = {{[0-9]+}} : i64
// CHECK-SAME: products = 8000 : i64
func.func @chain(%x: memref<8000xf32>, %y: memref<8xf32>, %begin: index, %end: index, %scratch: memref<0xi8>)
    attributes {kernel.num_tasks = 1 : i64, kernel.scratch_bytes = 0 : i64} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c8000 = arith.constant 8000 : index
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %0 = scf.for %j = %c0 to %c8000 step %c8 iter_args(%sum = %zero) -> vector<8xf32> {
    %a = vector.load %x[%j] : memref<8000xf32>, vector<8xf32>
    %next = vector.fma %a, %a, %sum : vector<8xf32>
    scf.yield %next : vector<8xf32>
  }
  vector.store %0, %y[%c0] : memref<8xf32>, vector<8xf32>
  return
}

// All phases count. What data decide is taken for rare: 3 calls of libm with 40 cycles each are not among them.

// CHECK-LABEL: func.func @phases
// CHECK-NOT: call =
// CHECK-SAME: divide = 60 : i64
// CHECK-SAME: scalars = 12 : i64
func.func @phases(%x: memref<3xf32>, %begin: index, %end: index, %scratch: memref<0xi8>)
    attributes {kernel.num_tasks = 4 : i64, kernel.num_phases = 3 : i64, kernel.scratch_bytes = 0 : i64} {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %first = arith.divui %begin, %c4 : index
  %last = arith.ceildivui %end, %c4 : index
  scf.for %phase = %first to %last step %c1 {
    %from = arith.muli %phase, %c4 : index
    %to = arith.addi %from, %c4 : index
    scf.for %i = %from to %to step %c1 {
      %0 = memref.load %x[%phase] : memref<3xf32>
      %1 = arith.divf %0, %0 : f32
      %2 = arith.cmpf olt, %1, %0 : f32
      scf.if %2 {
        %3 = math.powf %1, %1 : f32
        memref.store %3, %x[%phase] : memref<3xf32>
      }
    }
  }
  return
}

// Elements that lie apart; a table of which one row is read.

// CHECK-LABEL: func.func @gathers
// CHECK-SAME: gathered = 64 : i64
// CHECK-SAME: touched = array<i64: 256, 32>
func.func @gathers(%table: memref<4096xf32>, %y: memref<8xf32>, %begin: index, %end: index, %scratch: memref<0xi8>)
    attributes {kernel.num_tasks = 8 : i64, kernel.scratch_bytes = 0 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %mask = arith.constant dense<true> : vector<8xi1>
  %none = arith.constant dense<0.0> : vector<8xf32>
  %offsets = arith.constant dense<[0, 16, 32, 48, 64, 80, 96, 112]> : vector<8xindex>
  scf.for %i = %begin to %end step %c1 {
    %0 = vector.gather %table[%i] [%offsets], %mask, %none
      : memref<4096xf32>, vector<8xindex>, vector<8xi1>, vector<8xf32> into vector<8xf32>
    vector.store %0, %y[%c0] : memref<8xf32>, vector<8xf32>
  }
  return
}
}
