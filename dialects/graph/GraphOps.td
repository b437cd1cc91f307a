// SPDX-License-Identifier: Apache-2.0
// All operators of the graph dialect.
#ifndef DLC_DIALECTS_GRAPH_GRAPHOPS_TD
#define DLC_DIALECTS_GRAPH_GRAPHOPS_TD

include "dialects/graph/Activation.td"
include "dialects/graph/Arithmetic.td"
include "dialects/graph/Attention.td"
include "dialects/graph/Comparison.td"
include "dialects/graph/Contraction.td"
include "dialects/graph/Counting.td"
include "dialects/graph/Indexing.td"
include "dialects/graph/Math.td"
include "dialects/graph/Movement.td"
include "dialects/graph/Normalization.td"
include "dialects/graph/Ordering.td"
include "dialects/graph/Recurrent.td"
include "dialects/graph/Reduction.td"
include "dialects/graph/Sampling.td"
include "dialects/graph/Structure.td"

#endif // DLC_DIALECTS_GRAPH_GRAPHOPS_TD
