// SPDX-License-Identifier: Apache-2.0
// Factors and summands for each channel of a tensor, which contractions take
// into their weights.
#ifndef DLC_PASSES_GRAPH_CHANNELAFFINE_H
#define DLC_PASSES_GRAPH_CHANNELAFFINE_H

#include "dialects/graph/Constants.h"

namespace dlc::graph {

/// y = scale[c] x + shift[c], with c the index along dimension `axis`.
struct ChannelAffine {
  int64_t axis;
  llvm::SmallVector<double> scale;
  llvm::SmallVector<double> shift;
};

/// The dimension of \p value that its filter's outputs make, if a convolution,
/// transposed convolution or dense layer defines it.
std::optional<int64_t> getContractionAxis(mlir::Value value);

/// Whether \p value is the result of a convolution, transposed convolution or
/// dense layer that nothing else uses and whose weights can take \p affine.
bool canFoldIntoWeights(mlir::Value value, const ChannelAffine &affine);

/// Changes the filter and bias of the contraction that defines \p value so that
/// it gives \p affine of what it gave. Requires `canFoldIntoWeights`.
void foldIntoWeights(mlir::Value value, const ChannelAffine &affine,
                     ConstantReaper &reaper);

/// A constant like \p like's elements, repeated along all dimensions but \p
/// axis. \p key names it.
mlir::Value makeChannelConstant(mlir::OpBuilder &builder, mlir::Location loc,
                                mlir::RankedTensorType like, int64_t axis,
                                llvm::ArrayRef<double> values,
                                llvm::StringRef key, ConstantReaper &reaper);

/// Repeats the vector \p values along all dimensions of \p type but \p axis.
mlir::Value broadcastChannels(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::Value values, mlir::RankedTensorType type,
                              int64_t axis);

} // namespace dlc::graph

#endif // DLC_PASSES_GRAPH_CHANNELAFFINE_H
