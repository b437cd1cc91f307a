// SPDX-License-Identifier: Apache-2.0
// A block's shared memory, and who touched what when.
//
// Every granule (1, 2 or 4 bytes, the smallest access that the kernel makes) has
// a cell: its last writer and its readers since, with the block's clock at that
// time. The clock ticks at each barrier and warp-level synchronisation. An
// access is ordered after another one if its warp has `seen` the other warp up
// to that time (vector clocks, joined at barriers); within a warp, if the lane
// took part in a warp-level synchronisation since. Reader times are kept as the
// earliest of those not known to be ordered, so partial barriers may hide a
// race but never invent one.
#ifndef EMULATOR_EXEC_SHAREDMEMORY_H
#define EMULATOR_EXEC_SHAREDMEMORY_H

#include "exec/Warp.h"

#include <map>
#include <vector>

namespace emulator {

class SharedMemory {
public:
  enum class Access : uint8_t { Read, Write, Atomic };

  void start(const Code &kernel, uint32_t dynamicBytes);
  uint32_t bytes() const { return uint32_t(data.size()); }
  uint8_t *at(uint32_t offset) { return data.data() + offset; }

  /// Checks and notes one lane's access of `size` bytes that lie inside the
  /// memory and are aligned. `isStrong`: volatile, relaxed, acquire or release.
  /// `value`: what a write writes (writing what is there already is no race).
  /// False after recording a fault on the warp.
  bool access(Warp &warp, unsigned lane, uint32_t offset, unsigned size, Access kind,
              bool isStrong, const void *value, const Instruction &at);
  /// The cp.async of one lane begins to write (`isLanding` false) or has written.
  bool copyBegins(Warp &warp, unsigned lane, uint32_t offset, unsigned size,
                  const Instruction &at);
  void copyLands(Warp &warp, unsigned lane, uint32_t offset, unsigned size);

  /// Flags: a strong write or atomic publishes what the warp has seen, a strong
  /// read or atomic takes it over.
  void publish(Warp &warp, uint64_t address);
  void takeOver(Warp &warp, uint64_t address);

  uint32_t clock = 1;

private:
  struct Cell {
    uint32_t written = 0; ///< time, or one of the special ones
    uint32_t read = 0;
    uint32_t readers = 0; ///< warps
    uint16_t writer = 0;  ///< thread
    uint8_t reader = 0;   ///< the last one's lane
    uint8_t flags = 0;    ///< of the write: strong, atomic; of the read: strong
  };
  static constexpr uint32_t outside = ~0u, copying = ~0u - 1, never = ~0u - 2;
  static constexpr uint8_t strongWrite = 1, atomicWrite = 2, weakRead = 4;

  bool slowAccess(Warp &warp, unsigned lane, uint32_t offset, Cell &cell, Access kind,
                  bool isStrong, bool isSame, const Instruction &at);
  bool report(Warp &warp, unsigned lane, const Instruction &at, FaultKind kind,
              const std::string &what, uint32_t offset, const Cell &cell);
  std::string describe(uint32_t offset) const;

  const Code *kernel = nullptr;
  uint32_t dynamicBytes = 0;
  unsigned shift = 2;
  std::vector<uint8_t> data;
  std::vector<Cell> cells;
  struct Flag {
    uint32_t seen[32] = {};
  };
  std::map<uint64_t, Flag> published;
};

} // namespace emulator

#endif
