// RUN: dlc-opt %s -pass-pipeline='builtin.module(func.func(plan-schedule),plan-bufferize,device.program(plan-inplace,plan-weights,plan-arena,plan-verify))' | FileCheck %s

// A residual block with two branches: the plan is sound and as small as the
// largest live set, three slots.

kernel.func @relu(%x: memref<4x16xf32>) outputs(%y: memref<4x16xf32>) attributes {inplace = [array<i64: 0, 0>]} {
  %zero = arith.constant 0.0 : f32
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 16 {
      %0 = kernel.load %x[%i, %j] : memref<4x16xf32>
      %1 = arith.maximumf %0, %zero : f32
      kernel.store %1, %y[%i, %j] : memref<4x16xf32>
    }
  }
}
kernel.func @dense(%x: memref<4x16xf32>, %w: memref<1x16x16xf32>) outputs(%y: memref<4x16xf32>) {
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 16 {
      %sum = kernel.reduce add (%k) to (16) : f32 {
        %0 = kernel.load %x[%i, %k] : memref<4x16xf32>
        %1 = kernel.load %w[0, %k, %j] : memref<1x16x16xf32>
        %2 = arith.mulf %0, %1 : f32
        kernel.yield %2 : f32
      }
      kernel.store %sum, %y[%i, %j] : memref<4x16xf32>
    }
  }
}
kernel.func @add(%a: memref<4x16xf32>, %b: memref<4x16xf32>) outputs(%y: memref<4x16xf32>) attributes {inplace = [array<i64: 0, 0>, array<i64: 1, 0>]} {
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 16 {
      %0 = kernel.load %a[%i, %j] : memref<4x16xf32>
      %1 = kernel.load %b[%i, %j] : memref<4x16xf32>
      %2 = arith.addf %0, %1 : f32
      kernel.store %2, %y[%i, %j] : memref<4x16xf32>
    }
  }
}

// CHECK: device.program @main(%data: memref<4x16xf32>) outputs(%out: memref<4x16xf32>)
// CHECK-SAME: arena 768 align 64 lower_bound 768 weights 2048
// CHECK-COUNT-3: device.slot at
// CHECK-NOT: device.slot
func.func @main(%x: tensor<4x16xf32> {graph.name = "data"}) -> (tensor<4x16xf32> {graph.name = "out"}) {
  %w0 = kernel.constant dense<1.0> : tensor<1x16x16xf32>
  %w1 = kernel.constant dense<2.0> : tensor<1x16x16xf32>
  %w2 = kernel.constant dense<1.0> : tensor<1x16x16xf32>
  %0 = kernel.call @dense(%x, %w0) : (tensor<4x16xf32>, tensor<1x16x16xf32>) -> tensor<4x16xf32>
  %1 = kernel.call @relu(%0) : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %2 = kernel.call @dense(%1, %w1) : (tensor<4x16xf32>, tensor<1x16x16xf32>) -> tensor<4x16xf32>
  %3 = kernel.call @dense(%1, %w2) : (tensor<4x16xf32>, tensor<1x16x16xf32>) -> tensor<4x16xf32>
  %4 = kernel.call @add(%2, %3) : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  %5 = kernel.call @add(%4, %1) : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  %6 = kernel.call @relu(%5) : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %6 : tensor<4x16xf32>
}
