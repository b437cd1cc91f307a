// SPDX-License-Identifier: Apache-2.0
// Comparisons, tests, logic and selection.
#ifndef DLC_DIALECTS_GRAPH_COMPARISON_TD
#define DLC_DIALECTS_GRAPH_COMPARISON_TD

include "dialects/graph/ElementwiseBase.td"

/// A comparison: i1 from two tensors of one type.
class Graph_CompareOp<string mnemonic, string operator, string floats,
                      string integers, string note>
    : Graph_ElementwiseOp<mnemonic, [{
        return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::}] # floats
          # ", ::mlir::arith::CmpIPredicate::" # integers
          # ", args[0], args[1]);", [SameTypeOperands,
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "whether x " # operator # " y, for each pair of elements";
  let description = [{
    result[i] = x }] # operator # [{ y, with x = lhs[i] and y = rhs[i]. }]
      # note # [{

    Shapes: lhs, rhs and result are equal; the result's elements are i1.
  }] # Graph_ElementwiseExample<mnemonic, ["%x", "%y"], "f32", "i1">.text;
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

/// A test: i1 from one tensor.
class Graph_TestOp<string mnemonic, string what, code scalar>
    : Graph_ElementwiseOp<mnemonic, scalar, [
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "whether x is " # what # ", for each element x";
  let description = [{
    result[i] = whether input[i] is }] # what # [{; false for integers.

    Shapes: input and result are equal; the result's elements are i1.
  }] # Graph_ElementwiseExample<mnemonic, ["%x"], "f32", "i1">.text;
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

def Graph_EqualOp : Graph_CompareOp<"equal", "==", "OEQ", "eq",
  "NaN is not equal to, less or greater than anything.">;

def Graph_NotEqualOp : Graph_CompareOp<"not_equal", "!=", "UNE", "ne",
  "NaN is different from anything.">;

def Graph_GreaterOp : Graph_CompareOp<"greater", ">", "OGT", "sgt",
  "NaN is not equal to, less or greater than anything.">;

def Graph_GreaterEqualOp : Graph_CompareOp<"greater_equal", ">=", "OGE", "sge",
  "NaN is not equal to, less or greater than anything.">;

def Graph_LessOp : Graph_CompareOp<"less", "<", "OLT", "slt",
  "NaN is not equal to, less or greater than anything.">;

def Graph_LessEqualOp : Graph_CompareOp<"less_equal", "<=", "OLE", "sle",
  "NaN is not equal to, less or greater than anything.">;

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

def Graph_IsNanOp : Graph_TestOp<"is_nan", "NaN", [{
    return scalar::isNan(b, loc, args[0]);
  }]>;

def Graph_IsInfOp : Graph_TestOp<"is_inf", "infinite", [{
    return scalar::isInf(b, loc, args[0]);
  }]>;

//===----------------------------------------------------------------------===//
// Logic
//===----------------------------------------------------------------------===//

def Graph_LogicalAndOp : Graph_BinaryOp<"logical_and", "x and y", [{
    return ::mlir::arith::AndIOp::create(b, loc, args[0], args[1]);
  }], "Of i1.", element = "i1", traits = [Idempotent, Commutative]>;

def Graph_LogicalOrOp : Graph_BinaryOp<"logical_or", "x or y", [{
    return ::mlir::arith::OrIOp::create(b, loc, args[0], args[1]);
  }], "Of i1.", element = "i1", traits = [Idempotent, Commutative]>;

def Graph_LogicalXorOp : Graph_BinaryOp<"logical_xor", "either x or y", [{
    return ::mlir::arith::XOrIOp::create(b, loc, args[0], args[1]);
  }], "Of i1.", element = "i1", traits = [Commutative]>;

def Graph_LogicalNotOp : Graph_UnaryOp<"logical_not", "not x", [{
    return scalar::logicalNot(b, loc, args[0]);
  }], "Of i1; other types give 1 where x is 0, else 0.", element = "i1">;

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

def Graph_SelectOp : Graph_ElementwiseOp<"select", [{
    return ::mlir::arith::SelectOp::create(b, loc, args[0], args[1], args[2]);
  }], [AllTypesMatch<["lhs", "rhs", "result"]>, SameOperandsAndResultShape]> {
  let summary = "elementwise choice";
  let description = [{
    result[i] = condition[i] ? lhs[i] : rhs[i].

    Shapes: all are equal.

    ```mlir
    func.func @example(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>)
        -> tensor<4xf32> {
      %0 = graph.select %c, %x, %y : tensor<4xi1>, tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins RankedTensorOf<[I1]>:$condition, AnyRankedTensor:$lhs,
                       AnyRankedTensor:$rhs);
  let assemblyFormat = [{
    $condition `,` $lhs `,` $rhs attr-dict
    `:` type($condition) `,` type($result)
  }];
  let hasFolder = 1;
}

#endif // DLC_DIALECTS_GRAPH_COMPARISON_TD
