// SPDX-License-Identifier: Apache-2.0
// Which operators share a kernel.
// RUN: dlc-opt %s --split-input-file --graph-form-groups | FileCheck %s -DB='#graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>'
// RUN: dlc-opt %s --split-input-file --graph-form-groups=fuse=false | FileCheck %s --check-prefix=SINGLE

// Elementwise operators follow a structured one; the weight stays outside.

// CHECK-LABEL: func.func @epilogue(
// CHECK: %[[CONSTANT:.*]] = graph.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK-NEXT: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x2xf32>, %{{.*}} = %[[CONSTANT]] : tensor<2x2xf32>) -> tensor<2x2xf32> {
// CHECK-NEXT: %[[DENSE:.*]] = graph.dense %{{.*}}, %{{.*}}
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %[[DENSE]]
// CHECK-NEXT: graph.yield %[[EXP]]
// CHECK: return %[[GROUP]]

// Each operator on its own.

// SINGLE-LABEL: func.func @epilogue(
// SINGLE: graph.group
// SINGLE-NEXT: graph.dense
// SINGLE-NEXT: graph.yield
// SINGLE: graph.group
// SINGLE-NEXT: graph.exp
// SINGLE-NEXT: graph.yield
func.func @epilogue(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %0 = graph.dense %x, %w : tensor<2x2xf32>, tensor<2x2xf32>
  %1 = graph.exp %0 : tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}

// -----

// A reduction reads each element once, so that even an expensive producer
// joins; softmax reads them again and takes cheap ones.

// CHECK-LABEL: func.func @prologue(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2xf32> {
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: %[[REDUCE_SUM:.*]] = graph.reduce_sum %[[EXP]] axes [1]
// CHECK-NEXT: graph.yield %[[REDUCE_SUM]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[TANH:.*]] = graph.tanh %{{.*}}
// CHECK-NEXT: graph.yield %[[TANH]]
// CHECK: %[[GROUP3:.*]] = graph.group (%{{.*}} = %[[GROUP2]] : tensor<2x8xf32>, %{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[ADD:.*]] = graph.add %{{.*}}, %{{.*}}
// CHECK-NEXT: %[[SOFTMAX:.*]] = graph.softmax %[[ADD]] axis 1
// CHECK-NEXT: graph.yield %[[SOFTMAX]]
// CHECK: return %[[GROUP]], %[[GROUP3]]
func.func @prologue(%x: tensor<2x8xf32>) -> (tensor<2xf32>, tensor<2x8xf32>) {
  %0 = graph.exp %x : tensor<2x8xf32>
  %1 = graph.reduce_sum %0 axes [1] : tensor<2x8xf32>
  %2 = graph.tanh %x : tensor<2x8xf32>
  %3 = graph.add %2, %x : tensor<2x8xf32>
  %4 = graph.softmax %3 axis 1 : tensor<2x8xf32>
  return %1, %4 : tensor<2xf32>, tensor<2x8xf32>
}

// -----

// A group has one structured operator.

