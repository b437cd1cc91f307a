// SPDX-License-Identifier: Apache-2.0
// The graph dialect: a model as operators on tensors.
#ifndef DLC_DIALECTS_GRAPH_GRAPHDIALECT_TD
#define DLC_DIALECTS_GRAPH_GRAPHDIALECT_TD

include "mlir/IR/OpBase.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::dlc::graph";
  let summary = "Models: named operators on tensors";
  let description = [{
    A model is one `func.func @main` on tensors of static shape. Arguments and
    results carry the model's names as `graph.name`; operators carry the name
    of the model's node as location. Operators have value semantics, weights
    are constants, and nothing is broadcast implicitly.

    Operators come in three kinds that passes treat alike: elementwise ones,
    whose entry holds their scalar body; movements, which only say where each
    element comes from; and structured ones, which have a lowering each.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect"
  ];
  let extraClassDeclaration = [{
    /// The attribute that names an argument or result of @main.
    static constexpr ::llvm::StringLiteral kNameAttr = "graph.name";
  }];
}

#endif // DLC_DIALECTS_GRAPH_GRAPHDIALECT_TD
