// SPDX-License-Identifier: Apache-2.0
#include "driver/Device.h"

#include "driver/Capture.h"
#include "driver/Context.h"
#include "driver/Environment.h"
#include "driver/Module.h"
#include "driver/Stream.h"

#include <cstdio>
#include <cstdlib>

namespace emulator::driver {

Device::Device(int ordinal, const Chip &chip, size_t bytes)
    : ordinal(ordinal), chip(chip), memory(bytes),
      defaultPool(std::make_shared<Pool>(*this)), currentPool(defaultPool) {}

/// Host memory is only limited by the host; its addresses are.
static constexpr size_t hostBytes = size_t(32) << 30;

Driver::Driver() : hostMemory(hostBytes) {
  const Environment &wanted = environment();
  for (int i = 0; i < wanted.devices; ++i) {
    devices.push_back(
        std::make_unique<Device>(i, *findChip(wanted.sm), wanted.memory));
    pools.add(devices.back()->defaultPool);
  }
}

static std::atomic<Driver *> instance{nullptr};

Driver *Driver::get() { return instance.load(std::memory_order_acquire); }

Driver &Driver::initialise() {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  if (!get()) {
    instance.store(new Driver, std::memory_order_release);
    if (environment().leaks)
      std::atexit([] { get()->reportLeaks(); });
  }
  return *get();
}

Device *Driver::device(CUdevice ordinal) {
  if (ordinal < 0 || static_cast<size_t>(ordinal) >= devices.size())
    return nullptr;
  return devices[static_cast<size_t>(ordinal)].get();
}

DeviceMemory *Driver::memoryOf(uint64_t address) {
  for (const auto &device : devices)
    if (device->memory.owns(address))
      return &device->memory;
  return nullptr;
}

void shareMemory(Driver &driver, Range range, uint32_t devices) {
  for (const auto &device : driver.devices)
    if ((devices >> device->ordinal & 1) && !device->memory.owns(range.base))
      device->memory.share(range);
}

Range Driver::rangeOf(uint64_t address) {
  if (const DeviceMemory *memory = memoryOf(address))
    return memory->find(address);
  if (auto found = allocations.find(address))
    return {found->base, found->size};
  return {};
}

static void tellLeak(uint64_t count, const char *what, uint64_t bytes = 0) {
  if (!count)
    return;
  std::fprintf(stderr, "dlc-emulator: leak: %llu %s",
               static_cast<unsigned long long>(count), what);
  if (bytes)
    std::fprintf(stderr, " of %llu bytes",
                 static_cast<unsigned long long>(bytes));
  std::fputc('\n', stderr);
}

void Driver::reportLeaks() {
  Leaks total;
  {
    std::lock_guard<std::mutex> lock(leaksMutex);
    total = leaks;
  }
  for (const Allocation &allocation : allocations.all()) {
    ++total.allocations;
    total.bytes += allocation.size;
  }
  const auto any = [](const auto &) { return true; };
  total.modules += modules.all(any).size();
  total.streams += streams.all(any).size();
  total.events += events.all(any).size();
  tellLeak(total.allocations, "allocation(s)", total.bytes);
  tellLeak(total.modules, "module(s)");
  tellLeak(total.streams, "stream(s)");
  tellLeak(total.events, "event(s)");
}

} // namespace emulator::driver
