// SPDX-License-Identifier: Apache-2.0
// Normalisations and softmax.
#ifndef DLC_DIALECTS_GRAPH_NORMALIZATION_TD
#define DLC_DIALECTS_GRAPH_NORMALIZATION_TD

include "dialects/graph/GraphBase.td"

/// An operator whose result has its input's type.
class Graph_NormalizationOp<string mnemonic>
    : Graph_Op<mnemonic, [Pure, SameOperandsAndResultElementType,
        AllTypesMatch<["input", "result"]>,
        DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
}

def Graph_BatchNormOp : Graph_NormalizationOp<"batch_norm"> {
  let summary = "batch normalisation with given statistics";
  let description = [{
    result = gamma (x - mean) / sqrt(variance + epsilon) + beta, per channel.

    Shapes: gamma, beta, mean and variance are [C], C the extent of `axis`.

    C1. `axis` is a dimension of the input.
    C2. The parameters have rank 1 and the extent of that dimension.
    C3. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<2x4x3x3xf32>, %p: tensor<4xf32>) -> tensor<2x4x3x3xf32> {
      %0 = graph.batch_norm %x, %p, %p, %p, %p axis 1 epsilon 1.0e-05
        : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
      return %0 : tensor<2x4x3x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       AnyRankedTensor:$beta, AnyRankedTensor:$mean,
                       AnyRankedTensor:$variance, I64Attr:$axis,
                       F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `,` $mean `,` $variance `axis` $axis `epsilon`
    $epsilon attr-dict `:` type($input) `,` type($gamma) `,` type($beta) `,`
    type($mean) `,` type($variance)
  }];
}

def Graph_LayerNormOp : Graph_NormalizationOp<"layer_norm"> {
  let summary = "layer normalisation";
  let description = [{
    result = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and
    variance along `axis`.

    Shapes: gamma and beta are [C], C the extent of `axis`.

    C1. `axis` is a dimension of the input.
    C2. The parameters have rank 1 and the extent of that dimension.
    C3. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<2x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<2x8xf32> {
      %0 = graph.layer_norm %x, %g, %b axis 1 epsilon 1.0e-05 : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>
      return %0 : tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       AnyRankedTensor:$beta, I64Attr:$axis, F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `axis` $axis `epsilon` $epsilon attr-dict `:`
    type($input) `,` type($gamma) `,` type($beta)
  }];
}

def Graph_InstanceNormOp : Graph_NormalizationOp<"instance_norm"> {
  let summary = "instance normalisation";
  let description = [{
    result = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and
    variance over the spatial dimensions of each image and channel.

    Shapes: input [N, C, spatial...], gamma and beta [C].

    C1. The input has rank 3 or more.
    C2. The parameters have rank 1 and extent C.
    C3. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<2x4x3x3xf32>, %p: tensor<4xf32>) -> tensor<2x4x3x3xf32> {
      %0 = graph.instance_norm %x, %p, %p epsilon 1.0e-03 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
      return %0 : tensor<2x4x3x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       AnyRankedTensor:$beta, F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `epsilon` $epsilon attr-dict `:` type($input)
    `,` type($gamma) `,` type($beta)
  }];
}

def Graph_GroupNormOp : Graph_NormalizationOp<"group_norm"> {
  let summary = "group normalisation";
  let description = [{
    result = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and
    variance over the spatial dimensions and the channels of a group.

    Shapes: input [N, C, spatial...], gamma and beta [C].

    C1. The input has rank 2 or more; `groups` is positive and divides C.
    C2. The parameters have rank 1 and extent C.
    C3. All tensors have one element type.

    ```mlir
    func.func @example(%x: tensor<2x4x3x3xf32>, %p: tensor<4xf32>) -> tensor<2x4x3x3xf32> {
      %0 = graph.group_norm %x, %p, %p groups 2 epsilon 1.0e-05 : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
      return %0 : tensor<2x4x3x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       AnyRankedTensor:$beta, I64Attr:$groups,
                       F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $gamma `,` $beta `groups` $groups `epsilon` $epsilon attr-dict
    `:` type($input) `,` type($gamma) `,` type($beta)
  }];
}

def Graph_LrnOp : Graph_NormalizationOp<"lrn"> {
  let summary = "local response normalisation across channels";
  let description = [{
    result = x (knorm + alpha / size sum of x^2 over `size` channels around)^-beta.

    Shapes: input [N, C, H, W].

    C1. The input has rank 4; `size` is positive and odd.

    ```mlir
    func.func @example(%x: tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
      %0 = graph.lrn %x size 3 alpha 1.0e-04 beta 7.5e-01 knorm 2.0 : tensor<2x4x3x3xf32>
      return %0 : tensor<2x4x3x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$size, F64Attr:$alpha,
                       F64Attr:$beta, F64Attr:$knorm);
  let assemblyFormat = [{
    $input `size` $size `alpha` $alpha `beta` $beta `knorm` $knorm attr-dict `:`
    type($input)
  }];
}

def Graph_SoftmaxOp : Graph_NormalizationOp<"softmax"> {
  let summary = "exponentials that sum to one along an axis";
  let description = [{
    result = exp(x - max) / sum of exp(x - max), max and sum along `axis`.

    Shapes: input and result are equal.

    C1. `axis` is a dimension of the input.

    ```mlir
    func.func @example(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
      %0 = graph.softmax %x axis 1 : tensor<2x8xf32>
      return %0 : tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
}

def Graph_LogSoftmaxOp : Graph_NormalizationOp<"log_softmax"> {
  let summary = "logarithm of softmax";
  let description = [{
    result = x - max - log(sum of exp(x - max)), max and sum along `axis`.

    Shapes: input and result are equal.

    C1. `axis` is a dimension of the input.

    ```mlir
    func.func @example(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
      %0 = graph.log_softmax %x axis 1 : tensor<2x8xf32>
      return %0 : tensor<2x8xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input)";
}

#endif // DLC_DIALECTS_GRAPH_NORMALIZATION_TD
