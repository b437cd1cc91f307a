// SPDX-License-Identifier: Apache-2.0
// Any bytes as the header of a safetensors file with a little data.
#include "compiler/import/Safetensors.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint64_t length = size;
  std::string bytes(reinterpret_cast<const char *>(&length), sizeof length);
  bytes.append(reinterpret_cast<const char *>(data), size);
  bytes.append(64, '\1');
  dlc::WeightStore store;
  dlc::DiagnosticList diagnostics;
  if (dlc::readSafetensors(bytes, "fuzz", store, diagnostics) !=
      diagnostics.empty())
    std::abort();
  return 0;
}
