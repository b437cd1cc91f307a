// SPDX-License-Identifier: Apache-2.0
// Values of tensors: from and to archives, and how far apart two are.
#ifndef DLC_COMPILER_BISECT_VALUES_H
#define DLC_COMPILER_BISECT_VALUES_H

#include "compiler/interpret/Compare.h"
#include "compiler/interpret/Interpreter.h"
#include "tools/npz/Npz.h"

namespace dlc::bisect {

using interpret::compare;
using interpret::Difference;
using interpret::Tolerance;
using interpret::ValuePtr;
using Values = llvm::SmallVector<ValuePtr>;

/// \p array as the value of a tensor of type \p type. \returns null where they
/// don't fit.
ValuePtr toValue(const npz::Array &array, mlir::RankedTensorType type);

npz::Array toArray(const graph::ConstantData &value);

/// \p value as an attribute with all bytes in it.
mlir::DenseElementsAttr toAttribute(const graph::ConstantData &value);

} // namespace dlc::bisect

#endif // DLC_COMPILER_BISECT_VALUES_H
