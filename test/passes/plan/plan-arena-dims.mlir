// RUN: dlc-opt --pass-pipeline='builtin.module(device.program(plan-arena,plan-verify))' %s | FileCheck %s

// In a program with dims, slots are stacked: each is above those that are alive
// with it and lower.
device.kernel @f : (memref<8x4xf32>) -> memref<8x4xf32> variants []
device.kernel @add : (memref<8x4xf32>, memref<8x4xf32>) -> memref<8x4xf32>
  variants []

// CHECK: device.program @main
// CHECK: %[[A:.+]] = device.slot at 0 {
// CHECK: device.slot at 128 above(%[[A]] : memref<8x4xf32>)
device.program @main(%x: memref<8x4xf32>) outputs(%y: memref<8x4xf32>) weights 0
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"N", max = 64, typical = 8>],
      dynamic_input_shapes = [affine_map<()[s0] -> (s0, 4)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (s0, 4)>]} {
  %0 = device.slot {dynamic_bytes = affine_map<()[s0] -> (s0 * 16)>} : memref<8x4xf32>
  %1 = device.slot {dynamic_bytes = affine_map<()[s0] -> (s0 * 16)>} : memref<8x4xf32>
  device.launch @f(%x) outputs(%0) : (memref<8x4xf32>) -> memref<8x4xf32>
  device.launch @f(%0) outputs(%1) : (memref<8x4xf32>) -> memref<8x4xf32>
  device.launch @add(%0, %1) outputs(%y) : (memref<8x4xf32>, memref<8x4xf32>) -> memref<8x4xf32>
}
