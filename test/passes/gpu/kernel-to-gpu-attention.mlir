// SPDX-License-Identifier: Apache-2.0
// RUN: dlc-opt --kernel-to-gpu --cse %s | FileCheck %s --check-prefixes=CHECK,EXACT
// RUN: dlc-opt --kernel-to-gpu="precision=float16" --cse %s | FileCheck %s --check-prefixes=CHECK,F16

#gpu = #device.gpu<"sm_90", sm = 90, multiprocessors = 132, block_shared_bytes = 232448>

module attributes {device.gpu = #gpu} {
// Twelve heads of 128 queries: a block has 16 of them, and four warps share the
// keys, all of which are there at once. Queries and keys come first, then
// values, while scores are made.
// CHECK-LABEL: gpu.func @heads
// CHECK-SAME: kernel.blocks = 96 : i64{{.*}}kernel.threads = 128 : i64
// CHECK: nvgpu.device_async_copy {{.*}}, 4 {bypassL1} : memref<98304xf32>
// CHECK: nvgpu.device_async_create_group
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_create_group
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = 1 : i32}
// CHECK-NEXT: gpu.barrier
// EXACT: nvgpu.ldmatrix %{{.+}} {numTiles = 4 : i32, transpose = false}
// EXACT: nvvm.mma.sync {{.*}}#nvvm.mma_type<tf32>
// F16: arith.truncf %{{.+}} : f32 to f16
// F16: nvvm.mma.sync {{.*}}k = 16>} : (vector<2xf16>, vector<2xf16>, f32)
// The maximum of a row is that of the four lanes that have its scores.
// CHECK: %[[SCORE:.+]] = arith.mulf %{{.+}}, %[[SCALE:.+]] : f32
// CHECK: %[[ONE:.+]], %{{.+}} = gpu.shuffle xor %[[MAX:[0-9]+]], %c1_i32
// CHECK: arith.maximumf %[[MAX]], %[[ONE]]
// CHECK: gpu.shuffle xor %{{.+}}, %c2_i32
// CHECK: math.exp2
// Weights are multiplied where the scores were.
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = 0 : i32}
// CHECK-NEXT: gpu.barrier
// CHECK-NOT: gpu.shuffle
// CHECK: nvvm.mma.sync
// Then the warps exchange maxima and sums, and add up their results.
// CHECK: gpu.shuffle xor
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK: math.exp2
// CHECK: vector.store %{{.+}} : memref<{{.+}}xf32, #gpu.address_space<workgroup>>, vector<2xf32>
// CHECK: gpu.barrier
// CHECK: arith.addf
// CHECK: memref.store %{{.+}}, %arg3[%{{.+}}] : memref<98304xf32>
kernel.func @heads(%q: memref<12x128x64xf32>, %k: memref<12x128x64xf32>, %v: memref<12x128x64xf32>)
    outputs(%y: memref<128x12x64xf32>) attributes {kernel.alignments = array<i64: 16, 16, 16, 16>} {
  %scale = arith.constant 0.125 : f32
  kernel.attend batch [12] m 128 n 128 d 64 e 64
      queries %q at affine_map<(b, m, d) -> (b, m, d)>
      keys %k at affine_map<(b, n, d) -> (b, n, d)>
      values %v at affine_map<(b, n, e) -> (b, n, e)>
      out %y at affine_map<(b, m, e) -> (m, b, e)>
      : memref<12x128x64xf32>, memref<12x128x64xf32>, memref<12x128x64xf32>, memref<128x12x64xf32>
  score {
  ^bb0(%b: index, %m: index, %n: index, %acc: f32):
    %0 = arith.mulf %acc, %scale : f32
    kernel.yield %0 : f32
  } epilogue {
  ^bb0(%b: index, %m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel (%b, %m) to (12, 128) {
    }
  }
}

// Many keys: the next tile is copied while the results, scaled down, get what
// this one adds. Keys that aren't there have the lowest score.
// CHECK-LABEL: gpu.func @long
// CHECK: %[[RESULTS:.+]]:{{[0-9]+}} = scf.for {{.*}} iter_args
// CHECK: nvgpu.device_async_wait
// CHECK: nvvm.mma.sync
// CHECK: arith.select %{{.+}}, %{{.+}}, %[[LOWEST:.+]] : f32
// CHECK: gpu.shuffle xor
// CHECK: arith.mulf %arg{{[0-9]+}}, %[[FACTOR:[0-9]+]] : f32
// CHECK: arith.mulf %arg{{[0-9]+}}, %[[FACTOR]] : f32
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = 0 : i32}
// CHECK: nvgpu.device_async_create_group
// CHECK: nvvm.mma.sync
// CHECK: scf.yield
kernel.func @long(%q: memref<8x1000x40xf32>, %k: memref<8x1000x40xf32>) outputs(%y: memref<8x1000x40xf32>) {
  kernel.attend batch [8] m 1000 n 1000 d 40 e 40
      queries %q at affine_map<(b, m, d) -> (b, m, d)>
      keys %k at affine_map<(b, n, d) -> (b, n, d)>
      values %k at affine_map<(b, n, e) -> (b, n, e)>
      out %y at affine_map<(b, m, e) -> (b, m, e)>
      : memref<8x1000x40xf32>, memref<8x1000x40xf32>, memref<8x1000x40xf32>, memref<8x1000x40xf32>
  score {
  ^bb0(%b: index, %m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%b: index, %m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel (%b, %m) to (8, 1000) {
    }
  }
}

// Few queries, wide values and other types are what the tasks make of them.
// CHECK-LABEL: gpu.func @few
// CHECK-NOT: nvvm.mma
// CHECK: math.sqrt
// CHECK-LABEL: gpu.func @doubles
// CHECK-NOT: nvvm.mma
// CHECK: math.sqrt
kernel.func @few(%q: memref<4x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<4x8xf32>) {
  kernel.attend batch [] m 4 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)>
      keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)>
      out %y at affine_map<(m, e) -> (m, e)>
      : memref<4x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<4x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel (%m) to (4) {
      kernel.vector_loop %e to 8 {
        %0 = kernel.load %q[%m, %e] : memref<4x8xf32>
        %1 = math.sqrt %0 : f32
        kernel.store %1, %y[%m, %e] : memref<4x8xf32>
      }
    }
  }
}

kernel.func @doubles(%q: memref<32x8xf64>, %k: memref<16x8xf64>) outputs(%y: memref<32x8xf64>) {
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)>
      keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)>
      out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf64>, memref<16x8xf64>, memref<16x8xf64>, memref<32x8xf64>
  score {
  ^bb0(%m: index, %n: index, %acc: f64):
    kernel.yield %acc : f64
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f64):
    kernel.yield %acc : f64
  } tasks {
    kernel.parallel (%m) to (32) {
      kernel.vector_loop %e to 8 {
        %0 = kernel.load %q[%m, %e] : memref<32x8xf64>
        %1 = math.sqrt %0 : f64
        kernel.store %1, %y[%m, %e] : memref<32x8xf64>
      }
    }
  }
}
}
