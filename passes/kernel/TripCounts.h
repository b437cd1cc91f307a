// SPDX-License-Identifier: Apache-2.0
// How often loops run, in functions whose bounds depend on few arguments.
#ifndef DLC_PASSES_KERNEL_TRIPCOUNTS_H
#define DLC_PASSES_KERNEL_TRIPCOUNTS_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace dlc::kernel {

/// Evaluates integers where the induction variables of the loops around them
/// have the values of an iteration in the middle.
class TripCounts {
public:
  /// Gives an argument its value.
  void set(mlir::Value argument, int64_t value) { values[argument] = value; }

  /// Sets the induction variable of \p loop and returns how often it runs; 1
  /// where that isn't known.
  int64_t enter(mlir::scf::ForOp loop);

  /// Nothing where \p value depends on data.
  std::optional<int64_t> evaluate(mlir::Value value);

private:
  std::optional<int64_t> evaluateOp(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, std::optional<int64_t>> values;
};

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_TRIPCOUNTS_H
