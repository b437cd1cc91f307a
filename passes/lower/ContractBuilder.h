// SPDX-License-Identifier: Apache-2.0
// Builds a kernel.contract from index functions.
#ifndef DLC_PASSES_LOWER_CONTRACTBUILDER_H
#define DLC_PASSES_LOWER_CONTRACTBUILDER_H

#include "passes/lower/GroupLowering.h"
#include <functional>

namespace dlc::lower {

inline constexpr int64_t kPanel = kernel::ContractOp::kPanel;
inline constexpr int64_t kQuad = kernel::ContractOp::kQuad;

/// Where the element of \p tensor at \p indices lies, seen through movements:
/// subscripts of \p buffer. The indices are expressions of dimensions with
/// \p extents.
mlir::FailureOr<GroupLowering::Indices>
resolveElement(GroupLowering &lowering, mlir::Value tensor,
               GroupLowering::Indices indices, llvm::ArrayRef<int64_t> extents,
               mlir::Value &buffer);

/// What an operator says of its contraction: extents and, as functions of the
/// indices, where each side's element is. Fill in, then emit().
class ContractBuilder {
public:
  using Indices = GroupLowering::Indices;
  using Exprs = llvm::ArrayRef<mlir::AffineExpr>;
  /// A tensor of the group and logical indices into it.
  using Element = std::pair<mlir::Value, Indices>;

  /// \p result is the operator's result, which the group's root is made from.
  ContractBuilder(GroupLowering &lowering, mlir::Value result)
      : lowering(lowering), result(result) {}

  llvm::SmallVector<int64_t> batch;
  int64_t m = 1, n = 1;
  llvm::SmallVector<int64_t> k;
  int64_t kTail = 0; ///< 0: none
  mlir::Value bias;  ///< a vector or null; may be padded to whole panels
  /// The element of `bias` for a column; default: the column.
  std::function<mlir::AffineExpr(Exprs batch, mlir::AffineExpr n)> mapBias;

  /// Exactly one of `packedRhs` (with `mapPanel`, whose default is the panel
  /// itself) and `mapRhs`.
  mlir::Value packedRhs;
  std::function<mlir::AffineExpr(Exprs batch, mlir::AffineExpr panel)> mapPanel;
  std::function<Element(Exprs batch, mlir::AffineExpr m, Exprs k)> mapLhs;
  std::function<Element(Exprs batch, Exprs k, mlir::AffineExpr n)> mapRhs;
  /// The logical indices of the result's element.
  std::function<Indices(Exprs batch, mlir::AffineExpr m, mlir::AffineExpr n)>
      mapOut;
  /// The result, the bias and all that the epilogue reads have room for columns
  /// up to a multiple of 16.
  bool wholePanels = false;
  /// Both sides, of integers of 8 bits, are read four steps at once: those of
  /// the last extent of k, of which there are a multiple of four, lie side by
  /// side. A packed rhs has been through packQuads().
  bool quads = false;

  mlir::LogicalResult emit(mlir::Location loc);

private:
  void makeQuads();
  mlir::FailureOr<mlir::AffineMap> getMap(const Element &element,
                                          llvm::ArrayRef<int64_t> extents,
                                          mlir::Value &buffer);

  GroupLowering &lowering;
  mlir::Value result;
};

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_CONTRACTBUILDER_H
