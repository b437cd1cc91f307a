// SPDX-License-Identifier: Apache-2.0
// libcublasLt: the stand-in, or the library itself beside a real driver.
#include "Cuda.h"
#include "cublaslt/Api.h"

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#endif

#include <cmath>
#include <dlfcn.h>

using namespace emulator::test;
using namespace emulator::cublaslt;

#if __has_include(<cublasLt.h>)
static_assert(Success == int(CUBLAS_STATUS_SUCCESS) &&
              NotInitialised == int(CUBLAS_STATUS_NOT_INITIALIZED) &&
              InvalidValue == int(CUBLAS_STATUS_INVALID_VALUE) &&
              ExecutionFailed == int(CUBLAS_STATUS_EXECUTION_FAILED) &&
              NotSupported == int(CUBLAS_STATUS_NOT_SUPPORTED));
static_assert(Compute32F == int(CUBLAS_COMPUTE_32F) &&
              Compute32FPedantic == int(CUBLAS_COMPUTE_32F_PEDANTIC) &&
              Compute64F == int(CUBLAS_COMPUTE_64F) &&
              Compute32I == int(CUBLAS_COMPUTE_32I) &&
              Compute32IPedantic == int(CUBLAS_COMPUTE_32I_PEDANTIC) &&
              Compute32FFast16F == int(CUBLAS_COMPUTE_32F_FAST_16F) &&
              Compute32FFast16BF == int(CUBLAS_COMPUTE_32F_FAST_16BF) &&
              Compute32FFastTF32 == int(CUBLAS_COMPUTE_32F_FAST_TF32));
static_assert(RowOrder == int(CUBLASLT_ORDER_ROW) &&
              DevicePointers == int(CUBLASLT_POINTER_MODE_DEVICE));
static_assert(PlainEpilogue == int(CUBLASLT_EPILOGUE_DEFAULT) &&
              ReluEpilogue == int(CUBLASLT_EPILOGUE_RELU) &&
              BiasEpilogue == int(CUBLASLT_EPILOGUE_BIAS) &&
              GeluEpilogue == int(CUBLASLT_EPILOGUE_GELU));
static_assert(LayoutType == int(CUBLASLT_MATRIX_LAYOUT_TYPE) &&
              LayoutOrder == int(CUBLASLT_MATRIX_LAYOUT_ORDER) &&
              LayoutRows == int(CUBLASLT_MATRIX_LAYOUT_ROWS) &&
              LayoutColumns == int(CUBLASLT_MATRIX_LAYOUT_COLS) &&
              LayoutLeading == int(CUBLASLT_MATRIX_LAYOUT_LD) &&
              LayoutBatchCount == int(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) &&
              LayoutBatchStride ==
                  int(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET));
static_assert(MatmulCompute == int(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE) &&
              MatmulScale == int(CUBLASLT_MATMUL_DESC_SCALE_TYPE) &&
              MatmulPointerMode == int(CUBLASLT_MATMUL_DESC_POINTER_MODE) &&
              MatmulTransposeA == int(CUBLASLT_MATMUL_DESC_TRANSA) &&
              MatmulTransposeB == int(CUBLASLT_MATMUL_DESC_TRANSB) &&
              MatmulTransposeC == int(CUBLASLT_MATMUL_DESC_TRANSC) &&
              MatmulEpilogue == int(CUBLASLT_MATMUL_DESC_EPILOGUE) &&
              MatmulBiasPointer == int(CUBLASLT_MATMUL_DESC_BIAS_POINTER) &&
              MatmulBiasBatchStride ==
                  int(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE) &&
              MatmulBiasType == int(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE));
static_assert(
    PreferWorkspaceBytes == int(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) &&
    PreferAlignmentA == int(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES) &&
    PreferAlignmentD == int(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES));
static_assert(sizeof(Layout) <= sizeof(cublasLtMatrixLayoutOpaque_t) &&
              sizeof(Matmul) <= sizeof(cublasLtMatmulDescOpaque_t) &&
              sizeof(Preference) <= sizeof(cublasLtMatmulPreferenceOpaque_t) &&
              sizeof(HeuristicResult) ==
                  sizeof(cublasLtMatmulHeuristicResult_t));
#endif

namespace {

class CublasLtTest : public WithContext {
protected:
  void SetUp() override {
    WithContext::SetUp();
    library = dlopen("libcublasLt.so.13", RTLD_NOW);
    if (!library)
      GTEST_SKIP() << dlerror();
    ASSERT_EQ(Success, call<Status>("cublasLtCreate", &handle));
  }
  void TearDown() override {
    if (handle) {
      EXPECT_EQ(Success, call<Status>("cublasLtDestroy", handle));
    }
    WithContext::TearDown();
  }

