// SPDX-License-Identifier: Apache-2.0
// Models with dims: what they say of themselves, tensors of many sizes, and
// specialised models.
#include "test/runtime/DynamicModel.h"

#include <cstddef>

#include <gtest/gtest.h>

using namespace dlc::test;

namespace {
class Dynamic : public testing::Test {
protected:
  void SetUp() override { create(); }
  void TearDown() override { dlc_session_destroy(session); }

  void create(const dlc_session_options *options = nullptr) {
    dlc_session_destroy(session);
    ASSERT_EQ(dlc_session_create(&model, options, &session), DLC_OK)
        << dlc_last_error();
  }

  void bindAll(DynamicTensors &tensors) {
    for (uint32_t i = 0; i < 3; ++i)
      ASSERT_EQ(dlc_session_bind_input(session, i, &tensors.inputs[i]), DLC_OK)
          << dlc_last_error();
    for (uint32_t i = 0; i < 2; ++i)
      ASSERT_EQ(dlc_session_bind_output(session, i, &tensors.outputs[i]),
                DLC_OK)
          << dlc_last_error();
  }

  dlc_session_info info() {
    dlc_session_info info = {};
    info.struct_size = sizeof info;
    EXPECT_EQ(dlc_session_get_info(session, &info), DLC_OK);
    return info;
  }

  void expectRunFails(dlc_status status, const char *message) {
    EXPECT_EQ(dlc_session_run(session, nullptr), status);
    EXPECT_STREQ(dlc_last_error(), message);
  }

  /// Input a with another shape.
  void expectBindFails(std::vector<int64_t> shape, const char *message) {
    DynamicTensors tensors(8, 3);
    DLTensor tensor = tensors.inputs[0];
    tensor.shape = shape.data();
    tensor.ndim = int32_t(shape.size());
    EXPECT_EQ(dlc_session_bind_input(session, 0, &tensor), DLC_ERROR_TENSOR);
    EXPECT_STREQ(dlc_last_error(), message);
  }

  dlc_abi_model model = makeDynamicModel();
  dlc_session *session = nullptr;
};

/// Runs `count` sizes, growing and shrinking, and checks each.
void runManySizes(dlc_session *session) {
  for (int64_t rows : {8, 2, 64, 4, 62, 8, 8, 2})
    for (int64_t columns : {3, 1, 200}) {
      DynamicTensors tensors(rows, columns);
      ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
      ASSERT_TRUE(tensors.isCorrect()) << rows << " " << columns;
    }
}
} // namespace

//===----------------------------------------------------------------------===//
// What the model says
//===----------------------------------------------------------------------===//

TEST_F(Dynamic, TellsItsDims) {
  dlc_model_info facts = {};
  facts.struct_size = sizeof facts;
  ASSERT_EQ(dlc_model_get_info(&model, &facts), DLC_OK);
  EXPECT_EQ(facts.num_dims, 2u);
  EXPECT_EQ(facts.num_specializations, 0u);
  dlc_dim_info dim = {};
  dim.struct_size = sizeof dim;
  ASSERT_EQ(dlc_model_get_dim(&model, 0, &dim), DLC_OK);
  EXPECT_STREQ(dim.name, "N");
  EXPECT_EQ(dim.min, 2);
  EXPECT_EQ(dim.max, 64);
  EXPECT_EQ(dim.multiple, 2);
  EXPECT_EQ(dim.typical, 8);
  EXPECT_EQ(dlc_model_get_dim(&model, 2, &dim), DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(),
               "info is null or there is no dim 2: the model has 2");
  EXPECT_EQ(dlc_model_get_dim(testModel(), 0, &dim),
            DLC_ERROR_INVALID_ARGUMENT);
}

TEST_F(Dynamic, ShapesNameWhatTheyDependOn) {
  dlc_tensor_info tensor = {};
  tensor.struct_size = sizeof tensor;
  ASSERT_EQ(dlc_model_get_input(&model, 2, &tensor), DLC_OK);
  EXPECT_EQ(tensor.shape[0], -1);
  EXPECT_STREQ(tensor.extents[0], "N * 2");
  EXPECT_EQ(tensor.shape[1], 1);
  EXPECT_EQ(tensor.extents[1], nullptr);
  EXPECT_EQ(tensor.size_bytes, 0u);
  ASSERT_EQ(dlc_model_get_output(&model, 1, &tensor), DLC_OK);
  EXPECT_STREQ(tensor.extents[0], "N ceildiv 2");
  ASSERT_EQ(dlc_model_get_input(testModel(), 0, &tensor), DLC_OK);
  EXPECT_EQ(tensor.extents, nullptr);
}

