// SPDX-License-Identifier: Apache-2.0
// Computes operators in the compiler.
#ifndef DLC_PASSES_GRAPH_EVALUATE_H
#define DLC_PASSES_GRAPH_EVALUATE_H

#include "dialects/graph/Constants.h"

namespace dlc::graph {

/// Computes the result of an operator from its operands' elements: writes them
/// row-major. Elementwise operators compute as many elements as fit.
using Evaluation = std::function<void(llvm::ArrayRef<ConstantData> operands,
                                      llvm::MutableArrayRef<char> result)>;

/// The evaluation of \p op, which must have one result and static shapes; null
/// if there is none. Elementwise operators, movements, reductions, iota,
/// concat, pad and gather have one.
Evaluation getEvaluation(mlir::Operation *op);

} // namespace dlc::graph

#endif // DLC_PASSES_GRAPH_EVALUATE_H
