// SPDX-License-Identifier: Apache-2.0
// plan-verify: closes the planning phase.
#include "passes/plan/Conflicts.h"
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <map>

using namespace mlir;
using namespace dlc::device;
using dlc::plan::Interval;
using dlc::plan::Liveness;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANVERIFY
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

/// The bytes [begin, end) of the arena that \p slot takes.
static std::pair<int64_t, int64_t> getRange(SlotOp slot) {
  return {*slot.getOffset(),
          *slot.getOffset() + getBufferBytes(slot.getResult())};
}

static bool intersect(std::pair<int64_t, int64_t> a,
                      std::pair<int64_t, int64_t> b) {
  return std::max(a.first, b.first) < std::min(a.second, b.second);
}

/// Whether \p slot lies above \p other, maybe with others between them.
static bool isAbove(SlotOp slot, SlotOp other,
                    llvm::SmallPtrSetImpl<Operation *> &seen) {
  for (Value value : slot.getAbove()) {
    auto below = value.getDefiningOp<SlotOp>();
    if (below == other ||
        (seen.insert(below).second && isAbove(below, other, seen)))
      return true;
  }
  return false;
}

namespace {
/// The slots that are used, and which of them may share memory.
class Lives {
public:
  explicit Lives(const Liveness &liveness) : liveness(liveness) {}

  void add(SlotOp slot) {
    slots.push_back(slot);
    lives.push_back(liveness.getLife(slot));
  }
  ArrayRef<SlotOp> getSlots() const { return slots; }
  bool areApart(size_t i, size_t j) const {
    return !lives[i].overlaps(lives[j]) ||
           liveness.areApart(slots[i], slots[j]);
  }

private:
  const Liveness &liveness;
  SmallVector<SlotOp> slots;
  SmallVector<Interval> lives;
};
} // namespace

/// Where sizes change, slots alive at once are stacked on each other.
static LogicalResult verifyStacks(const Lives &lives) {
  ArrayRef<SlotOp> slots = lives.getSlots();
  for (size_t i = 0; i < slots.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      SlotOp slot = slots[i], other = slots[j];
      if (lives.areApart(i, j))
        continue;
      llvm::SmallPtrSet<Operation *, 16> seen, seenOfOther;
      if (isAbove(slot, other, seen) || isAbove(other, slot, seenOfOther))
        continue;
      return (slot.emitOpError("isn't above or below another slot while both "
                               "are alive"))
                 .attachNote(other.getLoc())
             << "the other slot";
    }
  return success();
}

/// Every used slot has a place, apart from the others alive with it.
static LogicalResult verifySlots(ProgramOp program, const Liveness &liveness) {
  Lives lives(liveness);
  for (auto slot : program.getBody().getOps<SlotOp>()) {
    if (!slot.getOffset() || !program.getArenaBytes())
      return slot.emitOpError("has no place in the arena");
    if (liveness.isUsed(slot.getResult()))
      lives.add(slot);
  }
  ArrayRef<SlotOp> slots = lives.getSlots();
  for (size_t i = 0; i < slots.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      SlotOp slot = slots[i], other = slots[j];
      if (lives.areApart(i, j) || other.getDevice() != slot.getDevice() ||
          !intersect(getRange(slot), getRange(other)))
        continue;
      return (slot.emitOpError("overlaps another slot while both are alive"))
                 .attachNote(other.getLoc())
             << "the other slot";
    }
  return program.isDynamic() ? verifyStacks(lives) : success();
}

/// Launches on different queues don't touch the same bytes at once.
static LogicalResult verifyOrder(ProgramOp program, const LaunchOrder &order,
                                 const Liveness &liveness) {
  if (order.getNumQueues() < 2)
    return success();
  for (const dlc::plan::Conflict &conflict :
       dlc::plan::findConflicts(program)) {
    if (order.isBefore(conflict.first, conflict.second))
      continue;
    LaunchOp other = liveness.getLaunches()[conflict.first];
    LaunchOp launch = liveness.getLaunches()[conflict.second];
    return (launch.emitOpError("may run while another launch, on queue ")
            << other.getQueue() << ", reads or writes the same bytes")
               .attachNote(other.getLoc())
           << "the other launch";
  }
  return success();
}

/// Every weight has a place; two overlap only if they are the same bytes.
static LogicalResult verifyWeights(ProgramOp program) {
  SmallVector<WeightsOp> sorted;
  for (auto weights : program.getBody().getOps<WeightsOp>()) {
    if (!weights.getOffset() || !program.getWeightsBytes())
      return weights.emitOpError("has no place in the weights image");
    if (getBufferBytes(weights.getResult()) > 0)
      sorted.push_back(weights);
  }
  llvm::sort(sorted, [](WeightsOp a, WeightsOp b) {
    return std::pair(*a.getOffset(), getBufferBytes(a.getResult())) <
           std::pair(*b.getOffset(), getBufferBytes(b.getResult()));
  });
  int64_t end = 0;
  for (auto [i, weights] : llvm::enumerate(sorted)) {
    int64_t offset = *weights.getOffset();
    bool isShared = i > 0 && sorted[i - 1].getOffset() == weights.getOffset() &&
                    getBufferBytes(sorted[i - 1].getResult()) ==
                        getBufferBytes(weights.getResult());
    if (offset < end && !isShared)
      return weights.emitOpError("overlaps other weights");
    end = std::max(end, offset + getBufferBytes(weights.getResult()));
  }
  return success();
}

