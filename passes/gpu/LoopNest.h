// SPDX-License-Identifier: Apache-2.0
// Loops whose iterations may be run by different threads.
#ifndef DLC_PASSES_GPU_LOOPNEST_H
#define DLC_PASSES_GPU_LOOPNEST_H

#include "dialects/kernel/KernelOps.h"

namespace dlc::kernel {

/// Loops that are independent of each other, one inside the other. Between them
/// stand only operations that every thread can repeat.
struct LoopNest {
  /// `kernel.parallel`, `kernel.loop` or `kernel.vector_loop`, from the
  /// outermost.
  llvm::SmallVector<mlir::Operation *> loops;
  /// All their indices in the order in which threads run through them: the
  /// last one varies fastest. Lanes are last, for their accesses are next to
  /// each other.
  llvm::SmallVector<mlir::BlockArgument> indices;
  llvm::SmallVector<int64_t> extents;
  /// Those that decisions are made by (see TypicalExtents).
  llvm::SmallVector<int64_t> typicalExtents;
  /// Whether some extent is that of one size of several.
  bool isDynamic = false;

  int64_t getNumIterations() const;
  int64_t getTypicalIterations() const;
  /// Adds the loop \p op, which is inside the others.
  void push(mlir::Operation *op);
  mlir::Block &getBody() const { return loops.back()->getRegion(0).front(); }
  /// Whether one of the loops is a `kernel.vector_loop`.
  bool hasLanes() const;
};

/// The largest nest that begins with \p loop, whose own iterations are known to
/// be independent.
LoopNest getLoopNest(mlir::Operation *loop);

/// Whether no iteration of \p op reads or writes what another one writes. Says
/// no where that isn't plain from the subscripts. At all sizes of the kernel
/// where kTraitsAttr tells.
bool isIndependent(LoopOp op);

/// The extents of a loop.
llvm::SmallVector<int64_t> getLoopExtents(mlir::Operation *loop);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_LOOPNEST_H
