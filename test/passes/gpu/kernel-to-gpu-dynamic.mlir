// RUN: dlc-opt --kernel-to-gpu --split-input-file %s | FileCheck %s

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// 512 elements are whole blocks, but at another size they aren't. What an extent
// is at other sizes is for others to say: the terms have it apart.
// CHECK-LABEL: gpu.func @elements
// CHECK-SAME: kernel.block_terms = [array<i64: 512, 128>]
// CHECK-SAME: kernel.blocks = 4
// CHECK-SAME: kernel.threads = 128
// CHECK: %[[COUNT:.+]] = arith.constant 512 : index
// CHECK: arith.cmpi ult, %{{.+}}, %[[COUNT]] : index
// CHECK-NEXT: scf.if
kernel.func @elements(%x: memref<4x128xf32>) outputs(%y: memref<4x128xf32>) {
  kernel.parallel (%i) to (4) attributes {kernel.typical = array<i64: 4>} {
    kernel.vector_loop %j to 128 {
      %0 = kernel.load %x[%i, %j] : memref<4x128xf32>
      %1 = arith.addf %0, %0 : f32
      kernel.store %1, %y[%i, %j] : memref<4x128xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Few rows get a full block too, and scratch memory of a size that isn't known
// is each task's part of the global one, in multiples of 16 bytes.
// CHECK-LABEL: gpu.func @rows
// CHECK-SAME: kernel.block_terms = [array<i64: 3, 1>]
// CHECK-SAME: kernel.blocks = 3
// CHECK-SAME: kernel.scratch_bytes = 624
// CHECK-SAME: kernel.scratch_terms = [array<i64: 204, 16, 16, 1, 3, 1>]
// CHECK-SAME: kernel.shared_bytes = 0
// CHECK: memref.view
// CHECK: %[[COUNT:.+]] = arith.constant 51 : index
// CHECK: scf.for %{{.+}} = %{{.+}} to %[[COUNT]]
// CHECK: gpu.barrier
// CHECK: scf.for
kernel.func @rows(%x: memref<3x51xf32>) outputs(%y: memref<3x51xf32>) {
  %s = kernel.scratch {kernel.typical = array<i64: 51>} : memref<51xf32>
  kernel.parallel (%i) to (3) attributes {kernel.typical = array<i64: 3>} {
    kernel.vector_loop %j to 51 attributes {kernel.typical = array<i64: 51>} {
      %0 = kernel.load %x[%i, %j] : memref<3x51xf32>
      kernel.store %0, %s[%j] : memref<51xf32>
    }
    kernel.vector_loop %j to 51 attributes {kernel.typical = array<i64: 51>} {
      %0 = kernel.load %s[50 - %j] : memref<51xf32>
      kernel.store %0, %y[%i, %j] : memref<3x51xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// The tile is that of 4096 rows for 16 as well, and rows are checked. Vectors
// are copied where the traits let it: of lhs none, though its rows are whole
// vectors at this size.
// CHECK-LABEL: gpu.func @product
// CHECK-SAME: kernel.block_terms = [array<i64: 64, {{32|64}}, 16, {{32|64}}>]
// CHECK: nvgpu.device_async_copy {{.*}}, 1, %{{.+}} : memref<512xf32>
// CHECK: nvgpu.device_async_copy {{.*}}, 4, %{{.+}} {bypassL1} : memref<2048xf32>
// CHECK: nvvm.mma.sync
kernel.func @product(%x: memref<16x32xf32>, %w: memref<4x32x16xf32>) outputs(%y: memref<16x64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 16 n 64 k [32]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {kernel.typical = array<i64: 4096, -1, -1, 128, 64>, kernel.traits = array<i64: 1, 4, 0>}
      : memref<16x32xf32>, memref<4x32x16xf32>, memref<16x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}
}

// -----

#gpu = #device.gpu<"sm_90", sm = 90, multiprocessors = 132, block_shared_bytes = 232448>

module attributes {device.gpu = #gpu} {
// Queries and keys are compared with how many there are, though both are whole
// tiles at this size. Of the values a row isn't whole vectors at another size.
// CHECK-LABEL: gpu.func @attention
// CHECK-SAME: kernel.block_terms = [array<i64: 12, 1, 128, [[ROWS:16|32|64]]>]
// CHECK-SAME: kernel.scratch_bytes = 0
// CHECK: arith.cmpi ult, %{{.+}}, %c128{{.*}} : index
// CHECK: nvgpu.device_async_copy {{.*}}, 4, %{{.+}} {bypassL1} : memref<98304xf32>
// CHECK: nvgpu.device_async_copy {{.*}}, 1, %{{.+}} : memref<98304xf32>
// CHECK: arith.minui %{{.+}}, %c127{{.*}} : index
// CHECK: arith.select %{{.+}}, %{{.+}}, %{{.+}} : f32
// CHECK: math.exp2
kernel.func @attention(%q: memref<12x128x64xf32>, %k: memref<12x128x64xf32>, %v: memref<12x128x64xf32>)
    outputs(%y: memref<12x128x64xf32>)
    attributes {kernel.any_size, kernel.alignments = array<i64: 16, 16, 16, 16>} {
  kernel.attend batch [12] m 128 n 128 d 64 e 64
      queries %q at affine_map<(b, m, d) -> (b, m, d)>
      keys %k at affine_map<(b, n, d) -> (b, n, d)>
      values %v at affine_map<(b, n, e) -> (b, n, e)>
      out %y at affine_map<(b, m, e) -> (b, m, e)>
      {kernel.typical = array<i64: 12, 128, 128, -1, -1>, kernel.traits = array<i64: 1, 1, 0>}
      : memref<12x128x64xf32>, memref<12x128x64xf32>, memref<12x128x64xf32>, memref<12x128x64xf32>
  score {
  ^bb0(%b: index, %m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%b: index, %m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel (%b, %m) to (12, 128) {
      %0 = kernel.load %q[%b, %m, 0] : memref<12x128x64xf32>
      kernel.store %0, %y[%b, %m, 0] : memref<12x128x64xf32>
    }
  }
}
}
