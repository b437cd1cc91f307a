// SPDX-License-Identifier: Apache-2.0
// libcublasLt's entry points, as far as a compiler's runtime needs them.
#include "cublaslt/Product.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <new>

using namespace emulator::cublaslt;
using emulator::driver::PrivateTable;
using emulator::driver::privateTableId;

#define EXPORT extern "C" __attribute__((visibility("default")))

static constexpr size_t version = 130000;

/// The emulated driver's table; null if another driver is loaded.
static const PrivateTable *driverTable() {
  static const PrivateTable *table = [] {
    using GetTable = CUresult(const void **, const CUuuid *);
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    auto *get =
        library
            ? reinterpret_cast<GetTable *>(dlsym(library, "cuGetExportTable"))
            : nullptr;
    const void *found = nullptr;
    if (get)
      get(&found, &privateTableId);
    return static_cast<const PrivateTable *>(found);
  }();
  return table;
}

/// One attribute of a description: where it lies and its size.
namespace {
struct Field {
  void *at;
  size_t bytes;
};
} // namespace

static Field fieldOf(Layout &layout, int attribute) {
  switch (attribute) {
  case LayoutType:
    return {&layout.type, sizeof layout.type};
  case LayoutOrder:
    return {&layout.order, sizeof layout.order};
  case LayoutRows:
    return {&layout.rows, sizeof layout.rows};
  case LayoutColumns:
    return {&layout.columns, sizeof layout.columns};
  case LayoutLeading:
    return {&layout.leading, sizeof layout.leading};
  case LayoutBatchCount:
    return {&layout.batchCount, sizeof layout.batchCount};
  case LayoutBatchStride:
    return {&layout.batchStride, sizeof layout.batchStride};
  default:
    return {nullptr, 0};
  }
}

static Field fieldOf(Matmul &matmul, int attribute) {
  switch (attribute) {
  case MatmulCompute:
    return {&matmul.compute, sizeof matmul.compute};
  case MatmulScale:
    return {&matmul.scale, sizeof matmul.scale};
  case MatmulPointerMode:
    return {&matmul.pointerMode, sizeof matmul.pointerMode};
  case MatmulTransposeA:
    return {&matmul.transposeA, sizeof matmul.transposeA};
  case MatmulTransposeB:
    return {&matmul.transposeB, sizeof matmul.transposeB};
  case MatmulTransposeC:
    return {&matmul.transposeC, sizeof matmul.transposeC};
  case MatmulEpilogue:
    return {&matmul.epilogue, sizeof matmul.epilogue};
  case MatmulBiasPointer:
    return {&matmul.bias, sizeof matmul.bias};
  case MatmulBiasBatchStride:
    return {&matmul.biasBatchStride, sizeof matmul.biasBatchStride};
  case MatmulBiasType:
    return {&matmul.biasType, sizeof matmul.biasType};
  default:
    return {nullptr, 0};
  }
}

template <typename Description>
static Status set(Description *description, int attribute, const void *value,
                  size_t bytes) {
  if (!description || !value)
    return InvalidValue;
  const Field field = fieldOf(*description, attribute);
  if (!field.at)
    return NotSupported;
  if (bytes < field.bytes)
    return InvalidValue;
  std::memcpy(field.at, value, field.bytes);
  return Success;
}

template <typename Description>
static Status get(Description *description, int attribute, void *value,
                  size_t bytes, size_t *written) {
  if (!description)
    return InvalidValue;
  const Field field = fieldOf(*description, attribute);
  if (!field.at)
    return NotSupported;
  if (written)
    *written = field.bytes;
  if (bytes && (!value || bytes < field.bytes))
    return InvalidValue;
  if (value)
    std::memcpy(value, field.at, field.bytes);
  return Success;
}

template <typename Description>
static Status create(Description **out, const Description &value) {
  if (!out)
    return InvalidValue;
  *out = new (std::nothrow) Description(value);
  return *out ? Success : ExecutionFailed;
}

EXPORT Status cublasLtCreate(void **handle) {
  if (!handle)
    return InvalidValue;
  *handle = nullptr;
  if (!driverTable())
    return NotInitialised;
  *handle = new (std::nothrow) int(0);
  return *handle ? Success : ExecutionFailed;
}

