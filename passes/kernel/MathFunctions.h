// SPDX-License-Identifier: Apache-2.0
// Functions of f32, one or a vector of them, as arithmetic. Errors are in units
// in the last place (ulp) of the correctly rounded result; all are right at
// zeros (with their sign), infinities, NaN, and where results are subnormal.
// Polynomials and rationals without a source are weighted minimax fits of our
// own, their coefficients rounded to f32 one after the other.
#ifndef DLC_PASSES_KERNEL_MATHFUNCTIONS_H
#define DLC_PASSES_KERNEL_MATHFUNCTIONS_H

#include "passes/kernel/MathValue.h"

namespace dlc::kernel {

// MathExponential.cpp
MathValue emitExp(MathValue x);
MathValue emitExpm1(MathValue x);
MathValue emitSinh(MathValue x);
MathValue emitCosh(MathValue x);

// MathLogarithm.cpp
MathValue emitLog(MathValue x);
MathValue emitLog2(MathValue x);
MathValue emitLog10(MathValue x);
MathValue emitLog1p(MathValue x);
MathValue emitAsinh(MathValue x);
MathValue emitAcosh(MathValue x);
MathValue emitAtanh(MathValue x);

// MathTrigonometric.cpp
MathValue emitSin(MathValue x);
MathValue emitCos(MathValue x);
MathValue emitTan(MathValue x);
MathValue emitAsin(MathValue x);
MathValue emitAcos(MathValue x);
MathValue emitAtan(MathValue x);

// MathRational.cpp
MathValue emitTanh(MathValue x);
MathValue emitErf(MathValue x);

// MathPower.cpp
MathValue emitPow(MathValue x, MathValue y);
MathValue emitCbrt(MathValue x);
/// x^y of integers of any width; 0 for a negative y but where x is 1 or -1.
MathValue emitIntegerPow(MathValue x, MathValue y);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_MATHFUNCTIONS_H
