// SPDX-License-Identifier: Apache-2.0
// Loops over lanes, reductions and tasks become loops over vectors.
// RUN: sed -e 's/BYTES/32/; s/REGISTERS/16/' %s | dlc-opt --kernel-to-vector --canonicalize --cse | FileCheck %s
// RUN: sed -e 's/BYTES/64/; s/REGISTERS/32/' %s | dlc-opt --kernel-to-vector --canonicalize --cse | FileCheck %s --check-prefix=WIDE

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = BYTES, vector_registers = REGISTERS,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// Whole vectors, then the rest one by one.

// CHECK-LABEL: func.func @relu(
// CHECK-SAME: %[[X:.*]]: memref<76xf32> {llvm.noalias}, %[[Y:.*]]: memref<76xf32> {llvm.noalias}, %[[BEGIN:.*]]: index, %[[END:.*]]: index, %{{.*}}: memref<0xi8>)
// CHECK-SAME: kernel.num_tasks = 4 : i64, kernel.scratch_bytes = 0 : i64
// CHECK: scf.for %[[I:.*]] = %[[BEGIN]] to %[[END]] step %c1 {
// CHECK:   scf.for %[[J:.*]] = %c0 to %c16 step %c8 {
// CHECK:     %[[ROW:.*]] = arith.muli %[[I]], %c19
// CHECK:     %[[AT:.*]] = arith.addi %[[ROW]], %[[J]]
// CHECK:     %[[V:.*]] = vector.load %[[X]][%[[AT]]] : memref<76xf32>, vector<8xf32>
// CHECK:     %[[R:.*]] = arith.maximumf %[[V]], %{{.*}} : vector<8xf32>
// CHECK:     vector.store %[[R]], %[[Y]][%[[AT]]]
// CHECK:   scf.for %{{.*}} = %c16 to %c19 step %c1 {
// CHECK:     memref.load
// CHECK:     arith.maximumf %{{.*}} : f32
// CHECK:     memref.store

// WIDE-LABEL: func.func @relu(
// WIDE: vector.load {{.*}} vector<16xf32>
kernel.func @relu(%x: memref<4x19xf32>) outputs(%y: memref<4x19xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 19 {
      %0 = kernel.load %x[%i, %j] : memref<4x19xf32>
      %1 = arith.maximumf %0, %zero : f32
      kernel.store %1, %y[%i, %j] : memref<4x19xf32>
    }
  }
}

// Of two ways to do the same, a thread takes the one for one thread.

// CHECK-LABEL: func.func @alternatives(
// CHECK: scf.for %{{.*}} = %c7 to %c64
// CHECK: memref.store
// CHECK-NOT: vector.store
// CHECK: return
kernel.func @alternatives(%x: memref<64xf32>) outputs(%y: memref<64xf32>) {
  kernel.parallel () to () {
    kernel.alternatives {
      %first = arith.constant 7 : index
      %one = arith.constant 1 : index
      %end = arith.constant 64 : index
      scf.for %j = %first to %end step %one {
        %0 = kernel.load %x[%j] : memref<64xf32>
        kernel.store %0, %y[%j] : memref<64xf32>
      }
    } shared {
      kernel.vector_loop %j to 64 {
        %0 = kernel.load %x[%j] : memref<64xf32>
        kernel.store %0, %y[%j] : memref<64xf32>
      }
    }
  }
}

// Strided elements are gathered, an element that all lanes share is repeated.

// CHECK-LABEL: func.func @strides(
// CHECK: %[[STRIDE:.*]] = arith.constant dense<2> : vector<8xindex>
// CHECK: arith.muli %{{.*}}, %[[STRIDE]]
// CHECK: vector.gather {{.*}} into vector<8xf32>
// CHECK: %[[B:.*]] = memref.load %{{.*}} : memref<4xf32>
// CHECK: vector.broadcast %[[B]] : f32 to vector<8xf32>
// CHECK: vector.store
kernel.func @strides(%x: memref<4x16xf32>, %b: memref<4xf32>) outputs(%y: memref<4x8xf32>) {
  kernel.parallel (%i) to (4) {
    kernel.vector_loop %j to 8 {
      %0 = kernel.load %x[%i, %j * 2] : memref<4x16xf32>
      %1 = kernel.load %b[%i] : memref<4xf32>
      %2 = arith.addf %0, %1 : f32
      kernel.store %2, %y[%i, %j] : memref<4x8xf32>
    }
  }
}

