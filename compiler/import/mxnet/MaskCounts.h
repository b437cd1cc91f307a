// SPDX-License-Identifier: Apache-2.0
// The extents of a model that count what masks select.
#ifndef DLC_COMPILER_IMPORT_MXNET_MASKCOUNTS_H
#define DLC_COMPILER_IMPORT_MXNET_MASKCOUNTS_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// The masks that a model counts, numbered as they are found.
class MaskCounts {
public:
  /// \p sizes: what to look at the model for, by number; for counts beyond them
  /// a size is chosen.
  explicit MaskCounts(llvm::ArrayRef<int64_t> sizes) : sizes(sizes) {}

  /// The count of \p mask, [N] of booleans: that of an equal one, or a new one
  /// where \p builder stands.
  Count get(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value mask);

private:
  llvm::ArrayRef<int64_t> sizes;
  llvm::SmallVector<std::pair<mlir::Value, Count>> counts;
};

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_MASKCOUNTS_H
