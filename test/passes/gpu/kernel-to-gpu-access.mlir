// SPDX-License-Identifier: Apache-2.0
// How threads access memory: several elements at once, or through tiles in
// shared memory.
// RUN: dlc-opt --kernel-to-gpu --canonicalize --cse --split-input-file %s | FileCheck %s

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// A thread has four lanes: 64000 of them do. What all lanes share is loaded once.
// CHECK-LABEL: gpu.func @wide
// CHECK-SAME: kernel.blocks = 500
// CHECK-SAME: kernel.threads = 128
// CHECK: %[[FOUR:.+]] = arith.remui %{{.+}}, %c64
// CHECK: %[[LANE:.+]] = arith.muli %[[FOUR]], %c4
// CHECK: %[[AT:.+]] = arith.addi %{{.+}}, %[[LANE]]
// CHECK: %[[LOADED:.+]] = vector.load %{{.+}}[%[[AT]]] {alignment = 16 : i64} : memref<256000xf32>, vector<4xf32>
// LLVM would load what is extracted one by one.
// CHECK: %[[X:.+]] = llvm.freeze %[[LOADED]]
// CHECK: %[[X0:.+]] = vector.extract %[[X]][0]
// CHECK: %[[B:.+]] = memref.load %{{.+}} : memref<1000xf32>
// CHECK: %[[Y0:.+]] = arith.addf %[[X0]], %[[B]]
// CHECK-NOT: memref.load
// CHECK: %[[Y:.+]] = vector.from_elements %[[Y0]], %{{.+}}, %{{.+}}, %{{.+}} : vector<4xf32>
// CHECK: vector.store %[[Y]], %{{.+}}[%[[AT]]] {alignment = 16 : i64}
kernel.func @wide(%x: memref<1000x256xf32>, %b: memref<1000xf32>) outputs(%y: memref<1000x256xf32>)
    attributes {kernel.alignments = array<i64: 16, 4, 16>} {
  kernel.parallel (%i) to (1000) {
    kernel.vector_loop %j to 256 {
      %0 = kernel.load %x[%i, %j] : memref<1000x256xf32>
      %1 = kernel.load %b[%i] : memref<1000xf32>
      %2 = arith.addf %0, %1 : f32
      kernel.store %2, %y[%i, %j] : memref<1000x256xf32>
    }
  }
}

// Half as many where an output begins at any eight bytes.
// CHECK-LABEL: gpu.func @aligned_less
// CHECK: vector.load %{{.+}} {alignment = 8 : i64} : memref<256000xf32>, vector<2xf32>
// CHECK: vector.store %{{.+}} {alignment = 8 : i64} : memref<256000xf32>, vector<2xf32>
kernel.func @aligned_less(%x: memref<1000x256xf32>) outputs(%y: memref<1000x256xf32>)
    attributes {kernel.alignments = array<i64: 16, 8>} {
  kernel.parallel (%i) to (1000) {
    kernel.vector_loop %j to 256 {
      %0 = kernel.load %x[%i, %j] : memref<1000x256xf32>
      kernel.store %0, %y[%i, %j] : memref<1000x256xf32>
    }
  }
}

// Rows may begin anywhere here.
// CHECK-LABEL: gpu.func @padded_rows
// CHECK-NOT: vector.load
// CHECK: gpu.return
kernel.func @padded_rows(%x: memref<1000x257xf32>) outputs(%y: memref<1000x256xf32>)
    attributes {kernel.alignments = array<i64: 16, 16>} {
  kernel.parallel (%i) to (1000) {
    kernel.vector_loop %j to 256 {
      %0 = kernel.load %x[%i, %j] : memref<1000x257xf32>
      kernel.store %0, %y[%i, %j] : memref<1000x256xf32>
    }
  }
}

// A quarter of so few threads wouldn't keep the chip busy.
// CHECK-LABEL: gpu.func @few
// CHECK-NOT: vector.load
// CHECK: gpu.return
kernel.func @few(%x: memref<10x256xf32>) outputs(%y: memref<10x256xf32>)
    attributes {kernel.alignments = array<i64: 16, 16>} {
  kernel.parallel (%i) to (10) {
    kernel.vector_loop %j to 256 {
      %0 = kernel.load %x[%i, %j] : memref<10x256xf32>
      kernel.store %0, %y[%i, %j] : memref<10x256xf32>
    }
  }
}

