// SPDX-License-Identifier: Apache-2.0
// Convolutions by Winograd's minimal filtering: F(2 x 2, 3 x 3),
// F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5).
//
// A tile of m x m results of a filter of r x r depends on n x n inputs, where n
// is m + r - 1. With the one-dimensional transforms B^T, G and A^T of the
// points below, a tile is
//
//     Y = A^T [ sum over channels of (G g G^T) * (B^T d B) ] A
//
// where * multiplies element by element: for each of the n^2 elements, called
// points too, a matrix product over the channels, tiles by outputs.
// G g G^T is computed at compile time.
//
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// 2015; the polynomials' points are 0, 1, -1 and infinity for n = 4, and for
// n = 6 0, +-3/4, +-3/2 and infinity, which rounds less than +-1 and +-2. B^T
// depends on n alone.
#ifndef DLC_PASSES_LOWER_WINOGRAD_H
#define DLC_PASSES_LOWER_WINOGRAD_H

#include "passes/lower/GroupLowering.h"

namespace dlc::lower {

/// The points +-a and +-b for n = 6.
inline constexpr double kWinogradA = 0.75, kWinogradB = 1.5;

/// Transforms a filter [O, C, r, r] for tiles of \p tile x \p tile and packs
/// it: [point][panel of 16 outputs][channel][16], the last panel filled up with
/// zeroes. Computes in double precision. Null where the data is missing.
mlir::ElementsAttr packWinogradFilter(mlir::ElementsAttr filter, int64_t tile);

/// \p wholePanels: the epilogue has room for whole panels of outputs.
mlir::LogicalResult lowerWinograd(GroupLowering &lowering, graph::ConvOp op,
                                  bool wholePanels);

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_WINOGRAD_H
