// SPDX-License-Identifier: Apache-2.0
// Which launches of a program mustn't run at once.
#ifndef DLC_PASSES_PLAN_CONFLICTS_H
#define DLC_PASSES_PLAN_CONFLICTS_H

#include "dialects/device/DeviceOps.h"

namespace dlc::plan {

/// Two launches, numbered in the program's order, that touch bytes of the same
/// buffer, one of them to write.
struct Conflict {
  unsigned first, second;
  mlir::Value root;
};

/// Those of \p program, by the second launch: what it reads after it was
/// written, or writes after it was written or read. Parts of a buffer that have
/// no byte in common are no conflict; in a program with dims, where parts move,
/// all of a buffer counts as one.
llvm::SmallVector<Conflict> findConflicts(device::ProgramOp program);

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_CONFLICTS_H
