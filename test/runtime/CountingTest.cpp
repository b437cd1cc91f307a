// SPDX-License-Identifier: Apache-2.0
// Models that count: outputs whose shape depends on values.
#include "test/runtime/CountingModel.h"

#include <cstddef>
#include <gtest/gtest.h>

using namespace dlc::test;

namespace {
class Counting : public testing::Test {
protected:
  void SetUp() override { create(); }
  void TearDown() override {
    dlc_session_destroy(session);
    forcedCount = -1;
  }

  void create(const dlc_session_options *options = nullptr) {
    dlc_session_destroy(session);
    ASSERT_EQ(dlc_session_create(&model, options, &session), DLC_OK)
        << dlc_last_error();
  }

  /// Binds all but y.
  void bind(CountingTensors &tensors) {
    ASSERT_EQ(dlc_session_bind_input(session, 0, &tensors.input), DLC_OK)
        << dlc_last_error();
    ASSERT_EQ(dlc_session_bind_output(session, 1, &tensors.total), DLC_OK)
        << dlc_last_error();
  }

  DLTensor getOutput(uint32_t index = 0) {
    DLTensor tensor = {};
    EXPECT_EQ(dlc_session_output(session, index, &tensor), DLC_OK)
        << dlc_last_error();
    return tensor;
  }

  void expectRunFails(dlc_status status, const char *message) {
    EXPECT_EQ(dlc_session_run(session, nullptr), status);
    EXPECT_STREQ(dlc_last_error(), message);
    DLTensor tensor;
    EXPECT_EQ(dlc_session_output(session, 0, &tensor), DLC_ERROR_UNBOUND);
  }

  dlc_abi_model model = makeCountingModel();
  dlc_session *session = nullptr;
};

/// Counts what an allocator has given away.
struct Allocator {
  uint64_t calls = 0, live = 0, limit = UINT64_MAX;

  static void *allocate(void *context, size_t bytes, size_t alignment) {
    auto &self = *static_cast<Allocator *>(context);
    void *memory;
    if (self.live + bytes > self.limit ||
        posix_memalign(&memory, alignment, bytes) != 0)
      return nullptr;
    ++self.calls;
    self.live += bytes;
    return memory;
  }
  static void release(void *context, void *memory, size_t bytes) {
    static_cast<Allocator *>(context)->live -= bytes;
    free(memory);
  }
  dlc_allocator get() {
    return {sizeof(dlc_allocator), allocate, release, this};
  }
};
} // namespace

TEST_F(Counting, TellsWhatCallersChoose) {
  dlc_model_info facts = {};
  facts.struct_size = sizeof facts;
  ASSERT_EQ(dlc_model_get_info(&model, &facts), DLC_OK);
  EXPECT_EQ(facts.num_dims, 1u);
  dlc_dim_info dim = {};
  dim.struct_size = sizeof dim;
  EXPECT_EQ(dlc_model_get_dim(&model, 1, &dim), DLC_ERROR_INVALID_ARGUMENT);
  for (uint32_t i = 0; i < 2; ++i) {
    dlc_tensor_info output = {};
    output.struct_size = sizeof output;
    ASSERT_EQ(dlc_model_get_output(&model, i, &output), DLC_OK);
    EXPECT_EQ(output.is_counted, i == 0);
    EXPECT_STREQ(output.extents[0], i == 0 ? "count(x)" : nullptr);
  }
  // Of the most that there can be.
  const int64_t sizes[] = {100};
  int64_t shape[1];
  uint64_t bytes;
  ASSERT_EQ(dlc_model_output_shape_for(&model, sizes, 1, 0, shape), DLC_OK);
  EXPECT_EQ(shape[0], 100);
  ASSERT_EQ(dlc_model_arena_bytes_for(&model, sizes, 1, &bytes), DLC_OK);
  EXPECT_EQ(bytes, 816u);
}

TEST_F(Counting, IsForNewRuntimesOnly) {
  EXPECT_EQ(dlc_core_model(&model), &model);
  model.struct_size = offsetof(dlc_abi_model, num_counts);
  EXPECT_EQ(dlc_core_model(&model), nullptr);
  EXPECT_STREQ(dlc_last_error(), "the model's tables are cut short");
  model.abi_version = DLC_ABI_VERSION_PHASES + 1;
  EXPECT_EQ(dlc_core_model(&model), nullptr);
}

TEST_F(Counting, OwnsMemoryForOutputs) {
  for (uint32_t numThreads : {1u, 2u, 5u}) {
    dlc_session_options options = {};
    options.struct_size = sizeof options;
    options.num_threads = numThreads;
    create(&options);
    for (int64_t size : {8, 4096, 1, 100})
      for (int64_t step : {1, 0, 3, 5000}) {
        CountingTensors tensors(size, step);
        bind(tensors);
        ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK)
            << dlc_last_error();
        EXPECT_TRUE(tensors.isCorrect(getOutput())) << size << " " << step;
      }
  }
}

