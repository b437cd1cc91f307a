// RUN: dlc-opt --graph-split-deconv --split-input-file %s | FileCheck %s

// Four remainders become channels, those of one together, and are interleaved.
// CHECK-LABEL: func.func @upsample
// CHECK-SAME: (%[[X:.+]]: tensor<1x3x4x4xf32>)
// CHECK: %[[APART:.+]] = graph.reshape %{{.+}} : tensor<3x5x4x4xf32> to tensor<1x3x5x2x2x2x2xf32>
// CHECK: %[[BACK:.+]] = graph.reverse %[[APART]] axes [3, 5]
// CHECK: %[[MOVED:.+]] = graph.transpose %[[BACK]] [0, 4, 6, 2, 1, 3, 5]
// CHECK: %[[FILTER:.+]] = graph.reshape %[[MOVED]] : tensor<1x2x2x5x3x2x2xf32> to tensor<20x3x2x2xf32>
// CHECK: %[[CONV:.+]] = graph.conv %[[X]], %[[FILTER]] strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
// CHECK: graph.reshape %[[CONV]] : tensor<1x20x5x5xf32> to tensor<1x1x2x2x5x5x5xf32>
// CHECK: graph.transpose %{{.+}} [0, 1, 4, 5, 2, 6, 3]
// CHECK: graph.reshape %{{.+}} to tensor<1x5x10x10xf32>
// CHECK: graph.slice %{{.+}} starts [0, 0, 1, 1] limits [1, 5, 9, 9] steps [1, 1, 1, 1]
// CHECK-NOT: graph.deconv
func.func @upsample(%x: tensor<1x3x4x4xf32>) -> tensor<1x5x8x8xf32> {
  %w = graph.constant dense<1.0> : tensor<3x5x4x4xf32>
  %0 = graph.deconv %x, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] output_padding [0, 0] groups 1
    : tensor<1x3x4x4xf32>, tensor<3x5x4x4xf32>
  return %0 : tensor<1x5x8x8xf32>
}

// -----

// Without a stride it is a convolution by the reversed filter.
// CHECK-LABEL: func.func @no_stride
// CHECK: graph.reverse %{{.+}} axes [3]
// CHECK: %[[CONV:.+]] = graph.conv %{{.+}}, %{{.+}}, %{{.+}} strides [1] pads [3] [3] dilations [2] groups 2
// CHECK: return %[[CONV]] : tensor<2x8x12xf32>
func.func @no_stride(%x: tensor<2x6x10xf32>, %b: tensor<8xf32>) -> tensor<2x8x12xf32> {
  %w = graph.constant dense<1.0> : tensor<6x4x3xf32>
  %0 = graph.deconv %x, %w, %b strides [1] pads [1] [1] dilations [2] output_padding [0] groups 2
    : tensor<2x6x10xf32>, tensor<6x4x3xf32>, tensor<8xf32>
  return %0 : tensor<2x8x12xf32>
}

// -----

// A third tap is missing to two of each remainder; the bias is each one's.
// CHECK-LABEL: func.func @odd
// CHECK: %[[ZEROS:.+]] = graph.constant dense<0.000000e+00> : tensor<3x4x1xf32>
// CHECK: graph.concat %{{.+}}, %[[ZEROS]] axis 2
// CHECK: graph.broadcast %{{.+}} dims [0, 2] : tensor<1x4xf32> to tensor<1x2x4xf32>
// CHECK: graph.conv {{.+}} : tensor<1x3x5xf32>, tensor<8x3x2xf32>, tensor<8xf32>
func.func @odd(%x: tensor<1x3x5xf32>, %b: tensor<4xf32>) -> tensor<1x4x10xf32> {
  %w = graph.constant dense<1.0> : tensor<3x4x3xf32>
  %0 = graph.deconv %x, %w, %b strides [2] pads [1] [1] dilations [1] output_padding [1] groups 1
    : tensor<1x3x5xf32>, tensor<3x4x3xf32>, tensor<4xf32>
  return %0 : tensor<1x4x10xf32>
}

// -----

// Each channel has its own remainders.
// CHECK-LABEL: func.func @depthwise
// CHECK: graph.conv {{.+}} groups 3 : tensor<1x3x4xf32>, tensor<6x1x2xf32>
// CHECK: graph.reshape %{{.+}} to tensor<1x3x2x1x5xf32>
// CHECK: graph.transpose %{{.+}} [0, 1, 3, 4, 2]
func.func @depthwise(%x: tensor<1x3x4xf32>) -> tensor<1x3x8xf32> {
  %w = graph.constant dense<1.0> : tensor<3x1x4xf32>
  %0 = graph.deconv %x, %w strides [2] pads [1] [1] dilations [1] output_padding [0] groups 3
    : tensor<1x3x4xf32>, tensor<3x1x4xf32>
  return %0 : tensor<1x3x8xf32>
}

// -----

// These stay: the filter is computed, taps of a remainder aren't neighbours.
// CHECK-LABEL: func.func @stay
// CHECK-COUNT-2: graph.deconv
// CHECK-NOT: graph.conv
func.func @stay(%x: tensor<1x3x4xf32>, %w: tensor<3x5x4xf32>)
    -> (tensor<1x5x8xf32>, tensor<1x5x9xf32>) {
  %u = graph.constant dense<1.0> : tensor<3x5x2xf32>
  %0 = graph.deconv %x, %w strides [2] pads [1] [1] dilations [1] output_padding [0] groups 1
    : tensor<1x3x4xf32>, tensor<3x5x4xf32>
  %1 = graph.deconv %x, %u strides [2] pads [0] [0] dilations [2] output_padding [0] groups 1
    : tensor<1x3x4xf32>, tensor<3x5x2xf32>
  return %0, %1 : tensor<1x5x8xf32>, tensor<1x5x9xf32>
}
