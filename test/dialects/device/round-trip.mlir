// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK: #device.target<"x86-64-v4", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64-v4", features = "", dispatch = 4, vector_bytes = 64, vector_registers = 32, masks = true, l1_bytes = 32768, l2_bytes = 1048576>
#v4 = #device.target<"x86-64-v4", triple = "x86_64-unknown-linux-gnu",
  cpu = "x86-64-v4", features = "", dispatch = 4, vector_bytes = 64,
  vector_registers = 32, masks = true, l1_bytes = 32768, l2_bytes = 1048576>

// CHECK: #device.target<"n1", triple = "aarch64-unknown-linux-gnu", cpu = "neoverse-n1", features = "", dispatch = 65536, vector_bytes = 16, vector_registers = 32, masks = false, l1_bytes = 65536, l2_bytes = 1048576, l1_ways = 4, l3_bytes = 1048576, fmas = 3, fma_latency = 5, loads = 4, stores = 2, mhz = 2600, memory_mbps = 14000>
#n1 = #device.target<"n1", triple = "aarch64-unknown-linux-gnu",
  cpu = "neoverse-n1", features = "", dispatch = 65536, vector_bytes = 16,
  vector_registers = 32, masks = false, l1_bytes = 65536, l2_bytes = 1048576,
  l1_ways = 4, l3_bytes = 1048576, fmas = 3, fma_latency = 5, loads = 4,
  stores = 2, mhz = 2600, memory_mbps = 14000>

module attributes {device.targets = [#v4, #n1]} {
  // CHECK: device.kernel @gemm : (memref<8xf32>) -> memref<8xf32> variants [#device.variant<@gemm.n1, tasks = 2, scratch_bytes = 0, schedule = [{rows = 6 : i64}]>]
  device.kernel @gemm : (memref<8xf32>) -> memref<8xf32>
    variants [#device.variant<@gemm.n1, tasks = 2, scratch_bytes = 0, schedule = [{rows = 6}]>]
  // CHECK: device.kernel @relu : (memref<8xf32>) -> memref<8xf32> variants [#device.variant<@"relu.x86-64-v4", tasks = 8, scratch_bytes = 64>]
  device.kernel @relu : (memref<8xf32>) -> memref<8xf32>
    variants [#device.variant<@"relu.x86-64-v4", tasks = 8, scratch_bytes = 64>]

  // CHECK: device.kernel @dot : (memref<6x4xf32>, memref<6x5xf32>, memref<5xf32>) -> memref<4x5xf32> variants []
  // CHECK-SAME: grid <@dot, blocks = 4, threads = 64>
  // CHECK-SAME: gemm <m = 5, n = 4, k = 6, a = <operand = 1, leading = 5>, b = <operand = 0, leading = 4, transposed = true>, d = <operand = 3, leading = 5>, bias = 2, relu = true, alpha = 5.000000e-01 : f32, beta = -1.000000e+00 : f32, compute = "tf32", alignment = 4, required = true>
  device.kernel @dot : (memref<6x4xf32>, memref<6x5xf32>, memref<5xf32>) -> memref<4x5xf32>
    variants [] grid <@dot, blocks = 4, threads = 64>
    gemm <m = 5, n = 4, k = 6, a = <operand = 1, leading = 5>,
          b = <operand = 0, leading = 4, transposed = true>,
          d = <operand = 3, leading = 5>, bias = 2, relu = true,
          alpha = 0.5 : f32, beta = -1.0 : f32, compute = "tf32", alignment = 4, required = true>

  // CHECK-LABEL: device.program @main(%data: memref<2x4xf32>) outputs(%out: memref<8xf32>)
  // CHECK-SAME: arena 96 align 64 lower_bound 64 weights 32
  // CHECK-SAME: attributes {input_names = ["data"], output_names = ["out"]}
  device.program @main(%arg0: memref<2x4xf32>) outputs(%arg1: memref<8xf32>)
      arena 96 align 64 lower_bound 64 weights 32
      attributes {input_names = ["data"], output_names = ["out"]} {
    // CHECK: %[[X:.+]] = device.view %data : memref<2x4xf32> to memref<8xf32>
    %0 = device.view %arg0 : memref<2x4xf32> to memref<8xf32>
    // CHECK: device.weights at 0 dense<5.000000e-01> : tensor<8xf32>
    %w = device.weights at 0 dense<0.5> : tensor<8xf32>
    // CHECK: %[[A:.+]] = device.slot at 64 : memref<8xf32>
    %a = device.slot at 64 : memref<8xf32>
    // CHECK: %[[B:.+]] = device.slot on device 1 : memref<8xf32>
    %b = device.slot on device 1 : memref<8xf32>
    // CHECK: device.launch @relu(%[[X]]) outputs(%[[A]]) {flops = 8 : i64, inplace = [array<i64: 0, 0>], nodes = ["relu0"]} : (memref<8xf32>) -> memref<8xf32>
    device.launch @relu(%0) outputs(%a) {nodes = ["relu0"], flops = 8 : i64, inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
    // CHECK: device.launch @relu(%[[A]]) outputs(%[[B]]) on device 1 queue 2 : (memref<8xf32>) -> memref<8xf32>
    device.launch @relu(%a) outputs(%b) on device 1 queue 2 : (memref<8xf32>) -> memref<8xf32>
    // CHECK: %[[E:.+]] = device.record queue 2
    // CHECK-NEXT: device.wait %[[E]] queue 0
    %e = device.record queue 2
    device.wait %e queue 0
    // CHECK: device.launch @relu(%{{.+}}) outputs(%out)
    device.launch @relu(%w) outputs(%arg1) : (memref<8xf32>) -> memref<8xf32>
  }

  // CHECK-LABEL: device.program @empty() outputs() attributes {input_names = [], output_names = []}
  device.program @empty() outputs() attributes {input_names = [], output_names = []} {
  }
}
