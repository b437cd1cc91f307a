// SPDX-License-Identifier: Apache-2.0
// What passes ask of operators instead of asking which operator it is.
#ifndef DLC_DIALECTS_GRAPH_GRAPHINTERFACES_TD
#define DLC_DIALECTS_GRAPH_GRAPHINTERFACES_TD

include "mlir/IR/OpBase.td"

def Graph_ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::dlc::graph";
  let description = [{
    An operator whose every element depends on the elements at the same place.
    Its scalar body serves constant folding, every target and, later, its
    derivative.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the operator for one element: \p args has a scalar for each
      operand; returns a scalar of the result's element type.
    }], "::mlir::Value", "buildScalar",
    (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
         "::mlir::ValueRange":$args)>
  ];
}

def Graph_MovementOpInterface : OpInterface<"MovementOpInterface"> {
  let cppNamespace = "::dlc::graph";
  let description = [{
    An operator that only moves elements of its first operand.
  }];
  let methods = [
    InterfaceMethod<[{
      The place in operand 0 that the element at \p indices of the result comes
      from; expressions of the same dimensions and symbols.
    }], "::llvm::SmallVector<::mlir::AffineExpr>", "mapIndices",
    (ins "::llvm::ArrayRef<::mlir::AffineExpr>":$indices)>
  ];
}

def Graph_ReductionOpInterface : OpInterface<"ReductionOpInterface"> {
  let cppNamespace = "::dlc::graph";
  let description = [{
    An operator that combines the elements along some axes with an associative
    function: result = final(combine over elements of inner(element), count).
  }];
  let methods = [
    InterfaceMethod<"The axes that are combined, ascending and not negative.",
      "::llvm::SmallVector<int64_t>", "getReducedAxes">,
    InterfaceMethod<"Whether combined axes stay as extents of one.",
      "bool", "getKeepsAxes">,
    InterfaceMethod<"The function: add, mul, max or min.",
      "::dlc::graph::Combiner", "getCombiner">,
    InterfaceMethod<"What an element is turned into before it is combined.",
      "::mlir::Value", "buildInner",
      (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
           "::mlir::Value":$x), "", "return x;">,
    InterfaceMethod<"What the combined value of \\p count elements becomes.",
      "::mlir::Value", "buildFinal",
      (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
           "::mlir::Value":$x, "int64_t":$count), "", "return x;">
  ];
}

def Graph_FlopsOpInterface : OpInterface<"FlopsOpInterface"> {
  let cppNamespace = "::dlc::graph";
  let description = [{
    An operator that does more than one operation for each element of its
    result.
  }];
  let methods = [
    InterfaceMethod<"Floating-point operations; a multiply-add counts as two.",
      "int64_t", "getFlops">
  ];
}

#endif // DLC_DIALECTS_GRAPH_GRAPHINTERFACES_TD
