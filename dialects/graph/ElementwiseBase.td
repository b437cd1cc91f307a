// SPDX-License-Identifier: Apache-2.0
// Classes of the elementwise operators. An entry gives a formula and the scalar
// body; the class makes operands, types, assembly form and documentation of it.
#ifndef DLC_DIALECTS_GRAPH_ELEMENTWISEBASE_TD
#define DLC_DIALECTS_GRAPH_ELEMENTWISEBASE_TD

include "dialects/graph/GraphBase.td"

/// An elementwise operator; `scalar` is the body of buildScalar(b, loc, args).
class Graph_ElementwiseOp<string mnemonic, code scalar, list<Trait> traits = []>
    : Graph_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<Graph_ElementwiseOpInterface>] # traits> {
  let results = (outs AnyRankedTensor:$result);
  let extraClassDefinition = [{
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &b,
                                         ::mlir::Location loc,
                                         ::mlir::ValueRange args) {
      }] # scalar # [{
    }
  }];
}

/// The body of a function of real numbers: integers are computed as f64 and
/// truncated, as frameworks do.
class Graph_RealFunction<code scalar> {
  string note = "Integers are computed as f64 and truncated.";
  code body = [{
      return scalar::computeReal(b, loc, args,
                                 [&](::mlir::ValueRange args) -> ::mlir::Value {
      }] # scalar # [{
      });
  }];
}

/// The example of an operator with operands named in `operands`, of elements
/// `from`, and a result of elements `to`; `options` sets its attributes.
class Graph_ElementwiseExample<string mnemonic, list<string> operands,
                               string from, string to, string options = ""> {
  string input = "tensor<4x" # from # ">";
  string result = "tensor<4x" # to # ">";
  string arguments = !interleave(
    !foreach(operand, operands, operand # ": " # input), ", ");
  string text = [{
    ```mlir
    func.func @example(}] # arguments # ") -> " # result # [{ {
      %0 = graph.}] # mnemonic # " " # !interleave(operands, ", ")
        # !if(!empty(options), "", " " # options) # " : " # input # [{
      return %0 : }] # result # [{
    }
    ```
  }];
}

/// f(x). `note` says what happens in special cases; `options` is how the
/// example sets the operator's attributes.
class Graph_UnaryOp<string mnemonic, string formula, code scalar,
                    string note = "", list<Trait> traits = [],
                    string element = "f32", string options = "">
    : Graph_ElementwiseOp<mnemonic, scalar,
                          [SameOperandsAndResultType] # traits> {
  let summary = formula # " of each element x";
  let description = [{
    result[i] = }] # formula # ", with x = input[i]."
      # !if(!empty(note), "", " " # note) # [{

    Shapes: input and result are equal.
  }] # Graph_ElementwiseExample<mnemonic, ["%x"], element, element,
                                options>.text;
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

/// f(x) for real numbers.
class Graph_RealUnaryOp<string mnemonic, string formula, code scalar,
                        string note = "", string options = "">
    : Graph_UnaryOp<mnemonic, formula, Graph_RealFunction<scalar>.body,
                    !if(!empty(note), "", note # " ")
                      # Graph_RealFunction<scalar>.note, options = options>;

/// The rounding of x; integers stay as they are.
class Graph_RoundingOp<string mnemonic, string formula, code scalar,
                       string note = "">
    : Graph_UnaryOp<mnemonic, formula, [{
        if (!::llvm::isa<::mlir::FloatType>(args[0].getType()))
          return args[0];
      }] # scalar, note, [Idempotent]>;

/// f(x, y).
class Graph_BinaryOp<string mnemonic, string formula, code scalar,
                     string note = "", list<Trait> traits = [],
                     string element = "f32">
    : Graph_ElementwiseOp<mnemonic, scalar,
                          [SameOperandsAndResultType] # traits> {
  let summary = formula # " of each pair of elements x and y";
  let description = [{
    result[i] = }] # formula # ", with x = lhs[i] and y = rhs[i]."
      # !if(!empty(note), "", " " # note) # [{

    Shapes: lhs, rhs and result are equal.
  }] # Graph_ElementwiseExample<mnemonic, ["%x", "%y"], element, element>.text;
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

/// f(x, y) for real numbers.
class Graph_RealBinaryOp<string mnemonic, string formula, code scalar,
                         string note = "", list<Trait> traits = []>
    : Graph_BinaryOp<mnemonic, formula, Graph_RealFunction<scalar>.body,
                     !if(!empty(note), "", note # " ")
                       # Graph_RealFunction<scalar>.note, traits>;

#endif // DLC_DIALECTS_GRAPH_ELEMENTWISEBASE_TD
