// SPDX-License-Identifier: Apache-2.0
// The thread pool alone. This file is built a second time with ThreadSanitizer.
#include "runtime/core/ThreadPool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

using dlc::runtime::ThreadPool;

namespace {
/// Counts how often each chunk was executed, without synchronisation of its
/// own: a chunk executed twice, or seen too late, is a data race.
struct Counts {
  explicit Counts(size_t numChunks) : executed(numChunks) {}
  std::vector<int> executed;
  std::atomic<uint32_t> threads{0}; ///< one bit for each thread seen

  static void body(void *argument, uint32_t chunk, uint32_t thread) {
    auto *counts = static_cast<Counts *>(argument);
    ++counts->executed[chunk];
    counts->threads.fetch_or(1u << thread, std::memory_order_relaxed);
  }

  bool allEqual(int count) const {
    for (int value : executed)
      if (value != count)
        return false;
    return true;
  }
};

/// A pool for the length of a test.
struct PoolHolder {
  explicit PoolHolder(uint32_t numThreads) : pool(ThreadPool::create()) {
    numStarted = pool->ensureThreads(numThreads);
  }
  ~PoolHolder() { pool->release(); }
  ThreadPool *operator->() { return pool; }

  ThreadPool *pool;
  uint32_t numStarted;
};
} // namespace

TEST(ThreadPool, ExecutesEachChunkOnce) {
  PoolHolder pool(4);
  ASSERT_EQ(pool.numStarted, 4u);
  for (uint32_t chunks : {1u, 3u, 8u, ThreadPool::kMaxChunksPerThread}) {
    Counts counts(4 * chunks);
    ASSERT_TRUE(pool->tryBegin());
    pool->parallelFor(4, chunks, Counts::body, &counts);
    pool->end();
    EXPECT_TRUE(counts.allEqual(1)) << chunks;
  }
}

TEST(ThreadPool, StepsFollowEachOther) {
  PoolHolder pool(3);
  Counts counts(3 * 5);
  ASSERT_TRUE(pool->tryBegin());
  constexpr int kSteps = 3000;
  for (int i = 0; i < kSteps; ++i)
    pool->parallelFor(3, 5, Counts::body, &counts);
  pool->end();
  EXPECT_TRUE(counts.allEqual(kSteps));
}

TEST(ThreadPool, UsesNoMoreThreadsThanAsked) {
  PoolHolder pool(4);
  Counts counts(2 * 100);
  ASSERT_TRUE(pool->tryBegin());
  for (int i = 0; i < 200; ++i)
    pool->parallelFor(2, 100, Counts::body, &counts);
  pool->end();
  EXPECT_TRUE(counts.allEqual(200));
  EXPECT_EQ(counts.threads.load() & ~3u, 0u);
}

TEST(ThreadPool, WakesSleepingWorkers) {
  PoolHolder pool(3);
  Counts counts(3);
  for (int i = 0; i < 20; ++i) {
    timespec pause = {0, 2000000}; // far longer than workers spin
    nanosleep(&pause, nullptr);
    ASSERT_TRUE(pool->tryBegin());
    pool->parallelFor(3, 1, Counts::body, &counts);
    pool->end();
  }
  EXPECT_TRUE(counts.allEqual(20));
}

TEST(ThreadPool, IsLentToOneThreadAtATime) {
  PoolHolder pool(2);
  ASSERT_TRUE(pool->tryBegin());
  std::thread other([&] { EXPECT_FALSE(pool->tryBegin()); });
  other.join();
  pool->end();
  EXPECT_TRUE(pool->tryBegin());
  pool->end();
}

TEST(ThreadPool, ServesCompetingThreads) {
  PoolHolder pool(3);
  std::vector<std::thread> callers;
  std::atomic<int> runs{0};
  for (int caller = 0; caller < 3; ++caller)
    callers.emplace_back([&] {
      Counts counts(3 * 4);
      int begun = 0;
      for (int i = 0; i < 500; ++i) {
        if (!pool->tryBegin()) {
          std::this_thread::yield();
          continue;
        }
        pool->parallelFor(3, 4, Counts::body, &counts);
        pool->end();
        ++begun;
      }
      EXPECT_TRUE(counts.allEqual(begun));
      runs += begun;
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_GT(runs.load(), 0);
}

TEST(ThreadPool, GrowsWhenAsked) {
  PoolHolder pool(1);
  EXPECT_EQ(pool.numStarted, 1u);
  EXPECT_EQ(pool->ensureThreads(3), 3u);
  EXPECT_EQ(pool->ensureThreads(2), 2u);
  EXPECT_EQ(pool->ensureThreads(100000), ThreadPool::kMaxThreads);
}

TEST(ThreadPool, SharedPoolLivesAsLongAsItsReferences) {
  ThreadPool *first = ThreadPool::acquireShared();
  EXPECT_EQ(ThreadPool::acquireShared(), first);
  first->release();
  EXPECT_EQ(ThreadPool::acquireShared(), first);
  first->release();
  first->release();
}

#if !__has_feature(thread_sanitizer)
TEST(ThreadPool, WorksInForkedChild) {
  PoolHolder pool(3);
  Counts counts(3 * 4);
  pid_t child = fork();
  if (child == 0) {
    bool begun = pool->tryBegin();
    if (begun) {
      pool->parallelFor(3, 4, Counts::body, &counts);
      pool->end();
    }
    _exit(begun && counts.allEqual(1) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(ThreadPool, IsFreeInChildForkedDuringRun) {
  PoolHolder pool(2);
  ASSERT_TRUE(pool->tryBegin());
  pid_t child = fork();
  if (child == 0)
    _exit(pool->tryBegin() ? 0 : 1);
  pool->end();
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}
#endif
