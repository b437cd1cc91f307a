// RUN: dlc-opt --kernel-to-gpu --cse %s | FileCheck %s --check-prefixes=CHECK,EXACT
// RUN: dlc-opt --kernel-to-gpu="precision=tf32" --cse %s | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: dlc-opt --kernel-to-gpu="precision=bfloat16" --cse %s | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: not dlc-opt --kernel-to-gpu="precision=float8" %s 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: unknown precision 'float8'

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

module attributes {device.gpu = #gpu} {
// The first stages are copied before the loop over the depth, 16 bytes at once,
// and what is multiplied first is loaded; each step copies a later stage, waits
// for the next one and loads from it, before it multiplies what it has.
// CHECK-LABEL: gpu.func @dense
// CHECK: nvgpu.device_async_copy {{.*}}, 4, %{{.+}} {bypassL1} : memref<262144xf32> to memref<{{[0-9]+}}xf32, #gpu.address_space<workgroup>>
// CHECK: nvgpu.device_async_create_group
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = {{[12]}} : i32}
// CHECK-NEXT: gpu.barrier
// EXACT: nvgpu.ldmatrix
// CHECK: scf.for
// CHECK-NOT: scf.if
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_create_group
// Three products of parts of the factors make up one of f32, each of all pieces
// before the next one.
// EXACT: arith.subf
// EXACT: nvvm.mma.sync A[%[[LOW:[0-9]+]], {{.+}}] B[%[[B:[0-9]+]], %{{[0-9]+}}] C[%{{.+}}] {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// EXACT: nvvm.mma.sync A[%[[LOW]], {{.+}}] B[
// EXACT: nvvm.mma.sync A[%[[HIGH:[0-9]+]], {{.+}}] B[%[[B]],
// TF32-NOT: arith.subf
// TF32: nvvm.mma.sync {{.*}}#nvvm.mma_type<tf32>
// BF16: arith.truncf %{{.+}} : f32 to bf16
// BF16: nvvm.mma.sync {{.*}}#nvvm.mma_type<bf16>{{.*}}k = 16
// EXACT: nvgpu.device_async_wait %{{.+}} {numGroups = {{[12]}} : i32}
// EXACT-NEXT: gpu.barrier
// EXACT: nvvm.mma.sync
// CHECK: scf.yield
// CHECK: nvgpu.device_async_wait %{{.+}} {numGroups = 0 : i32}
// The epilogue runs on the sums, two of which are side by side.
// CHECK: arith.maximumf
// CHECK: vector.store %{{.+}}, %{{.+}} {alignment = 8 : i64} : memref<1048576xf32>, vector<2xf32>
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
// CHECK: nvgpu.device_async_copy {{.*}}, 1, %{{.+}} : memref<262144xf32>
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

// A depth that is too long for the few tiles that there are is shared among
// blocks: they store their sums, and add up all parts in a second launch.
// CHECK-LABEL: gpu.func @shared
// CHECK-SAME: %[[SCRATCH:[0-9a-z]+]]: memref<[[BYTES:[0-9]+]]xi8>, %[[PHASE:[0-9a-z]+]]: i32)
// CHECK-SAME: kernel.blocks = [[BLOCKS:[5-9][0-9]|1[0-9][0-9]]] : i64
// CHECK-SAME: kernel.num_phases = 2 : i64
// CHECK-SAME: kernel.schedule = [{{[{].*}}k = 4096 : i64, m = 64 : i64, n = 64 : i64, parts = [[PARTS:[0-9]+]] : i64, {{.*}}unit = "mma"}]
// CHECK-SAME: kernel.scratch_bytes = [[BYTES]] : i64
// CHECK: %[[PARTIALS:.+]] = memref.view %[[SCRATCH]]
// CHECK: scf.if
// CHECK: scf.for %{{.+}} = %[[BEGIN:.+]] to %[[END:.+]] step
// CHECK: nvvm.mma.sync
// CHECK: vector.store %{{.+}}, %[[PARTIALS]][%{{.+}}] {alignment = 16 : i64} : {{.+}}, vector<4xf32>
// CHECK: } else {
// CHECK-NOT: scf.for
// CHECK-NOT: nvvm.mma.sync
// CHECK: vector.load %[[PARTIALS]][%{{.+}}] {alignment = 16 : i64} : {{.+}}, vector<4xf32>
// CHECK: arith.addf %{{.+}} : vector<4xf32>
// CHECK: arith.maximumf
// CHECK: vector.store %{{.+}}, %{{.+}} {alignment = 8 : i64} : memref<4096xf32>, vector<2xf32>
kernel.func @shared(%x: memref<64x4096xf32>, %w: memref<4x4096x16xf32>) outputs(%y: memref<64x64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  %zero = arith.constant 0.0 : f32
  kernel.contract batch [] m 64 n 64 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<64x4096xf32>, memref<4x4096x16xf32>, memref<64x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %0 = arith.maximumf %acc, %zero : f32
    kernel.yield %0 : f32
  }
}

