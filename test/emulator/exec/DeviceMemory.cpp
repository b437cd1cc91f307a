// SPDX-License-Identifier: Apache-2.0
#include "exec/DeviceMemory.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <sys/mman.h>

namespace emulator {
namespace {
constexpr uint64_t page = 4096;
/// Between allocations; overruns by less are seen whatever is behind.
constexpr uint64_t gap = 64 << 10;

uint64_t alignUp(uint64_t value, uint64_t align) {
  return (value + align - 1) & ~(align - 1);
}

void *reserve(uint64_t bytes) {
  void *result = mmap(nullptr, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return result == MAP_FAILED ? nullptr : result;
}
} // namespace

DeviceMemory::DeviceMemory(uint64_t capacity, uint64_t reserveBytes)
    : capacityBytes(capacity) {
  // The shadow is a second range of the same layout.
  reservedBytes =
      alignUp(reserveBytes + sharedWindowBytes + localWindowBytes, page);
  void *mapped = reserve(2 * reservedBytes);
  if (!mapped)
    throw std::bad_alloc();
  reservedBase = reinterpret_cast<uint64_t>(mapped);
  shadowOffset = reservedBytes;
  firstBase = nextBase =
      alignUp(reservedBase + sharedWindowBytes + localWindowBytes + gap,
              uint64_t(2) << 20);
}

DeviceMemory::~DeviceMemory() {
  munmap(reinterpret_cast<void *>(reservedBase), 2 * reservedBytes);
}

/// The next gap behind the last allocation, so that freed addresses are reused
/// late; then the first one from the start.
uint64_t DeviceMemory::findGap(uint64_t bytes, uint64_t align) const {
  uint64_t end = reservedBase + reservedBytes;
  for (uint64_t from : {nextBase, firstBase}) {
    uint64_t base = alignUp(from, align);
    auto next = allocations.lower_bound(from);
    if (next != allocations.begin() && from != nextBase) {
      auto before = std::prev(next);
      if (before->first + before->second + gap > base)
        base = alignUp(before->first + before->second + gap, align);
    }
    for (;; ++next) {
      uint64_t limit = next == allocations.end() ? end : next->first;
      if (base + bytes + gap <= limit)
        return base;
      if (next == allocations.end())
        break;
      base = alignUp(next->first + next->second + gap, align);
    }
  }
  return 0;
}

uint64_t DeviceMemory::allocate(uint64_t bytes, uint64_t align) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!bytes || bytes > capacityBytes - usedBytes || bytes > reservedBytes)
    return 0;
  // Pages belong to one allocation, so that freeing gives them back.
  align = align < page ? page : align;
  uint64_t base = findGap(bytes, align);
  if (!base)
    return 0;
  uint64_t mapped = alignUp(bytes, page);
  for (uint64_t at : {base, base + shadowOffset})
    if (mprotect(reinterpret_cast<void *>(at), mapped,
                 PROT_READ | PROT_WRITE) != 0)
      return 0;
  allocations[base] = bytes;
  usedBytes += bytes;
  nextBase = alignUp(base + mapped + gap, page);
  snapshot.reset();
  return base;
}

bool DeviceMemory::free(uint64_t base) {
  std::lock_guard<std::mutex> lock(mutex);
  auto found = allocations.find(base);
  if (found == allocations.end())
    return false;
  uint64_t mapped = alignUp(found->second, page);
  for (uint64_t at : {base, base + shadowOffset}) {
    void *pages = reinterpret_cast<void *>(at);
    // A fresh mapping drops the contents.
    mmap(pages, mapped, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  }
  usedBytes -= found->second;
  allocations.erase(found);
  snapshot.reset();
  return true;
}

void DeviceMemory::share(Range range) {
  std::lock_guard<std::mutex> lock(mutex);
  shared[range.base] = range.size;
  snapshot.reset();
}

void DeviceMemory::unshare(uint64_t base) {
  std::lock_guard<std::mutex> lock(mutex);
  if (shared.erase(base))
    snapshot.reset();
}

Range DeviceMemory::find(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return {};
  --next;
  if (address >= next->first + next->second)
    return {};
  return {next->first, next->second};
}

bool DeviceMemory::contains(uint64_t address, uint64_t bytes) const {
  Range range = find(address);
  return range.size && bytes <= range.size - (address - range.base);
}

void DeviceMemory::markInitialised(uint64_t address, uint64_t bytes,
                                   bool value) {
  std::memset(shadow(address), value, bytes);
}

bool DeviceMemory::isInitialised(uint64_t address, uint64_t bytes) const {
  return !bytes || !std::memchr(shadow(address), 0, bytes);
}

std::shared_ptr<const std::vector<Range>> DeviceMemory::ranges() const {
  std::lock_guard<std::mutex> lock(mutex);
  if (!snapshot) {
    auto list = std::make_shared<std::vector<Range>>();
    list->reserve(allocations.size() + shared.size());
    for (const auto *ranges : {&allocations, &shared})
      for (const auto &[base, size] : *ranges)
        list->push_back({base, size});
    std::sort(list->begin(), list->end(),
              [](const Range &a, const Range &b) { return a.base < b.base; });
    snapshot = list;
  }
  return snapshot;
}

} // namespace emulator
