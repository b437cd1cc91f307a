// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK: #[[AT_TASK:.*]] = affine_map<(d0, d1)[s0, s1] -> (s0, d0 + s1 * 32, d1)>

// CHECK-LABEL: kernel.func @loops(
// CHECK-SAME: %[[X:.*]]: memref<4x8x100xf32>) outputs(%[[Y:.*]]: memref<4x8x100xf32>, %[[S:.*]]: memref<4xf32>)
// CHECK-SAME: attributes {inplace = [array<i64: 0, 0>]} {
// CHECK: %[[T:.*]] = scratch : memref<100xf32>
// CHECK: parallel (%[[N:.*]]) to (4) {
// CHECK:   loop (%[[C:.*]]) to (8) {
// CHECK:     vector_loop %[[I:.*]] to 100 {
// CHECK:       %[[V:.*]] = load %[[X]][%[[N]], %[[C]], %[[I]]] : memref<4x8x100xf32>
// CHECK:       store %{{.*}}, %[[T]][%[[I]] floordiv 2 + 3] : memref<100xf32>
// CHECK:   loop (%{{.*}}, %{{.*}}) to (2, 4) unroll 4 {
// CHECK:   %[[R:.*]] = reduce max (%[[A:.*]], %[[B:.*]]) to (8, 100) : f32 {
// CHECK:     yield %{{.*}} : f32
kernel.func @loops(%x: memref<4x8x100xf32>)
    outputs(%y: memref<4x8x100xf32>, %s: memref<4xf32>)
    attributes {inplace = [array<i64: 0, 0>]} {
  %t = kernel.scratch : memref<100xf32>
  kernel.parallel (%n) to (4) {
    kernel.loop (%c) to (8) {
      kernel.vector_loop %i to 100 {
        %0 = kernel.load %x[%n, %c, %i] : memref<4x8x100xf32>
        %1 = arith.addf %0, %0 : f32
        kernel.store %1, %t[%i floordiv 2 + 3] : memref<100xf32>
        kernel.store %1, %y[%n, %c, %i] : memref<4x8x100xf32>
      }
    }
    kernel.loop (%i, %j) to (2, 4) unroll 4 {
    }
    %sum = kernel.reduce max (%c, %i) to (8, 100) : f32 {
      %0 = kernel.load %x[%n, %c, %i] : memref<4x8x100xf32>
      kernel.yield %0 : f32
    }
    kernel.store %sum, %s[%n] : memref<4xf32>
  }
}

// CHECK-LABEL: kernel.func @reductions(
// CHECK: reduce add (
// CHECK: reduce mul (
// CHECK: reduce min (
// CHECK: reduce greatest (
kernel.func @reductions() outputs(%y: memref<f32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    %0 = kernel.reduce add (%i) to (4) : f32 { kernel.yield %one : f32 }
    %1 = kernel.reduce mul (%i) to (4) : f32 { kernel.yield %0 : f32 }
    %2 = kernel.reduce min (%i) to (4) : f32 { kernel.yield %1 : f32 }
    %3 = kernel.reduce greatest (%i) to (4) : f32 { kernel.yield %2 : f32 }
    kernel.store %3, %y[] : memref<f32>
  }
}

// Two sections: the second has tasks of its own.
// CHECK-LABEL: kernel.func @sections(
// CHECK: parallel (%{{.*}}) to (4) {
// CHECK: parallel (%{{.*}}) to (2) {
kernel.func @sections() outputs(%y: memref<4xf32>, %z: memref<2xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel (%i) to (4) {
    kernel.store %one, %y[%i] : memref<4xf32>
  }
  kernel.parallel (%i) to (2) {
    kernel.store %one, %z[%i] : memref<2xf32>
  }
}

// CHECK-LABEL: kernel.func @phases(
// CHECK-SAME: %[[X:.*]]: memref<8xf32>) outputs(%[[Y:.*]]: memref<4x8xf32>)
// CHECK-NEXT: phases %[[T:.*]] to 4 {
// CHECK-NEXT: parallel (%[[I:.*]]) to (8) {
// CHECK-NEXT: %[[SLICE:.*]] = slice %[[Y]][(%[[T]] + 3) mod 4] : memref<4x8xf32>
// CHECK-NEXT: load %[[SLICE]][%[[I]]] : memref<8xf32>
kernel.func @phases(%x: memref<8xf32>) outputs(%y: memref<4x8xf32>) {
  kernel.phases %t to 4 {
    kernel.parallel (%i) to (8) {
      %0 = kernel.slice %y[(%t + 3) mod 4] : memref<4x8xf32>
      %1 = kernel.load %0[%i] : memref<8xf32>
      kernel.store %1, %y[%t, %i] : memref<4x8xf32>
    }
  }
}

