// SPDX-License-Identifier: Apache-2.0
// Reads MXNet's .params container: all dense versions of its arrays.
#ifndef DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H
#define DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"

namespace dlc::mxnet {

/// One array of a container.
struct NamedArray {
  /// As in the file; empty where the arrays were saved as a list.
  std::string name;
  /// A view into the file, not necessarily aligned.
  Weight weight;
  /// An empty slot: there is neither shape nor data.
  bool isNone = false;
  /// "row_sparse" or "csr"; empty for a dense array.
  std::string_view sparseStorage;
};

/// Reads the arrays of \p bytes, of the versions V0 to V3, in their order.
/// \p file is the name that diagnostics give. \returns false, with a
/// diagnostic, if the container is malformed or holds what can't be read
/// (sparse arrays, a zip archive).
bool readArrays(std::string_view bytes, const std::string &file,
                std::vector<NamedArray> &arrays, DiagnosticList &diagnostics);

/// Returns \p name without "arg:" or "aux:" in front.
std::string_view dropPrefix(std::string_view name);

/// Adds the arrays of \p bytes to \p store, as views into \p bytes and under
/// their names without the "arg:" or "aux:" prefix. \returns false, with
/// a diagnostic, where readArrays() does and where a name is missing or occurs
/// twice.
bool readParams(std::string_view bytes, const std::string &file,
                WeightStore &store, DiagnosticList &diagnostics);

} // namespace dlc::mxnet

#endif // DLC_COMPILER_IMPORT_MXNET_PARAMSREADER_H