EXPORT Status cublasLtDestroy(void *handle) {
  delete static_cast<int *>(handle);
  return handle ? Success : NotInitialised;
}

EXPORT size_t cublasLtGetVersion() { return version; }
EXPORT size_t cublasLtGetCudartVersion() { return CUDA_VERSION; }

EXPORT const char *cublasLtGetStatusName(Status status) {
  switch (status) {
  case Success:
    return "CUBLAS_STATUS_SUCCESS";
  case NotInitialised:
    return "CUBLAS_STATUS_NOT_INITIALIZED";
  case InvalidValue:
    return "CUBLAS_STATUS_INVALID_VALUE";
  case ExecutionFailed:
    return "CUBLAS_STATUS_EXECUTION_FAILED";
  case NotSupported:
    return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "CUBLAS_STATUS_UNKNOWN";
}

EXPORT const char *cublasLtGetStatusString(Status status) {
  return cublasLtGetStatusName(status);
}

EXPORT Status cublasLtMatrixLayoutCreate(Layout **out, int type, uint64_t rows,
                                         uint64_t columns, int64_t leading) {
  return create(out, {type, ColumnOrder, rows, columns, leading, 1, 0, 0});
}

EXPORT Status cublasLtMatrixLayoutInit_internal(Layout *layout, size_t bytes,
                                                int type, uint64_t rows,
                                                uint64_t columns,
                                                int64_t leading) {
  if (!layout || bytes < sizeof *layout)
    return InvalidValue;
  *layout = {type, ColumnOrder, rows, columns, leading, 1, 0, 0};
  return Success;
}

EXPORT Status cublasLtMatrixLayoutDestroy(Layout *layout) {
  delete layout;
  return Success;
}

EXPORT Status cublasLtMatrixLayoutSetAttribute(Layout *layout, int attribute,
                                               const void *value,
                                               size_t bytes) {
  return set(layout, attribute, value, bytes);
}

EXPORT Status cublasLtMatrixLayoutGetAttribute(Layout *layout, int attribute,
                                               void *value, size_t bytes,
                                               size_t *written) {
  return get(layout, attribute, value, bytes, written);
}

static constexpr Matmul plain(int compute, int scale) {
  return {compute, scale, HostPointers, 0, 0, 0, PlainEpilogue, -1, nullptr, 0};
}

EXPORT Status cublasLtMatmulDescCreate(Matmul **out, int compute, int scale) {
  return create(out, plain(compute, scale));
}

EXPORT Status cublasLtMatmulDescInit_internal(Matmul *matmul, size_t bytes,
                                              int compute, int scale) {
  if (!matmul || bytes < sizeof *matmul)
    return InvalidValue;
  *matmul = plain(compute, scale);
  return Success;
}

EXPORT Status cublasLtMatmulDescDestroy(Matmul *matmul) {
  delete matmul;
  return Success;
}

EXPORT Status cublasLtMatmulDescSetAttribute(Matmul *matmul, int attribute,
                                             const void *value, size_t bytes) {
  return set(matmul, attribute, value, bytes);
}

EXPORT Status cublasLtMatmulDescGetAttribute(Matmul *matmul, int attribute,
                                             void *value, size_t bytes,
                                             size_t *written) {
  return get(matmul, attribute, value, bytes, written);
}

/// Where nobody says otherwise, the library expects what cudaMalloc gives.
static constexpr Preference plainPreference = {0, {256, 256, 256, 256}};

EXPORT Status cublasLtMatmulPreferenceCreate(Preference **out) {
  return create(out, plainPreference);
}

EXPORT Status cublasLtMatmulPreferenceInit_internal(Preference *preference,
                                                    size_t bytes) {
  if (!preference || bytes < sizeof *preference)
    return InvalidValue;
  *preference = plainPreference;
  return Success;
}

EXPORT Status cublasLtMatmulPreferenceDestroy(Preference *preference) {
  delete preference;
  return Success;
}

EXPORT Status cublasLtMatmulPreferenceSetAttribute(Preference *preference,
                                                   int attribute,
                                                   const void *value,
                                                   size_t bytes) {
  if (!preference || !value)
    return InvalidValue;
  Field field = {};
  if (attribute == PreferWorkspaceBytes)
    field = {&preference->workspaceBytes, sizeof preference->workspaceBytes};
  else if (attribute >= PreferAlignmentA && attribute <= PreferAlignmentD)
    field = {&preference->alignments[attribute - PreferAlignmentA],
             sizeof preference->alignments[0]};
  if (bytes < field.bytes)
    return InvalidValue;
  // No algorithm of the stand-in depends on others.
  if (field.at)
    std::memcpy(field.at, value, field.bytes);
  return Success;
}

/// The largest power of two, up to 16, that \p address is a multiple of.
static uint64_t alignmentOf(const void *address) {
  const auto value = reinterpret_cast<uintptr_t>(address) | 16;
  return value & -value;
}

static Product productOf(const Matmul &matmul, const Layout &a, const Layout &b,
                         const Layout &c, const Layout &d) {
  Product product = {};
  product.matmul = matmul;
  product.a = a;
  product.b = b;
  product.c = c;
  product.d = d;
  product.driver = driverTable();
  return product;
}

EXPORT Status cublasLtMatmulAlgoGetHeuristic(
    void *handle, Matmul *matmul, Layout *a, Layout *b, Layout *c, Layout *d,
    Preference *preference, int wanted, HeuristicResult *results, int *found) {
  if (!handle)
    return NotInitialised;
  if (!matmul || !a || !b || !c || !d || !preference || wanted < 1 ||
      !results || !found)
    return InvalidValue;
  *found = 0;
  Product product = productOf(*matmul, *a, *b, *c, *d);
  // The bias may be given later.
  product.matmul.bias = &product;
  if (const Status status = check(product))
    return status;
  results[0] = {};
  Algorithm &algorithm = results[0].algorithm;
  algorithm.isChosen = 1;
  // As much as there is of a page, so that callers have to give it.
  algorithm.workspaceBytes =
      std::min<uint64_t>(preference->workspaceBytes, 4096);
  for (int i = 0; i < 4; ++i)
    algorithm.alignments[i] = preference->alignments[i];
  // The address says what the caller will keep to.
  algorithm.alignments[4] = alignmentOf(matmul->bias);
  results[0].workspaceBytes = algorithm.workspaceBytes;
  results[0].state = Success;
  results[0].waves = 1;
  *found = 1;
  return Success;
}

/// Whether \p product keeps to what \p algorithm was chosen for.
static bool suits(const Algorithm &algorithm, const Product &product) {
  const void *operands[] = {
      product.left, product.right, product.added, product.result,
      product.matmul.epilogue & BiasEpilogue ? product.matmul.bias : nullptr};
  for (int i = 0; i < 5; ++i)
    if (reinterpret_cast<uintptr_t>(operands[i]) % algorithm.alignments[i])
      return false;
  return product.workspaceBytes >= algorithm.workspaceBytes &&
         reinterpret_cast<uintptr_t>(product.workspace) % 16 == 0;
}

EXPORT Status cublasLtMatmul(void *handle, Matmul *matmul, const void *alpha,
                             const void *left, Layout *a, const void *right,
                             Layout *b, const void *beta, const void *added,
                             Layout *c, void *result, Layout *d,
                             const Algorithm *algorithm, void *workspace,
                             size_t workspaceBytes, CUstream stream) {
  if (!handle || !driverTable())
    return NotInitialised;
  if (!matmul || !a || !b || !c || !d || !alpha || !beta || !left || !right ||
      !result)
    return InvalidValue;
  Product product = productOf(*matmul, *a, *b, *c, *d);
  if (const Status status = check(product))
    return status;
  product.left = left;
  product.right = right;
  product.added = added;
  product.result = result;
  product.workspace = workspace;
  product.workspaceBytes = workspaceBytes;
  if (algorithm && algorithm->isChosen && !suits(*algorithm, product))
    return InvalidValue;
  product.alphaAt = alpha;
  product.betaAt = beta;
  if (matmul->pointerMode == HostPointers) {
    product.alpha = readScale(alpha, matmul->scale);
    product.beta = readScale(beta, matmul->scale);
    if (product.beta != 0 && !added)
      return InvalidValue;
  }
  auto *owned = new (std::nothrow) Product(product);
  if (!owned)
    return ExecutionFailed;
  const CUresult code = product.driver->submit(
      stream, [](void *data) { return run(*static_cast<Product *>(data)); },
      owned, [](void *data) { delete static_cast<Product *>(data); });
  return code ? ExecutionFailed : Success;
}
