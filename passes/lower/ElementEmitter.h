// SPDX-License-Identifier: Apache-2.0
// Emits single elements of the tensors in a fusion group. Asking for an
// element of a group's result pulls the elements it depends on: elementwise
// operators apply their scalar body, movements change the index, the group's
// arguments are loaded. What a structured operator computed is put in by its
// lowering.
#ifndef DLC_PASSES_LOWER_ELEMENTEMITTER_H
#define DLC_PASSES_LOWER_ELEMENTEMITTER_H

#include "dialects/graph/GraphOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/IR/Builders.h"

namespace dlc::lower {

/// \p expr of indices d_i with 0 <= d_i < extents[i], without divisions whose
/// result the ranges give away.
mlir::AffineExpr simplifyInRange(mlir::AffineExpr expr,
                                 llvm::ArrayRef<int64_t> extents);

/// Where in the buffer of a tensor of type \p type the element at \p indices
/// is (graph::getPhysicalType).
llvm::SmallVector<mlir::AffineExpr>
getPhysicalIndices(mlir::RankedTensorType type,
                   llvm::ArrayRef<mlir::AffineExpr> indices);

/// Whether the emitter can emit elements of \p op's result by pulling.
bool canPull(mlir::Operation *op);

class ElementEmitter {
public:
  using Indices = llvm::SmallVector<mlir::AffineExpr>;

  explicit ElementEmitter(mlir::OpBuilder &builder) : builder(builder) {}

  mlir::OpBuilder &builder;

  /// Says that \p tensor, an argument of the group, lies in \p buffer.
  void setBuffer(mlir::Value tensor, mlir::Value buffer) {
    buffers[tensor] = buffer;
  }
  mlir::Value getBuffer(mlir::Value tensor) const {
    return buffers.lookup(tensor);
  }

  /// Says that \p inner, an argument of an operator's body, is \p tensor.
  void setAlias(mlir::Value inner, mlir::Value tensor) {
    aliases[inner] = tensor;
  }

  /// Adds an index value of known range; returns the expression that stands
  /// for it in all subscripts.
  mlir::AffineExpr addIndex(mlir::Value index, int64_t extent);
  /// The ranges of all indices.
  llvm::ArrayRef<int64_t> getExtents() const { return extents; }
  mlir::AffineExpr constant(int64_t value) const;
  mlir::AffineExpr simplify(mlir::AffineExpr expr) const {
    return simplifyInRange(expr, extents);
  }

  /// The element of \p tensor at \p indices (of the logical shape).
  mlir::FailureOr<mlir::Value> emit(mlir::Value tensor,
                                    llvm::ArrayRef<mlir::AffineExpr> indices);
  /// Puts in \p element for \p tensor at any index, until clear() or a scope
  /// ends: the accumulator of a structured operator.
  void setElement(mlir::Value tensor, mlir::Value element) {
    known[tensor] = element;
  }

  /// Loads from or stores to \p buffer, which holds a tensor of type \p type.
  mlir::Value load(mlir::Location loc, mlir::Value buffer,
                   mlir::RankedTensorType type,
                   llvm::ArrayRef<mlir::AffineExpr> indices);
  void store(mlir::Location loc, mlir::Value value, mlir::Value buffer,
             mlir::RankedTensorType type,
             llvm::ArrayRef<mlir::AffineExpr> indices);
  /// The same with subscripts of the buffer itself.
  mlir::Value loadPhysical(mlir::Location loc, mlir::Value buffer,
                           llvm::ArrayRef<mlir::AffineExpr> subscripts);
  void storePhysical(mlir::Location loc, mlir::Value value, mlir::Value buffer,
                     llvm::ArrayRef<mlir::AffineExpr> subscripts);
  /// The part of \p buffer under the given first subscripts.
  mlir::Value slice(mlir::Location loc, mlir::Value buffer,
                    llvm::ArrayRef<mlir::AffineExpr> subscripts);
  /// \p expr as a value of type index.
  mlir::Value emitIndex(mlir::Location loc, mlir::AffineExpr expr);

  /// An element of an index tensor as an index in [0, extent).
  mlir::AffineExpr emitBoundedIndex(mlir::Location loc, mlir::Value element,
                                    int64_t extent, graph::IndexMode mode);

  /// While it lives, elements emitted in a nested region are forgotten at the
  /// region's end.
  class Scope {
  public:
    explicit Scope(ElementEmitter &emitter)
        : emitter(emitter), cache(emitter.cache), known(emitter.known) {}
    ~Scope() {
      emitter.cache = std::move(cache);
      emitter.known = std::move(known);
    }

  private:
    ElementEmitter &emitter;
    llvm::DenseMap<std::pair<mlir::Value, mlir::Attribute>, mlir::Value> cache;
    llvm::DenseMap<mlir::Value, mlir::Value> known;
  };

private:
  /// The map and \p operands of an access, without indices that it doesn't use.
  mlir::AffineMap getAccessMap(llvm::ArrayRef<mlir::AffineExpr> subscripts,
                               llvm::SmallVectorImpl<mlir::Value> &operands);
  mlir::FailureOr<mlir::Value>
  emitUncached(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> indices);
  mlir::FailureOr<mlir::Value> emitGather(graph::GatherOp op,
                                          llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::FailureOr<mlir::Value> emitGatherNd(graph::GatherNdOp op,
                                            llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::FailureOr<mlir::Value>
  emitTakeAlong(graph::TakeAlongOp op, llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::FailureOr<mlir::Value> emitPad(graph::PadOp op,
                                       llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::FailureOr<mlir::Value> emitResize(graph::ResizeOp op,
                                          llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::FailureOr<mlir::Value> emitSample(graph::SampleOp op,
                                          llvm::ArrayRef<mlir::AffineExpr> i);
  mlir::Value toIndex(mlir::Location loc, mlir::Value element);

  llvm::DenseMap<mlir::Value, mlir::Value> buffers, aliases;
  llvm::DenseMap<mlir::Value, mlir::Value> known;
  llvm::DenseMap<std::pair<mlir::Value, mlir::Attribute>, mlir::Value> cache;
  llvm::SmallVector<mlir::Value> dims;
  llvm::SmallVector<int64_t> extents;
};

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_ELEMENTEMITTER_H
