// SPDX-License-Identifier: Apache-2.0
// Constants, groups and layout conversions.
#ifndef DLC_DIALECTS_GRAPH_STRUCTURE_TD
#define DLC_DIALECTS_GRAPH_STRUCTURE_TD

include "dialects/graph/GraphBase.td"

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Graph_ConstantOp
    : Graph_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor: a weight or a literal";
  let description = [{
    Weights are resources (`dense_resource`), whose bytes lie outside the IR;
    `name` is the parameter's name in the model.

    ```mlir
    %0 = graph.constant {name = "fc_bias"} dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins TypedAttrInterface:$value, OptionalAttr<StrAttr>:$name);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let builders = [OpBuilder<(ins "::mlir::TypedAttr":$value), [{
    build($_builder, $_state, value.getType(), value, ::mlir::StringAttr());
  }]>];
  let hasFolder = 1;
}

def Graph_IotaOp : Graph_Op<"iota", [Pure]> {
  let summary = "start + step * index along one dimension";
  let description = [{
    result[..., i, ...] = start + step * i, with i the index of dimension `dim`.

    C1. `dim` is a dimension of the result.

    ```mlir
    %0 = graph.iota dim 1 start 0.0 step 2.0 : tensor<3x4xf32>
    ```
  }];
  let arguments = (ins I64Attr:$dim, F64Attr:$start, F64Attr:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`dim` $dim `start` $start `step` $step attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_GroupOp
    : Graph_Op<"group", [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "operators that become one kernel";
  let description = [{
    The body computes on its arguments, one for each operand, what the group
    returns. At most one of its operators is structured: the others are its
    elementwise and movement producers and consumers.

    C1. Arguments have the types of the operands, `graph.yield` those of the
        results.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.group (%a = %x : tensor<4xf32>) -> tensor<4xf32> {
        %1 = graph.exp %a : tensor<4xf32>
        %2 = graph.relu %1 : tensor<4xf32>
        graph.yield %2 : tensor<4xf32>
      }
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Graph_YieldOp
    : Graph_Op<"yield", [Pure, Terminator, ReturnLike,
                          ParentOneOf<["GroupOp", "AttentionOp"]>]> {
  let summary = "what a body computes";
  let description = [{
    Ends the body of `graph.group` and of `graph.attention`.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Graph_RelayoutOp
    : Graph_Op<"relayout", [Pure, SameOperandsAndResultShape,
                            SameOperandsAndResultElementType]> {
  let summary = "the same tensor in another layout";
  let description = [{
    Copies the elements to the places that the result's encoding says.

    Shapes: input and result are equal; their encodings differ.

    ```mlir
    func.func @example(%x: tensor<1x32x8x8xf32>)
        -> tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>> {
      %0 = graph.relayout %x : tensor<1x32x8x8xf32>
        to tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
      return %0 : tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
}

#endif // DLC_DIALECTS_GRAPH_STRUCTURE_TD
