// RUN: dlc-opt --kernel-to-gpu --cse --split-input-file %s | FileCheck %s

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// A long row is the work of many blocks. In the first launch each leaves a sum
// of its own part in global memory; in the second, each adds up all of them,
// and one thread of all stores.
// CHECK-LABEL: gpu.func @row
// CHECK-SAME: kernel.blocks = 432
// CHECK-SAME: kernel.num_phases = 2
// CHECK-SAME: kernel.scratch_bytes = 1728
// CHECK-SAME: kernel.threads = 256
// CHECK: %[[MEMBER:.+]] = arith.remui %block_id_x, %c432
// CHECK: %[[FIRST:.+]] = arith.muli %[[MEMBER]], %c256
// CHECK: %[[SHARER:.+]] = arith.addi %[[FIRST]], %thread_id_x
// CHECK: %[[IS_FIRST:.+]] = arith.cmpi eq, %{{.+}}, %c0
// CHECK: scf.if %[[IS_FIRST]] {
// CHECK: scf.for %{{.+}} = %[[SHARER]] to %c1000000 step %c110592
// CHECK: memref.load %arg0
// CHECK: memref.store %{{.+}}, %[[PARTS:.+]][%{{.+}}] : memref<432xf32>
// CHECK: } else {
// CHECK: scf.for %{{.+}} = %{{.+}} to %c432 step %c256
// CHECK: memref.load %[[PARTS]][%{{.+}}] : memref<432xf32>
// CHECK: %[[SECOND:.+]] = arith.cmpi eq, %{{.+}}, %c1
// CHECK: scf.if %[[SECOND]] {
// CHECK: %[[STORES:.+]] = arith.cmpi eq, %[[SHARER]], %c0
// CHECK: scf.if %[[STORES]] {
// CHECK: memref.store %{{.+}}, %arg1
kernel.func @row(%x: memref<1000000xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel () to () {
    %sum = kernel.reduce add (%j) to (1000000) : f32 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %y[0] : memref<1xf32>
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// What a loop leaves in scratch memory another block needs: that is in global
// memory, and the next loop in the next launch.
// CHECK-LABEL: gpu.func @turned
// CHECK-SAME: kernel.num_phases = 2
// CHECK-SAME: kernel.scratch_bytes = 4000000
// CHECK: %[[STAGE:.+]] = arith.cmpi eq, %[[PHASE:.+]], %c0
// CHECK: scf.if %[[STAGE]] {
// CHECK: memref.store %{{.+}}, %[[S:.+]][%{{.+}}] : memref<1000000xf32>
// CHECK: %[[NEXT:.+]] = arith.cmpi eq, %[[PHASE]], %c1
// CHECK: scf.if %[[NEXT]] {
// CHECK: memref.load %[[S]]
// CHECK-NOT: gpu.barrier
kernel.func @turned(%x: memref<1000000xf32>) outputs(%y: memref<1000000xf32>) {
  %s = kernel.scratch : memref<1000000xf32>
  kernel.parallel () to () {
    kernel.vector_loop %j to 1000000 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.store %0, %s[%j] : memref<1000000xf32>
    }
    kernel.vector_loop %j to 1000000 {
      %0 = kernel.load %s[999999 - %j] : memref<1000000xf32>
      kernel.store %0, %y[%j] : memref<1000000xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// What every launch computes again must not change: the first element is
// written in place. One block does all.
// CHECK-LABEL: gpu.func @in_place
// CHECK-SAME: kernel.blocks = 1 :
// CHECK-SAME: kernel.num_phases = 1
kernel.func @in_place(%x: memref<1000000xf32>) outputs(%y: memref<1000000xf32>)
    attributes {inplace = [array<i64: 0, 0>]} {
  kernel.parallel () to () {
    %first = kernel.load %x[0] : memref<1000000xf32>
    %sum = kernel.reduce add (%j) to (1000000) : f32 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.yield %0 : f32
    }
    %1 = arith.divf %first, %sum : f32
    kernel.vector_loop %j to 1000000 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      %2 = arith.mulf %0, %1 : f32
      kernel.store %2, %y[%j] : memref<1000000xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Neighbouring sums of columns are lanes, and have threads each. Lanes behind
// the last column repeat it, and store nothing.
// CHECK-LABEL: gpu.func @columns
// CHECK-SAME: kernel.blocks = 4 :
// CHECK-SAME: kernel.num_phases = 1
// CHECK: %[[SHARER:.+]] = arith.divui %thread_id_x, %c32
// CHECK: %[[LANE:.+]] = arith.remui %thread_id_x, %c32
// CHECK: %[[LINEAR:.+]] = arith.addi %{{.+}}, %[[LANE]]
// CHECK: %[[OWN:.+]] = arith.cmpi ult, %[[LINEAR]], %c100
// CHECK: %[[COLUMN:.+]] = arith.minui %[[LINEAR]], %c99
// CHECK: scf.for %{{.+}} = %[[SHARER]] to %c200
// CHECK: gpu.barrier
// CHECK: scf.if %[[OWN]] {
// CHECK-NEXT: %[[FIRST:.+]] = arith.cmpi eq, %[[SHARER]], %c0
// CHECK-NEXT: scf.if %[[FIRST]] {
// CHECK-NEXT: memref.store %{{.+}}, %arg1[%[[COLUMN]]]
kernel.func @columns(%x: memref<200x100xf32>) outputs(%y: memref<100xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 100 {
      %sum = kernel.reduce add (%j) to (200) : f32 {
        %0 = kernel.load %x[%j, %i] : memref<200x100xf32>
        kernel.yield %0 : f32
      }
      kernel.store %sum, %y[%i] : memref<100xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Another section of the same kernel is done in the first of the launches.
// CHECK-LABEL: gpu.func @beside
// CHECK-SAME: kernel.blocks = 434 :
// CHECK-SAME: kernel.num_phases = 2
// CHECK: %[[IS_TEAM:.+]] = arith.cmpi ult, %{{.+}}, %c432
// CHECK: scf.if %[[IS_TEAM]]
// CHECK: %[[IS_OTHER:.+]] = arith.cmpi ult, %{{.+}}, %c2
// CHECK: scf.if %[[IS_OTHER]]
// CHECK: %[[IS_FIRST:.+]] = arith.cmpi eq, %[[PHASE:.+]], %c0
// CHECK-NEXT: scf.if %[[IS_FIRST]] {
// CHECK: memref.store %{{.+}}, %arg2
kernel.func @beside(%x: memref<1000000xf32>) outputs(%y: memref<1xf32>, %z: memref<300xf32>) {
  kernel.parallel () to () {
    %sum = kernel.reduce add (%j) to (1000000) : f32 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %y[0] : memref<1xf32>
  }
  kernel.parallel () to () {
    kernel.vector_loop %j to 300 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.store %0, %z[%j] : memref<300xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// A loop whose iterations need each other is a launch in which one block of the
// team works: its threads wait for each other.
// CHECK-LABEL: gpu.func @one_block
// CHECK-SAME: kernel.num_phases = 3
// CHECK-SAME: kernel.threads = 256
// CHECK: %[[MEMBER:.+]] = arith.remui %block_id_x
// CHECK: %[[SHARER:.+]] = arith.addi %{{.+}}, %thread_id_x
// CHECK: %[[SECOND:.+]] = arith.cmpi eq, %[[PHASE:.+]], %c1
// CHECK-NEXT: scf.if %[[SECOND]] {
// CHECK-NEXT: %[[IS_ONE:.+]] = arith.cmpi eq, %[[MEMBER]], %c0
// CHECK-NEXT: scf.if %[[IS_ONE]] {
// CHECK: scf.for %{{.+}} = %c0 to %c15
// CHECK: arith.cmpi ult, %thread_id_x, %c64
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK: %[[THIRD:.+]] = arith.cmpi eq, %[[PHASE]], %c2
// CHECK-NEXT: scf.if %[[THIRD]] {
// CHECK: arith.cmpi ult, %[[SHARER]], %c64
// CHECK: memref.store %{{.+}}, %arg1
kernel.func @one_block(%x: memref<1000000xf32>) outputs(%y: memref<64xf32>) {
  %s = kernel.scratch : memref<1000000xf32>
  kernel.parallel () to () {
    kernel.vector_loop %j to 1000000 {
      %0 = kernel.load %x[%j] : memref<1000000xf32>
      kernel.store %0, %s[%j] : memref<1000000xf32>
    }
    kernel.loop (%i) to (15) {
      kernel.vector_loop %j to 64 {
        %0 = kernel.load %s[%i * 64 + %j] : memref<1000000xf32>
        %1 = kernel.load %s[%i * 64 + %j + 64] : memref<1000000xf32>
        %2 = arith.addf %0, %1 : f32
        kernel.store %2, %s[%i * 64 + %j + 64] : memref<1000000xf32>
      }
    }
    kernel.vector_loop %j to 64 {
      %0 = kernel.load %s[%j + 960] : memref<1000000xf32>
      kernel.store %0, %y[%j] : memref<64xf32>
    }
  }
}
}
