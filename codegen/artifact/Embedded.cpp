// SPDX-License-Identifier: Apache-2.0
// Access to the files in Embedded.S.
#include "codegen/artifact/Embedded.h"

#include "llvm/TargetParser/Triple.h"

using llvm::StringRef;
using namespace dlc::artifact;

/// Declares what Embedded.S defines for one architecture, and a function that
/// returns it.
#define EMBEDDED_FILES(arch)                                                   \
  extern "C" {                                                                 \
  extern const char dlc_embedded_core_##arch[],                                \
      dlc_embedded_core_##arch##_end[], dlc_embedded_libc_##arch[],            \
      dlc_embedded_libc_##arch##_end[], dlc_embedded_libm_##arch[],            \
      dlc_embedded_libm_##arch##_end[];                                        \
  }                                                                            \
  static EmbeddedFiles getFilesFor_##arch() {                                  \
    auto file = [](const char *begin, const char *end) {                       \
      return StringRef(begin, end - begin);                                    \
    };                                                                         \
    return {file(dlc_embedded_core_##arch, dlc_embedded_core_##arch##_end),    \
            file(dlc_embedded_libc_##arch, dlc_embedded_libc_##arch##_end),    \
            file(dlc_embedded_libm_##arch, dlc_embedded_libm_##arch##_end)};   \
  }

EMBEDDED_FILES(x86_64)
EMBEDDED_FILES(aarch64)

std::optional<EmbeddedFiles> dlc::artifact::getEmbeddedFiles(StringRef triple) {
  switch (llvm::Triple(triple).getArch()) {
  case llvm::Triple::x86_64:
    return getFilesFor_x86_64();
  case llvm::Triple::aarch64:
    return getFilesFor_aarch64();
  default:
    return std::nullopt;
  }
}
