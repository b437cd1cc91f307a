// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s
// Programs whose sizes depend on dims.

// CHECK-DAG: #[[TASKS:.+]] = affine_map<()[s0, s1] -> (s0)>
// CHECK-DAG: #[[SCRATCH:.+]] = affine_map<()[s0, s1] -> (s1 * 16)>
// CHECK-DAG: #[[PHASES:.+]] = affine_map<()[s0, s1] -> (s1)>
// CHECK-DAG: #[[IN:.+]] = affine_map<()[s0, s1] -> (s0, s1)>
// CHECK-DAG: #[[OUT:.+]] = affine_map<()[s0, s1] -> (s0 * (s1 floordiv 2) + s0 * (s1 ceildiv 2))>
// CHECK-DAG: #[[BYTES:.+]] = affine_map<()[s0, s1] -> ((s0 * s1) * 4)>
// CHECK-DAG: #[[OFFSET:.+]] = affine_map<()[s0, s1] -> (s0 * (s1 * 2))>
// CHECK-DAG: #[[FLOPS:.+]] = affine_map<()[s0, s1] -> (s0 * 4)>

// CHECK: device.kernel @step : (memref<8x4xf32>) -> memref<8x4xf32> variants [#device.variant<@step.v4, tasks = 8, scratch_bytes = 64, phases = 4, dynamic_tasks = #[[TASKS]], dynamic_scratch = #[[SCRATCH]], dynamic_phases = #[[PHASES]]>]
device.kernel @step : (memref<8x4xf32>) -> memref<8x4xf32>
  variants [#device.variant<@step.v4, tasks = 8, scratch_bytes = 64, phases = 4,
                            dynamic_tasks = affine_map<()[s0, s1] -> (s0)>,
                            dynamic_scratch = affine_map<()[s0, s1] -> (s1 * 16)>,
                            dynamic_phases = affine_map<()[s0, s1] -> (s1)>>]

// CHECK: device.kernel @other : (memref<8x4xf32>) -> memref<8x4xf32> variants [] grid <@other, blocks = 8, threads = 32, scratch_bytes = 64, phases = 4, dynamic_blocks = #[[TASKS]], dynamic_scratch = #[[SCRATCH]], dynamic_phases = #[[PHASES]]>
device.kernel @other : (memref<8x4xf32>) -> memref<8x4xf32> variants []
  grid <@other, blocks = 8, threads = 32, scratch_bytes = 64, phases = 4,
        dynamic_blocks = affine_map<()[s0, s1] -> (s0)>,
        dynamic_scratch = affine_map<()[s0, s1] -> (s1 * 16)>,
        dynamic_phases = affine_map<()[s0, s1] -> (s1)>>

// CHECK-LABEL: device.program @dynamic(%x: memref<8x4xf32>) outputs(%y: memref<32xf32>)
// CHECK-SAME: dims = [#device.dim<"N", max = 64, typical = 8>, #device.dim<"H", min = 2, multiple = 2, typical = 4>]
// CHECK-SAME: dynamic_input_shapes = [#[[IN]]]
// CHECK-SAME: dynamic_output_shapes = [#[[OUT]]]
device.program @dynamic(%x: memref<8x4xf32>) outputs(%y: memref<32xf32>)
    arena 320 align 64 lower_bound 256 weights 0
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"N", max = 64, typical = 8>,
              #device.dim<"H", min = 2, multiple = 2, typical = 4>],
      dynamic_input_shapes = [affine_map<()[s0, s1] -> (s0, s1)>],
      dynamic_output_shapes = [affine_map<()[s0, s1] -> (s0 * (s1 floordiv 2) + s0 * (s1 ceildiv 2))>]} {
  // CHECK: %[[A:.+]] = device.slot at 0 {dynamic_bytes = #[[BYTES]]} : memref<8x4xf32>
  %a = device.slot at 0 {dynamic_bytes = affine_map<()[s0, s1] -> (s0 * s1 * 4)>} : memref<8x4xf32>
  // CHECK: %[[B:.+]] = device.slot at 128 above(%[[A]] : memref<8x4xf32>) {dynamic_bytes = #[[BYTES]]} : memref<8x4xf32>
  %b = device.slot at 128 above(%a : memref<8x4xf32>) {dynamic_bytes = affine_map<()[s0, s1] -> (s0 * s1 * 4)>} : memref<8x4xf32>
  // CHECK: device.slot at 256 above(%[[A]], %[[B]] : memref<8x4xf32>, memref<8x4xf32>) : memref<4xf32>
  %c = device.slot at 256 above(%a, %b : memref<8x4xf32>, memref<8x4xf32>) : memref<4xf32>
  // CHECK: device.view %[[B]] at 64 {dynamic_offset = #[[OFFSET]]} : memref<8x4xf32> to memref<4xf32>
  %d = device.view %b at 64 {dynamic_offset = affine_map<()[s0, s1] -> (s0 * (s1 * 2))>} : memref<8x4xf32> to memref<4xf32>
  // CHECK: device.launch @step(%x) outputs(%[[A]]) {dynamic_flops = #[[FLOPS]], flops = 32 : i64}
  device.launch @step(%x) outputs(%a) {flops = 32 : i64, dynamic_flops = affine_map<()[s0, s1] -> (s0 * 4)>} : (memref<8x4xf32>) -> memref<8x4xf32>
}
