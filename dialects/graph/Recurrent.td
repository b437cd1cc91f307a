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

def Graph_RecurrenceOp : Graph_InferredOp<"recurrence", [
    AttrSizedOperandSegments, SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "the recurrent part of a layer, in one or several directions";
  let description = [{
    Shapes: input [T, N, D G H], w_hidden [D G H, H], h0 [N, D H], c0
    [N, D H] (lstm only), b_candidate [D H] (gru only); output [T, N, D H], c_n
    [N, D H] (lstm only). G is 4 for lstm, 3 for gru, else 1; D is the number of
    directions, one for each element of `reverse`, which says whether the steps
    of that direction run from last to first.

    What `graph.rnn` computes, with `input` in the place of a and
    r = w_hidden h. Only gru has a bias here: b_candidate is added to r_n. The
    last hidden states are part of `output`.

    C1. The shapes are as said; c0 is given for lstm and only there, b_candidate
        for gru and only there.
    C2. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<5x2x8xf32>, %w: tensor<8x4xf32>, %h: tensor<2x8xf32>)
        -> tensor<5x2x8xf32> {
      %0 = graph.recurrence rnn_tanh reverse [false, true] input %x, %w state %h
        : tensor<5x2x8xf32>, tensor<8x4xf32>, tensor<2x8xf32>
      return %0 : tensor<5x2x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$w_hidden,
    AnyRankedTensor:$h0, Optional<AnyRankedTensor>:$c0,
    Optional<AnyRankedTensor>:$b_candidate, Graph_RnnModeAttr:$mode,
    DenseBoolArrayAttr:$reverse);
  let results = (outs AnyRankedTensor:$output, Optional<AnyRankedTensor>:$c_n);
  let assemblyFormat = [{
    $mode `reverse` $reverse `input` $input `,` $w_hidden `state` $h0
    (`,` $c0^)? (`bias` $b_candidate^)? attr-dict
    `:` type($input) `,` type($w_hidden) `,` type($h0) (`,` type($c0)^)?
    (`bias` type($b_candidate)^)?
  }];
}

#endif // DLC_DIALECTS_GRAPH_RECURRENT_TD
