// SPDX-License-Identifier: Apache-2.0
// Floating-point numbers as PTX has them: canonical NaNs, flushing, the narrow
// formats.
#ifndef EMULATOR_EXEC_OPS_NUMBERS_H
#define EMULATOR_EXEC_OPS_NUMBERS_H

#include <cmath>
#include <cstdint>
#include <cstring>

namespace emulator {

template <class To, class From>
inline To bitsTo(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// Subnormals become zeros of their sign.
inline float flush(float value) {
  uint32_t bits = bitsTo<uint32_t>(value);
  return bitsTo<float>((bits & 0x7F800000u) == 0 ? bits & 0x80000000u : bits);
}
template <bool ftz>
inline float flushIf(float value) {
  return ftz ? flush(value) : value;
}
/// Single precision has one NaN. By the bits: compilers may assume that the
/// comparison of a square root with itself tells nothing.
inline float canonical(float value) {
  uint32_t bits = bitsTo<uint32_t>(value);
  return bitsTo<float>((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FFFFFFFu : bits);
}
inline float saturate(float value) {
  return value > 0 ? (value < 1 ? value : 1.0f) : 0.0f; // NaN gives 0
}
inline double saturate(double value) {
  return value > 0 ? (value < 1 ? value : 1.0) : 0.0;
}

inline float fromF16(uint16_t bits) { return float(bitsTo<_Float16>(bits)); }
inline uint16_t toF16(float value) {
  uint16_t bits = bitsTo<uint16_t>(_Float16(value));
  return value != value ? uint16_t(0x7FFF) : bits;
}
inline float fromBF16(uint16_t bits) {
  return bitsTo<float>(uint32_t(bits) << 16);
}
inline uint16_t toBF16(float value) {
  uint32_t bits = bitsTo<uint32_t>(value);
  uint16_t rounded = uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  return value != value ? uint16_t(0x7FFF) : rounded;
}

/// a + b rounded to odd: rounding the result again to half of the bits or fewer
/// gives what rounding the exact sum would.
inline double addToOdd(double a, double b) {
  double sum = a + b;
  double bb = sum - a;
  double error = (a - (sum - bb)) + (b - bb);
  uint64_t bits = bitsTo<uint64_t>(sum);
  bool isInexact = error != 0 && error == error; // infinities have NaN here
  bool isUp = (error > 0) == (sum > 0); // the exact sum is farther from zero
  uint64_t odd = bits & 1 ? bits : isUp ? bits + 1 : bits - 1;
  return bitsTo<double>(isInexact ? odd : bits);
}
inline float toFloatOdd(double value) {
  float nearest = float(value);
  uint32_t bits = bitsTo<uint32_t>(nearest);
  bool isInexact = double(nearest) != value && value == value &&
                   std::fabs(nearest) < INFINITY;
  bool isUp = std::fabs(value) > std::fabs(double(nearest));
  uint32_t odd = bits & 1 ? bits : isUp ? bits + 1 : bits - 1;
  return bitsTo<float>(isInexact ? odd : bits);
}
/// fma of narrow numbers, to be rounded once more.
inline float fmaOdd(float a, float b, float c) {
  return toFloatOdd(addToOdd(double(a) * double(b), double(c)));
}

/// TF32: 10 bits of mantissa; what the tensor cores see of a float.
inline float truncateTF32(float value) {
  return bitsTo<float>(bitsTo<uint32_t>(value) & 0xFFFFE000u);
}

enum class Round : uint8_t { Nearest, Zero, Down, Up, Away };

/// A binary format: widths of exponent and mantissa. `isFinite`: no infinities,
/// all ones are NaN (e4m3).
struct Format {
  int exponent, mantissa;
  bool isFinite = false;
};

/// Rounds a finite or infinite value, not NaN, to the bits of a format. Values
/// beyond the largest become infinity or the largest, as the mode says;
/// `saturates`: always the largest.
uint32_t encode(double value, Format format, Round round, bool saturates);
/// The same from an integer magnitude, to single or double precision.
double decode(uint32_t bits, Format format);

} // namespace emulator

#endif
