// SPDX-License-Identifier: Apache-2.0
// The memory of one emulated device.
#ifndef EMULATOR_EXEC_DEVICEMEMORY_H
#define EMULATOR_EXEC_DEVICEMEMORY_H

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator {

/// An allocation; size 0: none.
struct Range {
  uint64_t base = 0;
  uint64_t size = 0;
};

/// One device's memory. A device address is a host address inside one reserved
/// range, so addresses of different devices differ and the host reaches what is
/// allocated directly. Every byte has a shadow byte that says whether it was
/// ever written. Between allocations are unmapped gaps, so an overrun is seen.
/// Safe to use from several threads.
class DeviceMemory {
public:
  static constexpr uint64_t sharedWindowBytes = 1ull << 26;
  /// A block's shared memory in the window: its own comes first, then those of
  /// all ranks of its cluster.
  static constexpr uint64_t sharedBlockBytes = 1ull << 21;
  static constexpr uint64_t localWindowBytes = 1ull << 32;

  /// A device with `capacity` bytes; `reserve` bytes of addresses.
  explicit DeviceMemory(uint64_t capacity, uint64_t reserve = 1ull << 36);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  /// An allocation of `bytes`, uninitialised; 0 if the capacity is exhausted or
  /// `bytes` is 0. `align` is a power of two.
  uint64_t allocate(uint64_t bytes, uint64_t align = 256);
  /// False if `base` isn't the start of an allocation.
  bool free(uint64_t base);
  /// Lets kernels of this device use an allocation of another DeviceMemory: a
  /// peer's, or pinned host memory. It counts as nothing here, and only
  /// `ranges` knows it.
  void share(Range range);
  void unshare(uint64_t base);
  /// The allocation that holds `address`, or size 0.
  Range find(uint64_t address) const;
  /// Whether [address, address + bytes) lies in one allocation.
  bool contains(uint64_t address, uint64_t bytes) const;
  /// Whether the address belongs to this device (allocated or not).
  bool owns(uint64_t address) const {
    return address >= reservedBase && address < reservedBase + reservedBytes;
  }
  static void *host(uint64_t address) {
    return reinterpret_cast<void *>(address);
  }

  /// Says that bytes were written (or, `value` false, that they never were).
  void markInitialised(uint64_t address, uint64_t bytes, bool value = true);
  /// Whether all of the bytes were written.
  bool isInitialised(uint64_t address, uint64_t bytes) const;
  /// The shadow bytes (1: written) of an allocated address, to copy between
  /// allocations with their contents.
  uint8_t *shadow(uint64_t address) const {
    return reinterpret_cast<uint8_t *>(address + shadowOffset);
  }

  uint64_t capacity() const { return capacityBytes; }
  uint64_t used() const { return usedBytes; }

  /// Where generic addresses of shared and local memory begin; never mapped.
  uint64_t sharedWindow() const { return reservedBase; }
  uint64_t localWindow() const { return reservedBase + sharedWindowBytes; }

  /// All allocations and shared ranges by address; stays valid while others
  /// come and go.
  std::shared_ptr<const std::vector<Range>> ranges() const;

private:
  uint64_t findGap(uint64_t bytes, uint64_t align) const;

  mutable std::mutex mutex;
  std::map<uint64_t, uint64_t> allocations; ///< base -> size
  std::map<uint64_t, uint64_t> shared;      ///< likewise, of other memories
  mutable std::shared_ptr<const std::vector<Range>> snapshot;
  uint64_t capacityBytes = 0, usedBytes = 0;
  uint64_t reservedBase = 0, reservedBytes = 0, shadowOffset = 0;
  uint64_t firstBase = 0, nextBase = 0;
};

} // namespace emulator

#endif
