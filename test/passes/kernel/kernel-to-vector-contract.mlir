// SPDX-License-Identifier: Apache-2.0
// Contractions become register tiles, whose accumulators stay in registers.
// RUN: sed -e 's/BYTES/32/; s/REGISTERS/16/' %s | dlc-opt --kernel-to-vector --canonicalize --cse | FileCheck %s
// RUN: sed -e 's/BYTES/64/; s/REGISTERS/32/' %s | dlc-opt --kernel-to-vector --canonicalize --cse | FileCheck %s --check-prefix=WIDE
// RUN: sed -e 's/BYTES/32/; s/REGISTERS/16/' %s | dlc-opt --kernel-to-vector --remark-format=emitRemark --remarks-filter=schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: remark: {{.*}}6 x 32 x 40 in tiles of 6x16, bound by fma{{.*}}2x32 would take 3.5 % longer

#target = #device.target<"test", triple = "x86_64-unknown-linux-gnu", cpu = "x86-64",
  features = "", dispatch = 0, vector_bytes = BYTES, vector_registers = REGISTERS,
  masks = false, l1_bytes = 32768, l2_bytes = 524288>

module attributes {device.target = #target} {

// Six rows of one panel of 16: twelve accumulators, two vectors of the right
// side and one of the left fill the 16 registers.

// CHECK-LABEL: func.func @dense(
// CHECK-SAME: %[[X:[^:]*]]: memref<240xf32> {llvm.noalias}, %[[W:[^:]*]]: memref<1280xf32> {llvm.noalias}, %[[B:[^:]*]]: memref<32xf32>
// The schedule says why.
// CHECK-SAME: kernel.schedule = [{bound = "fma", columns = 16 : i64, cycles = {{[0-9]+}} : i64, depth_blocks = 1 : i64, groups = 2 : i64, k = 40 : i64, m = 6 : i64, n = 32 : i64,
// CHECK-SAME: rows = 6 : i64, runner_up_bound = "fma", runner_up_columns = 32 : i64,
// CHECK: scf.for %[[TASK:.*]] = %
// CHECK: %[[ACC:.*]]:12 = scf.for %[[K:[^ ]*]] = %c0 to %c40 step %c1 iter_args
// CHECK: %[[W0:.*]] = vector.load %[[W]]{{.*}} vector<8xf32>
// CHECK: %[[W1:.*]] = vector.load %[[W]]{{.*}} vector<8xf32>
// CHECK: %[[A:.*]] = memref.load %[[X]]
// CHECK: %[[AS:.*]] = vector.broadcast %[[A]] : f32 to vector<8xf32>
// CHECK: vector.fma %[[AS]], %[[W0]], %{{.*}} : vector<8xf32>
// CHECK: vector.fma %[[AS]], %[[W1]], %{{.*}} : vector<8xf32>
// CHECK-COUNT-10: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// The epilogue works on the accumulators.
// CHECK: %[[B0:.*]] = vector.load %[[B]]
// CHECK: %[[S:.*]] = arith.addf %[[ACC]]#0, %[[B0]] : vector<8xf32>
// CHECK: %[[R:.*]] = arith.maximumf %[[S]]
// CHECK: vector.store %[[R]]

// WIDE-LABEL: func.func @dense(
// WIDE: %{{.*}}:12 = scf.for %{{.*}} = %c0 to %c40 step %c1 iter_args
// WIDE-COUNT-12: vector.fma {{.*}} : vector<16xf32>
// WIDE-NOT: vector.fma
// WIDE: return
kernel.func @dense(%x: memref<6x40xf32>, %w: memref<2x40x16xf32>, %b: memref<2x16xf32>)
    outputs(%y: memref<6x32xf32>) {
  %zero = arith.constant 0.0 : f32
  kernel.contract batch [] m 6 n 32 k [40]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<6x40xf32>, memref<2x40x16xf32>, memref<6x32xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %0 = kernel.load %b[%p, %l] : memref<2x16xf32>
    %1 = arith.addf %acc, %0 : f32
    %2 = arith.maximumf %1, %zero : f32
    kernel.yield %2 : f32
  }
}

// The last panel has 3 of 16 columns: no store goes beyond the buffer.