// CHECK-LABEL: kernel.func @alternatives(
// CHECK: alternatives {
// CHECK-NEXT: loop (%{{.*}}) to (8) {
// CHECK: } shared {
// CHECK-NEXT: vector_loop %{{.*}} to 8 {
kernel.func @alternatives(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.alternatives {
      kernel.loop (%i) to (8) {
        %0 = kernel.load %x[%i] : memref<8xf32>
        kernel.store %0, %y[%i] : memref<8xf32>
      }
    } shared {
      kernel.vector_loop %i to 8 {
        %0 = kernel.load %x[%i] : memref<8xf32>
        kernel.store %0, %y[%i] : memref<8xf32>
      }
    }
  }
}

// In the place of a section.
// CHECK-LABEL: kernel.func @alternative_sections(
// CHECK-NEXT: alternatives {
// CHECK-NEXT: parallel (%{{.*}}) to (8) {
// CHECK: } shared {
// CHECK-NEXT: parallel () to () {
kernel.func @alternative_sections(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.alternatives {
    kernel.parallel (%i) to (8) {
      %0 = kernel.load %x[%i] : memref<8xf32>
      kernel.store %0, %y[%i] : memref<8xf32>
    }
  } shared {
    kernel.parallel () to () {
      kernel.vector_loop %i to 8 {
        %0 = kernel.load %x[%i] : memref<8xf32>
        kernel.store %0, %y[%i] : memref<8xf32>
      }
    }
  }
}

