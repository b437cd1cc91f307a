// SPDX-License-Identifier: Apache-2.0
#include "driver/Allocations.h"

namespace emulator::driver {

void Allocations::add(Allocation allocation) {
  std::lock_guard<std::mutex> lock(mutex);
  allocation.id = ++lastId;
  ranges[allocation.base] = std::move(allocation);
}

std::optional<Allocation> Allocations::find(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto after = ranges.upper_bound(address);
  if (after == ranges.begin())
    return std::nullopt;
  const Allocation &candidate = std::prev(after)->second;
  if (address - candidate.base >= candidate.size)
    return std::nullopt;
  return candidate;
}

std::optional<Allocation> Allocations::remove(uint64_t base) {
  std::lock_guard<std::mutex> lock(mutex);
  auto found = ranges.find(base);
  if (found == ranges.end())
    return std::nullopt;
  Allocation allocation = std::move(found->second);
  ranges.erase(found);
  return allocation;
}

std::vector<Allocation> Allocations::ofContext(const Context &context) const {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<Allocation> result;
  for (const auto &entry : ranges)
    if (entry.second.context == &context)
      result.push_back(entry.second);
  return result;
}

std::vector<Allocation> Allocations::all() const {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<Allocation> result;
  for (const auto &entry : ranges)
    result.push_back(entry.second);
  return result;
}

} // namespace emulator::driver
