// SPDX-License-Identifier: Apache-2.0
// Classes that the operators of all families derive from.
#ifndef DLC_DIALECTS_GRAPH_GRAPHBASE_TD
#define DLC_DIALECTS_GRAPH_GRAPHBASE_TD

include "dialects/graph/GraphAttrs.td"
include "dialects/graph/GraphInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Graph_Op<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic, traits> {
  /// The place of the operator's derivative: the body of a method that adds
  /// the gradients of its operands. Empty: not differentiable (yet).
  code gradient = [{}];
}

/// An operator whose result type is inferred by `inferReturnTypes` in its
/// family's .cpp, from operands and attributes.
/// The layout pass may give the result another layout than inference does.
class Graph_InferredOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<InferTypeOpInterface>] # traits> {
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                        ::mlir::TypeRange actual);
  }];
  let extraClassDefinition = [{
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                            ::mlir::TypeRange actual) {
      return haveSamePlainTypes(inferred, actual);
    }
  }];
}

#endif // DLC_DIALECTS_GRAPH_GRAPHBASE_TD
