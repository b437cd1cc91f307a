// SPDX-License-Identifier: Apache-2.0
#include "exec/Block.h"

#include "exec/Cluster.h"
#include "exec/ops/Control.h"

#include <algorithm>

namespace emulator {
namespace {
/// Instructions of one warp before the next one's turn.
constexpr int64_t warpTurn = 20000;
} // namespace

Block::Block(LaunchState &launch) : launch(launch) {
  threads = unsigned(launch.config.block.count());
  for (unsigned w = 0; w < (threads + warpSize - 1) / warpSize; ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
}

void Block::start(Dim3 at) {
  index = at;
  const Dim3 grid = launch.config.grid;
  linear = at.x + uint64_t(grid.x) * (at.y + uint64_t(grid.y) * at.z);
  aliveThreads = threads;
  endedThreads = 0;
  isCompletionDue = false;
  suspicion = Suspicion();
  bulkCopies.clear();
  shared.start(*launch.kernel.code, launch.config.dynamicShared);
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  std::fill(std::begin(endedSeen), std::end(endedSeen), 0);
  for (unsigned w = 0; w < warps.size(); ++w) {
    unsigned lanes = std::min(warpSize, threads - w * warpSize);
    warps[w]->start(*launch.kernel.code,
                    lanes == warpSize ? allLanes : (1u << lanes) - 1);
  }
  ++counters.blocks;
  counters.warps += warps.size();
}

Range Block::findRange(uint64_t address) const {
  const auto &ranges = *launch.ranges;
  auto next = std::upper_bound(
      ranges.begin(), ranges.end(), address,
      [](uint64_t a, const Range &range) { return a < range.base; });
  if (next != ranges.begin()) {
    const Range &range = *std::prev(next);
    if (address < range.base + range.size)
      return range;
  }
  return launch.memory.find(address); // malloc'ed in the kernel
}

Block::Status Block::run(int64_t budget) {
  uint64_t end = clock + uint64_t(budget);
  for (unsigned idleRounds = 0;;) {
    bool hasRun = false, isDone = true, isIdle = true;
    for (auto &warp : warps) {
      uint64_t before = clock;
      switch (warp->run(warpTurn)) {
      case Warp::Status::Fault:
        return Status::Fault;
      case Warp::Status::Done:
        break;
      default:
        isDone = false;
      }
      hasRun |= clock != before;
      isIdle &= clock == before || warp->isPolling;
    }
    if (launch.stop)
      return Status::Fault;
    if (isDone)
      return confirm() ? Status::Fault : Status::Done;
    if (!hasRun && isAtClusterBarrier())
      return Status::Waiting;
    if (!hasRun && !stuck())
      return Status::Fault;
    // Warps that do nothing but poll may wait for other blocks.
    idleRounds = isIdle ? idleRounds + 1 : 0;
    if (clock >= end || idleRounds > 8)
      return Status::Yield;
  }
}

/// The instructions of a function that may run after one of them, and it.
static std::vector<bool> reachableFrom(const Code &code, uint32_t from) {
  std::vector<bool> isKnown(code.instructions.size());
  std::vector<uint32_t> work{from};
  while (!work.empty()) {
    const uint32_t at = work.back();
    work.pop_back();
    if (at >= isKnown.size() || isKnown[at])
      continue;
    isKnown[at] = true;
    appendSuccessors(code, at, work);
  }
  return isKnown;
}

Block::Route Block::routeOf(const Code &code, uint32_t from, uint32_t barrier) {
  auto [entry, isNew] = routes.emplace(
      std::make_pair(&code.instructions[from], &code.instructions[barrier]),
      Route::ToEnd);
  if (!isNew)
    return entry->second;
  const bool isKernel = code.source->isKernel;
  const std::vector<bool> here = reachableFrom(code, from),
                          after = reachableFrom(code, barrier);
  if (here[barrier])
    return entry->second = Route::ToBarrier;
  for (size_t i = 0; i < here.size(); ++i) {
    const Instruction &instruction = code.instructions[i];
    const bool isShared =
        after[i] && !isEnd(instruction, isKernel) &&
        !(instruction.run == jumpHandler() && instruction.guard < 0);
    // A function returns to the same caller from anywhere.
    const bool isReturn = !isKernel && isEnd(instruction, true);
    if (here[i] && (isShared || isReturn))
      return entry->second = Route::PastIt;
  }
  return Route::ToEnd;
}

void Block::suspect(Warp &warp, unsigned lane, const Instruction &at,
                    std::string text) {
  if (!suspicion.warp)
    suspicion = {&warp, lane, &at, std::move(text)};
}

bool Block::confirm() {
  if (!suspicion.warp)
    return false;
  Suspicion found = std::move(suspicion);
  suspicion = Suspicion();
  found.warp->fault(FaultKind::Uninitialised, 1u << found.lane, *found.at,
                    found.text);
  return true;
}

bool Block::isComplete(const Barrier &barrier) const {
  if (!barrier.isUsed)
    return false;
  return barrier.expected ? barrier.arrived >= barrier.expected
                          : barrier.arrived >= aliveThreads;
}

void Block::complete(unsigned id) {
  confirm();
  Barrier &barrier = barriers[id];
  for (unsigned w = 0; w < 32; ++w)
    barrier.joined[w] = std::max(barrier.joined[w], endedSeen[w]);
  uint32_t now = ++shared.clock;
  // Who waits has done nothing since it came.
  for (auto &warp : warps)
    for (const Fragment &fragment : warp->fragments)
      if (fragment.state == Fragment::State::Barrier && fragment.barrier == id)
        barrier.joined[warp->index] = now - 1;
  for (auto &warp : warps) {
    bool isHere = false;
    for (Fragment &fragment : warp->fragments) {
      if (fragment.state != Fragment::State::Barrier || fragment.barrier != id)
        continue;
      isHere = true;
      fragment.state = Fragment::State::Ready;
      uint8_t *registers = fragment.frame->registers;
      if (fragment.reduction == 1) {
        auto *count =
            reinterpret_cast<uint32_t *>(registers + fragment.reductionSlot);
        activeLanes(fragment.mask,
                    [&](unsigned l) { count[l] = barrier.count; });
      } else if (fragment.reduction) {
        auto *predicate =
            reinterpret_cast<Mask *>(registers + fragment.reductionSlot);
        bool value = fragment.reduction == 2 ? barrier.all : barrier.any;
        *predicate =
            (*predicate & ~fragment.mask) | (value ? fragment.mask : 0);
      }
      activeLanes(fragment.mask, [&](unsigned l) { warp->laneSync[l] = now; });
    }
    if (!isHere)
      continue;
    ++counters.barriers;
    for (unsigned w = 0; w < 32; ++w)
      warp->seen[w] = std::max(warp->seen[w], barrier.joined[w]);
    warp->updateCutoff();
  }
  barrier = Barrier();
}

Next Block::arrive(Warp &warp, const Instruction &at, unsigned id,
                   uint32_t expected, bool isArrive, bool isAligned,
                   unsigned reduction, int32_t slot, Mask value) {
  Barrier &barrier = barriers[id];
  if (barrier.isUsed && barrier.expected != expected)
    return warp.fault(
        FaultKind::Barrier, warp.active, at,
        "barrier " + std::to_string(id) + " for " + std::to_string(expected) +
            " threads, others wait for " + std::to_string(barrier.expected));
  if (expected % warpSize)
    return warp.fault(FaultKind::Barrier, warp.active, at,
                      std::to_string(expected) +
                          " threads are no multiple of a warp");
  barrier.isUsed = true;
  barrier.expected = expected;
  // With a count, a warp counts as 32 threads.
  barrier.arrived += expected && isAligned
                         ? warpSize
                         : unsigned(__builtin_popcount(warp.active));
  barrier.count += unsigned(__builtin_popcount(value & warp.active));
  barrier.all &= (value & warp.active) == warp.active;
  barrier.any |= (value & warp.active) != 0;
  for (unsigned w = 0; w < 32; ++w)
    barrier.joined[w] = std::max(barrier.joined[w], warp.seen[w]);
  barrier.joined[warp.index] =
      std::max(barrier.joined[warp.index], shared.clock);
  ++shared.clock;
  if (expected && barrier.arrived > expected)
    return warp.fault(FaultKind::Barrier, warp.active, at,
                      "more threads than the " + std::to_string(expected) +
                          " of barrier " + std::to_string(id));
  if (isArrive) {
    if (isComplete(barrier))
      complete(id);
    return Next::Continue;
  }
  warp.pending = Fragment();
  warp.pending.barrier = uint8_t(id);
  warp.pending.reduction = uint8_t(reduction);
  warp.pending.reductionSlot = slot;
  warp.blockState = Fragment::State::Barrier;
  isCompletionDue |= isComplete(barrier);
  return Next::Wait;
}

void Block::completeDue() {
  isCompletionDue = false;
  for (unsigned id = 0; id < 17; ++id)
    if (isComplete(barriers[id]))
      complete(id);
}

void Block::threadsEnded(Warp &warp, unsigned count) {
  aliveThreads -= count;
  endedThreads += count;
  endedSeen[warp.index] = std::max(endedSeen[warp.index], shared.clock);
  ++shared.clock;
  if (aliveThreads)
    completeDue();
  if (cluster)
    cluster->threadsEnded();
}

bool Block::isAtClusterBarrier() const {
  for (auto &warp : warps)
    for (const Fragment &fragment : warp->fragments)
      if (fragment.state == Fragment::State::Cluster)
        return true;
  return false;
}

void Block::leaveClusterBarrier() {
  confirm();
  const uint32_t now = ++shared.clock;
  for (auto &warp : warps) {
    for (Fragment &fragment : warp->fragments)
      if (fragment.state == Fragment::State::Cluster)
        fragment.state = Fragment::State::Ready;
    for (uint32_t &seen : warp->seen)
      seen = std::max(seen, now - 1);
    std::fill(std::begin(warp->laneSync), std::end(warp->laneSync), now);
    warp->updateCutoff();
  }
}

Block::Status Block::failAtClusterBarrier() {
  for (auto &warp : warps)
    for (const Fragment &fragment : warp->fragments)
      if (fragment.state == Fragment::State::Cluster) {
        warp->fault(FaultKind::Barrier, fragment.mask,
                    Warp::instructionOf(fragment),
                    "waits for threads of the cluster that don't come");
        return Status::Fault;
      }
  return stuck() ? Status::Yield : Status::Fault;
}

bool Block::stuck() {
  for (unsigned id = 0; id < 17; ++id) {
    Barrier &barrier = barriers[id];
    // Who has ended counts as arrived.
    if (barrier.isUsed && barrier.expected && endedThreads &&
        barrier.arrived + endedThreads >= barrier.expected) {
      complete(id);
      return true;
    }
  }
  const Fragment *worst = nullptr;
  Warp *of = nullptr;
  // What a warp waits for by itself explains more than a block's barrier.
  auto rank = [](const Fragment &fragment) {
    return fragment.state == Fragment::State::Aligned    ? 0
           : fragment.state == Fragment::State::WarpSync ? 1
                                                         : 2;
  };
  for (auto &warp : warps)
    for (const Fragment &fragment : warp->fragments)
      if (!worst || rank(fragment) < rank(*worst)) {
        worst = &fragment;
        of = warp.get();
      }
  if (!worst)
    return true;
  std::string text;
  if (worst->state == Fragment::State::Aligned)
    text = "reached by some lanes of the warp, while the others wait elsewhere";
  else if (worst->state == Fragment::State::WarpSync)
    text = "waits for lanes of the warp that don't come here";
  else
    text = "barrier " + std::to_string(worst->barrier) + " waits for " +
           std::to_string(barriers[worst->barrier].expected
                              ? barriers[worst->barrier].expected
                              : aliveThreads) +
           " threads, " + std::to_string(barriers[worst->barrier].arrived) +
           " arrived and no other can run";
  of->fault(FaultKind::Barrier, worst->mask, Warp::instructionOf(*worst), text);
  return false;
}

} // namespace emulator
