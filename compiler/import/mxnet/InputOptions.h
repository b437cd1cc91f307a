// SPDX-License-Identifier: Apache-2.0
// What --input and the model's variables say of inputs.
#ifndef DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H
#define DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H

#include "compiler/import/mxnet/ResolvedSymbol.h"

namespace dlc::mxnet {

/// What \p options say of the input \p name; null if nothing.
const InputOption *findInputOption(const ImportOptions &options,
                                   llvm::StringRef name);

/// Reports inputs of \p options that \p symbol does not have, and dynamic
/// dimensions, which can't be compiled yet.
void checkInputOptions(const ResolvedSymbol &symbol,
                       const ImportOptions &options, const std::string &file,
                       DiagnosticList &diagnostics);

/// Returns the variable's own __shape__, if every dimension of it is known.
/// Reports a malformed one at \p place.
std::optional<Shape> getDeclaredShape(const Node &variable,
                                      bool usesNumpyShapes,
                                      const DiagnosticPlace &place,
                                      DiagnosticList &diagnostics);

/// Returns the variable's own __dtype__, float32 if it has none. Reports a
/// malformed one at \p place.
ElementType getDeclaredElement(const Node &variable,
                               const DiagnosticPlace &place,
                               DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H
