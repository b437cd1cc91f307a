// SPDX-License-Identifier: Apache-2.0
// What --input says, against what the model has.
#ifndef DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H
#define DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H

#include "compiler/import/mxnet/ResolvedSymbol.h"

namespace dlc::mxnet {

/// Reports inputs of \p options that \p symbol does not have, and dynamic
/// dimensions, which can't be compiled yet.
void checkInputOptions(const ResolvedSymbol &symbol,
                       const ImportOptions &options, const std::string &file,
                       DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_INPUTOPTIONS_H
