// SPDX-License-Identifier: Apache-2.0
// Operators that only move elements.
#ifndef DLC_DIALECTS_GRAPH_MOVEMENT_TD
#define DLC_DIALECTS_GRAPH_MOVEMENT_TD

include "dialects/graph/GraphBase.td"

class Graph_MovementOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<Graph_MovementOpInterface>] # traits> {
  let results = (outs AnyRankedTensor:$result);
}

def Graph_ReshapeOp
    : Graph_MovementOp<"reshape", [SameOperandsAndResultElementType]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    C1. Input and result have the same number of elements.

    ```mlir
    func.func @example(%x: tensor<2x6xf32>) -> tensor<3x4xf32> {
      %0 = graph.reshape %x : tensor<2x6xf32> to tensor<3x4xf32>
      return %0 : tensor<3x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_TransposeOp
    : Graph_MovementOp<"transpose", [
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "permutes dimensions";
  let description = [{
    Dimension i of the result is dimension permutation[i] of the input.

    C1. `permutation` is a permutation of the input's dimensions.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
      %0 = graph.transpose %x [2, 0, 1] : tensor<2x3x4xf32>
      return %0 : tensor<4x2x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let assemblyFormat = "$input $permutation attr-dict `:` type($input)";
  let hasFolder = 1;
}

def Graph_BroadcastOp
    : Graph_MovementOp<"broadcast", [SameOperandsAndResultElementType]> {
  let summary = "repeats elements along new or stretched dimensions";
  let description = [{
    Dimension i of the input becomes dimension dims[i] of the result; where its
    extent is 1, it is repeated.

    C1. `dims` is ascending, one for each dimension of the input, and names
        dimensions of the result.
    C2. Each extent of the input is 1 or that of its dimension in the result.

    ```mlir
    func.func @example(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
      %0 = graph.broadcast %x dims [1, 2] : tensor<3x1xf32> to tensor<2x3x4xf32>
      return %0 : tensor<2x3x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$dims);
  let assemblyFormat = "$input `dims` $dims attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_SliceOp
    : Graph_MovementOp<"slice", [
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "a regular part of a tensor";
  let description = [{
    Along each dimension the elements start, start + step, ... before limit (or
    after it, where step is negative; then limit may be -1).

    C1. One start, limit and step for each dimension; no step is 0.
    C2. Every element exists in the input.

    ```mlir
    func.func @example(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
      %0 = graph.slice %x starts [0, 7] limits [2, -1] steps [1, -1] : tensor<4x8xf32>
      return %0 : tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$starts,
                       DenseI64ArrayAttr:$limits, DenseI64ArrayAttr:$steps);
  let assemblyFormat = [{
    $input `starts` $starts `limits` $limits `steps` $steps attr-dict `:` type($input)
  }];
  let hasFolder = 1;
}

def Graph_ReverseOp : Graph_MovementOp<"reverse", [SameOperandsAndResultType]> {
  let summary = "reverses dimensions";
  let description = [{
    C1. `axes` are distinct dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %0 = graph.reverse %x axes [1] : tensor<4x8xf32>
      return %0 : tensor<4x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$axes);
  let assemblyFormat = "$input `axes` $axes attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_WindowsOp
    : Graph_MovementOp<"windows", [
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "the windows that slide along a dimension";
  let description = [{
    result[a..., i, k, b...] = input[a..., i stride + k dilation, b...] for
    0 <= k < size and as many i as there are whole windows, with `axis` the
    number of dimensions a.

    C1. `axis` is a dimension of the input.
    C2. `size`, `stride` and `dilation` are positive.
    C3. One window fits.

    ```mlir
    func.func @example(%x: tensor<2x8xf32>) -> tensor<2x3x4xf32> {
      %0 = graph.windows %x axis 1 size 4 stride 2 dilation 1 : tensor<2x8xf32>
      return %0 : tensor<2x3x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, I64Attr:$size,
                       I64Attr:$stride, I64Attr:$dilation);
  let assemblyFormat = [{
    $input `axis` $axis `size` $size `stride` $stride `dilation` $dilation
    attr-dict `:` type($input)
  }];
}

#endif // DLC_DIALECTS_GRAPH_MOVEMENT_TD