TEST_F(Counting, FillsTheStartOfTensors) {
  CountingTensors tensors(10, 3);
  bind(tensors);
  ASSERT_EQ(dlc_session_bind_output(session, 0, &tensors.largest), DLC_OK);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  DLTensor output = getOutput();
  EXPECT_EQ(output.data, tensors.y.data());
  EXPECT_TRUE(tensors.isCorrect(output));
  EXPECT_EQ(tensors.y[4], 0);

  // What a tensor must have is the largest shape, before and after.
  const int64_t *shape;
  int32_t ndim;
  ASSERT_EQ(dlc_session_output_shape(session, 0, &shape, &ndim), DLC_OK);
  EXPECT_EQ(shape[0], 10);
  int64_t four = 4;
  tensors.largest.shape = &four;
  ASSERT_EQ(dlc_session_bind_output(session, 0, &tensors.largest), DLC_OK);
  expectRunFails(DLC_ERROR_TENSOR,
                 "output 'y' has shape (4), the model may need (10) at N = "
                 "10");
  ASSERT_EQ(dlc_session_bind_output(session, 0, nullptr), DLC_OK);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  output = getOutput();
  EXPECT_NE(output.data, tensors.y.data());
  EXPECT_TRUE(tensors.isCorrect(output));
}

TEST_F(Counting, RunsTensors) {
  CountingTensors tensors(10, 2);
  DLTensor outputs[] = {{}, tensors.total};
  ASSERT_EQ(
      dlc_session_run_tensors(session, &tensors.input, 1, outputs, 2, nullptr),
      DLC_OK)
      << dlc_last_error();
  EXPECT_TRUE(tensors.isCorrect(getOutput()));
  outputs[0] = tensors.largest;
  ASSERT_EQ(
      dlc_session_run_tensors(session, &tensors.input, 1, outputs, 2, nullptr),
      DLC_OK)
      << dlc_last_error();
  EXPECT_EQ(getOutput().data, tensors.y.data());
}

TEST_F(Counting, HasNoOutputBeforeARun) {
  DLTensor tensor;
  EXPECT_EQ(dlc_session_output(session, 0, &tensor), DLC_ERROR_UNBOUND);
  EXPECT_EQ(dlc_session_output(session, 0, nullptr),
            DLC_ERROR_INVALID_ARGUMENT);
  CountingTensors tensors(10, 2), others(20, 1);
  bind(tensors);
  EXPECT_EQ(dlc_session_output(session, 0, &tensor), DLC_ERROR_UNBOUND);
  EXPECT_STREQ(dlc_last_error(), "output 'y' has not been computed");
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_EQ(getOutput(1).data, tensors.sum);
  getOutput(0);
  bind(others);
  EXPECT_EQ(dlc_session_output(session, 0, &tensor), DLC_ERROR_UNBOUND);
  EXPECT_EQ(dlc_session_output(session, 2, &tensor),
            DLC_ERROR_INVALID_ARGUMENT);
}

TEST_F(Counting, AllocatesWhatIsNeededAndReleasesIt) {
  Allocator memory;
  dlc_allocator allocator = memory.get();
  dlc_session_options options = {};
  options.struct_size = sizeof options;
  options.threading = DLC_THREADS_NONE;
  options.allocator = &allocator;
  create(&options);
  CountingTensors few(1000, 100), many(1000, 1);
  bind(few);
  uint64_t before = memory.live;
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_EQ(memory.live, before + 40);
  bind(many);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_EQ(memory.live, before + 4000);
  uint64_t calls = memory.calls;
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  bind(few);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_EQ(memory.calls, calls);
  EXPECT_TRUE(few.isCorrect(getOutput()));

  create(&options);
  bind(few);
  memory.limit = memory.live + 39;
  expectRunFails(DLC_ERROR_OUT_OF_MEMORY,
                 "cannot allocate output 'y' of model 'counting'");
  memory.limit = UINT64_MAX;
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(few.isCorrect(getOutput()));
  dlc_session_destroy(session);
  session = nullptr;
  EXPECT_EQ(memory.live, 0u);
}

TEST_F(Counting, RefusesCountsOutOfBounds) {
  CountingTensors tensors(10, 2);
  bind(tensors);
  forcedCount = 11;
  expectRunFails(DLC_ERROR_TENSOR,
                 "model 'counting': count(x) is 11, not 0 to 10");
  forcedCount = -1;
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(tensors.isCorrect(getOutput()));
}

TEST_F(Counting, RecordsAllSteps) {
  dlc_profile_event events[8];
  dlc_session_options options = {};
  options.struct_size = sizeof options;
  options.profile = events;
  options.profile_capacity = 8;
  create(&options);
  CountingTensors tensors(10, 2);
  bind(tensors);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
    dlc_session_info info = {};
    info.struct_size = sizeof info;
    ASSERT_EQ(dlc_session_get_info(session, &info), DLC_OK);
    ASSERT_EQ(info.profile_events, 3u);
    EXPECT_EQ(events[2].step, 2u);
    EXPECT_EQ(info.dims[0], 10);
  }
}

TEST_F(Counting, SelfTestComparesShapes) {
  CountingTensors tensors(10, 2);
  bind(tensors);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  dlc_abi_test_tensor inputs[] = {{tensors.x.data()}};
  dlc_abi_test_tensor outputs[] = {{tensors.want.data()}, {tensors.sum}};
  int64_t dims[] = {10, 5};
  model.test_inputs = inputs;
  model.test_outputs = outputs;
  model.test_dims = dims;
  dlc_test_result results[2];
  ASSERT_EQ(dlc_model_self_test(&model, nullptr, results, 2), DLC_OK)
      << dlc_last_error();
  EXPECT_TRUE(results[0].tested && results[1].tested);
  dims[1] = 4;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, results, 2),
            DLC_ERROR_TEST_FAILED);
  EXPECT_STREQ(dlc_last_error(), "output 'y' has shape (5), not (4)");
  dims[1] = 5;
  tensors.want[3] += 1;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, results, 2),
            DLC_ERROR_TEST_FAILED);
  EXPECT_FALSE(results[0].passed);
}
