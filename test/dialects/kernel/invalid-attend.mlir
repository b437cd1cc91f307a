// SPDX-License-Identifier: Apache-2.0
// Attention: what the verifier rejects, by constraint.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

kernel.func @c1_keys(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires keys_map to have 2 dimensions and no symbols, but got 3 and 0}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(b, n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c1_results(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires one result of out_map for each dimension of 'memref<32x8xf32>', but got 1}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c2(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires positive extents}}
  kernel.attend batch [] m 32 n 0 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c3_score(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires a score on 2 indices and a number, but got 'index', 'f32'}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c3_epilogue(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf16>) {
  // expected-error @+1 {{requires an epilogue that yields 'f16'}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf16>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c4(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires a weight proportional to its last argument}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } weight {
  ^bb0(%m: index, %n: index, %acc: f32):
    %0 = arith.mulf %acc, %acc : f32
    kernel.yield %0 : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @c5(%q: memref<32x8xf32>, %k: memref<16x8xf32>) outputs(%y: memref<32x8xf32>) {
  // expected-error @+1 {{requires a kernel.parallel or kernel.contract}}
  kernel.attend batch [] m 32 n 16 d 8 e 8
      queries %q at affine_map<(m, d) -> (m, d)> keys %k at affine_map<(n, d) -> (n, d)>
      values %k at affine_map<(n, e) -> (n, e)> out %y at affine_map<(m, e) -> (m, e)>
      : memref<32x8xf32>, memref<16x8xf32>, memref<16x8xf32>, memref<32x8xf32>
  score {
  ^bb0(%m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } epilogue {
  ^bb0(%m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    %s = kernel.scratch : memref<8xf32>
  }
}