/// What \p launch writes is its to write.
static LogicalResult verifyWrites(ProgramOp program, LaunchOp launch) {
  SmallVector<BufferRange> written;
  for (auto [j, output] : llvm::enumerate(launch.getOutputs())) {
    BufferRange range = getRange(output);
    if (range.root.getDefiningOp<WeightsOp>())
      return launch.emitOpError("writes weights");
    if (llvm::is_contained(program.getInputs(), range.root))
      return launch.emitOpError("writes an input of the program");
    if (llvm::any_of(written, [&](const BufferRange &other) {
          return other.overlaps(range);
        }))
      return launch.emitOpError("writes a buffer twice");
    written.push_back(range);
    for (auto [i, input] : llvm::enumerate(launch.getInputs())) {
      BufferRange read = getRange(input);
      if (!read.overlaps(range))
        continue;
      if (!launch.isInplace(i, j))
        return launch.emitOpError("writes output ")
               << j << " over input " << i << ", which its 'inplace' does not "
               << "allow";
      if (read.begin != range.begin)
        return launch.emitOpError("writes output ")
               << j << " over a part of input " << i;
    }
  }
  return success();
}

namespace {
/// Which bytes of which roots have been written.
class WrittenBytes {
public:
  void add(const BufferRange &range) {
    auto &ends = written[range.root];
    int64_t begin = range.begin, end = range.end;
    // Takes over what touches the range.
    auto it = ends.upper_bound(begin);
    if (it != ends.begin() && std::prev(it)->second >= begin)
      --it;
    while (it != ends.end() && it->first <= end) {
      begin = std::min(begin, it->first);
      end = std::max(end, it->second);
      it = ends.erase(it);
    }
    ends[begin] = end;
  }

  bool contains(const BufferRange &range) const {
    auto found = written.find(range.root);
    if (range.getSize() == 0)
      return true;
    if (found == written.end())
      return false;
    auto it = found->second.upper_bound(range.begin);
    return it != found->second.begin() && std::prev(it)->second >= range.end;
  }

private:
  /// For each root, where its written runs begin and end.
  llvm::DenseMap<Value, std::map<int64_t, int64_t>> written;
};
} // namespace

/// Launches depend on counted dims that are known by then, \p known.
static LogicalResult verifyCounts(ProgramOp program, LaunchOp launch,
                                  const llvm::SmallBitVector &known) {
  unsigned first = program.getNumChosenDims();
  auto verify = [&](std::optional<AffineMap> map) -> LogicalResult {
    for (unsigned i = 0; map && i < known.size(); ++i)
      if (!known.test(i) && map->getResult(0).isFunctionOfSymbol(first + i))
        return launch.emitOpError("depends on the dim ")
               << cast<DimAttr>((*program.getDims())[first + i]).getName()
               << " before it is counted";
    return success();
  };
  if (failed(verify(launch.getDynamicFlops())))
    return failure();
  for (Value buffer : launch->getOperands())
    for (; auto view = buffer.getDefiningOp<ViewOp>();
         buffer = view.getSource())
      if (failed(verify(view.getDynamicOffset())))
        return failure();
  return success();
}

/// Buffers are written before they are read, outputs are written at all.
static LogicalResult verifyFlow(ProgramOp program) {
  WrittenBytes written;
  llvm::SmallBitVector known(program.isDynamic()
                                 ? program.getDims()->size() -
                                       program.getNumChosenDims()
                                 : 0);
  auto isReady = [&](BufferRange range) {
    return range.root.getDefiningOp<WeightsOp>() ||
           llvm::is_contained(program.getInputs(), range.root) ||
           written.contains(range);
  };
  for (Operation &op : program.getBody().front()) {
    if (auto count = dyn_cast<CountOp>(op)) {
      if (!isReady(getRange(count.getBuffer())))
        return count.emitOpError("reads a buffer that nothing has written");
      if (program.isDynamic())
        known.set(count.getCount());
    }
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    if (failed(verifyWrites(program, launch)) ||
        failed(verifyCounts(program, launch, known)))
      return failure();
    for (auto [i, input] : llvm::enumerate(launch.getInputs())) {
      if (!isReady(getRange(input)))
        return launch.emitOpError("reads input ")
               << i << " before anything has written it";
    }
    for (Value output : launch.getOutputs())
      written.add(getRange(output));
  }
  for (auto [output, name] :
       llvm::zip(program.getOutputs(), program.getOutputNames()))
    if (!written.contains(getRange(output)))
      return program.emitOpError("never writes its output ") << name;
  return success();
}

namespace {
struct PlanVerify : dlc::plan::impl::PlanVerifyBase<PlanVerify> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    ProgramOp program = getOperation();
    LaunchOrder order(program);
    Liveness liveness(program, order);
    if (failed(verifySlots(program, liveness)) ||
        failed(verifyWeights(program)) || failed(verifyFlow(program)) ||
        failed(verifyOrder(program, order, liveness)))
      signalPassFailure();
  }
};
} // namespace
