// SPDX-License-Identifier: Apache-2.0
// plan-queues: branches that leave room on a GPU run beside each other.
#include "passes/plan/Conflicts.h"
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include <map>
#include <numeric>

using namespace mlir;
using namespace dlc::device;
using namespace dlc::plan;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANQUEUES
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

//===----------------------------------------------------------------------===//
// What a launch takes
//===----------------------------------------------------------------------===//

// Estimates, about 1.5 and 1 us: cycles from the end of a launch to the end of
// the next one that has nothing to do, and how many more it is if that one has
// to wait for another queue.
static constexpr double kLaunchCycles = 2500, kWaitCycles = 1500;

// Outputs that keep a multiprocessor busy: two tiles of a product, or two
// elements for each of its threads. With half of them it waits half of the time
// for memory and for its own results, and does other launches' work then.
static constexpr double kOutputsAtOnce = 4096;

// Bytes that a multiprocessor reads or writes in a cycle, in the long run.
static constexpr double kBytesPerCycle = 13;

namespace {
/// An estimate for one launch with the chip for itself: after what each takes
/// it works, on a share of the chip.
struct Cost {
  double work;  ///< cycles
  double share; ///< at most 1

  double getCycles() const { return kLaunchCycles + work; }
};
} // namespace

/// A launch keeps as much of the chip busy as its outputs are enough for. Where
/// there is a lot to do for few outputs, kernels cut sums into parts: as long
/// as each takes as long as a launch, and at most one for each multiprocessor,
/// which is then half busy.
static Cost estimate(LaunchOp launch, GpuAttr gpu) {
  double outputs = 0, bytes = 0;
  for (Value output : launch.getOutputs())
    outputs += double(cast<MemRefType>(output.getType()).getNumElements());
  for (Value buffer : launch->getOperands())
    bytes += double(getBufferBytes(buffer));
  // Of one multiprocessor.
  double work = std::max(double(launch.getFlops()) / 2 / gpu.getFmaRate(),
                         bytes / kBytesPerCycle);
  double most = double(gpu.getMultiprocessors());
  double parts = std::clamp(work / kLaunchCycles, 1.0, most);
  double busy = std::min(std::max(outputs / kOutputsAtOnce, parts / 2), most);
  return {work / busy, busy / most};
}

//===----------------------------------------------------------------------===//
// The chip over time
//===----------------------------------------------------------------------===//

/// The share at which the chip is full: rounding mustn't keep halves apart.
static constexpr double kFull = 1.001;

namespace {
/// How much of the chip is busy when.
class Occupation {
public:
  /// The first time from \p ready on at which a launch of \p cost may begin so
  /// that there is room for its work.
  double findRoom(double ready, const Cost &cost) const {
    double begin = ready + kLaunchCycles;
    for (auto it = std::prev(busy.upper_bound(begin)); it != busy.end(); ++it) {
      if (it->first >= begin + cost.work)
        break;
      if (it->second + cost.share > kFull)
        begin = std::next(it)->first;
    }
    return begin - kLaunchCycles;
  }

  void add(double start, const Cost &cost) {
    auto begin = split(start + kLaunchCycles),
         end = split(start + cost.getCycles());
    for (auto it = begin; it != end; ++it)
      it->second += cost.share;
  }

private:
  std::map<double, double>::iterator split(double time) {
    double share = std::prev(busy.upper_bound(time))->second;
    return busy.try_emplace(time, share).first;
  }

  /// From each time on until the next. Nothing is busy from the last one on.
  std::map<double, double> busy{{0, 0}};
};

/// Queues for the launches of a program, and what they take.
struct Assignment {
  std::vector<unsigned> queues;
  double cycles = 0;
  LaunchOrder order;
};
} // namespace

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {
/// Gives each launch, in the program's order, the queue on which it begins
/// first. A launch of which the chip is full begins no sooner on another queue,
/// and stays on the one of those it depends on.
class Scheduler {
public:
  Scheduler(ArrayRef<Cost> costs, ArrayRef<SmallVector<unsigned>> before,
            unsigned most)
      : costs(costs), before(before), most(most) {
    findHeirs();
  }

  Assignment run();

private:
  void findHeirs();
  void place(unsigned launch);
  double getReady(unsigned launch, unsigned queue) const;
  bool isContinued(unsigned launch, unsigned queue) const;
  double getDelay(unsigned launch, unsigned queue) const;
  void sortQueues();

  ArrayRef<Cost> costs;
  ArrayRef<SmallVector<unsigned>> before; ///< of each launch: what it needs
  unsigned most;
  /// Which of those that need a launch has most to do before the end: this one
  /// goes on where the launch was. Itself: there is none.
  std::vector<unsigned> heirs;
  Occupation chip;
  std::vector<double> ends; ///< of the launches
  struct Queue {
    double end = 0; ///< of what is there
    std::optional<unsigned> last;
  };
  SmallVector<Queue, 4> queues{1};
  Assignment result;
};
} // namespace

