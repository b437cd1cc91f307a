// RUN: dlc-opt --kernel-choose-gemm="required precision=tf32" --split-input-file %s | FileCheck %s
// RUN: dlc-opt --kernel-choose-gemm="required precision=tf32" --split-input-file %s -o /dev/null --remarks-filter=gemm 2>&1 | FileCheck %s --check-prefix=WHY

#gpu = #device.gpu<"sm_90", sm = 90, multiprocessors = 132, block_shared_bytes = 232448, fma_rate = 128, mma_rate = 682, tensor_rate = 1024>

module attributes {device.gpu = #gpu} {
// Packed weights are rows again; the kernel's own code reads them so, too.
// CHECK-LABEL: kernel.func @dense(%arg0: memref<6x2x8xf32>, %arg1: memref<20x8xf32>, %arg2: memref<20xf32>)
// CHECK-SAME: device.gemm = #device.gemm<m = 20, n = 12, k = 8,
// CHECK-SAME: a = <operand = 1, leading = 8, transposed = true>, b = <operand = 0, leading = 8>,
// CHECK-SAME: d = <operand = 3, leading = 20>, bias = 2, relu = true, compute = "tf32", required = true>
// CHECK: rhs %arg1 at #[[ROWS:.+]]
kernel.func @dense(%x: memref<6x2x8xf32>, %w: memref<2x8x16xf32>, %bias: memref<20xf32>) outputs(%y: memref<6x2x20xf32>) {
  kernel.contract batch [] m 12 n 20 k [8]
      lhs %x at affine_map<(m, k) -> (m floordiv 2, m mod 2, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m floordiv 2, m mod 2, p * 16 + l)>
      : memref<6x2x8xf32>, memref<2x8x16xf32>, memref<6x2x20xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %zero = arith.constant 0.0 : f32
    %b = kernel.load %bias[%p * 16 + %l] : memref<20xf32>
    %0 = arith.addf %acc, %b : f32
    %1 = arith.cmpf ogt, %zero, %0 : f32
    %2 = arith.select %1, %zero, %0 : f32
    kernel.yield %2 : f32
  }
}

// Both sides transposed, in a batch; scaled, and added to.
// CHECK-LABEL: kernel.func @batch
// CHECK-SAME: device.gemm = #device.gemm<m = 5, n = 4, k = 6, batch = 6,
// CHECK-SAME: a = <operand = 1, leading = 6, stride = 30, transposed = true>, b = <operand = 0, leading = 4, stride = 24, transposed = true>,
// CHECK-SAME: c = <operand = 2, leading = 5, stride = 20>, d = <operand = 3, leading = 5, stride = 20>, alpha = 5.000000e-01 : f32, beta = 2.000000e+00 : f32, compute = "tf32", required = true>
kernel.func @batch(%x: memref<2x3x6x4xf32>, %y: memref<2x3x5x6xf32>, %r: memref<2x3x4x5xf32>) outputs(%z: memref<2x3x4x5xf32>)
    attributes {inplace = [array<i64: 2, 0>]} {
  kernel.contract batch [2, 3] m 4 n 5 k [6]
      lhs %x at affine_map<(a, b, m, k) -> (a, b, k, m)>
      rhs %y at affine_map<(a, b, k, p, l) -> (a, b, p * 16 + l, k)>
      out %z at affine_map<(a, b, m, p, l) -> (a, b, m, p * 16 + l)>
      : memref<2x3x6x4xf32>, memref<2x3x5x6xf32>, memref<2x3x4x5xf32>
  epilogue (%a, %b, %m, %p, %l, %acc: f32) {
    %half = arith.constant 0.5 : f32
    %0 = arith.mulf %half, %acc : f32
    %two = arith.constant 2.0 : f32
    %1 = kernel.load %r[%a, %b, %m, %p * 16 + %l] : memref<2x3x4x5xf32>
    %double = arith.mulf %1, %two : f32
    %2 = arith.addf %double, %0 : f32
    kernel.yield %2 : f32
  }
}

// A result of columns side by side; one side is the same for all of the batch;
// f64 has a precision of its own.
// CHECK-LABEL: kernel.func @columns
// CHECK-SAME: device.gemm = #device.gemm<m = 4, n = 5, k = 6, batch = 3,
// CHECK-SAME: a = <operand = 0, leading = 6, transposed = true>, b = <operand = 1, leading = 6, stride = 30>,
// CHECK-SAME: d = <operand = 2, leading = 4, stride = 20>, compute = "float64", required = true>
kernel.func @columns(%x: memref<4x2x3xf64>, %y: memref<3x5x2x3xf64>) outputs(%z: memref<3x5x4xf64>) {
  kernel.contract batch [3] m 4 n 5 k [2, 3]
      lhs %x at affine_map<(a, m, i, j) -> (m, i, j)>
      rhs %y at affine_map<(a, i, j, p, l) -> (a, p * 16 + l, i, j)>
      out %z at affine_map<(a, m, p, l) -> (a, p * 16 + l, m)>
      : memref<4x2x3xf64>, memref<3x5x2x3xf64>, memref<3x5x4xf64>
  epilogue (%a, %m, %p, %l, %acc: f64) {
    kernel.yield %acc : f64
  }
}

