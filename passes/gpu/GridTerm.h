// SPDX-License-Identifier: Apache-2.0
// Numbers of blocks, and of bytes, as products of quotients of extents.
#ifndef DLC_PASSES_GPU_GRIDTERM_H
#define DLC_PASSES_GPU_GRIDTERM_H

#include "passes/gpu/BlockEmitter.h"

namespace dlc::kernel {

/// A product of extents, each divided by a constant and rounded up.
///
/// In a kernel for several sizes it is computed from the extents, both when the
/// kernel runs and when it is launched: what an extent is at other sizes is
/// plain, where the quotients of a few sizes by the rows of a large tile say
/// little.
struct GridTerm {
  struct Factor {
    int64_t extent;
    int64_t divisor = 1;
  };
  llvm::SmallVector<Factor, 4> factors = {};
  bool isDynamic = false; ///< some extent is that of one size of several

  GridTerm operator*(const GridTerm &other) const;
  /// What it is at the kernel's own size.
  int64_t getValue() const;
  /// Its factors, each followed by its divisor.
  mlir::DenseI64ArrayAttr toAttr(mlir::Builder &builder) const;
  /// Emits it: a constant unless it is dynamic.
  mlir::Value emit(BlockEmitter &emitter, mlir::Location loc) const;
};

GridTerm getProduct(llvm::ArrayRef<GridTerm> terms);

/// The attributes of the function of a dynamic grid that say what
/// `kernel.blocks` and `kernel.scratch_bytes` are: sums of terms, each as
/// GridTerm::toAttr makes it.
inline constexpr llvm::StringLiteral kBlockTermsAttr = "kernel.block_terms";
inline constexpr llvm::StringLiteral kScratchTermsAttr = "kernel.scratch_terms";

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_GRIDTERM_H
