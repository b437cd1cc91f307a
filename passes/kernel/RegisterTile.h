// SPDX-License-Identifier: Apache-2.0
// The choice of a contraction's register tile.
#ifndef DLC_PASSES_KERNEL_REGISTERTILE_H
#define DLC_PASSES_KERNEL_REGISTERTILE_H

#include "passes/kernel/VectorTarget.h"

#include <optional>
#include <vector>

namespace dlc::kernel {

/// A micro-kernel computes `rows` x (`panels` * 16) elements in registers.
struct RegisterTile {
  int64_t rows = 1;
  int64_t panels = 1;
};

/// What the choice depends on.
struct ContractionShape {
  int64_t rows;   ///< m
  int64_t panels; ///< columns in panels of 16
  int64_t depth;  ///< products summed for one element
  /// Bytes from a row of the left side to the next; 0 where rows don't lie at
  /// equal distances.
  int64_t rowBytes = 0;
  /// Columns of the last panel that exist: vectors of none are not computed.
  int64_t columnsOfLast = 16;
  /// Vectors that a vector of factors is multiplied as.
  int64_t parts = 1;
};

/// What limits the inner loop of a tile.
enum class TileBound { Fma, Load, Latency };

/// The name of \p bound: "fma", "load" or "latency".
const char *getName(TileBound bound);

/// A tile and what the cost model says of it.
struct TileEstimate {
  RegisterTile tile;
  double cycles = 0; ///< of the whole contraction on one core
  TileBound bound = TileBound::Fma;
};

struct TileChoice {
  TileEstimate best;
  /// The next best tile that splits rows or columns in another way.
  std::optional<TileEstimate> runnerUp;
};

/// Chooses the tile with the fewest estimated cycles for \p shape on
/// \p target: FMA and load throughput, FMA latency, and a cost per tile. The
/// accumulators, one vector of each panel chunk and one broadcast, or their
/// parts, fit in the registers, and the rows of a tile in L1 beside each other.
TileChoice chooseRegisterTile(const ContractionShape &shape,
                              const VectorTarget &target);

/// The tiles that chooseRegisterTile() chooses from, those that become the same
/// loops once, from the best to the worst.
std::vector<TileEstimate> rankRegisterTiles(const ContractionShape &shape,
                                            const VectorTarget &target);

/// What the cost model says of \p tile.
TileEstimate estimateRegisterTile(const RegisterTile &tile,
                                  const ContractionShape &shape,
                                  const VectorTarget &target);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_REGISTERTILE_H
