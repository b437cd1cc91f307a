// SPDX-License-Identifier: Apache-2.0
// From a framework's model to a module of the graph stage.
#ifndef DLC_COMPILER_IMPORT_IMPORTER_H
#define DLC_COMPILER_IMPORT_IMPORTER_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlc {

/// Bytes and the name that diagnostics give them.
struct NamedBytes {
  std::string name;
  std::string_view bytes;
  /// Keeps the bytes alive; may be null if the caller does.
  std::shared_ptr<const void> owner;
};

/// One dimension of an input: a size, or the name of a dynamic one.
struct InputDim {
  int64_t size = 0;
  std::string name;
};

/// What --input says of a variable.
struct InputOption {
  std::string name;
  std::vector<InputDim> shape;
  std::optional<ElementType> type;
};

struct ImportOptions {
  std::vector<InputOption> inputs;
  /// Names of outputs, internal ones too; empty: the model's own.
  std::vector<std::string> outputs;
  /// The most bytes that weights and memory together may need.
  int64_t memoryLimit = int64_t(1) << 40;
};

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
