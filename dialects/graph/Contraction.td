// SPDX-License-Identifier: Apache-2.0
// Convolutions, matrix products and pooling.
#ifndef DLC_DIALECTS_GRAPH_CONTRACTION_TD
#define DLC_DIALECTS_GRAPH_CONTRACTION_TD

include "dialects/graph/GraphBase.td"

def Graph_ConvOp : Graph_InferredOp<"conv", [
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "convolution";
  let description = [{
    Shapes: input [N, C, spatial...], filter [O, C / groups, kernel...], bias
    [O] (optional), result [N, O, out...] with out = floor((in + pad_low +
    pad_high - dilation (kernel - 1) - 1) / stride) + 1. One to three spatial
    dimensions.

    C1. One stride, padding and dilation for each spatial dimension; strides
        and dilations are positive, paddings not negative.
    C2. `groups` divides C and O; the filter has C / groups channels.
    C3. The bias has O elements.
    C4. The padded input is at least as large as the dilated kernel.
    C5. All tensors have one element type; with `wide`, input and filter have
        integers of 8 bits, each with or without sign, and bias and result i32.
    C6. `winograd` is 2 or 4 and the convolution two-dimensional, 3 x 3 or, with
        2, 5 x 5, of stride and dilation 1, with one group and elements of f32.

    `layout` is the encoding of the result, plain where it is missing. With
    `winograd` m, and a constant filter, tiles of m x m results are computed by
    Winograd's minimal filtering: fewer products, other rounding.

    ```mlir
    func.func @example(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
      %0 = graph.conv %x, %w, %b strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
        : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>
      return %0 : tensor<1x4x8x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter,
    Optional<AnyRankedTensor>:$bias, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$pad_low, DenseI64ArrayAttr:$pad_high,
    DenseI64ArrayAttr:$dilations, I64Attr:$groups,
    OptionalAttr<I64Attr>:$winograd, UnitAttr:$wide,
    OptionalAttr<Graph_BlockedLayoutAttr>:$layout);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`,` $bias^)? `strides` $strides `pads` $pad_low $pad_high
    `dilations` $dilations `groups` $groups (`winograd` $winograd^)? (`wide` $wide^)?
    (`layout` $layout^)? attr-dict `:` type($input) `,` type($filter)
    (`,` type($bias)^)?
  }];
  let hasVerifier = 1;
}

def Graph_DeconvOp : Graph_InferredOp<"deconv", [
    SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "transposed convolution";
  let description = [{
    The gradient of a convolution with respect to its input: each element of
    the input adds its multiple of the filter to the result.

    Shapes: input [N, C, spatial...], filter [C, O / groups, kernel...], bias
    [O] (optional), result [N, O, out...] with out = stride (in - 1) + dilation
    (kernel - 1) + 1 - pad_low - pad_high + output_padding.

    C1. One stride, padding, dilation and output padding for each spatial
        dimension; strides and dilations are positive.
    C2. `groups` divides C; the filter has C rows.
    C3. The bias has O elements.
    C4. The result is not empty.
    C5. All tensors have one element type.

    `layout` is the encoding of the result, plain where it is missing.

    ```mlir
    func.func @example(%x: tensor<1x3x4x4xf32>, %w: tensor<3x5x2x2xf32>) -> tensor<1x5x8x8xf32> {
      %0 = graph.deconv %x, %w strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] output_padding [0, 0] groups 1
        : tensor<1x3x4x4xf32>, tensor<3x5x2x2xf32>
      return %0 : tensor<1x5x8x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter,
    Optional<AnyRankedTensor>:$bias, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$pad_low, DenseI64ArrayAttr:$pad_high,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$output_padding,
    I64Attr:$groups, OptionalAttr<Graph_BlockedLayoutAttr>:$layout);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`,` $bias^)? `strides` $strides `pads` $pad_low $pad_high
    `dilations` $dilations `output_padding` $output_padding `groups` $groups
    (`layout` $layout^)? attr-dict `:` type($input) `,` type($filter) (`,` type($bias)^)?
  }];
}

