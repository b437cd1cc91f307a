// SPDX-License-Identifier: Apache-2.0
// Operators of constants become constants.
// RUN: dlc-opt %s --split-input-file --graph-fold-constants | FileCheck %s
// RUN: dlc-opt %s --split-input-file --graph-fold-constants=max-growth=0 | FileCheck %s --check-prefix=GROWTH

// CHECK-LABEL: func.func @elementwise
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<[5.000000e+00, 0.000000e+00, 7.000000e+00]> : tensor<3xf32>
// CHECK-NEXT: return %[[C]]
func.func @elementwise() -> tensor<3xf32> {
  %a = graph.constant dense<[2.0, -3.0, 3.0]> : tensor<3xf32>
  %b = graph.constant dense<[3.0, -1.0, 4.0]> : tensor<3xf32>
  %0 = graph.add %a, %b : tensor<3xf32>
  %1 = graph.relu %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}

// -----

// Each operation rounds to f32: 16777216 + 1 is 16777216.

// CHECK-LABEL: func.func @rounding
// CHECK-NEXT: graph.constant dense<[0.000000e+00, 1.000000e+00]> : tensor<2xf32>
func.func @rounding() -> tensor<2xf32> {
  %a = graph.constant dense<[16777216.0, 1.0]> : tensor<2xf32>
  %b = graph.constant dense<[1.0, 1.0]> : tensor<2xf32>
  %0 = graph.add %a, %b : tensor<2xf32>
  %1 = graph.sub %0, %a : tensor<2xf32>
  return %1 : tensor<2xf32>
}

// -----

// CHECK-LABEL: func.func @integers_wrap
// CHECK-NEXT: graph.constant dense<[-126, 127]> : tensor<2xi8>
func.func @integers_wrap() -> tensor<2xi8> {
  %a = graph.constant dense<[127, 126]> : tensor<2xi8>
  %b = graph.constant dense<[3, 1]> : tensor<2xi8>
  %0 = graph.add %a, %b : tensor<2xi8>
  return %0 : tensor<2xi8>
}

// -----

