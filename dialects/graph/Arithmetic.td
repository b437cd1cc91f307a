// SPDX-License-Identifier: Apache-2.0
// Arithmetic, rounding and conversion.
#ifndef DLC_DIALECTS_GRAPH_ARITHMETIC_TD
#define DLC_DIALECTS_GRAPH_ARITHMETIC_TD

include "dialects/graph/ElementwiseBase.td"

//===----------------------------------------------------------------------===//
// Of two tensors
//===----------------------------------------------------------------------===//

def Graph_AddOp : Graph_BinaryOp<"add", "x + y", [{
    return scalar::add(b, loc, args[0], args[1]);
  }], traits = [Commutative]> {
  let hasFolder = 1;
}

def Graph_SubOp : Graph_BinaryOp<"sub", "x - y", [{
    return scalar::sub(b, loc, args[0], args[1]);
  }]> {
  let hasFolder = 1;
}

def Graph_MulOp : Graph_BinaryOp<"mul", "x y", [{
    return scalar::mul(b, loc, args[0], args[1]);
  }], traits = [Commutative]> {
  let hasFolder = 1;
}

def Graph_DivOp : Graph_BinaryOp<"div", "x / y", [{
    return scalar::div(b, loc, args[0], args[1]);
  }], "Integers are truncated toward zero; their division by zero gives 0."> {
  let hasFolder = 1;
}

def Graph_ModOp : Graph_BinaryOp<"mod", "x - y floor(x / y)", [{
    return scalar::mod(b, loc, args[0], args[1]);
  }], "The sign is that of y; 0 where y is 0.">;

def Graph_PowerOp : Graph_BinaryOp<"power", "x^y", [{
    return scalar::power(b, loc, args[0], args[1]);
  }], "Integers wrap around; to a negative power they are 0, but for 1 and -1.">;

def Graph_MaximumOp : Graph_BinaryOp<"maximum", "max(x, y)", [{
    return scalar::maximum(b, loc, args[0], args[1]);
  }], "NaN if either is.", traits = [Idempotent, Commutative]>;

def Graph_MinimumOp : Graph_BinaryOp<"minimum", "min(x, y)", [{
    return scalar::minimum(b, loc, args[0], args[1]);
  }], "NaN if either is.", traits = [Idempotent, Commutative]>;

def Graph_HypotOp : Graph_RealBinaryOp<"hypot", "sqrt(x^2 + y^2)", [{
    return scalar::hypot(b, loc, args[0], args[1]);
  }], "The squares don't overflow.", traits = [Commutative]>;

def Graph_Atan2Op : Graph_RealBinaryOp<"atan2", "atan2(x, y)", [{
    return ::mlir::math::Atan2Op::create(b, loc, args[0], args[1]);
  }], "The angle, in radians, of the point with abscissa y and ordinate x.">;

//===----------------------------------------------------------------------===//
// Bit by bit, of two tensors of signless integers
//===----------------------------------------------------------------------===//

def Graph_BitwiseAndOp : Graph_BinaryOp<"bitwise_and", "x & y", [{
    return ::mlir::arith::AndIOp::create(b, loc, args[0], args[1]);
  }], "Of integers.", [Idempotent, Commutative], "i32">;

def Graph_BitwiseOrOp : Graph_BinaryOp<"bitwise_or", "x | y", [{
    return ::mlir::arith::OrIOp::create(b, loc, args[0], args[1]);
  }], "Of integers.", [Idempotent, Commutative], "i32">;

def Graph_BitwiseXorOp : Graph_BinaryOp<"bitwise_xor", "x ^ y", [{
    return ::mlir::arith::XOrIOp::create(b, loc, args[0], args[1]);
  }], "Of integers.", [Commutative], "i32">;

def Graph_ShiftLeftOp : Graph_BinaryOp<"shift_left", "x << y", [{
    return ::mlir::arith::ShLIOp::create(b, loc, args[0], args[1]);
  }], "Of integers; y is at least 0 and less than their number of bits.",
  [], "i32">;

def Graph_ShiftRightOp : Graph_BinaryOp<"shift_right", "x >> y", [{
    return ::mlir::arith::ShRUIOp::create(b, loc, args[0], args[1]);
  }], [{Of integers; zeros come in from the left. y is at least 0 and less than
    their number of bits.}], [], "i32">;

//===----------------------------------------------------------------------===//
// Of one tensor
//===----------------------------------------------------------------------===//

def Graph_NegOp : Graph_UnaryOp<"neg", "-x", [{
    return scalar::neg(b, loc, args[0]);
  }], traits = [Involution]>;

def Graph_AbsOp : Graph_UnaryOp<"abs", "|x|", [{
    return scalar::abs(b, loc, args[0]);
  }], traits = [Idempotent]>;

def Graph_SignOp : Graph_UnaryOp<"sign", "-1, 0 or 1 as the sign", [{
    return scalar::sign(b, loc, args[0]);
  }], "NaN and both zeros stay as they are.", traits = [Idempotent]>;

def Graph_SquareOp : Graph_UnaryOp<"square", "x^2", [{
    return scalar::mul(b, loc, args[0], args[0]);
  }]>;

def Graph_ReciprocalOp : Graph_UnaryOp<"reciprocal", "1 / x", [{
    return scalar::reciprocal(b, loc, args[0]);
  }]>;

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

def Graph_RoundOp : Graph_RoundingOp<"round", "the integer nearest to x", [{
    return ::mlir::math::RoundOp::create(b, loc, args[0]);
  }], "Halves go away from zero.">;

def Graph_RintOp : Graph_RoundingOp<"rint",
    "the integer nearest to x (halves down)", [{
    return scalar::rintHalfDown(b, loc, args[0]);
  }], "Halves go to the lower integer: 0.5 to 0, 1.5 to 1, -0.5 to -1.">;

def Graph_RoundEvenOp : Graph_RoundingOp<"round_even",
    "the integer nearest to x (halves to even)", [{
    return ::mlir::math::RoundEvenOp::create(b, loc, args[0]);
  }], "Halves go to the even integer, as IEEE 754 rounds.">;

def Graph_FloorOp : Graph_RoundingOp<"floor",
    "the largest integer that is at most x", [{
    return ::mlir::math::FloorOp::create(b, loc, args[0]);
  }]>;

def Graph_CeilOp : Graph_RoundingOp<"ceil",
    "the smallest integer that is at least x", [{
    return ::mlir::math::CeilOp::create(b, loc, args[0]);
  }]>;

def Graph_TruncOp : Graph_RoundingOp<"trunc", "x without its fraction", [{
    return ::mlir::math::TruncOp::create(b, loc, args[0]);
  }]>;

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

def Graph_CastOp : Graph_ElementwiseOp<"cast", [{
    return scalar::convert(b, loc, args[0],
                           ::mlir::getElementTypeOrSelf(getInput().getType()),
                           ::mlir::getElementTypeOrSelf(getType()));
  }], [SameOperandsAndResultShape]> {
  let summary = "conversion to another element type";
  let description = [{
    Floats become integers by dropping the fraction, anything becomes i1 by
    comparing with zero. Where an integer is too large for the result, its high
    bits are lost. This is the only operator that computes on unsigned integers:
    others convert to signed ones and back.

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

#endif // DLC_DIALECTS_GRAPH_ARITHMETIC_TD
