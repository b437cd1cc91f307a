// RUN: dlc-opt %s -canonicalize | FileCheck %s

device.kernel @f : (memref<6xf32>) -> memref<6xf32> variants []

// CHECK-LABEL: device.program @main
device.program @main(%x: memref<2x3xf32>) outputs(%y: memref<6xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // Views of views look at the buffer; a view as the same type is the buffer.
  // CHECK-NEXT: %[[V:.+]] = device.view %x : memref<2x3xf32> to memref<6xf32>
  %0 = device.view %x : memref<2x3xf32> to memref<3x2xf32>
  %1 = device.view %0 : memref<3x2xf32> to memref<6xf32>
  %2 = device.view %1 : memref<6xf32> to memref<6xf32>
  // Nothing uses this slot.
  %3 = device.slot : memref<6xf32>
  // CHECK-NEXT: device.launch @f(%[[V]]) outputs(%y)
  device.launch @f(%2) outputs(%y) : (memref<6xf32>) -> memref<6xf32>
}

device.kernel @h : (memref<2xf32>) -> memref<6xf32> variants []

// CHECK-LABEL: device.program @parts
device.program @parts(%x: memref<2x3xf32>) outputs(%y: memref<6xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // A part of a part starts where both together do.
  // CHECK-NEXT: %[[V:.+]] = device.view %x at 12 : memref<2x3xf32> to memref<2xf32>
  %0 = device.view %x at 8 : memref<2x3xf32> to memref<4xf32>
  %1 = device.view %0 at 4 : memref<4xf32> to memref<2xf32>
  device.launch @h(%1) outputs(%y) : (memref<2xf32>) -> memref<6xf32>
}
