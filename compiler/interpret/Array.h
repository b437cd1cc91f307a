// SPDX-License-Identifier: Apache-2.0
// Tensors of the reference interpreter.
#ifndef DLC_COMPILER_INTERPRET_ARRAY_H
#define DLC_COMPILER_INTERPRET_ARRAY_H

#include "dialects/graph/Constants.h"

namespace dlc::interpret {

using Shape = llvm::SmallVector<int64_t>;

/// A tensor's elements as doubles, row-major. Holds floats of any format and
/// integers up to 2^53 exactly.
struct Array {
  Array() = default;
  explicit Array(llvm::ArrayRef<int64_t> shape, double value = 0);
  explicit Array(const graph::ConstantData &data);

  /// The elements rounded to \p type, whose shape must be this one's.
  graph::ConstantData toConstant(mlir::RankedTensorType type) const;

  int64_t getRank() const { return shape.size(); }
  int64_t getSize() const { return values.size(); }
  /// The product of the extents of dimensions [first, last).
  int64_t getExtent(int64_t first, int64_t last) const;
  double &at(llvm::ArrayRef<int64_t> indices);
  double at(llvm::ArrayRef<int64_t> indices) const {
    return const_cast<Array *>(this)->at(indices);
  }

  Shape shape;
  std::vector<double> values;
};

/// Calls \p body with each index of \p shape, row-major.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> body);

using Arrays = std::vector<Array>;

/// The shape of the first result of \p op.
inline llvm::ArrayRef<int64_t> getResultShape(mlir::Operation *op) {
  return mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType())
      .getShape();
}

/// Computes the results of an operator, which must not be empty, from its
/// operands; those left out are empty arrays.
using Function = Arrays (*)(mlir::Operation *op, const Arrays &operands);

// The functions of each family; null for operators of others.
Function getContraction(mlir::Operation *op);
Function getNormalization(mlir::Operation *op);
Function getIndexing(mlir::Operation *op);
Function getOrdering(mlir::Operation *op);
Function getRecurrent(mlir::Operation *op);
Function getSampling(mlir::Operation *op);

} // namespace dlc::interpret

#endif // DLC_COMPILER_INTERPRET_ARRAY_H
