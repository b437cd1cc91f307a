// SPDX-License-Identifier: Apache-2.0
// Rewrites the scalar body of a kernel into the code of the threads of a block.
#ifndef DLC_PASSES_GPU_BLOCKEMITTER_H
#define DLC_PASSES_GPU_BLOCKEMITTER_H

#include "passes/gpu/LoopNest.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/gpu/NestAccess.h"
#include "passes/gpu/Precision.h"
#include "passes/kernel/BodyEmitter.h"

namespace dlc::kernel {

/// Blocks that share a task. They wait for each other by launches, each of
/// which does one stage of the task: one that ends where something is needed
/// that others made.
struct BlockTeam {
  int64_t size;
  mlir::Value member; ///< the block's number in the team
  mlir::Value phase;  ///< the number of the launch
  /// Gets global memory of the task.
  std::function<mlir::Value(mlir::Location, mlir::MemRefType)> allocate;
  int64_t stage = 0; ///< what is emitted now belongs to it
};

/// The code of a task is either that of one thread, or of all threads of a
/// block, or of a team of blocks: these compute what is outside loops all
/// alike, take turns at the iterations of loops and reductions, and let one of
/// them store. Where lanes have long reductions of their own, there is a group
/// of threads for each. They wait for each other where one of them touches what
/// another has written.
class BlockEmitter : public BodyEmitter {
public:
  BlockEmitter(mlir::OpBuilder &builder, int64_t numThreads,
               Precision precision);

  Precision getPrecision() const { return precision; }

  int64_t getNumThreads() const { return numThreads; }
  /// The number of the thread in its block. Emitted once for the function.
  mlir::Value getThread() const { return thread; }
  void setThread(mlir::Value value) { thread = sharer = value; }
  /// Lets the blocks of \p value share what is emitted from now on; null: the
  /// threads of one block.
  void setTeam(BlockTeam *value);

  /// Emits the iteration number \p linear of \p nest as the code of one thread.
  mlir::LogicalResult emitIteration(const LoopNest &nest, mlir::Value linear);
  /// The same of the iterations that begin at \p linear times the width of
  /// \p wide.
  mlir::LogicalResult emitWideIteration(const LoopNest &nest,
                                        const WideAccess &wide,
                                        mlir::Value linear);
  /// Emits the iterations of \p nest in tile number \p tile of the grid of
  /// \p transposition as the code of all threads of a block.
  mlir::LogicalResult emitTransposed(const LoopNest &nest,
                                     const Transposition &transposition,
                                     mlir::Value tile);
  /// Emits \p block as the code of all threads of a block; \p use is what the
  /// task it belongs to uses.
  mlir::LogicalResult emitTask(mlir::Block &block, const MemoryUse &use);
  /// Emits iterations of \p nest, neighbours of each other, as the code of all
  /// threads of a block: \p lanes of them, as many as follow each other in
  /// group number \p group.
  mlir::LogicalResult emitNeighbours(const LoopNest &nest, int64_t lanes,
                                     mlir::Value group);
  /// Emits \p block as the code of one thread.
  mlir::LogicalResult emitInThread(mlir::Block &block);

  /// Shared memory of a block: \p count elements, which are reserved until the
  /// next part of the grid.
  mlir::Value allocateShared(mlir::Location loc, int64_t count,
                             mlir::Type element);
  /// The same until the next contraction.
  mlir::Value allocateForTile(mlir::Location loc, int64_t count,
                              mlir::Type element);
  /// Begins a part of the grid, whose contractions need \p tileBytes at most.
  void startPart(int64_t tileBytes) { partBytes = tileBytes; }
  void startTile() { tileBytes = 0; }
  int64_t getSharedBytes() const { return sharedBytes; }

  /// The threads that share a lane's work: of a block, and of all.
  int64_t getBlockSharers() const { return numThreads / numLanes; }
  int64_t getNumSharers() const {
    return getBlockSharers() * (team ? team->size : 1);
  }
  /// Calls \p body with each number below \p count that is the thread's own.
  /// \p isDynamic: it is the number of one size of several.
  mlir::LogicalResult
  shareIterations(mlir::Location loc, int64_t count, bool isDynamic,
                  llvm::function_ref<mlir::LogicalResult(mlir::Value)> body);
  /// Waits for all threads of the block.
  void emitBarrier(mlir::Location loc);
  /// Waits where \p use needs it, and notes it. Teams begin another stage.
  void order(mlir::Location loc, const MemoryUse &use);

  mlir::Value add(mlir::Location loc, mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Location loc, mlir::Value a, mlir::Value b);
  /// The digits of \p linear in a number system of \p extents, whose last digit
  /// is the lowest.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Location loc,
                                             mlir::Value linear,
                                             llvm::ArrayRef<int64_t> extents);
  llvm::SmallVector<mlir::Value>
  delinearize(mlir::Location loc, mlir::Value linear, mlir::ValueRange extents);
  mlir::OpBuilder &getBuilder() { return builder; }

