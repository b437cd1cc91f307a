// SPDX-License-Identifier: Apache-2.0
// Sorting, and choices that depend on an order.
#ifndef DLC_DIALECTS_GRAPH_ORDERING_TD
#define DLC_DIALECTS_GRAPH_ORDERING_TD

include "dialects/graph/GraphBase.td"

def Graph_ArgsortOp : Graph_InferredOp<"argsort"> {
  let summary = "the indices that sort rows";
  let description = [{
    result[..., k] is the index of the element of input[..., :] that comes k-th
    in ascending or descending order; equal elements keep their order. NaN is
    larger than any number, or smaller than any where its sign is set. The
    result's elements are i32.

    C1. The input has a last dimension, of less than 2^31 elements.

    ```mlir
    func.func @example(%x: tensor<2x5xf32>) -> tensor<2x5xi32> {
      %0 = graph.argsort %x descending : tensor<2x5xf32>
      return %0 : tensor<2x5xi32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, UnitAttr:$descending);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input (`descending` $descending^)? attr-dict `:` type($input)";
}

def Graph_SuppressOp : Graph_InferredOp<"suppress"> {
  let summary = "greedy non-maximum suppression of sorted boxes";
  let description = [{
    Shapes: boxes [B, N, 4], areas, alive, classes and result [B, N]; the
    elements of alive and of the result are booleans.

    The boxes (x1, y1, x2, y2) of each row come in order of preference. From first
    to last, each that is still alive is kept, and ends those after it that
    overlap it too much and, if `classes` is given, are of its class. The result
    says which are kept.

    The overlap of boxes i and j is s / (areas[i] + areas[j] - s), where s is the
    area of their intersection, of width max(0, min(x2) - max(x1) + border) and
    likewise in height. It is too much above `threshold` or, if `inclusive` is
    given, from there on; never, if it is NaN.

    C1. The shapes are as said.
    C2. boxes, areas and classes have one floating-point element type.

    ```mlir
    func.func @example(%b: tensor<2x9x4xf32>, %a: tensor<2x9xf32>, %m: tensor<2x9xi1>)
        -> tensor<2x9xi1> {
      %0 = graph.suppress %b areas %a alive %m threshold 0.5 border 0.0
        : tensor<2x9x4xf32>, tensor<2x9xf32>, tensor<2x9xi1>
      return %0 : tensor<2x9xi1>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$boxes, AnyRankedTensor:$areas,
                       AnyRankedTensor:$alive, Optional<AnyRankedTensor>:$classes,
                       F64Attr:$threshold, UnitAttr:$inclusive, F64Attr:$border);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $boxes `areas` $areas `alive` $alive (`classes` $classes^)?
    `threshold` $threshold (`inclusive` $inclusive^)? `border` $border attr-dict
    `:` type($boxes) `,` type($areas) `,` type($alive) (`,` type($classes)^)?
  }];
}

def Graph_MatchOp : Graph_InferredOp<"match"> {
  let summary = "greedy matching of rows and columns";
  let description = [{
    Shapes: order and allowed [B, K]; result [B, rows]. The elements of allowed are
    booleans, those of the result i32.

    order lists pairs of a row i and a column j, as i columns + j, from the most
    to the least wanted. Each that is allowed is matched, in that order, if neither
    its row nor its column is matched yet, until there are `limit` matches.
    result[b, i] is the column of row i, or -1.

    C1. The shapes are as said.
    C2. order has whole numbers; they are clipped to the pairs that exist.
    C3. `rows` and `columns` are positive, their product is less than 2^31.

    ```mlir
    func.func @example(%o: tensor<2x12xi32>, %a: tensor<2x12xi1>) -> tensor<2x4xi32> {
      %0 = graph.match %o allowed %a rows 4 columns 3 limit 12 : tensor<2x12xi32>, tensor<2x12xi1>
      return %0 : tensor<2x4xi32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$order, AnyRankedTensor:$allowed,
                       I64Attr:$rows, I64Attr:$columns, I64Attr:$limit);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $order `allowed` $allowed `rows` $rows `columns` $columns `limit` $limit
    attr-dict `:` type($order) `,` type($allowed)
  }];
}

#endif // DLC_DIALECTS_GRAPH_ORDERING_TD
