// SPDX-License-Identifier: Apache-2.0
// From a framework's model to a module of the graph stage.
#ifndef DLC_COMPILER_IMPORT_IMPORTER_H
#define DLC_COMPILER_IMPORT_IMPORTER_H

#include "compiler/Compile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlc {

/// Loads the weights of \p file, an MXNet .params or a safetensors file.
/// \returns null, with a diagnostic, if it is malformed.
std::shared_ptr<WeightStore> readWeights(const NamedBytes &file,
                                         DiagnosticList &diagnostics);

/// Imports \p model, an MXNet symbol, with the weights of \p params (may be
/// null): a module of the graph stage, whose weights are resources over the
/// bytes of \p params, not copied. The context needs the graph and func
/// dialects. \returns null, with a diagnostic for each problem of the model,
/// if there are any.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context,
                                              const NamedBytes &model,
                                              const NamedBytes *params,
                                              const ImportOptions &options,
                                              DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_IMPORTER_H
