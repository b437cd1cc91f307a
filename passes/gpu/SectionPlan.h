// SPDX-License-Identifier: Apache-2.0
// How the sections of a kernel become parts of a grid.
#ifndef DLC_PASSES_GPU_SECTIONPLAN_H
#define DLC_PASSES_GPU_SECTIONPLAN_H

#include "passes/gpu/NestAccess.h"
#include <vector>

namespace dlc::kernel {

/// A part of a grid: what consecutive blocks of it do.
struct GridPart {
  enum Kind {
    Threads,    ///< each iteration of `nest`, or a few of them, is a thread
    Transposed, ///< each tile of `transposition` is a block
    Blocks,     ///< each task of the `kernel.parallel` is a team of blocks
    Groups,     ///< each `lanes` iterations of `nest` are one
    Tiles,      ///< each tile of the `kernel.contract` is a block
    Attention   ///< each tile of the `kernel.attend` is a block
  } kind;
  mlir::Operation *section;
  LoopNest nest = {}; ///< of Threads, Transposed and Groups
  WideAccess wide = {};
  Transposition transposition = {};
  int64_t lanes = 1; ///< neighbouring threads, each with an iteration of Groups
  int64_t team = 1;  ///< blocks that share a task or group

  /// How many threads run `nest`.
  int64_t getNumThreads() const { return nest.getNumIterations() / wide.width; }

  /// How many tasks, or groups of iterations, Blocks and Groups typically have.
  int64_t getTypicalTasks() const;

  /// How many threads a block has use for.
  int64_t getUsefulThreads() const;
};

/// The parts that the sections in \p block become.
std::vector<GridPart> planSections(mlir::Block &block);

/// Lets threads of \p parts access memory in larger pieces, where that is of
/// use on a chip with so many \p multiprocessors.
void planAccesses(llvm::MutableArrayRef<GridPart> parts,
                  int64_t multiprocessors);

/// The nest of loops that the threads of a block share when they meet
/// \p loop inside a task; nothing where every thread has to run all of it, with
/// what is inside shared.
std::optional<LoopNest> getSharedNest(mlir::Operation *loop);

/// Whether \p loop is a `kernel.vector_loop` of few lanes with long reductions,
/// whose lanes are worth several threads each.
bool lanesHaveGroups(mlir::Operation *loop);

/// The scratch memory that \p op and the operations inside it use.
llvm::SmallVector<ScratchOp> getScratch(mlir::Operation *op);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_SECTIONPLAN_H
