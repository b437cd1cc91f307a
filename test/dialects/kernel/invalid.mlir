// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: what the verifiers reject, by constraint. Contractions are in invalid-contract.mlir.
// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @view_c2(%x: tensor<2x6xf32>) -> tensor<3x5xf32> {
  // expected-error @+1 {{'kernel.view' op requires the same number of elements on both sides, but got 'tensor<2x6xf32>' and 'tensor<3x5xf32>'}}
  %0 = kernel.view %x : tensor<2x6xf32> to tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

func.func @view_c1_type(%x: tensor<4xf32>) -> tensor<4xi32> {
  // expected-error @+1 {{requires the same element type on both sides}}
  %0 = kernel.view %x : tensor<4xf32> to tensor<4xi32>
  return %0 : tensor<4xi32>
}

// -----

func.func @view_c2_part(%x: tensor<2x6xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{requires a part of its operand, but takes 'tensor<5xf32>' at element 8 of 'tensor<2x6xf32>'}}
  %0 = kernel.view %x at 8 : tensor<2x6xf32> to tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

func.func @join_c1(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<5xf32> {
  // expected-error @+1 {{requires operands with the result's 5 elements together, but got 4}}
  %0 = kernel.join %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

func.func @join_c1_type(%x: tensor<2xf32>, %y: tensor<2xi32>) -> tensor<4xf32> {
  // expected-error @+1 {{requires operands with the result's element type, but got 'tensor<2xi32>' for 'tensor<4xf32>'}}
  %0 = kernel.join %x, %y : (tensor<2xf32>, tensor<2xi32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'kernel.call' op callee @main is not a kernel.func}}
  %0 = kernel.call @main(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

kernel.func @k(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
  }
}
func.func @call_c2_count(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{passes 2 inputs and 1 outputs, but the kernel has 1 and 1}}
  %0 = kernel.call @k(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

kernel.func @k(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
  }
}
func.func @call_c2_type(%x: tensor<2x2xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{passes 'tensor<2x2xf32>' where the kernel has 'memref<4xf32>'}}
  %0 = kernel.call @k(%x) : (tensor<2x2xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

kernel.func @k(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
  }
}
func.func @call_c3(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'inplace' names an operand or result that does not exist}}
  %0 = kernel.call @k(%x) {inplace = [array<i64: 0, 1>]} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{'kernel.func' op requires a kernel.parallel or kernel.contract}}
kernel.func @func_c1() outputs(%y: memref<4xf32>) {
  %0 = arith.constant 0.0 : f32
}

// -----

kernel.func @func_c1_effect() outputs(%y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %0 = arith.constant 0.0 : f32
  // expected-error @+1 {{'kernel.store' op touches memory outside the tasks of its kernel}}
  kernel.store %0, %y[%c0] : memref<4xf32>
  kernel.parallel (%i) to (4) {
  }
}

// -----

// expected-error @+1 {{requires buffers of static shape with the identity layout as arguments, but got 'memref<?xf32>'}}
kernel.func @func_c2() outputs(%y: memref<?xf32>) {
  kernel.parallel (%i) to (4) {
  }
}

// -----

// expected-error @+1 {{requires buffers of static shape with the identity layout as arguments, but got 'memref<4xf32, strided<[2]>>'}}
kernel.func @func_c2_layout() outputs(%y: memref<4xf32, strided<[2]>>) {
  kernel.parallel (%i) to (4) {
  }
}

// -----

kernel.func @parallel_c1() outputs(%y: memref<4xf32>) {
  // expected-error @+1 {{'kernel.parallel' op requires one index argument for each of its 2 extents, but got 1 arguments}}
  kernel.parallel (%i) to (4, 8) {
  }
}

// -----

kernel.func @parallel_c2() outputs(%y: memref<4xf32>) {
  // expected-error @+1 {{'kernel.parallel' op has a negative extent -1}}
  kernel.parallel (%i) to (-1) {
  }
}

// -----

kernel.func @parallel_c3() outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
    // expected-error @+1 {{'kernel.parallel' op is not directly inside a kernel.func}}
    kernel.parallel (%j) to (4) {
    }
  }
}

// -----

kernel.func @loop_c1() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.loop' op requires one index argument for each of its 1 extents, but got 2 arguments}}
    kernel.loop (%i, %j) to (4) {
    }
  }
}

// -----

kernel.func @loop_c2() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.loop' op requires 'unroll' to be positive, but got 0}}
    kernel.loop (%i) to (4) unroll 0 {
    }
  }
}

// -----

kernel.func @vector_loop_c1() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.vector_loop' op requires one index argument for each of its 1 extents, but got 0 arguments}}
    "kernel.vector_loop"() ({
    ^bb0:
    }) {extent = 4 : i64} : () -> ()
  }
}

// -----

kernel.func @vector_loop_c2() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      // expected-error @+1 {{'kernel.vector_loop' op is inside another kernel.vector_loop}}
      kernel.vector_loop %j to 4 {
      }
    }
  }
}

// -----

kernel.func @vector_loop_c3() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.vector_loop' op has a negative extent -4}}
    kernel.vector_loop %i to -4 {
    }
  }
}

// -----

