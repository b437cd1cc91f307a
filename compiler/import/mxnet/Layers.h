// SPDX-License-Identifier: Apache-2.0
// Layers that other families build on: their attributes are those of the node,
// their operands are given.
#ifndef DLC_COMPILER_IMPORT_MXNET_LAYERS_H
#define DLC_COMPILER_IMPORT_MXNET_LAYERS_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// A convolution; \p bias is only looked at if the node has one. With
/// \p isWide, of integers of 8 bits, with sums of i32.
mlir::Value convolve(NodeBuilder &n, mlir::Value x, mlir::Value filter,
                     mlir::Value bias, bool isWide = false);

/// Likewise a fully connected layer.
mlir::Value connectFully(NodeBuilder &n, mlir::Value x, mlir::Value weight,
                         mlir::Value bias, bool isWide = false);

/// A pooling of \p x.
mlir::Value poolWindows(NodeBuilder &n, mlir::Value x);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_LAYERS_H
