// RUN: dlc-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{requires 'vector_bytes' to be a power of two, but got 24}}
#t = #device.target<"t", triple = "x", cpu = "c", features = "", dispatch = 0, vector_bytes = 24, vector_registers = 16, masks = false, l1_bytes = 1, l2_bytes = 1>

// -----

// expected-error @+1 {{requires 'vector_registers' to be positive, but got 0}}
#t = #device.target<"t", triple = "x", cpu = "c", features = "", dispatch = 0, vector_bytes = 32, vector_registers = 0, masks = false, l1_bytes = 1, l2_bytes = 1>

// -----

// expected-error @+1 {{requires 'l3_bytes' not to be negative, but got -1}}
#t = #device.target<"t", triple = "x", cpu = "c", features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16, masks = false, l1_bytes = 1, l2_bytes = 1, l3_bytes = -1>

// -----

// expected-error @+1 {{requires 'fmas' to be positive, but got 0}}
#t = #device.target<"t", triple = "x", cpu = "c", features = "", dispatch = 0, vector_bytes = 32, vector_registers = 16, masks = false, l1_bytes = 1, l2_bytes = 1, fmas = 0>

// -----

// expected-error @+1 {{requires 'tasks' and 'scratch_bytes' not to be negative}}
#v = #device.variant<@f, tasks = -1, scratch_bytes = 0>

// -----

// expected-error @+1 {{requires 'phases' to be positive}}
#v = #device.variant<@f, tasks = 1, scratch_bytes = 0, phases = 0>

// -----

// program C1
// expected-error @+1 {{requires one name for each input and output}}
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = [], output_names = []} {
}

// -----

// program C2
// expected-error @+1 {{requires buffers of static shape with the identity layout as arguments, but got 'memref<?xf32>'}}
device.program @main(%x: memref<?xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
}

// -----

// program C3
// expected-error @+1 {{requires the arena's alignment to be a power of two, but got 48}}
device.program @main() outputs() arena 64 align 48 attributes {input_names = [], output_names = []} {
}

// -----

// program C4
device.program @main() outputs() arena 64 align 64 attributes {input_names = [], output_names = []} {
  // expected-error @+1 {{takes bytes 64 to 96 of an arena, which has 64}}
  %0 = device.slot at 64 : memref<8xf32>
}

// -----

// program C4
device.program @main() outputs() weights 16 attributes {input_names = [], output_names = []} {
  // expected-error @+1 {{takes bytes 0 to 32 of a weights image, which has 16}}
  %0 = device.weights at 0 dense<1.0> : tensor<8xf32>
}

// -----

// program C5
// expected-error @+1 {{requires 'input_types' and 'output_types' to be tensors of as many bytes as the buffers}}
device.program @main(%x: memref<2xi8>) outputs() attributes {input_names = ["x"], output_names = [], input_types = [tensor<2xi16>]} {
}

// -----

// program C5
// expected-error @+1 {{requires 'input_types' and 'output_types' to be tensors of as many bytes as the buffers}}
device.program @main(%x: memref<2xi8>) outputs() attributes {input_names = ["x"], output_names = [], input_types = []} {
}

// -----

// kernel C1
// expected-error @+1 {{requires buffers of static shape with the identity layout, but got 'tensor<8xf32>'}}
device.kernel @relu : (tensor<8xf32>) -> memref<8xf32> variants []

// -----

// slot C1
device.program @main() outputs() attributes {input_names = [], output_names = []} {
  // expected-error @+1 {{requires a buffer with the identity layout, but got 'memref<8xf32, strided<[2]>>'}}
  %0 = device.slot : memref<8xf32, strided<[2]>>
}

// -----

// view C1
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{requires the same number of bytes on both sides, but got 'memref<8xf32>' and 'memref<4xf32>'}}
  %0 = device.view %x : memref<8xf32> to memref<4xf32>
}

// -----

// view C1, a part
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{requires a part of its source, but takes 'memref<4xf32>' at byte 20 of 'memref<8xf32>'}}
  %0 = device.view %x at 20 : memref<8xf32> to memref<4xf32>
}

// -----

// launch C1
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{callee @nothing is not a kernel.func or device.kernel}}
  device.launch @nothing(%x) outputs() : (memref<8xf32>) -> ()
}

// -----

// launch C2
device.kernel @f : (memref<4xf32>) -> () variants []
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{has inputs ('memref<8xf32>'), but the kernel has ('memref<4xf32>')}}
  device.launch @f(%x) outputs() : (memref<8xf32>) -> ()
}

// -----

// launch C3
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-error @+1 {{'inplace' names an input or output that does not exist}}
  device.launch @f(%x) outputs(%y) {inplace = [array<i64: 0, 1>]} : (memref<8xf32>) -> memref<8xf32>
}

// -----

// launch C3
device.kernel @f : (memref<8xf32>) -> memref<4xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<4xf32>) attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-error @+1 {{'inplace' pairs buffers of different size}}
  device.launch @f(%x) outputs(%y) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<4xf32>
}

