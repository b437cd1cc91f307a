// RUN: dlc-opt --kernel-to-gpu --cse %s | FileCheck %s --check-prefixes=CHECK,EXACT
// RUN: dlc-opt --kernel-to-gpu="precision=tf32" --cse %s | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: dlc-opt --kernel-to-gpu="precision=bfloat16" --cse %s | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: not dlc-opt --kernel-to-gpu="precision=float8" %s 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: unknown precision 'float8'

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// The first stages are copied before the loop over the depth, 16 bytes at once;
// each step waits for the oldest, copies a later one and multiplies.
// CHECK-LABEL: gpu.func @dense
// CHECK: nvgpu.device_async_copy {{.*}}, 4 {bypassL1} : memref<262144xf32> to memref<{{[0-9]+}}xf32, #gpu.address_space<workgroup>>
// CHECK: nvgpu.device_async_create_group
// CHECK: scf.for
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = 1 : i32}
// CHECK-NEXT: gpu.barrier
// CHECK: scf.if
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_create_group
// Three products of parts of the factors make up one of f32.
// EXACT: arith.subf
// EXACT: nvvm.mma.sync A[%[[LOW:[0-9]+]], {{.+}}] B[%[[B:[0-9]+]], %{{[0-9]+}}] C[%{{.+}}] {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// EXACT: nvvm.mma.sync A[%[[HIGH:[0-9]+]], {{.+}}]
// EXACT: nvvm.mma.sync A[%[[HIGH]], {{.+}}] B[%[[B]],
// TF32-NOT: arith.subf
// TF32: nvvm.mma.sync {{.*}}#nvvm.mma_type<tf32>
// BF16: arith.truncf %{{.+}} : f32 to bf16
// BF16: nvvm.mma.sync {{.*}}#nvvm.mma_type<bf16>{{.*}}k = 16
// CHECK: scf.yield
// The epilogue runs on the sums.
// CHECK: arith.maximumf
// CHECK: memref.store
kernel.func @dense(%x: memref<1024x256xf32>, %w: memref<64x256x16xf32>) outputs(%y: memref<1024x1024xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  %zero = arith.constant 0.0 : f32
  kernel.contract batch [] m 1024 n 1024 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1024x256xf32>, memref<64x256x16xf32>, memref<1024x1024xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %0 = arith.maximumf %acc, %zero : f32
    kernel.yield %0 : f32
  }
}

// Buffers that may begin anywhere are copied element by element.
// CHECK-LABEL: gpu.func @unaligned
// CHECK: nvgpu.device_async_copy {{.*}}, 1 : memref<262144xf32>
kernel.func @unaligned(%x: memref<1024x256xf32>, %w: memref<64x256x16xf32>) outputs(%y: memref<1024x1024xf32>) {
  kernel.contract batch [] m 1024 n 1024 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1024x256xf32>, memref<64x256x16xf32>, memref<1024x1024xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Other types have FMAs, whose tiles lie in shared memory, too.
// CHECK-LABEL: gpu.func @doubles
// CHECK-NOT: nvvm.mma
// CHECK: scf.for
// CHECK: gpu.barrier
// CHECK: memref.store %{{.+}} : memref<{{[0-9]+}}xf64, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: math.fma %{{.+}} : f64
kernel.func @doubles(%x: memref<64x32xf64>, %w: memref<4x32x16xf64>) outputs(%y: memref<64x64xf64>) {
  kernel.contract batch [] m 64 n 64 k [32]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<64x32xf64>, memref<4x32x16xf64>, memref<64x64xf64>
  epilogue (%m, %p, %l, %acc: f64) {
    kernel.yield %acc : f64
  }
}
}
