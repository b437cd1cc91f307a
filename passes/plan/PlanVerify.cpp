// SPDX-License-Identifier: Apache-2.0
// plan-verify: closes the planning phase.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace dlc::device;
using dlc::plan::Interval;
using dlc::plan::Liveness;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANVERIFY
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

static int64_t getBytes(Value buffer) {
  return getSizeInBytes(cast<MemRefType>(buffer.getType())).value_or(0);
}

/// The bytes [begin, end) that \p root, with the place \p offset, takes.
static std::pair<int64_t, int64_t> getRange(Value root, int64_t offset) {
  return {offset, offset + getBytes(root)};
}

static bool intersect(std::pair<int64_t, int64_t> a,
                      std::pair<int64_t, int64_t> b) {
  return std::max(a.first, b.first) < std::min(a.second, b.second);
}

/// Every used slot has a place, apart from the others alive with it.
static LogicalResult verifySlots(ProgramOp program, const Liveness &liveness) {
  SmallVector<SlotOp> slots;
  for (auto slot : program.getBody().getOps<SlotOp>()) {
    if (!slot.getOffset() || !program.getArenaBytes())
      return slot.emitOpError("has no place in the arena");
    if (liveness.isUsed(slot.getResult()))
      slots.push_back(slot);
  }
  for (auto [i, slot] : llvm::enumerate(slots)) {
    Interval life = liveness.getInterval(slot);
    for (SlotOp other : ArrayRef(slots).take_front(i)) {
      if (other.getDevice() != slot.getDevice() ||
          !life.overlaps(liveness.getInterval(other)) ||
          !intersect(getRange(slot.getResult(), *slot.getOffset()),
                     getRange(other.getResult(), *other.getOffset())))
        continue;
      return (slot.emitOpError("overlaps another slot while both are alive"))
                 .attachNote(other.getLoc())
             << "the other slot";
    }
  }
  return success();
}

/// Every weight has a place; two overlap only if they are the same bytes.
static LogicalResult verifyWeights(ProgramOp program) {
  SmallVector<WeightsOp> sorted;
  for (auto weights : program.getBody().getOps<WeightsOp>()) {
    if (!weights.getOffset() || !program.getWeightsBytes())
      return weights.emitOpError("has no place in the weights image");
    if (getBytes(weights.getResult()) > 0)
      sorted.push_back(weights);
  }
  llvm::sort(sorted, [](WeightsOp a, WeightsOp b) {
    return std::pair(*a.getOffset(), getBytes(a.getResult())) <
           std::pair(*b.getOffset(), getBytes(b.getResult()));
  });
  int64_t end = 0;
  for (auto [i, weights] : llvm::enumerate(sorted)) {
    int64_t offset = *weights.getOffset();
    bool isShared =
        i > 0 && sorted[i - 1].getOffset() == weights.getOffset() &&
        getBytes(sorted[i - 1].getResult()) == getBytes(weights.getResult());
    if (offset < end && !isShared)
      return weights.emitOpError("overlaps other weights");
    end = std::max(end, offset + getBytes(weights.getResult()));
  }
  return success();
}

/// What \p launch writes is its to write.
static LogicalResult verifyWrites(ProgramOp program, LaunchOp launch) {
  llvm::SmallDenseSet<Value> written;
  for (auto [j, output] : llvm::enumerate(launch.getOutputs())) {
    Value root = getRoot(output);
    if (root.getDefiningOp<WeightsOp>())
      return launch.emitOpError("writes weights");
    if (llvm::is_contained(program.getInputs(), root))
      return launch.emitOpError("writes an input of the program");
    if (!written.insert(root).second)
      return launch.emitOpError("writes a buffer twice");
    for (auto [i, input] : llvm::enumerate(launch.getInputs()))
      if (getRoot(input) == root && !launch.isInplace(i, j))
        return launch.emitOpError("writes output ")
               << j << " over input " << i << ", which its 'inplace' does not "
               << "allow";
  }
  return success();
}

/// Buffers are written before they are read, outputs are written at all.
static LogicalResult verifyFlow(ProgramOp program, const Liveness &liveness) {
  llvm::DenseSet<Value> written;
  for (LaunchOp launch : liveness.getLaunches()) {
    if (failed(verifyWrites(program, launch)))
      return failure();
    for (auto [i, input] : llvm::enumerate(launch.getInputs())) {
      Value root = getRoot(input);
      bool isGiven = root.getDefiningOp<WeightsOp>() ||
                     llvm::is_contained(program.getInputs(), root);
      if (!isGiven && !written.contains(root))
        return launch.emitOpError("reads input ")
               << i << " before anything has written it";
    }
    for (Value output : launch.getOutputs())
      written.insert(getRoot(output));
  }
  for (auto [output, name] :
       llvm::zip(program.getOutputs(), program.getOutputNames()))
    if (!written.contains(output) && getBytes(output) > 0)
      return program.emitOpError("never writes its output ") << name;
  return success();
}

namespace {
struct PlanVerify : dlc::plan::impl::PlanVerifyBase<PlanVerify> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    ProgramOp program = getOperation();
    Liveness liveness(program);
    if (failed(verifySlots(program, liveness)) ||
        failed(verifyWeights(program)) || failed(verifyFlow(program, liveness)))
      signalPassFailure();
  }
};
} // namespace
