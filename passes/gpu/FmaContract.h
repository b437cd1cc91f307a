// SPDX-License-Identifier: Apache-2.0
// Contractions on the units for multiply-adds.
#ifndef DLC_PASSES_GPU_FMACONTRACT_H
#define DLC_PASSES_GPU_FMACONTRACT_H

#include "passes/gpu/BlockContract.h"

namespace dlc::kernel {

/// Sums of any type: each thread multiplies some rows by some columns.
class FmaContract : public BlockContract {
public:
  FmaContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter)
      : BlockContract(op, tile, emitter) {}

protected:
  llvm::SmallVector<Sum> emitSums(const Position &at) override;
  int64_t getAdjacentSums() const override;

private:
  /// An element of a tile that a thread copies to shared memory.
  struct Copy {
    mlir::Value place;    ///< in shared memory
    mlir::Value base;     ///< its address at the beginning of k
    mlir::Value inBounds; ///< of the rows or columns; null: always
    mlir::Value isOwn;    ///< whether the thread has one; null: yes
    mlir::Value step;     ///< its step of the tile's depth
  };
  llvm::SmallVector<Copy> planCopies(const Position &at, bool isLhs);
  mlir::Value loadElement(const Copy &copy, mlir::Value firstStep, bool isLhs);
  void storeElement(const Copy &copy, mlir::Value element, bool isLhs);
  void multiplyTile(llvm::MutableArrayRef<mlir::Value> sums);
  mlir::Value multiplyAdd(mlir::Value row, mlir::Value column, mlir::Value sum);
  /// The values that a thread has use for at a step of the tile's depth.
  llvm::SmallVector<mlir::Value> loadFragment(int64_t step, bool isLhs);
  mlir::Value getThreadOffset(int64_t i, bool isLhs);
  int64_t getWidth(bool isLhs) { return isLhs ? tile.rows : tile.columns; }
  int64_t getShare(bool isLhs) {
    return isLhs ? tile.shareRows : tile.shareColumns;
  }

  mlir::Value lhsTile, rhsTile; ///< in shared memory: [step][row or column]
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_FMACONTRACT_H
