// SPDX-License-Identifier: Apache-2.0
// A convolution and a matrix product whose shapes fill every tile.
module {
  func.func @main(%x: tensor<1x64x57x57xf32> {graph.name = "x"}, %a: tensor<96x768xf32> {graph.name = "a"})
      -> (tensor<1x64x28x28xf32> {graph.name = "y"}, tensor<96x768xf32> {graph.name = "b"}) {
    %w = graph.constant {name = "w"} dense<0.5> : tensor<64x64x3x3xf32>
    %0 = graph.conv %x, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x64x57x57xf32>, tensor<64x64x3x3xf32>
    %1 = graph.relu %0 : tensor<1x64x28x28xf32>
    %v = graph.constant {name = "v"} dense<0.25> : tensor<768x768xf32>
    %2 = graph.dense %a, %v : tensor<96x768xf32>, tensor<768x768xf32>
    return %1, %2 : tensor<1x64x28x28xf32>, tensor<96x768xf32>
  }
}
