// SPDX-License-Identifier: Apache-2.0
// The exponential function and its relatives: x = n ln 2 + r, a polynomial for
// e^r, and 2^n by arithmetic on exponents. After W. Cody and W. Waite, Software
// Manual for the Elementary Functions (1980).
#include "passes/kernel/MathFunctions.h"

using namespace dlc::kernel;

/// 1.5 * 2^23: added to a float below 2^22 it rounds it to an integer, which
/// then is in the low bits.
static constexpr double kMagic = 12582912.0;
static constexpr double kLog2e = 1.44269504088896340736;
static constexpr double kLn2High = 0.693147182464599609375;
static constexpr double kLn2Low = -1.9046542121259336e-09;
/// Below it e^x - 1 and sinh x are x.
static constexpr double kTiny = 1e-30;
static constexpr int64_t kExponentMask = -(int64_t(1) << 23);

namespace {
/// x = n ln 2 + r + rest, with |r| <= ln 2 / 2 exact and a tiny rest.
struct Reduced {
  MathValue r, rest;
  /// n in the low bits, others above them.
  MathValue n;
};
} // namespace

static Reduced reduce(MathValue x) {
  MathValue shifted = fma(x, kLog2e, kMagic);
  MathValue n = shifted - kMagic;
  return {fma(n, -kLn2High, x), n * -kLn2Low, shifted.asInteger()};
}

/// (e^r - 1 - r) / r^2.
static MathValue emitTail(MathValue r) {
  return polynomial(r, {0.5, 0.1666666567325592, 0.041666485369205475,
                        0.008333541452884674, 0.0013933228328824043,
                        0.0001976696221390739});
}

/// p 2^n for p in [0.5, 2), n in [-250, 250], given in the low bits of \p n; in
/// two products, so that the result may be infinite, subnormal or NaN.
static MathValue scale(MathValue p, MathValue n) {
  MathValue one = p.constant(1.0).asInteger();
  MathValue exponent = n << 23;
  MathValue first = (exponent >> 1) & kExponentMask;
  MathValue second = exponent - first;
  return p * (first + one).asFloat() * (second + one).asFloat();
}

/// 2^bias e^x.
static MathValue emitScaledExp(MathValue x, int64_t bias) {
  // Beyond these bounds the result is 0 or infinite.
  auto [high, rest, n] = reduce(clamp(x, -104.0, 90.0));
  MathValue r = high + rest;
  MathValue tail = polynomial(r, {0.4999999403953552, 0.16666516661643982,
                                  0.041668280959129333, 0.008369249291718006,
                                  0.001382078044116497});
  MathValue p = high + fma(r * r, tail, rest) + 1.0;
  return scale(p, bias ? n + n.integer(bias) : n);
}

MathValue dlc::kernel::emitExp(MathValue x) { return emitScaledExp(x, 0); }

/// (e^x - 1) / 4, which doesn't overflow where sinh doesn't.
static MathValue emitQuarterExpm1(MathValue x) {
  auto [high, rest, n] = reduce(clamp(x, -18.0, 89.5));
  MathValue r = high + rest;
  MathValue p = fma(r * r, emitTail(r), r);
  MathValue quarter = p.constant(0.25);
  MathValue power = ((n << 23) + quarter.asInteger()).asFloat();
  return fma(p, power, power - quarter);
}

MathValue dlc::kernel::emitExpm1(MathValue x) {
  return select(abs(x) < kTiny, x, emitQuarterExpm1(x) * 4.0);
}

// With h = (e^|x| - 1) / 2: sinh |x| = h + h / (2 h + 1).
MathValue dlc::kernel::emitSinh(MathValue x) {
  MathValue a = abs(x);
  MathValue h = emitQuarterExpm1(a) * 2.0;
  MathValue finite = select(h > 1e30, 1e30, h);
  MathValue y = withSign(h + finite / (finite + finite + 1.0), x);
  return select(a < kTiny, x, y);
}

// With h = e^|x| / 2: cosh x = h + 1 / (4 h).
MathValue dlc::kernel::emitCosh(MathValue x) {
  MathValue h = emitScaledExp(abs(x), -1);
  return h + 0.25 / h;
}
