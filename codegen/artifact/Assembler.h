// SPDX-License-Identifier: Apache-2.0
// Assembles text into an ELF object, in process.
#ifndef DLC_CODEGEN_ARTIFACT_ASSEMBLER_H
#define DLC_CODEGEN_ARTIFACT_ASSEMBLER_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace dlc::artifact {

/// Assembles \p text for \p triple and returns the bytes of an ELF relocatable.
/// Instructions of every extension of the architecture are accepted. Errors
/// carry the assembler's messages with \p name and the line in front. Safe to
/// call from several threads.
llvm::Expected<llvm::SmallVector<char, 0>>
assemble(llvm::StringRef text, llvm::StringRef triple,
         llvm::StringRef name = "<asm>");

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_ASSEMBLER_H
