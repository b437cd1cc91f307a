// RUN: dlc-opt --pass-pipeline='builtin.module(device.program(plan-verify))' --verify-diagnostics %s

device.kernel @f : (memref<8x4xf32>) -> memref<8x4xf32> variants []
device.kernel @add : (memref<8x4xf32>, memref<8x4xf32>) -> memref<8x4xf32>
  variants []

// Apart at the typical size says nothing of other sizes.
device.program @main(%x: memref<8x4xf32>) outputs(%y: memref<8x4xf32>) arena 256 align 64 lower_bound 256 weights 0
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"N", max = 64, typical = 8>],
      dynamic_input_shapes = [affine_map<()[s0] -> (s0, 4)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (s0, 4)>]} {
  // expected-note @+1 {{the other slot}}
  %0 = device.slot at 0 {dynamic_bytes = affine_map<()[s0] -> (s0 * 16)>} : memref<8x4xf32>
  // expected-error @+1 {{isn't above or below another slot while both are alive}}
  %1 = device.slot at 128 {dynamic_bytes = affine_map<()[s0] -> (s0 * 16)>} : memref<8x4xf32>
  device.launch @f(%x) outputs(%0) : (memref<8x4xf32>) -> memref<8x4xf32>
  device.launch @f(%0) outputs(%1) : (memref<8x4xf32>) -> memref<8x4xf32>
  device.launch @add(%0, %1) outputs(%y) : (memref<8x4xf32>, memref<8x4xf32>) -> memref<8x4xf32>
}
