// SPDX-License-Identifier: Apache-2.0
// Writes artifacts: tables, code and weights in, one file out.
#ifndef DLC_CODEGEN_ARTIFACT_ARTIFACT_H
#define DLC_CODEGEN_ARTIFACT_ARTIFACT_H

#include "codegen/artifact/DataObject.h"
#include "codegen/artifact/Spec.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace dlc::artifact {

/// The parts of an artifact. The owner keeps all that is referred to alive.
struct ArtifactParts {
  llvm::StringRef triple; ///< e.g. "x86_64-unknown-linux-gnu"
  /// The tables, see writeDescription.
  llvm::StringRef description;
  /// Objects that define the functions of the kernels.
  llvm::ArrayRef<llvm::MemoryBufferRef> kernels;
  /// The weights image and its size in bytes, zero where there is no chunk.
  llvm::ArrayRef<DataChunk> weights;
  uint64_t weightsBytes = 0;
  /// The data of the self-test, likewise.
  llvm::ArrayRef<DataChunk> testData;
  uint64_t testBytes = 0;
};

/// Sets `codeBytes` of each kernel of \p spec and its specialisations: the size
/// of its variants' functions `SYMBOL` and `SYMBOL.body` in the objects \p
/// kernels.
llvm::Error measureCode(ArtifactSpec &spec,
                        llvm::ArrayRef<llvm::MemoryBufferRef> kernels);

/// Writes a self-contained shared object to the file \p output. Equal parts
/// give equal bytes. On failure there may be a partial file: write to a
/// temporary name and rename it.
llvm::Error writeSharedObject(const ArtifactParts &parts,
                              llvm::StringRef output);

/// Writes a relocatable object to \p output, to be linked into a program
/// together with the runtime. Its only visible symbol is the function \p entry,
/// which calls the runtime's `dlc_core_model` with the model's tables.
llvm::Error writeRelocatable(const ArtifactParts &parts, llvm::StringRef entry,
                             llvm::StringRef output);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_ARTIFACT_H
