// RUN: dlc-opt --gpu-to-nvvm %s | FileCheck %s

// CHECK-LABEL: llvm.func @small(
// CHECK-SAME: !llvm.ptr, %{{.+}}: i32
// CHECK-SAME: nvvm.kernel
// Indices have 32 bits where they suffice.
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK-NOT: i64
// CHECK: llvm.call @__nv_expf
// CHECK: llvm.return
gpu.module @small {
  gpu.func @small(%x: memref<32xf32>, %phase: i32) kernel attributes {kernel.blocks = 1 : i64} {
    %i = gpu.thread_id x
    %0 = memref.load %x[%i] : memref<32xf32>
    %1 = math.exp %0 : f32
    memref.store %1, %x[%i] : memref<32xf32>
    gpu.return
  }
}

// CHECK-LABEL: llvm.func @large(
// CHECK: llvm.sext %{{.+}} : i32 to i64
// CHECK: llvm.getelementptr {{.*}}%{{.+}}[%{{.+}}] : (!llvm.ptr, i64)
gpu.module @large {
  gpu.func @large(%x: memref<1073741824xf32>) kernel attributes {kernel.blocks = 1 : i64} {
    %i = gpu.thread_id x
    %zero = arith.constant 0.0 : f32
    memref.store %zero, %x[%i] : memref<1073741824xf32>
    gpu.return
  }
}

// The type has one size of several.
// CHECK-LABEL: llvm.func @any_size(
// CHECK: llvm.getelementptr {{.*}}%{{.+}}[%{{.+}}] : (!llvm.ptr, i64)
gpu.module @any_size {
  gpu.func @any_size(%x: memref<32xf32>) kernel attributes {kernel.any_size, kernel.blocks = 1 : i64} {
    %i = gpu.thread_id x
    %zero = arith.constant 0.0 : f32
    memref.store %zero, %x[%i] : memref<32xf32>
    gpu.return
  }
}
