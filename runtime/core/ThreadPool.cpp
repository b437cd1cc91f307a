// SPDX-License-Identifier: Apache-2.0
// The thread pool, over atomics and futexes.
#include "runtime/core/ThreadPool.h"

#include "runtime/cpu/Cpu.h"

#include <errno.h>
#include <linux/futex.h>
#include <new>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace dlc::runtime;

// Weak: before glibc 2.34 they are in libpthread, which a program without
// threads does not load. Sessions then run on the calling thread.
extern "C" {
extern decltype(pthread_create) pthread_create __attribute__((weak));
extern decltype(pthread_join) pthread_join __attribute__((weak));
}

//===----------------------------------------------------------------------===//
// System calls
//===----------------------------------------------------------------------===//

static void futexWait(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

static void futexWakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

static int processId() { return int(syscall(SYS_getpid)); }
static void yieldCpu() { syscall(SYS_sched_yield); }

/// Maps a page that is filled with zeros in a forked child; null where the
/// kernel (before 4.14) can't do that.
static void *mapWipedOnFork(size_t bytes) {
  long address = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  if (address < 0 && address > -4096)
    return nullptr;
  void *memory = reinterpret_cast<void *>(address);
  // Emulators that take any advice, this invalid one too, ignore it.
  if (syscall(SYS_madvise, memory, bytes, -1) != 0 &&
      syscall(SYS_madvise, memory, bytes, MADV_WIPEONFORK) == 0)
    return memory;
  syscall(SYS_munmap, memory, bytes);
  return nullptr;
}

uint32_t dlc::runtime::countUsableCpus() {
  unsigned long mask[1024 / sizeof(long)] = {};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  uint32_t count = 0;
  for (long i = 0; i < bytes / long(sizeof(long)); ++i)
    for (unsigned long word = mask[i]; word; word &= word - 1)
      ++count;
  return count ? count : 1;
}

namespace {
/// Blocks the signals that the process gets from outside while alive, so that
/// threads started meanwhile leave them to the program's own threads.
class BlockedSignals {
public:
  BlockedSignals() {
    uint64_t mask = ~uint64_t(0);
    static constexpr int kFaults[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS,
                                      SIGFPE, SIGSEGV, SIGSYS,  SIGPROF};
    for (int fault : kFaults)
      mask &= ~(uint64_t(1) << (fault - 1));
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &saved, sizeof saved);
  }
  ~BlockedSignals() {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, nullptr, sizeof saved);
  }

private:
  uint64_t saved = 0;
};

/// A lock for what happens rarely and takes a moment.
class SpinLock {
public:
  explicit SpinLock(std::atomic<bool> &flag) : flag(flag) {
    while (flag.exchange(true, std::memory_order_acquire))
      yieldCpu();
  }
  ~SpinLock() { flag.store(false, std::memory_order_release); }

private:
  std::atomic<bool> &flag;
};
} // namespace

//===----------------------------------------------------------------------===//
// Life of a pool
//===----------------------------------------------------------------------===//

// Cold code is small: every artifact has a copy.

static std::atomic<bool> sharedLock{false};
static ThreadPool *sharedPool = nullptr;

__attribute__((cold)) ThreadPool *ThreadPool::create() {
  void *memory;
  if (posix_memalign(&memory, alignof(ThreadPool), sizeof(ThreadPool)) != 0)
    return nullptr;
  ThreadPool *pool = new (memory) ThreadPool;
  pool->process.store(processId(), std::memory_order_relaxed);
  pool->isParent = static_cast<std::atomic<bool> *>(mapWipedOnFork(1));
  if (pool->isParent)
    pool->isParent->store(true, std::memory_order_relaxed);
  return pool;
}

__attribute__((cold)) ThreadPool *ThreadPool::acquireShared() {
  SpinLock lock(sharedLock);
  if (sharedPool)
    ++sharedPool->numReferences;
  else
    sharedPool = create();
  return sharedPool;
}

__attribute__((cold)) void ThreadPool::release() {
  {
    SpinLock lock(sharedLock);
    if (--numReferences != 0)
      return;
    if (sharedPool == this)
      sharedPool = nullptr;
  }
  this->~ThreadPool();
  free(this);
}

__attribute__((cold)) ThreadPool::~ThreadPool() {
  if (isParent)
    syscall(SYS_munmap, isParent, 1);
  // In a forked child the workers don't exist.
  if (process.load(std::memory_order_relaxed) != processId())
    return;
  stop.store(true, std::memory_order_seq_cst);
  step.fetch_add(1, std::memory_order_seq_cst);
  futexWakeAll(step);
  for (uint32_t i = 1; i <= numWorkers.load(std::memory_order_relaxed); ++i)
    pthread_join(workers[i].thread, nullptr);
}

__attribute__((cold)) uint32_t ThreadPool::ensureThreads(uint32_t numThreads) {
  restartAfterFork();
  if (numThreads > kMaxThreads)
    numThreads = kMaxThreads;
  SpinLock lock(starting);
  if (numThreads > numWanted)
    numWanted = numThreads;
  startWorkers();
  uint32_t numStarted = numWorkers.load(std::memory_order_relaxed) + 1;
  return numThreads < numStarted ? numThreads : numStarted;
}

