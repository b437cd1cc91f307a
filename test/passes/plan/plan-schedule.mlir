// RUN: dlc-opt %s -split-input-file -plan-schedule | FileCheck %s

kernel.func @expand(%x: memref<1xf32>) outputs(%y: memref<1000xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 1000 {
      %0 = kernel.load %x[0] : memref<1xf32>
      kernel.store %0, %y[%i] : memref<1000xf32>
    }
  }
}
kernel.func @sum(%x: memref<10x100xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel () to () {
    %0 = kernel.reduce add (%i, %j) to (10, 100) : f32 {
      %1 = kernel.load %x[%i, %j] : memref<10x100xf32>
      kernel.yield %1 : f32
    }
    kernel.store %0, %y[0] : memref<1xf32>
  }
}
kernel.func @add(%x: memref<1xf32>, %z: memref<1xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel () to () {
    %0 = kernel.load %x[0] : memref<1xf32>
    %1 = kernel.load %z[0] : memref<1xf32>
    %2 = arith.addf %0, %1 : f32
    kernel.store %2, %y[0] : memref<1xf32>
  }
}

// One large tensor at a time; views and constants go with their users.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[A:.+]] = kernel.call @expand(%arg0)
  // CHECK-NEXT: %[[AV:.+]] = kernel.view %[[A]]
  // CHECK-NEXT: %[[SA:.+]] = kernel.call @sum(%[[AV]])
  // CHECK-NEXT: %[[W:.+]] = kernel.constant
  // CHECK-NEXT: %[[B:.+]] = kernel.call @expand(%[[W]])
  // CHECK-NEXT: %[[BV:.+]] = kernel.view %[[B]]
  // CHECK-NEXT: %[[SB:.+]] = kernel.call @sum(%[[BV]])
  // CHECK-NEXT: kernel.call @add(%[[SA]], %[[SB]])
  %w = kernel.constant dense<1.0> : tensor<1xf32>
  %a = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
  %b = kernel.call @expand(%w) : (tensor<1xf32>) -> tensor<1000xf32>
  %av = kernel.view %a : tensor<1000xf32> to tensor<10x100xf32>
  %bv = kernel.view %b : tensor<1000xf32> to tensor<10x100xf32>
  %sa = kernel.call @sum(%av) : (tensor<10x100xf32>) -> tensor<1xf32>
  %sb = kernel.call @sum(%bv) : (tensor<10x100xf32>) -> tensor<1xf32>
  %y = kernel.call @add(%sa, %sb) : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

kernel.func @expand(%x: memref<1xf32>) outputs(%y: memref<1000xf32>) {
  kernel.parallel (%t) to (1) {}
}
kernel.func @sum(%x: memref<2000xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel (%t) to (1) {}
}
kernel.func @add(%x: memref<1xf32>, %z: memref<1xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel (%t) to (1) {}
}

// The parts of a join live until it has been read.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  // CHECK: %[[A:.+]] = kernel.call @expand(%arg0)
  // CHECK-NEXT: %[[B:.+]] = kernel.call @expand(%arg0)
  // CHECK-NEXT: %[[AB:.+]] = kernel.join %[[A]], %[[B]]
  // CHECK-NEXT: %[[SAB:.+]] = kernel.call @sum(%[[AB]])
  // CHECK-NEXT: %[[C:.+]] = kernel.call @expand(%arg0)
  // CHECK-NEXT: %[[D:.+]] = kernel.call @expand(%arg0)
  // CHECK-NEXT: %[[CD:.+]] = kernel.join %[[C]], %[[D]]
  // CHECK-NEXT: %[[SCD:.+]] = kernel.call @sum(%[[CD]])
  // CHECK-NEXT: kernel.call @add(%[[SAB]], %[[SCD]])
  %a = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
  %b = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
  %c = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
  %d = kernel.call @expand(%x) : (tensor<1xf32>) -> tensor<1000xf32>
  %ab = kernel.join %a, %b : (tensor<1000xf32>, tensor<1000xf32>) -> tensor<2000xf32>
  %cd = kernel.join %c, %d : (tensor<1000xf32>, tensor<1000xf32>) -> tensor<2000xf32>
  %sab = kernel.call @sum(%ab) : (tensor<2000xf32>) -> tensor<1xf32>
  %scd = kernel.call @sum(%cd) : (tensor<2000xf32>) -> tensor<1xf32>
  %y = kernel.call @add(%sab, %scd) : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}
