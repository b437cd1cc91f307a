// SPDX-License-Identifier: Apache-2.0
// plan-arena: lives of slots in, offsets out.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

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
    SmallVector<dlc::plan::Interval> intervals;
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
      intervals.push_back(liveness.getInterval(slot));
    }

    dlc::plan::Placement placement =
        dlc::plan::assignOffsets(intervals, alignment);
    for (auto [slot, offset] : llvm::zip(slots, placement.offsets))
      slot.setOffset(offset);
    int64_t bound = dlc::plan::getLowerBound(intervals);
    program.setArenaBytes(placement.size);
    program.setArenaAlignment(alignment);
    program.setArenaLowerBound(bound);
    arenaBytes = placement.size;
    lowerBoundBytes = bound;
  }

  /// Erases \p op, whose result only views use, and these.
  static void eraseWithViews(Operation *op) {
    for (Operation *view : llvm::make_early_inc_range(op->getUsers()))
      eraseWithViews(view);
    op->erase();
  }
};
} // namespace
