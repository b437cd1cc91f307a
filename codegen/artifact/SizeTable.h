// SPDX-License-Identifier: Apache-2.0
// Collects the sizes of an artifact that depend on dims.
#ifndef DLC_CODEGEN_ARTIFACT_SIZETABLE_H
#define DLC_CODEGEN_ARTIFACT_SIZETABLE_H

#include "codegen/artifact/Spec.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <tuple>

namespace dlc::artifact {

/// Expressions of dims. Equal ones are one, those of constants are computed,
/// and only what is asked for, with what it needs, is in the artifact.
class SizeTable {
public:
  /// An expression of this table.
  using Size = uint32_t;

  Size getConstant(int64_t value) {
    return intern(DLC_SIZE_CONSTANT, 0, value);
  }
  Size getDim(uint32_t dim) { return intern(DLC_SIZE_DIM, 0, dim); }
  /// \p op of two sizes; division by a constant below 1 is left to fail when
  /// it is computed.
  Size get(dlc_abi_size_op op, Size a, Size b);
  /// The value of \p expr, whose symbols are the dims.
  Size get(mlir::AffineExpr expr);

  /// The value of \p size if that doesn't depend on dims.
  std::optional<int64_t> getValue(Size size) const;

  /// The number of \p size in the artifact; 0 for a constant.
  SizeNumber getNumber(Size size);

  /// The sizes with numbers so far.
  const std::vector<dlc_abi_size> &getSizes() const { return sizes; }

private:
  Size intern(dlc_abi_size_op op, uint32_t a, int64_t b);
  SizeNumber emit(Size size);

  /// All expressions; operands are earlier ones.
  std::vector<dlc_abi_size> expressions;
  std::map<std::tuple<uint32_t, uint32_t, int64_t>, Size> known;
  llvm::DenseMap<Size, SizeNumber> numbers;
  std::vector<dlc_abi_size> sizes;
};

/// \p expr with the names \p dims for its symbols: "floor(H / 2) + 1".
std::string formatSize(mlir::AffineExpr expr, const std::vector<DimSpec> &dims);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_SIZETABLE_H
