// SPDX-License-Identifier: Apache-2.0
// Products of matrices that cublasLt computes in the place of kernels.
#include "runtime/cuda/Gemm.h"

#include "runtime/core/Status.h"
#include "runtime/cuda/CublasLt.h"

#include <stddef.h>
#include <string.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

GemmTable::GemmTable(const dlc_abi_model &plan) {
  const dlc_abi_cuda *cuda = getCuda(plan);
  if (cuda && cuda->struct_size > offsetof(dlc_abi_cuda, gemms)) {
    gemms = cuda->gemms;
    count = cuda->num_gemms;
  }
}

//===----------------------------------------------------------------------===//
// Descriptions
//===----------------------------------------------------------------------===//

static int getCompute(const dlc_abi_cuda_gemm &gemm) {
  switch (gemm.compute) {
  case DLC_GEMM_TF32:
    return kCompute32FFastTF32;
  case DLC_GEMM_FLOAT16:
    return kCompute32FFast16F;
  case DLC_GEMM_BFLOAT16:
    return kCompute32FFast16BF;
  case DLC_GEMM_FLOAT64:
    return kCompute64F;
  default:
    return kCompute32F;
  }
}

static int getType(const dlc_abi_cuda_gemm &gemm) {
  return gemm.compute == DLC_GEMM_FLOAT64 ? kReal64F : kReal32F;
}

static uint32_t getEpilogue(const dlc_abi_cuda_gemm &gemm) {
  uint32_t epilogue = 0;
  if (gemm.flags & DLC_GEMM_RELU)
    epilogue |= kEpilogueRelu;
  if (gemm.bias != DLC_GEMM_NONE)
    epilogue |= kEpilogueBias;
  return epilogue ? epilogue : kEpilogueDefault;
}

template <typename T>
static CublasStatus set(const CublasLt &library, MatmulDesc desc, int attribute,
                        const T &value) {
  return library.cublasLtMatmulDescSetAttribute(desc, attribute, &value,
                                                sizeof value);
}

/// Describes \p matrix, of \p rows and \p columns as it is multiplied.
static CublasStatus createLayout(const CublasLt &library,
                                 const dlc_abi_cuda_gemm &gemm,
                                 const dlc_abi_cuda_matrix &matrix,
                                 uint64_t rows, uint64_t columns,
                                 MatrixLayout &layout) {
  bool isTransposed = matrix.transposed;
  CublasStatus status = library.cublasLtMatrixLayoutCreate(
      &layout, getType(gemm), isTransposed ? columns : rows,
      isTransposed ? rows : columns, matrix.leading);
  if (status != kCublasSuccess) {
    layout = nullptr;
    return status;
  }
  if (gemm.batch == 1)
    return kCublasSuccess;
  int32_t count = int32_t(gemm.batch);
  status = library.cublasLtMatrixLayoutSetAttribute(layout, kLayoutBatchCount,
                                                    &count, sizeof count);
  if (status != kCublasSuccess)
    return status;
  return library.cublasLtMatrixLayoutSetAttribute(
      layout, kLayoutBatchStride, &matrix.stride, sizeof matrix.stride);
}

/// The matrix that is added; without one the library still wants to know a
/// layout, that of the result.
static const dlc_abi_cuda_matrix &getAdded(const dlc_abi_cuda_gemm &gemm) {
  return gemm.c.operand == DLC_GEMM_NONE ? gemm.d : gemm.c;
}

CublasStatus Gemm::describe(const CublasLt &library) {
  CublasStatus status = library.cublasLtMatmulDescCreate(
      &desc, getCompute(*gemm), getType(*gemm));
  if (status != kCublasSuccess) {
    desc = nullptr;
    return status;
  }
  auto getOperation = [](const dlc_abi_cuda_matrix &matrix) {
    return matrix.transposed ? kOperationTranspose : kOperationNone;
  };
  const CublasStatus statuses[] = {
      set(library, desc, kMatmulTransposeA, getOperation(gemm->a)),
      set(library, desc, kMatmulTransposeB, getOperation(gemm->b)),
      set(library, desc, kMatmulEpilogue, getEpilogue(*gemm)),
      createLayout(library, *gemm, gemm->a, gemm->m, gemm->k, a),
      createLayout(library, *gemm, gemm->b, gemm->k, gemm->n, b),
      createLayout(library, *gemm, getAdded(*gemm), gemm->m, gemm->n, c),
      createLayout(library, *gemm, gemm->d, gemm->m, gemm->n, d)};
  for (CublasStatus one : statuses)
    if (one != kCublasSuccess)
      return one;
  return kCublasSuccess;
}

