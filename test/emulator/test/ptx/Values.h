// SPDX-License-Identifier: Apache-2.0
// Values of the tests' tables.
#ifndef EMULATOR_TEST_PTX_VALUES_H
#define EMULATOR_TEST_PTX_VALUES_H

#include <cstdint>
#include <string>
#include <vector>

namespace emulator::test {

/// A register's kind: b8 .. b128, s.., u.., f16, bf16, f32, f64, pred.
struct ValueType {
  std::string name;
  unsigned bytes() const;
  bool isFloat() const;
};

/// A value as text says it: 0x.. are bits, else a number of the type; inf, nan.
/// Throws std::runtime_error.
uint64_t parseValue(const ValueType &type, const std::string &text);
/// The number that bits are.
double numberOf(const ValueType &type, uint64_t bits);

/// What is expected: bits, or a number within a tolerance ("0.5~1e-6", relative
/// to the number if it is above 1), "nan" (any NaN), "?" (anything).
struct Expectation {
  ValueType type;
  std::string text;
  /// "" if the bits meet it, else what differs.
  std::string check(uint64_t bits) const;
};

std::vector<std::string> words(const std::string &line);

} // namespace emulator::test

#endif
