// SPDX-License-Identifier: Apache-2.0
// Lowered kernels become LLVM functions with the entry point of dlc/abi.h.
// RUN: dlc-opt %s --cpu-to-llvm | FileCheck %s

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "znver4",
  features = "+avx2", dispatch = 0, vector_bytes = 32, vector_registers = 16,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// The body takes bare pointers, the entry point reads them from the table.

// CHECK-LABEL: llvm.func internal @k.body(
// CHECK-SAME: %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %{{[^:]*}}: !llvm.ptr)
// CHECK-SAME: target_cpu = "znver4", target_features = #llvm.target_features<["+avx2"]>
// CHECK: llvm.icmp "slt"
// CHECK: llvm.load {{.*}} : !llvm.ptr -> vector<8xf32>
// CHECK: llvm.intr.sqrt
// CHECK: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
// CHECK-LABEL: llvm.func @k(
// CHECK-SAME: %[[TABLE:[^:]*]]: !llvm.ptr, %[[BEGIN:[^:]*]]: i64, %[[END:[^:]*]]: i64, %[[SCRATCH:[^:]*]]: !llvm.ptr)
// CHECK-SAME: kernel.num_tasks = 4 : i64, kernel.scratch_bytes = 64 : i64
// CHECK: %[[P0:.*]] = llvm.getelementptr %[[TABLE]][0]
// CHECK: %[[X:.*]] = llvm.load %[[P0]]
// CHECK: %[[P1:.*]] = llvm.getelementptr %[[TABLE]][1]
// CHECK: %[[Y:.*]] = llvm.load %[[P1]]
// CHECK: llvm.call @k.body(%[[X]], %[[Y]], %[[BEGIN]], %[[END]], %[[SCRATCH]])
func.func @k(%x: memref<32xf32> {llvm.noalias}, %y: memref<32xf32> {llvm.noalias},
             %begin: index, %end: index, %scratch: memref<64xi8>)
    attributes {kernel.num_tasks = 4 : i64, kernel.scratch_bytes = 64 : i64} {
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %begin to %end step %c1 {
    %at = arith.muli %i, %c8 : index
    %0 = vector.load %x[%at] : memref<32xf32>, vector<8xf32>
    %1 = math.sqrt %0 : vector<8xf32>
    vector.store %1, %y[%at] : memref<32xf32>, vector<8xf32>
  }
  return
}

// A function of libm is called lane by lane.

// CHECK-LABEL: llvm.func internal @libm.body(
// CHECK-COUNT-2: llvm.call @cbrtf({{.*}}) : (f32) -> f32
func.func @libm(%x: memref<2xf32> {llvm.noalias}, %begin: index, %end: index, %scratch: memref<0xi8>)
    attributes {kernel.num_tasks = 1 : i64, kernel.scratch_bytes = 0 : i64} {
  %c0 = arith.constant 0 : index
  %0 = vector.load %x[%c0] : memref<2xf32>, vector<2xf32>
  %1 = math.cbrt %0 : vector<2xf32>
  vector.store %1, %x[%c0] : memref<2xf32>, vector<2xf32>
  return
}

}