// -----

// dim C1
// expected-error @+1 {{requires 'min' and 'multiple' of dim "N" to be positive}}
#d = #device.dim<"N", min = 0, typical = 1>

// -----

// dim C1
// expected-error @+1 {{requires the typical size of dim "H" to be a multiple of 32 from 32 to 512, but got 48}}
#d = #device.dim<"H", min = 32, max = 512, multiple = 32, typical = 48>

// -----

// program C6
// expected-error @+1 {{requires 'dims', 'dynamic_input_shapes' and 'dynamic_output_shapes' together}}
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>]} {
}

// -----

// program C6
// expected-error @+1 {{has two dims "N"}}
device.program @main() outputs() attributes {input_names = [], output_names = [], dims = [#device.dim<"N", typical = 8>, #device.dim<"N", typical = 9>], dynamic_input_shapes = [], dynamic_output_shapes = []} {
}

// -----

// program C6
// expected-error @+1 {{requires 'dynamic_input_shapes' to have 1 maps, but got 0}}
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [], dynamic_output_shapes = []} {
}

// -----

// program C7
// expected-error @+1 {{requires 'dynamic_input_shapes' to have the program's dims as its symbols, 1 in all, but got affine_map<()[s0, s1] -> (s0)>}}
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0, s1] -> (s0)>], dynamic_output_shapes = []} {
}

// -----

// program C7
// expected-error @+1 {{requires 'dynamic_input_shapes' to be (8) at the typical sizes, but it is (9)}}
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0 + 1)>], dynamic_output_shapes = []} {
}

// -----

// program C7
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{requires 'dynamic_bytes' to be (32) at the typical sizes, but it has no value there}}
  %0 = device.slot {dynamic_bytes = affine_map<()[s0] -> (s0 floordiv (s0 - 8))>} : memref<8xf32>
}

// -----

// program C7
device.program @main() outputs() attributes {input_names = [], output_names = []} {
  // expected-error @+1 {{has 'dynamic_bytes', but the program has no dims}}
  %0 = device.slot {dynamic_bytes = affine_map<() -> (32)>} : memref<8xf32>
}

// -----

// program C7
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{requires 'dynamic_offset' to be (4) at the typical sizes, but it is (8)}}
  %0 = device.view %x at 4 {dynamic_offset = affine_map<()[s0] -> (s0)>} : memref<8xf32> to memref<1xf32>
}

// -----

// program C8
device.program @main() outputs() arena 128 align 64 attributes {input_names = [], output_names = []} {
  %0 = device.slot at 0 : memref<8xf32>
  // expected-error @+1 {{is at 32, but above a slot that ends at 64}}
  %1 = device.slot at 32 above(%0 : memref<8xf32>) : memref<8xf32>
}

// -----

// slot C2
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{requires to be above slots of its device only}}
  %1 = device.slot above(%x : memref<8xf32>) : memref<8xf32>
}

// -----

// view C2
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{has 'dynamic_offset' without 'at'}}
  %0 = device.view %x {dynamic_offset = affine_map<()[s0] -> (s0 - 8)>} : memref<8xf32> to memref<2x4xf32>
}

// -----

// launch C4
device.kernel @f : (memref<8xf32>) -> () variants [#device.variant<@f.v3, tasks = 2, scratch_bytes = 0, dynamic_tasks = affine_map<()[s0] -> (s0)>>]
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{requires 'dynamic_tasks' to be (2) at the typical sizes, but it is (8)}}
  device.launch @f(%x) outputs() : (memref<8xf32>) -> ()
}

// -----

// launch C4
device.kernel @f : (memref<8xf32>) -> () variants [] grid <@f, blocks = 2, threads = 32, dynamic_blocks = affine_map<()[s0] -> (s0)>>
device.program @main(%x: memref<8xf32>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{requires 'dynamic_blocks' to be (2) at the typical sizes, but it is (8)}}
  device.launch @f(%x) outputs() : (memref<8xf32>) -> ()
}

// -----

// dim C1
// expected-error @+1 {{requires 'min' and 'multiple' of dim "K" to be positive, 'min' of a counted dim not to be negative}}
#k = #device.dim<"K", min = -1, typical = 8, most = affine_map<()[s0] -> (8)>>

// -----

// count C1
device.program @main(%x: memref<8xi32>) outputs() attributes {input_names = ["x"], output_names = []} {
  // expected-error @+1 {{requires a buffer of two or more elements of i64 in one dimension, but got 'memref<8xi32>'}}
  device.count %x count 0 : memref<8xi32>
}

// -----

// count C2
device.program @main(%x: memref<8xi64>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0] -> (s0)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{counts dim 0 of 0 that the program has to count, or counts it again}}
  device.count %x count 0 : memref<8xi64>
}

// -----