  using BodyEmitter::emitBlock;
  mlir::LogicalResult emitBlock(mlir::Block &block) override;

protected:
  mlir::LogicalResult emitOp(mlir::Operation &op) override;

private:
  mlir::LogicalResult emitSharedOp(mlir::Operation &op);
  /// Emits what stands between the loops of \p nest, whose indices are mapped.
  mlir::LogicalResult emitBetween(const LoopNest &nest);
  /// Maps the indices of \p nest to those of element number \p linear of the
  /// tile at \p from, in the order in which memory is read, or is written.
  /// Returns the element's place in shared memory, and whether it exists.
  std::pair<mlir::Value, mlir::Value>
  mapElement(const LoopNest &nest, const Transposition &transposition,
             llvm::ArrayRef<mlir::Value> from, mlir::Value linear, bool isRead);
  /// Loads the thread's elements of the tile, all at once, and stores them in
  /// shared memory.
  mlir::LogicalResult fetchTile(const LoopNest &nest,
                                const Transposition &transposition,
                                llvm::ArrayRef<mlir::Value> from,
                                llvm::ArrayRef<mlir::Value> memories);
  mlir::Value emitOffset(mlir::Operation *op, mlir::MemRefType type,
                         mlir::AffineMap map, mlir::ValueRange indices);
  mlir::LogicalResult emitWide(LoadOp op);
  mlir::LogicalResult emitWide(StoreOp op);
  mlir::LogicalResult emitSharedNest(const LoopNest &nest);
  /// Emits a loop for which lanesHaveGroups holds.
  mlir::LogicalResult emitGroups(VectorLoopOp op);
  /// Emits what one block of a team does.
  mlir::LogicalResult emitForOneBlock(mlir::Operation &op);
  /// Begins another stage of the team's task.
  void startStage();
  mlir::Value getLane(mlir::Location loc);
  /// Lets neighbouring threads be \p lanes lanes.
  void setLanes(mlir::Location loc, int64_t lanes);
  /// Emits what \p body writes for those who have to: in the launch of this
  /// stage, and not for lanes that only fill up a group.
  mlir::LogicalResult
  emitEffect(mlir::Location loc,
             llvm::function_ref<mlir::LogicalResult()> body);
  /// Calls \p body for the threads of one block, whose team, if it has one,
  /// doesn't share what is emitted.
  mlir::LogicalResult
  emitWithoutTeam(mlir::Location loc,
                  llvm::function_ref<mlir::LogicalResult()> body);
  mlir::LogicalResult emitSharedReduce(ReduceOp op);
  /// The value of \p op over what is the thread's own.
  mlir::FailureOr<mlir::Value> emitOwnReduce(ReduceOp op);
  mlir::LogicalResult emitTeamReduce(ReduceOp op);
  /// Combines the values that the threads of a lane, or of the block, have of
  /// \p value; all get the result.
  mlir::Value combineThreads(mlir::Location loc, ReduceKind kind,
                             mlir::Value value);
  void flush(mlir::Location loc);

  mlir::OpBuilder &builder;
  int64_t numThreads;
  Precision precision;
  mlir::Value thread;
  /// Neighbouring threads are the `numLanes` lanes; `sharer` is the number of
  /// the thread among the getNumSharers() that share a lane's work.
  int64_t numLanes = 1;
  mlir::Value sharer;
  mlir::Value isOwnLane; ///< whether the lane is no other's too; null: it is
  BlockTeam *team = nullptr;
  bool isShared = false; ///< the code is that of all threads of a block
  BufferSet written;     ///< by the task
  MemoryUse pending;     ///< since all threads waited for each other
  /// Iterations that access memory together; null where each is on its own.
  struct Iterations {
    explicit Iterations(const WideAccess &wide) : wide(wide) {}

    const WideAccess &wide;
    int64_t lane = 0; ///< the one that is being emitted
    llvm::DenseMap<mlir::Operation *, mlir::Value> loaded, offsets;
    llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>> stored;
  };
  Iterations *iterations = nullptr;
  /// Loads that others have fetched: they are mapped.
  llvm::ArrayRef<LoadOp> fetched;
  /// Shared memory: that of tiles comes first.
  mlir::Value allocateAt(mlir::Location loc, int64_t count, mlir::Type element,
                         int64_t &used);
  int64_t partBytes = 0, tileBytes = 0, sharedBytes = 0;
};

/// The value of \p value in the lane whose number differs by the bits of
/// \p mask: any type of 8 to 64 bits.
mlir::Value emitShuffle(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, int64_t mask);

/// The type that memory has for values of \p type, which conditions and indices
/// have another of.
mlir::Type getStoredType(mlir::Builder &builder, mlir::Type type);
/// \p value as \p type: from or to getStoredType.
mlir::Value convertStored(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Type type, mlir::Value value);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_BLOCKEMITTER_H
