// SPDX-License-Identifier: Apache-2.0
// The spans of a program's buffers, in one walk.
#include "passes/plan/Liveness.h"

using namespace mlir;
using namespace dlc::plan;
using namespace dlc::device;

Liveness::Liveness(ProgramOp program) {
  for (Operation &op : program.getBody().front()) {
    // What a count reads is there until the launches before it are done.
    auto count = dyn_cast<CountOp>(op);
    if (auto span =
            count ? spans.find(getRoot(count.getBuffer())) : spans.end();
        span != spans.end())
      span->second.second = launches.size() - 1;
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
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
