// SPDX-License-Identifier: Apache-2.0
// Rearranges constant tensors into the order in which kernels read them.
#ifndef DLC_PASSES_LOWER_PACKCONSTANTS_H
#define DLC_PASSES_LOWER_PACKCONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace dlc::lower {

/// The bytes of \p value; of a splat, one element. Empty where they are
/// missing.
llvm::ArrayRef<char> getConstantBytes(mlir::ElementsAttr value, bool &isSplat);

/// The tensor of shape \p shape whose element i (row-major) is element
/// source(index of i) of \p value; -1 stands for zero. Keeps the element type.
/// Null where the elements of \p value can't be read.
mlir::ElementsAttr
packConstant(mlir::ElementsAttr value, llvm::ArrayRef<int64_t> shape,
             llvm::function_ref<void(llvm::MutableArrayRef<int64_t>)> sources);

/// Packs a weight [rows, depth] into panels of 16 rows: [panel][depth][16], the
/// last panel filled up with zeros. Null where the data is missing.
mlir::ElementsAttr packRows(mlir::ElementsAttr weight);
/// Puts four steps of a column side by side: [panel][depth][16] becomes
/// [panel][depth / 4][16][4]. The depth is a multiple of four.
mlir::ElementsAttr packQuads(mlir::ElementsAttr panels);
/// What packRows made of \p rows rows, as [rows, depth] again.
mlir::ElementsAttr unpackRows(mlir::ElementsAttr packed, int64_t rows);

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_PACKCONSTANTS_H
