// SPDX-License-Identifier: Apache-2.0
// A block's shared memory, and who touched what when.
//
// Every granule (1, 2 or 4 bytes, the smallest access that the kernel makes)
// has a cell: its last writer and its readers since, with the block's clock at
// that time. The clock ticks at each barrier and warp-level synchronisation. An
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

/// The cells of one warp access as runs of neighbours.
struct CellList {
  static constexpr unsigned most = 128, severalLanes = 255;
  struct Run {
    uint32_t first = 0, count = 0; ///< cells, relative to the lowest
  };
  unsigned runCount = 0, cellCount = 0;
  bool isOneLaneEach = true;
  Run runs[most];
  uint8_t lane[most] = {}; ///< of each cell, run after run; or severalLanes
};

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
  bool access(Warp &warp, unsigned lane, uint32_t offset, unsigned size,
              Access kind, bool isStrong, const void *value,
              const Instruction &at);
  /// access() of all lanes for a read, at their offsets. `cells`: those of the
  /// access if they are known, from the one at `low` on.
  bool read(Warp &warp, Mask lanes, const uint32_t (&offsets)[warpSize],
            unsigned size, bool isStrong, const CellList *cells, uint32_t low,
            const Instruction &at);
  /// The same for a write, if nothing but a tick of the clock is to note; else
  /// false, and each lane must call access().
  bool write(Warp &warp, const CellList &cells, uint32_t low, bool isStrong);
  /// Which cells lanes' accesses touch, relative to the lowest; false if there
  /// are too many.
  bool listCells(Mask lanes, const uint32_t (&offsets)[warpSize], uint32_t low,
                 unsigned size, CellList &list) const;
  /// The cp.async of one lane begins to write (`isLanding` false) or has
  /// written.
  bool copyBegins(Warp &warp, unsigned lane, uint32_t offset, unsigned size,
                  const Instruction &at);
  void copyLands(Warp &warp, unsigned lane, uint32_t offset, unsigned size);

  /// Whether bytes lie inside of variables.
  bool isInside(uint32_t offset, unsigned size) const;
  /// A write by another block of the cluster, which nothing is noted of but
  /// that it happened.
  void writtenByOther(uint32_t offset, unsigned size);

  /// "byte 4 of 'tile' of 16 bytes in shared memory", for messages.
  std::string describe(uint64_t offset) const;

  /// Flags: a strong write or atomic publishes what the warp has seen, a strong
  /// read or atomic takes it over.
  void publish(Warp &warp, uint64_t address);
  void takeOver(Warp &warp, uint64_t address);

  uint32_t clock = 1;
  /// Whether reads may find what nobody wrote.
  bool hasUndefined = false;
  /// Whether nobody wrote any of the bytes.
  bool isUndefined(uint32_t offset, unsigned size) const;
  /// After a write of `size` bytes, some of which are undefined.
  void markUndefined(uint32_t offset, const bool *isUndefined, unsigned size);

private:
  static constexpr uint32_t outside = ~0u, copying = ~0u - 1, never = ~0u - 2;
  static constexpr uint8_t strongWrite = 1, atomicWrite = 2, weakRead = 4,
                           undefinedValue = 8;

  void noteRead(uint32_t i, uint32_t self, uint32_t cutoff, bool isStrong,
                uint8_t lane) {
    bool isFirst =
        readAt[i] <= cutoff || (readers[i] == self && reader[i] == lane);
    flags[i] = uint8_t((isFirst ? flags[i] & ~weakRead : flags[i]) |
                       (isStrong ? 0 : weakRead));
    readers[i] = isFirst ? self : readers[i] | self;
    readAt[i] = isFirst ? clock : readAt[i];
    reader[i] = lane;
  }
  void noteReads(uint32_t first, uint32_t count, uint32_t self, uint32_t cutoff,
                 bool isStrong, const uint8_t *lane);
  bool slowAccess(Warp &warp, unsigned lane, uint32_t cell, Access kind,
                  bool isStrong, bool isSame, const Instruction &at);
  bool report(Warp &warp, unsigned lane, const Instruction &at, FaultKind kind,
              const std::string &what, uint32_t cell);

  const Code *kernel = nullptr;
  uint32_t dynamicBytes = 0;
  unsigned shift = 2;
  std::vector<uint8_t> data;
  // The cells, an array for each of their fields.
  std::vector<uint32_t> writtenAt; ///< a time, or one of the special ones
  std::vector<uint32_t> readAt;
  std::vector<uint32_t> readers; ///< warps
  std::vector<uint16_t> writer;  ///< thread
  std::vector<uint8_t> reader;   ///< the last reading lane of the last warp
  std::vector<uint8_t>
      flags; ///< of the write: strong, atomic, undefined; of the read: weak
  struct Flag {
    uint32_t seen[32] = {};
  };
  std::map<uint64_t, Flag> published;
};

} // namespace emulator

#endif
