// SPDX-License-Identifier: Apache-2.0
// Files that the compiler carries inside itself (Embedded.S).
#ifndef DLC_CODEGEN_ARTIFACT_EMBEDDED_H
#define DLC_CODEGEN_ARTIFACT_EMBEDDED_H

#include "llvm/ADT/StringRef.h"
#include <optional>

namespace dlc::artifact {

/// The files for one architecture.
struct EmbeddedFiles {
  /// The runtime's core, an archive of objects.
  llvm::StringRef core;
  /// Shared libraries that define the functions an artifact may call, without
  /// code and versions; named libc.so.6 and libm.so.6.
  llvm::StringRef libc, libm;
};

/// The files for \p triple, or nothing where there is no runtime for it.
std::optional<EmbeddedFiles> getEmbeddedFiles(llvm::StringRef triple);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_EMBEDDED_H
