// SPDX-License-Identifier: Apache-2.0
// Access to the files in Embedded.S.
#include "codegen/artifact/Embedded.h"

using llvm::StringRef;

extern "C" {
extern const char dlc_embedded_core[], dlc_embedded_core_end[];
extern const char dlc_embedded_libc[], dlc_embedded_libc_end[];
extern const char dlc_embedded_libm[], dlc_embedded_libm_end[];
}

StringRef dlc::artifact::embeddedCore() {
  return StringRef(dlc_embedded_core,
                   dlc_embedded_core_end - dlc_embedded_core);
}

StringRef dlc::artifact::embeddedLibc() {
  return StringRef(dlc_embedded_libc,
                   dlc_embedded_libc_end - dlc_embedded_libc);
}

StringRef dlc::artifact::embeddedLibm() {
  return StringRef(dlc_embedded_libm,
                   dlc_embedded_libm_end - dlc_embedded_libm);
}
