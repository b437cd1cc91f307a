// SPDX-License-Identifier: Apache-2.0
// Which memory is whose: the ranges that the driver gave out or was told of.
#ifndef EMULATOR_DRIVER_ALLOCATIONS_H
#define EMULATOR_DRIVER_ALLOCATIONS_H

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace emulator::driver {

class Context;
class Device;
class Pool;

enum class MemoryKind : uint8_t {
  Device,    ///< cuMemAlloc
  Managed,   ///< cuMemAllocManaged
  Pooled,    ///< cuMemAllocAsync
  Pinned,    ///< cuMemHostAlloc
  Registered ///< cuMemHostRegister
};

struct Allocation {
  uint64_t base = 0, size = 0;
  MemoryKind kind = MemoryKind::Device;
  Context *context = nullptr; ///< owner; null for memory of a pool
  Device *device = nullptr;   ///< where it lies; for host memory, of its owner
  unsigned flags = 0;         ///< as given by the caller
  uint64_t id = 0;            ///< unique in the process
  std::shared_ptr<Pool> pool;

  bool onHost() const {
    return kind == MemoryKind::Pinned || kind == MemoryKind::Registered;
  }
  uint64_t end() const { return base + size; }
};

/// All live allocations by address. Safe to use from several threads.
class Allocations {
public:
  void add(Allocation allocation);
  /// The allocation that holds the address.
  std::optional<Allocation> find(uint64_t address) const;
  std::optional<Allocation> remove(uint64_t base);
  std::vector<Allocation> ofContext(const Context &context) const;
  std::vector<Allocation> all() const;

private:
  mutable std::mutex mutex;
  std::map<uint64_t, Allocation> ranges;
  uint64_t lastId = 0;
};

} // namespace emulator::driver

#endif
