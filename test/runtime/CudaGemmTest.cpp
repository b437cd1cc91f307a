// SPDX-License-Identifier: Apache-2.0
// Products that cublasLt computes in the place of kernels.
#include "runtime/cuda/CublasLt.h"
#include "test/runtime/CudaSession.h"

#if __has_include(<cublasLt.h>)
#include <cublasLt.h>
#endif

#include <cmath>
#include <vector>

using namespace dlc::test;
namespace cuda = dlc::runtime::cuda;

//===----------------------------------------------------------------------===//
// The declarations
//===----------------------------------------------------------------------===//

#if __has_include(<cublasLt.h>)
static_assert(cuda::kCublasSuccess == CUBLAS_STATUS_SUCCESS &&
              cuda::kCublasAllocFailed == CUBLAS_STATUS_ALLOC_FAILED &&
              cuda::kCublasNotSupported == CUBLAS_STATUS_NOT_SUPPORTED);
static_assert(cuda::kCompute32F == CUBLAS_COMPUTE_32F &&
              cuda::kCompute64F == CUBLAS_COMPUTE_64F &&
              cuda::kCompute32FFast16F == CUBLAS_COMPUTE_32F_FAST_16F &&
              cuda::kCompute32FFast16BF == CUBLAS_COMPUTE_32F_FAST_16BF &&
              cuda::kCompute32FFastTF32 == CUBLAS_COMPUTE_32F_FAST_TF32);
static_assert(cuda::kReal32F == CUDA_R_32F && cuda::kReal64F == CUDA_R_64F);
static_assert(cuda::kMatmulTransposeA == CUBLASLT_MATMUL_DESC_TRANSA &&
              cuda::kMatmulTransposeB == CUBLASLT_MATMUL_DESC_TRANSB &&
              cuda::kMatmulEpilogue == CUBLASLT_MATMUL_DESC_EPILOGUE &&
              cuda::kMatmulBiasPointer == CUBLASLT_MATMUL_DESC_BIAS_POINTER);
static_assert(cuda::kOperationNone == int(CUBLAS_OP_N) &&
              cuda::kOperationTranspose == int(CUBLAS_OP_T) &&
              sizeof cuda::kOperationNone == sizeof(cublasOperation_t));
static_assert(cuda::kEpilogueDefault == CUBLASLT_EPILOGUE_DEFAULT &&
              cuda::kEpilogueRelu == CUBLASLT_EPILOGUE_RELU &&
              cuda::kEpilogueBias == CUBLASLT_EPILOGUE_BIAS &&
              (cuda::kEpilogueRelu | cuda::kEpilogueBias) ==
                  CUBLASLT_EPILOGUE_RELU_BIAS &&
              sizeof cuda::kEpilogueBias == sizeof(cublasLtEpilogue_t));
static_assert(cuda::kLayoutBatchCount == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT &&
              cuda::kLayoutBatchStride ==
                  CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
static_assert(
    cuda::kPreferWorkspaceBytes == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES &&
    cuda::kPreferAlignmentA == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES &&
    cuda::kPreferAlignmentB == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES &&
    cuda::kPreferAlignmentC == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES &&
    cuda::kPreferAlignmentD == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
static_assert(sizeof(cuda::MatmulAlgorithm) == sizeof(cublasLtMatmulAlgo_t) &&
              sizeof(cuda::HeuristicResult) ==
                  sizeof(cublasLtMatmulHeuristicResult_t) &&
              offsetof(cuda::HeuristicResult, workspaceBytes) ==
                  offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize) &&
              offsetof(cuda::HeuristicResult, state) ==
                  offsetof(cublasLtMatmulHeuristicResult_t, state));
#endif

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t kRows = 4, kDepth = 8, kColumns = 12;

/// Where there is no library, the product is -1.
constexpr char kCode[] = R"(.version 7.0
.target sm_80
.address_size 64
.visible .entry product(.param .b64 x, .param .b64 w, .param .b64 bias,
                        .param .b64 y, .param .b64 scratch,
                        .param .b32 phase) {
  .reg .b64 %y, %o;
  .reg .b32 %t;
  .reg .f32 %v;
  ld.param.b64 %y, [y];
  mov.u32 %t, %tid.x;
  mul.wide.u32 %o, %t, 4;
  add.u64 %y, %y, %o;
  mov.f32 %v, 0fBF800000;
  st.global.f32 [%y], %v;
  ret;
}
)";

