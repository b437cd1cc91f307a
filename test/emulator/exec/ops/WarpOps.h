// SPDX-License-Identifier: Apache-2.0
#ifndef EMULATOR_EXEC_OPS_WARPOPS_H
#define EMULATOR_EXEC_OPS_WARPOPS_H

#include "exec/Warp.h"

namespace emulator {

/// A second result that is a predicate; -1: none.
struct PredicateSlot : Extra {
  int32_t slot = -1;
};

/// For an instruction whose lanes wait for those that `members` names: true if
/// `lanes` (narrowed to those whose sets are complete) may go on, else `next`
/// is what the handler returns.
bool gatherLanes(Warp &warp, const Instruction &i, Mask &lanes,
                 const uint32_t *members, Next &next);

/// Runs f for each group of lanes that name the same set.
template <class F>
void forEachSet(Mask lanes, const uint32_t *members, F f) {
  while (lanes) {
    const Mask set = members[__builtin_ctz(lanes)];
    const Mask group =
        lanesWhere([&](unsigned l) { return members[l] == set; }) & lanes;
    lanes &= ~group;
    f(group);
  }
}

} // namespace emulator

#endif
