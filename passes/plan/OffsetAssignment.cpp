// SPDX-License-Identifier: Apache-2.0
// Offset assignment: greedy packing over several orders and a local search.
#include "passes/plan/OffsetAssignment.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <numeric>
#include <random>

using namespace dlc::plan;
using llvm::ArrayRef;
using llvm::SmallVector;

using Order = SmallVector<unsigned>;

int64_t dlc::plan::getLowerBound(ArrayRef<Interval> intervals) {
  unsigned numSteps = 0;
  for (const Interval &interval : intervals)
    numSteps = std::max(numSteps, interval.last + 1);
  // Bytes that appear and disappear at each step.
  SmallVector<int64_t> change(numSteps + 1, 0);
  for (const Interval &interval : intervals) {
    change[interval.first] += interval.size;
    change[interval.last + 1] -= interval.size;
  }
  int64_t live = 0, bound = 0;
  for (int64_t bytes : change)
    bound = std::max(bound, live += bytes);
  return bound;
}

/// Places the intervals in the order \p order, each into the smallest gap
/// between those already placed that is alive with it, or above them all.
static Placement pack(ArrayRef<Interval> intervals, int64_t alignment,
                      ArrayRef<unsigned> order) {
  Placement placement;
  placement.offsets.assign(intervals.size(), 0);
  SmallVector<unsigned> placed; // by rising offset
  for (unsigned index : order) {
    const Interval &interval = intervals[index];
    int64_t end = 0, best = -1;
    int64_t bestGap = std::numeric_limits<int64_t>::max();
    for (unsigned other : placed) {
      if (!interval.overlaps(intervals[other]))
        continue;
      int64_t gap = placement.offsets[other] - end;
      if (gap >= interval.size && gap < bestGap) {
        bestGap = gap;
        best = end;
      }
      end = std::max<int64_t>(
          end, llvm::alignTo(placement.offsets[other] + intervals[other].size,
                             alignment));
    }
    int64_t offset = best >= 0 ? best : end;
    placement.offsets[index] = offset;
    placement.size = std::max(placement.size, offset + interval.size);
    placed.insert(llvm::upper_bound(placed, offset,
                                    [&](int64_t value, unsigned other) {
                                      return value < placement.offsets[other];
                                    }),
                  index);
  }
  return placement;
}

/// The orders that packing starts with.
static SmallVector<Order> makeOrders(ArrayRef<Interval> intervals) {
  using Key = double (*)(const Interval &);
  static constexpr Key keys[] = {
      [](const Interval &i) { return double(i.size); },
      [](const Interval &i) { return double(i.last - i.first); },
      [](const Interval &i) {
        return double(i.size) * (i.last - i.first + 1.0);
      },
      [](const Interval &i) { return -double(i.first); },
      [](const Interval &i) { return double(i.last); },
  };
  SmallVector<Order> orders;
  for (Key key : keys) {
    Order order(intervals.size());
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](unsigned a, unsigned b) {
      return std::pair(-key(intervals[a]), a) <
             std::pair(-key(intervals[b]), b);
    });
    orders.push_back(std::move(order));
  }
  return orders;
}

/// Improves \p best, the packing of \p order: the buffers that reach the top of
/// the arena go earlier in the order, at random places in front of them.
static void improve(ArrayRef<Interval> intervals, int64_t alignment,
                    int64_t bound, Order order, Placement &best) {
  std::minstd_rand random(1);
  int64_t count = intervals.size();
  // About a tenth of a second at most.
  int64_t rounds = std::clamp<int64_t>(40'000'000 / (count * count), 8, 2000);
  for (int64_t round = 0; round < rounds && best.size > bound; ++round) {
    Order candidate = order;
    for (unsigned i = 0; i < candidate.size(); ++i) {
      unsigned index = candidate[i];
      if (i == 0 || best.offsets[index] + intervals[index].size != best.size)
        continue;
      unsigned target = random() % i;
      std::rotate(candidate.begin() + target, candidate.begin() + i,
                  candidate.begin() + i + 1);
    }
    // A second change gets the search out of cycles.
    if (round % 2 == 1)
      std::swap(candidate[random() % count], candidate[random() % count]);
    Placement placement = pack(intervals, alignment, candidate);
    if (placement.size <= best.size) {
      best = std::move(placement);
      order = std::move(candidate);
    }
  }
}

Placement dlc::plan::assignOffsets(ArrayRef<Interval> intervals,
                                   int64_t alignment) {
  Placement best;
  if (intervals.empty())
    return best;
  int64_t bound = getLowerBound(intervals);
  Order bestOrder;
  best.size = std::numeric_limits<int64_t>::max();
  for (const Order &order : makeOrders(intervals)) {
    Placement placement = pack(intervals, alignment, order);
    if (placement.size < best.size) {
      best = std::move(placement);
      bestOrder = order;
    }
    if (best.size <= bound)
      return best;
  }
  improve(intervals, alignment, bound, std::move(bestOrder), best);
  return best;
}
