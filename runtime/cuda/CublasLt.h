// SPDX-License-Identifier: Apache-2.0
// cublasLt: its functions as far as they are used here, found when the first
// model that wants them is loaded. The declarations are those of cublasLt.h,
// which comes with the library only, from CUDA 11.4 on.
#ifndef DLC_RUNTIME_CUDA_CUBLASLT_H
#define DLC_RUNTIME_CUDA_CUBLASLT_H

#include "runtime/cuda/Driver.h"

namespace dlc::runtime::cuda {

using CublasStatus = int;
inline constexpr CublasStatus kCublasSuccess = 0;
inline constexpr CublasStatus kCublasAllocFailed = 3;
inline constexpr CublasStatus kCublasNotSupported = 15;

using CublasHandle = struct CublasHandleTag *;
using MatmulDesc = struct MatmulDescTag *;
using MatrixLayout = struct MatrixLayoutTag *;
using MatmulPreference = struct MatmulPreferenceTag *;

// cublasComputeType_t
inline constexpr int kCompute32F = 68, kCompute64F = 70,
                     kCompute32FFast16F = 74, kCompute32FFast16BF = 75,
                     kCompute32FFastTF32 = 77;
// cudaDataType_t
inline constexpr int kReal32F = 0, kReal64F = 1;
// cublasLtMatmulDescAttributes_t
inline constexpr int kMatmulTransposeA = 3, kMatmulTransposeB = 4,
                     kMatmulEpilogue = 7, kMatmulBiasPointer = 8;
// cublasOperation_t
inline constexpr int32_t kOperationNone = 0, kOperationTranspose = 1;
// cublasLtEpilogue_t
inline constexpr uint32_t kEpilogueDefault = 1, kEpilogueRelu = 2,
                          kEpilogueBias = 4;
// cublasLtMatrixLayoutAttribute_t
inline constexpr int kLayoutBatchCount = 5, kLayoutBatchStride = 6;
// cublasLtMatmulPreferenceAttributes_t
inline constexpr int kPreferWorkspaceBytes = 1, kPreferAlignmentA = 5,
                     kPreferAlignmentB = 6, kPreferAlignmentC = 7,
                     kPreferAlignmentD = 8;

/// cublasLtMatmulAlgo_t.
struct MatmulAlgorithm {
  uint64_t data[8];
};
/// cublasLtMatmulHeuristicResult_t.
struct HeuristicResult {
  MatmulAlgorithm algorithm;
  size_t workspaceBytes;
  CublasStatus state;
  float wavesCount;
  int reserved[4];
};

// Result, name and parameters of each function. clang-format off
#define DLC_CUBLASLT_FUNCTIONS(FUNCTION)                                       \
  FUNCTION(const char *, cublasLtGetStatusString, (CublasStatus status))       \
  FUNCTION(CublasStatus, cublasLtCreate, (CublasHandle * handle))              \
  FUNCTION(CublasStatus, cublasLtDestroy, (CublasHandle handle))               \
  FUNCTION(CublasStatus, cublasLtMatmulDescCreate,                             \
           (MatmulDesc * desc, int compute, int scaleType))                    \
  FUNCTION(CublasStatus, cublasLtMatmulDescDestroy, (MatmulDesc desc))         \
  FUNCTION(CublasStatus, cublasLtMatmulDescSetAttribute,                       \
           (MatmulDesc desc, int attribute, const void *value, size_t bytes))  \
  FUNCTION(CublasStatus, cublasLtMatrixLayoutCreate,                           \
           (MatrixLayout * layout, int type, uint64_t rows, uint64_t columns,  \
            int64_t leading))                                                  \
  FUNCTION(CublasStatus, cublasLtMatrixLayoutDestroy, (MatrixLayout layout))   \
  FUNCTION(                                                                    \
      CublasStatus, cublasLtMatrixLayoutSetAttribute,                          \
      (MatrixLayout layout, int attribute, const void *value, size_t bytes))   \
  FUNCTION(CublasStatus, cublasLtMatmulPreferenceCreate,                       \
           (MatmulPreference * preference))                                    \
  FUNCTION(CublasStatus, cublasLtMatmulPreferenceDestroy,                      \
           (MatmulPreference preference))                                      \
  FUNCTION(CublasStatus, cublasLtMatmulPreferenceSetAttribute,                 \
           (MatmulPreference preference, int attribute, const void *value,     \
            size_t bytes))                                                     \
  FUNCTION(CublasStatus, cublasLtMatmulAlgoGetHeuristic,                       \
           (CublasHandle handle, MatmulDesc desc, MatrixLayout a,              \
            MatrixLayout b, MatrixLayout c, MatrixLayout d,                    \
            MatmulPreference preference, int wanted, HeuristicResult *results, \
            int *found))                                                       \
  FUNCTION(CublasStatus, cublasLtMatmul,                                       \
           (CublasHandle handle, MatmulDesc desc, const void *alpha,           \
            const void *a, MatrixLayout aLayout, const void *b,                \
            MatrixLayout bLayout, const void *beta, const void *c,             \
            MatrixLayout cLayout, void *d, MatrixLayout dLayout,               \
            const MatmulAlgorithm *algorithm, void *workspace,                 \
            size_t workspaceBytes, Stream stream))
// clang-format on

struct CublasLt {
#define DLC_CUBLASLT_MEMBER(RESULT, NAME, PARAMETERS) RESULT(*NAME) PARAMETERS;
  DLC_CUBLASLT_FUNCTIONS(DLC_CUBLASLT_MEMBER)
#undef DLC_CUBLASLT_MEMBER
};

/// Gives the newest library that \p driver, for CUDA 12.4 or the like, can run:
/// looked for where the loader looks and in /usr/local/cuda/lib64, loaded once
/// and never unloaded. Fails where there is none. May be called from any
/// thread.
dlc_status getCublasLt(const Driver &driver, const CublasLt *&library);

} // namespace dlc::runtime::cuda

#endif // DLC_RUNTIME_CUDA_CUBLASLT_H
