// SPDX-License-Identifier: Apache-2.0
// Questions about models, the choice of a target, and the self-test.
#include "runtime/cpu/Features.h"
#include "test/runtime/TestModel.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace dlc::test;
using dlc::runtime::chooseTarget;
using dlc::runtime::chooseTargetForCpu;

TEST(Model, TellsAboutItself) {
  dlc_model_info info = {};
  info.struct_size = sizeof info;
  ASSERT_EQ(dlc_model_get_info(testModel(), &info), DLC_OK);
  EXPECT_STREQ(info.name, "test");
  EXPECT_EQ(info.num_inputs, 2u);
  EXPECT_EQ(info.num_steps, 3u);
  EXPECT_STREQ(info.target, "any");
  EXPECT_EQ(info.arena_bytes, 12288u);
  EXPECT_TRUE(info.has_self_test);

  dlc_tensor_info tensor = {};
  tensor.struct_size = sizeof tensor;
  ASSERT_EQ(dlc_model_get_output(testModel(), 1, &tensor), DLC_OK);
  EXPECT_STREQ(tensor.name, "sum");
  EXPECT_EQ(tensor.dtype.code, kDLInt);
  EXPECT_EQ(tensor.ndim, 1);
  EXPECT_EQ(dlc_model_get_output(testModel(), 2, &tensor),
            DLC_ERROR_INVALID_ARGUMENT);

  dlc_step_info step = {};
  step.struct_size = sizeof step;
  ASSERT_EQ(dlc_model_get_step(testModel(), 2, &step), DLC_OK);
  EXPECT_STREQ(step.kernel, "sum");
  EXPECT_EQ(dlc_model_get_step(testModel(), 3, &step),
            DLC_ERROR_INVALID_ARGUMENT);
}

TEST(Model, FindsByName) {
  EXPECT_EQ(dlc_model_find_input(testModel(), "b"), 1);
  EXPECT_EQ(dlc_model_find_input(testModel(), "y"), -1);
  EXPECT_EQ(dlc_model_find_input(testModel(), nullptr), -1);
  EXPECT_EQ(dlc_model_find_output(testModel(), "y"), 0);
  EXPECT_STREQ(dlc_model_target(testModel(), 1), "none");
  EXPECT_EQ(dlc_model_target(testModel(), 2), nullptr);
}

TEST(Model, WritesNoMoreThanTheCallersStruct) {
  dlc_tensor_info tensor = {};
  tensor.struct_size = offsetof(dlc_tensor_info, dtype);
  tensor.ndim = 77;
  ASSERT_EQ(dlc_model_get_input(testModel(), 0, &tensor), DLC_OK);
  EXPECT_STREQ(tensor.name, "a");
  EXPECT_EQ(tensor.ndim, 77);
  tensor.struct_size = 0;
  EXPECT_EQ(dlc_model_get_input(testModel(), 0, &tensor),
            DLC_ERROR_INVALID_ARGUMENT);
}

TEST(Model, RefusesOtherFormats) {
  dlc_model_info info = {};
  info.struct_size = sizeof info;
  dlc_abi_model newer = *testModel();
  newer.abi_version = DLC_ABI_VERSION_PHASES + 1;
  EXPECT_EQ(dlc_model_get_info(&newer, &info), DLC_ERROR_VERSION);
  EXPECT_EQ(dlc_core_model(&newer), nullptr);
  std::string ours = "formats " + std::to_string(DLC_ABI_VERSION) + " to " +
                     std::to_string(DLC_ABI_VERSION_PHASES);
  EXPECT_EQ(dlc_last_error(),
            "model 'test' has format " +
                std::to_string(DLC_ABI_VERSION_PHASES + 1) +
                ", this runtime reads " + ours +
                ": update it, or compile the model with its dlc");

  // As format 1 was: without the last field.
  dlc_abi_model older = *testModel();
  older.abi_version = DLC_ABI_VERSION - 1;
  older.struct_size = offsetof(dlc_abi_model, kernel_phases);
  EXPECT_EQ(dlc_model_get_info(&older, &info), DLC_ERROR_VERSION);
  EXPECT_EQ(dlc_last_error(),
            "model 'test' has format " + std::to_string(DLC_ABI_VERSION - 1) +
                ", this runtime reads " + ours + ": compile the model again");
  dlc_abi_model cut = *testModel();
  cut.struct_size = offsetof(dlc_abi_model, kernel_phases);
  EXPECT_EQ(dlc_model_get_info(&cut, &info), DLC_ERROR_ARTIFACT);

  // As it was before models could have dims.
  dlc_abi_model shorter = *testModel();
  shorter.struct_size = offsetof(dlc_abi_model, num_dims);
  EXPECT_EQ(dlc_model_get_info(&shorter, &info), DLC_OK);

  dlc_abi_model foreign = *testModel();
  foreign.magic = 0;
  EXPECT_EQ(dlc_model_get_info(&foreign, &info), DLC_ERROR_ARTIFACT);
  EXPECT_EQ(dlc_core_model(testModel()), testModel());
}