// A convolution: 3 x 3, 40 channels in blocks of 16, a halo of 1.
// CHECK-LABEL: kernel.func @conv(
// CHECK: contract batch [2, 56] m 56 n 64 k [3, 3, 3, 16] k_tail 8
// CHECK-NEXT: lhs %{{.*}} at
// CHECK-NEXT: rhs %{{.*}} packed at
// CHECK-NEXT: out %{{.*}} whole_panels at {{.*}} : memref<2x3x58x58x16xf32>, memref<4x432x16xf32>, memref<2x4x56x56x16xf32>
// CHECK-NEXT: epilogue (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[ACC:.*]]: f32) {
// CHECK-NEXT: yield %[[ACC]] : f32
kernel.func @conv(%x: memref<2x3x58x58x16xf32>, %w: memref<4x432x16xf32>)
    outputs(%y: memref<2x4x56x56x16xf32>) {
  kernel.contract batch [2, 56] m 56 n 64 k [3, 3, 3, 16] k_tail 8
      lhs %x at affine_map<(n, h, w, cb, kh, kw, c) -> (n, cb, h + kh, w + kw, c)>
      rhs %w packed at affine_map<(n, h, p, k, l) -> (p, k, l)>
      out %y whole_panels at affine_map<(n, h, w, p, l) -> (n, p, h, w, l)>
      : memref<2x3x58x58x16xf32>, memref<4x432x16xf32>, memref<2x4x56x56x16xf32>
  epilogue (%n, %h, %w0, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Both sides are computed: the right one is read where it lies.
// CHECK-LABEL: kernel.func @product(
// CHECK: contract batch [12] m 20 n 20 k [64]
// CHECK: rhs %{{.*}} at
kernel.func @product(%q: memref<12x20x64xf32>, %k: memref<12x20x64xf32>)
    outputs(%y: memref<12x20x20xf32>) {
  kernel.contract batch [12] m 20 n 20 k [64]
      lhs %q at affine_map<(b, m, k) -> (b, m, k)>
      rhs %k at affine_map<(b, k, p, l) -> (b, p * 16 + l, k)>
      out %y at affine_map<(b, m, p, l) -> (b, m, p * 16 + l)>
      : memref<12x20x64xf32>, memref<12x20x64xf32>, memref<12x20x20xf32>
  epilogue (%b, %m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// Inside a task its index is a symbol of the maps.
// CHECK-LABEL: kernel.func @nested(
// CHECK: parallel (%[[I:.*]]) to (2) {
// CHECK-NEXT: contract batch [] m 8 n 32 k [40] symbols (%[[I]])
// CHECK: rhs %{{.*}} packed at {{.*}}
// CHECK: : memref<8x40xf32>, memref<4x40x16xf32>, memref<8x64xf32>
kernel.func @nested(%x: memref<8x40xf32>, %w: memref<4x40x16xf32>)
    outputs(%y: memref<8x64xf32>) {
  kernel.parallel (%i) to (2) {
    kernel.contract batch [] m 8 n 32 k [40] symbols (%i)
        lhs %x at affine_map<(m, k)[i] -> (m, k)>
        rhs %w packed at affine_map<(p, k, l)[i] -> (i * 2 + p, k, l)>
        out %y at affine_map<(m, p, l)[i] -> (m, i * 32 + p * 16 + l)>
        : memref<8x40xf32>, memref<4x40x16xf32>, memref<8x64xf32>
    epilogue (%m, %p, %l, %acc: f32) {
      kernel.yield %acc : f32
    }
  }
}

// Integers of 8 bits, one by one and four at once.
// CHECK-LABEL: kernel.func @bytes(
// CHECK: contract batch [] m 8 n 16 k [3, 16] k_tail 8 quads
// CHECK-NEXT: lhs %{{.*}} unsigned at
// CHECK-NEXT: rhs %{{.*}} packed at
// CHECK: contract batch [] m 8 n 16 k [3]
// CHECK-NEXT: lhs %{{.*}} at
// CHECK-NEXT: rhs %{{.*}} packed unsigned at
// CHECK-NEXT: out %{{.*}} whole_panels at {{.*}} : memref<8x192xi8>, memref<1x3x16xi8>, memref<8x16xi32>
kernel.func @bytes(%x: memref<8x192xi8>, %w: memref<1x40x16x4xi8>, %v: memref<1x3x16xi8>)
    outputs(%y: memref<8x16xi32>, %z: memref<8x16xi32>) {
  kernel.contract batch [] m 8 n 16 k [3, 16] k_tail 8 quads
      lhs %x unsigned at affine_map<(m, kb, k) -> (m, kb * 16 + k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l, 0)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8x192xi8>, memref<1x40x16x4xi8>, memref<8x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
  kernel.contract batch [] m 8 n 16 k [3]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %v packed unsigned at affine_map<(p, k, l) -> (p, k, l)>
      out %z whole_panels at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<8x192xi8>, memref<1x3x16xi8>, memref<8x16xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

kernel.func @copy(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      %0 = kernel.load %x[%i] : memref<4xf32>
      kernel.store %0, %y[%i] : memref<4xf32>
    }
  }
}

// CHECK-LABEL: func.func @main(
// CHECK: %[[W:.*]] = kernel.constant dense<5.000000e-01> : tensor<2x2xf32>
// CHECK: %[[V:.*]] = kernel.view %[[W]] : tensor<2x2xf32> to tensor<4xf32>
// CHECK: kernel.call @copy(%[[V]]) {flops = 4 : i64, inplace = [array<i64: 0, 0>], nodes = ["a", "b"]} : (tensor<4xf32>) -> tensor<4xf32>
func.func @main() -> tensor<4xf32> {
  %w = kernel.constant dense<0.5> : tensor<2x2xf32>
  %v = kernel.view %w : tensor<2x2xf32> to tensor<4xf32>
  %0 = kernel.call @copy(%v) {nodes = ["a", "b"], flops = 4, inplace = [array<i64: 0, 0>]}
    : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Inside a task the maps depend on its indices.

// CHECK-LABEL: kernel.func @contract_indices(
// CHECK: parallel (%[[I:.*]], %[[J:.*]]) to (8, 4)
// CHECK: contract batch [] m 32 n 64 k [256] symbols (%[[I]], %[[J]])
// CHECK-NEXT: lhs %{{.*}} at #[[AT_TASK]]
// CHECK: : memref<8x128x256xf32>, memref<4x256x16xf32>, memref<8x128x64xf32>
kernel.func @contract_indices(%x: memref<8x128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<8x128x64xf32>) {
  kernel.parallel (%i, %j) to (8, 4) {
    kernel.contract batch [] m 32 n 64 k [256] symbols (%i, %j)
        lhs %x at affine_map<(m, k)[i, j] -> (i, m + j * 32, k)>
        rhs %w packed at affine_map<(p, k, l)[i, j] -> (p, k, l)>
        out %y at affine_map<(m, p, l)[i, j] -> (i, m + j * 32, p * 16 + l)>
        : memref<8x128x256xf32>, memref<4x256x16xf32>, memref<8x128x64xf32>
    epilogue (%m, %p, %l, %acc: f32) {
      kernel.yield %acc : f32
    }
  }
}

// CHECK-LABEL: kernel.func @contract_schedules(
// CHECK: out %{{.*}} {schedules = [#kernel.schedule<"znver3", rows = 4, columns = 32, depth = 64, task_columns = 64, strip_rows = 48, percent = 8>, #kernel.schedule<"znver4", rows = 8, columns = 48>]} :
kernel.func @contract_schedules(%x: memref<128x256xf32>, %w: memref<4x256x16xf32>)
    outputs(%y: memref<128x64xf32>) {
  kernel.contract batch [] m 128 n 64 k [256]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      {schedules = [#kernel.schedule<"znver3", rows = 4, columns = 32, depth = 64,
                                     task_columns = 64, strip_rows = 48, percent = 8>,
                    #kernel.schedule<"znver4", rows = 8, columns = 48>]}
      : memref<128x256xf32>, memref<4x256x16xf32>, memref<128x64xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// CHECK-LABEL: func.func @parts(
// CHECK: %[[P:.*]] = kernel.view %{{.*}} at 4 : tensor<2x4xf32> to tensor<3xf32>
// CHECK: kernel.join %[[P]], %{{.*}} : (tensor<3xf32>, tensor<2x4xf32>) -> tensor<11xf32>
func.func @parts(%x: tensor<2x4xf32>) -> tensor<11xf32> {
  %0 = kernel.view %x at 4 : tensor<2x4xf32> to tensor<3xf32>
  %1 = kernel.join %0, %x : (tensor<3xf32>, tensor<2x4xf32>) -> tensor<11xf32>
  return %1 : tensor<11xf32>
}

// A mask hides keys before and after the exponential; its tasks are left out.
// CHECK-LABEL: kernel.func @attend(
// CHECK: attend batch [2] m 32 n 16 d 8 e 4
// CHECK-NEXT: queries %{{.*}} at
// CHECK-NEXT: keys %{{.*}} at
// CHECK-NEXT: values %{{.*}} at
// CHECK-NEXT: out %{{.*}} at
// CHECK-NEXT: : memref<2x32x8xf32>, memref<2x16x8xf32>, memref<2x16x4xf32>, memref<2x32x4xf32>
// CHECK-NEXT: score {
// CHECK: } weight {
// CHECK: arith.select
// CHECK: } epilogue {
// CHECK: } tasks {
// CHECK-NEXT: parallel
kernel.func @attend(%q: memref<2x32x8xf32>, %k: memref<2x16x8xf32>, %v: memref<2x16x4xf32>, %mask: memref<16xi1>)
    outputs(%y: memref<2x32x4xf32>) {
  kernel.attend batch [2] m 32 n 16 d 8 e 4
      queries %q at affine_map<(b, m, d) -> (b, m, d)>
      keys %k at affine_map<(b, n, d) -> (b, n, d)>
      values %v at affine_map<(b, n, e) -> (b, n, e)>
      out %y at affine_map<(b, m, e) -> (b, m, e)>
      : memref<2x32x8xf32>, memref<2x16x8xf32>, memref<2x16x4xf32>, memref<2x32x4xf32>
  score {
  ^bb0(%b: index, %m: index, %n: index, %acc: f32):
    kernel.yield %acc : f32
  } weight {
  ^bb0(%b: index, %m: index, %n: index, %acc: f32):
    %zero = arith.constant 0.0 : f32
    %0 = kernel.load %mask[%n] : memref<16xi1>
    %1 = arith.select %0, %acc, %zero : f32
    kernel.yield %1 : f32
  } epilogue {
  ^bb0(%b: index, %m: index, %e: index, %acc: f32):
    kernel.yield %acc : f32
  } tasks {
    kernel.parallel (%b, %m) to (2, 32) {
    }
  }
}
