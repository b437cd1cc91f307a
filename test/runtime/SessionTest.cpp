// SPDX-License-Identifier: Apache-2.0
// Sessions through the public interface.
#include "test/runtime/TestModel.h"

#include <cfenv>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

using namespace dlc::test;

namespace {
/// A session for the length of a test.
struct SessionHolder {
  explicit SessionHolder(const dlc_session_options *options = nullptr) {
    status = dlc_session_create(testModel(), options, &session);
  }
  ~SessionHolder() { dlc_session_destroy(session); }
  operator dlc_session *() { return session; }

  dlc_session *session = nullptr;
  dlc_status status;
};

dlc_session_options withThreads(dlc_threading threading, uint32_t numThreads) {
  dlc_session_options options = makeOptions();
  options.threading = threading;
  options.num_threads = numThreads;
  return options;
}
} // namespace

TEST(Session, RunsWithDefaults) {
  SessionHolder session;
  ASSERT_EQ(session.status, DLC_OK) << dlc_last_error();
  TestTensors tensors;
  ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
  EXPECT_TRUE(tensors.isCorrect());
}

TEST(Session, GivesTheSameValuesWithAnyThreads) {
  for (dlc_threading threading :
       {DLC_THREADS_SHARED, DLC_THREADS_OWN, DLC_THREADS_NONE})
    for (uint32_t numThreads : {0u, 1u, 2u, 3u, 7u}) {
      dlc_session_options options = withThreads(threading, numThreads);
      SessionHolder session(&options);
      ASSERT_EQ(session.status, DLC_OK) << dlc_last_error();
      TestTensors tensors;
      for (int i = 0; i < 50; ++i) {
        tensors.clearOutputs();
        ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
        ASSERT_TRUE(tensors.isCorrect()) << threading << " " << numThreads;
      }
    }
}

