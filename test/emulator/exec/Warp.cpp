// SPDX-License-Identifier: Apache-2.0
// The interpreter's loop, and how lanes of a warp part and meet. The fragment
// at the lowest position runs first, inner calls before outer ones; since code
// is laid out in topological order, fragments meet where their paths join. One
// that polls memory or runs for long gives way to the others.
#include "exec/Warp.h"

#include "exec/Undefined.h"
#include "exec/ops/Control.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {
/// Instructions, and polls, after which a fragment gives way.
constexpr int64_t longTurn = 20000;
constexpr uint32_t manyPolls = 16;
/// Instructions after which a warp looks whether states are still set.
constexpr uint32_t trackedTurn = 512;
} // namespace

Warp::Warp(Block &block, unsigned index) : block(block), index(index) {}
Warp::~Warp() = default;

void Warp::start(const Code &kernel, Mask lanes) {
  fragments.clear();
  for (auto &used : frames)
    freeFrames.push_back(std::move(used));
  frames.clear();
  std::fill(std::begin(seen), std::end(seen), 0);
  std::fill(std::begin(laneSync), std::end(laneSync), 0);
  pairSync.clear();
  std::fill(std::begin(laneGroup), std::end(laneGroup), 0);
  copies.clear();
  isTracking = false;
  origins.clear();
  lastRange = {};
  alive = lanes;
  active = 0;
  threads = unsigned(__builtin_popcount(lanes));
  std::fill(localShadow.begin(), localShadow.end(), 0);
  updateCutoff();
  Fragment first;
  first.frame = newFrame(kernel, nullptr);
  if (!first.frame) // does not happen: kernels' frames are within the limit
    return;
  ++first.frame->users;
  first.mask = lanes;
  fragments.push_back(first);
}

void Warp::enter(size_t which) {
  Fragment fragment = fragments[which];
  fragments[which] = fragments.back();
  fragments.pop_back();
  frame = fragment.frame;
  pc = fragment.pc;
  active = fragment.mask;
  penalty = fragment.penalty;
  base[0] = frame->registers;
  base[1] = const_cast<uint8_t *>(frame->code->constants);
  mergePc = ~0u;
  for (const Fragment &other : fragments)
    if (other.frame == frame && other.state != Fragment::State::Barrier &&
        other.pc > pc)
      mergePc = std::min(mergePc, other.pc);
}

void Warp::leave() {
  if (!active)
    return;
  Fragment fragment;
  fragment.frame = frame;
  fragment.pc = pc;
  fragment.mask = active;
  fragment.penalty = penalty;
  fragments.push_back(fragment);
  active = 0;
}

/// Whether lanes called the same functions from the same places, if not at the
/// same time.
static bool isSameCall(const Frame *a, const Frame *b) {
  for (; a != b; a = a->parent, b = b->parent)
    if (!a || !b || a->code != b->code || a->site != b->site ||
        a->returnPc != b->returnPc || a->localBase != b->localBase)
      return false;
  return true;
}

bool Warp::schedule() {
  for (size_t i = 0; i < fragments.size(); ++i)
    for (size_t j = fragments.size() - 1; j > i; --j) {
      Fragment &a = fragments[i], &b = fragments[j];
      if (a.pc != b.pc || a.state == Fragment::State::Barrier ||
          b.state == Fragment::State::Barrier || !isSameCall(a.frame, b.frame))
        continue;
      if (a.frame != b.frame)
        adopt(a.frame, b.frame, b.mask);
      a.mask |= b.mask;
      a.state = Fragment::State::Ready;
      a.penalty = std::min(a.penalty, b.penalty);
      release(b.frame);
      fragments.erase(fragments.begin() + long(j));
    }
  size_t best = fragments.size();
  auto rank = [&](const Fragment &f) {
    return std::make_tuple(f.penalty, ~f.frame->depth, f.pc);
  };
  for (size_t i = 0; i < fragments.size(); ++i)
    if (fragments[i].state == Fragment::State::Ready &&
        (best == fragments.size() ||
         rank(fragments[i]) < rank(fragments[best])))
      best = i;
  if (best == fragments.size())
    return false;
  enter(best);
  return true;
}

