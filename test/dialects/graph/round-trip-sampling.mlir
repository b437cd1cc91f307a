// SPDX-License-Identifier: Apache-2.0
// Sampling and regions: text survives printing and parsing, in the custom and the generic form.
// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func.func @sample(
// CHECK: graph.sample %{{.*}} at %{{.*}}, %{{.*}} border zero : tensor<2x3x8x9xf32>, tensor<2x4x5xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x3x4x5xf32>
func.func @sample(%x: tensor<2x3x8x9xf32>, %v: tensor<2x4x5xf32>, %u: tensor<2x4x5xf32>) -> tensor<2x3x4x5xf32> {
  %0 = graph.sample %x at %v, %u border zero : tensor<2x3x8x9xf32>, tensor<2x4x5xf32>
  return %0 : tensor<2x3x4x5xf32>
}

// CHECK-LABEL: func.func @sample_images(
// CHECK: graph.sample %{{.*}} at %{{.*}}, %{{.*}} images %{{.*}} border edge : tensor<2x3x8x9xf32>, tensor<5x4xf32>, tensor<5xi32>
// CHECK-NEXT: return %{{.*}} : tensor<5x3x4xf32>
func.func @sample_images(%x: tensor<2x3x8x9xf32>, %v: tensor<5x4xf32>, %i: tensor<5xi32>) -> tensor<5x3x4xf32> {
  %0 = graph.sample %x at %v, %v images %i border edge : tensor<2x3x8x9xf32>, tensor<5x4xf32>, tensor<5xi32>
  return %0 : tensor<5x3x4xf32>
}

// CHECK-LABEL: func.func @sample_channels_last(
// CHECK: graph.sample %{{.*}} at %{{.*}}, %{{.*}} border edge channels_last : tensor<2x8x9x3xf32>, tensor<2x4x5xf32>
// CHECK-NEXT: return %{{.*}} : tensor<2x4x5x3xf32>
func.func @sample_channels_last(%x: tensor<2x8x9x3xf32>, %v: tensor<2x4x5xf32>) -> tensor<2x4x5x3xf32> {
  %0 = graph.sample %x at %v, %v border edge channels_last : tensor<2x8x9x3xf32>, tensor<2x4x5xf32>
  return %0 : tensor<2x4x5x3xf32>
}

// CHECK-LABEL: func.func @roi_align(
// CHECK: graph.roi_align %{{.*}} images %{{.*}} boxes %{{.*}} pooled [7, 6] sampling 2 min_size 1.000000e+00 groups [2, 3] : tensor<2x8x9x18xf32>, tensor<5xi32>, tensor<5x4xf32>
// CHECK-NEXT: return %{{.*}} : tensor<5x7x6x3xf32>
func.func @roi_align(%x: tensor<2x8x9x18xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>) -> tensor<5x7x6x3xf32> {
  %0 = graph.roi_align %x images %i boxes %b pooled [7, 6] sampling 2 min_size 1.0 groups [2, 3]
    : tensor<2x8x9x18xf32>, tensor<5xi32>, tensor<5x4xf32>
  return %0 : tensor<5x7x6x3xf32>
}

// CHECK-LABEL: func.func @roi_pool(
// CHECK: graph.roi_pool avg %{{.*}} images %{{.*}} rows %{{.*}} columns %{{.*}} groups [1, 1] : tensor<2x8x9x16xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<5x4x2xi32>
// CHECK-NEXT: return %{{.*}} : tensor<5x3x4x16xf32>
func.func @roi_pool(%x: tensor<2x8x9x16xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xi32>, %u: tensor<5x4x2xi32>)
    -> tensor<5x3x4x16xf32> {
  %0 = graph.roi_pool avg %x images %i rows %v columns %u groups [1, 1]
    : tensor<2x8x9x16xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<5x4x2xi32>
  return %0 : tensor<5x3x4x16xf32>
}
