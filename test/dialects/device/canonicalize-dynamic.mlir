// RUN: dlc-opt %s -canonicalize | FileCheck %s

// CHECK: #[[SUM:.+]] = affine_map<()[s0] -> (s0 * 4 + 4)>
device.kernel @f : (memref<2xf32>) -> memref<6xf32> variants []

// CHECK-LABEL: device.program @dynamicParts
device.program @dynamicParts(%x: memref<4x4xf32>) outputs(%y: memref<6xf32>)
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"N", typical = 4>],
      dynamic_input_shapes = [affine_map<()[s0] -> (s0, 4)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (6)>]} {
  // The number of bytes from the start is a sum too.
  // CHECK-NEXT: %[[V:.+]] = device.view %x at 20 {dynamic_offset = #[[SUM]]} : memref<4x4xf32> to memref<2xf32>
  %0 = device.view %x at 16 {dynamic_offset = affine_map<()[s0] -> (s0 * 4)>} : memref<4x4xf32> to memref<6xf32>
  %1 = device.view %0 at 4 : memref<6xf32> to memref<2xf32>
  device.launch @f(%1) outputs(%y) : (memref<2xf32>) -> memref<6xf32>
}
