// RUN: dlc-opt %s -split-input-file -plan-verify -verify-diagnostics

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-error @below {{has no place in the arena}}
  %a = device.slot : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 32 lower_bound 64
    attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-note @below {{the other slot}}
  %a = device.slot at 0 : memref<8xf32>
  // expected-error @below {{overlaps another slot while both are alive}}
  %b = device.slot at 16 : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%b) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%b) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main() outputs(%y: memref<8xf32>) weights 32
    attributes {input_names = [], output_names = ["y"]} {
  // expected-error @below {{has no place in the weights image}}
  %a = device.weights dense<1.0> : tensor<8xf32>
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @g : (memref<8xf32>, memref<8xf32>) -> memref<8xf32> variants []
device.program @main() outputs(%y: memref<8xf32>) weights 64
    attributes {input_names = [], output_names = ["y"]} {
  %a = device.weights at 0 dense<1.0> : tensor<8xf32>
  // expected-error @below {{overlaps other weights}}
  %b = device.weights at 16 dense<2.0> : tensor<8xf32>
  device.launch @g(%a, %b) outputs(%y) : (memref<8xf32>, memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main() outputs() weights 32
    attributes {input_names = [], output_names = []} {
  %a = device.weights at 0 dense<1.0> : tensor<8xf32>
  // expected-error @below {{writes weights}}
  device.launch @f(%a) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs()
    attributes {input_names = ["x"], output_names = []} {
  // expected-error @below {{writes an input of the program}}
  device.launch @f(%x) outputs(%x) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @two : (memref<8xf32>) -> (memref<8xf32>, memref<8xf32>) variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  // expected-error @below {{writes a buffer twice}}
  device.launch @two(%x) outputs(%y, %y) : (memref<8xf32>) -> (memref<8xf32>, memref<8xf32>)
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>)
    attributes {input_names = ["x"], output_names = ["y"]} {
  device.launch @f(%x) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{writes output 0 over input 0, which its 'inplace' does not allow}}
  device.launch @f(%y) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main() outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 32
    attributes {input_names = [], output_names = ["y"]} {
  %a = device.slot at 0 : memref<8xf32>
  // expected-error @below {{reads input 0 before anything has written it}}
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

// expected-error @below {{never writes its output "y"}}
device.program @main() outputs(%y: memref<8xf32>) attributes {input_names = [], output_names = ["y"]} {
}

// -----

// A sound plan, in place.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 32 align 64 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%a) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

// Parts of a slot are written before they are read, and kept apart.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 64
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<16xf32>
  %low = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %high = device.view %a at 32 : memref<16xf32> to memref<8xf32>
  device.launch @f(%x) outputs(%low) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%low) outputs(%high) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%high) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 64
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<16xf32>
  %low = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %middle = device.view %a at 16 : memref<16xf32> to memref<8xf32>
  device.launch @f(%x) outputs(%low) : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{reads input 0 before anything has written it}}
  device.launch @f(%middle) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 64
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<16xf32>
  %low = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %middle = device.view %a at 16 : memref<16xf32> to memref<8xf32>
  device.launch @f(%x) outputs(%low) : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{writes output 0 over input 0, which its 'inplace' does not allow}}
  device.launch @f(%low) outputs(%middle) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%low) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 64 align 64 lower_bound 64
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<16xf32>
  %low = device.view %a at 0 : memref<16xf32> to memref<8xf32>
  %middle = device.view %a at 16 : memref<16xf32> to memref<8xf32>
  device.launch @f(%x) outputs(%low) : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{writes output 0 over a part of input 0}}
  device.launch @f(%low) outputs(%middle) {inplace = [array<i64: 0, 0>]} : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%low) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 32 align 32 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<8xf32>
  // expected-note @below {{the other launch}}
  device.launch @f(%x) outputs(%a) queue 1 : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{may run while another launch, on queue 1, reads or writes the same bytes}}
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

// An event of before the launch isn't enough.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>) arena 32 align 32 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y"]} {
  %a = device.slot at 0 : memref<8xf32>
  %early = device.record queue 1
  // expected-note @below {{the other launch}}
  device.launch @f(%x) outputs(%a) queue 1 : (memref<8xf32>) -> memref<8xf32>
  device.wait %early queue 0
  // expected-error @below {{may run while another launch, on queue 1, reads or writes the same bytes}}
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
}

// -----

// Writes after reads, too: here only one of the readers has ended.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>) arena 32 align 32 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  %a = device.slot at 0 : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  %ready = device.record queue 0
  device.wait %ready queue 1
  // expected-note @below {{the other launch}}
  device.launch @f(%a) outputs(%y) queue 1 : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%z) : (memref<8xf32>) -> memref<8xf32>
  // expected-error @below {{may run while another launch, on queue 1, reads or writes the same bytes}}
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
}

// -----

// Slots share memory only where their launches are ordered.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>) arena 32 align 32 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  // expected-note @below {{the other slot}}
  %a = device.slot at 0 : memref<8xf32>
  // expected-error @below {{overlaps another slot while both are alive}}
  %b = device.slot at 0 : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%x) outputs(%b) queue 1 : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%b) outputs(%z) queue 1 : (memref<8xf32>) -> memref<8xf32>
}

// -----

// The same with an event.
device.kernel @f : (memref<8xf32>) -> memref<8xf32> variants []
device.program @main(%x: memref<8xf32>) outputs(%y: memref<8xf32>, %z: memref<8xf32>) arena 32 align 32 lower_bound 32
    attributes {input_names = ["x"], output_names = ["y", "z"]} {
  %a = device.slot at 0 : memref<8xf32>
  %b = device.slot at 0 : memref<8xf32>
  device.launch @f(%x) outputs(%a) : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%a) outputs(%y) : (memref<8xf32>) -> memref<8xf32>
  %done = device.record queue 0
  device.wait %done queue 1
  device.launch @f(%x) outputs(%b) queue 1 : (memref<8xf32>) -> memref<8xf32>
  device.launch @f(%b) outputs(%z) queue 1 : (memref<8xf32>) -> memref<8xf32>
}