//===----------------------------------------------------------------------===//
// Algorithms
//===----------------------------------------------------------------------===//

/// Asks the library for the algorithm that it takes for the fastest.
CublasStatus Gemm::choose(const LoadedModel &loaded) {
  const CublasLt &library = *loaded.getCublas();
  // It isn't read now: its alignment counts.
  if (gemm->bias != DLC_GEMM_NONE) {
    uint64_t bias = gemm->alignment;
    CublasStatus status = set(library, desc, kMatmulBiasPointer, bias);
    if (status != kCublasSuccess)
      return status;
  }
  MatmulPreference preference = nullptr;
  CublasStatus status = library.cublasLtMatmulPreferenceCreate(&preference);
  if (status != kCublasSuccess)
    return status;
  auto prefer = [&](int attribute, const auto &value) {
    if (status == kCublasSuccess)
      status = library.cublasLtMatmulPreferenceSetAttribute(
          preference, attribute, &value, sizeof value);
  };
  prefer(kPreferWorkspaceBytes, gemm->workspace_bytes);
  static constexpr int alignments[] = {kPreferAlignmentA, kPreferAlignmentB,
                                       kPreferAlignmentC, kPreferAlignmentD};
  for (int attribute : alignments)
    prefer(attribute, gemm->alignment);
  int numFound = 0;
  if (status == kCublasSuccess)
    status = library.cublasLtMatmulAlgoGetHeuristic(
        loaded.getCublasHandle(), desc, a, b, c, d, preference, 1, &choice,
        &numFound);
  library.cublasLtMatmulPreferenceDestroy(preference);
  if (status == kCublasSuccess)
    status = numFound > 0 ? choice.state : kCublasNotSupported;
  return status;
}

dlc_status Gemm::prepare(const LoadedModel &loaded, const dlc_abi_model &plan,
                         const dlc_abi_cuda_gemm &product) {
  gemm = &product;
  kernel = plan.cuda->kernels[product.kernel].name;
  CublasStatus status = describe(*loaded.getCublas());
  if (status == kCublasSuccess)
    status = choose(loaded);
  if (status == kCublasSuccess)
    return DLC_OK;
  const char *name = kernel;
  release(loaded);
  return loaded.failWithProduct(status, "cannot compute", name,
                                ": compile it with --gemm=auto or generated");
}

void Gemm::release(const LoadedModel &loaded) {
  const CublasLt *library = loaded.getCublas();
  const MatrixLayout layouts[] = {a, b, c, d};
  for (MatrixLayout layout : layouts)
    if (layout)
      library->cublasLtMatrixLayoutDestroy(layout);
  if (desc)
    library->cublasLtMatmulDescDestroy(desc);
  *this = {};
}

dlc_status Gemm::enqueue(const LoadedModel &loaded, void *const *buffers,
                         void *workspace, Stream stream) const {
  const CublasLt &library = *loaded.getCublas();
  CublasStatus status = kCublasSuccess;
  if (gemm->bias != DLC_GEMM_NONE)
    status = set(library, desc, kMatmulBiasPointer, buffers[gemm->bias]);
  bool hasAdded = gemm->c.operand != DLC_GEMM_NONE;
  // Scales are of the elements' type.
  const double doubles[] = {gemm->alpha, hasAdded ? gemm->beta : 0.0};
  const float floats[] = {float(doubles[0]), float(doubles[1])};
  bool isDouble = gemm->compute == DLC_GEMM_FLOAT64;
  auto getScale = [&](int i) {
    return isDouble ? static_cast<const void *>(&doubles[i]) : &floats[i];
  };
  if (status == kCublasSuccess)
    status = library.cublasLtMatmul(
        loaded.getCublasHandle(), desc, getScale(0), buffers[gemm->a.operand],
        a, buffers[gemm->b.operand], b, getScale(1),
        buffers[getAdded(*gemm).operand], c, buffers[gemm->d.operand], d,
        &choice.algorithm, workspace, choice.workspaceBytes, stream);
  return status == kCublasSuccess
             ? DLC_OK
             : loaded.failWithProduct(status, "failed to compute", kernel, "");
}