void Scheduler::findHeirs() {
  // The longest way to the end that begins with a launch.
  std::vector<double> lengths(costs.size());
  heirs.resize(costs.size());
  std::iota(heirs.begin(), heirs.end(), 0);
  // From the end, so that the first of equals wins.
  for (unsigned launch = costs.size(); launch-- > 0;) {
    unsigned heir = heirs[launch];
    lengths[launch] =
        costs[launch].getCycles() + (heir == launch ? 0 : lengths[heir]);
    for (unsigned other : before[launch])
      if (heirs[other] == other || lengths[launch] >= lengths[heirs[other]])
        heirs[other] = launch;
  }
}

/// When \p queue can begin \p launch, as far as the order goes.
double Scheduler::getReady(unsigned launch, unsigned queue) const {
  double ready = queue < queues.size() ? queues[queue].end : 0;
  for (unsigned other : before[launch])
    ready = std::max(
        ready, ends[other] + (result.queues[other] == queue ? 0 : kWaitCycles));
  return ready;
}

/// Whether \p launch needs something that is on \p queue: otherwise it begins
/// a branch there.
bool Scheduler::isContinued(unsigned launch, unsigned queue) const {
  if (before[launch].empty())
    return queue == 0;
  return llvm::any_of(before[launch], [&](unsigned other) {
    return result.queues[other] == queue;
  });
}

/// By how much \p launch delays what should go on with \p queue, and could run
/// beside it.
double Scheduler::getDelay(unsigned launch, unsigned queue) const {
  if (queue >= queues.size() || !queues[queue].last ||
      !llvm::is_contained(before[launch], *queues[queue].last))
    return 0;
  unsigned heir = heirs[*queues[queue].last];
  bool fits = costs[launch].share + costs[heir].share <= kFull;
  return heir > launch && fits ? costs[launch].getCycles() : 0;
}

void Scheduler::place(unsigned launch) {
  const Cost &cost = costs[launch];
  unsigned best = 0;
  double bestStart = 0, bestPrice = std::numeric_limits<double>::max();
  unsigned numQueues = std::min<unsigned>(queues.size() + 1, most);
  for (unsigned queue = 0; queue < numQueues; ++queue) {
    double start = chip.findRoom(getReady(launch, queue), cost);
    // A branch is waited for where it begins and where it ends.
    double price = start + getDelay(launch, queue) +
                   (isContinued(launch, queue) ? 0 : 2 * kWaitCycles);
    if (price < bestPrice) {
      best = queue;
      bestStart = start;
      bestPrice = price;
    }
  }
  queues.resize(std::max<size_t>(queues.size(), best + 1));
  chip.add(bestStart, cost);
  double end = bestStart + cost.getCycles();
  queues[best] = {end, launch};
  ends.push_back(end);
  result.queues.push_back(best);
  result.cycles = std::max(result.cycles, end);
}

/// The queue with the most to do becomes the first.
void Scheduler::sortQueues() {
  std::vector<double> work(queues.size());
  for (auto [queue, cost] : llvm::zip_equal(result.queues, costs))
    work[queue] += cost.getCycles();
  std::vector<unsigned> sorted(queues.size()), numbers(queues.size());
  for (auto [i, queue] : llvm::enumerate(sorted))
    queue = i;
  llvm::sort(sorted, [&](unsigned a, unsigned b) {
    return std::pair(-work[a], a) < std::pair(-work[b], b);
  });
  for (auto [i, queue] : llvm::enumerate(sorted))
    numbers[queue] = i;
  for (unsigned &queue : result.queues)
    queue = numbers[queue];
}

