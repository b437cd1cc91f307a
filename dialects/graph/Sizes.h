// SPDX-License-Identifier: Apache-2.0
// Arithmetic on sizes that a file gives.
#ifndef DLC_DIALECTS_GRAPH_SIZES_H
#define DLC_DIALECTS_GRAPH_SIZES_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/MathExtras.h"

namespace dlc::graph {

/// The product of \p sizes, none of them negative. One that is larger is 2^60,
/// which no tensor has and to which a few of its kind can be added.
inline int64_t multiplySizes(llvm::ArrayRef<int64_t> sizes) {
  constexpr int64_t most = int64_t(1) << 60;
  if (llvm::is_contained(sizes, 0))
    return 0;
  int64_t product = 1;
  for (int64_t size : sizes)
    if (llvm::MulOverflow(product, size, product) || product > most)
      return most;
  return product;
}

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_SIZES_H
