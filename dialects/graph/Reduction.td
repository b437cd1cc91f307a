// SPDX-License-Identifier: Apache-2.0
// Reductions along axes.
#ifndef DLC_DIALECTS_GRAPH_REDUCTION_TD
#define DLC_DIALECTS_GRAPH_REDUCTION_TD

include "dialects/graph/GraphBase.td"

/// A reduction: `combiner` is one of enum Combiner; `methods` and `overrides`
/// give buildInner and buildFinal where they aren't the identity.
class Graph_ReduceOp<string mnemonic, string combiner, code methods, list<string> overrides>
    : Graph_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<Graph_FlopsOpInterface>,
        DeclareOpInterfaceMethods<Graph_ReductionOpInterface, overrides>]> {
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$axes,
                       UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `axes` $axes (`keepdims` $keepdims^)? attr-dict `:` type($input)";
  let extraClassDefinition = [{
    ::llvm::SmallVector<int64_t> $cppClass::getReducedAxes() {
      return ::llvm::to_vector(getAxes());
    }
    bool $cppClass::getKeepsAxes() { return getKeepdims(); }
    ::dlc::graph::Combiner $cppClass::getCombiner() {
      return ::dlc::graph::Combiner::}] # combiner # [{;
    }
    int64_t $cppClass::getFlops() { return getInput().getType().getNumElements(); }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
        ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      Adaptor op(operands, attributes, properties, regions);
      return inferReduction(location, op.getInput(), op.getAxes(),
                            op.getKeepdims(), types);
    }
  }] # methods;
}

def Graph_ReduceSumOp : Graph_ReduceOp<"reduce_sum", "Add", [{
  }], []> {
  let summary = "the sum of the elements along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_sum %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceMeanOp : Graph_ReduceOp<"reduce_mean", "Add", [{
    ::mlir::Value $cppClass::buildFinal(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x, int64_t count) {
      return scalar::divByCount(b, loc, x, count);
    }
  }], ["buildFinal"]> {
  let summary = "the mean of the elements along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_mean %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceProdOp : Graph_ReduceOp<"reduce_prod", "Mul", [{
  }], []> {
  let summary = "the product of the elements along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_prod %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceMaxOp : Graph_ReduceOp<"reduce_max", "Max", [{
  }], []> {
  let summary = "the largest element along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_max %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceMinOp : Graph_ReduceOp<"reduce_min", "Min", [{
  }], []> {
  let summary = "the smallest element along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_min %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceNansumOp : Graph_ReduceOp<"reduce_nansum", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x) {
      return scalar::replaceNan(b, loc, x, 0.0);
    }
  }], ["buildInner"]> {
  let summary = "the sum of the elements that are not NaN along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_nansum %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceNanprodOp : Graph_ReduceOp<"reduce_nanprod", "Mul", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x) {
      return scalar::replaceNan(b, loc, x, 1.0);
    }
  }], ["buildInner"]> {
  let summary = "the product of the elements that are not NaN along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_nanprod %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceL1Op : Graph_ReduceOp<"reduce_l1", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x) {
      return scalar::abs(b, loc, x);
    }
  }], ["buildInner"]> {
  let summary = "the sum of the absolute values along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_l1 %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ReduceL2Op : Graph_ReduceOp<"reduce_l2", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x) {
      return scalar::mul(b, loc, x, x);
    }
    ::mlir::Value $cppClass::buildFinal(::mlir::OpBuilder &b, ::mlir::Location loc, ::mlir::Value x, int64_t count) {
      return ::mlir::math::SqrtOp::create(b, loc, x);
    }
  }], ["buildInner", "buildFinal"]> {
  let summary = "the square root of the sum of squares along some axes";
  let description = [{
    Shapes: the result has the input's extents without `axes`, or with 1 there
    if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.reduce_l2 %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
}

def Graph_ArgmaxOp : Graph_InferredOp<"argmax"> {
  let summary = "the index of the largest element along an axis";
  let description = [{
    The first one where several are equal. The result's elements are i64.

    C1. `axis` is a dimension of the input.

    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<2xi64> {
      %0 = graph.argmax %x axis 1 : tensor<2x3xf32>
      return %0 : tensor<2xi64>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `axis` $axis (`keepdims` $keepdims^)? attr-dict `:` type($input)";
}

def Graph_ArgminOp : Graph_InferredOp<"argmin"> {
  let summary = "the index of the smallest element along an axis";
  let description = [{
    The first one where several are equal. The result's elements are i64.

    C1. `axis` is a dimension of the input.

    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<2xi64> {
      %0 = graph.argmin %x axis 1 : tensor<2x3xf32>
      return %0 : tensor<2xi64>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis, UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `axis` $axis (`keepdims` $keepdims^)? attr-dict `:` type($input)";
}

def Graph_CumsumOp : Graph_Op<"cumsum", [Pure, SameOperandsAndResultType]> {
  let summary = "running sums along an axis";
  let description = [{
    result[..., i, ...] = the sum of input[..., j, ...] for j <= i.

    C1. `axis` is a dimension of the input.

    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = graph.cumsum %x axis 1 : tensor<2x3xf32>
      return %0 : tensor<2x3xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // DLC_DIALECTS_GRAPH_REDUCTION_TD
