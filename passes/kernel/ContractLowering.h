// SPDX-License-Identifier: Apache-2.0
// Lowers kernel.contract to tiled loops around a micro-kernel of vector.fma.
#ifndef DLC_PASSES_KERNEL_CONTRACTLOWERING_H
#define DLC_PASSES_KERNEL_CONTRACTLOWERING_H

#include "passes/kernel/BodyEmitter.h"
#include "passes/kernel/ContractSchedule.h"
#include "passes/kernel/RegisterTile.h"

namespace dlc::kernel {

/// What the choice of the register tile of \p op depends on.
ContractionShape getContractionShape(ContractOp op);
/// Bytes between two elements along the last k of `rhs`; 0 where that isn't
/// known.
int64_t getBytesPerStep(ContractOp op);

/// The micro-kernel: accumulators live in registers over a block of the depth,
/// the columns of `rhs` are vectors, the rows of `lhs` scalar broadcasts. Tiles
/// split the rows evenly, so at most two sizes are emitted.
///
/// The loops, from the outermost; one iteration of those above the line is a
/// task:
///
///     batch indices that `rhs` depends on, blocks of columns, the other batch
///     indices, blocks of rows
///     ------------------------------------------------------------------
///     blocks of the depth     where deeper than caches hold; sums between
///                             two of them lie in scratch memory
///     strips of rows          their part of `lhs` stays in L2
///     groups of panels        their part of `rhs` stays in L1 or L2
///     register tiles
///
/// Columns that are packed at run time are packed once for each block of the
/// depth and columns; the other batch indices then belong to the task.
class ContractLowering {
public:
  ContractLowering(ContractOp op, BodyEmitter &emitter,
                   mlir::OpBuilder &builder);

  /// The number of independent tasks.
  int64_t getNumTasks();
  /// Emits the tasks [\p begin, \p end).
  mlir::LogicalResult emit(mlir::Value begin, mlir::Value end);

private:
  /// What a task covers, as emitted values.
  struct Task {
    llvm::SmallVector<mlir::Value> batch; ///< null where not yet known
    mlir::Value firstGroup, endGroup;     ///< of panels
    mlir::Value firstTile, endTile;       ///< of rows
    mlir::Value firstDepth, endDepth;     ///< of the first extent of k
  };
  /// Where a tile is, as emitted values.
  struct TilePosition {
    mlir::Value row;   ///< its first row
    mlir::Value panel; ///< its first panel
    mlir::Value groupOfBlock;
    mlir::Value tile, tileOfBlock, tileOfStrip;
    mlir::Value rowOfTile; ///< where a tile of fewer rows begins; may be null
  };
  struct GroupShape {
    int64_t panels;
    bool isLast; ///< its last panel may have fewer columns
    /// How many columns the panel has, where that isn't known; else null.
    mlir::Value columns = {};
  };

  // Columns fetched ahead of their use (ContractPrefetch.cpp).
  /// The how manieth tile that meets its columns a tile is, and of how many.
  struct Visits {
    mlir::Value index;
    int64_t count;
  };
  /// The columns that a tile fetches: a row of each of some panels for every
  /// `1 << shift` steps, from where step 0 of the depth would fetch.
  struct Prefetch {
    llvm::SmallVector<mlir::Value> offsets;
    int64_t shift;
  };
  /// What the steps of the depth of a tile have in common.
  struct Steps {
    llvm::ArrayRef<int64_t> extents;
    const Task &task;
    const TilePosition &at;
    GroupShape shape;
    llvm::SmallVector<mlir::Value> rowOffsets; ///< of lhs, at depth zero
    std::optional<Prefetch> prefetch;
  };
  bool isWorthPrefetching();
  Visits countVisits(const Task &task, const TilePosition &at);
  std::pair<mlir::Value, mlir::Value> getNextColumns(const Task &task,
                                                     const TilePosition &at);
  /// \returns nothing where \p at fetches nothing.
  std::optional<Prefetch> startPrefetch(const Task &task,
                                        const TilePosition &at);
  mlir::Value getDistance(mlir::Value steps, int64_t shift);
  /// Fetches what belongs to step \p position of the depth.
  void emitPrefetch(const Prefetch &prefetch, mlir::Value position);