// Other sections would wait for the second launch.
// CHECK-LABEL: gpu.func @beside
// CHECK-SAME: kernel.num_phases = 1 : i64
kernel.func @beside(%x: memref<64x4096xf32>, %w: memref<4x4096x16xf32>) outputs(%y: memref<64x64xf32>, %z: memref<64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16, 16>} {
  kernel.contract batch [] m 64 n 64 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<64x4096xf32>, memref<4x4096x16xf32>, memref<64x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
  kernel.parallel (%i) to (64) {
    %0 = kernel.load %x[%i, 0] : memref<64x4096xf32>
    kernel.store %0, %z[%i] : memref<64xf32>
  }
}

// A matrix that multiplies all images is read for rows of several of them.
// CHECK-LABEL: gpu.func @images
// CHECK-SAME: kernel.blocks = 50 : i64
kernel.func @images(%x: memref<8x49x64xf32>, %w: memref<4x64x16xf32>) outputs(%y: memref<8x49x64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [8] m 49 n 64 k [64]
      lhs %x at affine_map<(b, m, k) -> (b, m, k)>
      rhs %w packed at affine_map<(b, p, k, l) -> (p, k, l)>
      out %y at affine_map<(b, m, p, l) -> (b, m, p * 16 + l)>
      : memref<8x49x64xf32>, memref<4x64x16xf32>, memref<8x49x64xf32>
  epilogue (%b, %m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Where there are few tiles, several warps share the depth of one; their sums
// are added up in shared memory.
// CHECK-LABEL: gpu.func @deep
// CHECK: scf.for
// CHECK: nvvm.mma.sync
// CHECK: scf.yield
// CHECK: memref.store %{{.+}} : memref<[[SUMS:[0-9]+]]xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: %[[FIRST:.+]] = memref.load %{{.+}} : memref<[[SUMS]]xf32, #gpu.address_space<workgroup>>
// CHECK: %[[SECOND:.+]] = memref.load %{{.+}} : memref<[[SUMS]]xf32, #gpu.address_space<workgroup>>
// CHECK-NEXT: arith.addf %[[FIRST]], %[[SECOND]] : f32
kernel.func @deep(%x: memref<32x4096xf32>, %w: memref<4x4096x16xf32>) outputs(%y: memref<32x64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 32 n 64 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<32x4096xf32>, memref<4x4096x16xf32>, memref<32x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// One row needs each column once: it is multiplied as it comes, four columns and
// eight steps of each thread at once.
// CHECK-LABEL: gpu.func @row
// CHECK-SAME: kernel.blocks = 4 : i64
// CHECK-NOT: nvgpu.device_async_copy
// CHECK: scf.for
// CHECK-COUNT-8: vector.load %{{.+}} {alignment = 16 : i64} : memref<262144xf32>, vector<4xf32>
// CHECK-COUNT-8: math.fma %{{.+}} : vector<4xf32>
// CHECK: vector.store %{{.+}} #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK: gpu.barrier
kernel.func @row(%x: memref<1x4096xf32>, %w: memref<4x4096x16xf32>) outputs(%y: memref<1x64xf32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 1 n 64 k [4096]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x4096xf32>, memref<4x4096x16xf32>, memref<1x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Words of four 8-bit integers are copied as elements of f32 are, and multiplied
// by tensor cores, exactly whatever the precision; of one row, too.
// CHECK-LABEL: gpu.func @bytes
// CHECK-DAG: %[[X:.+]] = memref.view %{{.+}} : memref<262144xi8> to memref<65536xi32>
// CHECK: nvgpu.device_async_copy %{{.+}}, %{{.+}}, 4, %{{.+}} {bypassL1} : memref<65536xi32> to memref<{{[0-9]+}}xi32, #gpu.address_space<workgroup>>
// CHECK: nvgpu.ldmatrix %{{.+}} {numTiles = 4 : i32, transpose = false} : memref<{{[0-9]+}}xi32, #gpu.address_space<workgroup>> -> vector<4x1xi32>
// CHECK: scf.for
// CHECK: nvvm.mma.sync {{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>{{.*}}multiplicandAPtxType = #nvvm.mma_type<u8>, multiplicandBPtxType = #nvvm.mma_type<s8>, shape = #nvvm.shape<m = 16, n = 8, k = 32>
// CHECK: vector.store %{{.+}}, %{{.+}} {alignment = 8 : i64} : memref<1048576xi32>, vector<2xi32>
kernel.func @bytes(%x: memref<1024x256xi8>, %w: memref<64x64x16x4xi8>) outputs(%y: memref<1024x1024xi32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 1024 n 1024 k [64] quads
      lhs %x unsigned at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1024x256xi8>, memref<64x64x16x4xi8>, memref<1024x1024xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// Warps that share a depth add up integers.
// CHECK-LABEL: gpu.func @row_of_bytes
// CHECK: nvvm.mma.sync {{.*}}#nvvm.mma_type<s8>
// CHECK: memref.store %{{.+}} : memref<[[SUMS:[0-9]+]]xi32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: %[[FIRST:.+]] = memref.load %{{.+}} : memref<[[SUMS]]xi32, #gpu.address_space<workgroup>>
// CHECK: %[[SECOND:.+]] = memref.load %{{.+}} : memref<[[SUMS]]xi32, #gpu.address_space<workgroup>>
// CHECK-NEXT: arith.addi %[[FIRST]], %[[SECOND]] : i32
kernel.func @row_of_bytes(%x: memref<1x1024xi8>, %w: memref<4x256x16x4xi8>) outputs(%y: memref<1x64xi32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 1 n 64 k [256] quads
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x1024xi8>, memref<4x256x16x4xi8>, memref<1x64xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// So do blocks.
// CHECK-LABEL: gpu.func @deep_row_of_bytes
// CHECK-SAME: kernel.num_phases = 2 : i64
// CHECK: nvvm.mma.sync {{.*}}#nvvm.mma_type<s8>
// CHECK: vector.store %{{.+}} : memref<{{.+}}xi32>, vector<4xi32>
// CHECK: } else {
// CHECK: arith.addi %{{.+}} : vector<4xi32>
kernel.func @deep_row_of_bytes(%x: memref<1x4096xi8>, %w: memref<4x1024x16x4xi8>) outputs(%y: memref<1x64xi32>)
    attributes {kernel.alignments = array<i64: 16, 16, 16>} {
  kernel.contract batch [] m 1 n 64 k [1024] quads
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<1x4096xi8>, memref<4x1024x16x4xi8>, memref<1x64xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// Words that begin anywhere are put together from bytes.
// CHECK-LABEL: gpu.func @unaligned_bytes
// CHECK-NOT: nvgpu.device_async_copy
// CHECK: %[[BYTES:.+]] = vector.from_elements %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} : vector<4xi8>
// CHECK: vector.bitcast %[[BYTES]] : vector<4xi8> to vector<1xi32>
// CHECK: nvvm.mma.sync
kernel.func @unaligned_bytes(%x: memref<64x256xi8>, %w: memref<4x64x16x4xi8>) outputs(%y: memref<64x64xi32>)
    attributes {kernel.alignments = array<i64: 1, 16, 16>} {
  kernel.contract batch [] m 64 n 64 k [64] quads
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<64x256xi8>, memref<4x64x16x4xi8>, memref<64x64xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// Those that don't come in fours are extended one by one.
// CHECK-LABEL: gpu.func @odd_bytes
// CHECK-NOT: nvvm.mma
// CHECK: memref.store %{{.+}} : memref<{{[0-9]+}}xi8, #gpu.address_space<workgroup>>
// CHECK: arith.extui %{{.+}} : i8 to i32
// CHECK: arith.extsi %{{.+}} : i8 to i32
// CHECK: arith.muli %{{.+}} : i32
kernel.func @odd_bytes(%x: memref<64x30xi8>, %w: memref<4x30x16xi8>) outputs(%y: memref<64x64xi32>) {
  kernel.contract batch [] m 64 n 64 k [30]
      lhs %x unsigned at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<64x30xi8>, memref<4x30x16xi8>, memref<64x64xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
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
