// SPDX-License-Identifier: Apache-2.0
// From an MXNet symbol and its weights to a module of the graph stage.
#ifndef DLC_COMPILER_IMPORT_MXNET_SYMBOLIMPORTER_H
#define DLC_COMPILER_IMPORT_MXNET_SYMBOLIMPORTER_H

#include "compiler/import/Importer.h"
#include "compiler/import/mxnet/SymbolReader.h"

namespace dlc::mxnet {

/// Imports \p symbol of the file \p file with \p weights (null: there is no
/// parameters file). \returns null, with diagnostics, if there are problems.
mlir::OwningOpRef<mlir::ModuleOp>
importSymbol(mlir::MLIRContext &context, Symbol symbol, const std::string &file,
             std::shared_ptr<WeightStore> weights, const ImportOptions &options,
             DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_SYMBOLIMPORTER_H
