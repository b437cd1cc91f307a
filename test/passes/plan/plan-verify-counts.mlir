// SPDX-License-Identifier: Apache-2.0
// What depends on a count comes after it, and what is counted has been written.
// RUN: dlc-opt --pass-pipeline='builtin.module(device.program(plan-verify))' --split-input-file --verify-diagnostics %s

device.kernel @f : (memref<10xi64>) -> memref<3xi64> variants []
device.program @late(%x: memref<10xi64>) outputs(%y: memref<3xi64>) arena 0 align 64 lower_bound 0 weights 0
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0] -> (8)>>],
      dynamic_input_shapes = [affine_map<()[s0] -> (10)>], dynamic_output_shapes = [affine_map<()[s0] -> (s0)>]} {
  // expected-error @+1 {{depends on the dim "K" before it is counted}}
  device.launch @f(%x) outputs(%y) {flops = 3 : i64, dynamic_flops = affine_map<()[s0] -> (s0)>}
    : (memref<10xi64>) -> memref<3xi64>
  device.count %x count 0 : memref<10xi64>
}

// -----

device.program @unwritten(%x: memref<10xi64>) outputs() arena 128 align 64 lower_bound 80 weights 0
    attributes {input_names = ["x"], output_names = [],
      dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0] -> (8)>>],
      dynamic_input_shapes = [affine_map<()[s0] -> (10)>], dynamic_output_shapes = []} {
  %0 = device.slot at 0 : memref<10xi64>
  // expected-error @+1 {{reads a buffer that nothing has written}}
  device.count %0 count 0 : memref<10xi64>
}
