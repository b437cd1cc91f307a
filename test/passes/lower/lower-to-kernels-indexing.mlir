// SPDX-License-Identifier: Apache-2.0
// Concatenation, gathering, padding, resizing, iota: operators that choose where to read.
// RUN: dlc-opt %s --split-input-file --graph-form-groups --lower-to-kernels --mlir-print-local-scope | FileCheck %s

// Each input has a section of its own, and what comes before it is fused.

// CHECK-LABEL: kernel.func @concat_0(
// CHECK-SAME: %[[A:.*]]: memref<2x5xf32>, %[[B:.*]]: memref<2x3xf32>) outputs(%[[Y:.*]]: memref<2x8xf32>)
// CHECK-NEXT: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I2:.*]] to 3 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[B]][%[[I]], %[[I2]]] : memref<2x3xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][%[[I]], %[[I2]]] : memref<2x8xf32>
// CHECK: parallel (%[[I3:.*]]) to (2) {
// CHECK-NEXT: vector_loop %[[I4:.*]] to 5 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][%[[I3]], %[[I4]]] : memref<2x5xf32>
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[LOAD2]] : f32
// CHECK-NEXT: store %[[EXP]], %[[Y]][%[[I3]], %[[I4]] + 3] : memref<2x8xf32>
func.func @concat(%x: tensor<2x3xf32>, %y: tensor<2x5xf32>) -> tensor<2x8xf32> {
  %0 = graph.exp %y : tensor<2x5xf32>
  %1 = graph.concat %x, %0 axis 1 : tensor<2x3xf32>, tensor<2x5xf32>
  return %1 : tensor<2x8xf32>
}

// -----

// The second input starts in the middle of a block.

// CHECK-LABEL: kernel.func @concat_0(
// CHECK-SAME: %[[A:.*]]: memref<1x2x2x2x16xf32>, %[[B:.*]]: memref<1x1x2x2x16xf32>) outputs(%[[Y:.*]]: memref<1x3x2x2x16xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[I2:.*]], %[[I3:.*]]) to (1, 1, 2) {
// CHECK: vector_loop %[[I4:.*]] to 16 {
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[I]], %[[I2]], %[[I3]], %{{.*}}, %[[I4]]] : memref<1x2x2x2x16xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][%[[I]], %[[I2]], %[[I3]], %{{.*}}, %[[I4]]] : memref<1x3x2x2x16xf32>
// CHECK: parallel (%[[I5:.*]], %[[I6:.*]], %[[I7:.*]]) to (1, 1, 2) {
// CHECK: vector_loop %[[I8:.*]] to 4 {
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][%[[I5]], %[[I6]] + 1, %[[I7]], %{{.*}}, %[[I8]]] : memref<1x2x2x2x16xf32>
// CHECK-NEXT: store %[[LOAD2]], %[[Y]][%[[I5]], %[[I6]] + 1, %[[I7]], %{{.*}}, %[[I8]]] : memref<1x3x2x2x16xf32>
// CHECK: parallel (%[[I9:.*]], %[[I10:.*]], %[[I11:.*]]) to (1, 1, 2) {
// CHECK: vector_loop %[[I12:.*]] to 16 {
// CHECK-NEXT: %[[LOAD3:.*]] = load %[[B]][%[[I9]], %[[I10]], %[[I11]], %{{.*}}, %[[I12]]] : memref<1x1x2x2x16xf32>
// CHECK-NEXT: store %[[LOAD3]], %[[Y]][%[[I9]], (%[[I10]] * 16 + %[[I12]] + 20) floordiv 16, %[[I11]], %{{.*}}, (%[[I10]] * 16 + %[[I12]] + 20) mod 16] : memref<1x3x2x2x16xf32>
!a = tensor<1x20x2x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!b = tensor<1x16x2x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!out = tensor<1x36x2x2xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
func.func @concat_misaligned(%x: !a, %y: !b) -> !out {
  %0 = graph.concat %x, %y axis 1 : !a, !b
  return %0 : !out
}

// -----

// NaN counts as 0. The last row, 4999, is no f16.