TEST(Model, EveryStatusHasASentence) {
  for (int status = DLC_OK; status <= DLC_ERROR_DEVICE; ++status)
    EXPECT_STRNE(dlc_status_string(dlc_status(status)), "unknown status");
  EXPECT_STREQ(dlc_status_string(dlc_status(999)), "unknown status");
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

namespace {
class Targets : public testing::Test {
protected:
  Targets() {
    model.targets = targets;
    model.num_targets = 2;
  }
  ~Targets() override { unsetenv("DLC_CPU"); }

  const uint64_t v3 = DLC_CPU_X86_64_V2 | DLC_CPU_X86_64_V3;
  const uint64_t v4 = v3 | DLC_CPU_X86_64_V4;
  dlc_abi_target targets[2] = {{"x86-64-v3", v3}, {"x86-64-v4", v4}};
  dlc_abi_model model = *testModel();
  uint32_t index = 99;
};
} // namespace

TEST_F(Targets, LastThatFits) {
  EXPECT_EQ(chooseTarget(model, v4 | DLC_CPU_AVX512_VNNI, nullptr, index),
            DLC_OK);
  EXPECT_EQ(index, 1u);
  EXPECT_EQ(chooseTarget(model, v3, nullptr, index), DLC_OK);
  EXPECT_EQ(index, 0u);
}

TEST_F(Targets, NoneFits) {
  EXPECT_EQ(chooseTarget(model, DLC_CPU_X86_64_V2, nullptr, index),
            DLC_ERROR_CPU);
  EXPECT_STREQ(
      dlc_last_error(),
      "model 'test' needs x86-64-v3, which this CPU lacks; compile it with a "
      "lower --cpu");
  EXPECT_EQ(chooseTarget(model, DLC_CPU_X86_64_V2, "x86-64-v4", index),
            DLC_ERROR_CPU);
  EXPECT_STREQ(
      dlc_last_error(),
      "model 'test' needs x86-64-v3, x86-64-v4, which this CPU lacks; compile "
      "it with a lower --cpu");
}

TEST_F(Targets, ByName) {
  EXPECT_EQ(chooseTarget(model, v4, "x86-64-v3", index), DLC_OK);
  EXPECT_EQ(index, 0u);
  EXPECT_EQ(chooseTarget(model, v3, "x86-64-v4", index), DLC_ERROR_CPU);
  EXPECT_EQ(chooseTarget(model, v4, "znver4", index), DLC_ERROR_NOT_FOUND);
  EXPECT_STREQ(dlc_last_error(), "model 'test' has no target 'znver4'");
}

#if defined(__x86_64__)
TEST_F(Targets, EnvironmentHidesFeatures) {
  setenv("DLC_CPU", "x86-64-v2", 1);
  EXPECT_EQ(chooseTargetForCpu(model, nullptr, index), DLC_ERROR_CPU);
  setenv("DLC_CPU", "znver4", 1);
  EXPECT_EQ(chooseTargetForCpu(model, nullptr, index), DLC_ERROR_NOT_FOUND);
  if (__builtin_cpu_supports("avx2")) {
    setenv("DLC_CPU", "x86-64-v3", 1);
    EXPECT_EQ(chooseTargetForCpu(model, nullptr, index), DLC_OK);
    EXPECT_EQ(index, 0u);
  }
}

TEST_F(Targets, DetectsWhatTheCompilersLibraryDoes) {
  uint64_t features = dlc::runtime::cpuFeatures();
  EXPECT_EQ((features & DLC_CPU_X86_64_V3) != 0,
            bool(__builtin_cpu_supports("x86-64-v3")));
  EXPECT_EQ((features & DLC_CPU_X86_64_V4) != 0,
            bool(__builtin_cpu_supports("x86-64-v4")));
}
#endif

//===----------------------------------------------------------------------===//
// The self-test
//===----------------------------------------------------------------------===//

TEST(SelfTest, Passes) {
  dlc_test_result results[2];
  ASSERT_EQ(dlc_model_self_test(testModel(), nullptr, results, 2), DLC_OK)
      << dlc_last_error();
  EXPECT_TRUE(results[0].tested && results[0].passed);
  EXPECT_FALSE(results[1].tested);
  EXPECT_EQ(results[0].max_error, 0);
}

TEST(SelfTest, Fails) {
  std::vector<float> wrong(TestTensors::kElements, 2.0f);
  dlc_abi_test_tensor outputs[] = {{wrong.data()}, {nullptr}};
  dlc_abi_model model = *testModel();
  model.test_outputs = outputs;
  dlc_test_result result;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, &result, 1),
            DLC_ERROR_TEST_FAILED);
  EXPECT_EQ(result.max_error, 2);
  EXPECT_DOUBLE_EQ(result.limit, 1e-5 + 1e-4 * 2);
  EXPECT_STREQ(dlc_last_error(), "output 'y' is off by 2, more than 0.00021");
}

TEST(SelfTest, ComparesIntegersExactly) {
  int32_t wrong = 1;
  dlc_abi_test_tensor outputs[] = {{nullptr}, {&wrong}};
  dlc_abi_model model = *testModel();
  model.test_outputs = outputs;
  model.test_atol = 100;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, nullptr, 0),
            DLC_ERROR_TEST_FAILED);
}

TEST(SelfTest, MayBeMissing) {
  dlc_abi_model model = *testModel();
  model.test_outputs = nullptr;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, nullptr, 0),
            DLC_ERROR_NOT_FOUND);
}
