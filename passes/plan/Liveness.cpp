// SPDX-License-Identifier: Apache-2.0
// The spans of a program's buffers, in one walk.
#include "passes/plan/Liveness.h"

using namespace mlir;
using namespace dlc::plan;
using namespace dlc::device;

Liveness::Liveness(ProgramOp program) {
  for (auto launch : program.getBody().getOps<LaunchOp>()) {
    unsigned step = launches.size();
    launches.push_back(launch);
    steps[launch] = step;
    for (Value buffer : launch->getOperands()) {
      auto [it, isNew] = spans.try_emplace(getRoot(buffer), step, step);
      if (!isNew)
        it->second.second = step;
    }
  }
}

Interval Liveness::getInterval(SlotOp slot) const {
  auto [first, last] = getSpan(slot.getResult());
  return {getBufferBytes(slot.getResult()), first, last};
}