// CHECK-LABEL: kernel.func @gather_0(
// CHECK-SAME: %[[A:.*]]: memref<5000x8xf32>, %[[B:.*]]: memref<2x3xf16>) outputs(%{{.*}}: memref<2x3x8xf32>)
// CHECK: %[[LOAD:.*]] = load %[[B]][%{{.*}}, %{{.*}}] : memref<2x3xf16>
// CHECK-NEXT: %[[EXT:.*]] = arith.extf %[[LOAD]] : f16 to f32
// CHECK: %[[C:.*]] = arith.constant 4.999000e+03 : f32
// CHECK-NEXT: %[[CMP:.*]] = arith.cmpf ogt, %[[EXT]], %{{.*}} : f32
// CHECK-NEXT: %[[SELECT:.*]] = arith.select %[[CMP]], %[[EXT]], %{{.*}} : f32
// CHECK-NEXT: %[[CMP2:.*]] = arith.cmpf ogt, %[[SELECT]], %[[C]] : f32
// CHECK-NEXT: %[[SELECT2:.*]] = arith.select %[[CMP2]], %[[C]], %[[SELECT]] : f32
// CHECK-NEXT: arith.fptosi %[[SELECT2]] : f32 to i64
// CHECK: load %[[A]][%{{.*}}, %{{.*}}] : memref<5000x8xf32>
func.func @gather_clip(%w: tensor<5000x8xf32>, %i: tensor<2x3xf16>) -> tensor<2x3x8xf32> {
  %0 = graph.gather %w, %i axis 0 mode clip : tensor<5000x8xf32>, tensor<2x3xf16>
  return %0 : tensor<2x3x8xf32>
}

// -----

// The remainder of infinity is NaN: it becomes 0.

