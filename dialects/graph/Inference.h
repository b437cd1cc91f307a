// SPDX-License-Identifier: Apache-2.0
// Shape rules that families of operators share.
#ifndef DLC_DIALECTS_GRAPH_INFERENCE_H
#define DLC_DIALECTS_GRAPH_INFERENCE_H

#include "dialects/graph/GraphOps.h"

namespace dlc::graph {

inline mlir::RankedTensorType getTensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// The type of a reduction of \p input along \p axes.
mlir::LogicalResult inferReduction(std::optional<mlir::Location> location,
                                   mlir::Value input,
                                   llvm::ArrayRef<int64_t> axes, bool keepdims,
                                   llvm::SmallVectorImpl<mlir::Type> &types);

/// Whether extents \p a and \p b may be equal: one may be dynamic.
inline bool mayBeEqual(int64_t a, int64_t b) {
  return a == b || mlir::ShapedType::isDynamic(a) ||
         mlir::ShapedType::isDynamic(b);
}

/// The encoding of a result that is computed in the blocks of \p input: the
/// same blocks without a halo, or null where \p input has none.
mlir::Attribute inferLayout(mlir::RankedTensorType input);

/// Whether types agree but for layouts.
bool haveSamePlainTypes(mlir::TypeRange a, mlir::TypeRange b);

/// Checks that \p axis is a dimension of \p type.
mlir::LogicalResult checkAxis(std::optional<mlir::Location> location,
                              int64_t axis, mlir::RankedTensorType type);

/// Checks that \p value, called \p name in the message, has \p shape.
mlir::LogicalResult checkShape(std::optional<mlir::Location> location,
                               mlir::Value value, llvm::StringRef name,
                               llvm::ArrayRef<int64_t> shape);

/// Whether the elements of \p value are whole numbers, not booleans.
inline bool hasWholeNumbers(mlir::Value value) {
  mlir::Type element = getTensorType(value).getElementType();
  return element.isIntOrIndex() && !element.isInteger(1);
}

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_INFERENCE_H
