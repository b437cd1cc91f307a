// SPDX-License-Identifier: Apache-2.0
// Files that the compiler carries inside itself (Embedded.S).
#ifndef DLC_CODEGEN_ARTIFACT_EMBEDDED_H
#define DLC_CODEGEN_ARTIFACT_EMBEDDED_H

#include "llvm/ADT/StringRef.h"

namespace dlc::artifact {

/// The runtime's core, an archive of objects.
llvm::StringRef embeddedCore();
/// Shared libraries that define the functions an artifact may call, without
/// code and versions; named libc.so.6 and libm.so.6.
llvm::StringRef embeddedLibc();
llvm::StringRef embeddedLibm();

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_EMBEDDED_H
