// RUN: dlc-opt %s -split-input-file -plan-bufferize | FileCheck %s

kernel.func @twice(%x: memref<8xf32>) outputs(%y: memref<8xf32>) attributes {inplace = [array<i64: 0, 0>]} {
  kernel.parallel () to () {
    kernel.vector_loop %i to 8 {
      %0 = kernel.load %x[%i] : memref<8xf32>
      %1 = arith.addf %0, %0 : f32
      kernel.store %1, %y[%i] : memref<8xf32>
    }
  }
}
kernel.func @add(%x: memref<8xf32>, %w: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 8 {
      %0 = kernel.load %x[%i] : memref<8xf32>
      %1 = kernel.load %w[%i] : memref<8xf32>
      %2 = arith.addf %0, %1 : f32
      kernel.store %2, %y[%i] : memref<8xf32>
    }
  }
}

// Intermediate results get slots, the returned one is written in place.
// CHECK-LABEL: device.program @main(%data: memref<2x4xf32>) outputs(%out: memref<4x2xf32>)
// CHECK-SAME: attributes {input_names = ["data"], output_names = ["out"]}
func.func @main(%x: tensor<2x4xf32> {graph.name = "data"}) -> (tensor<4x2xf32> {graph.name = "out"}) {
  // CHECK-DAG: %[[X:.+]] = device.view %data : memref<2x4xf32> to memref<8xf32>
  %0 = kernel.view %x : tensor<2x4xf32> to tensor<8xf32>
  // CHECK-DAG: %[[W:.+]] = device.weights dense<1.000000e+00> : tensor<8xf32>
  %w = kernel.constant dense<1.0> : tensor<8xf32>
  // CHECK: %[[A:.+]] = device.slot : memref<8xf32>
  // CHECK-NEXT: device.launch @add(%[[X]], %[[W]]) outputs(%[[A]]) {flops = 8 : i64, nodes = ["plus0"]}
  %1 = kernel.call @add(%0, %w) {nodes = ["plus0"], flops = 8} : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  // CHECK-NEXT: %[[Y:.+]] = device.view %out : memref<4x2xf32> to memref<8xf32>
  // CHECK-NEXT: device.launch @twice(%[[A]]) outputs(%[[Y]]) {inplace = [array<i64: 0, 0>]}
  %2 = kernel.call @twice(%1) : (tensor<8xf32>) -> tensor<8xf32>
  %3 = kernel.view %2 : tensor<8xf32> to tensor<4x2xf32>
  // CHECK-NEXT: }
  return %3 : tensor<4x2xf32>
}

// -----

kernel.func @twice(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 8 {
      %0 = kernel.load %x[%i] : memref<8xf32>
      %1 = arith.addf %0, %0 : f32
      kernel.store %1, %y[%i] : memref<8xf32>
    }
  }
}

