// SPDX-License-Identifier: Apache-2.0
// Reads and writes safetensors, the container of weights that other frameworks
// share, and that lies beside the text of a compiler stage.
#ifndef DLC_COMPILER_IMPORT_SAFETENSORS_H
#define DLC_COMPILER_IMPORT_SAFETENSORS_H

#include "compiler/Diagnostics.h"
#include "compiler/import/WeightStore.h"
#include <functional>

namespace dlc {

/// True if \p bytes may be a safetensors file: the length of a header, then
/// the header's opening brace.
bool looksLikeSafetensors(std::string_view bytes);

/// Adds the tensors of \p bytes to \p store, as views into \p bytes.
/// \returns false, with a diagnostic, if the file is malformed.
bool readSafetensors(std::string_view bytes, const std::string &file,
                     WeightStore &store, DiagnosticList &diagnostics);

/// A tensor to write.
struct NamedWeight {
  std::string name;
  Weight weight;
};

/// Hands the bytes of a safetensors file that holds \p weights, in their
/// order, to \p write piece by piece, until it returns false.
/// \returns what the last call of \p write did.
bool writeSafetensors(const std::vector<NamedWeight> &weights,
                      const std::function<bool(std::string_view)> &write);

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_SAFETENSORS_H
