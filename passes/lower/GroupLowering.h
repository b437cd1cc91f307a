// SPDX-License-Identifier: Apache-2.0
// The lowering of one fusion group to one kernel.
#ifndef DLC_PASSES_LOWER_GROUPLOWERING_H
#define DLC_PASSES_LOWER_GROUPLOWERING_H

#include "dialects/graph/Decisions.h"
#include "passes/lower/ElementEmitter.h"

namespace dlc::lower {

/// An operand of a group: what the kernel will be passed for it.
struct GroupOperand {
  mlir::Value inner;      ///< the argument of the group's body
  mlir::Value outer;      ///< the operand
  mlir::Attribute packed; ///< a constant rearranged for the kernel, or null
  mlir::RankedTensorType bufferType;
};

/// Builds the kernel of a group. Its structured operator, if there is one,
/// decides on the loops; see the files of the families.
class GroupLowering {
public:
  using Indices = ElementEmitter::Indices;
  /// Emits the work for one element, at the given logical indices.
  using ElementBody =
      llvm::function_ref<mlir::LogicalResult(llvm::ArrayRef<mlir::AffineExpr>)>;

  GroupLowering(graph::GroupOp group, mlir::OpBuilder &builder,
                graph::Decisions &decisions, bool hasCpus);

  /// Builds the kernel, called \p name, at the builder's insertion point.
  mlir::FailureOr<kernel::FuncOp> run(llvm::StringRef name);
  /// The operands that the kernel takes, in order (valid after run).
  llvm::ArrayRef<GroupOperand> getOperands() const { return operands; }
  /// Pairs (operand, result) that may share memory (valid after run).
  mlir::ArrayAttr getInplacePairs();
  /// The operator that isn't pulled; null for a group without one.
  mlir::Operation *getStructuredOp() const { return structured; }
  /// The pooling that the structured operator, a convolution, applies to what
  /// it computes; null where there is none.
  graph::PoolOp getPool() const { return pool; }

  //===--------------------------------------------------------------------===//
  // For the families
  //===--------------------------------------------------------------------===//

  mlir::OpBuilder &builder;
  ElementEmitter emitter;
  graph::Decisions &decisions;
  const bool hasCpus; ///< there is code for CPUs

  /// The tensor that the group returns (its first result) and its type.
  mlir::Value getRoot() { return yield.getValues().front(); }
  mlir::RankedTensorType getRootType() {
    return mlir::cast<mlir::RankedTensorType>(getRoot().getType());
  }
  mlir::Value getOutput(unsigned i = 0) { return func.getOutputs()[i]; }

  /// The constant that \p inner, an argument of the group, is; null if none.
  mlir::ElementsAttr getConstant(mlir::Value inner) const;
  /// Passes \p value instead of the operand \p inner.
  void replaceConstant(mlir::Value inner, mlir::ElementsAttr value);

  /// Opens a section of tasks and returns an index for each extent. The
  /// builder stands in it until closeSection().
  Indices openTasks(mlir::Location loc, llvm::ArrayRef<int64_t> extents);
  void closeSection();
  /// Opens phases and returns the index; sections go inside, and closeLoop()
  /// closes them.
  mlir::AffineExpr openPhases(mlir::Location loc, int64_t extent);
  /// Open loops inside a section; close with closeLoop().
  Indices openLoop(mlir::Location loc, llvm::ArrayRef<int64_t> extents,
                   int64_t unroll = 1);
  mlir::AffineExpr openVectorLoop(mlir::Location loc, int64_t extent);
  /// A loop of \p bound <= \p extent iterations, from \p first on (null: 0).
  mlir::AffineExpr openBoundedLoop(mlir::Location loc, mlir::Value bound,
                                   int64_t extent, mlir::Value first = {});
  /// What follows, up to closeLoop(), is for where \p condition holds.
  void openIf(mlir::Location loc, mlir::Value condition);
  void closeLoop();
  /// Emits, inside a section, the same work for a thread on its own and for
  /// threads that share it.
  void emitAlternatives(mlir::Location loc, llvm::function_ref<void()> serial,
                        llvm::function_ref<void()> shared);
  /// Emits a reduction over \p extents of what \p body returns.
  mlir::FailureOr<mlir::Value>
  emitReduce(mlir::Location loc, kernel::ReduceKind kind,
             llvm::ArrayRef<int64_t> extents, mlir::Type type,
             llvm::function_ref<
                 mlir::FailureOr<mlir::Value>(llvm::ArrayRef<mlir::AffineExpr>)>
                 body);