// CHECK-LABEL: func.func @compare_select
// CHECK-NEXT: %[[P:.*]] = graph.constant dense<[false, true]> : tensor<2xi1>
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<[4.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-NEXT: return %[[C]], %[[P]]
func.func @compare_select() -> (tensor<2xf32>, tensor<2xi1>) {
  %a = graph.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = graph.constant dense<[4.0, 0.0]> : tensor<2xf32>
  %0 = graph.greater %a, %b : tensor<2xf32>
  %1 = graph.select %0, %a, %b : tensor<2xi1>, tensor<2xf32>
  return %1, %0 : tensor<2xf32>, tensor<2xi1>
}

// -----

// CHECK-LABEL: func.func @splat
// CHECK-NEXT: graph.constant dense<3.000000e+00> : tensor<1000x1000xf32>
// GROWTH-LABEL: func.func @splat
// GROWTH-NEXT: graph.constant dense<3.000000e+00> : tensor<1000x1000xf32>
func.func @splat() -> tensor<1000x1000xf32> {
  %a = graph.constant dense<1.0> : tensor<1000x1000xf32>
  %b = graph.constant dense<2.0> : tensor<1000x1000xf32>
  %0 = graph.add %a, %b : tensor<1000x1000xf32>
  return %0 : tensor<1000x1000xf32>
}

// -----

// CHECK-LABEL: func.func @movements
// CHECK: %[[T:.*]] = graph.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
// CHECK: %[[S:.*]] = graph.constant dense<{{\[\[}}6, 4]]> : tensor<1x2xi32>
// CHECK: %[[R:.*]] = graph.constant dense<{{\[\[}}3, 2, 1], [6, 5, 4]]> : tensor<2x3xi32>
// CHECK: %[[V:.*]] = graph.constant dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi32>
// CHECK: return %[[T]], %[[S]], %[[R]], %[[V]]
func.func @movements() -> (tensor<3x2xi32>, tensor<1x2xi32>, tensor<2x3xi32>, tensor<6xi32>) {
  %a = graph.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %0 = graph.transpose %a [1, 0] : tensor<2x3xi32>
  %1 = graph.slice %a starts [1, 2] limits [2, -1] steps [1, -2] : tensor<2x3xi32>
  %2 = graph.reverse %a axes [1] : tensor<2x3xi32>
  %3 = graph.reshape %a : tensor<2x3xi32> to tensor<6xi32>
  return %0, %1, %2, %3 : tensor<3x2xi32>, tensor<1x2xi32>, tensor<2x3xi32>, tensor<6xi32>
}

// -----

// CHECK-LABEL: func.func @joins
// CHECK: %[[C:.*]] = graph.constant dense<{{\[\[}}1, 5], [2, 6]]> : tensor<2x2xi64>
// CHECK: %[[P:.*]] = graph.constant dense<{{\[\[}}9, 1], [9, 2]]> : tensor<2x2xi64>
// CHECK: %[[CLIP:.*]] = graph.constant dense<{{\[\[}}1], [2]]> : tensor<2x1xi64>
// CHECK: %[[WRAP:.*]] = graph.constant dense<{{\[\[}}2], [1]]> : tensor<2x1xi64>
// CHECK: return %[[C]], %[[P]], %[[CLIP]], %[[WRAP]]
func.func @joins() -> (tensor<2x2xi64>, tensor<2x2xi64>, tensor<2x1xi64>, tensor<2x1xi64>) {
  %a = graph.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %b = graph.constant dense<[[5], [6]]> : tensor<2x1xi64>
  %i = graph.constant dense<[-1.5, 4.0]> : tensor<2xf32>
  %0 = graph.concat %a, %b axis 1 : tensor<2x1xi64>, tensor<2x1xi64>
  %1 = graph.pad %a low [0, 1] high [0, 0] mode constant value 9.0 : tensor<2x1xi64>
  %2 = graph.gather %a, %i axis 0 mode clip : tensor<2x1xi64>, tensor<2xf32>
  %3 = graph.gather %a, %i axis 0 mode wrap : tensor<2x1xi64>, tensor<2xf32>
  return %0, %1, %2, %3 : tensor<2x2xi64>, tensor<2x2xi64>, tensor<2x1xi64>, tensor<2x1xi64>
}

// -----

// CHECK-LABEL: func.func @reductions
// CHECK: %[[S:.*]] = graph.constant dense<[4.000000e+00, -4.000000e+00]> : tensor<2xf32>
// CHECK: %[[M:.*]] = graph.constant dense<{{\[\[}}3.000000e+00], [0.000000e+00]]> : tensor<2x1xf32>
// CHECK: %[[L:.*]] = graph.constant dense<{{\[}}3.16227{{.*}}, 4.000000e+00]> : tensor<2xf32>
// CHECK: %[[A:.*]] = graph.constant dense<0.000000e+00> : tensor<f32>
// CHECK: return %[[S]], %[[M]], %[[L]], %[[A]]
func.func @reductions() -> (tensor<2xf32>, tensor<2x1xf32>, tensor<2xf32>, tensor<f32>) {
  %a = graph.constant dense<[[1.0, 3.0], [-4.0, 0.0]]> : tensor<2x2xf32>
  %0 = graph.reduce_sum %a axes [1] : tensor<2x2xf32>
  %1 = graph.reduce_max %a axes [1] keepdims : tensor<2x2xf32>
  %2 = graph.reduce_l2 %a axes [1] : tensor<2x2xf32>
  %3 = graph.reduce_mean %a axes [0, 1] : tensor<2x2xf32>
  return %0, %1, %2, %3 : tensor<2xf32>, tensor<2x1xf32>, tensor<2xf32>, tensor<f32>
}

// -----

// What is cheap to compute stays, unless its user is folded.

// CHECK-LABEL: func.func @cheap
// CHECK-NEXT: %[[I:.*]] = graph.iota
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<{{\[\[}}1.000000e+01, 1.100000e+01], [2.000000e+01, 2.100000e+01]]>
// CHECK-NEXT: return %[[I]], %[[C]]
// GROWTH-LABEL: func.func @cheap
// GROWTH: graph.broadcast
// GROWTH: graph.add
func.func @cheap() -> (tensor<4xf32>, tensor<2x2xf32>) {
  %0 = graph.iota dim 0 start 0.0 step 1.0 : tensor<4xf32>
  %1 = graph.iota dim 1 start 0.0 step 1.0 : tensor<2x2xf32>
  %a = graph.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %2 = graph.broadcast %a dims [0] : tensor<2xf32> to tensor<2x2xf32>
  %3 = graph.add %1, %2 : tensor<2x2xf32>
  return %0, %3 : tensor<4xf32>, tensor<2x2xf32>
}

// -----

// A reshaped resource is the same resource; the name of the weight goes.

// CHECK-LABEL: func.func @resource
// CHECK-NEXT: graph.constant dense_resource<w> : tensor<6x3xf32>
// CHECK-NEXT: graph.constant dense_resource<w.transpose> : tensor<9x2xf32>
// CHECK: w: "0x
// CHECK-NEXT: w.transpose: "0x
func.func @resource() -> (tensor<6x3xf32>, tensor<9x2xf32>) {
  %w = graph.constant dense_resource<w> : tensor<2x9xf32>
  %0 = graph.reshape %w : tensor<2x9xf32> to tensor<6x3xf32>
  %1 = graph.transpose %w [1, 0] : tensor<2x9xf32>
  return %0, %1 : tensor<6x3xf32>, tensor<9x2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F"
    }
  }
