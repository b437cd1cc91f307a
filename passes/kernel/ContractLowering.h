// SPDX-License-Identifier: Apache-2.0
// Lowers kernel.contract to tiled loops around a micro-kernel of vector.fma.
#ifndef DLC_PASSES_KERNEL_CONTRACTLOWERING_H
#define DLC_PASSES_KERNEL_CONTRACTLOWERING_H

#include "passes/kernel/BodyEmitter.h"
#include "passes/kernel/RegisterTile.h"

namespace dlc::kernel {

/// The micro-kernel: accumulators live in registers over the whole depth, the
/// columns of `rhs` are vectors, the rows of `lhs` scalar broadcasts. Tiles
/// split the rows evenly, so at most two sizes are emitted.
///
/// The loops, from the outermost: batch indices that `rhs` depends on, groups
/// of panels, the other batch indices, blocks of rows. One iteration of all is
/// a task. A group's weights thus stay in the cache while rows stream by.
class ContractLowering {
public:
  ContractLowering(ContractOp op, BodyEmitter &emitter,
                   mlir::OpBuilder &builder);

  /// The number of independent tasks.
  int64_t getNumTasks();
  /// Emits the tasks [\p begin, \p end).
  mlir::LogicalResult emit(mlir::Value begin, mlir::Value end);

private:
  /// What a tile covers, as emitted values.
  struct TilePosition {
    llvm::SmallVector<mlir::Value> batch;
    mlir::Value row;   ///< its first row
    mlir::Value panel; ///< its first panel
  };

  mlir::LogicalResult analyze();
  mlir::LogicalResult emitTask(mlir::ValueRange taskIndices);
  mlir::LogicalResult emitGroup(llvm::ArrayRef<mlir::Value> batch,
                                mlir::Value panel, mlir::Value rowBlock,
                                int64_t panels, bool isLast);
  mlir::LogicalResult emitTile(const TilePosition &at, int64_t rows,
                               int64_t panels, bool isLast);
  llvm::SmallVector<mlir::Value> emitDepth(const TilePosition &at, int64_t rows,
                                           int64_t panels, bool isLast);
  llvm::SmallVector<mlir::Value>
  emitDepthLoops(llvm::ArrayRef<int64_t> extents, mlir::Value firstBlock,
                 bool hasFirstLoop, const TilePosition &at, int64_t rows,
                 int64_t panels, bool isLast,
                 llvm::SmallVector<mlir::Value> accumulators);
  mlir::LogicalResult emitEpilogue(const TilePosition &at, int64_t rows,
                                   int64_t panels, bool isLast,
                                   llvm::ArrayRef<mlir::Value> accumulators);
  mlir::LogicalResult packColumns(llvm::ArrayRef<mlir::Value> batch,
                                  mlir::Value panel, int64_t panels,
                                  bool isLast);
  /// Columns of chunk \p vector of a tile that exist.
  int64_t getValidLanes(int64_t panels, int64_t vector, bool isLast);
  mlir::Value emitMultiplyAdd(mlir::Value a, mlir::Value b, mlir::Value acc);

  ContractOp op;
  BodyEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;

  int64_t width;  ///< lanes of a vector
  int64_t chunks; ///< vectors of a panel
  RegisterTile tile;
  int64_t numGroups;    ///< of `tile.panels` panels, the last may have fewer
  int64_t numRowTiles;  ///< tiles that the rows are split into
  int64_t numRowBlocks; ///< blocks of row tiles, the unit of a task
  bool packsColumns = false;
  mlir::Value packed; ///< the columns packed at run time
  bool isLinearInRows = false;
  int64_t rowStride = 0;
  llvm::SmallVector<unsigned> outerBatch, innerBatch;

  mlir::AffineExpr lhsOffset, rhsOffset, outOffset;
  llvm::SmallVector<int64_t> lhsDepthStrides; ///< one for each extent of k
  llvm::SmallVector<mlir::Value> symbols;     ///< of the maps, as emitted
};

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_CONTRACTLOWERING_H
