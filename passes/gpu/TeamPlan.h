// SPDX-License-Identifier: Apache-2.0
// How many blocks share a task.
#ifndef DLC_PASSES_GPU_TEAMPLAN_H
#define DLC_PASSES_GPU_TEAMPLAN_H

#include "passes/gpu/SectionPlan.h"

namespace dlc::kernel {

/// Threads of a block that belongs to a team.
inline constexpr int64_t kTeamThreads = 256;

/// How often \p op adds, typically.
int64_t getTrips(ReduceOp op);

/// Whether all blocks of a team share \p op; else each computes it.
bool isLong(ReduceOp op);

/// Whether one block of a team does \p op, a statement of a task: what its
/// threads share is inside of loops or branches.
bool isForOneBlock(mlir::Operation &op);

/// Whether all of \p block can be emitted for threads that share it, without
/// loops around what blocks share, and whether blocks can share it: what each
/// of them computes again in each launch stays what it was.
bool isShareable(mlir::Block &block);

/// Chooses the team of \p part, which is all of a grid, on a chip with so many
/// \p multiprocessors.
int64_t chooseTeam(const GridPart &part, int64_t multiprocessors);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_TEAMPLAN_H
