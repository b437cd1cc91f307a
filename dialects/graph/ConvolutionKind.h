// SPDX-License-Identifier: Apache-2.0
// Which of the ways to compute a convolution fits, decided in one place for
// the layout pass and the lowering.
#ifndef DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H
#define DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H

#include "dialects/graph/GraphOps.h"

namespace dlc::graph {

enum class ConvolutionKind {
  Contraction, ///< blocked channels, packed filter, register tiles
  Winograd,  ///< blocked channels, transformed filter, a contraction per point
  Depthwise, ///< blocked channels, each on its own
  Direct     ///< plain layout, any rank, groups and element type
};

/// \p hasConstantFilter: the filter's values are known at compile time.
ConvolutionKind getConvolutionKind(ConvOp op, bool hasConstantFilter);

/// How many groups of \p op a contraction would compute as one, so that they
/// have whole blocks of channels: the filter has zeros for channels of another
/// group. It divides the number of groups.
int64_t getJoinedGroups(ConvOp op);

/// Whether \p op has the form that Winograd's minimal filtering computes in
/// tiles of \p tile x \p tile results.
bool canUseWinograd(ConvOp op, int64_t tile);
/// Tiles of \p tile results that cover \p extent results of a dimension.
inline int64_t getWinogradTiles(int64_t extent, int64_t tile) {
  return (extent + tile - 1) / tile;
}

/// The convolution that can apply \p pool to its tiles, before anything is
/// stored, or null: windows lie side by side within a tile, and between the two
/// there are at most functions of single elements, which nothing else reads.
ConvOp getPooledConv(PoolOp pool);

/// Whether a window of \p pool has nothing of its input where that has some
/// size: it begins behind the input, or ends before it.
bool mayHaveEmptyWindows(PoolOp pool);

/// Channels of a block in the layout of \p op's input: inputs of fewer
/// channels than a block that come in plain layout stay unblocked.
inline constexpr int64_t kChannelBlock = 16;

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H
