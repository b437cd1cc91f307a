// SPDX-License-Identifier: Apache-2.0
// How the threads of a nest of loops touch memory, and how they would better.
#ifndef DLC_PASSES_GPU_NESTACCESS_H
#define DLC_PASSES_GPU_NESTACCESS_H

#include "passes/gpu/LoopNest.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace dlc::kernel {

/// Neighbouring iterations that one thread runs, with one access for all of
/// their elements.
struct WideAccess {
  int64_t width = 1; ///< how many iterations
  llvm::SmallPtrSet<mlir::Operation *, 8> accesses;
};

/// The widest access that all loads and stores of \p nest allow but those that
/// are the same for all lanes; of width 1 where there is none.
WideAccess getWideAccess(const LoopNest &nest);

/// Loads whose neighbours in memory are far apart in what a nest stores. A
/// block fetches a tile of them into shared memory in one order and stores in
/// the other.
struct Transposition {
  /// Positions of the nest's indices, the last of which varies fastest: those
  /// that run through neighbours of what is loaded, and of what is stored.
  llvm::SmallVector<unsigned> read, write;
  int64_t readTile, writeTile; ///< iterations of a tile, powers of two
  llvm::SmallVector<LoadOp> loads;

  /// Elements between the rows of a tile in shared memory, such that neither
  /// order has threads of a warp wait for each other.
  int64_t getRowElements() const;
  /// The extents of a grid of tiles: of the other indices, then of both kinds.
  llvm::SmallVector<int64_t> getGrid(const LoopNest &nest) const;
  /// The positions of the other indices.
  llvm::SmallVector<unsigned> getOthers(const LoopNest &nest) const;
};

/// The transposition in \p nest, if that is what it is.
std::optional<Transposition> getTransposition(const LoopNest &nest);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_NESTACCESS_H
