// SPDX-License-Identifier: Apache-2.0
// Contractions of few rows.
#ifndef DLC_PASSES_GPU_STREAMCONTRACT_H
#define DLC_PASSES_GPU_STREAMCONTRACT_H

#include "passes/gpu/BlockContract.h"

namespace dlc::kernel {

/// Each column is read once, so that shared memory would save nothing: threads
/// multiply what comes from memory, each four columns side by side and every so
/// many steps of k, with many loads on their way at once. Their sums are added
/// up in shared memory.
class StreamContract : public BlockContract {
public:
  StreamContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter)
      : BlockContract(op, tile, emitter) {}

  /// Whether the columns of \p op, which is of f32, can be read four at once,
  /// and how many steps there are is known.
  static bool canLower(ContractOp op);

protected:
  llvm::SmallVector<Sum> emitSums(const Position &at) override;
  int64_t getAdjacentSums() const override { return 1; }

private:
  /// Where the rows and columns of the thread are at the beginning of k.
  struct Start {
    llvm::SmallVector<mlir::Value> rows;
    mlir::Value columns;
  };
  /// Adds the products of the steps \p steps to \p sums, a vector for each row.
  void multiplySteps(const Start &start, llvm::ArrayRef<mlir::Value> steps,
                     llvm::MutableArrayRef<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> emitSteps(const Start &start);
  llvm::SmallVector<Sum> addSlices(llvm::ArrayRef<mlir::Value> sums);

  mlir::Value slice, firstColumn; ///< the thread's
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_STREAMCONTRACT_H
