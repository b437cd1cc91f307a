// SPDX-License-Identifier: Apache-2.0
// The graph dialect: C++ declarations of its operators.
#ifndef DLC_DIALECTS_GRAPH_GRAPHOPS_H
#define DLC_DIALECTS_GRAPH_GRAPHOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace dlc::graph {
/// How a reduction combines two values.
enum class Combiner { Add, Mul, Max, Min };
} // namespace dlc::graph

#include "dialects/graph/GraphDialect.h.inc"
#include "dialects/graph/GraphEnums.h.inc"
#include "dialects/graph/GraphInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/GraphOps.h.inc"

namespace dlc::graph {
/// The parts that the weights of a cell are split into.
int64_t getNumGates(RnnMode mode);

/// Builds one element of \p op as its buildScalar does; f16 and bf16 are
/// computed as f32 and rounded once at the end.
mlir::Value buildElement(ElementwiseOpInterface op, mlir::OpBuilder &b,
                         mlir::Location loc, mlir::ValueRange args);
} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_GRAPHOPS_H
