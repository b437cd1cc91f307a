// SPDX-License-Identifier: Apache-2.0
// Functions that level off, as tanh of twice an angle: with t = N / D, tanh 2a
// = 2 t / (1 + t^2) = 2 N D / (D^2 + N^2). N / D is an odd rational of x. An
// error of t hardly matters where the result is near 1, so that low degrees do,
// and one division costs less than an exponential.
#include "passes/kernel/MathFunctions.h"

using namespace dlc::kernel;

/// 2 t / (1 + t^2) for t = n / d, of coefficients whose common factor was
/// chosen by trial: where n and d are just below a power of two, they round
/// best.
static MathValue emitDoubled(MathValue n, MathValue d) {
  // Where n is small, d * d is rounded with the sum alone.
  MathValue y = (n + n) * d / fma(d, d, n * n);
  // Rounding may carry it beyond 1.
  return clamp(y, -1.0, 1.0);
}

MathValue dlc::kernel::emitTanh(MathValue x) {
  x = clamp(x, -9.02, 9.02);
  MathValue square = x * x;
  MathValue n = x * polynomial(square, {0.918749988079071, 0.027350569143891335,
                                        0.00010488994303159416});
  MathValue d =
      polynomial(square, {1.837499976158142, 0.20782604813575745,
                          0.0022161954548209906, 2.255301069453708e-06});
  return emitDoubled(n, d);
}

MathValue dlc::kernel::emitErf(MathValue x) {
  x = clamp(x, -3.925, 3.925);
  MathValue square = x * x;
  MathValue n =
      x * polynomial(square, {0.9838055968284607, 0.2592875063419342,
                              0.02814491093158722, 0.0022152175661176443});
  MathValue d = polynomial(square, {1.743749976158142, 0.48577436804771423,
                                    0.08449289202690125, 0.010547423735260963,
                                    0.00017249659867957234});
  return emitDoubled(n, d);
}