/// y = relu(x w + bias). Its memory belongs to the test.
struct GemmModel {
  std::vector<float> weights;
  const int64_t xShape[2] = {kRows, kDepth}, yShape[2] = {kRows, kColumns};
  const dlc_abi_tensor input = {"x",    kDLFloat,          32, 1, 2,
                                xShape, kRows * kDepth * 4};
  const dlc_abi_tensor output = {
      "y", kDLFloat, 32, 1, 2, yShape, kRows * kColumns * 4};
  const dlc_abi_ref refs[4] = {{DLC_SPACE_INPUT, 0, 0},
                               {DLC_SPACE_WEIGHTS, 0, 0},
                               {DLC_SPACE_WEIGHTS, 0, kDepth * kColumns * 4},
                               {DLC_SPACE_OUTPUT, 0, 0}};
  const dlc_abi_step step = {0, 0, 0, 4, 0, 0, 0, "fc0"};
  const dlc_abi_kernel kernel = {"dense_0", nullptr};
  const dlc_abi_cuda_kernel cudaKernel = {"product", kRows *kColumns, 0, 1, 0};
  const dlc_abi_cuda_image image = {DLC_CUDA_PTX, 80, kCode, sizeof kCode};
  dlc_abi_cuda_gemm gemm = {};
  dlc_abi_cuda cuda = makeCuda(&cudaKernel, &image);
  dlc_abi_model model = makeCudaOnlyModel();

  explicit GemmModel(uint32_t flags = DLC_GEMM_RELU | DLC_GEMM_REQUIRED) {
    for (int64_t i = 0; i < (kDepth + 1) * kColumns; ++i)
      weights.push_back(float(i % 7 - 3));
    gemm.flags = flags;
    gemm.alignment = 16;
    gemm.batch = 1;
    gemm.bias = 2;
    gemm.m = kColumns;
    gemm.n = kRows;
    gemm.k = kDepth;
    gemm.a = {1, 0, kColumns, 0};
    gemm.b = {0, 0, kDepth, 0};
    gemm.c.operand = DLC_GEMM_NONE;
    gemm.d = {3, 0, kColumns, 0};
    gemm.alpha = 1;
    gemm.beta = 5; // of nothing
    gemm.workspace_bytes = 1 << 20;
    cuda.num_gemms = 1;
    cuda.gemms = &gemm;
    model.name = "gemm";
    model.inputs = &input;
    model.outputs = &output;
    model.num_kernels = model.num_steps = 1;
    model.kernels = &kernel;
    model.steps = &step;
    model.num_refs = 4;
    model.refs = refs;
    model.weights = weights.data();
    model.weights_bytes = weights.size() * 4;
    model.state_bytes = 0;
    model.kernel_phases = nullptr;
    model.cuda = &cuda;
  }
  GemmModel(const GemmModel &) = delete;
  GemmModel &operator=(const GemmModel &) = delete;

  /// Runs \p session on numbers that depend on \p seed; y is in `result`.
  dlc_status run(dlc_session *session, int seed) {
    x.clear();
    for (int64_t i = 0; i < kRows * kDepth; ++i)
      x.push_back(float((i + seed) % 5 - 2));
    result.assign(kRows * kColumns, NAN);
    DLTensor tensors[2] = {};
    tensors[0].data = x.data();
    tensors[0].shape = const_cast<int64_t *>(xShape);
    tensors[1].data = result.data();
    tensors[1].shape = const_cast<int64_t *>(yShape);
    for (DLTensor &tensor : tensors) {
      tensor.device = {kDLCPU, 0};
      tensor.ndim = 2;
      tensor.dtype = {kDLFloat, 32, 1};
    }
    return dlc_session_run_tensors(session, &tensors[0], 1, &tensors[1], 1,
                                   nullptr);
  }

  bool isProduct() const {
    for (int64_t i = 0; i < kRows * kColumns; ++i) {
      int64_t row = i / kColumns, column = i % kColumns;
      float sum = weights[kDepth * kColumns + column];
      for (int64_t k = 0; k < kDepth; ++k)
        sum += x[row * kDepth + k] * weights[k * kColumns + column];
      bool hasRelu = gemm.flags & DLC_GEMM_RELU;
      if (result[i] != (hasRelu ? std::fmax(sum, 0.0f) : sum))
        return false;
    }
    return true;
  }
  /// Whether the kernel's own code ran.
  bool isGenerated() const {
    return result == std::vector<float>(kRows * kColumns, -1.0f);
  }

  std::vector<float> x, result;
};

void expectProducts(GemmModel &model, dlc_session *session) {
  // The first run is step by step, later ones may be a graph.
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(model.run(session, i), DLC_OK) << dlc_last_error();
    ASSERT_TRUE(model.isProduct()) << i;
  }
}

