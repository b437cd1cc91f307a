// SPDX-License-Identifier: Apache-2.0
// Reference tensors that travel inside an artifact.
#ifndef DLC_COMPILER_EMBEDTEST_H
#define DLC_COMPILER_EMBEDTEST_H

#include "codegen/artifact/DataObject.h"
#include "codegen/artifact/Spec.h"
#include "compiler/Compile.h"
#include <deque>

namespace dlc {

/// The tensors of a self-test, as a section holds them.
struct TestData {
  std::vector<artifact::DataChunk> chunks;
  uint64_t bytes = 0;
  std::deque<std::vector<char>> storage; ///< owns the bytes of `chunks`
};

/// Reads the reference inputs (`in:`, `aux:` or bare names) and outputs
/// (`out:`) of \p file into \p data and `spec.test`; their shapes say the sizes
/// of dims. \returns false, with diagnostics, if they don't fit the model.
bool readTestData(const NamedBytes &file, artifact::ArtifactSpec &spec,
                  TestData &data, DiagnosticList &diagnostics);

} // namespace dlc

#endif // DLC_COMPILER_EMBEDTEST_H
