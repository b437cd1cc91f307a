// SPDX-License-Identifier: Apache-2.0
// What the compiler's text may hold: the dialects and passes that `dlc`,
// `dlc-opt` and `dlc-lsp-server` know.
#ifndef DLC_COMPILER_REGISTRATION_H
#define DLC_COMPILER_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace dlc {

/// Adds the dialects of all stages to \p registry.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Makes every pass of the compiler known by its flag. Not safe to call from
/// several threads: for programs that read pipelines, not for the library.
void registerAllPasses();

} // namespace dlc

#endif // DLC_COMPILER_REGISTRATION_H