void Warp::wake() {
  for (Fragment &fragment : fragments)
    if (fragment.state == Fragment::State::WarpSync ||
        fragment.state == Fragment::State::Aligned)
      fragment.state = Fragment::State::Ready;
}

const Instruction &Warp::instructionOf(const Fragment &fragment) {
  uint32_t pc = fragment.pc;
  if (fragment.state == Fragment::State::Barrier && pc)
    --pc;
  return fragment.frame->code->instructions[pc];
}

Next Warp::fault(FaultKind kind, Mask lanes, const Instruction &at,
                 std::string text) {
  LaunchState &launch = block.launch;
  // What was read uninitialised may be why.
  if (kind != FaultKind::Race && block.confirm())
    return Next::Fault;
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (launch.fault)
    return Next::Fault;
  Fault &fault = launch.fault;
  fault.kind = kind;
  fault.kernel = launch.kernel.name;
  fault.block = block.index;
  unsigned thread =
      firstThread() + (lanes ? unsigned(__builtin_ctz(lanes)) : 0);
  const Dim3 size = launch.config.block;
  fault.thread = {thread % size.x, thread / size.x % size.y,
                  thread / size.x / size.y};
  fault.line = at.line;
  fault.text = std::move(text);
  launch.stop = true;
  return Next::Fault;
}

Next Warp::branch(Mask lanes, uint32_t target) {
  if (lanes == active) {
    bool isBack = target < pc;
    pc = target;
    return fragments.empty() || (!isBack && pc < mergePc) ? Next::Continue
                                                          : Next::Reschedule;
  }
  Fragment taken;
  taken.frame = frame;
  taken.pc = target;
  taken.mask = lanes;
  taken.penalty = penalty;
  fragments.push_back(taken);
  ++frame->users;
  active &= ~lanes;
  if (target <= pc)
    return Next::Reschedule;
  mergePc = std::min(mergePc, target);
  return Next::Continue;
}

void Warp::narrow(Mask lanes) {
  if (lanes == active)
    return;
  Fragment rest;
  rest.frame = frame;
  rest.pc = pc;
  rest.mask = active & ~lanes;
  rest.penalty = penalty;
  fragments.push_back(rest);
  ++frame->users;
  active = lanes;
}

/// Ends the lanes of other fragments that have nothing left to do.
void Warp::endOthers() {
  for (size_t i = 0; i < fragments.size();) {
    if (!endsAtOnce(fragments[i])) {
      ++i;
      continue;
    }
    Mask lanes = fragments[i].mask;
    release(fragments[i].frame);
    fragments.erase(fragments.begin() + long(i));
    alive &= ~lanes;
    block.threadsEnded(*this, unsigned(__builtin_popcount(lanes)));
  }
}

Next Warp::exitLanes(Mask lanes) {
  for (const Fragment &fragment : fragments)
    if ((fragment.state == Fragment::State::WarpSync ||
         fragment.state == Fragment::State::Aligned) &&
        (fragment.waitsFor & lanes))
      return fault(FaultKind::Barrier, fragment.mask, instructionOf(fragment),
                   "waits for lanes of the warp that end without coming here");
  active &= ~lanes;
  alive &= ~lanes;
  if (!active)
    release(frame);
  wake();
  block.threadsEnded(*this, unsigned(__builtin_popcount(lanes)));
  return Next::Reschedule;
}

Next Warp::call(const Code &callee, Mask lanes, const Instruction &site) {
  narrow(lanes);
  Frame *inner = newFrame(callee, frame);
  if (!inner)
    return fault(FaultKind::StackOverflow, lanes, site,
                 "calls '" + callee.name + "' beyond the " +
                     std::to_string(localLimit) +
                     " bytes of local memory of a thread");
  if (inner->depth > 20000)
    return fault(FaultKind::StackOverflow, lanes, site,
                 "calls nested too deeply");
  inner->returnPc = pc;
  inner->site = &site;
  ++inner->users;
  passArguments(*this, *inner, site, lanes);
  // The caller's fragment becomes the callee's.
  release(frame);
  frame = inner;
  pc = 0;
  return Next::Reschedule;
}

