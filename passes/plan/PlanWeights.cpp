// SPDX-License-Identifier: Apache-2.0
// plan-weights: equal constants once, in the order of use.
#include "passes/plan/Liveness.h"
#include "passes/plan/Passes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"
#include <map>

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
    for (WeightsOp weights : used)
      if (failed(place(weights)))
        return signalPassFailure();
    program.setWeightsBytes(size);
    imageBytes = size;
    eraseUnused(program, used);
  }

private:
  /// Gives \p weights the offset of equal ones, or the next free one.
  LogicalResult place(WeightsOp weights) {
    SmallVector<char, 0> storage;
    FailureOr<ArrayRef<char>> bytes = getBytes(weights.getValue(), storage);
    if (failed(bytes))
      return weights.emitOpError("has no data");
    Key key(bytes->size(), llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
                               reinterpret_cast<const uint8_t *>(bytes->data()),
                               bytes->size())));
    for (auto [it, end] = placed.equal_range(key); it != end; ++it) {
      SmallVector<char, 0> otherStorage;
      if (*getBytes(it->second.getValue(), otherStorage) != *bytes)
        continue;
      weights.setOffset(it->second.getOffset());
      ++numShared;
      return success();
    }
    int64_t offset = llvm::alignTo(size, alignment);
    std::optional<int64_t> end =
        llvm::checkedAdd<int64_t>(offset, bytes->size());
    if (!end)
      return weights.emitOpError("makes the weights larger than 2^63 bytes");
    weights.setOffset(offset);
    size = *end;
    placed.emplace(key, weights);
    return success();
  }

  static void eraseUnused(ProgramOp program,
                          const llvm::SetVector<WeightsOp> &used) {
    // Backwards: views before what they are views of.
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(program.getBody().front())))
      if ((isa<ViewOp>(op) && op.use_empty()) ||
          (isa<WeightsOp>(op) && !used.contains(cast<WeightsOp>(op))))
        op.erase();
  }

  using Key = std::pair<size_t, uint64_t>; // size and hash of the bytes
  std::multimap<Key, WeightsOp> placed;
  int64_t size = 0;
};
} // namespace
