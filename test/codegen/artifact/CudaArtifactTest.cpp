// SPDX-License-Identifier: Apache-2.0
// An artifact for CUDA devices only, from its parts to its outputs: the model
// of test/runtime/TestModel.c, on the emulated driver.
#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Linker.h"
#include "test/runtime/CudaModel.h"
#include "gtest/gtest.h"
#include <cstring>
#include <dlfcn.h>

using namespace dlc::artifact;
using dlc::test::TestTensors;

static TensorSpec makeTensor(const char *name, uint8_t dtypeCode,
                             std::vector<int64_t> shape) {
  TensorSpec tensor;
  tensor.name = name;
  tensor.dtypeCode = dtypeCode;
  tensor.sizeBytes = 4;
  for (int64_t extent : shape)
    tensor.sizeBytes *= uint64_t(extent);
  tensor.shape = std::move(shape);
  return tensor;
}

static StepSpec makeStep(uint32_t kernel, std::vector<RefSpec> refs) {
  StepSpec step;
  step.kernel = kernel;
  step.refs = std::move(refs);
  return step;
}

static ArtifactSpec makeSpec() {
  constexpr int64_t rows = TestTensors::kRows, columns = TestTensors::kColumns;
  constexpr uint64_t bytes = TestTensors::kElements * 4;
  ArtifactSpec spec;
  spec.name = "cuda";
  spec.inputs = {makeTensor("a", kDLFloat, {rows, columns}),
                 makeTensor("b", kDLFloat, {rows, columns})};
  spec.outputs = {makeTensor("y", kDLFloat, {rows, columns}),
                  makeTensor("sum", kDLInt, {1})};
  for (const char *name : {"multiply0", "add0", "sum0"}) {
    KernelSpec kernel;
    kernel.name = name;
    spec.kernels.push_back(kernel);
  }
  RefSpec a = {DLC_SPACE_INPUT, 0, 0}, b = {DLC_SPACE_INPUT, 1, 0},
          y = {DLC_SPACE_OUTPUT, 0, 0}, sum = {DLC_SPACE_OUTPUT, 1, 0},
          product = {DLC_SPACE_ARENA, 0, 256},
          weights = {DLC_SPACE_WEIGHTS, 0, 64};
  spec.steps = {makeStep(0, {a, weights, product}),
                makeStep(1, {product, b, y}), makeStep(2, {y, sum})};
  spec.weightsBytes = 64 + columns * 4;
  spec.arenaBytes = 256 + bytes;
  spec.cuda.emplace();
  // The text without its zero, as compilers have it.
  spec.cuda->images = {{DLC_CUDA_PTX, 80, dlc::test::kPtx}};
  spec.cuda->kernels = {{"multiply", uint32_t(columns), 0, rows, bytes},
                        {"add", uint32_t(columns), 0, rows, 0},
                        {"sum", uint32_t(columns), 65536, 1, 0}};
  return spec;
}

TEST(CudaArtifact, RunsFromTheFile) {
  // By its name the runtime then finds this one.
  ASSERT_NE(dlopen(DLC_TEST_EMULATOR, RTLD_NOW), nullptr) << dlerror();
  ArtifactSpec spec = makeSpec();
  std::vector<char> weights(TestTensors::kColumns * 4);
  for (int64_t i = 0; i < TestTensors::kColumns; ++i) {
    float value = float(i % 8);
    std::memcpy(&weights[i * 4], &value, 4);
  }
  std::vector<DataChunk> chunks = {{64, weights}};
  auto directory = llvm::cantFail(TemporaryDirectory::create());
  std::string path = directory.file("model.so");
  llvm::Error error = writeSharedObject({"x86_64-unknown-linux-gnu",
                                         writeDescription(spec),
                                         {},
                                         chunks,
                                         spec.weightsBytes,
                                         {},
                                         0},
                                        path);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));

  const dlc_model *model = nullptr;
  ASSERT_EQ(dlc_model_load(path.c_str(), &model), DLC_OK) << dlc_last_error();
  dlc_session_options options = dlc::test::makeOptions();
  dlc_session *session = nullptr;
  EXPECT_EQ(dlc_session_create(model, &options, &session), DLC_ERROR_CPU);
  options.device = {kDLCUDA, 0};
  ASSERT_EQ(dlc_session_create(model, &options, &session), DLC_OK)
      << dlc_last_error();
  for (int run = 0; run < 3; ++run) {
    TestTensors tensors(run);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(tensors.isCorrect());
  }
  dlc_session_destroy(session);
  dlc_model_unload(model);
}
