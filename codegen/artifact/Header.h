// SPDX-License-Identifier: Apache-2.0
// The memory contract of a model as a C header.
#ifndef DLC_CODEGEN_ARTIFACT_HEADER_H
#define DLC_CODEGEN_ARTIFACT_HEADER_H

#include "codegen/artifact/Spec.h"
#include "llvm/ADT/StringRef.h"

namespace dlc::artifact {

/// Returns the text of a C header with the names, types, shapes and sizes of
/// \p spec as compile-time constants, so that a program can reserve all memory
/// statically. Their prefix is DLC_NAME_, with \p name in capitals and
/// everything but letters and digits as an underscore.
///
/// With dims, their bounds are there, and the rest is that of the largest
/// sizes; where one has no bound, constants that depend on sizes are left out.
std::string writeHeader(const ArtifactSpec &spec, llvm::StringRef name);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_HEADER_H
