// SPDX-License-Identifier: Apache-2.0
// The patterns of graph-simplify, by the family of the operator they match.
#ifndef DLC_PASSES_GRAPH_SIMPLIFY_H
#define DLC_PASSES_GRAPH_SIMPLIFY_H

#include "dialects/graph/GraphOps.h"

#include "mlir/IR/PatternMatch.h"

namespace dlc::graph {

/// The number that all elements of \p value are, if they are one constant.
std::optional<double> getUniformValue(mlir::Value value);

void populateElementwiseSimplifications(mlir::RewritePatternSet &patterns);
void populateMovementSimplifications(mlir::RewritePatternSet &patterns);
void populateContractionSimplifications(mlir::RewritePatternSet &patterns);

} // namespace dlc::graph

#endif // DLC_PASSES_GRAPH_SIMPLIFY_H
