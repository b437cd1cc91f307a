// RUN: dlc-opt %s -split-input-file -pass-pipeline='builtin.module(device.program(plan-queues))' | FileCheck %s
// RUN: dlc-opt %s -split-input-file -pass-pipeline='builtin.module(device.program(plan-queues,plan-arena,plan-verify))' -o /dev/null

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>
module attributes {device.gpu = #gpu} {
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @g : (memref<8xf32>, memref<8xf32>) -> memref<8xf32> variants []
device.kernel @big : (memref<1048576xf32>) -> memref<1048576xf32> variants []

// Two branches: the longer one stays on queue 0.
// CHECK-LABEL: device.program @fork
device.program @fork(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot : memref<8xf32>
  %b = device.slot : memref<8xf32>
  %c = device.slot : memref<8xf32>
  %d = device.slot : memref<8xf32>
  // CHECK: device.launch @f(%x) outputs(%[[A:.+]]) {
  // CHECK-NEXT: %[[READY:.+]] = device.record queue 0
  // CHECK-NEXT: device.wait %[[READY]] queue 1
  // CHECK-NEXT: device.launch @f(%[[A]]) outputs(%[[B:.+]]) queue 1 {
  // CHECK-NEXT: %[[DONE:.+]] = device.record queue 1
  // CHECK-NEXT: device.launch @f(%[[A]]) outputs(%[[C:.+]]) {
  // CHECK-NEXT: device.launch @f(%[[C]]) outputs(%[[D:.+]]) {
  // CHECK-NEXT: device.wait %[[DONE]] queue 0
  // CHECK-NEXT: device.launch @g(%[[B]], %[[D]]) outputs(%y) {
  device.launch @f(%x) outputs(%a) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%b) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%c) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%c) outputs(%d) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @g(%b, %d) outputs(%y) {flops = 2000000} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}

// Launches too short to pay for two waits stay in line.
// CHECK-LABEL: device.program @short
// CHECK-NOT: {{queue|device.wait}}
// CHECK: device.program @full
device.program @short(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot : memref<8xf32>
  %b = device.slot : memref<8xf32>
  device.launch @f(%x) outputs(%a) {flops = 8} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%b) {flops = 8} : (memref<8xf32>) -> memref<8xf32>
  device.launch @g(%a, %b) outputs(%y) {flops = 8} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}

