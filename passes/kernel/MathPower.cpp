// SPDX-License-Identifier: Apache-2.0
// Powers: x^y = 2^(y log2 |x|) in f64, for the product needs 32 good bits, with
// all the special cases of C's pow (C11 F.10.4.4).
#include "passes/kernel/MathFunctions.h"

#include "llvm/ADT/bit.h"

using namespace dlc::kernel;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// 1.5 * 2^52: see kMagic of MathExponential.cpp.
static constexpr double kMagic = 6755399441055744.0;
static constexpr double kLeastNormal = 1.1754943508222875e-38; // 2^-126
static constexpr int64_t kRootHalf = 0x3f3504f3; // sqrt(1/2) as f32
static constexpr int64_t kExponentMask = -(int64_t(1) << 23);

/// log2 of the f32 \p a >= 0, as f64, with a relative error of 2^-37. With 2^n
/// m = a and s = (m - 1) / (m + 1) it is n + log2((1 + s) / (1 - s)).
static MathValue emitWideLog2(MathValue a) {
  MathValue isSubnormal = a < kLeastNormal;
  MathValue bits = select(isSubnormal, a * 8388608.0, a).asInteger();
  MathValue exponent = (bits - bits.integer(kRootHalf)) & kExponentMask;
  MathValue m = (bits - exponent).asFloat().toF64();
  MathValue n = (exponent >> 23).toF32();
  n = n + select(isSubnormal, -23.0, n.constant(0.0));
  MathValue s = (m - 1.0) / (m + 1.0);
  MathValue p = polynomial(s * s, {2.8853900817901703, 0.9617966732280361,
                                   0.5770836080941957, 0.41167125485107126,
                                   0.3407584902440903});
  MathValue result = fma(s, p, n.toF64());
  MathValue wide = a.toF64();
  result = select(wide < kInfinity, result, wide);
  return select(wide == 0.0, -kInfinity, result);
}

/// 2^t of the f64 \p t, rounded to f32 once.
static MathValue emitWideExp2(MathValue t) {
  t = clamp(t, -152.0, 130.0);
  MathValue shifted = t + kMagic;
  MathValue f = t - (shifted - kMagic);
  MathValue p = polynomial(f, {1.0, 0.6931472028830487, 0.24022647909995565,
                               0.055503324063199105, 0.009618437625506104,
                               0.00133989012356496, 0.00015353338323544286});
  return (p.asInteger() + (shifted.asInteger() << 52)).asFloat().toF32();
}

MathValue dlc::kernel::emitPow(MathValue x, MathValue y) {
  MathValue a = abs(x);
  MathValue result = emitWideExp2(y.toF64() * emitWideLog2(a));

  MathValue isInteger = roundEven(y) == y;
  MathValue half = y * 0.5;
  MathValue isOdd = isInteger & (roundEven(half) != half);
  MathValue isNegative = x.asInteger() < x.asInteger().integer(0);
  result = select(isOdd & isNegative, -result, result);
  MathValue isUndefined =
      (x < 0.0) & (a < kInfinity) & (roundEven(y) != y) & (y == y);
  result = select(isUndefined, kNan, result);
  // 1 to any power, anything to the power 0, (-1)^inf.
  MathValue isOne =
      (x == 1.0) | (y == 0.0) | ((x == -1.0) & (abs(y) == kInfinity));
  return select(isOne, 1.0, result);
}

// |x| = 2^3k m with m in [1/2, 4): a polynomial within 0.2 %, and one step of
// Halley's iteration.
MathValue dlc::kernel::emitCbrt(MathValue x) {
  MathValue a = abs(x);
  MathValue isSubnormal = a < kLeastNormal;
  MathValue bits = select(isSubnormal, a * 16777216.0, a).asInteger();
  MathValue exponent = (bits >> 23) - bits.integer(127);
  // The quotient by 3, rounded, is in the low bits; see MathExponential.cpp.
  MathValue third = fma(exponent.toF32(), 1.0 / 3.0, 12582912.0).asInteger();
  MathValue k = third << 23;
  MathValue m = (bits - k - (k << 1)).asFloat();
  MathValue y = polynomial(m, {0.49789193272590637, 0.7130271792411804,
                               -0.2659474015235901, 0.060845717787742615,
                               -0.005486430134624243});
  MathValue square = y * y;
  MathValue rest = fma(-square, y, m);
  y = fma(y, rest / fma(square + square, y, m), y);
  y = (y.asInteger() + k).asFloat();
  y = select(isSubnormal, y * 0.00390625, y);
  y = select(a < kInfinity, y, a);
  return select(x == 0.0, x, withSign(y, x));
}

/// x to the constant power \p exponent in [0, 63].
static MathValue emitConstantPower(MathValue x, int64_t exponent) {
  if (exponent == 0)
    return x.integer(1);
  MathValue result = x;
  // From the second highest bit on: each squares what is there.
  for (int64_t bit = llvm::bit_floor(uint64_t(exponent)) >> 1; bit; bit >>= 1) {
    result = result * result;
    if (exponent & bit)
      result = result * x;
  }
  return result;
}

// By squaring. Six bits of the exponent will do: powers beyond fit no integer,
// and those of 0, 1 and -1 depend on the lowest bit alone.
MathValue dlc::kernel::emitIntegerPow(MathValue x, MathValue y) {
  std::optional<double> exponent = y.getConstant();
  if (exponent && *exponent >= 0 && *exponent < 64)
    return emitConstantPower(x, int64_t(*exponent));
  MathValue zero = y.integer(0), one = y.integer(1);
  MathValue isNegative = y < zero;
  MathValue isBeyond = isNegative | (y.integer(63) < y);
  MathValue bits = select(isBeyond, (y & 1) + y.integer(62), y);
  MathValue result = one, power = x;
  for (int bit = 0; bit < 6; ++bit, power = power * power) {
    MathValue isSet = (bits & (1 << bit)) != zero;
    result = select(isSet, result * power, result);
  }
  // The fraction 1 / x^-y is truncated.
  MathValue isUnit = (x == one) | (x == y.integer(-1));
  return select(isNegative & (isUnit == isUnit.integer(0)), zero, result);
}