// CHECK-LABEL: func.func @tail(
// CHECK: %[[MASK:.*]] = arith.constant dense<[true, true, true, false, false, false, false, false]>
// CHECK: %[[ACC:.*]] = scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-NOT: vector.store
// CHECK: vector.maskedstore %{{.*}}[%c0], %[[MASK]], %[[ACC]] :
// CHECK-NOT: store
kernel.func @tail(%x: memref<1x8xf32>, %w: memref<1x8x16xf32>) outputs(%y: memref<1x3xf32>) {
  kernel.contract batch [] m 1 n 3 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x8xf32>, memref<1x8x16xf32>, memref<1x3xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// A symbol of the maps is the index of the task around the contraction.

// CHECK-LABEL: func.func @nested(
// CHECK-SAME: %{{[^:]*}}: memref<48xf32> {llvm.noalias}, %[[W:[^:]*]]: memref<512xf32>
// CHECK: scf.for %[[TASK:[^ ]*]] = %
// CHECK: %{{.*}}:12 = scf.for %[[K:[^ ]*]] = %
// CHECK: %[[ROW:.*]] = arith.muli %[[K]], %c16
// CHECK: %[[PANEL:.*]] = arith.muli %[[TASK]], %c128
// CHECK: %[[AT:.*]] = arith.addi %[[ROW]], %[[PANEL]]
// CHECK: vector.load %[[W]][%[[AT]]]
kernel.func @nested(%x: memref<6x8xf32>, %w: memref<4x8x16xf32>) outputs(%y: memref<4x6x16xf32>) {
  kernel.parallel (%i) to (4) {
    kernel.contract batch [] m 6 n 16 k [8] symbols (%i)
        lhs %x at affine_map<(m, k)[i] -> (m, k)>
        rhs %w packed at affine_map<(p, k, l)[i] -> (i + p, k, l)>
        out %y whole_panels at affine_map<(m, p, l)[i] -> (i, m, l)>
        : memref<6x8xf32>, memref<4x8x16xf32>, memref<4x6x16xf32>
    epilogue (%m, %p, %l, %acc: f32) {
      kernel.yield %acc : f32
    }
  }
}

// Eight columns are one vector of eight lanes: the other half of the panel, which
// nobody reads, is neither computed nor written.

// CHECK-LABEL: func.func @half_panel(
// CHECK: %{{.*}}:6 = scf.for
// CHECK-COUNT-6: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-6: vector.store
// CHECK-NOT: vector.store
// CHECK: return

// WIDE-LABEL: func.func @half_panel(
// WIDE-COUNT-6: vector.store {{.*}} vector<16xf32>
kernel.func @half_panel(%x: memref<6x40xf32>, %w: memref<1x40x16xf32>) outputs(%y: memref<6x16xf32>) {
  kernel.contract batch [] m 6 n 8 k [40]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y whole_panels at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<6x40xf32>, memref<1x40x16xf32>, memref<6x16xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Words of four 8-bit integers: those at even and at odd places are extended to
// 16 bits, and their products added in pairs. A tile of four rows and one panel
// has eight accumulators, and twice two vectors of columns.

// CHECK-LABEL: func.func @words(
// CHECK-SAME: %[[X:[^:]*]]: memref<240xi8> {llvm.noalias}, %[[W:[^:]*]]: memref<1280xi8>
// CHECK-DAG: %[[BYTE:.*]] = arith.constant dense<255> : vector<16xi16>
// CHECK: scf.for %{{.*}} = %c0 to %c10 step %c1 iter_args({{.*}}) -> (vector<8xi32>
// CHECK: %[[WS:.*]] = memref.view %[[W]][%c0][] : memref<1280xi8> to memref<320xi32>
// CHECK: %[[COLUMNS:.*]] = vector.load %[[WS]]{{.*}} vector<8xi32>
// CHECK: %[[PAIRS:.*]] = vector.bitcast %[[COLUMNS]] : vector<8xi32> to vector<16xi16>
// CHECK: %[[UPPER:.*]] = arith.shli %[[PAIRS]]
// CHECK: %[[EVEN:.*]] = arith.shrsi %[[UPPER]]
// CHECK: %[[ODD:.*]] = arith.shrsi %[[PAIRS]]
// CHECK: %[[XS:.*]] = memref.view %[[X]][%c0][] : memref<240xi8> to memref<60xi32>
// CHECK: %[[A:.*]] = memref.load %[[XS]]
// CHECK: %[[AS:.*]] = vector.broadcast %[[A]] : i32 to vector<8xi32>
// CHECK: %[[ROW:.*]] = vector.bitcast %[[AS]] : vector<8xi32> to vector<16xi16>
// CHECK: arith.andi %[[ROW]], %[[BYTE]]
// CHECK: arith.shrui %[[ROW]]
// CHECK: %[[PRODUCT:.*]] = arith.muli %{{.*}} : vector<16xi32>
// CHECK: vector.shuffle %[[PRODUCT]], %[[PRODUCT]] [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.shuffle %[[PRODUCT]], %[[PRODUCT]] [1, 3, 5, 7, 9, 11, 13, 15]
kernel.func @words(%x: memref<6x40xi8>, %w: memref<2x10x16x4xi8>) outputs(%y: memref<6x32xi32>) {
  kernel.contract batch [] m 6 n 32 k [10] quads
      lhs %x unsigned at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<6x40xi8>, memref<2x10x16x4xi8>, memref<6x32xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// One by one, 8-bit integers are extended when they are loaded.

// CHECK-LABEL: func.func @bytes(
// CHECK: scf.for
// CHECK: %[[COLUMNS:.*]] = vector.load %{{.*}} vector<8xi8>
// CHECK: arith.extsi %[[COLUMNS]] : vector<8xi8> to vector<8xi32>
// CHECK: %[[A:.*]] = memref.load %{{.*}} : memref<18xi8>
// CHECK: %[[ROW:.*]] = vector.broadcast %[[A]] : i8 to vector<8xi8>
// CHECK: arith.extui %[[ROW]] : vector<8xi8> to vector<8xi32>
// CHECK: arith.muli %{{.*}} : vector<8xi32>
kernel.func @bytes(%x: memref<6x3xi8>, %w: memref<1x3x16xi8>) outputs(%y: memref<6x16xi32>) {
  kernel.contract batch [] m 6 n 16 k [3]
      lhs %x unsigned at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<6x3xi8>, memref<1x3x16xi8>, memref<6x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

}