  template <typename Result, typename... Parameters>
  Result call(const char *name, Parameters... parameters) {
    auto *function =
        reinterpret_cast<Result (*)(Parameters...)>(dlsym(library, name));
    EXPECT_NE(nullptr, function) << name;
    return function(parameters...);
  }

  void *layout(int type, uint64_t rows, uint64_t columns, int64_t leading,
               int32_t order = ColumnOrder, int32_t batches = 1,
               int64_t stride = 0) {
    void *result = nullptr;
    EXPECT_EQ(Success, call<Status>("cublasLtMatrixLayoutCreate", &result, type,
                                    rows, columns, leading));
    const auto set = [&](int attribute, const auto &value) {
      EXPECT_EQ(Success,
                call<Status>("cublasLtMatrixLayoutSetAttribute", result,
                             attribute, static_cast<const void *>(&value),
                             sizeof value));
    };
    set(LayoutOrder, order);
    set(LayoutBatchCount, batches);
    set(LayoutBatchStride, stride);
    layouts.push_back(result);
    return result;
  }

  template <typename Value>
  void setMatmul(void *matmul, int attribute, Value value) {
    EXPECT_EQ(Success,
              call<Status>("cublasLtMatmulDescSetAttribute", matmul, attribute,
                           static_cast<const void *>(&value), sizeof value));
  }

  void *matmul(int compute, int scale, uint32_t epilogue = PlainEpilogue,
               CUdeviceptr bias = 0) {
    void *result = nullptr;
    EXPECT_EQ(Success, call<Status>("cublasLtMatmulDescCreate", &result,
                                    compute, scale));
    setMatmul(result, MatmulEpilogue, epilogue);
    if (bias)
      setMatmul(result, MatmulBiasPointer, bias);
    return result;
  }

  /// Asks for an algorithm and multiplies with it.
  template <typename Scale>
  Status multiply(void *matmul, Scale alpha, CUdeviceptr a, void *aLayout,
                  CUdeviceptr b, void *bLayout, Scale beta, CUdeviceptr d,
                  void *dLayout, CUstream stream = nullptr) {
    void *preference = nullptr;
    EXPECT_EQ(Success,
              call<Status>("cublasLtMatmulPreferenceCreate", &preference));
    HeuristicResult found = {};
    int count = 0;
    Status status =
        call<Status>("cublasLtMatmulAlgoGetHeuristic", handle, matmul, aLayout,
                     bLayout, dLayout, dLayout, preference, 1, &found, &count);
    EXPECT_EQ(Success,
              call<Status>("cublasLtMatmulPreferenceDestroy", preference));
    if (status != Success || count < 1)
      return status;
    return call<Status>("cublasLtMatmul", handle, matmul,
                        static_cast<const void *>(&alpha), a, aLayout, b,
                        bLayout, static_cast<const void *>(&beta), d, dLayout,
                        d, dLayout, &found.algorithm,
                        static_cast<void *>(nullptr), size_t(0), stream);
  }

  void *library = nullptr;
  void *handle = nullptr;
  std::vector<void *> layouts;
};

TEST_F(CublasLtTest, ColumnsByColumns) {
  // a = [1 3; 2 4], b = [5 7; 6 8]: columns one after another.
  Buffer<float> a(std::vector<float>{1, 2, 3, 4}),
      b(std::vector<float>{5, 6, 7, 8}), d(std::vector<float>{1, 1, 1, 1});
  void *square = layout(CUDA_R_32F, 2, 2, 2);
  EXPECT_EQ(Success,
            multiply(matmul(Compute32F, CUDA_R_32F), 1.0f, a.address, square,
                     b.address, square, 10.0f, d.address, square));
  EXPECT_EQ((std::vector<float>{33, 44, 41, 56}), d.read());
}

TEST_F(CublasLtTest, RowsTransposesAndBatches) {
  // Two batches of (2x3 by rows) (3x2, given transposed by rows).
  std::vector<float> left(12), right(12);
  for (int i = 0; i < 12; ++i) {
    left[i] = static_cast<float>(i);
    right[i] = static_cast<float>(i % 5 - 2);
  }
  Buffer<float> a(left), b(right), d(8);
  void *product = matmul(Compute32F, CUDA_R_32F);
  setMatmul(product, MatmulTransposeB, int32_t(1));
  EXPECT_EQ(Success,
            multiply(product, 2.0f, a.address,
                     layout(CUDA_R_32F, 2, 3, 3, RowOrder, 2, 6), b.address,
                     layout(CUDA_R_32F, 2, 3, 3, RowOrder, 2, 6), 0.0f,
                     d.address, layout(CUDA_R_32F, 2, 2, 2, RowOrder, 2, 4)));
  const std::vector<float> found = d.read();
  for (int batch = 0; batch < 2; ++batch)
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) {
        float sum = 0;
        for (int k = 0; k < 3; ++k)
          sum += left[batch * 6 + i * 3 + k] * right[batch * 6 + j * 3 + k];
        EXPECT_EQ(2 * sum, found[batch * 4 + i * 2 + j]);
      }
}

