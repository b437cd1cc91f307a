// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores.
#ifndef DLC_PASSES_GPU_TENSORCONTRACT_H
#define DLC_PASSES_GPU_TENSORCONTRACT_H

#include "passes/gpu/BlockContract.h"

namespace dlc::kernel {

/// Sums of f32. Each warp has a part of the tile and multiplies it in pieces of
/// 16 x 8 by `mma.sync`; shared memory holds several stages of the depth, of
/// which the later ones are still being copied while the first is used.
///
/// f32 is as exact as from FMAs: each factor is the sum of two numbers of tf32,
/// and three of the four products are added up ("3xTF32", CUTLASS). Lower
/// precisions round the factors and need one product.
class TensorContract : public BlockContract {
public:
  TensorContract(ContractOp op, const BlockTile &tile, BlockEmitter &emitter);

protected:
  llvm::SmallVector<Sum> emitSums(const Position &at) override;

private:
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
    mlir::Value memory;
    mlir::Value table; ///< the offset of each step; may be null
    mlir::Value lane;  ///< where a lane's first element is, in a stage
  };
  /// Elements that a thread copies.
  struct Chunk {
    mlir::Value place;    ///< in a stage
    mlir::Value base;     ///< their address at the beginning of k
    mlir::Value inBounds; ///< of rows or columns; null: always
    mlir::Value isOwn;    ///< whether the thread has such a chunk; null: yes
    mlir::Value step;
  };
  /// The registers that a lane has of a factor of a piece.
  struct Factor {
    llvm::SmallVector<mlir::Value> high, low; ///< `low` for three products
  };

  Operand planOperand(bool isLhs);
  bool isAligned(bool isLhs, unsigned dim);
  int64_t getStageSize(const Operand &operand) const;
  llvm::SmallVector<Chunk> planChunks(const Position &at,
                                      const Operand &operand);
  /// Copies what belongs to the steps from \p firstStep on to \p stage.
  void copyStage(const Operand &operand, llvm::ArrayRef<Chunk> chunks,
                 mlir::Value firstStep, mlir::Value stage);
  void copyChunk(const Operand &operand, mlir::Value address,
                 mlir::Value place);
  /// The address of what \p chunk of \p operand copies for step \p step.
  mlir::Value getChunkAddress(const Operand &operand, const Chunk &chunk,
                              mlir::Value step);
  /// Computes the offsets of all steps of \p operand, where it has a table.
  void fillTable(const Operand &operand);
  /// Adds the products of all steps to \p sums.
  llvm::SmallVector<mlir::Value> emitSteps(const Position &at,
                                           llvm::SmallVector<mlir::Value> sums);

  // Pieces (TensorPieces.cpp).
  /// Rows or columns that a warp has, in pieces.
  int64_t getNumPieces(bool isLhs) const;
  /// The first row or column of the warp.
  mlir::Value getWarpOffset(bool isLhs);
  mlir::Value getLaneAddress(const Operand &operand);
  /// Whether the operand is read by `ldmatrix`.
  bool usesSquares(const Operand &operand) const {
    return operand.isDepthFirst && !isNarrow;
  }
  llvm::SmallVector<mlir::Value> loadSquares(const Operand &operand,
                                             mlir::Value stage, int64_t piece,
                                             int64_t step);
  Factor loadFactor(const Operand &operand, mlir::Value stage, int64_t piece,
                    int64_t step);
  Factor makeFactor(llvm::ArrayRef<mlir::Value> elements);
  void multiplyPiece(const Factor &a, const Factor &b,
                     llvm::MutableArrayRef<mlir::Value> sums);
  /// Adds the products of the steps in \p stage to \p sums, four for each
  /// piece.
  void multiplyStage(mlir::Value stage,
                     llvm::MutableArrayRef<mlir::Value> sums);
  llvm::SmallVector<Sum> placeSums(llvm::ArrayRef<mlir::Value> values);

  bool isNarrow;      ///< factors have 16 bits
  int64_t pieceDepth; ///< steps of one product
  bool isAsynchronous = false;
  int64_t numStages = 1;
  Operand lhs, rhs;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_TENSORCONTRACT_H
