// SPDX-License-Identifier: Apache-2.0
// Parts of a function of the graph stage as modules of their own.
#ifndef DLC_COMPILER_BISECT_SUBGRAPH_H
#define DLC_COMPILER_BISECT_SUBGRAPH_H

#include "compiler/bisect/Values.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlc::bisect {

/// All tensors that were computed, by the function's values.
using ValueMap = llvm::DenseMap<mlir::Value, ValuePtr>;

/// A model that computes some tensors of a larger one from others.
struct Subgraph {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Values inputs, results; ///< what the larger model has there

  mlir::func::FuncOp getMain();
};

/// The results of \p root, from what is at most \p depth operators in front of
/// it; what lies further away becomes an input, constants stay.
Subgraph extract(mlir::Operation *root, unsigned depth, const ValueMap &values);

/// Operators between \p root and the farthest input or constant in front of it.
unsigned getDepth(mlir::Operation *root);

/// Puts the values of inputs and results into the function's attributes, where
/// the pass `graph-check-values` finds them.
void attachValues(Subgraph &subgraph);

/// Operators of \p module without constants.
unsigned countOps(mlir::ModuleOp module);

} // namespace dlc::bisect

#endif // DLC_COMPILER_BISECT_SUBGRAPH_H