// So do those that fill the chip.
// CHECK-NOT: {{queue|device.wait}}
device.program @full(%x: memref<1048576xf32>) outputs(%y: memref<1048576xf32>, %z: memref<1048576xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  device.launch @big(%x) outputs(%y) {flops = 2000000000} : (memref<1048576xf32>) -> memref<1048576xf32>
  device.launch @big(%x) outputs(%z) {flops = 2000000000} : (memref<1048576xf32>) -> memref<1048576xf32>
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>
module attributes {device.gpu = #gpu} {
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @g : (memref<8xf32>, memref<8xf32>) -> memref<8xf32> variants []

// What has been waited for isn't waited for again: the last launch needs %b too,
// after which its queue has begun something already.
// CHECK-LABEL: device.program @transitive
device.program @transitive(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot : memref<8xf32>
  %b = device.slot : memref<8xf32>
  %c = device.slot : memref<8xf32>
  %d = device.slot : memref<8xf32>
  // CHECK: device.launch @f(%x) outputs(%[[A:.+]]) {
  // CHECK-NEXT: device.launch @f(%x) outputs(%[[B:.+]]) queue 1 {
  // CHECK-NEXT: %[[ONE:.+]] = device.record queue 1
  // CHECK-NEXT: device.wait %[[ONE]] queue 0
  // CHECK-NEXT: device.launch @g(%[[A]], %[[B]]) outputs(%[[C:.+]]) {
  // CHECK-NEXT: device.launch @g(%[[B]], %[[C]]) outputs(%y) {
  // CHECK-NOT: device.wait
  device.launch @f(%x) outputs(%a) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%b) {flops = 3000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @g(%a, %b) outputs(%c) {flops = 2000000} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
  device.launch @g(%b, %c) outputs(%y) {flops = 2000000} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}

// What writes over its input waits for who else reads it.
// CHECK-LABEL: device.program @inplace
device.program @inplace(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot : memref<8xf32>
  %b = device.slot : memref<8xf32>
  // CHECK: device.launch @f(%x) outputs(%[[A:.+]]) {
  // CHECK-NEXT: device.launch @f(%[[A]]) outputs(%[[B:.+]]) {
  // CHECK-NEXT: device.launch @f(%[[A]]) outputs(%[[A]]) {
  // CHECK-NOT: device.wait
  device.launch @f(%x) outputs(%a) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%b) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%a) {flops = 2000000, inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  device.launch @g(%a, %b) outputs(%y) {flops = 2000000} : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>
module attributes {device.gpu = #gpu} {
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @h : (memref<16xf32>) -> memref<16xf32> variants []

// Parts of a buffer are written at once, but not where they have bytes in
// common.
// CHECK-LABEL: device.program @parts
device.program @parts(%x: memref<8xf32>) outputs(%y: memref<16xf32>, %z: memref<16xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  %a = device.slot : memref<16xf32>
  %b = device.slot : memref<16xf32>
  %a0 = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %a1 = device.view %a at 32 : memref<16xf32> to memref<8xf32>
  // CHECK: device.launch @f(%x) outputs(%{{.+}}) queue 1 {
  // CHECK-NEXT: device.launch @f(%x) outputs(%{{.+}}) queue 2 {
  // CHECK-NEXT: %[[PART:.+]] = device.record queue 2
  device.launch @f(%x) outputs(%a0) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%a1) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  %b0 = device.view %b at 0 : memref<16xf32> to memref<8xf32>
  %b1 = device.view %b at 28 : memref<16xf32> to memref<8xf32>
  %b2 = device.view %b at 32 : memref<16xf32> to memref<8xf32>
  // CHECK: device.launch @f(%x) outputs(%{{.+}}) {
  // CHECK-NEXT: device.launch @f(%x) outputs(%{{.+}}) {
  // CHECK-NEXT: device.launch @f(%x) outputs(%{{.+}}) {
  device.launch @f(%x) outputs(%b0) {flops = 4000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%b1) {flops = 4000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%b2) {flops = 4000000} : (memref<8xf32>) -> memref<8xf32>
  // CHECK-NEXT: device.wait %[[PART]] queue 1
  // CHECK-NEXT: device.launch @h(%{{.+}}) outputs(%y) queue 1 {
  device.launch @h(%a) outputs(%y) {flops = 2000000} : (memref<16xf32>) -> memref<16xf32>
  device.launch @h(%b) outputs(%z) {flops = 2000000} : (memref<16xf32>) -> memref<16xf32>
}

// In programs with dims parts move.
// CHECK-LABEL: device.program @dims
// CHECK-NOT: {{queue|device.wait}}
device.program @dims(%x: memref<8xf32>) outputs(%y: memref<16xf32>)
    attributes {input_names = ["x"], output_names = ["y"],
      dims = [#device.dim<"N", typical = 8>],
      dynamic_input_shapes = [affine_map<()[s0] -> (s0)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (s0 * 2)>]} {
  %a = device.slot {dynamic_bytes = affine_map<()[s0] -> (s0 * 8)>} : memref<16xf32>
  %a0 = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %a1 = device.view %a at 32 {dynamic_offset = affine_map<()[s0] -> (s0 * 4)>} : memref<16xf32> to memref<8xf32>
  device.launch @f(%x) outputs(%a0) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%a1) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @h(%a) outputs(%y) {flops = 2000000} : (memref<16xf32>) -> memref<16xf32>
}
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 108, block_shared_bytes = 166912>
module attributes {device.gpu = #gpu} {
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.kernel @compact : (memref<8xf32>) -> memref<10xi64> variants []

// The host waits for what is counted: one queue.
// CHECK-LABEL: device.program @counts
// CHECK-NOT: {{queue|device.wait}}
device.program @counts(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"],
      dims = [#device.dim<"K", min = 0, typical = 5, most = affine_map<()[s0] -> (8)>>],
      dynamic_input_shapes = [affine_map<()[s0] -> (8)>],
      dynamic_output_shapes = [affine_map<()[s0] -> (8)>, affine_map<()[s0] -> (8)>]} {
  %a = device.slot : memref<10xi64>
  device.launch @compact(%x) outputs(%a) : (memref<8xf32>) -> memref<10xi64>
  device.count %a count 0 : memref<10xi64>
  device.launch @f(%x) outputs(%y) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%z) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
}
}

// -----

// So have programs for CPUs.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
// CHECK-LABEL: device.program @cpu
// CHECK-NOT: {{queue|device.wait}}
device.program @cpu(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  device.launch @f(%x) outputs(%y) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%z) {flops = 2000000} : (memref<8xf32>) -> memref<8xf32>
}

// -----

#gpu = #device.gpu<"sm_80", sm = 80, multiprocessors = 10000, block_shared_bytes = 166912>
module attributes {device.gpu = #gpu} {
device.kernel @grow : (memref<8xf32>) -> memref<4000000xf32> variants []
device.kernel @shrink : (memref<4000000xf32>) -> memref<8xf32> variants []

// Two branches at once would need twice the memory.
// CHECK-LABEL: device.program @memory
// CHECK-NOT: {{queue|device.wait}}
device.program @memory(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  %a = device.slot : memref<4000000xf32>
  %b = device.slot : memref<4000000xf32>
  device.launch @grow(%x) outputs(%a) {flops = 4000000000} : (memref<8xf32>) -> memref<4000000xf32>
  device.launch @shrink(%a) outputs(%y) {flops = 4000000000} : (memref<4000000xf32>) -> memref<8xf32>
  device.launch @grow(%x) outputs(%b) {flops = 4000000000} : (memref<8xf32>) -> memref<4000000xf32>
  device.launch @shrink(%b) outputs(%z) {flops = 4000000000} : (memref<4000000xf32>) -> memref<8xf32>
}
}
