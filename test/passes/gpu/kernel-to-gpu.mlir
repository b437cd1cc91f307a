// RUN: dlc-opt --kernel-to-gpu --cse --split-input-file %s | FileCheck %s

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Every element is a thread, the tasks' and the lanes'; the last block has some
// to spare.
// CHECK-LABEL: gpu.module @elements
// CHECK: gpu.func @elements(%[[X:.+]]: memref<600xf32>, %[[Y:.+]]: memref<600xf32>, %{{.+}}: memref<0xi8>, %{{.+}}: i32) kernel
// CHECK-SAME: kernel.blocks = 5
// CHECK-SAME: kernel.num_phases = 1
// CHECK-SAME: kernel.shared_bytes = 0
// CHECK-SAME: kernel.threads = 128
// CHECK-SAME: known_block_size = array<i32: 128, 1, 1>
// CHECK: %[[THREAD:.+]] = gpu.thread_id x
// CHECK: %[[BLOCK:.+]] = gpu.block_id x
// CHECK: %[[FIRST:.+]] = arith.muli %[[BLOCK]], %{{.+}} : index
// CHECK: %[[LINEAR:.+]] = arith.addi %[[FIRST]], %[[THREAD]] : index
// CHECK: %[[IS_ONE:.+]] = arith.cmpi ult, %[[LINEAR]], %c600 : index
// CHECK: scf.if %[[IS_ONE]]
// CHECK: memref.load %[[X]]
// CHECK: memref.store %{{.+}}, %[[Y]]
// CHECK-NOT: gpu.barrier
kernel.func @elements(%x: memref<4x150xf32>) outputs(%y: memref<4x150xf32>) {
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 150 {
      %0 = kernel.load %x[%i, %j] : memref<4x150xf32>
      %1 = arith.addf %0, %0 : f32
      kernel.store %1, %y[%i, %j] : memref<4x150xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Lanes vary fastest over threads though a loop is inside them: neighbours read
// neighbours.
// CHECK-LABEL: gpu.func @lanes_first
// CHECK: %[[LANE:.+]] = arith.remui %{{.+}}, %c16
// CHECK: %[[REST:.+]] = arith.divui %{{.+}}, %c16
// CHECK: %[[ROW:.+]] = arith.remui %[[REST]], %c10
kernel.func @lanes_first(%x: memref<2x10x16xf32>) outputs(%y: memref<2x10x16xf32>) {
  kernel.parallel (%n) to (2) {
    kernel.vector_loop %i to 16 {
      kernel.loop (%r) to (10) unroll 4 {
        %0 = kernel.load %x[%n, %r, %i] : memref<2x10x16xf32>
        kernel.store %0, %y[%n, %r, %i] : memref<2x10x16xf32>
      }
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// The threads of a block share a reduction: warps exchange their values in
// registers, then through shared memory.
// CHECK-LABEL: gpu.func @rows
// CHECK-SAME: kernel.blocks = 6
// CHECK-SAME: kernel.shared_bytes = 32
// CHECK-SAME: kernel.threads = 256
// CHECK: %[[SUM:.+]] = scf.for %{{.+}} = %{{.+}} to %c1000 step %c256
// CHECK: math.fma
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: memref.store %{{.+}}, %{{.+}} : memref<8xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK-COUNT-8: memref.load %{{.+}} : memref<8xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// One thread stores.
// CHECK: %[[IS_FIRST:.+]] = arith.cmpi eq, %{{.+}}, %c0
// CHECK: scf.if %[[IS_FIRST]]
// CHECK-NEXT: memref.store
kernel.func @rows(%x: memref<6x1000xf32>) outputs(%y: memref<6xf32>) {
  kernel.parallel (%i) to (6) {
    %sum = kernel.reduce add (%j) to (1000) : f32 {
      %0 = kernel.load %x[%i, %j] : memref<6x1000xf32>
      %1 = arith.mulf %0, %0 : f32
      kernel.yield %1 : f32
    }
    kernel.store %sum, %y[%i] : memref<6xf32>
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Scratch memory is shared by the block, whose threads wait for each other
// between writing and reading it, and only there.
// CHECK-LABEL: gpu.func @reversed
// CHECK: memref.store %{{.+}}, %[[S:.+]][%{{.+}}] : memref<64xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: memref.load %[[S]]
// CHECK: memref.store
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
kernel.func @reversed(%x: memref<2x64xf32>) outputs(%y: memref<2x64xf32>) {
  %s = kernel.scratch : memref<64xf32>
  kernel.parallel (%i) to (2) {
    kernel.vector_loop %j to 64 {
      %0 = kernel.load %x[%i, %j] : memref<2x64xf32>
      kernel.store %0, %s[%j] : memref<64xf32>
    }
    kernel.vector_loop %j to 64 {
      %0 = kernel.load %s[63 - %j] : memref<64xf32>
      kernel.store %0, %y[%i, %j] : memref<2x64xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// A loop whose iterations use each other's results stays in order, with a
// barrier at its end.
// CHECK-LABEL: gpu.func @steps
// CHECK: scf.for
// CHECK: memref.load
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK-NEXT: }
kernel.func @steps(%x: memref<2x64xf32>) outputs(%y: memref<2x64xf32>) {
  %s = kernel.scratch : memref<64xf32>
  kernel.parallel (%i) to (2) {
    kernel.vector_loop %j to 64 {
      %0 = kernel.load %x[%i, %j] : memref<2x64xf32>
      kernel.store %0, %s[%j] : memref<64xf32>
    }
    kernel.loop (%t) to (5) {
      kernel.vector_loop %j to 64 {
        %0 = kernel.load %s[%j] : memref<64xf32>
        %1 = arith.addf %0, %0 : f32
        kernel.store %1, %s[%j] : memref<64xf32>
      }
    }
    kernel.vector_loop %j to 64 {
      %0 = kernel.load %s[%j] : memref<64xf32>
      kernel.store %0, %y[%i, %j] : memref<2x64xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Serial code is the work of one thread, which has scratch memory of its own.
// CHECK-LABEL: gpu.func @serial(
// CHECK-SAME: memref<48xi8>
// CHECK-SAME: kernel.blocks = 1
// CHECK-SAME: kernel.scratch_bytes = 48
// CHECK: memref.view %{{.+}}[%{{.+}}][] : memref<48xi8> to memref<4xf32>
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
kernel.func @serial(%x: memref<3x4xf32>) outputs(%y: memref<3x4xf32>) {
  %s = kernel.scratch : memref<4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  kernel.parallel (%i) to (3) {
    scf.for %j = %c0 to %c4 step %c1 {
      %0 = kernel.load %x[%i, %j] : memref<3x4xf32>
      kernel.store %0, %s[%j] : memref<4xf32>
    }
    scf.for %j = %c0 to %c4 step %c1 {
      %0 = kernel.load %s[%j] : memref<4xf32>
      kernel.store %0, %y[%i, %j] : memref<3x4xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Sections are parts of one grid.
// CHECK-LABEL: gpu.func @sections
// CHECK-SAME: kernel.blocks = 3
// CHECK: %[[BLOCK:.+]] = gpu.block_id x
// CHECK: %[[SECOND:.+]] = arith.subi %[[BLOCK]], %c1
// CHECK: %[[IS_SECOND:.+]] = arith.cmpi ult, %[[SECOND]], %c2
// CHECK: scf.if %[[IS_SECOND]]
kernel.func @sections(%x: memref<256xf32>) outputs(%y: memref<256xf32>, %z: memref<100xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.parallel () to () {
    kernel.vector_loop %j to 100 {
      kernel.store %zero, %z[%j] : memref<100xf32>
    }
  }
  kernel.parallel () to () {
    kernel.vector_loop %j to 256 {
      %0 = kernel.load %x[%j] : memref<256xf32>
      kernel.store %0, %y[%j] : memref<256xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// The phase is a parameter: each is a launch.
// CHECK-LABEL: gpu.func @powers
// CHECK-SAME: memref<0xi8>, %[[PHASE:arg[0-9]+]]: i32) kernel
// CHECK-SAME: kernel.num_phases = 4
// CHECK: arith.index_cast %[[PHASE]] : i32 to index
kernel.func @powers(%x: memref<8x16xf32>) outputs(%y: memref<4x8x16xf32>) {
  kernel.phases %t to 4 {
    kernel.parallel (%i) to (8) {
      kernel.vector_loop %j to 16 {
        %0 = kernel.load %x[%i, %j] : memref<8x16xf32>
        kernel.store %0, %y[%t, %i, %j] : memref<4x8x16xf32>
      }
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Few lanes with long reductions have a group of threads each: 16 of 512. The
// two groups of a warp exchange their sums, then the 16 warps.
// CHECK-LABEL: gpu.func @groups
// CHECK-SAME: kernel.threads = 512
// CHECK: %[[SHARER:.+]] = arith.divui %[[THREAD:.+]], %c16
// CHECK: %[[LANE:.+]] = arith.remui %[[THREAD]], %c16
// CHECK: scf.for %{{.+}} = %[[SHARER]] to %c900 step %c32
// CHECK-COUNT-1: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: memref<256xf32, #gpu.address_space<workgroup>>
// CHECK: scf.for %{{.+}} = %[[SHARER]] to %c900 step %c32
// CHECK: memref.store
kernel.func @groups(%x: memref<2x30x30x16xf32>) outputs(%y: memref<2x30x30x16xf32>) {
  kernel.parallel (%n) to (2) {
    kernel.vector_loop %c to 16 {
      %sum = kernel.reduce add (%i, %j) to (30, 30) : f32 {
        %0 = kernel.load %x[%n, %i, %j, %c] : memref<2x30x30x16xf32>
        kernel.yield %0 : f32
      }
      kernel.loop (%i, %j) to (30, 30) {
        %0 = kernel.load %x[%n, %i, %j, %c] : memref<2x30x30x16xf32>
        %1 = arith.subf %0, %sum : f32
        kernel.store %1, %y[%n, %i, %j, %c] : memref<2x30x30x16xf32>
      }
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Loops that fill a border with one value are parts of the grid, as they could
// write one place in any order.
// CHECK-LABEL: gpu.func @border
// CHECK-SAME: kernel.blocks = 2
kernel.func @border() outputs(%y: memref<3x32xf32>) {
  kernel.parallel (%i) to (3) {
    %zero = arith.constant 0.0 : f32
    kernel.vector_loop %j to 8 {
      kernel.store %zero, %y[%i, %j] : memref<3x32xf32>
    }
    kernel.vector_loop %j to 8 {
      kernel.store %zero, %y[%i, %j + 4] : memref<3x32xf32>
    }
  }
}

// Others are a block's, in order.
// CHECK-LABEL: gpu.func @overwritten
// CHECK-SAME: kernel.blocks = 3
// CHECK: memref.store
// CHECK: gpu.barrier
// CHECK: memref.store
kernel.func @overwritten(%x: memref<3x8xf32>) outputs(%y: memref<3x32xf32>) {
  kernel.parallel (%i) to (3) {
    %zero = arith.constant 0.0 : f32
    kernel.vector_loop %j to 32 {
      kernel.store %zero, %y[%i, %j] : memref<3x32xf32>
    }
    kernel.vector_loop %j to 8 {
      %0 = kernel.load %x[%i, %j] : memref<3x8xf32>
      kernel.store %0, %y[%i, %j] : memref<3x32xf32>
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// Of two ways to do the same, threads take what they can share. A task for each
// multiprocessor has up to 1024 of them, where each has four iterations to do.
// CHECK-LABEL: gpu.func @alternatives
// CHECK-SAME: kernel.blocks = 2
// CHECK-SAME: kernel.threads = 512
// CHECK-NOT: %c7
// CHECK: %[[THREAD:.+]] = gpu.thread_id x
// CHECK: scf.for %{{.+}} to %c2048 step %c512
// CHECK: gpu.barrier
// CHECK: memref.load
kernel.func @alternatives(%x: memref<2x2048xf32>) outputs(%y: memref<2x2048xf32>) {
  %s = kernel.scratch : memref<2048xf32>
  kernel.parallel (%i) to (2) {
    kernel.alternatives {
      %seven = arith.constant 7 : index
      %one = arith.constant 1 : index
      %end = arith.constant 2048 : index
      scf.for %j = %seven to %end step %one {
        %0 = kernel.load %x[%i, %j] : memref<2x2048xf32>
        kernel.store %0, %s[%j] : memref<2048xf32>
      }
    } shared {
      kernel.vector_loop %j to 2048 {
        %0 = kernel.load %x[%i, %j] : memref<2x2048xf32>
        kernel.store %0, %s[%j] : memref<2048xf32>
      }
    }
    kernel.vector_loop %j to 2048 {
      %0 = kernel.load %s[2047 - %j] : memref<2048xf32>
      kernel.store %0, %y[%i, %j] : memref<2x2048xf32>
    }
  }
}
}
