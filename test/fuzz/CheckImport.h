// SPDX-License-Identifier: Apache-2.0
// What has to hold of the importer whatever the model.
#ifndef DLC_TEST_FUZZ_CHECKIMPORT_H
#define DLC_TEST_FUZZ_CHECKIMPORT_H

#include "compiler/Compile.h"

namespace dlc::fuzz {

/// Imports \p model with the weights of \p params (may be null), within 256
/// MiB of weights and values. Aborts unless the importer refuses it with
/// a diagnostic that isn't its own fault, or makes a module that verifies.
void checkImport(const NamedBytes &model, const NamedBytes *params,
                 ImportOptions options);

} // namespace dlc::fuzz

#endif // DLC_TEST_FUZZ_CHECKIMPORT_H
