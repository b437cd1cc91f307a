// SPDX-License-Identifier: Apache-2.0
// plan-inplace: outputs take the slots of inputs that die.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

using namespace mlir;
using namespace dlc::device;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANINPLACE
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

/// True where \p launch may write output \p output over input \p input, whose
/// last use it is: no other input may have the same root unless it is allowed
/// to share with the same output, and no other output may have it already.
static bool canShare(LaunchOp launch, unsigned input, unsigned output) {
  Value root = getRoot(launch.getInputs()[input]);
  for (auto [i, other] : llvm::enumerate(launch.getInputs()))
    if (getRoot(other) == root && !launch.isInplace(i, output))
      return false;
  return llvm::none_of(launch.getOutputs(),
                       [&](Value other) { return getRoot(other) == root; });
}

namespace {
struct PlanInplace : dlc::plan::impl::PlanInplaceBase<PlanInplace> {
  void runOnOperation() override {
    dlc::plan::Liveness liveness(getOperation());
    // The last step of slots that have taken over the life of another.
    llvm::DenseMap<Value, unsigned> lastStep;
    for (LaunchOp launch : liveness.getLaunches()) {
      ArrayAttr pairs = launch.getInplaceAttr();
      if (!pairs)
        continue;
      for (Attribute attr : pairs) {
        ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
        Value source = getRoot(launch.getInputs()[pair[0]]);
        Value target = getRoot(launch.getOutputs()[pair[1]]);
        auto slot = target.getDefiningOp<SlotOp>();
        // Parts of a slot have neighbours with lives of their own.
        if (!slot || !source.getDefiningOp<SlotOp>() ||
            !isWholeRoot(launch.getInputs()[pair[0]]) ||
            !isWholeRoot(launch.getOutputs()[pair[1]]) ||
            slot.getDevice() != source.getDefiningOp<SlotOp>().getDevice())
          continue;
        auto known = lastStep.find(source);
        unsigned last = known != lastStep.end()
                            ? known->second
                            : liveness.getSpan(source).second;
        // The output is written here first: it has no earlier life.
        auto [targetFirst, targetLast] = liveness.getSpan(target);
        unsigned step = liveness.getStep(launch);
        if (last != step || targetFirst != step ||
            !canShare(launch, pair[0], pair[1]))
          continue;
        share(slot, source);
        lastStep[source] = targetLast;
        ++numShared;
      }
    }
  }

  /// Replaces \p slot by a view of the slot \p source.
  static void share(SlotOp slot, Value source) {
    if (slot->isBeforeInBlock(source.getDefiningOp()))
      source.getDefiningOp()->moveBefore(slot);
    Value replacement = source;
    if (source.getType() != slot.getType()) {
      OpBuilder builder(slot);
      replacement =
          ViewOp::create(builder, slot.getLoc(), slot.getType(), source);
    }
    slot.getResult().replaceAllUsesWith(replacement);
    slot.erase();
  }
};
} // namespace
