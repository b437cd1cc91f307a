// SPDX-License-Identifier: Apache-2.0
// Attention: two products with a softmax between them.
#ifndef DLC_DIALECTS_GRAPH_ATTENTION_TD
#define DLC_DIALECTS_GRAPH_ATTENTION_TD

include "dialects/graph/GraphBase.td"

def Graph_AttentionOp
    : Graph_Op<"attention", [Pure, IsolatedFromAbove, SingleBlock,
                             DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "values weighted by how well their keys match queries";
  let description = [{
    scores[b, m, n] = sum over d of queries[b, m, d] keys[b, n, d]
    result[b, m, e] = sum over n of weights[b, m, n] values[b, n, e]

    The body turns scores into weights: one softmax along n, before and after
    it what scales and masks. It works on single elements, so no tensor of all
    scores ever exists. Its arguments are the scores and `inputs`, such as
    masks.

    Shapes: queries [B..., M, D], keys [B..., N, D], values [B..., N, E], scores
    and weights [B..., M, N], result [B..., M, E].

    C1. The shapes agree as said above, and all have one element type.
    C2. The body has the arguments said above and yields the weights.
    C3. The body has one `graph.softmax`, along the last dimension of a tensor
        [..., M, N] of as many elements as the scores; the weights depend on the
        scores through it alone. Its other operators are elementwise or move
        elements.

    ```mlir
    func.func @example(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>, %mask: tensor<2x5x7xf32>) -> tensor<2x5x4xf32> {
      %0 = graph.attention %q, %k, %v (%s, %m = %mask)
        : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32>, tensor<2x5x7xf32> -> tensor<2x5x4xf32> {
        %1 = graph.add %s, %m : tensor<2x5x7xf32>
        %2 = graph.softmax %1 axis 2 : tensor<2x5x7xf32>
        graph.yield %2 : tensor<2x5x7xf32>
      }
      return %0 : tensor<2x5x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$queries, AnyRankedTensor:$keys,
                       AnyRankedTensor:$values,
                       Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The type of the scores for queries and keys of these types.
    static ::mlir::RankedTensorType
    getScoresType(::mlir::RankedTensorType queries,
                  ::mlir::RankedTensorType keys);
    ::mlir::BlockArgument getScores() { return getBody().getArgument(0); }
    /// The softmax of the body.
    ::mlir::Operation *getSoftmax();
    /// What the body yields.
    ::mlir::Value getWeights();
  }];
}

#endif // DLC_DIALECTS_GRAPH_ATTENTION_TD
