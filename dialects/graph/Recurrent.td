// SPDX-License-Identifier: Apache-2.0
// Recurrent layers.
#ifndef DLC_DIALECTS_GRAPH_RECURRENT_TD
#define DLC_DIALECTS_GRAPH_RECURRENT_TD

include "dialects/graph/GraphBase.td"

def Graph_RnnOp : Graph_InferredOp<"rnn", [
    SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "one recurrent layer in one direction";
  let description = [{
    Shapes: input [T, N, I], w_input [G H, I], w_hidden [G H, H], b_input and
    b_hidden [G H], h0 [N, H], c0 [N, H] (lstm only); output [T, N, H], h_n
    [N, H], c_n [N, H] (lstm only). G is 4 for lstm, 3 for gru, else 1.

    With a = w_input x + b_input and r = w_hidden h + b_hidden, split in G parts:
    lstm (i, f, g, o): c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o)
    tanh(c'), each of a + r; gru (r, z, n): h' = (1 - z) n + z h, n = tanh(a_n +
    r r_n), r and z sigmoids; else h' = tanh or relu of a + r. With `reverse`
    the steps run from last to first; output stays in the order of the input.

    C1. The shapes are as said; c0 is given for lstm and only there.
    C2. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<5x2x3xf32>, %wi: tensor<4x3xf32>, %wh: tensor<4x4xf32>,
                       %b: tensor<4xf32>, %h: tensor<2x4xf32>) -> tensor<5x2x4xf32> {
      %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %b, %b state %h
        : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x4xf32>
      return %0 : tensor<5x2x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$w_input,
    AnyRankedTensor:$w_hidden, AnyRankedTensor:$b_input,
    AnyRankedTensor:$b_hidden, AnyRankedTensor:$h0,
    Optional<AnyRankedTensor>:$c0, Graph_RnnModeAttr:$mode, UnitAttr:$reverse);
  let results = (outs AnyRankedTensor:$output, AnyRankedTensor:$h_n,
                      Optional<AnyRankedTensor>:$c_n);
  let assemblyFormat = [{
    $mode (`reverse` $reverse^)? `input` $input `,` $w_input `,` $w_hidden `,`
    $b_input `,` $b_hidden `state` $h0 (`,` $c0^)? attr-dict
    `:` type($input) `,` type($w_input) `,` type($w_hidden) `,` type($b_input) `,`
    type($b_hidden) `,` type($h0) (`,` type($c0)^)?
  }];
}

#endif // DLC_DIALECTS_GRAPH_RECURRENT_TD