func.func @main(%x: tensor<6x2x8xf32>, %y: tensor<6x2x8xf32>) -> (tensor<6x2x20xf32>, tensor<6x2x20xf32>) {
  // CHECK-DAG: %[[W:.+]] = kernel.constant dense_resource<packed> : tensor<20x8xf32>
  %w = kernel.constant dense<0.5> : tensor<2x8x16xf32>
  %b = kernel.constant dense<0.5> : tensor<20xf32>
  // CHECK: kernel.call @dense(%{{.+}}, %[[W]],
  %0 = kernel.call @dense(%x, %w, %b) : (tensor<6x2x8xf32>, tensor<2x8x16xf32>, tensor<20xf32>) -> tensor<6x2x20xf32>
  // CHECK: kernel.call @dense(%{{.+}}, %[[W]],
  %1 = kernel.call @dense(%y, %w, %b) : (tensor<6x2x8xf32>, tensor<2x8x16xf32>, tensor<20xf32>) -> tensor<6x2x20xf32>
  return %0, %1 : tensor<6x2x20xf32>, tensor<6x2x20xf32>
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>

// Not one of these is a product of the library.
// CHECK-NOT: device.gemm =
module attributes {device.gpu = #gpu} {
// WHY: gelu stays generated code: the library has no such epilogue
kernel.func @gelu(%x: memref<4x8xf32>, %w: memref<8x4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %0 = math.erf %acc : f32
    kernel.yield %0 : f32
  }
}

// The product of a sum, and twice the product.
// WHY: twice stays generated code: the library has no such epilogue
kernel.func @twice(%x: memref<4x8xf32>, %w: memref<8x4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %0 = arith.addf %acc, %acc : f32
    kernel.yield %0 : f32
  }
}

// A bias for each row, where the library has one for each column.
// WHY: row_bias stays generated code: a matrix has neither rows nor columns side by side
kernel.func @row_bias(%x: memref<4x8xf32>, %w: memref<8x4xf32>, %bias: memref<4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %b = kernel.load %bias[%m] : memref<4xf32>
    %0 = arith.addf %acc, %b : f32
    kernel.yield %0 : f32
  }
}

// WHY: column_bias stays generated code: its bias is not one of the library
kernel.func @column_bias(%x: memref<4x8xf32>, %w: memref<8x4xf32>, %bias: memref<4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (p * 16 + l, m)>
      : memref<4x8xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %b = kernel.load %bias[%p * 16 + %l] : memref<4xf32>
    %0 = arith.addf %acc, %b : f32
    kernel.yield %0 : f32
  }
}

// WHY: scaled_bias stays generated code: the library has no such epilogue
kernel.func @scaled_bias(%x: memref<4x8xf32>, %w: memref<8x4xf32>, %bias: memref<4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    %two = arith.constant 2.0 : f32
    %b = kernel.load %bias[%p * 16 + %l] : memref<4xf32>
    %double = arith.mulf %b, %two : f32
    %0 = arith.addf %acc, %double : f32
    kernel.yield %0 : f32
  }
}

// WHY: strided stays generated code: a matrix has neither rows nor columns side by side
kernel.func @strided(%x: memref<4x8x2xf32>, %w: memref<8x4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k, 0)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8x2xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// WHY: inside stays generated code: its rows don't lie at equal distances
kernel.func @inside(%x: memref<4x9xf32>, %w: memref<8x4xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k + 1)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x9xf32>, memref<8x4xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// WHY: heads stays generated code: its batch isn't of matrices at equal distances
kernel.func @heads(%x: memref<2x4x3x8xf32>, %w: memref<2x3x8x4xf32>) outputs(%y: memref<2x3x4x4xf32>) {
  kernel.contract batch [2, 3] m 4 n 4 k [8]
      lhs %x at affine_map<(a, b, m, k) -> (a, m, b, k)>
      rhs %w at affine_map<(a, b, k, p, l) -> (a, b, k, p * 16 + l)>
      out %y at affine_map<(a, b, m, p, l) -> (a, b, m, p * 16 + l)>
      : memref<2x4x3x8xf32>, memref<2x3x8x4xf32>, memref<2x3x4x4xf32>
  epilogue (%a, %b, %m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}

// WHY: integers stays generated code: its elements are neither f32 nor f64
kernel.func @integers(%x: memref<4x8xi32>, %w: memref<8x4xi32>) outputs(%y: memref<4x4xi32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w at affine_map<(k, p, l) -> (k, p * 16 + l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xi32>, memref<8x4xi32>, memref<4x4xi32>
  epilogue (%m, %p, %l, %acc: i32) {
    kernel.yield %acc : i32
  }
}

// WHY: variable stays generated code: its packed columns are no constant
kernel.func @variable(%x: memref<4x8xf32>, %w: memref<1x8x16xf32>) outputs(%y: memref<4x4xf32>) {
  kernel.contract batch [] m 4 n 4 k [8]
      lhs %x at affine_map<(m, k) -> (m, k)>
      rhs %w packed at affine_map<(p, k, l) -> (p, k, l)>
      out %y at affine_map<(m, p, l) -> (m, p * 16 + l)>
      : memref<4x8xf32>, memref<1x8x16xf32>, memref<4x4xf32>
  epilogue (%m, %p, %l, %acc: f32) {
    kernel.yield %acc : f32
  }
}
func.func @main(%x: tensor<4x8xf32>, %w: tensor<1x8x16xf32>) -> tensor<4x4xf32> {
  %0 = kernel.call @variable(%x, %w) : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
}
