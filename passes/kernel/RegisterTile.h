// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's register tile.
#ifndef DLC_PASSES_KERNEL_REGISTERTILE_H
#define DLC_PASSES_KERNEL_REGISTERTILE_H

#include <cstdint>

namespace dlc::kernel {

/// A micro-kernel computes `rows` x (`panels` * 16) elements in registers.
struct RegisterTile {
  int64_t rows;
  int64_t panels;
};

/// What the choice depends on.
struct ContractionShape {
  int64_t rows;   ///< m
  int64_t panels; ///< columns in panels of 16
  int64_t depth;  ///< products summed for one element
};

/// Chooses the tile with the fewest estimated cycles for \p shape on a machine
/// with \p numRegisters vectors of \p width lanes: FMA and load throughput, FMA
/// latency, and a fixed cost per tile. The accumulators, one vector of each
/// panel chunk and one broadcast fit in the registers.
RegisterTile chooseRegisterTile(const ContractionShape &shape, int64_t width,
                                int64_t numRegisters);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_REGISTERTILE_H
