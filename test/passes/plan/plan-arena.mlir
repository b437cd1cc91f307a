// RUN: dlc-opt %s -split-input-file -plan-arena | FileCheck %s
// RUN: not dlc-opt %s -split-input-file -pass-pipeline='builtin.module(device.program(plan-arena{alignment=48}))' 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: the option 'alignment' has to be a power of two

device.kernel @f : (memref<16xf32>) -> memref<16xf32> variants []

// In a chain, two slots suffice.
// CHECK-LABEL: device.program @main
// CHECK-SAME: arena 128 align 64 lower_bound 128
device.program @main(%x: memref<16xf32>) outputs(%y: memref<16xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // CHECK: device.slot at [[A:0|64]] : memref<16xf32>
  // CHECK: device.slot at {{0|64}} : memref<16xf32>
  // CHECK: device.slot at [[A]] : memref<16xf32>
  // CHECK-NOT: device.slot
  %a = device.slot : memref<16xf32>
  %b = device.slot : memref<16xf32>
  %c = device.slot : memref<16xf32>
  %unused = device.slot : memref<1000xf32>
  %view = device.view %unused : memref<1000xf32> to memref<10x100xf32>
  device.launch @f(%x) outputs(%a) : (memref<16xf32>) -> memref<16xf32>
  device.launch @f(%a) outputs(%b) : (memref<16xf32>) -> memref<16xf32>
  device.launch @f(%b) outputs(%c) : (memref<16xf32>) -> memref<16xf32>
  device.launch @f(%c) outputs(%y) : (memref<16xf32>) -> memref<16xf32>
}

// -----

device.kernel @f : (memref<16xf32>) -> memref<16xf32> variants []
device.kernel @g : (memref<16xf32>, memref<4x4xf32>) -> memref<16xf32> variants []

// A view keeps its slot alive: %a, %b and %c live at once.
// CHECK-LABEL: device.program @main
// CHECK-SAME: arena 192 align 64 lower_bound 192
device.program @main(%x: memref<16xf32>) outputs(%y: memref<16xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot : memref<16xf32>
  %view = device.view %a : memref<16xf32> to memref<4x4xf32>
  %b = device.slot : memref<16xf32>
  %c = device.slot : memref<16xf32>
  device.launch @f(%x) outputs(%a) : (memref<16xf32>) -> memref<16xf32>
  device.launch @f(%x) outputs(%b) : (memref<16xf32>) -> memref<16xf32>
  device.launch @g(%b, %view) outputs(%c) : (memref<16xf32>, memref<4x4xf32>) -> memref<16xf32>
  device.launch @f(%c) outputs(%y) : (memref<16xf32>) -> memref<16xf32>
}

// -----

// Without launches there is no arena.
// CHECK-LABEL: device.program @main
// CHECK-SAME: arena 0 align 64 lower_bound 0
device.program @main() outputs() attributes {input_names = [], output_names = []} {
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @g : (memref<8xf32>, memref<8xf32>) -> memref<8xf32> variants []

// Slots of branches that run at once are apart, though %b is dead, in the order
// of the launches, when %c and %d are written. After the join %e has its memory.
// CHECK-LABEL: device.program @branches
// CHECK-SAME: arena 224 align 64 lower_bound 64
device.program @branches(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  // CHECK: device.slot at 64 {name = "a"}
  // CHECK: device.slot at 0 {name = "b"}
  // CHECK: device.slot at 192 {name = "c"}
  // CHECK: device.slot at 128 {name = "d"}
  // CHECK: device.slot at 0 {name = "e"}
  %a = device.slot {name = "a"} : memref<8xf32>
  %b = device.slot {name = "b"} : memref<8xf32>
  %c = device.slot {name = "c"} : memref<8xf32>
  %d = device.slot {name = "d"} : memref<8xf32>
  %e = device.slot {name = "e"} : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  %0 = device.record queue 0
  device.wait %0 queue 1
  device.launch @f(%a) outputs(%b) queue 1 : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%b) outputs(%y) queue 1 : (memref<8xf32>) -> memref<8xf32>
  %1 = device.record queue 1
  device.launch @f(%a) outputs(%c) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%c) outputs(%d) : (memref<8xf32>) -> memref<8xf32>
  device.wait %1 queue 0
  device.launch @f(%d) outputs(%e) : (memref<8xf32>) -> memref<8xf32>
  device.launch @g(%d, %e) outputs(%z) : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}