Assignment Scheduler::run() {
  for (unsigned i = 0; i < costs.size(); ++i)
    place(i);
  sortQueues();
  for (unsigned i = 0; i < costs.size(); ++i)
    result.order.append(result.queues[i], before[i]);
  return std::move(result);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Branches that run at once need their memory at once. That is worth a quarter
/// more than launches in line need, or bytes that don't matter on a GPU.
static int64_t getMostGrowth(int64_t peak) {
  return std::max<int64_t>(peak / 4, 1 << 20);
}

/// Bytes that are alive at once, at most, where launches are in \p order.
static int64_t getPeak(ProgramOp program, const LaunchOrder &order) {
  Liveness liveness(program, order);
  SmallVector<Interval> lives;
  for (auto slot : program.getBody().getOps<SlotOp>())
    if (liveness.isUsed(slot.getResult()))
      lives.push_back(liveness.getLife(slot));
  return getLowerBound(lives);
}

namespace {
struct PlanQueues : dlc::plan::impl::PlanQueuesBase<PlanQueues> {
  using PlanQueuesBase::PlanQueuesBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    auto gpu = program->getParentOfType<ModuleOp>()->getAttrOfType<GpuAttr>(
        "device.gpu");
    if (!gpu || !program.getBody().getOps<CountOp>().empty())
      return;
    SmallVector<LaunchOp> launches(program.getBody().getOps<LaunchOp>());
    if (std::optional<Assignment> found = choose(program, launches, gpu))
      apply(launches, *found);
  }

  std::optional<Assignment> choose(ProgramOp program,
                                   ArrayRef<LaunchOp> launches, GpuAttr gpu);
  void apply(ArrayRef<LaunchOp> launches, const Assignment &chosen);
};
} // namespace

/// The queues for \p launches; nothing where one is as good.
std::optional<Assignment> PlanQueues::choose(ProgramOp program,
                                             ArrayRef<LaunchOp> launches,
                                             GpuAttr gpu) {
  std::vector<Cost> costs;
  for (LaunchOp launch : launches)
    costs.push_back(estimate(launch, gpu));
  std::vector<SmallVector<unsigned>> before(launches.size());
  for (const Conflict &conflict : findConflicts(program))
    before[conflict.second].push_back(conflict.first);
  Assignment single = Scheduler(costs, before, /*most=*/1).run();
  int64_t peak = getPeak(program, single.order);
  auto options = remark::RemarkOpts::name("queues").category("queues");
  for (unsigned count = most; count > 1; --count) {
    Assignment chosen = Scheduler(costs, before, count).run();
    if (chosen.cycles > single.cycles - 2 * kWaitCycles)
      return std::nullopt;
    int64_t growth = getPeak(program, chosen.order) - peak;
    bool isGood = growth <= getMostGrowth(peak);
    auto remark = isGood ? remark::passed(program.getLoc(), options)
                         : remark::missed(program.getLoc(), options);
    remark << remark::add(
        "{0} queues take {1} cycles by estimate, {2} on one; {3} bytes more "
        "are alive at once, {4}",
        chosen.order.getNumQueues(), int64_t(chosen.cycles),
        int64_t(single.cycles), growth, isGood ? "which is good" : "too many");
    if (isGood)
      return chosen;
  }
  return std::nullopt;
}

void PlanQueues::apply(ArrayRef<LaunchOp> launches, const Assignment &chosen) {
  OpBuilder builder(&getContext());
  // By the launch that others wait for.
  llvm::DenseMap<unsigned, Value> events;
  for (auto [i, queue] : llvm::enumerate(chosen.queues)) {
    LaunchOp launch = launches[i];
    launch.setQueue(queue);
    for (unsigned other : chosen.order.getWaits(i)) {
      Value &event = events[other];
      if (!event) {
        LaunchOp before = launches[other];
        builder.setInsertionPointAfter(before);
        event = RecordOp::create(builder, before.getLoc(),
                                 EventType::get(&getContext()),
                                 chosen.queues[other]);
      }
      builder.setInsertionPoint(launch);
      WaitOp::create(builder, launch.getLoc(), event, queue);
      ++numWaits;
    }
  }
  numQueues = chosen.order.getNumQueues();
}
