// SPDX-License-Identifier: Apache-2.0
// Concatenation, padding, gathering and resizing: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @concat(
// CHECK: graph.concat %{{.*}}, %{{.*}} axis 1 : tensor<2x3xf32>, tensor<2x5xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x8xf32>
func.func @concat(%x: tensor<2x3xf32>, %y: tensor<2x5xf32>) -> tensor<2x8xf32> {
  %0 = graph.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<2x5xf32>
  return %0 : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @pad_constant(
// CHECK: graph.pad %{{.*}} low [0, 1] high [1, 1] mode constant value 5.000000e-01 : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<3x5xf32>
func.func @pad_constant(%x: tensor<2x3xf32>) -> tensor<3x5xf32> {
  %0 = graph.pad %x low [0, 1] high [1, 1] mode constant value 5.000000e-01 : tensor<2x3xf32>
  return %0 : tensor<3x5xf32>
}

// CHECK-LABEL: func.func @pad_edge(
// CHECK: graph.pad %{{.*}} low [0, 1] high [1, 1] mode edge value 5.000000e-01 : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<3x5xf32>
func.func @pad_edge(%x: tensor<2x3xf32>) -> tensor<3x5xf32> {
  %0 = graph.pad %x low [0, 1] high [1, 1] mode edge value 5.000000e-01 : tensor<2x3xf32>
  return %0 : tensor<3x5xf32>
}

// CHECK-LABEL: func.func @pad_reflect(
// CHECK: graph.pad %{{.*}} low [0, 1] high [1, 1] mode reflect value 5.000000e-01 : tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<3x5xf32>
func.func @pad_reflect(%x: tensor<2x3xf32>) -> tensor<3x5xf32> {
  %0 = graph.pad %x low [0, 1] high [1, 1] mode reflect value 5.000000e-01 : tensor<2x3xf32>
  return %0 : tensor<3x5xf32>
}

// CHECK-LABEL: func.func @gather(
// CHECK: graph.gather %{{.*}}, %{{.*}} axis 0 mode clip : tensor<100x8xf32>, tensor<2x3xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3x8xf32>
func.func @gather(%w: tensor<100x8xf32>, %i: tensor<2x3xf32>)
    -> tensor<2x3x8xf32> {
  %0 = graph.gather %w, %i axis 0 mode clip : tensor<100x8xf32>, tensor<2x3xf32>
  return %0 : tensor<2x3x8xf32>
}

// CHECK-LABEL: func.func @gather_wrap(
// CHECK: graph.gather %{{.*}}, %{{.*}} axis 1 mode wrap : tensor<4x100x8xf16>, tensor<3xi64>
// CHECK-NEXT: return %{{.*}} : tensor<4x3x8xf16>
func.func @gather_wrap(%w: tensor<4x100x8xf16>, %i: tensor<3xi64>)
    -> tensor<4x3x8xf16> {
  %0 = graph.gather %w, %i axis 1 mode wrap : tensor<4x100x8xf16>, tensor<3xi64>
  return %0 : tensor<4x3x8xf16>
}

// CHECK-LABEL: func.func @gather_nd(
// CHECK: graph.gather_nd %{{.*}}, %{{.*}} : tensor<4x5x6xf32>, tensor<2x3xi32>
// CHECK-NEXT: return %{{.*}} : tensor<3x6xf32>
func.func @gather_nd(%x: tensor<4x5x6xf32>, %i: tensor<2x3xi32>)
    -> tensor<3x6xf32> {
  %0 = graph.gather_nd %x, %i : tensor<4x5x6xf32>, tensor<2x3xi32>
  return %0 : tensor<3x6xf32>
}

// CHECK-LABEL: func.func @take_along(
// CHECK: graph.take_along %{{.*}}, %{{.*}} axis 1 mode wrap : tensor<4x5xf32>, tensor<4x2xi32>
// CHECK-NEXT: return %{{.*}} : tensor<4x2xf32>
func.func @take_along(%x: tensor<4x5xf32>, %i: tensor<4x2xi32>)
    -> tensor<4x2xf32> {
  %0 = graph.take_along %x, %i axis 1 mode wrap : tensor<4x5xf32>, tensor<4x2xi32>
  return %0 : tensor<4x2xf32>
}

// CHECK-LABEL: func.func @resize_nearest_asymmetric(
// CHECK: graph.resize %{{.*}} size [8, 6] mode nearest coordinates asymmetric : tensor<1x3x4x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x8x6xf32>
func.func @resize_nearest_asymmetric(%x: tensor<1x3x4x4xf32>)
    -> tensor<1x3x8x6xf32> {
  %0 = graph.resize %x size [8, 6] mode nearest coordinates asymmetric : tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x8x6xf32>
}

// CHECK-LABEL: func.func @resize_bilinear_align_corners(
// CHECK: graph.resize %{{.*}} size [8, 6] mode bilinear coordinates align_corners : tensor<1x3x4x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x8x6xf32>
func.func @resize_bilinear_align_corners(%x: tensor<1x3x4x4xf32>)
    -> tensor<1x3x8x6xf32> {
  %0 = graph.resize %x size [8, 6] mode bilinear coordinates align_corners : tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x8x6xf32>
}

// CHECK-LABEL: func.func @resize_bilinear_half_pixel(
// CHECK: graph.resize %{{.*}} size [8, 6] mode bilinear coordinates half_pixel : tensor<1x3x4x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<1x3x8x6xf32>
func.func @resize_bilinear_half_pixel(%x: tensor<1x3x4x4xf32>)
    -> tensor<1x3x8x6xf32> {
  %0 = graph.resize %x size [8, 6] mode bilinear coordinates half_pixel : tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x8x6xf32>
}