  /// How a walk over a tensor is laid out.
  struct WalkOptions {
    /// Run the lanes outside of the loop over the last spatial dimension,
    /// whose iterations are interleaved.
    int64_t unroll = 1;
    /// Don't make lanes of channels that the last block doesn't have.
    bool exactChannels = true;
  };
  /// Emits sections that visit each element of a tensor of type \p type.
  mlir::LogicalResult walk(mlir::Location loc, mlir::RankedTensorType type,
                           ElementBody body, WalkOptions options);
  mlir::LogicalResult walk(mlir::Location loc, mlir::RankedTensorType type,
                           ElementBody body) {
    return walk(loc, type, body, WalkOptions());
  }
  /// Emits a section that zeroes the halo of output \p i, if it has one.
  void zeroHalo(mlir::Location loc, unsigned i = 0);
  /// Whether output \p i has a halo.
  bool hasHalo(unsigned i = 0);
  /// Emits, inside a section, the zeroes around the plane \p outer (image and
  /// block of channels) of output \p i.
  void zeroHaloOfPlane(mlir::Location loc, unsigned i,
                       llvm::ArrayRef<mlir::AffineExpr> outer);
  /// The root's indices for those of \p result, the structured operator's: it
  /// may be stored transposed.
  Indices getRootIndices(mlir::Value result,
                         llvm::ArrayRef<mlir::AffineExpr> indices);
  /// Emits the root's element at \p indices and stores it.
  mlir::LogicalResult finish(mlir::Location loc,
                             llvm::ArrayRef<mlir::AffineExpr> indices);

private:
  mlir::LogicalResult lowerStructured();
  mlir::LogicalResult walkPlain(mlir::Location loc, mlir::RankedTensorType type,
                                ElementBody body);
  mlir::LogicalResult walkBlocked(mlir::Location loc,
                                  mlir::RankedTensorType type, ElementBody body,
                                  WalkOptions options);
  void dropUnusedOperands();

  graph::GroupOp group;
  graph::YieldOp yield;
  mlir::Operation *structured = nullptr;
  graph::PoolOp pool;
  kernel::FuncOp func;
  llvm::SmallVector<GroupOperand> operands;
  llvm::SmallVector<std::unique_ptr<ElementEmitter::Scope>> scopes;
};

//===----------------------------------------------------------------------===//
// The families: what they do before the kernel's arguments are known (pack
// constants) and how they emit it.
//===----------------------------------------------------------------------===//

mlir::LogicalResult prepareConv(GroupLowering &lowering, graph::ConvOp op);
mlir::LogicalResult prepareDense(GroupLowering &lowering, graph::DenseOp op);
mlir::LogicalResult prepareRecurrence(GroupLowering &lowering,
                                      graph::RecurrenceOp op);

mlir::LogicalResult lowerConv(GroupLowering &lowering, graph::ConvOp op);
mlir::LogicalResult lowerDeconv(GroupLowering &lowering, graph::DeconvOp op);
mlir::LogicalResult lowerDense(GroupLowering &lowering, graph::DenseOp op);
mlir::LogicalResult lowerDot(GroupLowering &lowering, graph::DotOp op);
mlir::LogicalResult lowerAttention(GroupLowering &lowering,
                                   graph::AttentionOp op);
mlir::LogicalResult lowerPool(GroupLowering &lowering, graph::PoolOp op);
mlir::LogicalResult lowerReduction(GroupLowering &lowering,
                                   graph::ReductionOpInterface op);
mlir::LogicalResult lowerArgReduction(GroupLowering &lowering,
                                      mlir::Operation *op);
mlir::LogicalResult lowerCumsum(GroupLowering &lowering, graph::CumsumOp op);
mlir::LogicalResult lowerSoftmax(GroupLowering &lowering, mlir::Operation *op);
mlir::LogicalResult lowerNormalization(GroupLowering &lowering,
                                       mlir::Operation *op);
mlir::LogicalResult lowerLrn(GroupLowering &lowering, graph::LrnOp op);
mlir::LogicalResult lowerConcat(GroupLowering &lowering, graph::ConcatOp op);
mlir::LogicalResult lowerRecurrence(GroupLowering &lowering,
                                    graph::RecurrenceOp op);
mlir::LogicalResult lowerRoiAlign(GroupLowering &lowering,
                                  graph::RoiAlignOp op);
mlir::LogicalResult lowerRoiPool(GroupLowering &lowering, graph::RoiPoolOp op);
mlir::LogicalResult lowerArgsort(GroupLowering &lowering, graph::ArgsortOp op);
mlir::LogicalResult lowerSuppress(GroupLowering &lowering,
                                  graph::SuppressOp op);
mlir::LogicalResult lowerMatch(GroupLowering &lowering, graph::MatchOp op);
mlir::LogicalResult lowerCompact(GroupLowering &lowering, graph::CompactOp op);

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_GROUPLOWERING_H