// CHECK-LABEL: kernel.func @gather_0(
// CHECK-SAME: %[[A:.*]]: memref<5x8xf32>, %[[B:.*]]: memref<2xf32>) outputs(%{{.*}}: memref<2x8xf32>)
// CHECK: %[[LOAD:.*]] = load %[[B]][%{{.*}}] : memref<2xf32>
// CHECK-NEXT: %[[TRUNC:.*]] = math.trunc %[[LOAD]] : f32
// CHECK: %[[REM:.*]] = arith.remf %[[TRUNC]], %{{.*}} : f32
// CHECK: %[[CMP:.*]] = arith.cmpf olt, %{{.*}}, %{{.*}} : f32
// CHECK: %[[SELECT:.*]] = arith.select %[[CMP]], %{{.*}}, %[[REM]] : f32
// CHECK-NEXT: %[[CMP2:.*]] = arith.cmpf oeq, %{{.*}}, %{{.*}} : f32
// CHECK-NEXT: %[[SELECT2:.*]] = arith.select %[[CMP2]], %{{.*}}, %[[SELECT]] : f32
// CHECK: %[[CMP3:.*]] = arith.cmpf ogt, %[[SELECT2]], %{{.*}} : f32
// CHECK-NEXT: %[[SELECT3:.*]] = arith.select %[[CMP3]], %[[SELECT2]], %{{.*}} : f32
// CHECK-NEXT: %[[CMP4:.*]] = arith.cmpf ogt, %[[SELECT3]], %{{.*}} : f32
// CHECK-NEXT: %[[SELECT4:.*]] = arith.select %[[CMP4]], %{{.*}}, %[[SELECT3]] : f32
// CHECK-NEXT: arith.fptosi %[[SELECT4]] : f32 to i64
// CHECK: load %[[A]][%{{.*}}, %{{.*}}] : memref<5x8xf32>
func.func @gather_wrap(%w: tensor<5x8xf32>, %i: tensor<2xf32>) -> tensor<2x8xf32> {
  %0 = graph.gather %w, %i axis 0 mode wrap : tensor<5x8xf32>, tensor<2xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// 299 is no i8.

// CHECK-LABEL: kernel.func @gather_0(
// CHECK-SAME: %[[A:.*]]: memref<300xf32>, %[[B:.*]]: memref<2xi8>) outputs(%{{.*}}: memref<2xf32>)
// CHECK: %[[LOAD:.*]] = load %[[B]][%{{.*}}] : memref<2xi8>
// CHECK-NEXT: %[[EXTS:.*]] = arith.extsi %[[LOAD]] : i8 to i32
// CHECK: %[[C:.*]] = arith.constant 299 : i32
// CHECK-NEXT: %[[CMP:.*]] = arith.cmpi sgt, %[[EXTS]], %{{.*}} : i32
// CHECK-NEXT: %[[SELECT:.*]] = arith.select %[[CMP]], %[[EXTS]], %{{.*}} : i32
// CHECK-NEXT: %[[CMP2:.*]] = arith.cmpi sgt, %[[SELECT]], %[[C]] : i32
// CHECK-NEXT: %[[SELECT2:.*]] = arith.select %[[CMP2]], %[[C]], %[[SELECT]] : i32
// CHECK-NEXT: arith.extsi %[[SELECT2]] : i32 to i64
// CHECK: load %[[A]][%{{.*}}] : memref<300xf32>
func.func @gather_narrow(%w: tensor<300xf32>, %i: tensor<2xi8>) -> tensor<2xf32> {
  %0 = graph.gather %w, %i axis 0 mode clip : tensor<300xf32>, tensor<2xi8>
  return %0 : tensor<2xf32>
}

// -----

// CHECK-LABEL: kernel.func @gather_nd_0(
// CHECK-SAME: %[[A:.*]]: memref<4x5xf32>, %[[B:.*]]: memref<2x3xi32>) outputs(%{{.*}}: memref<3xf32>)
// CHECK: load %[[B]][0, %{{.*}}] : memref<2x3xi32>
// CHECK: load %[[B]][1, %{{.*}}] : memref<2x3xi32>
// CHECK: load %[[A]][%{{.*}}, %{{.*}}] : memref<4x5xf32>
func.func @gather_nd(%x: tensor<4x5xf32>, %i: tensor<2x3xi32>) -> tensor<3xf32> {
  %0 = graph.gather_nd %x, %i : tensor<4x5xf32>, tensor<2x3xi32>
  return %0 : tensor<3xf32>
}

// -----

// CHECK-LABEL: kernel.func @take_along_0(
// CHECK-SAME: %[[A:.*]]: memref<4x5xf32>, %[[B:.*]]: memref<4x1xi64>) outputs(%[[Y:.*]]: memref<4x1xf32>)
// CHECK: %[[LOAD:.*]] = load %[[B]][%{{.*}}, 0] : memref<4x1xi64>
// CHECK: %[[SELECT:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : i64
// CHECK-NEXT: %[[REMS:.*]] = arith.remsi %[[LOAD]], %[[SELECT]] : i64
// CHECK-NEXT: %[[SELECT2:.*]] = arith.select %{{.*}}, %{{.*}}, %[[REMS]] : i64
// CHECK-NEXT: %[[SELECT3:.*]] = arith.select %{{.*}}, %{{.*}}, %[[SELECT2]] : i64
// CHECK: %[[SELECT4:.*]] = arith.select %{{.*}}, %{{.*}}, %[[SELECT3]] : i64
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[SELECT4]] : i64
// CHECK: %[[LOAD2:.*]] = load %[[A]][%{{.*}}, %{{.*}}] : memref<4x5xf32>
// CHECK-NEXT: store %[[LOAD2]], %[[Y]][%{{.*}}, 0] : memref<4x1xf32>
func.func @take_along(%x: tensor<4x5xf32>, %i: tensor<4x1xi64>) -> tensor<4x1xf32> {
  %0 = graph.take_along %x, %i axis 1 mode wrap : tensor<4x5xf32>, tensor<4x1xi64>
  return %0 : tensor<4x1xf32>
}

// -----

// CHECK-LABEL: kernel.func @pad_0(
// CHECK-SAME: %[[A:.*]]: memref<2x3xf32>) outputs(%[[Y:.*]]: memref<2x6xf32>)
// CHECK: %[[SUB:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[MAXS:.*]] = arith.maxsi %[[SUB]], %{{.*}} : index
// CHECK-NEXT: %[[MINS:.*]] = arith.minsi %[[MAXS]], %{{.*}} : index
// CHECK-NEXT: %[[CMP:.*]] = arith.cmpi eq, %[[MINS]], %[[SUB]] : index
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%{{.*}}, %[[MINS]]] : memref<2x3xf32>
// CHECK: %[[SELECT:.*]] = arith.select %[[CMP]], %[[LOAD]], %{{.*}} : f32
// CHECK-NEXT: store %[[SELECT]], %[[Y]][%{{.*}}, %{{.*}}] : memref<2x6xf32>
func.func @pad_constant(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
  %0 = graph.pad %x low [0, 1] high [0, 2] mode constant value 0.5 : tensor<2x3xf32>
  return %0 : tensor<2x6xf32>
}

// -----

