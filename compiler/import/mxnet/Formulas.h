// SPDX-License-Identifier: Apache-2.0
// Formulas that several families of operators compose of graph operations.
// Operands have the same shape and element type; null ones give a null result.
#ifndef DLC_COMPILER_IMPORT_MXNET_FORMULAS_H
#define DLC_COMPILER_IMPORT_MXNET_FORMULAS_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// |x|, or -|x| where \p sign is negative.
mlir::Value copySign(NodeBuilder &n, mlir::Value x, mlir::Value sign);

/// x 2^y; integers are computed as float64 and truncated.
mlir::Value scaleByPowerOfTwo(NodeBuilder &n, mlir::Value x, mlir::Value y);

/// The least common multiple of integers.
mlir::Value leastCommonMultiple(NodeBuilder &n, mlir::Value x, mlir::Value y);

/// One dimension of a slice, with numpy's meaning of its three numbers.
struct SliceRange {
  int64_t begin, end, step;

  int64_t getCount() const {
    int64_t distance = step > 0 ? end - begin : begin - end;
    int64_t stride = std::abs(step);
    return distance <= 0 ? 0 : (distance - 1) / stride + 1;
  }
};

/// What attributes `begin`, `end` and `step` say for each dimension of \p x.
/// Reports those that don't fit it; \returns nothing then.
std::optional<llvm::SmallVector<SliceRange>> getSliceRanges(NodeBuilder &n,
                                                            mlir::Value x);

/// Whether \p row is below or on the diagonal number \p offset of the last two
/// dimensions of a tensor of \p shape, as booleans; for the upper part whether
/// it is above or on it.
mlir::Value triangle(NodeBuilder &n, llvm::ArrayRef<int64_t> shape,
                     int64_t offset, bool lower);

/// \p x where \p condition, \p other elsewhere; the shapes are broadcast by
/// numpy's rule.
mlir::Value choose(NodeBuilder &n, mlir::Value condition, mlir::Value x,
                   mlir::Value other);

/// The element at \p index along \p axis for each position of the other
/// dimensions. \p keepdims leaves the axis with size 1.
mlir::Value takeAlong(NodeBuilder &n, mlir::Value x, mlir::Value index,
                      int64_t axis, bool keepdims, llvm::StringRef mode);

/// Diagonal \p offset of dimensions \p first and \p second, which leave the
/// shape for one at its end. Reports an empty one.
mlir::Value diagonal(NodeBuilder &n, mlir::Value x, int64_t offset,
                     int64_t first, int64_t second);

/// Diagonal \p offset of the dimensions in the attributes `axis1` and `axis2`.
mlir::Value diagonalOfAxes(NodeBuilder &n, mlir::Value x, int64_t offset);

/// What the attributes `start`, `stop` and `step` of `arange` say.
struct NumberRange {
  double start, step;
  int64_t count;
};

/// Reports a range that is empty or too large; \returns nothing then.
std::optional<NumberRange> getNumberRange(NodeBuilder &n);
std::optional<NumberRange> checkNumberRange(NodeBuilder &n, double start,
                                            double step, double count);

/// The matrices whose diagonal \p offset is the last dimension of \p x, zero
/// elsewhere.
mlir::Value makeDiagonal(NodeBuilder &n, mlir::Value x, int64_t offset);

/// \p x with the dimension \p axis dropped, whose size is 1.
mlir::Value dropAxis(NodeBuilder &n, mlir::Value x, int64_t axis);

/// The elements of each row of \p x (its last dimension) in ascending or
/// descending order; equal ones stay in order. \p positions gets where they
/// were, as int32, if it is not null.
mlir::Value sortRows(NodeBuilder &n, mlir::Value x, bool ascending,
                     mlir::Value *positions = nullptr);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_FORMULAS_H