// What a lane does before its own loop isn't the same for its neighbours.
// CHECK-LABEL: gpu.func @before_a_loop
// CHECK-NOT: vector.load
// CHECK: gpu.return
kernel.func @before_a_loop(%x: memref<100x16xf32>) outputs(%y: memref<100x100x16xf32>)
    attributes {kernel.alignments = array<i64: 16, 16>} {
  kernel.parallel (%i) to (100) {
    kernel.vector_loop %j to 16 {
      %0 = kernel.load %x[%i, %j] : memref<100x16xf32>
      kernel.loop (%k) to (100) unroll 4 {
        kernel.store %0, %y[%i, %k, %j] : memref<100x100x16xf32>
      }
    }
  }
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// 3 x 4 tiles of 32 x 32, whose rows are 33 elements apart in shared memory. A
// thread loads its four elements before it stores the first; neighbours read
// neighbours, and after the barrier they write neighbours.
// CHECK-LABEL: gpu.func @transposed
// CHECK-SAME: kernel.blocks = 12
// CHECK-SAME: kernel.shared_bytes = 4224
// CHECK-SAME: kernel.threads = 256
// CHECK: %[[THREAD:.+]] = gpu.thread_id x
// CHECK: %[[R:.+]] = arith.remui %[[THREAD]], %c32
// CHECK: %[[COLUMN:.+]] = arith.addi %{{.+}}, %[[R]]
// CHECK: scf.if %{{.+}} -> (f32) {
// CHECK: arith.addi %{{.+}}, %[[COLUMN]]
// CHECK: memref.load %{{.+}} : memref<7000xf32>
// CHECK-NOT: memref.store
// CHECK-COUNT-3: memref.load %{{.+}} : memref<7000xf32>
// CHECK-COUNT-4: memref.store %{{.+}} : memref<1056xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: scf.for %[[LINEAR:.+]] = %[[THREAD]] to %c1024 step %c256
// CHECK: %[[W:.+]] = arith.remui %[[LINEAR]], %c32
// CHECK: %[[ROW:.+]] = arith.muli %[[W]], %c33
// CHECK: %[[PLACE:.+]] = arith.addi %[[ROW]], %{{.+}}
// CHECK: scf.if
// CHECK: %[[X:.+]] = memref.load %{{.+}}[%[[PLACE]]] : memref<1056xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT: arith.addf %[[X]], %[[X]]
// CHECK: memref.store %{{.+}} : memref<7000xf32>
kernel.func @transposed(%x: memref<100x70xf32>) outputs(%y: memref<70x100xf32>) {
  kernel.parallel (%i) to (70) {
    kernel.vector_loop %j to 100 {
      %0 = kernel.load %x[%j, %i] : memref<100x70xf32>
      %1 = arith.addf %0, %0 : f32
      kernel.store %1, %y[%i, %j] : memref<70x100xf32>
    }
  }
}

// From blocks of 16 channels to planes, in tiles of 16 channels of 64 of the
// plane's 196 pixels: 2 images, 3 blocks and 4 pieces of a plane.
// CHECK-LABEL: gpu.func @planes
// CHECK-SAME: kernel.blocks = 24
// CHECK-SAME: kernel.shared_bytes = 4352
// CHECK: gpu.barrier
// CHECK: memref.load %{{.+}} : memref<1088xf32, #gpu.address_space<workgroup>>
kernel.func @planes(%x: memref<2x3x14x14x16xf32>) outputs(%y: memref<2x48x14x14xf32>) {
  kernel.parallel (%n, %c) to (2, 48) {
    kernel.loop (%h) to (14) {
      kernel.vector_loop %w to 14 {
        %0 = kernel.load %x[%n, %c floordiv 16, %h, %w, %c mod 16] : memref<2x3x14x14x16xf32>
        kernel.store %0, %y[%n, %c, %h, %w] : memref<2x48x14x14xf32>
      }
    }
  }
}

// Three channels in a row are near each other.
// CHECK-LABEL: gpu.func @near
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return
kernel.func @near(%x: memref<100x3xf32>) outputs(%y: memref<3x100xf32>) {
  kernel.parallel (%i) to (3) {
    kernel.vector_loop %j to 100 {
      %0 = kernel.load %x[%j, %i] : memref<100x3xf32>
      kernel.store %0, %y[%i, %j] : memref<3x100xf32>
    }
  }
}
}
