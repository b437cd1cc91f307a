// SPDX-License-Identifier: Apache-2.0
// Kernels that a library for matrix products can compute.
#ifndef DLC_PASSES_GPU_PLAINPRODUCT_H
#define DLC_PASSES_GPU_PLAINPRODUCT_H

#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include <string>

namespace dlc::kernel {

/// On a `kernel.func`: the `#device.gemm` that a library computes in its place.
inline constexpr llvm::StringLiteral kGemmAttr = "device.gemm";

/// The matrix product that a kernel consists of.
struct PlainProduct {
  device::GemmAttr gemm; ///< null: it is none, or not one of a library
  ContractOp contract;   ///< null where it isn't even one contraction
  std::string reason;    ///< why there is no `gemm`
};

/// Looks at \p kernel, whose f32 factors would be rounded to \p precision, as
/// `--precision`. Packed columns count as if they were rows: [n, k], as
/// unpackRows() makes them.
PlainProduct matchProduct(FuncOp kernel, llvm::StringRef precision);

/// Rewrites \p contract, whose columns are packed and in one batch, to read
/// them from an unpacked buffer of rows [n, k].
void readUnpackedRows(ContractOp contract);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_PLAINPRODUCT_H
