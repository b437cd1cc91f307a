// SPDX-License-Identifier: Apache-2.0
// Elementwise operators: each entry holds the scalar body.
#ifndef DLC_DIALECTS_GRAPH_ELEMENTWISE_TD
#define DLC_DIALECTS_GRAPH_ELEMENTWISE_TD

include "dialects/graph/GraphBase.td"

/// An elementwise operator; `scalar` is the body of buildScalar (b, loc, args).
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

class Graph_UnaryOp<string mnemonic, code scalar, list<Trait> traits = []>
    : Graph_ElementwiseOp<mnemonic, scalar,
                          [SameOperandsAndResultType] # traits> {
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

class Graph_BinaryOp<string mnemonic, code scalar, list<Trait> traits = []>
    : Graph_ElementwiseOp<mnemonic, scalar,
                          [SameOperandsAndResultType] # traits> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

/// A comparison: i1 from two tensors of one type.
class Graph_CompareOp<string mnemonic, code scalar>
    : Graph_ElementwiseOp<mnemonic, scalar, [SameTypeOperands,
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

/// A test: i1 from one tensor.
class Graph_TestOp<string mnemonic, code scalar>
    : Graph_ElementwiseOp<mnemonic, scalar, [
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Graph_ReluOp : Graph_UnaryOp<"relu", [{
    return scalar::relu(b, loc, args[0]);
  }]> {
  let summary = "elementwise max(x, 0)";
  let description = [{
    result[i] = max(x, 0), with x = input[i]. NaN stays NaN.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.relu %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SigmoidOp : Graph_UnaryOp<"sigmoid", [{
    return scalar::sigmoid(b, loc, args[0]);
  }]> {
  let summary = "elementwise 1 / (1 + exp(-x))";
  let description = [{
    result[i] = 1 / (1 + exp(-x)), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sigmoid %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_TanhOp : Graph_UnaryOp<"tanh", [{
    return ::mlir::math::TanhOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise tanh(x)";
  let description = [{
    result[i] = tanh(x), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.tanh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SoftsignOp : Graph_UnaryOp<"softsign", [{
    return scalar::softsign(b, loc, args[0]);
  }]> {
  let summary = "elementwise x / (1 + |x|)";
  let description = [{
    result[i] = x / (1 + |x|), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.softsign %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SoftplusOp : Graph_UnaryOp<"softplus", [{
    return scalar::softplus(b, loc, args[0]);
  }]> {
  let summary = "elementwise log(1 + exp(x))";
  let description = [{
    result[i] = log(1 + exp(x)), with x = input[i]. Does not overflow for large x.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.softplus %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_ExpOp : Graph_UnaryOp<"exp", [{
    return ::mlir::math::ExpOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise e^x";
  let description = [{
    result[i] = e^x, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.exp %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_LogOp : Graph_UnaryOp<"log", [{
    return ::mlir::math::LogOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the natural logarithm";
  let description = [{
    result[i] = the natural logarithm, with x = input[i]. NaN below zero.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.log %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_Log2Op : Graph_UnaryOp<"log2", [{
    return ::mlir::math::Log2Op::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the logarithm to base 2";
  let description = [{
    result[i] = the logarithm to base 2, with x = input[i]. NaN below zero.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.log2 %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_Log10Op : Graph_UnaryOp<"log10", [{
    return ::mlir::math::Log10Op::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the logarithm to base 10";
  let description = [{
    result[i] = the logarithm to base 10, with x = input[i]. NaN below zero.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.log10 %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_Log1pOp : Graph_UnaryOp<"log1p", [{
    return ::mlir::math::Log1pOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise log(1 + x)";
  let description = [{
    result[i] = log(1 + x), with x = input[i]. Accurate for small x.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.log1p %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_Expm1Op : Graph_UnaryOp<"expm1", [{
    return ::mlir::math::ExpM1Op::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise exp(x) - 1";
  let description = [{
    result[i] = exp(x) - 1, with x = input[i]. Accurate for small x.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.expm1 %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SqrtOp : Graph_UnaryOp<"sqrt", [{
    return ::mlir::math::SqrtOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the square root";
  let description = [{
    result[i] = the square root, with x = input[i]. NaN below zero.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sqrt %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_RsqrtOp : Graph_UnaryOp<"rsqrt", [{
    return scalar::rsqrt(b, loc, args[0]);
  }]> {
  let summary = "elementwise 1 / sqrt(x)";
  let description = [{
    result[i] = 1 / sqrt(x), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.rsqrt %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_CbrtOp : Graph_UnaryOp<"cbrt", [{
    return ::mlir::math::CbrtOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the cubic root";
  let description = [{
    result[i] = the cubic root, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.cbrt %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_RcbrtOp : Graph_UnaryOp<"rcbrt", [{
    return scalar::rcbrt(b, loc, args[0]);
  }]> {
  let summary = "elementwise 1 / cbrt(x)";
  let description = [{
    result[i] = 1 / cbrt(x), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.rcbrt %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SquareOp : Graph_UnaryOp<"square", [{
    return scalar::mul(b, loc, args[0], args[0]);
  }]> {
  let summary = "elementwise x^2";
  let description = [{
    result[i] = x^2, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.square %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AbsOp : Graph_UnaryOp<"abs", [{
    return scalar::abs(b, loc, args[0]);
  }]> {
  let summary = "elementwise |x|";
  let description = [{
    result[i] = |x|, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.abs %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SignOp : Graph_UnaryOp<"sign", [{
    return scalar::sign(b, loc, args[0]);
  }]> {
  let summary = "elementwise -1, 0 or 1";
  let description = [{
    result[i] = -1, 0 or 1, with x = input[i]. NaN and both zeros stay as they are.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sign %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_RoundOp : Graph_UnaryOp<"round", [{
    return ::mlir::math::RoundOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the nearest integer, halves away from zero";
  let description = [{
    result[i] = the nearest integer, halves away from zero, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.round %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_RintOp : Graph_UnaryOp<"rint", [{
    return scalar::rintHalfDown(b, loc, args[0]);
  }]> {
  let summary = "elementwise the nearest integer, halves to the lower one";
  let description = [{
    result[i] = the nearest integer, halves to the lower one, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.rint %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_RoundEvenOp : Graph_UnaryOp<"round_even", [{
    return ::mlir::math::RoundEvenOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the nearest integer, halves to the even one";
  let description = [{
    result[i] = the nearest integer, halves to the even one, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.round_even %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_FloorOp : Graph_UnaryOp<"floor", [{
    return ::mlir::math::FloorOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the largest integer that is not greater";
  let description = [{
    result[i] = the largest integer that is not greater, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.floor %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_CeilOp : Graph_UnaryOp<"ceil", [{
    return ::mlir::math::CeilOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the smallest integer that is not less";
  let description = [{
    result[i] = the smallest integer that is not less, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.ceil %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_TruncOp : Graph_UnaryOp<"trunc", [{
    return ::mlir::math::TruncOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the integer part";
  let description = [{
    result[i] = the integer part, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.trunc %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SinOp : Graph_UnaryOp<"sin", [{
    return ::mlir::math::SinOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the sine of an angle in radians";
  let description = [{
    result[i] = the sine of an angle in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sin %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_CosOp : Graph_UnaryOp<"cos", [{
    return ::mlir::math::CosOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the cosine of an angle in radians";
  let description = [{
    result[i] = the cosine of an angle in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.cos %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_TanOp : Graph_UnaryOp<"tan", [{
    return ::mlir::math::TanOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the tangent of an angle in radians";
  let description = [{
    result[i] = the tangent of an angle in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.tan %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AsinOp : Graph_UnaryOp<"asin", [{
    return ::mlir::math::AsinOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse sine, in radians";
  let description = [{
    result[i] = the inverse sine, in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.asin %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AcosOp : Graph_UnaryOp<"acos", [{
    return ::mlir::math::AcosOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse cosine, in radians";
  let description = [{
    result[i] = the inverse cosine, in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.acos %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AtanOp : Graph_UnaryOp<"atan", [{
    return ::mlir::math::AtanOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse tangent, in radians";
  let description = [{
    result[i] = the inverse tangent, in radians, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.atan %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SinhOp : Graph_UnaryOp<"sinh", [{
    return ::mlir::math::SinhOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the hyperbolic sine";
  let description = [{
    result[i] = the hyperbolic sine, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sinh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_CoshOp : Graph_UnaryOp<"cosh", [{
    return ::mlir::math::CoshOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the hyperbolic cosine";
  let description = [{
    result[i] = the hyperbolic cosine, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.cosh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AsinhOp : Graph_UnaryOp<"asinh", [{
    return ::mlir::math::AsinhOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse hyperbolic sine";
  let description = [{
    result[i] = the inverse hyperbolic sine, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.asinh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AcoshOp : Graph_UnaryOp<"acosh", [{
    return ::mlir::math::AcoshOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse hyperbolic cosine";
  let description = [{
    result[i] = the inverse hyperbolic cosine, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.acosh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_AtanhOp : Graph_UnaryOp<"atanh", [{
    return ::mlir::math::AtanhOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse hyperbolic tangent";
  let description = [{
    result[i] = the inverse hyperbolic tangent, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.atanh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_ErfOp : Graph_UnaryOp<"erf", [{
    return ::mlir::math::ErfOp::create(b, loc, args[0]);
  }]> {
  let summary = "elementwise the error function";
  let description = [{
    result[i] = the error function, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.erf %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_ErfinvOp : Graph_UnaryOp<"erfinv", [{
    return scalar::erfinv(b, loc, args[0]);
  }]> {
  let summary = "elementwise the inverse of the error function";
  let description = [{
    result[i] = the inverse of the error function, with x = input[i]. Infinite at -1 and 1, NaN beyond.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.erfinv %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_GammaOp : Graph_UnaryOp<"gamma", [{
    return scalar::gamma(b, loc, args[0]);
  }]> {
  let summary = "elementwise the gamma function";
  let description = [{
    result[i] = the gamma function, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.gamma %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_GammalnOp : Graph_UnaryOp<"gammaln", [{
    return scalar::gammaln(b, loc, args[0]);
  }]> {
  let summary = "elementwise the logarithm of the absolute value of the gamma function";
  let description = [{
    result[i] = the logarithm of the absolute value of the gamma function, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.gammaln %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_ReciprocalOp : Graph_UnaryOp<"reciprocal", [{
    return scalar::reciprocal(b, loc, args[0]);
  }]> {
  let summary = "elementwise 1 / x";
  let description = [{
    result[i] = 1 / x, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.reciprocal %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_NegOp : Graph_UnaryOp<"neg", [{
    return scalar::neg(b, loc, args[0]);
  }]> {
  let summary = "elementwise -x";
  let description = [{
    result[i] = -x, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.neg %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_LogicalNotOp : Graph_UnaryOp<"logical_not", [{
    return scalar::logicalNot(b, loc, args[0]);
  }]> {
  let summary = "elementwise !x";
  let description = [{
    result[i] = !x, with x = input[i]. Of i1; other types give 1 where x is 0, else 0.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xi1>) -> tensor<4xi1> {
      %0 = graph.logical_not %x : tensor<4xi1>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_GeluOp : Graph_UnaryOp<"gelu", [{
    return scalar::gelu(b, loc, args[0]);
  }]> {
  let summary = "elementwise x / 2 (1 + erf(x / sqrt(2)))";
  let description = [{
    result[i] = x / 2 (1 + erf(x / sqrt(2))), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.gelu %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_GeluTanhOp : Graph_UnaryOp<"gelu_tanh", [{
    return scalar::geluTanh(b, loc, args[0]);
  }]> {
  let summary = "elementwise x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))";
  let description = [{
    result[i] = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.gelu_tanh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SeluOp : Graph_UnaryOp<"selu", [{
    return scalar::selu(b, loc, args[0]);
  }]> {
  let summary = "elementwise 1.0507 x for x > 0, else 1.0507 1.67326 (exp(x) - 1)";
  let description = [{
    result[i] = 1.0507 x for x > 0, else 1.0507 1.67326 (exp(x) - 1), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.selu %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_LeakyReluOp : Graph_UnaryOp<"leaky_relu", [{
    return scalar::leakyRelu(b, loc, args[0], getSlope().convertToDouble());
  }]> {
  let summary = "elementwise x for x > 0, else slope x";
  let description = [{
    result[i] = x for x > 0, else slope x, with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.leaky_relu %x slope 0.5 : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$slope);
  let assemblyFormat = "$input `slope` $slope attr-dict `:` type($result)";
}

def Graph_EluOp : Graph_UnaryOp<"elu", [{
    return scalar::elu(b, loc, args[0], getAlpha().convertToDouble());
  }]> {
  let summary = "elementwise x for x > 0, else alpha (exp(x) - 1)";
  let description = [{
    result[i] = x for x > 0, else alpha (exp(x) - 1), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.elu %x alpha 0.5 : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$alpha);
  let assemblyFormat = "$input `alpha` $alpha attr-dict `:` type($result)";
}

def Graph_HardSigmoidOp : Graph_UnaryOp<"hard_sigmoid", [{
    return scalar::hardSigmoid(b, loc, args[0], getAlpha().convertToDouble(), getBeta().convertToDouble());
  }]> {
  let summary = "elementwise min(max(alpha x + beta, 0), 1)";
  let description = [{
    result[i] = min(max(alpha x + beta, 0), 1), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.hard_sigmoid %x alpha 0.5 beta 0.5 : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$alpha, F64Attr:$beta);
  let assemblyFormat = "$input `alpha` $alpha `beta` $beta attr-dict `:` type($result)";
}

def Graph_ClipOp : Graph_UnaryOp<"clip", [{
    return scalar::clip(b, loc, args[0], getMin().convertToDouble(), getMax().convertToDouble());
  }]> {
  let summary = "elementwise min(max(x, min), max)";
  let description = [{
    result[i] = min(max(x, min), max), with x = input[i].

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.clip %x min 0.5 max 0.5 : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, F64Attr:$min, F64Attr:$max);
  let assemblyFormat = "$input `min` $min `max` $max attr-dict `:` type($result)";
}

def Graph_AddOp : Graph_BinaryOp<"add", [{
    return scalar::add(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise x + y";
  let description = [{
    result[i] = x + y, with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.add %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_SubOp : Graph_BinaryOp<"sub", [{
    return scalar::sub(b, loc, args[0], args[1]);
  }]> {
  let summary = "elementwise x - y";
  let description = [{
    result[i] = x - y, with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.sub %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_MulOp : Graph_BinaryOp<"mul", [{
    return scalar::mul(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise x y";
  let description = [{
    result[i] = x y, with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.mul %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_DivOp : Graph_BinaryOp<"div", [{
    return scalar::div(b, loc, args[0], args[1]);
  }]> {
  let summary = "elementwise x / y";
  let description = [{
    result[i] = x / y, with x = lhs[i] and y = rhs[i]. Integers are truncated toward zero; division by zero gives 0.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.div %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_ModOp : Graph_BinaryOp<"mod", [{
    return scalar::mod(b, loc, args[0], args[1]);
  }]> {
  let summary = "elementwise x - y floor(x / y)";
  let description = [{
    result[i] = x - y floor(x / y), with x = lhs[i] and y = rhs[i]. The sign is that of y; 0 where y is 0.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.mod %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_PowerOp : Graph_BinaryOp<"power", [{
    return scalar::power(b, loc, args[0], args[1]);
  }]> {
  let summary = "elementwise x^y";
  let description = [{
    result[i] = x^y, with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.power %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_MaximumOp : Graph_BinaryOp<"maximum", [{
    return scalar::maximum(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise the larger of x and y";
  let description = [{
    result[i] = the larger of x and y, with x = lhs[i] and y = rhs[i]. NaN if either is.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.maximum %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_MinimumOp : Graph_BinaryOp<"minimum", [{
    return scalar::minimum(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise the smaller of x and y";
  let description = [{
    result[i] = the smaller of x and y, with x = lhs[i] and y = rhs[i]. NaN if either is.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.minimum %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_HypotOp : Graph_BinaryOp<"hypot", [{
    return scalar::hypot(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise sqrt(x^2 + y^2)";
  let description = [{
    result[i] = sqrt(x^2 + y^2), with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.hypot %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_Atan2Op : Graph_BinaryOp<"atan2", [{
    return ::mlir::math::Atan2Op::create(b, loc, args[0], args[1]);
  }]> {
  let summary = "elementwise the angle of the point (y, x), in radians";
  let description = [{
    result[i] = the angle of the point (y, x), in radians, with x = lhs[i] and y = rhs[i].

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
      %0 = graph.atan2 %x, %y : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

def Graph_LogicalAndOp : Graph_BinaryOp<"logical_and", [{
    return ::mlir::arith::AndIOp::create(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise x and y";
  let description = [{
    result[i] = x and y, with x = lhs[i] and y = rhs[i]. Of i1.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
      %0 = graph.logical_and %x, %y : tensor<4xi1>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_LogicalOrOp : Graph_BinaryOp<"logical_or", [{
    return ::mlir::arith::OrIOp::create(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise x or y";
  let description = [{
    result[i] = x or y, with x = lhs[i] and y = rhs[i]. Of i1.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
      %0 = graph.logical_or %x, %y : tensor<4xi1>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_LogicalXorOp : Graph_BinaryOp<"logical_xor", [{
    return ::mlir::arith::XOrIOp::create(b, loc, args[0], args[1]);
  }], [Commutative]> {
  let summary = "elementwise either x or y";
  let description = [{
    result[i] = either x or y, with x = lhs[i] and y = rhs[i]. Of i1.

    Shapes: lhs, rhs and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xi1>, %y: tensor<4xi1>) -> tensor<4xi1> {
      %0 = graph.logical_xor %x, %y : tensor<4xi1>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_EqualOp : Graph_CompareOp<"equal", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::OEQ,
                           ::mlir::arith::CmpIPredicate::eq, args[0], args[1]);
  }]> {
  let summary = "whether x = y, elementwise";
  let description = [{
    result[i] = x = y, with x = lhs[i] and y = rhs[i]. NaN is not equal, less or greater than anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.equal %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_NotEqualOp : Graph_CompareOp<"not_equal", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::UNE,
                           ::mlir::arith::CmpIPredicate::ne, args[0], args[1]);
  }]> {
  let summary = "whether x != y, elementwise";
  let description = [{
    result[i] = x != y, with x = lhs[i] and y = rhs[i]. NaN is different from anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.not_equal %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_GreaterOp : Graph_CompareOp<"greater", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::OGT,
                           ::mlir::arith::CmpIPredicate::sgt, args[0], args[1]);
  }]> {
  let summary = "whether x > y, elementwise";
  let description = [{
    result[i] = x > y, with x = lhs[i] and y = rhs[i]. NaN is not equal, less or greater than anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.greater %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_GreaterEqualOp : Graph_CompareOp<"greater_equal", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::OGE,
                           ::mlir::arith::CmpIPredicate::sge, args[0], args[1]);
  }]> {
  let summary = "whether x >= y, elementwise";
  let description = [{
    result[i] = x >= y, with x = lhs[i] and y = rhs[i]. NaN is not equal, less or greater than anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.greater_equal %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_LessOp : Graph_CompareOp<"less", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::OLT,
                           ::mlir::arith::CmpIPredicate::slt, args[0], args[1]);
  }]> {
  let summary = "whether x < y, elementwise";
  let description = [{
    result[i] = x < y, with x = lhs[i] and y = rhs[i]. NaN is not equal, less or greater than anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.less %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_LessEqualOp : Graph_CompareOp<"less_equal", [{
    return scalar::compare(b, loc, ::mlir::arith::CmpFPredicate::OLE,
                           ::mlir::arith::CmpIPredicate::sle, args[0], args[1]);
  }]> {
  let summary = "whether x <= y, elementwise";
  let description = [{
    result[i] = x <= y, with x = lhs[i] and y = rhs[i]. NaN is not equal, less or greater than anything.

    Shapes: lhs, rhs and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.less_equal %x, %y : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_IsNanOp : Graph_TestOp<"is_nan", [{
    return scalar::isNan(b, loc, args[0]);
  }]> {
  let summary = "whether x is NaN, elementwise";
  let description = [{
    result[i] = x is NaN, with x = input[i].

    Shapes: input and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.is_nan %x : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

def Graph_IsInfOp : Graph_TestOp<"is_inf", [{
    return scalar::isInf(b, loc, args[0]);
  }]> {
  let summary = "whether x is infinite, elementwise";
  let description = [{
    result[i] = x is infinite, with x = input[i].

    Shapes: input and result are equal; the result's elements are i1.

    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xi1> {
      %0 = graph.is_inf %x : tensor<4xf32>
      return %0 : tensor<4xi1>
    }
    ```
  }];
}

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
    $condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($result)
  }];
  let hasFolder = 1;
}

def Graph_CastOp : Graph_ElementwiseOp<"cast", [{
    return scalar::cast(b, loc, args[0], ::mlir::getElementTypeOrSelf(getType()));
  }], [SameOperandsAndResultShape]> {
  let summary = "conversion to another element type";
  let description = [{
    Floats become integers by dropping the fraction, anything becomes i1 by
    comparing with zero.

    Shapes: input and result are equal.

    ```mlir
    func.func @example(%x: tensor<4xi32>) -> tensor<4xf32> {
      %0 = graph.cast %x : tensor<4xi32> to tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasFolder = 1;
}

#endif // DLC_DIALECTS_GRAPH_ELEMENTWISE_TD
