// SPDX-License-Identifier: Apache-2.0
// Offset assignment: packs buffers with known lifetimes into one arena.
#ifndef DLC_PASSES_PLAN_OFFSETASSIGNMENT_H
#define DLC_PASSES_PLAN_OFFSETASSIGNMENT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace dlc::plan {

/// A buffer of \p size bytes that is needed from step \p first to step
/// \p last, both included.
struct Interval {
  int64_t size;
  unsigned first, last;

  bool overlaps(const Interval &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct Placement {
  llvm::SmallVector<int64_t> offsets; ///< one for each interval
  int64_t size = 0;                   ///< bytes of the arena
};

/// The largest sum of bytes alive at one step: no placement is smaller.
int64_t getLowerBound(llvm::ArrayRef<Interval> intervals);

/// Assigns each interval an offset, a multiple of \p alignment, such that no
/// two that overlap in time overlap in memory.
///
/// The problem is dynamic storage allocation, which is NP-hard. This is
/// best-fit over several orders (size, lifetime, size x lifetime, first use),
/// then a local search that moves the buffers at the top of the arena to the
/// front of the best order and packs again, until the lower bound is reached
/// or a fixed amount of work is done. Chains of layers, with or without
/// residuals, usually end at the lower bound. O(n^2) a packing; deterministic.
/// Source: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
/// Inference" (2020), greedy by size.
Placement assignOffsets(llvm::ArrayRef<Interval> intervals, int64_t alignment);

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_OFFSETASSIGNMENT_H
