// SPDX-License-Identifier: Apache-2.0
// Logarithms and inverse hyperbolic functions: x = 2^n (1 + f) with 1 + f in
// [2/3, 4/3), and log(1 + f) = f - f^2/2 + f^3 P(f). The reduction is N.
// Juffa's (StackOverflow 39821367, 2016).
#include "passes/kernel/MathFunctions.h"

using namespace dlc::kernel;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
static constexpr double kLeastNormal = 1.1754943508222875e-38; // 2^-126
static constexpr int64_t kTwoThirds = 0x3f2aaaab;              // 2/3 as f32
static constexpr int64_t kExponentMask = -(int64_t(1) << 23);

namespace {
/// 2^n (1 + f).
struct Reduced {
  MathValue f, n;
};
} // namespace

/// Reduces a finite \p x > 0.
static Reduced reduce(MathValue x) {
  MathValue isSubnormal = x < kLeastNormal;
  MathValue bits = select(isSubnormal, x * 8388608.0, x).asInteger();
  MathValue exponent = (bits - bits.integer(kTwoThirds)) & kExponentMask;
  MathValue f = (bits - exponent).asFloat() - 1.0;
  MathValue n = (exponent >> 23).toF32();
  return {f, n + select(isSubnormal, -23.0, n.constant(0.0))};
}

/// log(1 + f) - f.
static MathValue emitTail(MathValue f) {
  MathValue p = polynomial(f, {0.3333321511745453, -0.2499980330467224,
                               0.20010444521903992, -0.16680248081684113,
                               0.140053391456604, -0.12187417596578598,
                               0.13986723124980927, -0.12878482043743134});
  return (f * f) * fma(f, p, -0.5);
}

/// What a logarithm of \p x is where \p y, of reduced x, isn't: -inf at zeros,
/// NaN below, inf and NaN as they are.
static MathValue mendEnds(MathValue x, MathValue y) {
  y = select(x < kInfinity, y, x);
  y = select(x < 0.0, kNan, y);
  return select(x == 0.0, -kInfinity, y);
}

MathValue dlc::kernel::emitLog(MathValue x) {
  auto [f, n] = reduce(x);
  // n ln2, high part: exact in the first product, so that nothing is lost.
  MathValue low = fma(n, -1.9046542121259336e-09, emitTail(f));
  return mendEnds(x, fma(n, 0.693147182464599609375, f + low));
}

/// log(1 + f) \p scale, given the scale in two parts.
static MathValue emitScaledLog(MathValue f, double scale, double rest) {
  return fma(f, scale, fma(f, rest, emitTail(f) * scale));
}

MathValue dlc::kernel::emitLog2(MathValue x) {
  auto [f, n] = reduce(x);
  return mendEnds(
      x, n + emitScaledLog(f, 1.4426950216293335, 1.925963033500011e-08));
}

MathValue dlc::kernel::emitLog10(MathValue x) {
  auto [f, n] = reduce(x);
  MathValue part =
      emitScaledLog(f, 0.4342944920063019, -1.0103049952192578e-08);
  // log10(2) = 0.301025390625 + 4.605039066518657e-06.
  part = fma(n, 4.605039066518657e-06, part);
  return mendEnds(x, fma(n, 0.301025390625, part));
}

/// log(1 + x) for finite x > -1: n is that of 1 + x, but f is computed from x.
static MathValue emitPlainLog1p(MathValue x) {
  MathValue bits = (x + 1.0).asInteger();
  MathValue exponent = (bits - bits.integer(kTwoThirds)) & kExponentMask;
  MathValue scaled = (x.asInteger() - exponent).asFloat();
  MathValue fourth = x.constant(4.0).asInteger();
  MathValue power = (fourth - exponent).asFloat(); // 4 / 2^n, always normal
  MathValue f = scaled + fma(power, 0.25, -1.0);
  MathValue n = (exponent >> 23).toF32();
  MathValue low = fma(n, -1.9046542121259336e-09, emitTail(f));
  return fma(n, 0.693147182464599609375, f + low);
}

MathValue dlc::kernel::emitLog1p(MathValue x) {
  MathValue y = withSign(abs(emitPlainLog1p(x)), x);
  y = select(x < kInfinity, y, x);
  y = select(x < -1.0, kNan, y);
  return select(x == -1.0, -kInfinity, y);
}

// asinh |x| = log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); log(2 |x|) from where
// they are equal on.
MathValue dlc::kernel::emitAsinh(MathValue x) {
  MathValue a = abs(x);
  MathValue isLarge = a > 1048576.0;
  MathValue square = a * a;
  MathValue argument = a + square / (sqrt(square + 1.0) + 1.0);
  MathValue y = emitPlainLog1p(select(isLarge, a, argument));
  y = y + select(isLarge, 0.693147182464599609375, y.constant(0.0));
  return withSign(select(a < kInfinity, y, a), x);
}

// acosh x = log1p(t + sqrt(2 t + t^2)) with t = x - 1.
MathValue dlc::kernel::emitAcosh(MathValue x) {
  MathValue isLarge = x > 1048576.0;
  MathValue t = x - 1.0;
  MathValue argument = t + sqrt(fma(t, t, t + t));
  MathValue y = emitPlainLog1p(select(isLarge, x, argument));
  y = y + select(isLarge, 0.693147182464599609375, y.constant(0.0));
  y = select(x < kInfinity, y, x);
  return select(x < 1.0, kNan, y);
}

// atanh |x| = log1p(2 |x| / (1 - |x|)) / 2.
MathValue dlc::kernel::emitAtanh(MathValue x) {
  MathValue a = abs(x);
  MathValue y = emitPlainLog1p((a + a) / (1.0 - a)) * 0.5;
  y = select(a < 1.0, y, kNan);
  return withSign(select(a == 1.0, kInfinity, y), x);
}
