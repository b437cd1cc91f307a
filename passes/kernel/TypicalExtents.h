// SPDX-License-Identifier: Apache-2.0
// Extents that differ between the sizes that a kernel is for.
#ifndef DLC_PASSES_KERNEL_TYPICALEXTENTS_H
#define DLC_PASSES_KERNEL_TYPICALEXTENTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

namespace dlc::kernel {

/// The attribute of a loop or contraction that says which of its extents
/// change with the size of a model's inputs: for each a typical value, or
/// kFixed. A contraction lists its batch, m, n and k and then the typical bytes
/// between rows of lhs and between steps along the last k of rhs.
///
/// What the lowering decides then depends on typical values alone, and what it
/// emits has the same form for all: no loop is left out or unrolled since it
/// happens to run once, and tails are there even where nothing remains.
inline constexpr llvm::StringLiteral kTypicalAttr = "kernel.typical";
inline constexpr int64_t kFixed = -1;

/// The attribute of a loop or contraction that says what holds at all sizes,
/// where that doesn't follow from kTypicalAttr: of a `kernel.loop` whether its
/// iterations are independent (1 or 0), of a contraction how its operands may
/// be copied and its results stored (bits of CopyTrait, for lhs, rhs and out).
/// Without it, what holds at the size of the kernel.
inline constexpr llvm::StringLiteral kTraitsAttr = "kernel.traits";

/// On a kernel for GPUs whose buffers may be larger than its types say, and on
/// what it is lowered to.
inline constexpr llvm::StringLiteral kAnySizeAttr = "kernel.any_size";

/// Reads kTypicalAttr of one operation.
class TypicalExtents {
public:
  explicit TypicalExtents(mlir::Operation *op) {
    if (auto attr = op->getAttrOfType<mlir::DenseI64ArrayAttr>(kTypicalAttr))
      values = attr.asArrayRef();
  }

  bool isDynamic(unsigned i) const {
    return i < values.size() && values[i] != kFixed;
  }
  bool isAnyDynamic() const {
    return llvm::any_of(values, [](int64_t v) { return v != kFixed; });
  }
  /// What to take for extent \p i, which is \p extent now, in decisions.
  int64_t get(unsigned i, int64_t extent) const {
    return isDynamic(i) ? values[i] : extent;
  }

private:
  llvm::ArrayRef<int64_t> values; ///< kept alive by the context
};

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_TYPICALEXTENTS_H