// Inputs, constants and values returned twice are copied, by one kernel for
// each number of elements.
// CHECK: kernel.func @copy_8xf32(%{{.*}}: memref<8xf32>) outputs(%{{.*}}: memref<8xf32>)
// CHECK-NOT: kernel.func @copy
// CHECK-LABEL: device.program @main(%input0: memref<8xf32>) outputs(%output0: memref<8xf32>, %output1: memref<8xf32>, %output2: memref<8xf32>, %output3: memref<2x4xf32>)
func.func @main(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2x4xf32>) {
  // CHECK: %[[W:.+]] = device.weights
  %w = kernel.constant dense<1.0> : tensor<8xf32>
  // CHECK: device.launch @twice(%input0) outputs(%output0)
  %0 = kernel.call @twice(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %1 = kernel.view %0 : tensor<8xf32> to tensor<2x4xf32>
  // CHECK-NOT: device.slot
  // CHECK: device.launch @copy_8xf32(%input0) outputs(%output1)
  // CHECK: device.launch @copy_8xf32(%[[W]]) outputs(%output2)
  // CHECK: %[[TO:.+]] = device.view %output3 : memref<2x4xf32> to memref<8xf32>
  // CHECK: device.launch @copy_8xf32(%output0) outputs(%[[TO]])
  return %0, %x, %w, %1 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2x4xf32>
}

// -----

// Large copies have several tasks.
// CHECK: kernel.func @copy_200000xi8
// CHECK: parallel (%[[T:.+]]) to (3)
// CHECK: vector_loop %[[I:.+]] to 65536
// CHECK: load %{{.+}}[%[[T]] * 65536 + %[[I]]]
// CHECK: parallel (%[[T:.+]]) to (1)
// CHECK: vector_loop %[[I:.+]] to 3392
// CHECK: load %{{.+}}[%[[T]] * 3392 + %[[I]] + 196608]
func.func @main(%x: tensor<200000xi8>) -> tensor<200000xi8> {
  return %x : tensor<200000xi8>
}

// -----

kernel.func @one(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel (%t) to (1) {}
}
kernel.func @two(%x: memref<16xf32>) outputs(%y: memref<24xf32>) {
  kernel.parallel (%t) to (1) {}
}

// The parts of a join are computed in it. The operand of a second join, an
// input and what has a slot of its own are copied.
// CHECK-LABEL: device.program @main(%input0: memref<8xf32>) outputs(%output0: memref<56xf32>)
// CHECK-NEXT: %[[SLOT:.+]] = device.slot : memref<40xf32>
// CHECK-NEXT: %[[A:.+]] = device.view %[[SLOT]] at 0 : memref<40xf32> to memref<8xf32>
// CHECK-NEXT: device.launch @one(%input0) outputs(%[[A]])
// CHECK-NEXT: %[[B:.+]] = device.view %output0 at 32 : memref<56xf32> to memref<8xf32>
// CHECK-NEXT: device.launch @one(%[[A]]) outputs(%[[B]])
// CHECK-NEXT: %[[FROM:.+]] = device.view %output0 at 32 : memref<56xf32> to memref<8xf32>
// CHECK-NEXT: %[[TO:.+]] = device.view %[[SLOT]] at 32 : memref<40xf32> to memref<8xf32>
// CHECK-NEXT: device.launch @copy_8xf32(%[[FROM]]) outputs(%[[TO]])
// CHECK-NEXT: %[[AB:.+]] = device.view %[[SLOT]] at 0 : memref<40xf32> to memref<16xf32>
// CHECK-NEXT: %[[C:.+]] = device.view %[[SLOT]] at 64 : memref<40xf32> to memref<24xf32>
// CHECK-NEXT: device.launch @two(%[[AB]]) outputs(%[[C]])
// CHECK-NEXT: %[[TO_X:.+]] = device.view %output0 at 0 : memref<56xf32> to memref<8xf32>
// CHECK-NEXT: device.launch @copy_8xf32(%input0) outputs(%[[TO_X]])
// CHECK-NEXT: %[[TO_ABC:.+]] = device.view %output0 at 64 : memref<56xf32> to memref<40xf32>
// CHECK-NEXT: device.launch @copy_40xf32(%[[SLOT]]) outputs(%[[TO_ABC]])
// CHECK-NOT: device.launch
func.func @main(%x: tensor<8xf32>) -> tensor<56xf32> {
  %a = kernel.call @one(%x) : (tensor<8xf32>) -> tensor<8xf32>
  %b = kernel.call @one(%a) : (tensor<8xf32>) -> tensor<8xf32>
  %ab = kernel.join %a, %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<16xf32>
  %c = kernel.call @two(%ab) : (tensor<16xf32>) -> tensor<24xf32>
  %abc = kernel.join %ab, %c : (tensor<16xf32>, tensor<24xf32>) -> tensor<40xf32>
  %view = kernel.view %abc at 0 : tensor<40xf32> to tensor<40xf32>
  %all = kernel.join %x, %b, %view : (tensor<8xf32>, tensor<8xf32>, tensor<40xf32>) -> tensor<56xf32>
  return %all : tensor<56xf32>
}

// -----

kernel.func @first(%x: memref<2xi8>) outputs(%y: memref<1xf32>) {
  kernel.parallel () to () {
    %0 = kernel.load %x[0] : memref<2xi8>
    %1 = arith.uitofp %0 : i8 to f32
    kernel.store %1, %y[0] : memref<1xf32>
  }
}

// What callers know tensors as goes along, where buffers don't say.
// CHECK-LABEL: device.program @main(%x: memref<2xi8>)
// CHECK-SAME: input_types = [tensor<2xui8>], output_names = ["y"], output_types = [tensor<f32>]
func.func @main(%x: tensor<2xi8> {graph.name = "x", graph.type = tensor<2xui8>})
    -> (tensor<1xf32> {graph.name = "y", graph.type = tensor<f32>}) {
  %0 = kernel.call @first(%x) {flops = 0 : i64, nodes = []} : (tensor<2xi8>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}
