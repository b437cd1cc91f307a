// SPDX-License-Identifier: Apache-2.0
// The order of launches as a vector clock for each of them.
#include "dialects/device/LaunchOrder.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlc::device;

LaunchOrder::LaunchOrder(ProgramOp program) {
  using Launches = SmallVector<unsigned, 2>;
  llvm::DenseMap<Value, Launches> events;
  // What the next launch of each queue waits for.
  llvm::SmallDenseMap<unsigned, Launches> pending;
  for (Operation &op : program.getBody().front()) {
    if (auto record = dyn_cast<RecordOp>(op)) {
      unsigned queue = record.getQueue();
      Launches &event = events[record.getEvent()];
      event = pending.lookup(queue);
      if (queue < lasts.size() && lasts[queue])
        event.push_back(*lasts[queue]);
    } else if (auto wait = dyn_cast<WaitOp>(op)) {
      llvm::append_range(pending[wait.getQueue()],
                         events.lookup(wait.getEvent()));
    } else if (auto launch = dyn_cast<LaunchOp>(op)) {
      unsigned queue = launch.getQueue();
      append(queue, pending.lookup(queue));
      pending.erase(queue);
    }
  }
}

bool LaunchOrder::isBefore(unsigned first, unsigned second) const {
  const Launch &a = launches[first], &b = launches[second];
  return a.queue < b.ended.size() && b.ended[a.queue] > a.position;
}

/// Those of \p after that nothing else tells \p launch, whose queue has said
/// already what has ended.
SmallVector<unsigned> LaunchOrder::reduce(const Launch &launch,
                                          ArrayRef<unsigned> after) const {
  // The last one of each queue.
  SmallVector<std::optional<unsigned>, 4> latest(lasts.size());
  for (unsigned other : after) {
    const Launch &before = launches[other];
    std::optional<unsigned> &last = latest[before.queue];
    if (launch.ended[before.queue] <= before.position &&
        (!last || *last < other))
      last = other;
  }
  SmallVector<unsigned> waits;
  for (std::optional<unsigned> candidate : latest)
    if (candidate && llvm::none_of(latest, [&](std::optional<unsigned> other) {
          return other && isBefore(*candidate, *other);
        }))
      waits.push_back(*candidate);
  llvm::sort(waits);
  return waits;
}

unsigned LaunchOrder::append(unsigned queue, ArrayRef<unsigned> after) {
  if (queue >= lasts.size())
    lasts.resize(queue + 1);
  Launch launch{queue, 0, {}, {}};
  auto addEnded = [&](unsigned other) {
    const Launch &before = launches[other];
    for (auto [mine, theirs] : llvm::zip(launch.ended, before.ended))
      mine = std::max(mine, theirs);
    unsigned &own = launch.ended[before.queue];
    own = std::max(own, before.position + 1);
  };
  launch.ended.assign(lasts.size(), 0);
  if (lasts[queue]) {
    launch.position = launches[*lasts[queue]].position + 1;
    addEnded(*lasts[queue]);
  }
  SmallVector<unsigned> waits = reduce(launch, after);
  for (unsigned other : waits)
    addEnded(other);
  launch.waits.assign(waits.begin(), waits.end());
  lasts[queue] = launches.size();
  launches.push_back(std::move(launch));
  return launches.size() - 1;
}
