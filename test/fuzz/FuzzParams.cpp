// SPDX-License-Identifier: Apache-2.0
// Any bytes as a .params file, behind the magic number that all start with.
#include "compiler/import/mxnet/ParamsReader.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string bytes("\x12\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  bytes.append(reinterpret_cast<const char *>(data), size);
  dlc::WeightStore store;
  dlc::DiagnosticList diagnostics;
  if (dlc::mxnet::readParams(bytes, "fuzz", store, diagnostics) !=
      diagnostics.empty())
    std::abort();
  for (const auto &[name, weight] : store.get())
    if (static_cast<size_t>(*dlc::getByteSize(weight.shape, weight.type)) !=
        weight.data.size())
      std::abort();
  return 0;
}
