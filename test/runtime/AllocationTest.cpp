// SPDX-License-Identifier: Apache-2.0
// A run allocates nothing: the C library's allocator is replaced by one that
// counts.
#include "test/runtime/DynamicModel.h"

#include <atomic>
#include <dlfcn.h>
#include <errno.h>
#include <gtest/gtest.h>
#include <malloc.h>

static std::atomic<uint64_t> allocations{0};

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(memory, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}

using namespace dlc::test;

static void expectNoAllocations(dlc_threading threading) {
  dlc_session_options options = makeOptions();
  options.threading = threading;
  options.num_threads = 3;
  dlc_session *session;
  uint64_t before = allocations;
  ASSERT_EQ(dlc_session_create(testModel(), &options, &session), DLC_OK);
  EXPECT_GT(allocations, before) << "the counter does not count";
  TestTensors tensors;
  before = allocations;
  for (int i = 0; i < 100; ++i)
    if (tensors.run(session) != DLC_OK)
      break;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(tensors.isCorrect());
  dlc_session_destroy(session);
}

TEST(Allocation, NoneInRunOnSharedPool) {
  expectNoAllocations(DLC_THREADS_SHARED);
}
TEST(Allocation, NoneInRunOnOwnPool) { expectNoAllocations(DLC_THREADS_OWN); }
TEST(Allocation, NoneInSerialRun) { expectNoAllocations(DLC_THREADS_NONE); }

TEST(Allocation, NoneInRunsOfOtherSizes) {
  dlc_abi_model model = makeDynamicModel();
  dlc_session *session;
  ASSERT_EQ(dlc_session_create(&model, nullptr, &session), DLC_OK);
  DynamicTensors small(2, 3), large(64, 100);
  ASSERT_EQ(large.run(session), DLC_OK) << dlc_last_error();
  uint64_t before = allocations;
  for (int i = 0; i < 100; ++i)
    if (small.run(session) != DLC_OK || large.run(session) != DLC_OK)
      break;
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(small.isCorrect() && large.isCorrect());
  dlc_session_destroy(session);
}
