// SPDX-License-Identifier: Apache-2.0
// Writes bulk data (weights, test tensors) as an ELF relocatable.
#ifndef DLC_CODEGEN_ARTIFACT_DATAOBJECT_H
#define DLC_CODEGEN_ARTIFACT_DATAOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace dlc::artifact {

/// Bytes at an offset of a section. The owner keeps them alive.
struct DataChunk {
  uint64_t offset;
  llvm::ArrayRef<char> bytes;
};

/// One read-only section and the hidden symbol at its start.
struct DataSection {
  llvm::StringRef name;   ///< e.g. ".dlc.weights"
  llvm::StringRef symbol; ///< e.g. "dlc_weights"
  uint64_t size = 0;      ///< bytes; what no chunk covers is zero
  uint64_t alignment = 4096;
  llvm::ArrayRef<DataChunk> chunks; ///< by rising offset, not overlapping
};

/// Writes \p section as a relocatable object for \p triple to the file \p path.
/// The chunks go straight to the file; nothing is copied, so that weights of
/// many gigabytes need no memory. Fails where chunks overlap or exceed the
/// section, or the file can't be written.
///
/// On x86-64 the section is marked large: the linker then puts it at the edge
/// of the image, so that code and its other data stay within reach of each
/// other. The symbol must be referenced by 64-bit relocations only.
llvm::Error writeDataObject(llvm::StringRef path, llvm::StringRef triple,
                            const DataSection &section);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_DATAOBJECT_H
