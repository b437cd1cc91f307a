// SPDX-License-Identifier: Apache-2.0
// Random numbers as a function of the model's input `random_seed` and of where
// they are needed: the same seed gives the same numbers on every machine, and
// the artifact keeps no state.
#ifndef DLC_COMPILER_IMPORT_MXNET_RANDOM_H
#define DLC_COMPILER_IMPORT_MXNET_RANDOM_H

#include "compiler/import/mxnet/NodeBuilder.h"

namespace dlc::mxnet {

/// Draws numbers for one node. Each call draws others; all tensors of a call
/// have the same shape. Parameters are tensors of the results' shape and float
/// element type.
class Random {
public:
  explicit Random(NodeBuilder &n) : n(n) {}

  /// Four independent 32-bit numbers for each element, as int64. Philox
  /// 4x32-10, keyed by the seed, of the element's index, the number of the
  /// call and the node. Source: Salmon, Moraes, Dror, Shaw, "Parallel Random
  /// Numbers: As Easy as 1, 2, 3", SC 2011.
  llvm::SmallVector<mlir::Value, 4> bits(llvm::ArrayRef<int64_t> shape);

  /// In [0, 1), with 24 random bits.
  mlir::Value uniform(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Of mean 0 and deviation 1.
  mlir::Value normal(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Of mean 1.
  mlir::Value exponential(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// Integers from \p low to \p high - 1, less than 2^32 of them, as int64.
  mlir::Value integers(llvm::ArrayRef<int64_t> shape, double low, double high);
  /// Of shape \p alpha and scale 1. Marsaglia's and Tsang's method with a
  /// fixed number of attempts; all of them fail with a chance of 1e-10.
  mlir::Value gamma(mlir::Value alpha);
  /// Counts of events whose mean is \p rate.
  mlir::Value poisson(mlir::Value rate);

private:
  mlir::Value toUniform(mlir::Value word, mlir::Type element);
  mlir::Value toNormal(mlir::Value first, mlir::Value second,
                       mlir::Type element);
  mlir::Value smallPoisson(mlir::Value rate);
  mlir::Value largePoisson(mlir::Value rate);

  NodeBuilder &n;
  int64_t calls = 0;
};

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_RANDOM_H
