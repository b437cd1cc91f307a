// SPDX-License-Identifier: Apache-2.0
#include "driver/Context.h"

#include "driver/Module.h"
#include "driver/Stream.h"

#include <algorithm>

namespace emulator::driver {

static uint64_t nextContextId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

Context::Context(Device &device, unsigned flags, bool primary)
    : device(device), isPrimary(primary), id(nextContextId()), flags(flags),
      legacy(std::make_shared<Stream>(*this, 0, 0, true)) {
  setLimits();
}

void Context::setLimits() {
  for (std::atomic<size_t> &limit : limits)
    limit = 0;
  limits[CU_LIMIT_STACK_SIZE] = 1024;
  limits[CU_LIMIT_PRINTF_FIFO_SIZE] = 7u << 20;
  limits[CU_LIMIT_MALLOC_HEAP_SIZE] = 8u << 20;
  limits[CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH] = 2;
  limits[CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT] = 2048;
  limits[CU_LIMIT_MAX_L2_FETCH_GRANULARITY] = 64;
}

void Context::breakWith(CUresult code) {
  CUresult none = CUDA_SUCCESS;
  faultCode.compare_exchange_strong(none, code);
}

std::shared_ptr<Stream> Context::threadStream() {
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Stream> &stream = threadStreams[std::this_thread::get_id()];
  if (!stream) {
    stream = std::make_shared<Stream>(*this, 0, 0);
    streams.insert(stream);
  }
  return stream;
}

std::vector<Ticket> Context::before(Stream &stream) {
  std::vector<Ticket> result;
  if (stream.isLegacy) {
    for (const std::shared_ptr<Stream> &other : streams)
      if (other->blocking())
        result.push_back(other->queue->last());
    result.insert(result.end(), orphans.begin(), orphans.end());
  } else if (stream.blocking()) {
    result.push_back(legacy->queue->last());
  }
  return result;
}

Ticket Context::enqueue(Stream &stream, std::function<CUresult()> work,
                        std::vector<Ticket> after, bool always) {
  std::lock_guard<std::mutex> lock(mutex);
  for (Ticket &ticket : before(stream))
    after.push_back(std::move(ticket));
  return stream.queue->submit(
      [this, work = std::move(work), always] {
        if (fault() && !always)
          return;
        if (const CUresult code = work())
          breakWith(code);
      },
      std::move(after));
}

void Context::synchronise(Stream &stream) {
  std::vector<Ticket> waits;
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (stream.isLegacy)
      waits = before(stream);
    waits.push_back(stream.queue->last());
  }
  for (const Ticket &ticket : waits)
    ticket.wait();
}

bool Context::idle(Stream &stream) {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<Ticket> waits;
  if (stream.isLegacy)
    waits = before(stream);
  waits.push_back(stream.queue->last());
  return std::all_of(waits.begin(), waits.end(),
                     [](const Ticket &ticket) { return ticket.reached(); });
}

void Context::synchroniseAll() {
  std::vector<Ticket> waits;
  {
    std::lock_guard<std::mutex> lock(mutex);
    waits.swap(orphans);
    waits.push_back(legacy->queue->last());
    for (const std::shared_ptr<Stream> &stream : streams)
      waits.push_back(stream->queue->last());
  }
  for (const Ticket &ticket : waits)
    ticket.wait();
}

void Context::addStream(const std::shared_ptr<Stream> &stream) {
  std::lock_guard<std::mutex> lock(mutex);
  streams.insert(stream);
}

void Context::removeStream(const std::shared_ptr<Stream> &stream) {
  std::lock_guard<std::mutex> lock(mutex);
  streams.erase(stream);
  orphans.erase(std::remove_if(orphans.begin(), orphans.end(),
                               [](const Ticket &ticket) {
                                 return ticket.queue->passed(ticket.number);
                               }),
                orphans.end());
  orphans.push_back(stream->queue->last());
}

void Context::destroy() {
  destroyed = true;
  synchroniseAll();
  Driver &driver = *Driver::get();
  Leaks left;
  for (const auto &stream : driver.streams.all(
           [&](const Stream &stream) { return &stream.context == this; })) {
    driver.streams.remove(handleOf<CUstream>(*stream));
    ++left.streams;
  }
  for (const auto &event : driver.events.all(
           [&](const Event &event) { return event.context == this; })) {
    driver.events.remove(handleOf<CUevent>(*event));
    ++left.events;
  }
  for (const auto &module : driver.modules.all(
           [&](const Module &module) { return &module.context == this; })) {
    module->unload();
    left.modules += !module->library;
  }
  for (const auto &library : driver.libraries.all([](auto &) { return true; }))
    library->forget(*this);
  for (const Allocation &allocation : driver.allocations.ofContext(*this)) {
    ++left.allocations;
    left.bytes += allocation.size;
    release(driver, allocation);
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    streams.clear();
    threadStreams.clear();
    peers.clear();
  }
  std::lock_guard<std::mutex> lock(driver.leaksMutex);
  driver.leaks.allocations += left.allocations;
  driver.leaks.bytes += left.bytes;
  driver.leaks.modules += left.modules;
  driver.leaks.streams += left.streams;
  driver.leaks.events += left.events;
}

void Context::revive(unsigned newFlags) {
  flags = newFlags;
  setLimits();
  faultCode = CUDA_SUCCESS;
  destroyed = false;
}

bool Context::enablePeer(Context &peer) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!peers.insert(&peer).second)
      return false;
  }
  const uint32_t me = 1u << device.ordinal;
  peer.device.accessors |= me;
  Driver &driver = *Driver::get();
  for (const Allocation &allocation : driver.allocations.all())
    if (allocation.device == &peer.device && !allocation.onHost())
      shareMemory(driver, {allocation.base, allocation.size}, me);
  return true;
}

bool Context::disablePeer(Context &peer) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!peers.erase(&peer))
      return false;
  }
  peer.device.accessors &= ~(1u << device.ordinal);
  for (const Allocation &allocation : Driver::get()->allocations.all())
    if (allocation.device == &peer.device && !allocation.onHost())
      device.memory.unshare(allocation.base);
  return true;
}

std::vector<std::shared_ptr<Context>> &contextStack() {
  static thread_local std::vector<std::shared_ptr<Context>> stack;
  return stack;
}

std::shared_ptr<Context> currentContext() {
  const auto &stack = contextStack();
  return stack.empty() ? nullptr : stack.back();
}

} // namespace emulator::driver