// CHECK-LABEL: kernel.func @pad_0(
// CHECK-SAME: %[[A:.*]]: memref<3xf32>) outputs(%[[Y:.*]]: memref<5xf32>)
// CHECK: %[[SUB:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[MAXS:.*]] = arith.maxsi %[[SUB]], %{{.*}} : index
// CHECK-NEXT: %[[MINS:.*]] = arith.minsi %[[MAXS]], %{{.*}} : index
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[MINS]]] : memref<3xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][%{{.*}}] : memref<5xf32>
func.func @pad_edge(%x: tensor<3xf32>) -> tensor<5xf32> {
  %0 = graph.pad %x low [1] high [1] mode edge value 0.0 : tensor<3xf32>
  return %0 : tensor<5xf32>
}

// -----

// Mirrored at the first element, then at the last.

// CHECK-LABEL: kernel.func @pad_0(
// CHECK-SAME: %[[A:.*]]: memref<3xf32>) outputs(%[[Y:.*]]: memref<5xf32>)
// CHECK: %[[SUB:.*]] = arith.subi %{{.*}}, %{{.*}} : index
// CHECK-NEXT: %[[SUB2:.*]] = arith.subi %{{.*}}, %[[SUB]] : index
// CHECK-NEXT: %[[MAXS:.*]] = arith.maxsi %[[SUB]], %[[SUB2]] : index
// CHECK-NEXT: %[[SUB3:.*]] = arith.subi %{{.*}}, %[[MAXS]] : index
// CHECK-NEXT: %[[SUB4:.*]] = arith.subi %{{.*}}, %[[SUB3]] : index
// CHECK-NEXT: %[[MAXS2:.*]] = arith.maxsi %[[SUB3]], %[[SUB4]] : index
// CHECK-NEXT: %[[SUB5:.*]] = arith.subi %{{.*}}, %[[MAXS2]] : index
// CHECK-NEXT: %[[MAXS3:.*]] = arith.maxsi %[[SUB5]], %{{.*}} : index
// CHECK-NEXT: %[[MINS:.*]] = arith.minsi %[[MAXS3]], %{{.*}} : index
// CHECK-NEXT: %[[LOAD:.*]] = load %[[A]][%[[MINS]]] : memref<3xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][%{{.*}}] : memref<5xf32>
func.func @pad_reflect(%x: tensor<3xf32>) -> tensor<5xf32> {
  %0 = graph.pad %x low [1] high [1] mode reflect value 0.0 : tensor<3xf32>
  return %0 : tensor<5xf32>
}

// -----

// 0.5 i, rounded down.