void expectGenerated(GemmModel &model, dlc_session *session) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(model.run(session, i), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(model.isGenerated());
  }
}
} // namespace

//===----------------------------------------------------------------------===//
// With the library
//===----------------------------------------------------------------------===//

TEST(Cuda, ProductsAreTheLibrarys) {
  for (uint32_t flags : {DLC_GEMM_RELU | DLC_GEMM_REQUIRED, 0}) {
    GemmModel model(flags);
    Session first(model.model), second(model.model);
    ASSERT_WORKS(first);
    ASSERT_WORKS(second);
    expectProducts(model, first);
    expectProducts(model, second);
    expectProducts(model, first);
  }
}

TEST(Cuda, ProductsRunOnQueues) {
  // Twice, on queues that nothing orders.
  GemmModel model;
  dlc_abi_step steps[] = {model.step, model.step};
  steps[1].queue = 1;
  dlc_abi_ref refs[8];
  for (int i = 0; i < 8; ++i)
    refs[i] = model.refs[i % 4];
  refs[3].space = DLC_SPACE_ARENA;
  steps[1].first_ref = 4;
  model.model.steps = steps;
  model.model.num_steps = 2;
  model.model.refs = refs;
  model.model.num_refs = 8;
  model.model.arena_bytes = kRows * kColumns * 4;
  model.model.arena_alignment = 64;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectProducts(model, session);
}

TEST(Cuda, TablesMayEndBeforeProducts) {
  GemmModel model;
  model.cuda.struct_size = offsetof(dlc_abi_cuda, num_gemms);
  Session session(model.model);
  ASSERT_WORKS(session);
  ASSERT_EQ(model.run(session, 0), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(model.isGenerated());
}

TEST(Cuda, ProductsTakeWorkspaceFromScratchMemory) {
  GemmModel without, with;
  without.gemm.workspace_bytes = 0;
  Context context;
  size_t before = context.getFreeBytes();
  Session first(without.model);
  ASSERT_WORKS(first);
  size_t between = context.getFreeBytes();
  Session second(with.model);
  ASSERT_WORKS(second);
  if (isEmulated()) {
    EXPECT_GE(between - context.getFreeBytes(), before - between + 4096);
  }
  expectProducts(without, first);
  expectProducts(with, second);
}

TEST(Cuda, ProductsThatTheLibraryCannotCompute) {
  GemmModel model;
  model.gemm.d.leading = kColumns - 1; // as no compiler would write it
  Context context;
  size_t before = context.getFreeBytes();
  {
    Session session(model.model);
    EXPECT_EQ(session.status, DLC_ERROR_DEVICE);
    std::string message = dlc_last_error();
    EXPECT_EQ(message.find("cuda:0: cublasLt cannot compute kernel 'product' "
                           "of model 'gemm': "),
              0u)
        << message;
    EXPECT_NE(message.find(": compile it with --gemm=auto or generated"),
              std::string::npos)
        << message;
  }
  EXPECT_EQ(context.getFreeBytes(), before);
  // Unless the library has to, the kernel's own code does.
  model.gemm.flags = DLC_GEMM_RELU;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectGenerated(model, session);
}

TEST(Cuda, SpecialisedModelsHaveProductsOfTheirOwn) {
  // The product of the general model is one that the library refuses.
  dlc_abi_cuda_gemm refused = {}, gemm = {};
  refused.alignment = gemm.alignment = 4;
  refused.batch = gemm.batch = 1;
  refused.bias = gemm.bias = DLC_GEMM_NONE;
  refused.m = refused.n = refused.k = 4;
  refused.a = refused.b = refused.d = {0, 0, 1, 0};
  refused.c.operand = DLC_GEMM_NONE;
  // y = 2 b, of twelve elements, plus a times its first element, 0.
  gemm.m = 12;
  gemm.n = gemm.k = 1;
  gemm.a = {0, 0, 12, 0};
  gemm.b = {0, 0, 1, 0};
  gemm.c = {1, 0, 12, 0};
  gemm.d = {2, 0, 12, 0};
  gemm.alpha = 1;
  gemm.beta = 2;
  CudaDynamicModel model;
  model.cuda.num_gemms = model.specialCuda.num_gemms = 1;
  model.cuda.gemms = &refused;
  model.specialCuda.gemms = &gemm;
  model.model.num_specializations = 1;
  model.model.specializations = model.specials;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t rows : {8, 4, 4, 4, 8, 4}) {
    DynamicTensors tensors(rows, 3);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    if (rows != 4) {
      EXPECT_TRUE(tensors.isCorrect());
      continue;
    }
    for (size_t i = 0; i < tensors.y.size(); ++i)
      ASSERT_EQ(tensors.y[i], 2 * tensors.b[i]);
  }
}

