// SPDX-License-Identifier: Apache-2.0
// Concatenation, padding, gathering.
#ifndef DLC_DIALECTS_GRAPH_INDEXING_TD
#define DLC_DIALECTS_GRAPH_INDEXING_TD

include "dialects/graph/GraphBase.td"

def Graph_ConcatOp : Graph_InferredOp<"concat"> {
  let summary = "tensors one after the other along an axis";
  let description = [{
    C1. At least one input; `axis` is a dimension.
    C2. Inputs agree in element type, rank and all extents but that of `axis`.

    ```mlir
    func.func @example(%x: tensor<2x3xf32>, %y: tensor<2x5xf32>) -> tensor<2x8xf32> {
      %0 = graph.concat %x, %y axis 1 : tensor<2x3xf32>, tensor<2x5xf32>
      return %0 : tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` type($inputs)";
  let hasFolder = 1;
}

def Graph_PadOp : Graph_InferredOp<"pad"> {
  let summary = "a border around a tensor";
  let description = [{
    The border holds `value`, the nearest element (edge) or the elements
    mirrored at the edge without repeating it (reflect).

    C1. One `low` and `high` for each dimension, not negative.
    C2. Reflection is shorter than the input's extent.

    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
      %0 = graph.pad %x low [0, 1] high [0, 2] mode constant value 0.0 : tensor<2x3xf32>
      return %0 : tensor<2x6xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, Graph_PadModeAttr:$mode,
                       F64Attr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `low` $low `high` $high `mode` $mode `value` $value attr-dict `:` type($input)
  }];
  let hasFolder = 1;
}

def Graph_GatherOp : Graph_InferredOp<"gather"> {
  let summary = "slices of a tensor chosen by indices";
  let description = [{
    result[a..., i..., b...] = data[a..., indices[i...], b...], with `axis` the
    number of dimensions a. Indices of a float type are truncated; indices out
    of range are clipped or wrapped around.

    C1. `axis` is a dimension of data.

    ```mlir
    func.func @example(%w: tensor<100x8xf32>, %i: tensor<2x3xf32>) -> tensor<2x3x8xf32> {
      %0 = graph.gather %w, %i axis 0 mode clip : tensor<100x8xf32>, tensor<2x3xf32>
      return %0 : tensor<2x3x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$indices,
                       I64Attr:$axis, Graph_IndexModeAttr:$mode);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $data `,` $indices `axis` $axis `mode` $mode attr-dict `:` type($data) `,` type($indices)
  }];
}

def Graph_GatherNdOp : Graph_InferredOp<"gather_nd"> {
  let summary = "elements or slices of a tensor chosen by index tuples";
  let description = [{
    result[i..., b...] = data[indices[0, i...], ..., indices[m - 1, i...], b...].
    Indices out of range are clipped.

    C1. indices has rank 1 or more and at most as many rows, a static extent, as
        data has dimensions.

    ```mlir
    func.func @example(%x: tensor<4x5xf32>, %i: tensor<2x3xi32>) -> tensor<3xf32> {
      %0 = graph.gather_nd %x, %i : tensor<4x5xf32>, tensor<2x3xi32>
      return %0 : tensor<3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$indices);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$data `,` $indices attr-dict `:` type($data) `,` type($indices)";
}

def Graph_TakeAlongOp : Graph_InferredOp<"take_along"> {
  let summary = "an element along an axis for each index";
  let description = [{
    result[a..., i, b...] = data[a..., indices[a..., i, b...], b...].

    C1. `axis` is a dimension; data and indices agree in all other extents.

    ```mlir
    func.func @example(%x: tensor<4x5xf32>, %i: tensor<4x1xf32>) -> tensor<4x1xf32> {
      %0 = graph.take_along %x, %i axis 1 mode clip : tensor<4x5xf32>, tensor<4x1xf32>
      return %0 : tensor<4x1xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$indices,
                       I64Attr:$axis, Graph_IndexModeAttr:$mode);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $data `,` $indices `axis` $axis `mode` $mode attr-dict `:` type($data) `,` type($indices)
  }];
}

def Graph_ResizeOp : Graph_InferredOp<"resize", [
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "an image in another size";
  let description = [{
    Shapes: input [N, C, H, W], result [N, C, size[0], size[1]].

    With align_corners the corners of both images coincide; with half_pixel
    the pixels are areas; with asymmetric y_in = y_out H / size[0].

    C1. The input has rank 4, `size` two positive extents.

    ```mlir
    func.func @example(%x: tensor<1x3x4x4xf32>) -> tensor<1x3x8x8xf32> {
      %0 = graph.resize %x size [8, 8] mode bilinear coordinates align_corners : tensor<1x3x4x4xf32>
      return %0 : tensor<1x3x8x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$size,
                       Graph_ResizeModeAttr:$mode, Graph_CoordinatesAttr:$coordinates);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `size` $size `mode` $mode `coordinates` $coordinates attr-dict `:` type($input)
  }];
  let hasFolder = 1;
}

#endif // DLC_DIALECTS_GRAPH_INDEXING_TD