// CHECK-LABEL: kernel.func @resize_0(
// CHECK-SAME: %[[A:.*]]: memref<1x1x4x4xf32>) outputs(%[[Y:.*]]: memref<1x1x8x4xf32>)
// CHECK: %[[C:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: arith.mulf %{{.*}}, %[[C]] : f32
// CHECK: arith.fptosi %{{.*}} : f32 to i64
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: arith.fptosi %{{.*}} : f32 to i64
// CHECK: %[[LOAD:.*]] = load %[[A]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x4x4xf32>
// CHECK-NEXT: store %[[LOAD]], %[[Y]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x8x4xf32>
func.func @resize_nearest(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x8x4xf32> {
  %0 = graph.resize %x size [8, 4] mode nearest coordinates asymmetric : tensor<1x1x4x4xf32>
  return %0 : tensor<1x1x8x4xf32>
}

// -----

// 4 / 8 i: corners stay.

// CHECK-LABEL: kernel.func @resize_0(
// CHECK-SAME: %[[A:.*]]: memref<1x1x5x4xf32>) outputs(%{{.*}}: memref<1x1x9x4xf32>)
// CHECK: %[[C:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: %[[MUL:.*]] = arith.mulf %{{.*}}, %[[C]] : f32
// CHECK: arith.addf %[[MUL]], %{{.*}} : f32
// CHECK: %[[FLOOR:.*]] = math.floor %{{.*}} : f32
// CHECK-NEXT: %[[SUB:.*]] = arith.subf %{{.*}}, %[[FLOOR]] : f32
// CHECK: arith.addf %[[FLOOR]], %{{.*}} : f32
// CHECK: %[[MUL2:.*]] = arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: arith.addf %[[MUL2]], %{{.*}} : f32
// CHECK: %[[FLOOR2:.*]] = math.floor %{{.*}} : f32
// CHECK-NEXT: %[[SUB2:.*]] = arith.subf %{{.*}}, %[[FLOOR2]] : f32
// CHECK: arith.addf %[[FLOOR2]], %{{.*}} : f32
// CHECK: %[[LOAD:.*]] = load %[[A]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x5x4xf32>
// CHECK-NEXT: %[[LOAD2:.*]] = load %[[A]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x5x4xf32>
// CHECK-NEXT: %[[SUB3:.*]] = arith.subf %[[LOAD2]], %[[LOAD]] : f32
// CHECK-NEXT: %[[MUL3:.*]] = arith.mulf %[[SUB2]], %[[SUB3]] : f32
// CHECK-NEXT: %[[ADD5:.*]] = arith.addf %[[LOAD]], %[[MUL3]] : f32
// CHECK-NEXT: %[[LOAD3:.*]] = load %[[A]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x5x4xf32>
// CHECK-NEXT: %[[LOAD4:.*]] = load %[[A]][0, 0, %{{.*}}, %{{.*}}] : memref<1x1x5x4xf32>
// CHECK-NEXT: %[[SUB4:.*]] = arith.subf %[[LOAD4]], %[[LOAD3]] : f32
// CHECK-NEXT: %[[MUL4:.*]] = arith.mulf %[[SUB2]], %[[SUB4]] : f32
// CHECK-NEXT: %[[ADD6:.*]] = arith.addf %[[LOAD3]], %[[MUL4]] : f32
// CHECK-NEXT: %[[SUB5:.*]] = arith.subf %[[ADD6]], %[[ADD5]] : f32
// CHECK-NEXT: %[[MUL5:.*]] = arith.mulf %[[SUB]], %[[SUB5]] : f32
// CHECK-NEXT: arith.addf %[[ADD5]], %[[MUL5]] : f32
func.func @resize_align(%x: tensor<1x1x5x4xf32>) -> tensor<1x1x9x4xf32> {
  %0 = graph.resize %x size [9, 4] mode bilinear coordinates align_corners : tensor<1x1x5x4xf32>
  return %0 : tensor<1x1x9x4xf32>
}

// -----

// 0.5 (i + 0.5) - 0.5.

// CHECK-LABEL: kernel.func @resize_0(
// CHECK-SAME: %{{.*}}: memref<1x1x4x4xf32>) outputs(%{{.*}}: memref<1x1x8x4xf32>)
// CHECK: arith.constant 5.000000e-01 : f32
// CHECK: arith.constant -2.500000e-01 : f32
// CHECK: math.floor %{{.*}} : f32
// CHECK: math.floor %{{.*}} : f32
func.func @resize_half_pixel(%x: tensor<1x1x4x4xf32>) -> tensor<1x1x8x4xf32> {
  %0 = graph.resize %x size [8, 4] mode bilinear coordinates half_pixel : tensor<1x1x4x4xf32>
  return %0 : tensor<1x1x8x4xf32>
}

// -----

// CHECK-LABEL: kernel.func @add_0(
// CHECK-SAME: %{{.*}}: memref<3x4xf32>) outputs(%[[Y:.*]]: memref<3x4xf32>) attributes {inplace = [array<i64: 0, 0>]}
// CHECK: %[[INDEX_CAST:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK-NEXT: %[[SITOFP:.*]] = arith.sitofp %[[INDEX_CAST]] : i64 to f32
// CHECK: %[[MUL:.*]] = arith.mulf %[[SITOFP]], %{{.*}} : f32
// CHECK-NEXT: %[[ADD:.*]] = arith.addf %{{.*}}, %[[MUL]] : f32
// CHECK-NEXT: %[[ADD2:.*]] = arith.addf %{{.*}}, %[[ADD]] : f32
// CHECK-NEXT: store %[[ADD2]], %[[Y]][%{{.*}}, %{{.*}}] : memref<3x4xf32>
func.func @iota(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = graph.iota dim 1 start 1.0 step 2.0 : tensor<3x4xf32>
  %1 = graph.add %x, %0 : tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// Pixels beyond the image are 0: the one that is read instead is not used.

// CHECK-LABEL: kernel.func @sample_0(
// CHECK-SAME: %[[X:.*]]: memref<2x3x8x9xf32>, %[[V:.*]]: memref<2x20xf32>, %[[U:.*]]: memref<2x20xf32>) outputs(%[[Y:.*]]: memref<2x3x20xf32>)
// CHECK-NEXT: parallel (%[[N:.*]], %[[C:.*]]) to (2, 3) {
// CHECK-NEXT: vector_loop %[[P:.*]] to 20 {
// CHECK-NEXT: load %[[V]][%[[N]], %[[P]]] : memref<2x20xf32>
// CHECK-NEXT: load %[[U]][%[[N]], %[[P]]] : memref<2x20xf32>
// CHECK: %[[PIXEL:.*]] = load %[[X]][%[[N]], %[[C]], %{{.*}}, %{{.*}}] : memref<2x3x8x9xf32>
// CHECK-NEXT: %[[INSIDE:.*]] = arith.andi
// CHECK-NEXT: arith.select %[[INSIDE]], %[[PIXEL]], %{{.*}} : f32
// CHECK-COUNT-3: load %[[X]][%[[N]], %[[C]], %{{.*}}, %{{.*}}] : memref<2x3x8x9xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[N]], %[[C]], %[[P]]] : memref<2x3x20xf32>
func.func @sample_zero(%x: tensor<2x3x8x9xf32>, %v: tensor<2x20xf32>, %u: tensor<2x20xf32>) -> tensor<2x3x20xf32> {
  %0 = graph.sample %x at %v, %u border zero : tensor<2x3x8x9xf32>, tensor<2x20xf32>
  return %0 : tensor<2x3x20xf32>
}

// -----

// CHECK-LABEL: kernel.func @sample_0(
// CHECK-SAME: %[[X:.*]]: memref<2x3x8x9xf32>, %{{.*}}: memref<5x20xf32>, %[[I:.*]]: memref<5xi32>)
// CHECK: parallel (%[[M:.*]], %[[C:.*]]) to (5, 3) {
// CHECK: load %[[I]][%[[M]]] : memref<5xi32>
// CHECK: %[[IMAGE:.*]] = arith.index_cast
// CHECK-COUNT-4: load %[[X]][%[[IMAGE]], %[[C]], %{{.*}}, %{{.*}}] : memref<2x3x8x9xf32>
// CHECK-NOT: arith.andi
func.func @sample_edge(%x: tensor<2x3x8x9xf32>, %v: tensor<5x20xf32>, %i: tensor<5xi32>) -> tensor<5x3x20xf32> {
  %0 = graph.sample %x at %v, %v images %i border edge : tensor<2x3x8x9xf32>, tensor<5x20xf32>, tensor<5xi32>
  return %0 : tensor<5x3x20xf32>
}

// -----

// CHECK-LABEL: kernel.func @windows_0(
// CHECK-SAME: %[[X:.*]]: memref<2x8xf32>) outputs(%[[Y:.*]]: memref<2x3x4xf32>)
// CHECK-NEXT: parallel (%[[I:.*]], %[[J:.*]]) to (2, 3) {
// CHECK-NEXT: vector_loop %[[K:.*]] to 4 {
// CHECK-NEXT: load %[[X]][%[[I]], %[[J]] * 2 + %[[K]]] : memref<2x8xf32>
func.func @windows(%x: tensor<2x8xf32>) -> tensor<2x3x4xf32> {
  %0 = graph.windows %x axis 1 size 4 stride 2 dilation 1 : tensor<2x8xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

// Channels are lanes: weights and rows are found once for all of them.

// CHECK-LABEL: kernel.func @sample_0(
// CHECK-SAME: %[[X:.*]]: memref<2x8x9x16xf32>, %[[V:.*]]: memref<2x20xf32>) outputs(%[[Y:.*]]: memref<2x20x16xf32>)
// CHECK: vector_loop %[[C:.*]] to 16 {
// CHECK-NEXT: load %[[V]][%[[N:.*]], %[[P:.*]]] : memref<2x20xf32>
// CHECK-COUNT-4: load %[[X]][%[[N]], %{{.*}}, %{{.*}}, %[[C]]] : memref<2x8x9x16xf32>
// CHECK: store %{{.*}}, %[[Y]][%[[N]], %[[P]], %[[C]]] : memref<2x20x16xf32>
func.func @sample_channels_last(%x: tensor<2x8x9x16xf32>, %v: tensor<2x20xf32>) -> tensor<2x20x16xf32> {
  %0 = graph.sample %x at %v, %v border edge channels_last : tensor<2x8x9x16xf32>, tensor<2x20xf32>
  return %0 : tensor<2x20x16xf32>
}
