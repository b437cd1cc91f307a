// SPDX-License-Identifier: Apache-2.0
// Reads MXNet's .params container: all dense versions of its arrays.
#ifndef DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H
#define DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"

namespace dlc::mxnet {

/// Adds the arrays of \p bytes to \p store, as views into \p bytes and under
/// their names without the "arg:" or "aux:" prefix. Arrays of the versions V0
/// to V3 are read. \p file is the name that diagnostics give.
/// \returns false, with a diagnostic, if the container is malformed or holds
/// what can't be read (sparse arrays, a zip archive).
bool readParams(std::string_view bytes, const std::string &file,
                WeightStore &store, DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H
