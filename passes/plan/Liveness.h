// SPDX-License-Identifier: Apache-2.0
// Which launches of a program touch which buffers.
#ifndef DLC_PASSES_PLAN_LIVENESS_H
#define DLC_PASSES_PLAN_LIVENESS_H

#include "dialects/device/LaunchOrder.h"
#include "passes/plan/OffsetAssignment.h"
#include "llvm/ADT/DenseMap.h"

namespace dlc::plan {

/// The launches of a program in order, and the span of each buffer: from the
/// first launch that touches it, directly or through a view, to the last one.
/// Buffers are roots: slots, weights and arguments. Not kept up to date when
/// the program changes.
class Liveness {
public:
  explicit Liveness(device::ProgramOp program)
      : Liveness(program, device::LaunchOrder(program)) {}
  /// As if its launches were in the order \p order.
  Liveness(device::ProgramOp program, device::LaunchOrder order);

  llvm::ArrayRef<device::LaunchOp> getLaunches() const { return launches; }

  /// The number of \p launch in the order of execution.
  unsigned getStep(device::LaunchOp launch) const {
    return steps.lookup(launch);
  }

  /// True where some launch touches \p root.
  bool isUsed(mlir::Value root) const { return uses.contains(root); }

  /// The first and last step that touch \p root, which is used.
  std::pair<unsigned, unsigned> getSpan(mlir::Value root) const;

  /// The span of \p slot, which is used, with its bytes.
  Interval getInterval(device::SlotOp slot) const;

  /// The life of \p slot, which is used: it goes on to the last step that may
  /// run, on another queue, while something still touches the slot. What begins
  /// later may have the slot's memory.
  Interval getLife(device::SlotOp slot) const;

  /// Whether everything that touches one of \p a and \p b, which are used, has
  /// ended when something touches the other.
  bool areApart(device::SlotOp a, device::SlotOp b) const;

private:
  /// The first and last step of a queue that touch a buffer.
  struct QueueSpan {
    unsigned queue, first, last;
  };

  void touch(mlir::Value root, unsigned step);
  bool isOver(mlir::Value root, unsigned step) const;
  bool isBefore(mlir::Value first, mlir::Value second) const;

  device::LaunchOrder order;
  llvm::SmallVector<device::LaunchOp> launches;
  llvm::DenseMap<mlir::Operation *, unsigned> steps;
  /// Of each queue that touches a root.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<QueueSpan, 1>> uses;
};

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_LIVENESS_H