kernel.func @reduce_c1() outputs(%y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.reduce' op requires at least one extent}}
    %0 = kernel.reduce add () to () : f32 {
      kernel.yield %one : f32
    }
  }
}

// -----

kernel.func @reduce_c2() outputs(%y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.reduce' op has a negative extent -2}}
    %0 = kernel.reduce add (%i) to (-2) : f32 {
      kernel.yield %one : f32
    }
  }
}

// -----

kernel.func @reduce_c3() outputs(%y: memref<4xf32>) {
  %one = arith.constant 1 : i32
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.reduce' op requires its body to yield 'f32'}}
    %0 = kernel.reduce add (%i) to (4) : f32 {
      kernel.yield %one : i32
    }
  }
}

// -----

kernel.func @reduce_kind() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{unknown reduction 'mean'}}
    %0 = kernel.reduce mean (%i) to (4) : f32 {
    }
  }
}

// -----

kernel.func @load_c1(%x: memref<4x4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      // expected-error @+1 {{'kernel.load' op has 1 subscripts for a buffer of rank 2}}
      %0 = kernel.load %x[%i] : memref<4x4xf32>
    }
  }
}

// -----

kernel.func @store_c1() outputs(%y: memref<4xf32>) {
  %one = arith.constant 1.0 : f32
  kernel.parallel () to () {
    kernel.vector_loop %i to 4 {
      // expected-error @+1 {{'kernel.store' op has 2 subscripts for a buffer of rank 1}}
      kernel.store %one, %y[%i, %i] : memref<4xf32>
    }
  }
}

// -----

func.func @yield_outside(%x: f32) {
  // expected-error @+1 {{'kernel.yield' op expects parent op to be one of 'kernel.reduce, kernel.contract, kernel.attend'}}
  kernel.yield %x : f32
}

// -----

kernel.func @phases_c2() outputs(%y: memref<4xf32>) {
  // expected-error @+1 {{'kernel.phases' op requires a positive extent, but got 0}}
  kernel.phases %t to 0 {
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @phases_c3() outputs(%y: memref<4xf32>) {
  kernel.parallel () to () {
    // expected-error @+1 {{'kernel.phases' op is not directly inside a kernel.func}}
    kernel.phases %t to 2 {
      kernel.parallel () to () {
      }
    }
  }
}

// -----

kernel.func @phases_c4() outputs(%y: memref<4xf32>) {
  // expected-error @+1 {{'kernel.phases' op requires a kernel.parallel or kernel.contract}}
  kernel.phases %t to 2 {
  }
}

// -----

kernel.func @phases_c4_memory(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.phases %t to 2 {
    // expected-error @+1 {{'kernel.load' op touches memory outside the tasks of its kernel}}
    %0 = kernel.load %x[%t] : memref<4xf32>
    kernel.parallel () to () {
    }
  }
}

// -----

kernel.func @func_c3() outputs(%y: memref<4xf32>) {
  // expected-error @+1 {{'kernel.phases' op requires to hold all sections of its kernel}}
  kernel.phases %t to 2 {
    kernel.parallel () to () {
    }
  }
  kernel.parallel () to () {
  }
}

// -----

kernel.func @slice_c1(%x: memref<4xf32>) outputs(%y: memref<4xf32>) {
  kernel.parallel (%i) to (4) {
    // expected-error @+1 {{has more subscripts than dimensions}}
    %0 = kernel.slice %x[%i, %i] : memref<4xf32>
  }
}

// -----

func.func @counted_c1(%x: tensor<10xi32>) -> tensor<5xi64> {
  // expected-error @+1 {{requires elements of i64 in one dimension, but got 'tensor<10xi32>'}}
  %0 = kernel.counted %x start 1 count 0 : tensor<10xi32> to tensor<5xi64>
  return %0 : tensor<5xi64>
}

// -----

kernel.func @alternatives_c1_task(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.phases %t to 2 {
    // expected-error @+1 {{'kernel.alternatives' op is neither a section of a kernel.func nor inside a kernel.parallel}}
    kernel.alternatives {
      kernel.parallel () to () {
      }
    } shared {
      kernel.parallel () to () {
      }
    }
  }
}

// -----

kernel.func @alternatives_c1_lanes(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.vector_loop %i to 8 {
      // expected-error @+1 {{'kernel.alternatives' op is inside a kernel.vector_loop}}
      kernel.alternatives {
        %0 = arith.constant 0 : index
      } shared {
        %0 = arith.constant 0 : index
      }
    }
  }
}

// -----

kernel.func @alternatives_c2(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  // expected-error @+1 {{'kernel.alternatives' op requires a kernel.parallel or kernel.contract}}
  kernel.alternatives {
    kernel.parallel () to () {
    }
  } shared {
    %0 = arith.constant 0 : index
  }
}

// -----

kernel.func @parallel_c3_nested(%x: memref<8xf32>) outputs(%y: memref<8xf32>) {
  kernel.parallel () to () {
    kernel.alternatives {
      // expected-error @+1 {{'kernel.parallel' op is not directly inside a kernel.func, kernel.phases, kernel.attend or kernel.alternatives}}
      kernel.parallel () to () {
        %0 = arith.constant 0 : index
      }
    } shared {
      %0 = arith.constant 0 : index
    }
  }
}
