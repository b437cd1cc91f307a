// SPDX-License-Identifier: Apache-2.0
// What operators on boxes share: their fields, orders and suppression. Boxes
// are the last dimension of a tensor, [B, N, ...] with B rows of N boxes.
#ifndef DLC_COMPILER_IMPORT_MXNET_BOXES_H
#define DLC_COMPILER_IMPORT_MXNET_BOXES_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// The corners (left, top), (right, bottom) of boxes and their areas: tensors
/// of one shape.
struct BoxFields {
  mlir::Value left, top, right, bottom, area;
};

/// How a box is written: its two corners, or centre, width and height.
enum class BoxFormat : uint8_t { Corner, Center };

/// The format that an attribute says.
BoxFormat getBoxFormat(NodeBuilder &n, llvm::StringRef attribute);

/// Element \p index of the last dimension, which goes away.
mlir::Value takeField(NodeBuilder &n, mlir::Value x, int64_t index);
/// Makes \p fields, tensors of one shape, a new last dimension.
mlir::Value joinFields(NodeBuilder &n, llvm::ArrayRef<mlir::Value> fields);

/// The fields of \p boxes, four numbers from \p first on in the last
/// dimension. Areas are 0 where a side is negative.
BoxFields getBoxFields(NodeBuilder &n, mlir::Value boxes, int64_t first,
                       BoxFormat format);
/// The area that two boxes share, elementwise.
mlir::Value getIntersection(NodeBuilder &n, const BoxFields &a,
                            const BoxFields &b);

/// The indices that sort the last dimension, i32; equal ones keep their order.
mlir::Value argsort(NodeBuilder &n, mlir::Value keys, bool descending);
/// The elements of \p x [B, N, ...] that \p order [B, K, ...] names.
mlir::Value takeAt(NodeBuilder &n, mlir::Value x, mlir::Value order);
/// The rows of \p x [B, N, W] that \p order [B, K] names, [B, K, W].
mlir::Value takeRows(NodeBuilder &n, mlir::Value x, mlir::Value order);
/// Where the last dimension's index is less than \p counts [B], as booleans
/// [B, \p length].
mlir::Value isBefore(NodeBuilder &n, mlir::Value counts, int64_t length);
/// The number of true elements in each row of \p mask [B, N], i32 [B].
mlir::Value countTrue(NodeBuilder &n, mlir::Value mask);
/// Moves the true elements of \p mask [B, N] to the front, in order.
mlir::Value truesFirst(NodeBuilder &n, mlir::Value mask);
/// \p x [B, N, ...] made longer by \p count elements of \p value in
/// dimension 1.
mlir::Value padRows(NodeBuilder &n, mlir::Value x, int64_t count, double value);
/// `x` where \p mask [B, N] is true in its first dimensions, else \p value.
mlir::Value selectRows(NodeBuilder &n, mlir::Value mask, mlir::Value x,
                       double value);

/// How boxes suppress each other; see graph.suppress.
struct Suppression {
  double threshold;
  bool isInclusive = false;
  double border = 0;
};

/// Which of the sorted boxes [B, N] are kept. \p classes may be null.
mlir::Value suppress(NodeBuilder &n, const BoxFields &boxes, mlir::Value alive,
                     mlir::Value classes, const Suppression &how);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_BOXES_H