__attribute__((cold)) void ThreadPool::startWorkers() {
  if (!pthread_create || !pthread_join)
    return;
  BlockedSignals blocked;
  uint32_t count = numWorkers.load(std::memory_order_relaxed);
  while (count + 1 < numWanted) {
    Worker &worker = workers[count + 1];
    worker.pool = this;
    worker.index = count + 1;
    if (pthread_create(&worker.thread, nullptr, workerMain, &worker) != 0)
      return;
    numWorkers.store(++count, std::memory_order_relaxed);
  }
}

/// A forked child has a copy of the pool, in whatever state it was, but none of
/// its workers. The first thread that notices starts them anew; the others see
/// that the process does not fit yet and work alone.
void ThreadPool::restartAfterFork() {
  if (isParent && isParent->load(std::memory_order_acquire))
    return;
  int current = processId();
  int seen = process.load(std::memory_order_acquire);
  if (seen == current || seen == -1 ||
      !process.compare_exchange_strong(seen, -1, std::memory_order_acquire))
    return;
  for (Range &range : ranges)
    range.word.store(0, std::memory_order_relaxed);
  sleepers.store(0, std::memory_order_relaxed);
  pending.store(0, std::memory_order_relaxed);
  starting.store(false, std::memory_order_relaxed);
  numWorkers.store(0, std::memory_order_relaxed);
  startWorkers();
  busy.store(false, std::memory_order_relaxed);
  process.store(current, std::memory_order_release);
  if (isParent)
    isParent->store(true, std::memory_order_release);
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

bool ThreadPool::tryBegin() {
  restartAfterFork();
  if (process.load(std::memory_order_acquire) == -1)
    return false;
  if (busy.exchange(true, std::memory_order_acquire))
    return false;
  if (sleepers.load(std::memory_order_relaxed) > 0) {
    step.fetch_add(1, std::memory_order_seq_cst);
    wake();
  }
  return true;
}

void ThreadPool::end() { busy.store(false, std::memory_order_release); }

/// To be called after `step` has changed: a worker counts itself as a sleeper
/// before it compares `step` for the last time.
void ThreadPool::wake() {
  if (sleepers.load(std::memory_order_seq_cst) > 0)
    futexWakeAll(step);
}

void ThreadPool::parallelFor(uint32_t numThreads, uint32_t numChunks,
                             Body newBody, void *newArgument) {
  body = newBody;
  argument = newArgument;
  chunksPerThread = numChunks;
  pending.store(numThreads * numChunks, std::memory_order_relaxed);
  uint32_t number = step.load(std::memory_order_relaxed) + 1;
  uint64_t word =
      uint64_t(number) << 32 | uint64_t(numThreads) << 20 | numChunks << 10;
  for (uint32_t i = 0; i < numThreads; ++i)
    ranges[i].word.store(word, std::memory_order_release);
  step.store(number, std::memory_order_seq_cst);
  wake();

  for (uint32_t i = 0; i < numThreads; ++i)
    while (takeFrom(i, 0)) {
    }
  uint64_t start = readTicks(), limit = ticksToSpin();
  while (pending.load(std::memory_order_acquire) != 0) {
    if (readTicks() - start < limit)
      pauseCpu();
    else
      yieldCpu();
  }
}

/// Takes and executes one chunk of the range of thread \p owner; false where
/// there is none for \p thread.
bool ThreadPool::takeFrom(uint32_t owner, uint32_t thread) {
  std::atomic<uint64_t> &range = ranges[owner].word;
  uint64_t word = range.load(std::memory_order_acquire);
  uint32_t next;
  do {
    next = word & 0x3ff;
    uint32_t end = word >> 10 & 0x3ff;
    uint32_t numThreads = word >> 20 & 0xfff;
    if (next >= end || thread >= numThreads)
      return false;
  } while (!range.compare_exchange_weak(
      word, word + 1, std::memory_order_acq_rel, std::memory_order_acquire));
  body(argument, owner * chunksPerThread + next, thread);
  pending.fetch_sub(1, std::memory_order_release);
  return true;
}

void *ThreadPool::workerMain(void *worker) {
  Worker *self = static_cast<Worker *>(worker);
  self->pool->work(self->index);
  return nullptr;
}

void ThreadPool::work(uint32_t thread) {
  DefaultFloatingPoint floatingPoint;
  while (!stop.load(std::memory_order_relaxed)) {
    uint32_t seen = step.load(std::memory_order_acquire);
    while (takeFrom(thread, thread)) {
    }
    uint32_t numOthers = numWorkers.load(std::memory_order_relaxed) + 1;
    for (uint32_t i = 0; i < numOthers; ++i)
      while (takeFrom(i, thread)) {
      }
    waitForStep(seen);
  }
}

/// Returns when the step's number is not \p seen, or the pool is to stop.
void ThreadPool::waitForStep(uint32_t seen) {
  uint64_t start = readTicks(), limit = ticksToSpin();
  while (readTicks() - start < limit) {
    if (step.load(std::memory_order_relaxed) != seen)
      return;
    pauseCpu();
  }
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (step.load(std::memory_order_seq_cst) == seen &&
         !stop.load(std::memory_order_seq_cst))
    futexWait(step, seen);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}