// A long reduction in each lane has several partial sums, too.

// CHECK-LABEL: func.func @sum_of_columns(
// CHECK: %[[PARTS:.*]]:6 = scf.for %{{.*}} = %c0 to %c36 step %c6 iter_args
// CHECK-COUNT-6: arith.addf %{{.*}} : vector<8xf32>
// CHECK: scf.yield
// CHECK-COUNT-5: arith.addf %{{.*}} : vector<8xf32>
// CHECK: vector.store
kernel.func @sum_of_columns(%x: memref<36x8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %j to 8 {
      %sum = kernel.reduce add (%i) to (36) : f32 {
        %0 = kernel.load %x[%i, %j] : memref<36x8xf32>
        kernel.yield %0 : f32
      }
      kernel.store %sum, %y[%j] : memref<8xf32>
    }
  }
}

// Several partial sums, combined at the end, and the rest of the row.

// CHECK-LABEL: func.func @sum(
// CHECK: %[[PARTS:.*]]:4 = scf.for %{{.*}} = %c0 to %c96 step %c32 iter_args
// CHECK-COUNT-4: arith.addf %{{.*}} : vector<8xf32>
// CHECK: vector.reduction <add>
// CHECK: scf.for %{{.*}} = %c96 to %c100
// CHECK: memref.store

// WIDE-LABEL: func.func @sum(
// WIDE: scf.for %{{.*}} = %c0 to %c96 step %c48 iter_args
kernel.func @sum(%x: memref<4x100xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
    %sum = kernel.reduce add (%j) to (100) : f32 {
      %0 = kernel.load %x[%i, %j] : memref<4x100xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %y[%i] : memref<4xf32>
  }
}

// A long sum consists of shorter ones: of 32 rows of 32 vectors each, and of the
// four rows that remain.

// CHECK-LABEL: func.func @long_sum(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK: scf.for %[[CHUNK:.*]] = %c0 to %c96 step %c32 iter_args(%[[SUM:[^ ]*]] = %[[ZERO]],
// CHECK: %[[OWN:.*]]:4 = scf.for %[[ROW:.*]] = %c0 to %c32 step %c1 iter_args(%{{.*}} = %[[ZERO]],
// CHECK: arith.addi %[[ROW]], %[[CHUNK]] : index
// CHECK: arith.addf %[[SUM]], %[[OWN]]#0 : vector<8xf32>
// CHECK: scf.for %{{.*}} = %c96 to %c100
kernel.func @long_sum(%x: memref<100x1024xf32>) outputs(%y: memref<1xf32>) {
  kernel.parallel () to () {
    %sum = kernel.reduce add (%i, %j) to (100, 1024) : f32 {
      %0 = kernel.load %x[%i, %j] : memref<100x1024xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %y[0] : memref<1xf32>
  }
}

// The greatest number is what a comparison selects; NaN isn't greater.

// CHECK-LABEL: func.func @greatest(
// CHECK: %[[PARTS:.*]]:4 = scf.for %{{.*}} iter_args(%[[ACC:[^ ]*]] =
// CHECK: %[[X:.*]] = vector.load
// CHECK: %[[GREATER:.*]] = arith.cmpf ogt, %[[X]], %[[ACC]] : vector<8xf32>
// CHECK: arith.select %[[GREATER]], %[[X]], %[[ACC]] : vector<8xi1>, vector<8xf32>
// CHECK-NOT: arith.maximumf
kernel.func @greatest(%x: memref<4x96xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
    %max = kernel.reduce greatest (%j) to (96) : f32 {
      %0 = kernel.load %x[%i, %j] : memref<4x96xf32>
      kernel.yield %0 : f32
    }
    kernel.store %max, %y[%i] : memref<4xf32>
  }
}

