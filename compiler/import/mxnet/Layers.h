// SPDX-License-Identifier: Apache-2.0
// Layers that other families build on: their attributes are those of the node,
// their operands are given.
#ifndef DLC_COMPILER_IMPORT_MXNET_LAYERS_H
#define DLC_COMPILER_IMPORT_MXNET_LAYERS_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// A convolution; \p bias is only looked at if the node has one.
mlir::Value convolve(NodeBuilder &n, mlir::Value x, mlir::Value filter,
                     mlir::Value bias);

/// A fully connected layer; \p bias is only looked at if the node has one.
mlir::Value connectFully(NodeBuilder &n, mlir::Value x, mlir::Value weight,
                         mlir::Value bias);

/// A pooling of \p x.
mlir::Value poolWindows(NodeBuilder &n, mlir::Value x);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_LAYERS_H
