// SPDX-License-Identifier: Apache-2.0
#ifndef EMULATOR_EXEC_OPS_HALF_H
#define EMULATOR_EXEC_OPS_HALF_H

#include "exec/ops/Numbers.h"

namespace emulator {

/// The two 16-bit formats, for templates.
struct F16 {
  static float from(uint16_t bits) { return fromF16(bits); }
  static uint16_t to(float value) { return toF16(value); }
  static uint16_t flush(uint16_t bits) {
    return bits & 0x7C00 ? bits : bits & 0x8000;
  }
};
struct BF16 {
  static float from(uint16_t bits) { return fromBF16(bits); }
  static uint16_t to(float value) { return toBF16(value); }
  static uint16_t flush(uint16_t bits) {
    return bits & 0x7F80 ? bits : bits & 0x8000;
  }
};

} // namespace emulator

#endif
