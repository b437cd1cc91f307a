// SPDX-License-Identifier: Apache-2.0
// The tables of dlc/abi.h for one model, as assembly text, and the metadata
// that `dlc inspect` reads, as JSON text.
#ifndef DLC_CODEGEN_ARTIFACT_DESCRIPTION_H
#define DLC_CODEGEN_ARTIFACT_DESCRIPTION_H

#include "codegen/artifact/Spec.h"
#include "llvm/ADT/StringRef.h"

namespace dlc::artifact {

/// Symbols and sections that the parts of an artifact know each other by.
inline constexpr llvm::StringLiteral kModelSymbol = "dlc_abi_model_v1";
inline constexpr llvm::StringLiteral kWeightsSymbol = "dlc_weights";
inline constexpr llvm::StringLiteral kWeightsSection = ".dlc.weights";
inline constexpr llvm::StringLiteral kTestSymbol = "dlc_test_data";
inline constexpr llvm::StringLiteral kTestSection = ".dlc.test";
inline constexpr llvm::StringLiteral kCudaSection = ".dlc.cuda";
inline constexpr llvm::StringLiteral kMetaSection = ".dlc.meta";

/// Returns assembly text (GNU syntax, any 64-bit target) that defines the
/// hidden symbol `dlc_abi_model_v1`, a `dlc_abi_model`, and the section
/// `.dlc.meta`, which is not loaded and holds writeMetadata(spec).
std::string writeDescription(const ArtifactSpec &spec);

/// Returns one line of JSON: the facts about the artifact that tools show.
std::string writeMetadata(const ArtifactSpec &spec);

/// DLPack's type as numpy names it, e.g. "float32".
std::string dtypeName(uint8_t dtypeCode, uint8_t dtypeBits);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_DESCRIPTION_H