Next Warp::returnLanes(Mask lanes) {
  if (!frame->parent)
    return exitLanes(lanes);
  passResults(*this, *frame, lanes);
  Fragment outer;
  outer.frame = frame->parent;
  outer.pc = frame->returnPc;
  outer.mask = lanes;
  outer.penalty = penalty;
  ++outer.frame->users;
  fragments.push_back(outer);
  active &= ~lanes;
  if (!active)
    release(frame);
  return Next::Reschedule;
}

void Warp::updateCutoff() {
  uint32_t least = ~0u;
  unsigned count = (block.threads + warpSize - 1) / warpSize;
  for (unsigned w = 0; w < count; ++w)
    if (w != index)
      least = std::min(least, seen[w]);
  activeLanes(alive, [&](unsigned l) {
    least = std::min(least, laneSync[l] - (laneSync[l] > 0));
  });
  cutoff = std::min(least, ~0u - 3);
}

void Warp::orderLanes(Mask lanes) {
  const uint32_t now = ++block.shared.clock;
  if (!(alive & ~lanes)) {
    pairSync.clear();
    activeLanes(lanes, [&](unsigned l) { laneSync[l] = now; });
    return updateCutoff();
  }
  // Each of them knows what all of them knew.
  if (pairSync.empty())
    pairSync.resize(warpSize);
  std::array<uint32_t, warpSize> joined{};
  activeLanes(lanes, [&](unsigned l) {
    for (unsigned other = 0; other < warpSize; ++other)
      joined[other] = std::max(joined[other], orderedAt(l, other));
  });
  activeLanes(lanes, [&](unsigned l) { joined[l] = now; });
  activeLanes(lanes, [&](unsigned l) { pairSync[l] = joined; });
}

Next Warp::waitForLanes(Mask named, bool isPure) {
  endOthers();
  if (hasAll(named))
    return Next::Retry;
  pending = Fragment();
  pending.waitsFor = named;
  pending.isPureSync = isPure;
  blockState = Fragment::State::WarpSync;
  if (isPure) { // bar.warp.sync from several places
    Mask here = active;
    auto isPartner = [&](const Fragment &f) {
      return f.state == Fragment::State::WarpSync && f.isPureSync &&
             f.waitsFor == named;
    };
    for (const Fragment &f : fragments)
      here |= isPartner(f) ? f.mask : 0;
    if (!(named & alive & ~here)) {
      for (Fragment &f : fragments)
        if (isPartner(f)) {
          f.state = Fragment::State::Ready;
          ++f.pc;
        }
      orderLanes(here);
      return Next::Reschedule;
    }
  }
  return Next::Block;
}

bool Warp::endsAtOnce(const Fragment &fragment) const {
  if (fragment.state != Fragment::State::Ready)
    return false;
  uint32_t at = fragment.pc;
  for (unsigned steps = 0; steps < 8; ++steps) {
    const Instruction &instruction = fragment.frame->code->instructions[at];
    if (isEnd(instruction, !fragment.frame->parent))
      return true;
    if (instruction.run != jumpHandler() || instruction.guard >= 0)
      return false;
    at = instruction.target;
  }
  return false;
}

/// Whether a fragment has yet to come to where the running one is, in the
/// innermost function that both are in, has gone past it, or only has to end.
Warp::Course Warp::courseOf(const Fragment &fragment) const {
  const Frame *mine = frame, *other = fragment.frame;
  uint32_t myPc = pc - 1, otherPc = fragment.pc;
  while (mine != other) {
    if (!mine || !other)
      return Course::Coming;
    const Frame *&deeper = mine->depth >= other->depth ? mine : other;
    (&deeper == &mine ? myPc : otherPc) = deeper->returnPc - 1;
    deeper = deeper->parent;
  }
  if (otherPc <= myPc)
    return Course::Coming;
  const Block::Route route = block.routeOf(*mine->code, otherPc, myPc);
  return route == Block::Route::ToBarrier ? Course::ComingBack
         : route == Block::Route::ToEnd   ? Course::Leaving
                                          : Course::Passed;
}