  /// Sets `tile`; returns it, with the estimate, and what came second.
  TileChoice chooseTile(const ContractionShape &shape);
  mlir::DictionaryAttr describe(const TileChoice &choice);
  std::string getGivenText();
  void remarkOn(const TileChoice &choice);
  void chooseBlocks();
  mlir::LogicalResult analyze();
  mlir::LogicalResult emitTask(Task task);
  mlir::LogicalResult emitGroup(const Task &task, mlir::Value group,
                                mlir::Value firstTile, mlir::Value endTile,
                                GroupShape shape);
  /// The same where the number of rows isn't known: whole tiles, then row by
  /// row what remains.
  mlir::LogicalResult emitDynamicGroup(const Task &task, mlir::Value group,
                                       mlir::Value firstTile,
                                       mlir::Value endTile, GroupShape shape);
  TilePosition getPosition(const Task &task, mlir::Value group,
                           mlir::Value firstTile, mlir::Value tile,
                           mlir::Value row);
  mlir::LogicalResult emitTile(const Task &task, const TilePosition &at,
                               int64_t rows, GroupShape shape);
  /// The sums of the blocks of the depth before this one.
  llvm::SmallVector<mlir::Value>
  emitStart(const Task &task, const TilePosition &at, int64_t count);
  llvm::SmallVector<mlir::Value> emitDepth(const Task &task,
                                           const TilePosition &at, int64_t rows,
                                           GroupShape shape,
                                           llvm::SmallVector<mlir::Value> sums);
  llvm::SmallVector<mlir::Value>
  emitDepthLoops(llvm::ArrayRef<int64_t> extents, mlir::Value begin,
                 mlir::Value end, const Task &task, const TilePosition &at,
                 int64_t rows, GroupShape shape,
                 llvm::SmallVector<mlir::Value> accumulators);
  /// One step of the depth: the rows of lhs at \p k times the columns there.
  void emitStep(const Steps &steps, llvm::ArrayRef<mlir::Value> k, int64_t rows,
                llvm::MutableArrayRef<mlir::Value> accumulators);
  mlir::LogicalResult emitEpilogue(const Task &task, const TilePosition &at,
                                   int64_t rows, GroupShape shape,
                                   llvm::ArrayRef<mlir::Value> accumulators);
  /// Columns of chunk \p vector of a tile that are stored.
  int64_t getValidLanes(int64_t vector, GroupShape shape);
  /// The lanes of chunk \p vector of a tile, for what is stored of them.
  Lanes getLanes(mlir::Value index, mlir::Value base, int64_t vector,
                 GroupShape shape);
  /// Vectors of a row of a tile; those of no columns are left out.
  int64_t getNumVectors(GroupShape shape) {
    int64_t vectors = shape.panels * chunks;
    while (getValidLanes(vectors - 1, shape) == 0)
      --vectors;
    return vectors;
  }
  /// The buffer that the map of lhs or rhs leads to.
  mlir::Value getFactors(bool isLhs);
  /// What its elements begin at a multiple of: words at any byte. None: at that
  /// of their size.
  llvm::MaybeAlign getFactorAlignment();
  llvm::SmallVector<mlir::Value> expand(mlir::Value factors, bool isLhs);
  /// Adds the products of what expand() made of a row's factor, in all lanes,
  /// and of some columns' to \p acc.
  mlir::Value emitMultiplyAdd(llvm::ArrayRef<mlir::Value> row,
                              llvm::ArrayRef<mlir::Value> columns,
                              mlir::Value acc);
  /// Where the sums of a tile lie between two blocks of the depth.
  mlir::Value getPartialOffset(const TilePosition &at);

  // Packing at run time (ContractPacking.cpp).
  struct PanelRange;
  mlir::LogicalResult packColumns(const Task &task);
  void packRows(const Task &task, const PanelRange &range);
  void packTransposed(const Task &task, const PanelRange &range);
  void packElements(const Task &task, const PanelRange &range);
  /// Indices of k and the position in a packed panel that they stand for.
  struct DepthIndex {
    llvm::SmallVector<mlir::Value> k;
    mlir::Value position;
  };
  /// Enters loops over the first \p numK extents of the task's k.
  DepthIndex enterDepth(const Task &task, unsigned numK);
  mlir::Value getColumnOffset(const Task &task, llvm::ArrayRef<mlir::Value> k,
                              mlir::Value panel);
  mlir::Value getPanelOfTask(const Task &task, mlir::Value panel);
  /// A vector of \p valid elements of `rhs`, \p stride apart, then zeros.
  mlir::Value gatherLanes(mlir::Value from, int64_t stride, int64_t valid);
  void packPartial(const Task &task, const PanelRange &range);
  /// Where step \p position of a panel of the task lies in `packed`.
  mlir::Value getPackedOffset(mlir::Value panel, mlir::Value position);
  mlir::Value constant(int64_t value) {
    return emitter.constantIndex(loc, value);
  }
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  /// The part [begin, end) of \p extent that is block \p block of \p size.
  std::pair<mlir::Value, mlir::Value> getRange(mlir::Value block, int64_t size,
                                               int64_t extent,
                                               bool isDynamic = false);
  // Positions in `typical`.
  bool hasDynamicBatch(unsigned i) { return typical.isDynamic(i); }
  bool hasDynamicRows() { return typical.isDynamic(op.getBatch().size()); }
  bool hasDynamicColumns() {
    return typical.isDynamic(op.getBatch().size() + 1);
  }
  bool hasDynamicDepth() {
    for (unsigned i = 0; i < op.getK().size(); ++i)
      if (typical.isDynamic(op.getBatch().size() + 2 + i))
        return true;
    return false;
  }
  /// Enters a loop over [\p begin, \p end), of at most \p trips iterations;
  /// returns its index.
  mlir::Value enterLoop(mlir::Value begin, mlir::Value end, int64_t trips);

  ContractOp op;
  TypicalExtents typical;
  BodyEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;

  int64_t width;      ///< lanes of a vector
  int64_t chunks;     ///< vectors of a panel
  ScheduleAttr given; ///< what was decided beforehand; may be null
  RegisterTile tile;
  int64_t numGroups;     ///< of `tile.panels` panels, the last may have fewer
  int64_t numRowTiles;   ///< tiles that the rows are split into
  int64_t depthUnit = 1; ///< steps for each index of the first extent of k
  ContractSchedule blocks;
  int64_t numColumnBlocks, numRowBlocks, numDepthBlocks;
  mlir::Value packed;      ///< the columns packed at run time
  mlir::Value partial;     ///< sums between two blocks of the depth
  bool prefetches = false; ///< columns
  bool isLinearInRows = false;
  int64_t rowStride = 0;
  llvm::SmallVector<unsigned> outerBatch, innerBatch;

  mlir::AffineExpr lhsOffset, rhsOffset, outOffset;
  llvm::SmallVector<int64_t> lhsDepthStrides; ///< one for each extent of k
  llvm::SmallVector<mlir::Value> symbols;     ///< of the maps, as emitted
};

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_CONTRACTLOWERING_H
