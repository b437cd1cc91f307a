// SPDX-License-Identifier: Apache-2.0
#include "driver/Queue.h"

#include "driver/Environment.h"

#include <algorithm>
#include <thread>

namespace emulator::driver {

/// How long an operation that nobody waits for is put off in the lazy mode. It
/// does run then: a host thread may spin on memory that a kernel writes.
static constexpr std::chrono::milliseconds lazyDelay(50);

bool Ticket::reached() const { return !queue || queue->reached(number); }

void Ticket::wait() const {
  if (queue)
    queue->wait(number);
}

Ticket Queue::submit(Work work, std::vector<Ticket> after) {
  std::lock_guard<std::mutex> lock(mutex);
  pending.push_back(
      {++submitted, std::move(work), std::move(after), Clock::now()});
  if (!started) {
    started = true;
    std::thread([self = shared_from_this()] { self->run(); }).detach();
  }
  changed.notify_all();
  return {shared_from_this(), submitted};
}

Ticket Queue::last() {
  std::lock_guard<std::mutex> lock(mutex);
  return {shared_from_this(), submitted};
}

void Queue::close() {
  std::lock_guard<std::mutex> lock(mutex);
  closed = true;
  changed.notify_all();
}

bool Queue::reached(uint64_t number) {
  std::lock_guard<std::mutex> lock(mutex);
  // Who asks again and again makes progress too.
  if (wanted < number) {
    wanted = number;
    changed.notify_all();
  }
  return done >= number;
}

bool Queue::passed(uint64_t number) {
  std::lock_guard<std::mutex> lock(mutex);
  return done >= number;
}

void Queue::wait(uint64_t number) {
  std::unique_lock<std::mutex> lock(mutex);
  if (wanted < number) {
    wanted = number;
    changed.notify_all();
  }
  changed.wait(lock, [&] { return done >= number; });
}

void Queue::run() {
  const bool lazy = environment().lazy;
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return !pending.empty() || closed; });
    if (pending.empty())
      return;
    Operation operation = std::move(pending.front());
    pending.pop_front();
    if (lazy)
      changed.wait_until(lock, operation.submitted + lazyDelay,
                         [&] { return wanted >= operation.number; });
    lock.unlock();
    for (const Ticket &ticket : operation.after)
      ticket.wait();
    operation.work();
    // What the operation holds is let go before anyone learns that it ran.
    operation.work = nullptr;
    operation.after.clear();
    lock.lock();
    done = operation.number;
    changed.notify_all();
  }
}

} // namespace emulator::driver
