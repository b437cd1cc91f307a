// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/Numbers.h"

#include <algorithm>

namespace emulator {

uint32_t encode(double value, Format format, Round round, bool saturates) {
  const int bias = (1 << (format.exponent - 1)) - 1;
  const uint32_t sign =
      std::signbit(value) ? 1u << (format.exponent + format.mantissa) : 0;
  const uint32_t infinity = ((1u << format.exponent) - 1) << format.mantissa;
  const uint32_t most =
      format.isFinite ? infinity + (1u << format.mantissa) - 2 : infinity - 1;
  const uint32_t beyond =
      format.isFinite ? infinity + (1u << format.mantissa) - 1 : infinity;
  double magnitude = std::fabs(value);
  bool isUp = round == Round::Up ? !sign : round == Round::Down && sign;
  auto overflow = [&] {
    bool toMost = saturates || round == Round::Zero ||
                  ((round == Round::Up || round == Round::Down) && !isUp);
    return sign |
           (toMost && !(magnitude == INFINITY && !saturates) ? most : beyond);
  };
  if (magnitude == 0)
    return sign;
  if (magnitude == INFINITY)
    return overflow();
  int exponent;
  std::frexp(magnitude, &exponent); // magnitude < 2^exponent
  int unit =
      std::max(exponent - 1, 1 - bias) - format.mantissa; // of the last bit
  double scaled = std::ldexp(magnitude, -unit);
  double whole = std::floor(scaled), rest = scaled - whole;
  bool more = round == Round::Nearest
                  ? rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2) != 0)
              : round == Round::Away ? rest >= 0.5
                                     : isUp && rest > 0;
  // The code counts units: a carry into the exponent comes out right.
  uint64_t code = uint64_t(whole) + more;
  if (unit > 1 - bias - format.mantissa)
    code += uint64_t(unit - (1 - bias - format.mantissa)) << format.mantissa;
  if (code > most)
    return overflow();
  return sign | uint32_t(code);
}

double decode(uint32_t bits, Format format) {
  const int bias = (1 << (format.exponent - 1)) - 1;
  const uint32_t mantissaMask = (1u << format.mantissa) - 1;
  const uint32_t exponentMask = (1u << format.exponent) - 1;
  uint32_t mantissa = bits & mantissaMask,
           exponent = bits >> format.mantissa & exponentMask;
  double sign = bits >> (format.exponent + format.mantissa) & 1 ? -1 : 1;
  if (exponent == exponentMask &&
      (!format.isFinite || mantissa == mantissaMask))
    return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(mantissa, 1 - bias - format.mantissa);
  return sign * std::ldexp(mantissa + mantissaMask + 1,
                           int(exponent) - bias - format.mantissa);
}

} // namespace emulator