TEST_F(Dynamic, TellsTheArenaForSizes) {
  uint64_t bytes = 0;
  const int64_t small[] = {2, 3}, large[] = {64, 1000};
  ASSERT_EQ(dlc_model_arena_bytes_for(&model, small, 2, &bytes), DLC_OK);
  EXPECT_EQ(bytes, 64u + 24u);
  ASSERT_EQ(dlc_model_arena_bytes_for(&model, large, 2, &bytes), DLC_OK);
  EXPECT_EQ(bytes, 2u * 256000u);
  ASSERT_EQ(dlc_model_arena_bytes_for(testModel(), nullptr, 0, &bytes), DLC_OK);
  EXPECT_EQ(bytes, 12288u);
  EXPECT_EQ(dlc_model_arena_bytes_for(&model, small, 1, &bytes),
            DLC_ERROR_INVALID_ARGUMENT);
  const int64_t many[] = {66, 3};
  EXPECT_EQ(dlc_model_arena_bytes_for(&model, many, 2, &bytes),
            DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "model 'dynamic': N is 66, more than its bound 64");
  const int64_t huge[] = {64, INT64_MAX / 64};
  EXPECT_EQ(dlc_model_arena_bytes_for(&model, huge, 2, &bytes),
            DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(), "model 'dynamic' cannot be computed at N = "
                                 "64, C = 144115188075855871");
}

TEST_F(Dynamic, TellsShapesForSizes) {
  const int64_t sizes[] = {10, 7};
  int64_t shape[2] = {};
  ASSERT_EQ(dlc_model_input_shape_for(&model, sizes, 2, 2, shape), DLC_OK);
  EXPECT_EQ(shape[0], 20);
  EXPECT_EQ(shape[1], 1);
  ASSERT_EQ(dlc_model_output_shape_for(&model, sizes, 2, 1, shape), DLC_OK);
  EXPECT_EQ(shape[0], 5);
  ASSERT_EQ(dlc_model_output_shape_for(&model, sizes, 2, 0, shape), DLC_OK);
  EXPECT_EQ(shape[1], 7);
  ASSERT_EQ(dlc_model_input_shape_for(testModel(), nullptr, 0, 0, shape),
            DLC_OK);
  EXPECT_EQ(shape[0], 96);
  EXPECT_EQ(dlc_model_input_shape_for(&model, sizes, 2, 3, shape),
            DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(), "there is no input 3: the model has 3");
  EXPECT_EQ(dlc_model_output_shape_for(&model, sizes, 2, 0, nullptr),
            DLC_ERROR_INVALID_ARGUMENT);
  const int64_t odd[] = {3, 3};
  EXPECT_EQ(dlc_model_output_shape_for(&model, odd, 2, 0, shape),
            DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "model 'dynamic': N is 3, not a multiple of 2");
}