// CHECK-LABEL: func.func @structured(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[SOFTMAX:.*]] = graph.softmax %{{.*}} axis 1
// CHECK-NEXT: graph.yield %[[SOFTMAX]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[SOFTMAX2:.*]] = graph.softmax %{{.*}} axis 0
// CHECK-NEXT: %[[ADD:.*]] = graph.add %{{.*}}, %[[SOFTMAX2]]
// CHECK-NEXT: graph.yield %[[ADD]]
// CHECK: return %[[GROUP2]]
func.func @structured(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = graph.softmax %x axis 1 : tensor<2x8xf32>
  %1 = graph.softmax %0 axis 0 : tensor<2x8xf32>
  %2 = graph.add %0, %1 : tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// -----

// What two groups use is computed once.

// CHECK-LABEL: func.func @two_users(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: graph.yield %[[EXP]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<2x8xf32>) -> tensor<2xf32> {
// CHECK-NEXT: %[[REDUCE_SUM:.*]] = graph.reduce_sum %{{.*}} axes [1]
// CHECK-NEXT: graph.yield %[[REDUCE_SUM]]
// CHECK: %[[GROUP3:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<2x8xf32>) -> tensor<8xf32> {
// CHECK-NEXT: %[[REDUCE_SUM2:.*]] = graph.reduce_sum %{{.*}} axes [0]
// CHECK-NEXT: graph.yield %[[REDUCE_SUM2]]
// CHECK: return %[[GROUP2]], %[[GROUP3]]
func.func @two_users(%x: tensor<2x8xf32>) -> (tensor<2xf32>, tensor<8xf32>) {
  %0 = graph.exp %x : tensor<2x8xf32>
  %1 = graph.reduce_sum %0 axes [1] : tensor<2x8xf32>
  %2 = graph.reduce_sum %0 axes [0] : tensor<2x8xf32>
  return %1, %2 : tensor<2xf32>, tensor<8xf32>
}

// -----

// Splats and broadcasts are free, so every group has its own.

// CHECK-LABEL: func.func @free(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<8xf32>, %{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[BROADCAST:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<8xf32> to tensor<2x8xf32>
// CHECK-NEXT: %[[ADD:.*]] = graph.add %{{.*}}, %[[BROADCAST]]
// CHECK-NEXT: graph.yield %[[ADD]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[BROADCAST2:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<8xf32> to tensor<2x8xf32>
// CHECK-NEXT: %[[CONSTANT:.*]] = graph.constant dense<1.000000e+00> : tensor<2x8xf32>
// CHECK-NEXT: %[[MUL:.*]] = graph.mul %[[BROADCAST2]], %[[CONSTANT]]
// CHECK-NEXT: graph.yield %[[MUL]]
// CHECK: return %[[GROUP]], %[[GROUP2]]
func.func @free(%x: tensor<2x8xf32>, %b: tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %one = graph.constant dense<1.0> : tensor<2x8xf32>
  %0 = graph.broadcast %b dims [1] : tensor<8xf32> to tensor<2x8xf32>
  %1 = graph.add %x, %0 : tensor<2x8xf32>
  %2 = graph.mul %0, %one : tensor<2x8xf32>
  return %1, %2 : tensor<2x8xf32>, tensor<2x8xf32>
}

// -----

// A broadcast reads an element many times: an exponential isn't repeated.

// CHECK-LABEL: func.func @repeated(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<8xf32>) -> tensor<8xf32> {
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: graph.yield %[[EXP]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<8xf32>, %{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[BROADCAST:.*]] = graph.broadcast %{{.*}} dims [1] : tensor<8xf32> to tensor<2x8xf32>
// CHECK-NEXT: %[[ADD:.*]] = graph.add %{{.*}}, %[[BROADCAST]]
// CHECK-NEXT: graph.yield %[[ADD]]
// CHECK: return %[[GROUP2]]
func.func @repeated(%x: tensor<2x8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
  %0 = graph.exp %b : tensor<8xf32>
  %1 = graph.broadcast %0 dims [1] : tensor<8xf32> to tensor<2x8xf32>
  %2 = graph.add %x, %1 : tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}

// -----

// A reshape is a view between kernels.

// CHECK-LABEL: func.func @view(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<2x8xf32>) -> tensor<2x8xf32> {
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: graph.yield %[[EXP]]
// CHECK: %[[RESHAPE:.*]] = graph.reshape %[[GROUP]]
// CHECK-NEXT: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[RESHAPE]] : tensor<4x4xf32>) -> tensor<4x4xf32> {
// CHECK-NEXT: %[[EXP2:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: graph.yield %[[EXP2]]
// CHECK: return %[[GROUP2]]
func.func @view(%x: tensor<2x8xf32>) -> tensor<4x4xf32> {
  %0 = graph.exp %x : tensor<2x8xf32>
  %1 = graph.reshape %0 : tensor<2x8xf32> to tensor<4x4xf32>
  %2 = graph.exp %1 : tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// -----

// Transpositions before a dot product become part of it, after it they don't:
// its elements have to be where it computes them.

// CHECK-LABEL: func.func @movement(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<8x2xf32>, %{{.*}} = %{{.*}} : tensor<4x8xf32>) -> tensor<2x4xf32> {
// CHECK-NEXT: %[[TRANSPOSE:.*]] = graph.transpose %{{.*}} [1, 0]
// CHECK-NEXT: %[[DOT:.*]] = graph.dot %[[TRANSPOSE]], %{{.*}} batch [] [] contract [1] [1]
// CHECK-NEXT: graph.yield %[[DOT]]
// CHECK: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<2x4xf32>) -> tensor<4x2xf32> {
// CHECK-NEXT: %[[TRANSPOSE2:.*]] = graph.transpose %{{.*}} [1, 0]
// CHECK-NEXT: graph.yield %[[TRANSPOSE2]]
// CHECK: return %[[GROUP2]]
func.func @movement(%x: tensor<8x2xf32>, %y: tensor<4x8xf32>) -> tensor<4x2xf32> {
  %0 = graph.transpose %x [1, 0] : tensor<8x2xf32>
  %1 = graph.dot %0, %y batch [] [] contract [1] [1] : tensor<2x8xf32>, tensor<4x8xf32>
  %2 = graph.transpose %1 [1, 0] : tensor<2x4xf32>
  return %2 : tensor<4x2xf32>
}

// -----

!blocked = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!halo = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>

// A halo is stored by the kernel that computes the tensor and skipped by those
// that read it.

// CHECK-LABEL: func.func @halo(
// CHECK: %[[GROUP:.*]] = graph.group (%{{.*}} = %{{.*}} : tensor<1x16x4x4xf32, [[B]]>) -> tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>> {
// CHECK-NEXT: %[[EXP:.*]] = graph.exp %{{.*}}
// CHECK-NEXT: %[[RELAYOUT:.*]] = graph.relayout %[[EXP]] : tensor<1x16x4x4xf32, [[B]]> to tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
// CHECK-NEXT: graph.yield %[[RELAYOUT]]
// CHECK: %[[CONSTANT:.*]] = graph.constant dense<1.000000e+00> : tensor<16x16x3x3xf32>
// CHECK-NEXT: %[[GROUP2:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>, %{{.*}} = %[[CONSTANT]] : tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32, [[B]]> {
// CHECK-NEXT: %[[CONV:.*]] = graph.conv %{{.*}}, %{{.*}} strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 layout <16, halo_low = [0, 0], halo_high = [0, 0]>
// CHECK-NEXT: graph.yield %[[CONV]]
// CHECK: %[[GROUP3:.*]] = graph.group (%{{.*}} = %[[GROUP]] : tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>) -> tensor<1x16x4x4xf32, [[B]]> {
// CHECK-NEXT: %[[RELAYOUT2:.*]] = graph.relayout %{{.*}} : tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>> to tensor<1x16x4x4xf32, [[B]]>
// CHECK-NEXT: %[[RELU:.*]] = graph.relu %[[RELAYOUT2]]
// CHECK-NEXT: graph.yield %[[RELU]]
// CHECK: return %[[GROUP2]], %[[GROUP3]]
func.func @halo(%x: !blocked) -> (!blocked, !blocked) {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.exp %x : !blocked
  %1 = graph.relayout %0 : !blocked to !halo
  %2 = graph.conv %1, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !halo, tensor<16x16x3x3xf32>
  %3 = graph.relayout %1 : !halo to !blocked
  %4 = graph.relu %3 : !blocked
  return %2, %4 : !blocked, !blocked
}

// -----

// A transpose behind a product that keeps rows together is only another place
// to store them; one that does not is a kernel of its own.

// CHECK-LABEL: func.func @stored_transposed(
// CHECK: %[[GROUP:.*]] = graph.group
// CHECK-NEXT: graph.dense
// CHECK-NEXT: graph.transpose %{{.*}} [1, 0, 2]
// CHECK-NEXT: graph.yield
// CHECK: return %[[GROUP]]
func.func @stored_transposed(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> tensor<3x2x4xf32> {
  %0 = graph.dense %x, %w : tensor<2x3x8xf32>, tensor<4x8xf32>
  %1 = graph.transpose %0 [1, 0, 2] : tensor<2x3x4xf32>
  return %1 : tensor<3x2x4xf32>
}
// CHECK-LABEL: func.func @transposed_columns(
// CHECK: graph.dense
// CHECK-NEXT: graph.yield
// CHECK: graph.group
// CHECK-NEXT: graph.transpose
func.func @transposed_columns(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x4x3xf32> {
  %0 = graph.dense %x, %w : tensor<2x3x8xf32>, tensor<4x8xf32>
  %1 = graph.transpose %0 [0, 2, 1] : tensor<2x3x4xf32>
  return %1 : tensor<2x4x3xf32>
}

// -----

// Where the inputs of a concatenation are computed by kernels, these write into
// its parts: the concatenation is none. So is a slice of a stored tensor that
// its user can't read through.

// CHECK-LABEL: func.func @join(
// CHECK: %[[A:.*]] = graph.group
// CHECK-NEXT: graph.dense
// CHECK-NEXT: graph.relu
// CHECK: %[[B:.*]] = graph.group
// CHECK-NEXT: graph.dense
// CHECK: %[[JOIN:.*]] = graph.concat %[[A]], %[[B]] axis 1
// CHECK-NEXT: %[[SLICE:.*]] = graph.slice %[[JOIN]] starts [0, 2]
// CHECK-NEXT: graph.group (%{{.*}} = %[[SLICE]]
// CHECK-NEXT: graph.dense
func.func @join(%x: tensor<1x8xf32>, %w: tensor<4x8xf32>, %v: tensor<6x5xf32>) -> (tensor<1x6xf32>, tensor<1x8xf32>) {
  %0 = graph.dense %x, %w : tensor<1x8xf32>, tensor<4x8xf32>
  %1 = graph.relu %0 : tensor<1x4xf32>
  %2 = graph.dense %x, %w : tensor<1x8xf32>, tensor<4x8xf32>
  %3 = graph.concat %1, %2 axis 1 : tensor<1x4xf32>, tensor<1x4xf32>
  %4 = graph.slice %3 starts [0, 2] limits [1, 7] steps [1, 1] : tensor<1x8xf32>
  %5 = graph.dense %4, %v : tensor<1x5xf32>, tensor<6x5xf32>
  return %5, %3 : tensor<1x6xf32>, tensor<1x8xf32>
}

// Rows of two tensors alternate, and what is only moved is moved by one kernel.

// CHECK-LABEL: func.func @no_join(
// CHECK: graph.dense
// CHECK: graph.dense
// CHECK: graph.group
// CHECK-NEXT: graph.concat {{.*}} axis 1
// CHECK: graph.group
// CHECK-NEXT: graph.relu
// CHECK-NEXT: graph.relu
// CHECK-NEXT: graph.concat {{.*}} axis 0
func.func @no_join(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>, %w: tensor<4x8xf32>) -> (tensor<2x8xf32>, tensor<4x8xf32>) {
  %0 = graph.dense %x, %w : tensor<2x8xf32>, tensor<4x8xf32>
  %1 = graph.dense %y, %w : tensor<2x8xf32>, tensor<4x8xf32>
  %2 = graph.concat %0, %1 axis 1 : tensor<2x4xf32>, tensor<2x4xf32>
  %3 = graph.relu %x : tensor<2x8xf32>
  %4 = graph.relu %y : tensor<2x8xf32>
  %5 = graph.concat %3, %4 axis 0 : tensor<2x8xf32>, tensor<2x8xf32>
  return %2, %5 : tensor<2x8xf32>, tensor<4x8xf32>
}

// -----

!in = tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
!out = tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!half = tensor<1x16x4x4xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>
!less = tensor<1x16x7x7xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>>

// A convolution pools its own tiles, with what is applied to each element
// between and behind; not where windows overlap or the convolution has another
// user.

// CHECK-LABEL: func.func @pooled(
// CHECK: graph.group
// CHECK-NEXT: graph.conv
// CHECK-NEXT: graph.relu
// CHECK-NEXT: graph.pool {{.*}} avg
// CHECK-NEXT: graph.exp
// CHECK-NEXT: graph.yield
// CHECK: graph.group
// CHECK-NEXT: graph.conv
// CHECK-NEXT: graph.yield
// CHECK: graph.group
// CHECK-NEXT: graph.pool {{.*}} strides [1, 1]
// CHECK: graph.group
// CHECK-NEXT: graph.conv
// CHECK-NEXT: graph.yield
// CHECK: graph.group
// CHECK-NEXT: graph.pool {{.*}} max
func.func @pooled(%x: !in) -> (!half, !less, !half, !out) {
  %w = graph.constant dense<1.0> : tensor<16x16x3x3xf32>
  %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x16x3x3xf32>
  %1 = graph.relu %0 : !out
  %2 = graph.pool %1 avg kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : !out
  %3 = graph.exp %2 : !half
  %5 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x16x3x3xf32>
  %6 = graph.pool %5 max kernel [2, 2] strides [1, 1] pads [0, 0] [0, 0] : !out
  %8 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
    layout <16, halo_low = [0, 0], halo_high = [0, 0]> : !in, tensor<16x16x3x3xf32>
  %9 = graph.pool %8 max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : !out
  return %3, %6, %9, %8 : !half, !less, !half, !out
}

// -----

// Places of samples are computed where they are needed if that is cheap, the
// image is not: four pixels of it make one sample.

// CHECK-LABEL: func.func @sample(
// CHECK: %[[IMAGE:.*]] = graph.group
// CHECK-NEXT: graph.add
// CHECK-NEXT: graph.yield
// CHECK: %[[FLOOR:.*]] = graph.group
// CHECK-NEXT: graph.floor
// CHECK-NEXT: graph.yield
// CHECK: graph.group (%{{.*}} = %arg1 : {{.*}}, %{{.*}} = %[[IMAGE]] : {{.*}}, %{{.*}} = %[[FLOOR]] : {{.*}}) ->
// CHECK-NEXT: graph.add
// CHECK-NEXT: graph.sample
func.func @sample(%x: tensor<2x3x8x9xf32>, %v: tensor<2x20xf32>) -> tensor<2x3x20xf32> {
  %0 = graph.add %x, %x : tensor<2x3x8x9xf32>
  %1 = graph.add %v, %v : tensor<2x20xf32>
  %2 = graph.floor %v : tensor<2x20xf32>
  %3 = graph.sample %0 at %1, %2 border zero : tensor<2x3x8x9xf32>, tensor<2x20xf32>
  return %3 : tensor<2x3x20xf32>
}

// -----

// Windows overlap: what they show is stored before, unless it costs nothing.

// CHECK-LABEL: func.func @windows(
// CHECK: graph.group
// CHECK-NEXT: graph.exp
// CHECK-NEXT: graph.yield
// CHECK: graph.group
// CHECK-NEXT: graph.relu
// CHECK-NEXT: graph.windows
// CHECK-NEXT: graph.yield
func.func @windows(%x: tensor<2x8xf32>) -> tensor<2x5x4xf32> {
  %0 = graph.exp %x : tensor<2x8xf32>
  %1 = graph.relu %0 : tensor<2x8xf32>
  %2 = graph.windows %1 axis 1 size 4 stride 1 dilation 1 : tensor<2x8xf32>
  return %2 : tensor<2x5x4xf32>
}

// -----

// A kernel takes so many tensors: the first 256 are joined before.

// CHECK-LABEL: func.func @wide(
// CHECK: %[[FIRST:.*]] = graph.group (%{{.*}} = %arg0 : tensor<2x1xf32>) -> tensor<2x256xf32>
// CHECK: graph.group (%[[A:.*]] = %[[FIRST]] : tensor<2x256xf32>, %[[B:.*]] = %arg0 : tensor<2x1xf32>) -> tensor<2x257xf32>
// CHECK-NEXT: graph.concat %[[A]], %[[B]] axis 1
func.func @wide(%x: tensor<2x1xf32>) -> tensor<2x257xf32> {
  %0 = graph.concat %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x axis 1 : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>
  return %0 : tensor<2x257xf32>
}
