// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores.
#ifndef DLC_PASSES_GPU_TENSORCONTRACT_H
#define DLC_PASSES_GPU_TENSORCONTRACT_H

#include "passes/gpu/BlockContract.h"
#include "passes/gpu/TensorUnit.h"

namespace dlc::kernel {

/// Sums of f32. Each warp has a part of the tile and multiplies it in pieces of
/// 16 x 8 by `mma.sync`; shared memory holds several stages of the depth, of
/// which the later ones are still being copied while the first is used.
class TensorContract : public BlockContract {
public:
  TensorContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);

protected:
  llvm::SmallVector<Sum> emitSums(const Position &at) override;
  int64_t getAdjacentSums() const override;

private:
  /// Elements that a thread copies.
  struct Chunk {
    mlir::Value place; ///< in a stage
    mlir::Value base;  ///< their address at the beginning of k
    mlir::Value step;
    mlir::Value inBounds; ///< of rows or columns; null: always
    mlir::Value isOwn;    ///< whether the thread has such a chunk; null: yes
  };
  /// How an operand's part of a tile lies in shared memory, and how it gets
  /// there.
  struct Operand {
    bool isLhs;
    int64_t width; ///< rows or columns
    /// Whether the steps of a row or column are side by side; else the rows or
    /// columns of a step are.
    bool isDepthFirst;
    int64_t pitch;  ///< elements between two rows, columns or steps
    int64_t vector; ///< elements that are copied at once
    bool isVectorInDepth;
    llvm::SmallVector<Chunk> chunks;
    bool hasOneStep; ///< all chunks of a thread are of one step
    mlir::Value memory;
    mlir::Value lane; ///< where a lane's first element is, in a stage
    /// The offset of each `tableSteps` steps; null: offsets are computed.
    mlir::Value table;
    int64_t tableSteps;
  };
  Operand planOperand(bool isLhs);
  int64_t getStageSize(const Operand &operand) const;
  void planChunks(const Position &at, Operand &operand);
  int64_t planTable(const Operand &operand);
  /// Computes the offsets that the table of \p operand has, if it has one.
  void fillTable(const Operand &operand);
  /// How far step \p stepInStage of the stage from \p firstStep on is from the
  /// beginning of k.
  mlir::Value getOffset(const Operand &operand, mlir::Value firstStep,
                        mlir::Value stepInStage);
  /// The offsets of the operands whose chunks have one, of a stage.
  llvm::SmallVector<mlir::Value> getOffsets(mlir::Value firstStep);
  /// Copies what belongs to the steps from \p firstStep on to \p stage.
  void copyStages(mlir::Value firstStep, mlir::Value stage,
                  llvm::ArrayRef<mlir::Value> offsets);
  void copyStage(const Operand &operand, mlir::Value firstStep,
                 mlir::Value stage, mlir::Value offset);
  /// Copies a chunk, or zeros where \p isThere isn't true; null: it is.
  void copyChunk(const Operand &operand, mlir::Value address, mlir::Value place,
                 mlir::Value isThere);
  void copyInThread(const Operand &operand, mlir::Value address,
                    mlir::Value place);
  mlir::Value getNextStage(mlir::Value stage);
  /// Adds the products of \p stage to \p sums. The first \p pieces are in
  /// registers already; returns those of \p nextStage, which \p awaitNext waits
  /// for.
  llvm::SmallVector<mlir::Value>
  multiplyStage(mlir::Value stage, mlir::Value nextStage,
                llvm::SmallVector<mlir::Value> pieces,
                llvm::MutableArrayRef<mlir::Value> sums,
                llvm::function_ref<void()> awaitNext);
  /// Adds the products of all steps to \p sums, while later stages come.
  llvm::SmallVector<mlir::Value> emitPipeline(llvm::ArrayRef<mlir::Value> sums);
  /// Likewise, one stage after the other.
  llvm::SmallVector<mlir::Value> emitInTurn(llvm::ArrayRef<mlir::Value> sums);

  // Pieces (TensorPieces.cpp).
  /// Rows or columns that a warp has, in pieces.
  int64_t getNumPieces(bool isLhs) const;
  /// The first row or column of the warp.
  mlir::Value getWarpOffset(bool isLhs);
  /// Threads of a slice of the depth.
  int64_t getSliceThreads() const {
    return 32 * tile.shareRows * tile.shareColumns;
  }
  mlir::Value getSlice();
  mlir::Value getLaneAddress(const Operand &operand);
  /// Whether the operand is read by `ldmatrix`.
  bool usesSquares(const Operand &operand) const {
    return operand.isDepthFirst && !unit.isNarrow();
  }
  llvm::SmallVector<mlir::Value> loadSquares(const Operand &operand,
                                             mlir::Value stage, int64_t piece,
                                             int64_t step);
  llvm::SmallVector<mlir::Value> loadPiece(const Operand &operand,
                                           mlir::Value stage, int64_t piece,
                                           int64_t step);
  /// Loads what a lane needs of all pieces for one product.
  llvm::SmallVector<mlir::Value> loadPieces(mlir::Value stage, int64_t step);
  /// Adds the products of \p elements, which loadPieces() gave, to \p sums,
  /// four for each piece.
  void multiplyPieces(llvm::ArrayRef<mlir::Value> elements,
                      llvm::MutableArrayRef<mlir::Value> sums);
  llvm::SmallVector<Sum> placeSums(llvm::ArrayRef<mlir::Value> values);
  /// The sum number \p index of a thread, which is \p value.
  Sum placeSum(mlir::Value index, mlir::Value value);
  /// Adds the sums of all slices up; each of them gets a part of the results.
  llvm::SmallVector<Sum> addSlices(llvm::ArrayRef<mlir::Value> values);

  TensorUnit unit;
  bool isAsynchronous = false;
  int64_t numStages = 1;
  Operand lhs, rhs;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_TENSORCONTRACT_H