Next Warp::aligned(const Instruction &at) {
  if (active == alive)
    return Next::Continue;
  endOthers();
  Mask comingBack = 0;
  for (const Fragment &fragment : fragments) {
    const Course course = courseOf(fragment);
    comingBack |= course == Course::ComingBack ? fragment.mask : 0;
    if (course == Course::Passed) {
      char lanes[64];
      snprintf(lanes, sizeof lanes,
               "0x%08x of its warp reach this barrier, lanes 0x%08x", active,
               fragment.mask);
      return fault(FaultKind::Barrier, active, at,
                   "lanes " + std::string(lanes) + " don't (PTX line " +
                       std::to_string(instructionOf(fragment).line) + ")");
    }
  }
  if (active == alive)
    return Next::Continue;
  pending = Fragment();
  pending.waitsFor = comingBack;
  blockState = Fragment::State::Aligned;
  return Next::Block;
}

/// Acts on what an instruction answered other than Continue. Ready: go on.
Warp::Status Warp::settle(Next next, const Instruction &at, Mask lanes) {
  switch (next) {
  case Next::Fault:
    return Status::Fault;
  case Next::Retry:
    narrow(lanes);
    --pc;
    leave();
    break;
  case Next::Block:
  case Next::Wait: {
    narrow(lanes);
    Fragment fragment = pending;
    fragment.frame = frame;
    fragment.mask = active;
    fragment.pc = next == Next::Block ? pc - 1 : pc;
    fragment.state = blockState;
    fragment.penalty = penalty;
    fragments.push_back(fragment);
    active = 0;
    if (block.isCompletionDue)
      block.completeDue();
    break;
  }
  default:
    leave();
    break;
  }
  if (schedule())
    return Status::Ready;
  return alive ? Status::Blocked : Status::Done;
}

Warp::Status Warp::run(int64_t budget) {
  if (!schedule())
    return alive ? Status::Blocked : Status::Done;
  uint64_t *counts = block.instructionsByClass;
  uint64_t laneCount = 0;
  const int64_t start = budget;
  Status status = Status::Ready;
  const Instruction *code = frame->code->instructions.data();
  turn = 0;
  polls = 0;
  uint32_t allPolls = 0;
  isPolling = false;
  for (; budget > 0; --budget) {
    const Instruction &instruction = code[pc++];
    Mask lanes = active;
    if (instruction.guard >= 0)
      lanes &= predicateValue(instruction.guard) ^ instruction.guardFlip;
    ++counts[size_t(instruction.kind)];
    Next next = Next::Continue;
    if (isTracking) {
      laneCount += unsigned(__builtin_popcount(lanes));
      next = runTracked(*this, instruction, lanes);
      isTracking = ++trackedCount % trackedTurn || hasStates();
    } else if (lanes) {
      laneCount += unsigned(__builtin_popcount(lanes));
      next = instruction.run(*this, instruction, lanes);
    }
    bool isCrowded = !fragments.empty();
    if (next == Next::Continue && pc >= mergePc)
      next = Next::Reschedule;
    if (isCrowded && (++turn > longTurn || polls > manyPolls)) {
      if (next == Next::Continue)
        next = Next::Reschedule;
      ++penalty;
      turn = 0;
      allPolls += polls;
      polls = 0;
    }
    if (next == Next::Continue) {
      if (polls + allPolls > 4 * manyPolls) { // the other warps' turn
        isPolling = true;
        break;
      }
      continue;
    }
    status = settle(next, instruction, lanes);
    if (status != Status::Ready)
      break;
    code = frame->code->instructions.data();
    if (allPolls > 4 * manyPolls) {
      isPolling = true;
      break;
    }
  }
  if (status == Status::Ready)
    leave();
  block.clock += uint64_t(start - budget) + 1;
  block.counters.threadInstructions += laneCount;
  return status;
}

} // namespace emulator
