// SPDX-License-Identifier: Apache-2.0
// Single values of tensors of any type, and how tensors are compared.
#ifndef DLC_TOOLS_DLC_VALUES_H
#define DLC_TOOLS_DLC_VALUES_H

#include "tools/npz/Npy.h"

namespace dlc::tool {

/// The value at \p element; of a complex number, the real part.
double loadValue(npz::DType dtype, const char *element);

/// Stores \p value at \p element: rounded to the nearest integer where the type
/// is one; a complex number gets no imaginary part.
void storeValue(npz::DType dtype, char *element, double value);

/// How far results may be from what is wanted.
struct Tolerance {
  double relative = 1e-4;
  double absolute = 1e-5;
};

/// What a comparison found.
struct Comparison {
  bool passed = false;
  double maxError = 0; ///< max |got - want|; infinite if NaNs differ
  double maxWant = 0;  ///< max |want| over its finite values
  double limit = 0;    ///< what maxError may be
  size_t worst = 0;    ///< the element with the largest error, row-major
};

/// Compares \p count values. Floating-point results pass when
/// max|got - want| <= absolute + relative * max|want|; an infinity or NaN must
/// be wanted where it is got. Integers and booleans must be equal.
Comparison compare(npz::DType dtype, const char *got, const char *want,
                   size_t count, Tolerance tolerance);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_VALUES_H
