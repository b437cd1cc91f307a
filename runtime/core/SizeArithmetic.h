// SPDX-License-Identifier: Apache-2.0
// How sizes are computed; the compiler tells about artifacts with it, too.
#ifndef DLC_RUNTIME_CORE_SIZEARITHMETIC_H
#define DLC_RUNTIME_CORE_SIZEARITHMETIC_H

#include "dlc/abi.h"

namespace dlc::runtime {

inline int64_t floorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }
inline int64_t ceilDiv(int64_t a, int64_t b) { return a / b + (a % b > 0); }

/// Computes \p size from the sizes of dims and the values of earlier sizes;
/// false on overflow and where the divisor is less than 1.
inline bool computeSize(const dlc_abi_size &size, const int64_t *dims,
                        const int64_t *values, int64_t &result) {
  if (size.op == DLC_SIZE_CONSTANT || size.op == DLC_SIZE_DIM) {
    result = size.op == DLC_SIZE_DIM ? dims[size.b] : size.b;
    return true;
  }
  int64_t a = values[size.a], b = values[size.b];
  if (size.op == DLC_SIZE_ADD)
    return !__builtin_add_overflow(a, b, &result);
  if (size.op == DLC_SIZE_MUL)
    return !__builtin_mul_overflow(a, b, &result);
  if (size.op == DLC_SIZE_MAX) {
    result = a > b ? a : b;
    return true;
  }
  if (b < 1)
    return false;
  switch (size.op) {
  case DLC_SIZE_FLOORDIV:
    result = floorDiv(a, b);
    return true;
  case DLC_SIZE_CEILDIV:
    result = ceilDiv(a, b);
    return true;
  case DLC_SIZE_MOD:
    result = a % b < 0 ? a % b + b : a % b;
    return true;
  case DLC_SIZE_ALIGN:
    return !__builtin_mul_overflow(ceilDiv(a, b), b, &result);
  }
  return false;
}

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_SIZEARITHMETIC_H
