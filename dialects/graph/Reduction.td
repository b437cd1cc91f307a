// SPDX-License-Identifier: Apache-2.0
// Reductions along axes.
#ifndef DLC_DIALECTS_GRAPH_REDUCTION_TD
#define DLC_DIALECTS_GRAPH_REDUCTION_TD

include "dialects/graph/GraphBase.td"

/// A reduction with `combiner`, one of enum Combiner; `what` says of the
/// elements along the axes what it gives. `methods` defines those of
/// `overrides` (buildInner, buildFinal) that aren't the identity.
class Graph_ReduceOp<string mnemonic, string what, string combiner,
                     code methods = "", list<string> overrides = []>
    : Graph_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<Graph_FlopsOpInterface>,
        DeclareOpInterfaceMethods<Graph_ReductionOpInterface, overrides>]> {
  let summary = "the " # what # " along some axes";
  let description = [{
    result[...] = the }] # what # [{ along `axes`.

    Shapes: the result has the input's extents without those of `axes`, or with
    1 there if `keepdims` is given.

    C1. `axes` are ascending and are dimensions of the input.

    ```mlir
    func.func @example(%x: tensor<2x3x4xf32>) -> tensor<2x4xf32> {
      %0 = graph.}] # mnemonic # [{ %x axes [1] : tensor<2x3x4xf32>
      return %0 : tensor<2x4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$axes,
                       UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `axes` $axes (`keepdims` $keepdims^)? attr-dict `:` type($input)
  }];
  let extraClassDefinition = [{
    ::llvm::SmallVector<int64_t> $cppClass::getReducedAxes() {
      return ::llvm::to_vector(getAxes());
    }
    bool $cppClass::getKeepsAxes() { return getKeepdims(); }
    ::dlc::graph::Combiner $cppClass::getCombiner() {
      return ::dlc::graph::Combiner::}] # combiner # [{;
    }
    int64_t $cppClass::getFlops() {
      return getInput().getType().getNumElements();
    }
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

def Graph_ReduceSumOp : Graph_ReduceOp<"reduce_sum",
    "sum of the elements", "Add">;

def Graph_ReduceMeanOp : Graph_ReduceOp<"reduce_mean",
    "mean of the elements", "Add", [{
    ::mlir::Value $cppClass::buildFinal(::mlir::OpBuilder &b,
                                        ::mlir::Location loc, ::mlir::Value x,
                                        int64_t count) {
      return scalar::divByCount(b, loc, x, count);
    }
  }], ["buildFinal"]>;

def Graph_ReduceProdOp : Graph_ReduceOp<"reduce_prod",
    "product of the elements", "Mul">;

def Graph_ReduceMaxOp : Graph_ReduceOp<"reduce_max",
    "largest element", "Max">;

def Graph_ReduceMinOp : Graph_ReduceOp<"reduce_min",
    "smallest element", "Min">;

def Graph_ReduceNansumOp : Graph_ReduceOp<"reduce_nansum",
    "sum of the elements that are not NaN", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b,
                                        ::mlir::Location loc,
                                        ::mlir::Value x) {
      return scalar::replaceNan(b, loc, x, 0.0);
    }
  }], ["buildInner"]>;

def Graph_ReduceNanprodOp : Graph_ReduceOp<"reduce_nanprod",
    "product of the elements that are not NaN", "Mul", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b,
                                        ::mlir::Location loc,
                                        ::mlir::Value x) {
      return scalar::replaceNan(b, loc, x, 1.0);
    }
  }], ["buildInner"]>;

def Graph_ReduceL1Op : Graph_ReduceOp<"reduce_l1",
    "sum of the absolute values", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b,
                                        ::mlir::Location loc,
                                        ::mlir::Value x) {
      return scalar::abs(b, loc, x);
    }
  }], ["buildInner"]>;

def Graph_ReduceL2Op : Graph_ReduceOp<"reduce_l2",
    "square root of the sum of squares", "Add", [{
    ::mlir::Value $cppClass::buildInner(::mlir::OpBuilder &b,
                                        ::mlir::Location loc,
                                        ::mlir::Value x) {
      return scalar::mul(b, loc, x, x);
    }
    ::mlir::Value $cppClass::buildFinal(::mlir::OpBuilder &b,
                                        ::mlir::Location loc, ::mlir::Value x,
                                        int64_t count) {
      return ::mlir::math::SqrtOp::create(b, loc, x);
    }
  }], ["buildInner", "buildFinal"]>;

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
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis,
                       UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `axis` $axis (`keepdims` $keepdims^)? attr-dict `:` type($input)
  }];
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
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis,
                       UnitAttr:$keepdims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `axis` $axis (`keepdims` $keepdims^)? attr-dict `:` type($input)
  }];
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
