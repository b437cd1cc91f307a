// SPDX-License-Identifier: Apache-2.0
// Convolutions whose group has the pooling behind them, too.
#ifndef DLC_PASSES_LOWER_POOLEDCONVOLUTION_H
#define DLC_PASSES_LOWER_POOLEDCONVOLUTION_H

#include "passes/lower/GroupLowering.h"

namespace dlc::lower {

/// Lowers \p op, a contraction, row by row of the group's pooling.
mlir::LogicalResult lowerPooledConvolution(GroupLowering &lowering,
                                           graph::ConvOp op);

/// Emits the element \p from of the group's pooling, in a tile: the buffer of
/// the convolution's result is the tile, and starts at a window. Finishes it as
/// the element \p at of the pooling's result.
mlir::LogicalResult finishPooled(GroupLowering &lowering,
                                 llvm::ArrayRef<mlir::AffineExpr> from,
                                 llvm::ArrayRef<mlir::AffineExpr> at);

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_POOLEDCONVOLUTION_H