TEST_F(CublasLtTest, Epilogues) {
  // One row of a unit matrix's product is the row itself.
  std::vector<float> unit(256, 0), values(256);
  for (int i = 0; i < 16; ++i)
    unit[17 * i] = 1;
  for (int i = 0; i < 256; ++i)
    values[i] = static_cast<float>(i - 128) / 32;
  Buffer<float> a(unit), b(values), d(256);
  std::vector<float> biases(16);
  for (int i = 0; i < 16; ++i)
    biases[i] = static_cast<float>(i) / 4;
  Buffer<float> bias(biases);
  void *square = layout(CUDA_R_32F, 16, 16, 16);
  const auto run = [&](uint32_t epilogue) {
    bool hasBias = epilogue & BiasEpilogue;
    EXPECT_EQ(Success, multiply(matmul(Compute32F, CUDA_R_32F, epilogue,
                                       hasBias ? bias.address : 0),
                                1.0f, a.address, square, b.address, square,
                                0.0f, d.address, square));
    return d.read();
  };
  const auto gelu = [](double x) {
    return 0.5 * x * (1 + std::tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
  };
  std::vector<float> found = run(ReluEpilogue);
  for (int i = 0; i < 256; ++i)
    ASSERT_EQ(std::fmax(values[i], 0.0f), found[i]);
  found = run(BiasEpilogue);
  for (int i = 0; i < 256; ++i) // columns: i % 16 is the row
    ASSERT_EQ(values[i] + biases[i % 16], found[i]);
  found = run(GeluEpilogue | BiasEpilogue);
  for (int i = 0; i < 256; ++i)
    ASSERT_NEAR(gelu(values[i] + biases[i % 16]), found[i], 2e-3);
}

TEST_F(CublasLtTest, SmallTypes) {
  std::vector<int8_t> left(32 * 32), right(32 * 32);
  for (int i = 0; i < 1024; ++i) {
    left[i] = static_cast<int8_t>(i * 7 % 255 - 127);
    right[i] = static_cast<int8_t>(i * 5 % 255 - 127);
  }
  Buffer<int8_t> a(left), b(right);
  Buffer<int> d(1024);
  void *bytes = layout(CUDA_R_8I, 32, 32, 32);
  void *product = matmul(Compute32I, CUDA_R_32I);
  setMatmul(product, MatmulTransposeA, int32_t(1)); // as the device needs it
  ASSERT_EQ(Success, multiply(product, 1, a.address, bytes, b.address, bytes, 0,
                              d.address, layout(CUDA_R_32I, 32, 32, 32)));
  const std::vector<int> found = d.read();
  for (int i = 0; i < 32; ++i)
    for (int j = 0; j < 32; ++j) {
      int sum = 0;
      for (int k = 0; k < 32; ++k)
        sum += left[i * 32 + k] * right[j * 32 + k];
      ASSERT_EQ(sum, found[j * 32 + i]);
    }
  // Halves and tf32: 1 + 2^-11 is rounded to 1.
  std::vector<float> near(256, 1 + 0x1p-12f), ones(256, 1);
  Buffer<float> x(near), y(ones), z(256);
  void *square = layout(CUDA_R_32F, 16, 16, 16);
  EXPECT_EQ(Success,
            multiply(matmul(Compute32FFastTF32, CUDA_R_32F), 1.0f, x.address,
                     square, y.address, square, 0.0f, z.address, square));
  if (emulated()) { // the device may use full precision
    EXPECT_EQ(std::vector<float>(256, 16), z.read());
  }
}

TEST_F(CublasLtTest, InACapturedGraph) {
  Buffer<float> a(std::vector<float>(256, 1)), b(std::vector<float>(256, 2)),
      d(std::vector<float>(256, 0));
  void *square = layout(CUDA_R_32F, 16, 16, 16);
  CUstream stream = nullptr;
  CUgraph graph = nullptr;
  CUgraphExec exec = nullptr;
  ASSERT_OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
  ASSERT_OK(CU(cuStreamBeginCapture)(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
  EXPECT_EQ(Success,
            multiply(matmul(Compute32F, CUDA_R_32F), 1.0f, a.address, square,
                     b.address, square, 1.0f, d.address, square, stream));
  ASSERT_OK(CU(cuStreamEndCapture)(stream, &graph));
  ASSERT_OK(CU(cuGraphInstantiate)(&exec, graph, 0));
  EXPECT_OK(CU(cuGraphDestroy)(graph));
  for (int i = 0; i < 3; ++i)
    EXPECT_OK(CU(cuGraphLaunch)(exec, stream));
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(std::vector<float>(256, 96), d.read());
  EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  EXPECT_OK(CU(cuStreamDestroy)(stream));
}

TEST_F(CublasLtTest, KeepsToWhatItsAlgorithmIsFor) {
  if (!emulated()) // a device may do more than it has to
    return;
  Buffer<float> a(std::vector<float>(64, 1)), b(std::vector<float>(64, 2)),
      d(64), workspace(1024);
  void *square = layout(CUDA_R_32F, 4, 4, 4);
  void *product = matmul(Compute32F, CUDA_R_32F);
  void *preference = nullptr;
  ASSERT_EQ(Success,
            call<Status>("cublasLtMatmulPreferenceCreate", &preference));
  const auto prefer = [&](int attribute, auto value) {
    EXPECT_EQ(Success,
              call<Status>("cublasLtMatmulPreferenceSetAttribute", preference,
                           attribute, static_cast<const void *>(&value),
                           sizeof value));
  };
  const auto run = [&](CUdeviceptr from, CUdeviceptr memory, size_t bytes) {
    HeuristicResult found = {};
    int count = 0;
    EXPECT_EQ(Success, call<Status>("cublasLtMatmulAlgoGetHeuristic", handle,
                                    product, square, square, square, square,
                                    preference, 1, &found, &count));
    const float alpha = 1, beta = 0;
    return call<Status>("cublasLtMatmul", handle, product,
                        static_cast<const void *>(&alpha), from, square,
                        b.address, square, static_cast<const void *>(&beta),
                        d.address, square, d.address, square, &found.algorithm,
                        memory, bytes, static_cast<CUstream>(nullptr));
  };
  EXPECT_EQ(Success, run(a.address, 0, 0));
  EXPECT_EQ(InvalidValue, run(a.address + 16, 0, 0));
  prefer(PreferAlignmentA, uint32_t(16));
  EXPECT_EQ(Success, run(a.address + 16, 0, 0));
  EXPECT_EQ(InvalidValue, run(a.address + 4, 0, 0));
  prefer(PreferWorkspaceBytes, uint64_t(1024));
  EXPECT_EQ(InvalidValue, run(a.address, workspace.address, 512));
  EXPECT_EQ(Success, run(a.address, workspace.address, 1024));
  EXPECT_EQ(std::vector<float>(16, 8), [&] {
    std::vector<float> found = d.read();
    found.resize(16);
    return found;
  }());
  EXPECT_EQ(Success,
            call<Status>("cublasLtMatmulPreferenceDestroy", preference));
}

TEST_F(CublasLtTest, WhatDoesNotFit) {
  Buffer<float> a(std::vector<float>(64, 1)), d(64);
  void *product = matmul(Compute32F, CUDA_R_32F);
  EXPECT_NE(Success,
            multiply(product, 1.0f, a.address, layout(CUDA_R_32F, 4, 5, 4),
                     a.address, layout(CUDA_R_32F, 4, 4, 4), 0.0f, d.address,
                     layout(CUDA_R_32F, 4, 4, 4)));
  if (!emulated())
    return;
  testing::internal::CaptureStderr();
  Buffer<float> fresh(16);
  void *square = layout(CUDA_R_32F, 4, 4, 4);
  EXPECT_EQ(Success, multiply(product, 1.0f, a.address, square, fresh.address,
                              square, 0.0f, d.address, square));
  EXPECT_CODE(CUDA_ERROR_LAUNCH_FAILED, CU(cuCtxSynchronize)());
  EXPECT_NE(std::string::npos,
            testing::internal::GetCapturedStderr().find(
                "dlc-emulator: uninitialised: cublasLtMatmul"));
}

} // namespace