// Two extents of tasks become one range; scratch memory is the thread's.

// CHECK-LABEL: func.func @tasks(
// CHECK-SAME: %[[SCRATCH:[^ :,]*]]: memref<64xi8>) attributes {kernel.num_tasks = 6 : i64, kernel.scratch_bytes = 64 : i64
// CHECK: %[[T:.*]] = memref.view %[[SCRATCH]]
// CHECK: scf.for %[[TASK:.*]] =
// CHECK-DAG:   arith.divui %[[TASK]], %c3
// CHECK-DAG:   arith.remui %[[TASK]], %c3
// CHECK:   vector.store %{{.*}}, %[[T]]
kernel.func @tasks(%x: memref<2x3x8xf32>) outputs(%y: memref<2x3x8xf32>) {
  %t = kernel.scratch : memref<8xf32>
  kernel.parallel (%i, %j) to (2, 3) {
    kernel.vector_loop %k to 8 {
      %0 = kernel.load %x[%i, %j, %k] : memref<2x3x8xf32>
      kernel.store %0, %t[%k] : memref<8xf32>
    }
    kernel.vector_loop %k to 8 {
      %0 = kernel.load %t[-%k + 7] : memref<8xf32>
      kernel.store %0, %y[%i, %j, %k] : memref<2x3x8xf32>
    }
  }
}

// Phases are a loop over those that a call covers; every other one runs its
// tasks from the last to the first.

// CHECK-LABEL: func.func @phases(
// CHECK-SAME: %[[X:.*]]: memref<16xf32> {llvm.noalias}, %[[Y:.*]]: memref<64xf32> {llvm.noalias}, %[[BEGIN:.*]]: index, %[[END:.*]]: index,
// CHECK-SAME: kernel.num_phases = 4 : i64, kernel.num_tasks = 2 : i64
// CHECK-DAG: %[[FIRST:.*]] = arith.divui %[[BEGIN]], %c2
// CHECK-DAG: %[[LAST:.*]] = arith.ceildivui %[[END]], %c2
// CHECK: scf.for %[[T:.*]] = %[[FIRST]] to %[[LAST]] step %c1 {
// CHECK:   %[[BEFORE:.*]] = arith.muli %[[T]], %c2
// CHECK:   %[[FROM:.*]] = arith.maxsi %{{.*}}, %c0
// CHECK:   %[[TO:.*]] = arith.minsi %{{.*}}, %c2
// CHECK:   %[[PARITY:.*]] = arith.remui %[[T]], %c2
// CHECK:   %[[ODD:.*]] = arith.cmpi ne, %[[PARITY]], %c0
// CHECK:   scf.for %[[I:.*]] = %[[FROM]] to %[[TO]] step %c1 {
// CHECK:     %[[BACK:.*]] = arith.subi %{{.*}}, %[[I]]
// CHECK:     arith.select %[[ODD]], %[[BACK]], %[[I]] : index
// CHECK:     %[[SLICE:.*]] = memref.reinterpret_cast %[[Y]] to offset: [%{{.*}}], sizes: [16], strides: [1]
// CHECK:     %[[FIRST_ROW:.*]] = memref.cast %[[X]]
// CHECK:     %[[ROW:.*]] = arith.select %{{.*}}, %[[FIRST_ROW]], %[[SLICE]]
// CHECK:     vector.load %[[ROW]]
kernel.func @phases(%x: memref<2x8xf32>) outputs(%y: memref<4x2x8xf32>) {
  kernel.phases %t to 4 {
    kernel.parallel (%i) to (2) {
      %zero = arith.constant 0 : index
      %previous = kernel.slice %y[(%t + 3) mod 4] : memref<4x2x8xf32>
      %is_first = arith.cmpi eq, %t, %zero : index
      %row = arith.select %is_first, %x, %previous : memref<2x8xf32>
      kernel.vector_loop %j to 8 {
        %0 = kernel.load %row[%i, %j] : memref<2x8xf32>
        kernel.store %0, %y[%t, %i, %j] : memref<4x2x8xf32>
      }
    }
  }
}

}