//===----------------------------------------------------------------------===//
// With a library that fails
//===----------------------------------------------------------------------===//

namespace {
/// Lets the library fail in one of its calls, and counts what it has made.
class FailingLibrary {
public:
  FailingLibrary() {
    const cuda::CublasLt *library = nullptr;
    EXPECT_EQ(cuda::getCublasLt(driver(), library), DLC_OK);
    table = const_cast<cuda::CublasLt *>(library);
    real = *table;
    numLive = 0;
    replaceCreation();
    replaceOthers();
  }
  ~FailingLibrary() { *table = real; }
  FailingLibrary(const FailingLibrary &) = delete;
  FailingLibrary &operator=(const FailingLibrary &) = delete;

  /// Call number \p call from now on fails.
  static void failAt(int call) { callsLeft = call; }
  static bool hasFailed() { return callsLeft < 0; }

  static inline int numLive;

private:
  static bool fails() { return callsLeft-- == 0; }
  template <typename... Args, typename... Params>
  static int create(int (*function)(Params...), Args... args) {
    if (fails())
      return cuda::kCublasAllocFailed;
    ++numLive;
    return function(args...);
  }
  template <typename Arg>
  static int destroy(int (*function)(Arg), Arg arg) {
    --numLive;
    return function(arg);
  }
  template <typename... Args, typename... Params>
  static int call(int (*function)(Params...), Args... args) {
    return fails() ? cuda::kCublasAllocFailed : function(args...);
  }

  void replaceCreation() {
    table->cublasLtCreate = [](cuda::CublasHandle *handle) {
      return create(real.cublasLtCreate, handle);
    };
    table->cublasLtDestroy = [](cuda::CublasHandle handle) {
      return destroy(real.cublasLtDestroy, handle);
    };
    table->cublasLtMatmulDescCreate = [](cuda::MatmulDesc *desc, int compute,
                                         int type) {
      return create(real.cublasLtMatmulDescCreate, desc, compute, type);
    };
    table->cublasLtMatmulDescDestroy = [](cuda::MatmulDesc desc) {
      return destroy(real.cublasLtMatmulDescDestroy, desc);
    };
    table->cublasLtMatrixLayoutCreate = [](cuda::MatrixLayout *layout, int type,
                                           uint64_t rows, uint64_t columns,
                                           int64_t leading) {
      return create(real.cublasLtMatrixLayoutCreate, layout, type, rows,
                    columns, leading);
    };
    table->cublasLtMatrixLayoutDestroy = [](cuda::MatrixLayout layout) {
      return destroy(real.cublasLtMatrixLayoutDestroy, layout);
    };
    table->cublasLtMatmulPreferenceCreate =
        [](cuda::MatmulPreference *preference) {
          return create(real.cublasLtMatmulPreferenceCreate, preference);
        };
    table->cublasLtMatmulPreferenceDestroy =
        [](cuda::MatmulPreference preference) {
          return destroy(real.cublasLtMatmulPreferenceDestroy, preference);
        };
  }

  void replaceOthers() {
    table->cublasLtMatmulDescSetAttribute = [](cuda::MatmulDesc desc,
                                               int attribute, const void *value,
                                               size_t bytes) {
      return call(real.cublasLtMatmulDescSetAttribute, desc, attribute, value,
                  bytes);
    };
    table->cublasLtMatrixLayoutSetAttribute =
        [](cuda::MatrixLayout layout, int attribute, const void *value,
           size_t bytes) {
          return call(real.cublasLtMatrixLayoutSetAttribute, layout, attribute,
                      value, bytes);
        };
    table->cublasLtMatmulPreferenceSetAttribute =
        [](cuda::MatmulPreference preference, int attribute, const void *value,
           size_t bytes) {
          return call(real.cublasLtMatmulPreferenceSetAttribute, preference,
                      attribute, value, bytes);
        };
    table->cublasLtMatmulAlgoGetHeuristic =
        [](cuda::CublasHandle handle, cuda::MatmulDesc desc,
           cuda::MatrixLayout a, cuda::MatrixLayout b, cuda::MatrixLayout c,
           cuda::MatrixLayout d, cuda::MatmulPreference preference, int wanted,
           cuda::HeuristicResult *results, int *found) {
          return call(real.cublasLtMatmulAlgoGetHeuristic, handle, desc, a, b,
                      c, d, preference, wanted, results, found);
        };
    table->cublasLtMatmul =
        [](cuda::CublasHandle handle, cuda::MatmulDesc desc, const void *alpha,
           const void *a, cuda::MatrixLayout aLayout, const void *b,
           cuda::MatrixLayout bLayout, const void *beta, const void *c,
           cuda::MatrixLayout cLayout, void *d, cuda::MatrixLayout dLayout,
           const cuda::MatmulAlgorithm *algorithm, void *workspace,
           size_t workspaceBytes, cuda::Stream stream) {
          return call(real.cublasLtMatmul, handle, desc, alpha, a, aLayout, b,
                      bLayout, beta, c, cLayout, d, dLayout, algorithm,
                      workspace, workspaceBytes, stream);
        };
  }