TEST_F(Dynamic, IsForNewRuntimesOnly) {
  // The fields for dims are there, whole.
  model.struct_size = offsetof(dlc_abi_model, cuda) - 8;
  EXPECT_EQ(dlc_core_model(&model), nullptr);
  EXPECT_STREQ(dlc_last_error(), "the model's tables are cut short");
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

TEST_F(Dynamic, RunsAtAllSizesWithAnyThreads) {
  for (dlc_threading threading :
       {DLC_THREADS_SHARED, DLC_THREADS_OWN, DLC_THREADS_NONE})
    for (uint32_t numThreads : {1u, 2u, 5u}) {
      dlc_session_options options = makeOptions();
      options.threading = threading;
      options.num_threads = numThreads;
      create(&options);
      runManySizes(session);
    }
}

TEST_F(Dynamic, SpreadsLargerStepsOverThreads) {
  struct Calls {
    int count = 0;
    uint32_t threads = 0;
  } calls;
  dlc_thread_pool threads = {};
  threads.struct_size = sizeof threads;
  threads.parallel_for = [](void *context, uint32_t count,
                            void (*body)(void *, uint32_t), void *argument) {
    auto *calls = static_cast<Calls *>(context);
    ++calls->count;
    calls->threads = count;
    for (uint32_t i = 0; i < count; ++i)
      body(argument, i);
  };
  threads.context = &calls;
  dlc_session_options options = makeOptions();
  options.thread_pool = &threads;
  options.num_threads = 4;
  create(&options);
  DynamicTensors typical(8, 3), large(64, 3);
  ASSERT_EQ(typical.run(session), DLC_OK);
  EXPECT_EQ(calls.count, 0);
  ASSERT_EQ(large.run(session), DLC_OK);
  EXPECT_EQ(calls.count, 3);
  EXPECT_EQ(calls.threads, 4u);
  EXPECT_TRUE(large.isCorrect());
  ASSERT_EQ(typical.run(session), DLC_OK);
  EXPECT_EQ(calls.count, 3);
}

TEST_F(Dynamic, BindsInAnyOrder) {
  DynamicTensors first(8, 3), second(6, 5);
  for (uint32_t i = 2; i-- > 0;)
    ASSERT_EQ(dlc_session_bind_output(session, i, &first.outputs[i]), DLC_OK);
  for (uint32_t i = 3; i-- > 0;)
    ASSERT_EQ(dlc_session_bind_input(session, i, &first.inputs[i]), DLC_OK);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(first.isCorrect());

  // To other sizes, through states in which the tensors don't fit.
  ASSERT_EQ(dlc_session_bind(session, "y", &second.outputs[0]), DLC_OK);
  expectRunFails(
      DLC_ERROR_TENSOR,
      "output 'y' has shape (6, 5), the model has (8, 3) at N = 8, C = 3");
  ASSERT_EQ(dlc_session_bind(session, "a", &second.inputs[0]), DLC_OK);
  expectRunFails(DLC_ERROR_TENSOR, "input 'b': N is 8, but input 'a' has 6 "
                                   "(shape 8x3)");
  ASSERT_EQ(dlc_session_bind(session, "b", &second.inputs[1]), DLC_OK);
  expectRunFails(
      DLC_ERROR_TENSOR,
      "input 't' has shape (16, 1), the model has (12, 1) at N = 6, C = 5");
  ASSERT_EQ(dlc_session_bind(session, "t", &second.inputs[2]), DLC_OK);
  expectRunFails(
      DLC_ERROR_TENSOR,
      "output 'sums' has shape (4), the model has (3) at N = 6, C = 5");
  ASSERT_EQ(dlc_session_bind(session, "sums", &second.outputs[1]), DLC_OK);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(second.isCorrect());
}

TEST_F(Dynamic, KeepsBindings) {
  DynamicTensors tensors(8, 3);
  bindAll(tensors);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  ASSERT_EQ(dlc_session_bind(session, "a", nullptr), DLC_OK);
  expectRunFails(DLC_ERROR_UNBOUND, "input 'a' is not bound");
  ASSERT_EQ(dlc_session_bind(session, "a", &tensors.inputs[0]), DLC_OK);
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_TRUE(tensors.isCorrect());
}

TEST_F(Dynamic, TellsShapesOfOutputs) {
  const int64_t *shape = nullptr;
  int32_t rank = -1;
  EXPECT_EQ(dlc_session_output_shape(session, 1, &shape, &rank),
            DLC_ERROR_UNBOUND);
  EXPECT_STREQ(dlc_last_error(),
               "the inputs bound to model 'dynamic' do not say all of its "
               "sizes");
  EXPECT_EQ(info().dims, nullptr);
  DynamicTensors tensors(10, 7);
  // One input says all sizes.
  ASSERT_EQ(dlc_session_bind_input(session, 1, &tensors.inputs[1]), DLC_OK);
  ASSERT_EQ(dlc_session_output_shape(session, 1, &shape, &rank), DLC_OK);
  EXPECT_EQ(rank, 1);
  EXPECT_EQ(shape[0], 5);
  ASSERT_EQ(dlc_session_output_shape(session, 0, &shape, &rank), DLC_OK);
  EXPECT_EQ(rank, 2);
  EXPECT_EQ(shape[0], 10);
  EXPECT_EQ(shape[1], 7);
  EXPECT_EQ(info().dims[1], 7);
  EXPECT_EQ(dlc_session_output_shape(session, 2, &shape, &rank),
            DLC_ERROR_INVALID_ARGUMENT);
  ASSERT_EQ(dlc_session_bind_input(session, 1, nullptr), DLC_OK);
  EXPECT_EQ(dlc_session_output_shape(session, 1, &shape, &rank),
            DLC_ERROR_UNBOUND);

  dlc_session *fixed = nullptr;
  ASSERT_EQ(dlc_session_create(testModel(), nullptr, &fixed), DLC_OK);
  ASSERT_EQ(dlc_session_output_shape(fixed, 0, &shape, &rank), DLC_OK);
  EXPECT_EQ(shape[1], 32);
  dlc_session_destroy(fixed);
}

TEST_F(Dynamic, RefusesSizesOutOfBounds) {
  expectBindFails({66, 3}, "input 'a': N is 66, more than its bound 64 (shape "
                           "66x3)");
  expectBindFails({0, 3}, "input 'a': N is 0, less than its bound 2 (shape "
                          "0x3)");
  expectBindFails({9, 3}, "input 'a': N is 9, not a multiple of 2 (shape 9x3)");
  expectBindFails({8}, "input 'a' has shape (8), the model has (N, C)");
  expectBindFails({8, -1}, "input 'a': C is -1, less than its bound 1 (shape "
                           "8x-1)");

  DynamicTensors tensors(8, 3);
  DLTensor twice = tensors.inputs[2];
  int64_t wrong[] = {16, 2};
  twice.shape = wrong;
  EXPECT_EQ(dlc_session_bind_input(session, 2, &twice), DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "input 't' has shape (16, 2), the model has (N * 2, 1)");
}

TEST_F(Dynamic, RefusesSizesThatOverflow) {
  DynamicTensors tensors(8, 3);
  int64_t shape[] = {8, INT64_MAX / 8};
  for (DLTensor *tensor :
       {&tensors.inputs[0], &tensors.inputs[1], &tensors.outputs[0]})
    tensor->shape = shape;
  EXPECT_EQ(tensors.run(session), DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(), "model 'dynamic' cannot be computed at N = 8, "
                                 "C = 1152921504606846975");
  runManySizes(session);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

TEST_F(Dynamic, ArenaGrowsWhereItMustAndNeverShrinks) {
  struct Log {
    std::vector<size_t> bytes;
    int64_t balance = 0;
    bool exhausted = false;
  } log;
  dlc_allocator allocator = {};
  allocator.struct_size = sizeof allocator;
  allocator.allocate = [](void *context, size_t bytes, size_t alignment) {
    auto *log = static_cast<Log *>(context);
    if (log->exhausted)
      return static_cast<void *>(nullptr);
    log->bytes.push_back(bytes);
    log->balance += int64_t(bytes);
    return std::aligned_alloc(alignment,
                              (bytes + alignment - 1) / alignment * alignment);
  };
  allocator.release = [](void *context, void *memory, size_t bytes) {
    static_cast<Log *>(context)->balance -= int64_t(bytes);
    std::free(memory);
  };
  allocator.context = &log;
  dlc_session_options options = makeOptions();
  options.allocator = &allocator;
  options.threading = DLC_THREADS_NONE;
  create(&options);
  EXPECT_EQ(log.bytes.size(), 1u); // the session itself
  log.bytes.clear();

  DynamicTensors typical(8, 3), small(2, 3), large(64, 30);
  ASSERT_EQ(typical.run(session), DLC_OK) << dlc_last_error();
  EXPECT_EQ(log.bytes, (std::vector<size_t>{224, 64}));
  EXPECT_EQ(info().arena_bytes, 224u);
  ASSERT_EQ(small.run(session), DLC_OK);
  EXPECT_EQ(log.bytes.size(), 2u);
  bindAll(large);
  EXPECT_EQ(log.bytes, (std::vector<size_t>{224, 64, 2 * 7680, 128}));
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_TRUE(large.isCorrect());
  ASSERT_EQ(typical.run(session), DLC_OK);
  EXPECT_TRUE(typical.isCorrect());
  EXPECT_EQ(log.bytes.size(), 4u);
  EXPECT_EQ(info().arena_bytes, 2u * 7680u);

  log.exhausted = true;
  DynamicTensors larger(64, 100);
  EXPECT_EQ(larger.run(session), DLC_ERROR_OUT_OF_MEMORY);
  EXPECT_STREQ(dlc_last_error(), "cannot allocate 51200 bytes for the arena of "
                                 "model 'dynamic' at N = 64, C = 100");
  EXPECT_EQ(dlc_session_run(session, nullptr), DLC_ERROR_OUT_OF_MEMORY);
  log.exhausted = false;
  ASSERT_EQ(typical.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(typical.isCorrect());
  ASSERT_EQ(larger.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(larger.isCorrect());
  dlc_session_destroy(session);
  session = nullptr;
  EXPECT_EQ(log.balance, 0);
}

TEST_F(Dynamic, TakesTheCallersMemory) {
  alignas(64) static char arena[512], scratch[128];
  dlc_session_options options = makeOptions();
  options.threading = DLC_THREADS_NONE;
  options.arena = arena;
  options.arena_bytes = 340;
  options.scratch = scratch;
  options.scratch_bytes = 64;
  create(&options);
  DynamicTensors typical(8, 3), large(10, 4), wide(2, 17);
  ASSERT_EQ(typical.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(typical.isCorrect());
  EXPECT_EQ(info().arena, arena);
  EXPECT_EQ(large.run(session), DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(),
               "the arena has 340 bytes, the model needs 352 at N = 10, C = 4");
  EXPECT_EQ(wide.run(session), DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(), "the scratch memory has 64 bytes, the model "
                                 "needs 128 at N = 2, C = 17");
  ASSERT_EQ(typical.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(typical.isCorrect());

  options.arena = arena + 4;
  dlc_session *unaligned = nullptr;
  EXPECT_EQ(dlc_session_create(&model, &options, &unaligned),
            DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(), "the arena is not aligned to 64 bytes");
}

//===----------------------------------------------------------------------===//
// Specialised models
//===----------------------------------------------------------------------===//

TEST_F(Dynamic, SpecialisedModelsRunForTheirShapes) {
  const dlc_abi_model *specials[] = {specialModel()};
  model.num_specializations = 1;
  model.specializations = specials;
  std::vector<dlc_profile_event> events(3);
  dlc_session_options options = makeOptions();
  options.profile = events.data();
  options.profile_capacity = events.size();
  create(&options);
  for (int64_t rows : {8, 4, 4, 6, 4}) {
    numGeneralRows = numSpecialRows = 0;
    DynamicTensors tensors(rows, 3);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(tensors.isCorrect());
    EXPECT_EQ(numGeneralRows, rows == 4 ? 0 : rows);
    EXPECT_EQ(numSpecialRows, rows == 4 ? 4 : 0);
    EXPECT_EQ(info().running, rows == 4 ? specialModel() : &model);
    EXPECT_EQ(info().profile_events, rows == 4 ? 1u : 3u);
    EXPECT_EQ(info().flops, rows == 4 ? 24u : 96u);
    const int64_t *shape = nullptr;
    int32_t rank = 0;
    ASSERT_EQ(dlc_session_output_shape(session, 1, &shape, &rank), DLC_OK);
    EXPECT_EQ(shape[0], rows / 2);
  }
  // Four rows of another length are no case for it.
  DynamicTensors other(4, 2);
  ASSERT_EQ(other.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(other.isCorrect());
  EXPECT_EQ(info().running, &model);

  uint64_t bytes = 1;
  const int64_t four[] = {4, 3};
  ASSERT_EQ(dlc_model_arena_bytes_for(&model, four, 2, &bytes), DLC_OK);
  EXPECT_EQ(bytes, 0u);
}

//===----------------------------------------------------------------------===//
// The self-test
//===----------------------------------------------------------------------===//

TEST_F(Dynamic, SelfTestHasSizesOfItsOwn) {
  DynamicTensors tensors(6, 2);
  ASSERT_EQ(tensors.run(session), DLC_OK);
  dlc_abi_test_tensor inputs[] = {
      {tensors.a.data()}, {tensors.b.data()}, {tensors.t.data()}};
  dlc_abi_test_tensor outputs[] = {{tensors.y.data()}, {tensors.sums.data()}};
  const int64_t dims[] = {6, 2};
  model.test_inputs = inputs;
  model.test_outputs = outputs;
  model.test_dims = dims;
  dlc_test_result results[2];
  ASSERT_EQ(dlc_model_self_test(&model, nullptr, results, 2), DLC_OK)
      << dlc_last_error();
  EXPECT_TRUE(results[1].tested && results[1].passed);
  tensors.sums[2] += 1;
  EXPECT_EQ(dlc_model_self_test(&model, nullptr, results, 2),
            DLC_ERROR_TEST_FAILED);
  EXPECT_FALSE(results[1].passed);
}