#-}

// -----

// Bytes that the text doesn't have can't be computed with.

// CHECK-LABEL: func.func @missing
// CHECK-NEXT: graph.constant dense_resource<missing>
// CHECK-NEXT: graph.neg
func.func @missing() -> tensor<4xf32> {
  %w = graph.constant dense_resource<missing> : tensor<4xf32>
  %0 = graph.neg %w : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// The least integer divided by -1 wraps, division by zero gives 0.

// CHECK-LABEL: func.func @integer_division
// CHECK-DAG: %[[D:.*]] = graph.constant dense<[-2147483648, 0, -3]> : tensor<3xi32>
// CHECK-DAG: %[[M:.*]] = graph.constant dense<[0, 0, -1]> : tensor<3xi32>
// CHECK: return %[[D]], %[[M]]
func.func @integer_division() -> (tensor<3xi32>, tensor<3xi32>) {
  %a = graph.constant dense<[-2147483648, 5, 7]> : tensor<3xi32>
  %b = graph.constant dense<[-1, 0, -2]> : tensor<3xi32>
  %0 = graph.div %a, %b : tensor<3xi32>
  %1 = graph.mod %a, %b : tensor<3xi32>
  return %0, %1 : tensor<3xi32>, tensor<3xi32>
}

// -----

// Functions of real numbers truncate on integers, rounding leaves them.

// CHECK-LABEL: func.func @integer_functions
// CHECK-NEXT: %[[S:.*]] = graph.constant dense<[2, 3]> : tensor<2xi64>
// CHECK-NEXT: %[[P:.*]] = graph.constant dense<[256, 100000]> : tensor<2xi64>
// CHECK-NEXT: %[[F:.*]] = graph.constant dense<[4, 10]> : tensor<2xi64>
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<[4, 10]> : tensor<2xi64>
// CHECK-NEXT: return %[[S]], %[[P]], %[[F]], %[[C]]
func.func @integer_functions() -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) {
  %a = graph.constant dense<[4, 10]> : tensor<2xi64>
  %b = graph.constant dense<[4, 5]> : tensor<2xi64>
  %0 = graph.sqrt %a : tensor<2xi64>
  %1 = graph.power %a, %b : tensor<2xi64>
  %2 = graph.floor %a : tensor<2xi64>
  %3 = graph.clip %a min -1.0e+30 max 1.0e+30 : tensor<2xi64>
  return %0, %1, %2, %3 : tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>
}
