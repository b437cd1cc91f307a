// SPDX-License-Identifier: Apache-2.0
// What operators on the last two dimensions share.
#ifndef DLC_COMPILER_IMPORT_MXNET_MATRICES_H
#define DLC_COMPILER_IMPORT_MXNET_MATRICES_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// Matrices with more rows would make too many operations.
inline constexpr int64_t maxRows = 64;

/// \p x as [batch, rows, columns]. Reports what is no matrix of floats and, if
/// \p isSquare, what is not square or too large; \returns null then.
mlir::Value getMatrices(NodeBuilder &n, mlir::Value x, bool isSquare);

/// \p x with the leading dimensions of \p like instead of the batch.
mlir::Value restoreBatch(NodeBuilder &n, mlir::Value x, mlir::Value like);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_MATRICES_H
