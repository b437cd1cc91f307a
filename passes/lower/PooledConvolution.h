// SPDX-License-Identifier: Apache-2.0
// Convolutions whose group has the pooling behind them, too.
#ifndef DLC_PASSES_LOWER_POOLEDCONVOLUTION_H
#define DLC_PASSES_LOWER_POOLEDCONVOLUTION_H

#include "passes/lower/GroupLowering.h"

namespace dlc::lower {

/// The extents of a convolution's sums: channels, in blocks where the input has
/// them, and taps; and how many channels the last block has, or 0 for all.
struct ConvolutionSums {
  explicit ConvolutionSums(graph::ConvOp op);

  int64_t block; ///< channels of a block; 1 where the input has none
  llvm::SmallVector<int64_t> extents;
  int64_t tail = 0;
};

/// The spatial index that tap \p tap of the filter reads for output \p out.
mlir::AffineExpr getInputIndex(graph::ConvOp op, size_t dim,
                               mlir::AffineExpr out, mlir::AffineExpr tap);

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
