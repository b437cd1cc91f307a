// SPDX-License-Identifier: Apache-2.0
// Work that runs in order beside the thread that asked for it: what a stream is
// made of.
#ifndef EMULATOR_DRIVER_QUEUE_H
#define EMULATOR_DRIVER_QUEUE_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator::driver {

class Queue;

/// A point in a queue, reached when its operation has run. An empty ticket is
/// always reached.
struct Ticket {
  std::shared_ptr<Queue> queue;
  uint64_t number = 0;

  bool reached() const;
  void wait() const;
};

/// Runs operations one after another in a thread of its own, which starts with
/// the first of them. With `DLC_EMULATOR_ASYNC=1` an operation that nobody
/// waits for is put off for a while, so that a program that forgot to wait is
/// sure to see the state from before it.
class Queue : public std::enable_shared_from_this<Queue> {
public:
  using Work = std::function<void()>;
  using Ticks = int64_t; ///< nanoseconds of a steady clock

  /// Appends `work`, which runs when the tickets of `after` are reached too.
  Ticket submit(Work work, std::vector<Ticket> after = {});

  /// The point at which all that has been submitted so far has run.
  Ticket last();

  /// Lets the thread end when all work has run.
  void close();

  /// Whether an operation has run: asked by the program, which then wants it
  /// done, or only to tidy up.
  bool reached(uint64_t number);
  bool passed(uint64_t number);
  void wait(uint64_t number);

private:
  using Clock = std::chrono::steady_clock;
  struct Operation {
    uint64_t number;
    Work work;
    std::vector<Ticket> after;
    Clock::time_point submitted;
  };

  void run();

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Operation> pending;
  uint64_t submitted = 0, done = 0, wanted = 0;
  bool started = false, closed = false;
};

} // namespace emulator::driver

#endif