// count C2
device.program @main(%x: memref<8xi64>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0] -> (6)>>], dynamic_input_shapes = [affine_map<()[s0] -> (8)>], dynamic_output_shapes = []} {
  device.count %x count 0 : memref<8xi64>
  // expected-error @+1 {{counts dim 0 of 1 that the program has to count, or counts it again}}
  device.count %x count 0 : memref<8xi64>
}

// -----

// count C2
// expected-error @+1 {{never counts its dim "K"}}
device.program @main(%x: memref<8xi64>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0] -> (6)>>], dynamic_input_shapes = [affine_map<()[s0] -> (8)>], dynamic_output_shapes = []} {
}

// -----

// count C2
device.program @main(%x: memref<8xi64>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0] -> (7)>>], dynamic_input_shapes = [affine_map<()[s0] -> (8)>], dynamic_output_shapes = []} {
  // expected-error @+1 {{requires 'most' to be (6) at the typical sizes, but it is (7)}}
  device.count %x count 0 : memref<8xi64>
}

// -----

// program C6
// expected-error @+1 {{has the dim "N" behind one that is counted}}
device.program @main(%x: memref<8xi64>) outputs() attributes {input_names = ["x"], output_names = [], dims = [#device.dim<"K", min = 0, typical = 3, most = affine_map<()[s0, s1] -> (6)>>, #device.dim<"N", typical = 8>], dynamic_input_shapes = [affine_map<()[s0, s1] -> (s1)>], dynamic_output_shapes = []} {
  device.count %x count 0 : memref<8xi64>
}

// -----

// kernel C2
// expected-error @+1 {{'device.kernel' op has 'gemm' without 'grid'}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float32">

// -----

// kernel C2
// expected-error @+1 {{requires matrix 'a' of 'gemm' to lie in one of its buffers}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 17>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float32">

// -----

// kernel C2
// expected-error @+1 {{requires matrix 'b' of 'gemm' to lie in one of its buffers}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64, stride = 1>, d = <operand = 3, leading = 16>, compute = "float32", batch = 2>

// -----

// kernel C2
// expected-error @+1 {{requires matrix 'd' of 'gemm' to lie in one of its buffers}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 4, leading = 16>, compute = "float32">

// -----

// kernel C2
// expected-error @+1 {{requires matrix 'a' of 'gemm' to lie in one of its buffers}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float64">

// -----

// kernel C2
// expected-error @+1 {{requires 'gemm' to write an output}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 0, leading = 16>, compute = "float32">

// -----

// kernel C2
// expected-error @+1 {{requires the bias of 'gemm' to lie in an input}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float32", bias = 3>

// -----

// gemm C1
// expected-error @+1 {{requires 'm', 'n', 'k', 'batch' and 'alignment' to be positive}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 0, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float32">

// -----

// gemm C2
// expected-error @+1 {{requires columns that don't overlap}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 63>, d = <operand = 3, leading = 16>, compute = "float32">

// -----

// gemm C2
// expected-error @+1 {{requires 'c' and 'd' not to be transposed}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 32, transposed = true>, compute = "float32">

// -----

// gemm C3
// expected-error @+1 {{has the unknown 'compute' "float8"}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = 1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float8">

// -----

// matrix C1
// expected-error @+2 {{failed to parse Device_GemmAttr parameter 'a'}}
// expected-error @+1 {{requires 'leading' to be positive and 'operand' and 'stride' not to be negative}}
device.kernel @g : (memref<32x64xf32>, memref<64x16xf32>, memref<16xf32>) -> memref<32x16xf32> variants [] grid <@g, blocks = 4, threads = 64> gemm <m = 16, n = 32, k = 64, a = <operand = -1, leading = 16>, b = <operand = 0, leading = 64>, d = <operand = 3, leading = 16>, compute = "float32">

// -----

// gpu C1
// expected-error @+1 {{requires the numbers of GPU "sm_80" to be positive}}
module attributes {device.gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912, mma_rate = 0>} {
}

// -----

// program C9
device.kernel @compact : (memref<8xf32>) -> memref<10xi64> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<10xi64>) attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"K", min = 0, typical = 5, most = affine_map<()[s0] -> (8)>>],
      dynamic_input_shapes = [affine_map<()[s0] -> (8)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (10)>]} {
  device.count %y count 0 : memref<10xi64>
  // expected-error @+1 {{is on queue 1 of a program that counts}}
  device.launch @compact(%x) outputs(%y) queue 1 : (memref<8xf32>) -> memref<10xi64>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-error @+1 {{attribute 'queue' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative whose maximum value is 63}}
  device.launch @f(%x) outputs(%y) queue 64 : (memref<8xf32>) -> memref<8xf32>
}

// -----

// wait C1
device.program @main() outputs() attributes {input_names = [], output_names = []} {
  %0 = device.record queue 1
  // expected-error @+1 {{waits for its own queue, 1}}
  device.wait %0 queue 1
}