  static inline cuda::CublasLt real;
  static inline int callsLeft;
  cuda::CublasLt *table;
};
} // namespace

TEST(Cuda, OutlivesALibraryThatFailsToStart) {
  FailingLibrary library;
  GemmModel model;
  model.gemm.batch = 2; // of one, so that no call is left out
  model.gemm.n = kRows / 2;
  model.gemm.b.stride = kRows / 2 * kDepth;
  model.gemm.d.stride = kRows / 2 * kColumns;
  Context context;
  size_t before = context.getFreeBytes();
  int numFailed = 0;
  for (;; ++numFailed) {
    FailingLibrary::failAt(numFailed);
    Session session(model.model);
    if (!FailingLibrary::hasFailed()) {
      ASSERT_WORKS(session);
      FailingLibrary::failAt(1000);
      expectProducts(model, session);
      break;
    }
    EXPECT_NE(session.status, DLC_OK);
    std::string message = dlc_last_error();
    EXPECT_EQ(message.find("cuda:0: "), 0u) << message;
    EXPECT_NE(message.find("cublas"), std::string::npos) << message;
    EXPECT_EQ(FailingLibrary::numLive, 0) << message;
    EXPECT_EQ(context.getFreeBytes(), before);
  }
  EXPECT_GT(numFailed, 20);
  EXPECT_EQ(FailingLibrary::numLive, 0);
  // Where it needn't be there, code runs.
  model.gemm.flags = DLC_GEMM_RELU;
  for (int i = 0; i < numFailed; ++i) {
    FailingLibrary::failAt(i);
    Session session(model.model);
    ASSERT_WORKS(session);
    EXPECT_TRUE(FailingLibrary::hasFailed());
    ASSERT_EQ(model.run(session, i), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(model.isGenerated());
  }
  EXPECT_EQ(FailingLibrary::numLive, 0);
}

TEST(Cuda, OutlivesProductsThatFail) {
  FailingLibrary library;
  FailingLibrary::failAt(1000);
  GemmModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  // Each run puts a bias and a product into the stream; the second is captured.
  for (int call : {0, 1})
    for (int goodRuns : {0, 1}) {
      for (int i = 0; i < goodRuns; ++i) {
        ASSERT_EQ(model.run(session, i), DLC_OK) << dlc_last_error();
        ASSERT_TRUE(model.isProduct());
      }
      FailingLibrary::failAt(call);
      dlc_status status = model.run(session, 1);
      if (!FailingLibrary::hasFailed()) // a graph that is there already
        continue;
      EXPECT_EQ(status, DLC_ERROR_OUT_OF_MEMORY);
      EXPECT_EQ(std::string(dlc_last_error())
                    .find("cuda:0: cublasLt failed to compute kernel 'product' "
                          "of model 'gemm': "),
                0u)
          << dlc_last_error();
      expectProducts(model, session);
    }
}

//===----------------------------------------------------------------------===//
// Without it
//===----------------------------------------------------------------------===//

namespace {
class CudaWithOldCublas : public testing::Test {
  void SetUp() override {
    const char *got = std::getenv("DLC_TEST_WITH");
    if (std::string(got ? got : "") != "old-cublas")
      GTEST_SKIP() << "wants DLC_TEST_WITH=old-cublas";
  }
};
} // namespace

TEST_F(CudaWithOldCublas, FailsWhereItIsRequired) {
  GemmModel model;
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_DEVICE);
  std::string message = dlc_last_error();
  EXPECT_EQ(message.find("cuda:0: model 'gemm' was compiled with "
                         "--gemm=cublas, but "),
            0u)
      << message;
  EXPECT_NE(message.find(": compile it with --gemm=auto or generated"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST_F(CudaWithOldCublas, RunsTheKernelsOwnCode) {
  GemmModel model(DLC_GEMM_RELU);
  Session session(model.model);
  ASSERT_WORKS(session);
  expectGenerated(model, session);
}
