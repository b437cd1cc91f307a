// SPDX-License-Identifier: Apache-2.0
// The spans of a program's buffers, in one walk.
#include "passes/plan/Liveness.h"

using namespace mlir;
using namespace dlc::plan;
using namespace dlc::device;

Liveness::Liveness(ProgramOp program, LaunchOrder given)
    : order(std::move(given)) {
  for (Operation &op : program.getBody().front()) {
    // What a count reads is there until the launches before it are done.
    if (auto count = dyn_cast<CountOp>(op))
      if (Value root = getRoot(count.getBuffer()); isUsed(root))
        touch(root, launches.size() - 1);
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    unsigned step = launches.size();
    launches.push_back(launch);
    steps[launch] = step;
    for (Value buffer : launch->getOperands())
      touch(getRoot(buffer), step);
  }
}

void Liveness::touch(Value root, unsigned step) {
  SmallVector<QueueSpan, 1> &spans = uses[root];
  unsigned queue = order.getQueue(step);
  auto span = llvm::find_if(
      spans, [&](const QueueSpan &known) { return known.queue == queue; });
  if (span == spans.end())
    spans.push_back({queue, step, step});
  else
    span->last = step;
}

std::pair<unsigned, unsigned> Liveness::getSpan(Value root) const {
  const SmallVector<QueueSpan, 1> &spans = uses.find(root)->second;
  // The first span has the first step.
  unsigned last = 0;
  for (const QueueSpan &span : spans)
    last = std::max(last, span.last);
  return {spans.front().first, last};
}

Interval Liveness::getInterval(SlotOp slot) const {
  auto [first, last] = getSpan(slot.getResult());
  return {getBufferBytes(slot.getResult()), first, last};
}

/// Whether nothing touches \p root any more when \p step begins.
bool Liveness::isOver(Value root, unsigned step) const {
  return llvm::all_of(uses.find(root)->second, [&](const QueueSpan &span) {
    return order.isBefore(span.last, step);
  });
}

Interval Liveness::getLife(SlotOp slot) const {
  Interval life = getInterval(slot);
  if (order.getNumQueues() < 2)
    return life;
  for (unsigned step = launches.size() - 1; step > life.last; --step)
    if (!isOver(slot.getResult(), step))
      life.last = step;
  return life;
}

bool Liveness::isBefore(Value first, Value second) const {
  return llvm::all_of(uses.find(second)->second, [&](const QueueSpan &span) {
    return isOver(first, span.first);
  });
}

bool Liveness::areApart(SlotOp a, SlotOp b) const {
  return isBefore(a.getResult(), b.getResult()) ||
         isBefore(b.getResult(), a.getResult());
}
