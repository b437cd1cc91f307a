// SPDX-License-Identifier: Apache-2.0
// The text of a stage and the weights that lie beside it.
#ifndef DLC_COMPILER_STAGETEXT_H
#define DLC_COMPILER_STAGETEXT_H

#include "compiler/Diagnostics.h"
#include "compiler/import/Safetensors.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlc {

/// Returns the text of \p module with locations, without the bytes of its
/// resources.
std::string printStage(mlir::ModuleOp module);

/// The resources that \p module refers to, by their key, in order of first
/// use. They stay where they are: the context owns them.
std::vector<NamedWeight> collectWeights(mlir::ModuleOp module);

/// Parses the text of a stage and gives its resources the values of \p weights
/// (may be null if there are none). \returns null, with diagnostics, if the
/// text does not parse or verify, or a resource has no value of its size.
mlir::OwningOpRef<mlir::ModuleOp>
parseStage(mlir::MLIRContext &context, std::string_view text,
           const std::string &file, std::shared_ptr<const WeightStore> weights,
           DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_STAGETEXT_H
