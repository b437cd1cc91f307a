// SPDX-License-Identifier: Apache-2.0
// The threads that execute the steps of a run.
//
// A step's tasks are cut into chunks, and each thread owns a contiguous range
// of them. A thread takes chunks from its own range first, so that it meets the
// same data in the next step, then from the others'. Who has nothing left to
// take does not hold up the step: it is over when the chunks taken are done.
// A worker that sleeps, or that the system has put aside, costs time only for
// the chunk that it holds.
//
// Workers look for work for about 100 us before they sleep. A run wakes them
// once, at its start.
#ifndef DLC_RUNTIME_CORE_THREADPOOL_H
#define DLC_RUNTIME_CORE_THREADPOOL_H

#include <atomic>
#include <pthread.h>
#include <stdint.h>

namespace dlc::runtime {

/// The number of CPUs that this process may use, at least 1.
uint32_t countUsableCpus();

class ThreadPool {
public:
  /// Threads of one pool, the caller included.
  static constexpr uint32_t kMaxThreads = 256;
  /// Chunks that one thread owns in a step.
  static constexpr uint32_t kMaxChunksPerThread = 1023;

  /// Runs chunk \p chunk on the thread \p thread of the pool; the caller of
  /// parallelFor is thread 0.
  using Body = void (*)(void *argument, uint32_t chunk, uint32_t thread);

  /// Returns a pool, or null where memory is short. It is destroyed with the
  /// last reference.
  static ThreadPool *create();
  /// Returns a reference to the pool that all sessions share.
  static ThreadPool *acquireShared();
  void release();

  /// Starts workers until \p numThreads threads, the caller's included, can
  /// work, and returns how many can.
  uint32_t ensureThreads(uint32_t numThreads);

  /// Reserves the pool for the calling thread and wakes its workers; false
  /// where another thread has it. The caller then works alone.
  bool tryBegin();
  /// Ends what tryBegin began.
  void end();

  /// Executes numThreads * chunksPerThread chunks on at most \p numThreads
  /// threads. Between tryBegin and end only.
  void parallelFor(uint32_t numThreads, uint32_t chunksPerThread, Body body,
                   void *argument);

private:
  ThreadPool() = default;
  ~ThreadPool();

  /// The range of chunks that one thread owns, in one word so that a chunk is
  /// taken by one compare-and-swap: the step's number (32 bits), the threads
  /// that may take (12), and the end (10) and the next chunk (10). The number
  /// keeps a late thread from taking chunks of a step it has not seen.
  struct alignas(64) Range {
    std::atomic<uint64_t> word{0};
  };

  struct Worker {
    ThreadPool *pool;
    uint32_t index;
    pthread_t thread;
  };

  static void *workerMain(void *worker);
  void work(uint32_t thread);
  bool takeFrom(uint32_t owner, uint32_t thread);
  void waitForStep(uint32_t seen);
  void startWorkers();
  void wake();
  void restartAfterFork();

  /// What the current step is. Written between steps, read by whoever has
  /// taken a chunk.
  Body body = nullptr;
  void *argument = nullptr;
  uint32_t chunksPerThread = 0;

  Range ranges[kMaxThreads];
  /// The step's number; workers wait for it to change.
  alignas(64) std::atomic<uint32_t> step{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stop{false};
  /// Chunks of the step that are not done.
  alignas(64) std::atomic<uint32_t> pending{0};
  /// Held by the thread that runs a model.
  alignas(64) std::atomic<bool> busy{false};
  /// Guards the start of workers.
  std::atomic<bool> starting{false};
  /// The process that the workers belong to.
  std::atomic<int> process{0};
  /// False in a forked child whose workers are not started yet: it tells
  /// without a system call. Null where that can't be.
  std::atomic<bool> *isParent = nullptr;
  std::atomic<uint32_t> numWorkers{0};
  uint32_t numWanted = 0;
  uint32_t numReferences = 1;
  Worker workers[kMaxThreads];
};

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CORE_THREADPOOL_H
