// SPDX-License-Identifier: Apache-2.0
// Which launches of a program touch which buffers.
#ifndef DLC_PASSES_PLAN_LIVENESS_H
#define DLC_PASSES_PLAN_LIVENESS_H

#include "dialects/device/DeviceOps.h"
#include "passes/plan/OffsetAssignment.h"
#include "llvm/ADT/DenseMap.h"

namespace dlc::plan {

/// The launches of a program in order, and the span of each buffer: from the
/// first launch that touches it, directly or through a view, to the last one.
/// Buffers are roots: slots, weights and arguments. Not kept up to date when
/// the program changes.
class Liveness {
public:
  explicit Liveness(device::ProgramOp program);

  llvm::ArrayRef<device::LaunchOp> getLaunches() const { return launches; }

  /// The number of \p launch in the order of execution.
  unsigned getStep(device::LaunchOp launch) const {
    return steps.lookup(launch);
  }

  /// True where some launch touches \p root.
  bool isUsed(mlir::Value root) const { return spans.contains(root); }

  /// The first and last step that touch \p root, which is used.
  std::pair<unsigned, unsigned> getSpan(mlir::Value root) const {
    return spans.lookup(root);
  }

  /// The life of \p slot, which is used.
  Interval getInterval(device::SlotOp slot) const;

private:
  llvm::SmallVector<device::LaunchOp> launches;
  llvm::DenseMap<mlir::Operation *, unsigned> steps;
  llvm::DenseMap<mlir::Value, std::pair<unsigned, unsigned>> spans;
};

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_LIVENESS_H
