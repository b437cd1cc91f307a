// SPDX-License-Identifier: Apache-2.0
// Products of matrices that cublasLt computes in the place of kernels.
#ifndef DLC_RUNTIME_CUDA_GEMM_H
#define DLC_RUNTIME_CUDA_GEMM_H

#include "runtime/core/Sizes.h"
#include "runtime/cuda/LoadedModel.h"

namespace dlc::runtime::cuda {

/// The products of \p plan that the library may compute. Tables of older
/// compilers end before.
struct GemmTable {
  explicit GemmTable(const dlc_abi_model &plan);

  const dlc_abi_cuda_gemm *begin() const { return gemms; }
  const dlc_abi_cuda_gemm *end() const { return gemms + count; }

  const dlc_abi_cuda_gemm *gemms = nullptr;
  uint32_t count = 0;
};

/// One of them, for one session: its bias moves with the session's buffers.
/// All zeros, it isn't prepared, and the kernel's own code runs.
class Gemm {
public:
  /// Chooses how the library of \p loaded computes \p gemm of \p plan. Fails,
  /// with nothing left behind, where it can't.
  dlc_status prepare(const LoadedModel &loaded, const dlc_abi_model &plan,
                     const dlc_abi_cuda_gemm &gemm);
  /// Frees what `prepare` has made.
  void release(const LoadedModel &loaded);

  /// Whether it is prepared.
  explicit operator bool() const { return desc; }
  /// Device memory that enqueue() needs.
  uint64_t getWorkspaceBytes() const { return choice.workspaceBytes; }

  /// Puts the product of \p buffers, a step's operands, into \p stream, which
  /// may be one that is captured.
  dlc_status enqueue(const LoadedModel &loaded, void *const *buffers,
                     void *workspace, Stream stream) const;

private:
  CublasStatus describe(const CublasLt &library);
  CublasStatus choose(const LoadedModel &loaded);

  const dlc_abi_cuda_gemm *gemm;
  const char *kernel; ///< its name
  MatmulDesc desc;
  MatrixLayout a, b, c, d;
  HeuristicResult choice;
};

} // namespace dlc::runtime::cuda

#endif // DLC_RUNTIME_CUDA_GEMM_H