TEST(Session, RunsConcurrentlyWithOthers) {
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id)
    threads.emplace_back([id] {
      dlc_session_options options = withThreads(DLC_THREADS_SHARED, 3);
      SessionHolder session(&options);
      ASSERT_EQ(session.status, DLC_OK) << dlc_last_error();
      TestTensors tensors(id);
      for (int i = 0; i < 200; ++i) {
        tensors.clearOutputs();
        ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
        ASSERT_TRUE(tensors.isCorrect());
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Session, KeepsBindings) {
  SessionHolder session;
  TestTensors tensors;
  for (auto [name, tensor] :
       {std::pair("a", &tensors.inputs[0]), std::pair("b", &tensors.inputs[1]),
        std::pair("y", &tensors.outputs[0]),
        std::pair("sum", &tensors.outputs[1])}) {
    EXPECT_EQ(dlc_session_run(session, nullptr), DLC_ERROR_UNBOUND);
    EXPECT_NE(std::string(dlc_last_error()).find(name), std::string::npos);
    ASSERT_EQ(dlc_session_bind(session, name, tensor), DLC_OK);
  }
  ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK);
  EXPECT_TRUE(tensors.isCorrect());

  ASSERT_EQ(dlc_session_bind(session, "b", nullptr), DLC_OK);
  EXPECT_EQ(dlc_session_run(session, nullptr), DLC_ERROR_UNBOUND);
  EXPECT_STREQ(dlc_last_error(), "input 'b' is not bound");
}

TEST(Session, NeverWritesOutsideOwnedMemory) {
  constexpr size_t kGuard = 256, kThreads = 2;
  dlc_model_info info = {};
  info.struct_size = sizeof info;
  ASSERT_EQ(dlc_model_get_info(testModel(), &info), DLC_OK);
  auto makeGuarded = [](size_t bytes) {
    return std::vector<char>(bytes + 2 * kGuard + 64, char(0x5a));
  };
  auto inner = [](std::vector<char> &memory) {
    uintptr_t address = reinterpret_cast<uintptr_t>(memory.data()) + kGuard;
    return reinterpret_cast<char *>((address + 63) & ~uintptr_t(63));
  };
  auto isIntact = [&](std::vector<char> &memory, size_t bytes) {
    size_t begin = size_t(inner(memory) - memory.data());
    for (size_t i = 0; i < memory.size(); ++i)
      if ((i < begin || i >= begin + bytes) && memory[i] != char(0x5a))
        return false;
    return true;
  };

  size_t scratchBytes = kThreads * ((info.scratch_bytes_per_thread + 63) & ~63);
  std::vector<char> arena = makeGuarded(info.arena_bytes);
  std::vector<char> scratch = makeGuarded(scratchBytes);
  dlc_session_options options = withThreads(DLC_THREADS_OWN, kThreads);
  options.arena = inner(arena);
  options.arena_bytes = info.arena_bytes;
  options.scratch = inner(scratch);
  options.scratch_bytes = scratchBytes;
  {
    SessionHolder session(&options);
    ASSERT_EQ(session.status, DLC_OK) << dlc_last_error();
    TestTensors tensors;
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(tensors.run(session), DLC_OK);
    EXPECT_TRUE(tensors.isCorrect());
  }
  EXPECT_TRUE(isIntact(arena, info.arena_bytes));
  EXPECT_TRUE(isIntact(scratch, scratchBytes));
}

TEST(Session, RefusesUnsuitableMemory) {
  alignas(64) static char memory[1 << 16];
  dlc_session_options options = makeOptions();
  options.arena = memory;
  options.arena_bytes = 100;
  SessionHolder small(&options);
  EXPECT_EQ(small.status, DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(),
               "the arena has 100 bytes, the model needs 12288");
  options.arena = memory + 4;
  options.arena_bytes = sizeof memory - 4;
  SessionHolder unaligned(&options);
  EXPECT_EQ(unaligned.status, DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(), "the arena is not aligned to 64 bytes");
}

TEST(Session, UsesTheCallersAllocator) {
  struct Balance {
    int64_t blocks = 0, bytes = 0;
    bool exhausted = false;
  } balance;
  dlc_allocator allocator = {};
  allocator.struct_size = sizeof allocator;
  allocator.allocate = [](void *context, size_t bytes, size_t alignment) {
    auto *balance = static_cast<Balance *>(context);
    if (balance->exhausted)
      return static_cast<void *>(nullptr);
    ++balance->blocks;
    balance->bytes += int64_t(bytes);
    return std::aligned_alloc(alignment,
                              (bytes + alignment - 1) / alignment * alignment);
  };
  allocator.release = [](void *context, void *memory, size_t bytes) {
    auto *balance = static_cast<Balance *>(context);
    --balance->blocks;
    balance->bytes -= int64_t(bytes);
    std::free(memory);
  };
  allocator.context = &balance;
  dlc_session_options options = makeOptions();
  options.allocator = &allocator;
  {
    SessionHolder session(&options);
    ASSERT_EQ(session.status, DLC_OK);
    EXPECT_GE(balance.blocks, 3); // tables, arena, scratch
  }
  EXPECT_EQ(balance.blocks, 0);
  EXPECT_EQ(balance.bytes, 0);
  balance.exhausted = true;
  SessionHolder session(&options);
  EXPECT_EQ(session.status, DLC_ERROR_OUT_OF_MEMORY);
}

TEST(Session, UsesTheCallersThreads) {
  int calls = 0;
  dlc_thread_pool threads = {};
  threads.struct_size = sizeof threads;
  threads.parallel_for = [](void *context, uint32_t count,
                            void (*body)(void *, uint32_t), void *argument) {
    ++*static_cast<int *>(context);
    std::vector<std::thread> workers;
    for (uint32_t i = 0; i < count; ++i)
      workers.emplace_back(body, argument, i);
    for (std::thread &worker : workers)
      worker.join();
  };
  threads.context = &calls;
  dlc_session_options options = makeOptions();
  options.thread_pool = &threads;
  SessionHolder invalid(&options);
  EXPECT_EQ(invalid.status, DLC_ERROR_INVALID_ARGUMENT);
  options.num_threads = 4;
  SessionHolder session(&options);
  ASSERT_EQ(session.status, DLC_OK) << dlc_last_error();
  TestTensors tensors;
  ASSERT_EQ(tensors.run(session), DLC_OK);
  EXPECT_TRUE(tensors.isCorrect());
  EXPECT_EQ(calls, 2); // the steps that are worth it
}

TEST(Session, DoesNotDependOnFloatingPointSettings) {
  SessionHolder session;
  TestTensors tensors;
  tensors.a[1] = 0.1f;
  tensors.b[1] = 1e9f;
  ASSERT_EQ(tensors.run(session), DLC_OK);
  float nearest = tensors.y[1];
  std::fesetround(FE_UPWARD);
  ASSERT_EQ(tensors.run(session), DLC_OK);
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(tensors.y[1], nearest);
}

TEST(Session, RecordsProfiles) {
  std::vector<dlc_profile_event> events(2);
  dlc_session_options options = makeOptions();
  options.profile = events.data();
  options.profile_capacity = events.size();
  SessionHolder session(&options);
  TestTensors tensors;
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(tensors.run(session), DLC_OK);
  dlc_session_info info = {};
  info.struct_size = sizeof info;
  ASSERT_EQ(dlc_session_get_info(session, &info), DLC_OK);
  EXPECT_EQ(info.profile_events, 2u); // of three steps: the buffer is full
  EXPECT_EQ(info.model, testModel());
  EXPECT_STREQ(info.target, "any");
  EXPECT_EQ(events[1].step, 1u);
  EXPECT_LE(events[0].begin_ns, events[0].end_ns);
  EXPECT_LE(events[0].end_ns, events[1].begin_ns);
}

TEST(Session, RefusesQueuesAndNulls) {
  SessionHolder session;
  TestTensors tensors;
  ASSERT_EQ(tensors.bind(session), DLC_OK);
  EXPECT_EQ(dlc_session_run(session, reinterpret_cast<dlc_queue *>(&session)),
            DLC_ERROR_UNSUPPORTED);
  EXPECT_EQ(dlc_session_run(nullptr, nullptr), DLC_ERROR_INVALID_ARGUMENT);
  dlc_session *none = session;
  EXPECT_EQ(dlc_session_create(nullptr, nullptr, &none),
            DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(dlc_session_create(testModel(), nullptr, nullptr),
            DLC_ERROR_INVALID_ARGUMENT);
  dlc_session_destroy(nullptr);
}

TEST(Session, TakesOptionsOfOtherVersions) {
  // An older program knows fewer fields: the others count as zero.
  dlc_session_options options = makeOptions();
  options.target = reinterpret_cast<const char *>(1);
  options.struct_size = offsetof(dlc_session_options, target);
  SessionHolder session(&options);
  EXPECT_EQ(session.status, DLC_OK) << dlc_last_error();
}

//===----------------------------------------------------------------------===//
// Tensors that don't fit
//===----------------------------------------------------------------------===//

namespace {
class BadTensor : public testing::Test {
protected:
  void expect(const char *message) {
    EXPECT_EQ(dlc_session_bind_input(session, 0, &tensor), DLC_ERROR_TENSOR);
    EXPECT_STREQ(dlc_last_error(), message);
  }

  SessionHolder session;
  TestTensors tensors;
  DLTensor tensor = tensors.inputs[0];
};
} // namespace

TEST_F(BadTensor, Type) {
  tensor.dtype.code = kDLInt;
  expect("input 'a' is int32 x 1, the model has float32");
}

TEST_F(BadTensor, Rank) {
  tensor.ndim = 1;
  expect("input 'a' has shape (96), the model has (96, 32)");
}

TEST_F(BadTensor, Shape) {
  int64_t shape[] = {32, 96};
  tensor.shape = shape;
  expect("input 'a' has shape (32, 96), the model has (96, 32)");
}

TEST_F(BadTensor, LongShape) {
  std::vector<int64_t> shape(1000, INT64_MAX);
  tensor.shape = shape.data();
  tensor.ndim = 1000;
  EXPECT_EQ(dlc_session_bind_input(session, 0, &tensor), DLC_ERROR_TENSOR);
}

TEST_F(BadTensor, NoShape) {
  tensor.shape = nullptr;
  expect("input 'a' has no shape");
}

TEST_F(BadTensor, Strides) {
  int64_t strides[] = {1, 96};
  tensor.strides = strides;
  expect("input 'a' is not contiguous: stride 96 of dimension 1, expected 1");
}

TEST_F(BadTensor, NoData) {
  tensor.data = nullptr;
  expect("input 'a' has no data");
}

TEST_F(BadTensor, Alignment) {
  tensor.byte_offset = 2;
  expect("input 'a' is not aligned to its elements");
}

TEST_F(BadTensor, Device) {
  tensor.device.device_type = kDLCUDA;
  expect("input 'a' is not in host memory");
}

TEST_F(BadTensor, Index) {
  EXPECT_EQ(dlc_session_bind_input(session, 2, &tensor),
            DLC_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(dlc_last_error(), "there is no input 2: the model has 2");
  EXPECT_EQ(dlc_session_bind(session, "c", &tensor), DLC_ERROR_NOT_FOUND);
  EXPECT_STREQ(dlc_last_error(), "model 'test' has no input or output 'c'");
}

TEST_F(BadTensor, DenseStridesAreGood) {
  int64_t strides[] = {32, 1};
  tensor.strides = strides;
  EXPECT_EQ(dlc_session_bind_input(session, 0, &tensor), DLC_OK);
}
