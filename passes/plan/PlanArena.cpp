// SPDX-License-Identifier: Apache-2.0
// plan-arena: lives of slots in, offsets out.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::device;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANARENA
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

namespace {
struct PlanArena : dlc::plan::impl::PlanArenaBase<PlanArena> {
  using PlanArenaBase::PlanArenaBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (alignment <= 0 || !llvm::isPowerOf2_64(alignment)) {
      program.emitOpError("cannot be planned: the option 'alignment' has to be "
                          "a power of two");
      return signalPassFailure();
    }
    dlc::plan::Liveness liveness(program);
    SmallVector<SlotOp> slots;
    SmallVector<dlc::plan::Interval> intervals, spans;
    for (auto slot :
         llvm::make_early_inc_range(program.getBody().getOps<SlotOp>())) {
      if (!liveness.isUsed(slot.getResult())) {
        eraseWithViews(slot);
        continue;
      }
      if (slot.getDevice() != 0) {
        slot.emitOpError("is on device ")
            << slot.getDevice() << ", but only device 0 has an arena";
        return signalPassFailure();
      }
      slots.push_back(slot);
      intervals.push_back(liveness.getLife(slot));
      spans.push_back(liveness.getInterval(slot));
    }

    dlc::plan::Placement placement =
        dlc::plan::assignOffsets(intervals, alignment);
    for (auto [slot, offset] : llvm::zip(slots, placement.offsets))
      slot.setOffset(offset);
    if (program.isDynamic())
      stack(slots, intervals);
    int64_t bound = dlc::plan::getLowerBound(spans);
    program.setArenaBytes(placement.size);
    program.setArenaAlignment(alignment);
    program.setArenaLowerBound(bound);
    arenaBytes = placement.size;
    lowerBoundBytes = bound;
  }

  /// Makes each slot lie above those that are alive with it and have lower
  /// places: this order keeps them apart at all sizes.
  static void stack(SmallVector<SlotOp> slots,
                    ArrayRef<dlc::plan::Interval> intervals);

  /// Erases \p op, whose result only views use, and these.
  static void eraseWithViews(Operation *op) {
    for (Operation *view : llvm::make_early_inc_range(op->getUsers()))
      eraseWithViews(view);
    op->erase();
  }
};
} // namespace

void PlanArena::stack(SmallVector<SlotOp> slots,
                      ArrayRef<dlc::plan::Interval> intervals) {
  SmallVector<unsigned> order =
      llvm::to_vector(llvm::seq<unsigned>(0, slots.size()));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(*slots[a].getOffset(), a) <
           std::pair(*slots[b].getOffset(), b);
  });
  // Which slots each is above, directly or through others.
  SmallVector<llvm::BitVector> below(slots.size(),
                                     llvm::BitVector(slots.size()));
  for (auto [rank, slot] : llvm::enumerate(order)) {
    SmallVector<Value> direct;
    for (unsigned other : llvm::reverse(ArrayRef(order).take_front(rank))) {
      if (!intervals[slot].overlaps(intervals[other]) ||
          below[slot].test(other))
        continue;
      direct.push_back(slots[other].getResult());
      below[slot] |= below[other];
      below[slot].set(other);
    }
    slots[slot].getAboveMutable().assign(direct);
  }
  // Slots are named before they are used.
  Block *block = slots.empty() ? nullptr : slots.front()->getBlock();
  for (unsigned slot : llvm::reverse(order))
    slots[slot]->moveBefore(block, block->begin());
}
