// SPDX-License-Identifier: Apache-2.0
// plan-weights: equal constants once, in the order of use.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"
#include "passes/plan/WeightsPlacement.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::device;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANWEIGHTS
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

/// The weights that launches use, in the order of first use.
static llvm::SetVector<WeightsOp> collectUsed(ArrayRef<LaunchOp> launches) {
  llvm::SetVector<WeightsOp> used;
  for (LaunchOp launch : launches)
    for (Value input : launch.getInputs())
      if (auto weights = getRoot(input).getDefiningOp<WeightsOp>())
        used.insert(weights);
  return used;
}

namespace {
struct PlanWeights : dlc::plan::impl::PlanWeightsBase<PlanWeights> {
  using PlanWeightsBase::PlanWeightsBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (alignment <= 0 || !llvm::isPowerOf2_64(alignment)) {
      program.emitOpError("cannot be planned: the option 'alignment' has to be "
                          "a power of two");
      return signalPassFailure();
    }
    dlc::plan::Liveness liveness(program);
    llvm::SetVector<WeightsOp> used = collectUsed(liveness.getLaunches());
    dlc::plan::WeightsPlacement placement(alignment);
    for (WeightsOp weights : used)
      if (failed(placement.place(weights)))
        return signalPassFailure();
    program.setWeightsBytes(placement.getSize());
    imageBytes = placement.getSize();
    numShared = placement.getNumShared();
    eraseUnused(program, used);
  }

private:
  static void eraseUnused(ProgramOp program,
                          const llvm::SetVector<WeightsOp> &used) {
    // Backwards: views before what they are views of.
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(program.getBody().front())))
      if ((isa<ViewOp>(op) && op.use_empty()) ||
          (isa<WeightsOp>(op) && !used.contains(cast<WeightsOp>(op))))
        op.erase();
  }
};
} // namespace
