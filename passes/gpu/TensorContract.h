// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores.
#ifndef DLC_PASSES_GPU_TENSORCONTRACT_H
#define DLC_PASSES_GPU_TENSORCONTRACT_H

#include "passes/gpu/BlockContract.h"
#include "passes/gpu/TensorUnit.h"

namespace dlc::kernel {

/// Sums of f32, or of integers of 8 bits that come in words. Each warp has a
/// part of the tile and multiplies it in pieces of 16 x 8 by `mma.sync`; shared
/// memory holds several stages of the depth, of which the later ones are still
/// being copied while the first is used.
class TensorContract : public BlockContract {
public:
  TensorContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);

  /// The memory for sums that emitPart() needs.
  mlir::MemRefType getPartialsType() const;
  /// Emits the part of a tile that is block number \p index, where a tile's
  /// depth is shared: sums of the part's steps, which go to \p partials, in
  /// phase 0, and in phase 1 its share of the tile's results.
  mlir::LogicalResult emitPart(mlir::Value index, mlir::Value phase,
                               mlir::Value partials);

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
  /// The first row or column of the warp of \p thread.
  mlir::Value getWarpOffset(mlir::Value thread, bool isLhs);
  /// Threads of a slice of the depth.
  int64_t getSliceThreads() const {
    return 32 * tile.shareRows * tile.shareColumns;
  }
  mlir::Value getSlice();
  mlir::Value getLaneAddress(const Operand &operand);
  llvm::SmallVector<mlir::Value> loadSquares(const Operand &operand,
                                             mlir::Value stage, int64_t piece,
                                             int64_t step);
  /// What a lane needs of eight steps: t and then t + 4, each for rows g and
  /// g + 8 or for column g.
  llvm::SmallVector<mlir::Value> loadEight(const Operand &operand,
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
  /// The sum number \p index of the thread \p thread, which is \p value.
  Sum placeSum(mlir::Value thread, mlir::Value index, mlir::Value value);
  /// The sums over the block's steps that the thread has: those from number
  /// getFirstSum() on, of all that it and the threads of the other slices have.
  llvm::SmallVector<mlir::Value> emitProducts(const Position &at);
  mlir::Value getFirstSum();
  /// The sums of a warp's lane, and those that are left to it by other slices.
  int64_t getNumSums() const;
  int64_t getNumOwnSums() const { return getNumSums() / tile.slices; }
  /// Adds the sums of all slices up; each of them gets some of the results.
  llvm::SmallVector<mlir::Value> addSlices(llvm::ArrayRef<mlir::Value> values);

  // Parts of the depth (TensorParts.cpp).
  mlir::Value getPartialStart(mlir::Value tileNumber, mlir::Value part);
  /// Stores the thread's \p sums in \p partials, in the tile's from \p start
  /// on.
  void storePartials(mlir::Value start, mlir::Value partials,
                     llvm::ArrayRef<mlir::Value> sums);
  /// Adds up the sums of all parts of a tile that are \p part's.
  llvm::SmallVector<Sum> addPartials(mlir::Value tileNumber, mlir::Value part,
                                     mlir::Value partials);

  TensorUnit unit;
  bool isAsynchronous = false;
  int64_t numStages = 1;
  /// Those steps that the block multiplies, and how many these are at most.
  mlir::Value begin, end;
  int64_t numSteps;
  Operand lhs, rhs;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_TENSORCONTRACT_H