def Graph_DenseOp : Graph_InferredOp<"dense", [
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "fully connected layer";
  let description = [{
    result[..., n] = sum over k of input[..., k] filter[n, k], plus bias[n].

    Shapes: input [..., K], filter [N, K], bias [N] (optional), result [..., N].

    C1. The input has rank 1 or more, the filter rank 2, and both have K in
        common.
    C2. The bias has N elements.
    C3. All tensors have one element type; with `wide`, input and filter have
        integers of 8 bits, each with or without sign, and bias and result i32.

    ```mlir
    func.func @example(%x: tensor<2x8xui8>, %w: tensor<4x8xi8>) -> tensor<2x4xi32> {
      %0 = graph.dense %x, %w wide : tensor<2x8xui8>, tensor<4x8xi8>
      return %0 : tensor<2x4xi32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$filter,
                       Optional<AnyRankedTensor>:$bias, UnitAttr:$wide);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`,` $bias^)? (`wide` $wide^)? attr-dict `:`
    type($input) `,` type($filter) (`,` type($bias)^)?
  }];
  let hasVerifier = 1;
}

def Graph_DotOp : Graph_InferredOp<"dot", [
    SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "sum of products over chosen dimensions";
  let description = [{
    result[b..., m..., n...] = sum over k... of lhs[b, m, k] rhs[b, n, k], where
    `lhs_batch` and `rhs_batch` list the dimensions b, `lhs_contract` and
    `rhs_contract` the dimensions k of each side, pairwise; m and n are the
    others.

    C1. Batch and contracted dimensions are distinct dimensions, as many on
        both sides.
    C2. Their extents agree pairwise.
    C3. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<2x3x8xf32>, %y: tensor<2x4x8xf32>) -> tensor<2x3x4xf32> {
      %0 = graph.dot %x, %y batch [0] [0] contract [2] [2]
        : tensor<2x3x8xf32>, tensor<2x4x8xf32>
      return %0 : tensor<2x3x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
    DenseI64ArrayAttr:$lhs_batch, DenseI64ArrayAttr:$rhs_batch,
    DenseI64ArrayAttr:$lhs_contract, DenseI64ArrayAttr:$rhs_contract);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `batch` $lhs_batch $rhs_batch `contract` $lhs_contract $rhs_contract
    attr-dict `:` type($lhs) `,` type($rhs)
  }];
}

def Graph_PoolOp : Graph_InferredOp<"pool", [
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "pooling over windows";
  let description = [{
    The maximum, mean, sum or p-norm of each window. A maximum passes over NaN,
    as MXNet's does.

    Shapes: input [N, C, spatial...], result [N, C, out...] with out = floor((in
    + pad_low + pad_high - kernel) / stride) + 1, rounded up instead of down
    with `ceil_mode`. The result of blocked channels has them too, without a halo.

    A mean divides by the elements of the window that lie in the padded input
    (with `count_include_pad`) or in the input. A window beyond both gives 0,
    its maximum the least number of the type.

    C1. One kernel extent, stride and padding for each spatial dimension;
        kernel and strides are positive, paddings not negative.
    C2. The padded input is at least as large as the kernel.

    ```mlir
    func.func @example(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32> {
      %0 = graph.pool %x max kernel [2, 2] strides [2, 2] pads [0, 0] [0, 0] : tensor<1x3x8x8xf32>
      return %0 : tensor<1x3x4x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Graph_PoolKindAttr:$kind,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$pad_low, DenseI64ArrayAttr:$pad_high,
    UnitAttr:$ceil_mode, UnitAttr:$count_include_pad,
    DefaultValuedAttr<I64Attr, "2">:$p);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input $kind `kernel` $kernel `strides` $strides `pads` $pad_low $pad_high
    (`ceil_mode` $ceil_mode^)? (`count_include_pad` $count_include_pad^)?
    attr-dict `:` type($input)
  }];
}

#endif // DLC_DIALECTS_GRAPH_CONTRACTION_TD
