// SPDX-License-Identifier: Apache-2.0
// Rows that are no multiple of any vector.
module {
  func.func @main(%x: tensor<3x21xf32> {graph.name = "x"}) -> (tensor<3xf32> {graph.name = "y"}) {
    %0 = graph.relu %x : tensor<3x21xf32>
    %1 = graph.reduce_sum %0 axes [1] : tensor<3x21xf32>
    return %1 : tensor<3xf32>
  }
}
