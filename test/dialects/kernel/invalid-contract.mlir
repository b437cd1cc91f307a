// SPDX-License-Identifier: Apache-2.0
// Contractions: what the verifier rejects, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

kernel.func @c1_lhs(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires lhs_map to have 2 dimensions, but got 1}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m) -> (m, m)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c1_lhs_results(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires one result of lhs_map for each dimension of 'memref<128x256xf32>', but got 1}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c1_rhs(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires rhs_map to have 3 dimensions, but got 4}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(b, p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c1_out(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires out_map to have 3 dimensions, but got 2}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p) -> (m, p)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c2_extents(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires positive extents}}
  kernel.contract batch [] m 0 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c2_k(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires positive extents}}
  kernel.contract batch [] m 128 n 64 k []
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c2_tail(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires 'k_tail' to be between 1 and the last extent of 'k', but got 16}}
  kernel.contract batch [] m 128 n 64 k [16, 16] k_tail 16
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c2_tail_blocks(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires 'k' to have blocks for 'k_tail' to apply}}
  kernel.contract batch [] m 128 n 64 k [256] k_tail 3
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c3_arguments(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires an epilogue of 4 arguments, but got 3}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

kernel.func @c3_types(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires an epilogue on indices and an accumulator, but got 'index', 'index', 'index', 'index'}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc) {
    kernel.yield %acc : index
  }
}

// -----

kernel.func @c3_yield(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires an epilogue that yields 'f32'}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %m : index
  }
}

// -----

kernel.func @c1_symbols(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  kernel.parallel (%i) to (2) {
    // expected-error @+1 {{requires out_map to have 1 symbols, but got 0}}
    kernel.contract batch [] m 128 n 32 k [256] symbols (%i)
        lhs %x at affine_map<(m, k)[i] -> (m, k)>
        rhs %w packed at affine_map<(p, k, l)[i] -> (i * 2 + p, k, l)>
        out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
        : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
    epilogue (%m, %p, %l, %acc: f32) {
      kernel.yield %acc : f32
    }
  }
}

// -----

kernel.func @c4(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  // expected-error @+1 {{requires one schedule for a CPU, but got several for "znver3"}}
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {schedules = [#kernel.schedule<"znver3", rows = 6, columns = 16>,
                    #kernel.schedule<"znver3", rows = 4, columns = 16>]}
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// -----

// expected-error @+1 {{requires 'rows' to be 1 to 32, but got 0}}
#rows = #kernel.schedule<"znver3", rows = 0, columns = 16>

// -----

// expected-error @+1 {{requires 'columns' to be a multiple of 16 up to 128, but got 24}}
#columns = #kernel.schedule<"znver3", rows = 4, columns = 24>

// -----

// expected-error @+1 {{requires sizes that aren't negative, but got -1}}
#depth = #kernel.schedule<"znver3", rows = 4, columns = 16, depth = -1>

// -----

kernel.func @c5_types(%x: memref<8x16xi8>, %w: memref<1x16x16xi16>) outputs(%y: memref<8x16xi32>) {
  // expected-error @+1 {{requires factors of the accumulator's type 'i32', or of i8 for i32, but got 'memref<8x16xi8>' and 'memref<1x16x16xi16>'}}
  kernel.contract batch [] m 8 n 16 k [16]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8x16xi8>, memref<1x16x16xi16>, memref<8x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// -----

kernel.func @c5_flags(%x: memref<8x16xi32>, %w: memref<1x16x16xi32>) outputs(%y: memref<8x16xi32>) {
  // expected-error @+1 {{requires factors of i8 and an accumulator of i32 for 'quads' and 'unsigned'}}
  kernel.contract batch [] m 8 n 16 k [16]
      lhs %x unsigned at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8x16xi32>, memref<1x16x16xi32>, memref<8x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// -----

kernel.func @c6(%x: memref<8x18xi8>, %w: memref<1x4x16x4xi8>) outputs(%y: memref<8x16xi32>) {
  // expected-error @+1 {{requires a multiple of 4 as last extent for 'quads', but got 'memref<8x18xi8>'}}
  kernel.contract batch [] m 8 n 16 k [4] quads
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8x18xi8>, memref<1x4x16x4xi8>, memref<8x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}
