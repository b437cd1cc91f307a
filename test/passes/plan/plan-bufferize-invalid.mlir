// RUN: dlc-opt %s -split-input-file -plan-bufferize -verify-diagnostics

// expected-error @below {{has no function @main to plan}}
module {
}

// -----

func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{is not expected here: only kernel.constant, kernel.view, kernel.counted, kernel.join and kernel.call can be planned}}
  %0 = arith.addf %x, %x : tensor<8xf32>
  return %0 : tensor<8xf32>
}
