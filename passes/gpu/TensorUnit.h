// SPDX-License-Identifier: Apache-2.0
// What contractions and attention on tensor cores have in common.
#ifndef DLC_PASSES_GPU_TENSORUNIT_H
#define DLC_PASSES_GPU_TENSORUNIT_H

#include "passes/gpu/BlockEmitter.h"
#include "passes/gpu/BlockTile.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace dlc::kernel {

/// Rows and columns of the pieces that products are made of.
inline constexpr int64_t kPieceRows = 16, kPieceColumns = 8;

/// Emits products on tensor cores: those of a piece of 16 x 8 sums, by
/// `mma.sync`, from registers.
///
/// f32 is as exact as from FMAs: each factor is the sum of two numbers of tf32,
/// and three of the four products are added up ("3xTF32", CUTLASS). Lower
/// precisions round the factors and need one product.
///
/// Integers of 8 bits come four steps at once, as words of i32. Their sums are
/// of i32 and exact; they wrap around.
///
/// Layouts are those of `mma.m16n8k8` and `mma.m16n8k16` in the PTX manual: in
/// lane 4 g + t, the four sums of a piece are those of row g and columns 2 t
/// and 2 t + 1, then of row g + 8.
class TensorUnit {
public:
  /// The registers that a lane has of a factor of a piece.
  struct Factor {
    llvm::SmallVector<mlir::Value> high, low; ///< `low` for three products
  };

  TensorUnit(mlir::OpBuilder &builder, mlir::Location loc, Precision precision)
      : builder(builder), loc(loc), precision(precision) {}

  /// Products of words of integers.
  TensorUnit(mlir::OpBuilder &builder, mlir::Location loc, bool isLhsUnsigned,
             bool isRhsUnsigned)
      : builder(builder), loc(loc), precision(Precision::Tf32),
        areUnsigned({isLhsUnsigned, isRhsUnsigned}) {}

  /// Whether factors have 16 bits.
  bool isNarrow() const {
    return precision == Precision::Float16 || precision == Precision::BFloat16;
  }
  /// Steps of a product; words of four, of integers.
  int64_t getDepth() const { return isNarrow() ? 16 : 8; }
  /// The factor that the lane has \p elements of: those of rows (or columns) g
  /// and, of 16 rows, g + 8 at the steps of the first half, then of the second.
  /// A half has one step for a lane, or two of 16 bits.
  Factor makeFactor(llvm::ArrayRef<mlir::Value> elements);
  /// Adds a product to the four \p sums of a piece.
  void multiply(const Factor &a, const Factor &b,
                llvm::MutableArrayRef<mlir::Value> sums);
  /// Adds the products of all \p rows and \p columns of pieces to \p sums:
  /// those of a row are side by side, four for each piece.
  void multiplyAll(llvm::ArrayRef<Factor> rows, llvm::ArrayRef<Factor> columns,
                   llvm::MutableArrayRef<mlir::Value> sums);
  /// Loads \p squares of 8 rows x 16 bytes from shared memory by `ldmatrix`;
  /// each lane names the \p address of a row.
  llvm::SmallVector<mlir::Value>
  loadSquares(mlir::Value memory, mlir::Value address, int64_t squares);

private:
  std::array<mlir::NVVM::MMATypes, 2> getFactorTypes() const;
  void addProduct(llvm::ArrayRef<mlir::Value> lhs,
                  llvm::ArrayRef<mlir::Value> rhs,
                  llvm::MutableArrayRef<mlir::Value> sums);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  Precision precision; ///< of f32
  /// Of integers, whether those of lhs and of rhs have no sign.
  std::optional<std::pair<bool, bool>> areUnsigned;
};

/// Copies \p count elements of \p buffer, from \p address on, to shared memory
/// asynchronously; where \p isThere isn't true, zeros, without a read. Null: it
/// is.
void copyAsync(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value buffer,
               mlir::Value address, mlir::Value memory, mlir::Value place,
               int64_t count, mlir::Value isThere = nullptr);
/// Ends a group of asynchronous copies.
mlir::Value closeCopies(mlir::OpBuilder &builder, mlir::Location loc);
/// Fills \p count elements of 32 bits in \p memory with zeros.
void clearElements(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value memory, mlir::Value place, int64_t count);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_TENSORUNIT_H
