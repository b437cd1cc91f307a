// SPDX-License-Identifier: Apache-2.0
// Which of the ways to compute a convolution fits, decided in one place for
// the layout pass and the lowering.
#ifndef DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H
#define DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H

#include "dialects/graph/GraphOps.h"

namespace dlc::graph {

enum class ConvolutionKind {
  Contraction, ///< blocked channels, packed filter, register tiles
  Depthwise,   ///< blocked channels, each on its own
  Direct       ///< plain layout, any rank, groups and element type
};

/// \p hasConstantFilter: the filter's values are known at compile time.
ConvolutionKind getConvolutionKind(ConvOp op, bool hasConstantFilter);

/// Channels of a block in the layout of \p op's input: inputs of fewer
/// channels than a block that come in plain layout stay unblocked.
inline constexpr int64_t kChannelBlock = 16;

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_CONVOLUTIONKIND_H
