// RUN: dlc-opt %s -pass-pipeline='builtin.module(device.program(plan-weights))' | FileCheck %s
// RUN: dlc-opt %s -pass-pipeline='builtin.module(device.program(plan-weights{alignment=256}))' | FileCheck %s --check-prefix=ALIGN

device.kernel @f : (memref<3xf32>, memref<3xi1>) -> memref<3xf32> variants []
device.kernel @g : (memref<3xf32>, memref<12xi8>) -> memref<3xf32> variants []

// In the order of use, equal bytes once, unused ones gone.
// CHECK-LABEL: device.program @main
// CHECK-SAME: weights 67
// ALIGN-LABEL: device.program @main
// ALIGN-SAME: weights 259
device.program @main() outputs(%y: memref<3xf32>)
    attributes {input_names = [], output_names = ["y"]} {
  // CHECK-NOT: dense<9.
  %unused = device.weights dense<9.0> : tensor<3xf32>
  // CHECK: device.weights at 64 dense<[true, false, true]> : tensor<3xi1>
  // ALIGN: device.weights at 256 dense<[true, false, true]> : tensor<3xi1>
  %mask = device.weights dense<[true, false, true]> : tensor<3xi1>
  // CHECK: device.weights at 0 dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
  %a = device.weights dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  // The same bytes with another type.
  // CHECK: device.weights at 0 dense<{{.*}}> : tensor<12xi8>
  %b = device.weights dense<[0, 0, -128, 63, 0, 0, 0, 64, 0, 0, 64, 64]> : tensor<12xi8>
  %0 = device.slot : memref<3xf32>
  device.launch @f(%a, %mask) outputs(%0) : (memref<3xf32>, memref<3xi1>) -> memref<3xf32>
  device.launch @g(%0, %b) outputs(%y) : (memref<3xf32>, memref<12xi8>) -> memref<3xf32>
}
