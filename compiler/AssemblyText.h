// SPDX-License-Identifier: Apache-2.0
// The text of the last stage: the assembly of every object of an artifact, one
// after the other. The weights file beside it holds the bulk data.
#ifndef DLC_COMPILER_ASSEMBLYTEXT_H
#define DLC_COMPILER_ASSEMBLYTEXT_H

#include "compiler/Diagnostics.h"
#include "llvm/ADT/StringRef.h"

namespace dlc {

/// Names of the tensors in the weights file.
inline constexpr llvm::StringLiteral kWeightsTensor = "weights";
inline constexpr llvm::StringLiteral kTestTensor = "test";

/// The parts of such a text; what they refer to is not owned.
struct AssemblyText {
  struct Kernel {
    llvm::StringRef symbol, text;
  };

  llvm::StringRef triple;
  /// Sizes of the tensors in the weights file; 0: there is none.
  uint64_t weightsBytes = 0, testBytes = 0;
  /// The artifact's tables.
  llvm::StringRef description;
  std::vector<Kernel> kernels;
};

/// True if \p text begins as the text of assembly does.
bool isAssembly(llvm::StringRef text);

/// Returns \p assembly as one text. Lines beginning with `# dlc` separate its
/// parts.
std::string printAssembly(const AssemblyText &assembly);

/// Splits \p text, which \p assembly then refers to, into its parts. \returns
/// false, with a diagnostic, if it is not whole.
bool parseAssembly(llvm::StringRef text, const std::string &file,
                   AssemblyText &assembly, DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_ASSEMBLYTEXT_H
