// SPDX-License-Identifier: Apache-2.0
// How far apart two tensors are.
#ifndef DLC_COMPILER_INTERPRET_COMPARE_H
#define DLC_COMPILER_INTERPRET_COMPARE_H

#include "dialects/graph/Constants.h"

namespace dlc::interpret {

/// What may differ: max |got - want| <= absolute + relative max |want|;
/// integers and booleans not at all.
struct Tolerance {
  double relative = 1e-4, absolute = 1e-5;
};

struct Difference {
  double error = 0, limit = 0;
  bool isWithin() const { return error <= limit; } // false for NaN
};

/// Compares tensors of one shape; a NaN is like a NaN.
Difference compare(const graph::ConstantData &got,
                   const graph::ConstantData &want, Tolerance tolerance);

} // namespace dlc::interpret

#endif // DLC_COMPILER_INTERPRET_COMPARE_H
