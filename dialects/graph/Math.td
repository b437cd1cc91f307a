// SPDX-License-Identifier: Apache-2.0
// Mathematical functions.
#ifndef DLC_DIALECTS_GRAPH_MATH_TD
#define DLC_DIALECTS_GRAPH_MATH_TD

include "dialects/graph/ElementwiseBase.td"

//===----------------------------------------------------------------------===//
// Exponentials, logarithms and roots
//===----------------------------------------------------------------------===//

def Graph_ExpOp : Graph_RealUnaryOp<"exp", "exp(x)", [{
    return ::mlir::math::ExpOp::create(b, loc, args[0]);
  }]>;

def Graph_Expm1Op : Graph_RealUnaryOp<"expm1", "exp(x) - 1", [{
    return ::mlir::math::ExpM1Op::create(b, loc, args[0]);
  }], "Accurate for small x.">;

def Graph_LogOp : Graph_RealUnaryOp<"log", "log(x)", [{
    return ::mlir::math::LogOp::create(b, loc, args[0]);
  }], "The natural logarithm; NaN below zero.">;

def Graph_Log2Op : Graph_RealUnaryOp<"log2", "log(x) / log(2)", [{
    return ::mlir::math::Log2Op::create(b, loc, args[0]);
  }], "NaN below zero.">;

def Graph_Log10Op : Graph_RealUnaryOp<"log10", "log(x) / log(10)", [{
    return ::mlir::math::Log10Op::create(b, loc, args[0]);
  }], "NaN below zero.">;

def Graph_Log1pOp : Graph_RealUnaryOp<"log1p", "log(1 + x)", [{
    return ::mlir::math::Log1pOp::create(b, loc, args[0]);
  }], "Accurate for small x; NaN below -1.">;

def Graph_SqrtOp : Graph_RealUnaryOp<"sqrt", "sqrt(x)", [{
    return ::mlir::math::SqrtOp::create(b, loc, args[0]);
  }], "NaN below zero.">;

def Graph_RsqrtOp : Graph_RealUnaryOp<"rsqrt", "1 / sqrt(x)", [{
    return scalar::rsqrt(b, loc, args[0]);
  }], "NaN below zero.">;

def Graph_CbrtOp : Graph_RealUnaryOp<"cbrt", "cbrt(x)", [{
    return ::mlir::math::CbrtOp::create(b, loc, args[0]);
  }], "The cubic root, of negative x too.">;

def Graph_RcbrtOp : Graph_RealUnaryOp<"rcbrt", "1 / cbrt(x)", [{
    return scalar::rcbrt(b, loc, args[0]);
  }]>;

//===----------------------------------------------------------------------===//
// Trigonometric functions, of and in radians
//===----------------------------------------------------------------------===//

def Graph_SinOp : Graph_RealUnaryOp<"sin", "sin(x)", [{
    return ::mlir::math::SinOp::create(b, loc, args[0]);
  }]>;

def Graph_CosOp : Graph_RealUnaryOp<"cos", "cos(x)", [{
    return ::mlir::math::CosOp::create(b, loc, args[0]);
  }]>;

def Graph_TanOp : Graph_RealUnaryOp<"tan", "tan(x)", [{
    return ::mlir::math::TanOp::create(b, loc, args[0]);
  }]>;

def Graph_AsinOp : Graph_RealUnaryOp<"asin", "asin(x)", [{
    return ::mlir::math::AsinOp::create(b, loc, args[0]);
  }], "NaN beyond -1 and 1.">;

def Graph_AcosOp : Graph_RealUnaryOp<"acos", "acos(x)", [{
    return ::mlir::math::AcosOp::create(b, loc, args[0]);
  }], "NaN beyond -1 and 1.">;

def Graph_AtanOp : Graph_RealUnaryOp<"atan", "atan(x)", [{
    return ::mlir::math::AtanOp::create(b, loc, args[0]);
  }]>;

//===----------------------------------------------------------------------===//
// Hyperbolic functions
//===----------------------------------------------------------------------===//

def Graph_SinhOp : Graph_RealUnaryOp<"sinh", "sinh(x)", [{
    return ::mlir::math::SinhOp::create(b, loc, args[0]);
  }]>;

def Graph_CoshOp : Graph_RealUnaryOp<"cosh", "cosh(x)", [{
    return ::mlir::math::CoshOp::create(b, loc, args[0]);
  }]>;

def Graph_TanhOp : Graph_RealUnaryOp<"tanh", "tanh(x)", [{
    return ::mlir::math::TanhOp::create(b, loc, args[0]);
  }]>;

def Graph_AsinhOp : Graph_RealUnaryOp<"asinh", "asinh(x)", [{
    return ::mlir::math::AsinhOp::create(b, loc, args[0]);
  }]>;

def Graph_AcoshOp : Graph_RealUnaryOp<"acosh", "acosh(x)", [{
    return ::mlir::math::AcoshOp::create(b, loc, args[0]);
  }], "NaN below 1.">;

def Graph_AtanhOp : Graph_RealUnaryOp<"atanh", "atanh(x)", [{
    return ::mlir::math::AtanhOp::create(b, loc, args[0]);
  }], "Infinite at -1 and 1, NaN beyond.">;

//===----------------------------------------------------------------------===//
// Special functions
//===----------------------------------------------------------------------===//

def Graph_ErfOp : Graph_RealUnaryOp<"erf", "erf(x)", [{
    return ::mlir::math::ErfOp::create(b, loc, args[0]);
  }], "The error function.">;

def Graph_ErfinvOp : Graph_RealUnaryOp<"erfinv", "the inverse of erf", [{
    return scalar::erfinv(b, loc, args[0]);
  }], "Infinite at -1 and 1, NaN beyond.">;

def Graph_GammaOp : Graph_RealUnaryOp<"gamma", "gamma(x)", [{
    return scalar::gamma(b, loc, args[0]);
  }]>;

def Graph_GammalnOp : Graph_RealUnaryOp<"gammaln", "log(|gamma(x)|)", [{
    return scalar::gammaln(b, loc, args[0]);
  }]>;

#endif // DLC_DIALECTS_GRAPH_MATH_TD
