// SPDX-License-Identifier: Apache-2.0
// Trigonometric functions and their inverses. Up to 2^21 the argument is
// reduced by multiples of pi/2 in three parts (W. Cody and W. Waite, 1980),
// with fused multiply-adds; lanes beyond it, rare in models, go through libm.
#include "passes/kernel/MathFunctions.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace dlc::kernel;
using namespace mlir;

static constexpr double kMagic = 12582912.0; // see MathExponential.cpp
static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kHalfPi = 1.57079632679489661923;
/// pi/2 in three parts.
static constexpr double kHalfPiHigh = 1.5707963705062866;
static constexpr double kHalfPiMiddle = -4.371138828673793e-08;
static constexpr double kHalfPiLow = -1.7151245100058819e-15;
static constexpr double kGreatest = 2097152.0;

namespace {
/// x = n pi/2 + r with |r| <= pi/4; n modulo 4 is in the low bits.
struct Reduced {
  MathValue r, n;
};
} // namespace

static Reduced reduce(MathValue x) {
  MathValue shifted = fma(x, 1.0 / kHalfPi, kMagic);
  MathValue n = shifted - kMagic;
  // The first step is exact: n and the quotient's error are small enough.
  MathValue r = fma(n, -kHalfPiHigh, x);
  r = fma(n, -kHalfPiMiddle, r);
  return {fma(n, -kHalfPiLow, r), shifted.asInteger()};
}

/// Whether \p x is finite, but too large to be reduced.
static MathValue isOutOfReach(MathValue x) {
  MathValue a = abs(x);
  return (a > kGreatest) & (a < kInfinity);
}

static MathValue emitSinOfReduced(MathValue r, MathValue square) {
  MathValue p = polynomial(square, {-0.16666653752326965, 0.008332107216119766,
                                    -0.00019508186960592866});
  return fma(square * r, p, r);
}

static MathValue emitCosOfReduced(MathValue square) {
  MathValue p = polynomial(square, {0.04166664555668831, -0.0013887304812669754,
                                    2.4431425117654726e-05});
  return fma(square, fma(square, p, -0.5), 1.0);
}

/// sin(x + k pi/2) for |x| <= 2^21.
static MathValue emitShiftedSin(MathValue x, int64_t k) {
  auto [r, n] = reduce(x);
  if (k)
    n = n + n.integer(k);
  MathValue square = r * r;
  MathValue isOdd = (n & 1) != n.integer(0);
  MathValue y =
      select(isOdd, emitCosOfReduced(square), emitSinOfReduced(r, square));
  // Bit 1 of n is the sign.
  return (y.asInteger() ^ ((n & 2) << 30)).asFloat();
}

MathValue dlc::kernel::emitSin(MathValue x) {
  // Zeros keep their sign, which the reduction loses.
  MathValue y = select(x == 0.0, x, emitShiftedSin(x, 0));
  return MathValue::replaceRare<math::SinOp>(isOutOfReach(x), x, y);
}

MathValue dlc::kernel::emitCos(MathValue x) {
  return MathValue::replaceRare<math::CosOp>(isOutOfReach(x), x,
                                             emitShiftedSin(x, 1));
}

MathValue dlc::kernel::emitTan(MathValue x) {
  auto [r, n] = reduce(x);
  MathValue square = r * r;
  MathValue sine = emitSinOfReduced(r, square);
  MathValue cosine = emitCosOfReduced(square);
  MathValue isOdd = (n & 1) != n.integer(0);
  MathValue y = select(isOdd, -cosine, sine) / select(isOdd, sine, cosine);
  y = select(x == 0.0, x, y);
  return MathValue::replaceRare<math::TanOp>(isOutOfReach(x), x, y);
}

/// asin(a) for 0 <= a <= 1/2, \p square being a^2.
static MathValue emitCentralAsin(MathValue a, MathValue square) {
  MathValue p = polynomial(square, {0.16666752099990845, 0.07495307177305222,
                                    0.04546964168548584, 0.02418149821460247,
                                    0.0421651192009449});
  return fma(a * square, p, a);
}

namespace {
/// For |x| > 1/2 the angle is computed from the other end: asin |x| = pi/2 -
/// 2 asin(sqrt((1 - |x|) / 2)).
struct Arc {
  MathValue isOuter;
  /// The asin of |x|, or of the root.
  MathValue angle;
};
} // namespace

static Arc emitArc(MathValue a) {
  MathValue isOuter = a > 0.5;
  MathValue outerSquare = (1.0 - a) * 0.5;
  MathValue square = select(isOuter, outerSquare, a * a);
  MathValue argument = select(isOuter, sqrt(outerSquare), a);
  return {isOuter, emitCentralAsin(argument, square)};
}

MathValue dlc::kernel::emitAsin(MathValue x) {
  auto [isOuter, angle] = emitArc(abs(x));
  MathValue y = select(isOuter, fma(angle, -2.0, kHalfPi), angle);
  return withSign(y, x);
}

MathValue dlc::kernel::emitAcos(MathValue x) {
  auto [isOuter, angle] = emitArc(abs(x));
  // Outer: 2 angle, from pi for negative x; inner: pi/2 - asin x.
  MathValue twice = angle + angle;
  MathValue isNegative = x < 0.0;
  MathValue outer =
      select(isNegative, kHalfPiHigh - (twice - kHalfPiHigh), twice);
  MathValue inner = kHalfPiHigh - (withSign(angle, x) - kHalfPiMiddle);
  return select(isOuter, outer, inner);
}

MathValue dlc::kernel::emitAtan(MathValue x) {
  MathValue a = abs(x);
  MathValue isOuter = a > 1.0;
  MathValue t = select(isOuter, 1.0 / a, a);
  MathValue square = t * t;
  MathValue p = polynomial(
      square, {-0.33333152532577515, 0.19993768632411957, -0.14211024343967438,
               0.1066589206457138, -0.07551988959312439, 0.04320932924747467,
               -0.01636642962694168, 0.0029203281737864017});
  MathValue angle = fma(square * t, p, t);
  return withSign(select(isOuter, kHalfPi - angle, angle), x);
}
