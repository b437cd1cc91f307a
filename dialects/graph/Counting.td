// SPDX-License-Identifier: Apache-2.0
// Results whose extents depend on values.
#ifndef DLC_DIALECTS_GRAPH_COUNTING_TD
#define DLC_DIALECTS_GRAPH_COUNTING_TD

include "dialects/graph/GraphBase.td"

def Graph_CompactOp : Graph_InferredOp<"compact"> {
  let summary = "the places of what is true";
  let description = [{
    Shapes: input [N], result [N + 2]; the input's elements are booleans, the
    result's i64.

    result[0] is how many elements are true. Their indices follow, ascending,
    and N for the rest: the element after the last index is N, too.

    C1. The input is as said; N is less than 2^31 - 1.

    ```mlir
    func.func @example(%m: tensor<8xi1>) -> tensor<10xi64> {
      %0 = graph.compact %m : tensor<8xi1>
      return %0 : tensor<10xi64>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Graph_CountedOp : Graph_Op<"counted"> {
  let summary = "as many elements as a tensor says itself";
  let description = [{
    The first element of the packed tensor [N + 2], which `graph.compact` made, is
    a number K, known only while the model runs and at most N. The result are the
    K elements from `start` on.

    Every K of a model has a number, `count`. What is compiled holds for every K:
    the result's type has one of them, at which this instance of the model is
    looked at (docs/dynamic-shapes.md), and which may even be larger than N. So
    the operation isn't evaluated at compile time, and isn't erased where nothing
    uses it: other tensors may have the extent.

    C1. The packed tensor has one dimension, of elements of i64; so has the result.
    C2. `start` is 1 or 2.

    ```mlir
    func.func @example(%m: tensor<8xi1>) -> tensor<5xi64> {
      %0 = graph.compact %m : tensor<8xi1>
      %1 = graph.counted %0 start 1 count 0 : tensor<10xi64> to tensor<5xi64>
      return %1 : tensor<5xi64>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$packed,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$start,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$count);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $packed `start` $start `count` $count attr-dict
    `:` type($packed) `to` type($result)
  }];
  let hasVerifier = 1;
}

#endif // DLC_DIALECTS_GRAPH_COUNTING_TD
