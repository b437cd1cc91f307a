// SPDX-License-Identifier: Apache-2.0
// Rewrites the scalar body of a kernel into loops over vectors. The body says
// which index becomes lanes; the emitter widens what depends on it, keeps the
// rest scalar and turns accesses into vector loads, broadcasts or gathers by
// the stride of their address along the lanes.
#ifndef DLC_PASSES_KERNEL_BODYEMITTER_H
#define DLC_PASSES_KERNEL_BODYEMITTER_H

#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "passes/kernel/TypicalExtents.h"
#include "passes/kernel/VectorTarget.h"
#include <functional>

namespace dlc::kernel {

/// Gets scratch memory of the running thread: a flat buffer of a number of
/// elements.
using ScratchAllocator =
    std::function<mlir::Value(int64_t count, mlir::Type element)>;

/// The vector that is being emitted: lane i computes index `base` + i of the
/// body's value `index`.
struct Lanes {
  mlir::Value index;
  mlir::Value base;
  int64_t width = 1;
  /// Lanes that may touch memory; less than `width` in a masked tail.
  int64_t valid = 1;
  /// The same where it is known at run time only: a vector of i1, or null.
  mlir::Value mask = {};

  bool isMasked() const { return mask || valid < width; }
};

/// The indices of a loop: begin, begin + step, ... less than end.
struct LoopRange {
  int64_t begin, end, step;
  bool isDynamic = false; ///< the bounds are those of one size of several
};

/// All of the first \p extents of the loop \p op, one by one.
llvm::SmallVector<LoopRange> getRanges(mlir::Operation *op,
                                       llvm::ArrayRef<int64_t> extents);

class BodyEmitter {
public:
  BodyEmitter(mlir::OpBuilder &builder, const VectorTarget &target)
      : builder(builder), target(target) {}
  virtual ~BodyEmitter() = default;

  const VectorTarget &getTarget() const { return target; }

  /// Adds a line to what the kernel's schedule tells people.
  void addToSchedule(mlir::DictionaryAttr entry) { schedule.push_back(entry); }
  llvm::ArrayRef<mlir::Attribute> getSchedule() const { return schedule; }

  /// Says which value stands for \p from of the kernel's body from now on.
  void map(mlir::Value from, mlir::Value to) { mapping[from] = to; }
  /// The value that stands for \p from; itself if none was mapped.
  mlir::Value lookup(mlir::Value from) const;

  /// Emits the operations of \p block but its yield, in the current lanes.
  virtual mlir::LogicalResult emitBlock(mlir::Block &block);
  /// Emits \p block for \p lanes (restored afterwards).
  mlir::LogicalResult emitBlock(mlir::Block &block, const Lanes &lanes);

  /// Emits one operation, in the current lanes.
  mlir::LogicalResult emitOperation(mlir::Operation &op) { return emitOp(op); }
  /// Sets how kernel.scratch and packed columns get their memory.
  void setScratchAllocator(ScratchAllocator allocator) {
    scratchAllocator = std::move(allocator);
  }
  /// The bytes of \p buffer, which has one dimension, as words of i32.
  mlir::Value viewWords(mlir::Location loc, mlir::Value buffer);
  mlir::Value allocateScratch(int64_t count, mlir::Type element) {
    return scratchAllocator(count, element);
  }

  /// The element offset of an access, as an expression of the map's inputs.
  static mlir::AffineExpr linearize(mlir::MemRefType type, mlir::AffineMap map);
  /// The change of \p expr when dimension \p dim grows by one, if constant.
  static std::optional<int64_t> getStride(mlir::AffineExpr expr, unsigned dim,
                                          unsigned numDims);
  /// Emits \p expr of index values as arithmetic.
  mlir::Value emitIndex(mlir::Location loc, mlir::AffineExpr expr,
                        mlir::ValueRange dims, mlir::ValueRange symbols = {});
  /// Loads \p lanes.width elements of the flat \p buffer from \p offset on.
  mlir::Value loadVector(mlir::Location loc, mlir::Value buffer,
                         mlir::Value offset, const Lanes &lanes);
  /// Stores the valid lanes of \p value.
  void storeVector(mlir::Location loc, mlir::Value value, mlir::Value buffer,
                   mlir::Value offset, const Lanes &lanes);
  /// Emits \p body for each valid lane, inside a condition where lanes are
  /// known at run time only.
  void emitValidLanes(mlir::Location loc, const Lanes &lanes,
                      llvm::function_ref<void(int64_t lane)> body);
  /// \p value as a vector of \p width lanes.
  mlir::Value widen(mlir::Location loc, mlir::Value value, int64_t width);
  mlir::Value constantIndex(mlir::Location loc, int64_t value);

protected:
  virtual mlir::LogicalResult emitOp(mlir::Operation &op);
  /// Emits a reduction of the current lanes, each on its own.
  mlir::LogicalResult emitReduce(ReduceOp op);

private:
  mlir::LogicalResult emitElementwise(mlir::Operation &op);
  mlir::LogicalResult emitNestedContract(ContractOp op);
  mlir::LogicalResult emitSlice(SliceOp op);
  mlir::LogicalResult emitBufferSelect(mlir::arith::SelectOp op);
  mlir::LogicalResult emitLoad(LoadOp op);
  mlir::LogicalResult emitStore(StoreOp op);
  mlir::LogicalResult emitVectorLoop(VectorLoopOp op);
  mlir::LogicalResult emitLoop(LoopOp op);
  mlir::LogicalResult emitHorizontalReduce(ReduceOp op);
  mlir::LogicalResult emitFor(mlir::scf::ForOp op);
  mlir::LogicalResult emitIf(mlir::scf::IfOp op);

