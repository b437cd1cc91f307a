// RUN: dlc-opt %s -split-input-file -plan-inplace | FileCheck %s

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @sum : (memref<8xf32>, memref<2x4xf32>) -> memref<2x4xf32> variants []

// A chain of three: the slots of the last two become the first.
// CHECK-LABEL: device.program @main
device.program @main(%x: memref<8xf32>, %z: memref<2x4xf32>) outputs(%y: memref<2x4xf32>)
    attributes {input_names = ["x", "z"], output_names = ["y"]} {
  // The input is never written.
  // CHECK: %[[A:.+]] = device.slot
  // CHECK-NOT: device.slot
  %a = device.slot : memref<8xf32>
  device.launch @f(%x) outputs(%a) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  %b = device.slot : memref<8xf32>
  // CHECK: device.launch @f(%[[A]]) outputs(%[[A]])
  device.launch @f(%a) outputs(%b) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  %c = device.slot : memref<2x4xf32>
  // CHECK: %[[V:.+]] = device.view %[[A]] : memref<8xf32> to memref<2x4xf32>
  // CHECK: device.launch @sum(%[[A]], %z) outputs(%[[V]])
  device.launch @sum(%b, %z) outputs(%c) {inplace = [array<i64: 1, 0>, array<i64: 0, 0>]} : (memref<8xf32>, memref<2x4xf32>) -> memref<2x4xf32>
  %d = device.view %c : memref<2x4xf32> to memref<8xf32>
  device.launch @sum(%d, %c) outputs(%y) : (memref<8xf32>, memref<2x4xf32>) -> memref<2x4xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @g : (memref<8xf32>, memref<8xf32>) -> memref<8xf32> variants []
device.kernel @two : (memref<8xf32>) -> (memref<8xf32>, memref<8xf32>) variants []

// Four that must not share, but for one output of @two.
// CHECK-LABEL: device.program @main
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK: %[[A:.+]] = device.slot
  %a = device.slot : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  // %a lives on.
  // CHECK: %[[B:.+]] = device.slot
  // CHECK: device.launch @f(%[[A]]) outputs(%[[B]])
  %b = device.slot : memref<8xf32>
  device.launch @f(%a) outputs(%b) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  // %b is also input 1, which must not change under the kernel.
  // CHECK: %[[C:.+]] = device.slot
  // CHECK: device.launch @g(%[[B]], %[[B]]) outputs(%[[C]])
  %c = device.slot : memref<8xf32>
  device.launch @g(%b, %b) outputs(%c) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
  // No permission.
  // CHECK: %[[D:.+]] = device.slot
  // CHECK: device.launch @g(%[[A]], %[[C]]) outputs(%[[D]])
  %d = device.slot : memref<8xf32>
  device.launch @g(%a, %c) outputs(%d) : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
  // One input for two outputs: the first takes it.
  // CHECK-NEXT: %[[F:.+]] = device.slot
  // CHECK-NEXT: device.launch @two(%[[D]]) outputs(%[[D]], %[[F]])
  %e = device.slot : memref<8xf32>
  %f = device.slot : memref<8xf32>
  device.launch @two(%d) outputs(%e, %f) {inplace = [array<i64: 0, 0>, array<i64: 0, 1>]} : (memref<8xf32>) -> (memref<8xf32>, memref<8xf32>)
  device.launch @g(%e, %f) outputs(%y) : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}

// -----

// A part of a slot has neighbours that live on; and nothing takes it over.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @h : (memref<16xf32>) -> memref<8xf32> variants []
// CHECK-LABEL: device.program @main
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK: %[[A:.+]] = device.slot : memref<16xf32>
  // CHECK: %[[LOW:.+]] = device.view %[[A]] at 0
  // CHECK: %[[HIGH:.+]] = device.view %[[A]] at 32
  %a = device.slot : memref<16xf32>
  %low = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %high = device.view %a at 32 : memref<16xf32> to memref<8xf32>
  // CHECK: %[[B:.+]] = device.slot : memref<8xf32>
  %b = device.slot : memref<8xf32>
  device.launch @f(%x) outputs(%b) : (memref<8xf32>) -> memref<8xf32>
  // CHECK: device.launch @f(%[[B]]) outputs(%[[LOW]])
  device.launch @f(%b) outputs(%low) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%high) : (memref<8xf32>) -> memref<8xf32>
  // CHECK: %[[C:.+]] = device.slot : memref<8xf32>
  // CHECK: device.launch @h(%[[A]])
  %c = device.slot : memref<8xf32>
  device.launch @h(%a) outputs(%y) : (memref<16xf32>) -> memref<8xf32>
  // CHECK: device.launch @f(%[[HIGH]]) outputs(%[[C]])
  device.launch @f(%high) outputs(%c) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
}
