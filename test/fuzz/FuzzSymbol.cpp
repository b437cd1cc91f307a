// SPDX-License-Identifier: Apache-2.0
// Any bytes as a symbol file: refused with a diagnostic, or every reference of
// the result is to an earlier node.
#include "compiler/import/mxnet/SymbolReader.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  dlc::mxnet::Symbol symbol;
  dlc::DiagnosticList diagnostics;
  bool good =
      dlc::mxnet::readSymbol({reinterpret_cast<const char *>(data), size},
                             "fuzz", symbol, diagnostics);
  if (good != diagnostics.empty())
    std::abort();
  for (size_t i = 0; good && i < symbol.nodes.size(); ++i)
    for (dlc::mxnet::Entry entry : symbol.nodes[i].inputs)
      if (entry.node >= i)
        std::abort();
  return 0;
}