  /// Runs \p body for each index tuple of \p ranges, the last index fastest, in
  /// loops that carry the values \p carried: the body replaces them by those of
  /// the next iteration, and they end as what the last one left.
  using LoopBody = llvm::function_ref<mlir::LogicalResult(
      mlir::ValueRange, llvm::MutableArrayRef<mlir::Value>)>;
  mlir::LogicalResult emitNest(mlir::Location loc,
                               llvm::ArrayRef<LoopRange> ranges,
                               llvm::SmallVectorImpl<mlir::Value> &carried,
                               LoopBody body);
  /// The same where iterations add to \p sums, which may get long.
  mlir::LogicalResult emitSums(mlir::Location loc,
                               llvm::ArrayRef<LoopRange> ranges,
                               llvm::SmallVectorImpl<mlir::Value> &sums,
                               LoopBody body);
  /// Reduces over \p ranges with \p count partial results, each begun as
  /// \p init, which share the steps of the last range evenly; \p body adds the
  /// value at some indices to one of them. \returns all of them combined.
  using AccumulateBody = llvm::function_ref<mlir::FailureOr<mlir::Value>(
      mlir::ValueRange indices, mlir::Value acc)>;
  mlir::FailureOr<mlir::Value> emitPartial(mlir::Location loc, ReduceKind kind,
                                           llvm::ArrayRef<LoopRange> ranges,
                                           int64_t count, mlir::Value init,
                                           AccumulateBody body);
  mlir::LogicalResult emitJammed(LoopOp op, mlir::Value first, int64_t count);
  /// Emits \p body for steps of \p size from \p begin to \p end: in a loop
  /// unless there is one step for certain.
  mlir::LogicalResult
  emitSteps(mlir::Location loc, LoopRange range,
            llvm::function_ref<mlir::LogicalResult(mlir::Value)> body);
  mlir::LogicalResult emitDynamicVectorLoop(VectorLoopOp op);

  /// An access: its offset, or one for each lane.
  struct Access {
    mlir::Value offset;
    enum { Uniform, Contiguous, Gather } kind;
  };
  mlir::FailureOr<Access> emitAccess(mlir::Operation *op, mlir::MemRefType type,
                                     mlir::AffineMap map,
                                     mlir::ValueRange indices);
  mlir::Value emitVectorIndex(mlir::Location loc, mlir::AffineExpr expr,
                              mlir::ValueRange dims);
  mlir::Value getMask(mlir::Location loc, const Lanes &lanes);
  /// The operand as it is read inside the lanes (the lane index becomes a
  /// vector).
  mlir::Value lookupValue(mlir::Location loc, mlir::Value value);

  mlir::OpBuilder &builder;
  const VectorTarget &target;
  llvm::DenseMap<mlir::Value, mlir::Value> mapping;
  ScratchAllocator scratchAllocator;
  llvm::SmallVector<mlir::Attribute> schedule;
  Lanes lanes;
  /// Stores held back while iterations are jammed; null otherwise.
  llvm::SmallVectorImpl<std::function<void()>> *heldStores = nullptr;
};

/// The value that leaves a reduction of \p kind unchanged.
mlir::TypedAttr getNeutralElement(mlir::Builder &builder, ReduceKind kind,
                                  mlir::Type type);
/// Combines two scalars or vectors.
mlir::Value emitCombine(mlir::OpBuilder &builder, mlir::Location loc,
                        ReduceKind kind, mlir::Value lhs, mlir::Value rhs);
/// Adds \p rhs to the accumulator \p lhs; a product is contracted with the
/// addition.
mlir::Value emitAccumulate(mlir::OpBuilder &builder, mlir::Location loc,
                           ReduceKind kind, mlir::Value lhs, mlir::Value rhs);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_BODYEMITTER_H
