// SPDX-License-Identifier: Apache-2.0
// What a product of matrices costs as generated code and in a library.
#ifndef DLC_PASSES_GPU_GEMMCOST_H
#define DLC_PASSES_GPU_GEMMCOST_H

#include "passes/gpu/PlainProduct.h"
#include "passes/gpu/Precision.h"

namespace dlc::kernel {

/// Cycles of a GPU, and what follows from them.
struct GemmCost {
  double generated, library;
  bool isLibraryBetter;
  std::string reason; ///< "the library takes 200000 cycles, generated code ..."
};

/// Compares the two for \p product, which has a `gemm`, on \p gpu.
GemmCost estimateGemm(const PlainProduct &product, device::GpuAttr gpu,
                      Precision precision);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_GEMMCOST_H
