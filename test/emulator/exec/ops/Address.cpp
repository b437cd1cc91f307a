// SPDX-License-Identifier: Apache-2.0
// Checks of memory accesses: bounds, alignment, initialisation, order.
#include "exec/Cluster.h"
#include "exec/ops/Memory.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

std::string hex(uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

const char *verb(AccessKind kind) {
  return kind == AccessKind::Load    ? "reads"
         : kind == AccessKind::Store ? "writes"
                                     : "updates";
}

/// Distinct sectors of 32 bytes that a warp touches.
unsigned sectors(Mask lanes, const uint64_t (&addresses)[warpSize],
                 unsigned bytes) {
  uint64_t list[warpSize];
  unsigned count = 0, result = 0;
  activeLanes(lanes, [&](unsigned l) {
    uint64_t sector = addresses[l] / 32;
    unsigned more = unsigned((addresses[l] + bytes - 1) / 32 - sector);
    if (!count || list[count - 1] != sector) {
      list[count++] = sector;
      result += more; // an access of 32 bytes and more; they hardly overlap
    }
  });
  if (!std::is_sorted(list, list + count))
    std::sort(list, list + count);
  return result + unsigned(std::unique(list, list + count) - list);
}

/// Wavefronts of a shared access: how often the busiest bank is read for
/// distinct words, for groups of lanes that move at most 128 bytes.
AccessPattern wavefronts(Mask lanes, const uint32_t (&offsets)[warpSize],
                         unsigned bytes) {
  AccessPattern pattern;
  unsigned group = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8;
  unsigned words = std::max(1u, bytes / 4);
  for (unsigned first = 0; first < warpSize; first += group) {
    Mask part = lanes & ((group == 32 ? allLanes : (1u << group) - 1) << first);
    if (!part)
      continue;
    ++pattern.fewest;
    uint32_t seen[32][16];
    uint8_t count[32] = {};
    unsigned most = 0;
    activeLanes(part, [&](unsigned l) {
      for (unsigned k = 0; k < words; ++k) {
        uint32_t word = offsets[l] / 4 + k, bank = word % 32;
        bool isNew = true;
        for (unsigned j = 0; j < count[bank] && j < 16; ++j)
          isNew &= seen[bank][j] != word;
        if (!isNew)
          continue;
        if (count[bank] < 16)
          seen[bank][count[bank]] = word;
        most = std::max<unsigned>(most, ++count[bank]);
      }
    });
    pattern.count += most;
  }
  pattern.fewest = std::min(pattern.fewest, pattern.count);
  return pattern;
}

/// The pattern of an access, which depends on the offsets between the lanes
/// alone (the banks rotate with the base), from what this instruction did last.
template <class Count>
Block::KnownPattern &patternOf(Warp &warp, const Instruction &at, Mask lanes,
                               const uint32_t *offsets, uint32_t base,
                               uint32_t phase, Count count) {
  auto &entry =
      warp.block
          .patterns[(reinterpret_cast<uint64_t>(&at) / sizeof(Instruction)) %
                    Block::patternCount];
  bool isSame = entry.at == &at && entry.lanes == lanes && entry.phase == phase;
  uint32_t differs = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    differs |= lanes >> l & 1 ? entry.offsets[l] ^ (offsets[l] - base) : 0;
  if (isSame && !differs)
    return entry;
  entry.at = &at;
  entry.lanes = lanes;
  entry.phase = phase;
  for (unsigned l = 0; l < warpSize; ++l)
    entry.offsets[l] = offsets[l] - base;
  count(entry);
  return entry;
}

class Resolver {
public:
  Resolver(Warp &warp, const Instruction &at,
           const uint64_t (&addresses)[warpSize], unsigned bytes,
           unsigned element, AccessKind kind, Lanes &result)
      : warp(warp), at(at), addresses(addresses), bytes(bytes),
        element(element), kind(kind), result(result) {}

  bool aligned(Mask lanes) {
    uint64_t bits = 0;
    for (unsigned l = 0; l < warpSize; ++l)
      bits |= lanes >> l & 1 ? addresses[l] : 0;
    unsigned unit = bytes & (~bytes + 1);
    if (!(bits & (unit - 1)))
      return true;
    Mask bad = lanesWhere([&](unsigned l) {
                 return (addresses[l] & (unit - 1)) != 0;
               }) &
               lanes;
    return fail(FaultKind::Misaligned, bad, "");
  }

  bool global(Mask lanes, bool isCounted) {
    uint64_t low = ~0ull, high = 0;
    for (unsigned l = 0; l < warpSize; ++l) {
      bool isActive = lanes >> l & 1;
      low = std::min(low, isActive ? addresses[l] : uint64_t(~0ull));
      high = std::max(high, isActive ? addresses[l] : uint64_t(0));
    }
    if (!inRange(low, high) && !findRanges(lanes, low, high))
      return false;
    uint64_t span = high - low + bytes;
    if (kind != AccessKind::Store) {
      DeviceMemory &memory = warp.block.launch.memory;
      bool isDense = span <= uint64_t(bytes) * 64;
      if (!(isDense && inRange(low, high) && memory.isInitialised(low, span)) &&
          !initialised(lanes, memory))
        return false;
    }
    uint64_t differs = 0;
    for (unsigned l = 0; l < warpSize; ++l) {
      result.at[l] = static_cast<uint8_t *>(DeviceMemory::host(addresses[l]));
      differs |= addresses[l] ^ (low + uint64_t(l) * bytes);
    }
    result.isContiguous = lanes == allLanes && !differs;
    if (isCounted)
      countGlobal(lanes, low, span);
    return true;
  }

  bool shared(Mask lanes, uint64_t window) {
    SharedMemory &memory = warp.block.shared;
    const uint64_t size = memory.bytes(),
                   limit = size >= bytes ? size - bytes : 0;
    uint64_t low = ~0ull, high = 0;
    for (unsigned l = 0; l < warpSize; ++l) {
      bool isActive = lanes >> l & 1;
      uint64_t offset = addresses[l] - window;
      low = std::min(low, isActive ? offset : uint64_t(~0ull));
      high = std::max(high, isActive ? offset : uint64_t(0));
      result.offset[l] = isActive ? uint32_t(offset) : result.offset[l];
      result.at[l] = isActive ? memory.at(0) + offset : result.at[l];
    }
    if (high >= DeviceMemory::sharedBlockBytes && warp.block.cluster)
      return ofCluster(lanes, window);
    if (high > limit || size < bytes) {
      Mask bad = lanes & lanesWhere([&](unsigned l) {
                   return addresses[l] - window > limit || size < bytes;
                 });
      uint64_t offset = addresses[__builtin_ctz(bad)] - window;
      return fail(FaultKind::OutOfBounds, bad, ": " + memory.describe(offset));
    }
    result.shared = lanes;
    result.cells = countShared(lanes, uint32_t(low));
    result.low = uint32_t(low);
    if (kind == AccessKind::Store)
      return true;
    bool isStrong = (at.flags & strongAccess) || kind == AccessKind::Atomic;
    if (kind == AccessKind::Load) {
      if (!memory.read(warp, lanes, result.offset, bytes, isStrong,
                       result.cells, uint32_t(low), at))
        return false;
      if (memory.hasUndefined)
        noteShared(lanes, memory);
      return true;
    }
    for (; lanes; lanes &= lanes - 1) {
      unsigned l = unsigned(__builtin_ctz(lanes));
      if (!memory.access(warp, l, result.offset[l], bytes,
                         SharedMemory::Access::Atomic, isStrong, nullptr, at))
        return false;
    }
    return true;
  }

  /// Shared memory of which some is other blocks'.
  bool ofCluster(Mask lanes, uint64_t window) {
    constexpr uint64_t stride = DeviceMemory::sharedBlockBytes;
    const Mask own = lanes & lanesWhere([&](unsigned l) {
                       return addresses[l] - window < stride;
                     });
    if (own && !shared(own, window))
      return false;
    for (lanes &= ~own; lanes; lanes &= lanes - 1) {
      const unsigned l = unsigned(__builtin_ctz(lanes));
      const uint64_t rank = (addresses[l] - window) / stride - 1;
      const auto offset = uint32_t((addresses[l] - window) % stride);
      Block *block = warp.block.cluster->blockOf(unsigned(rank));
      if (!block)
        return fail(FaultKind::OutOfBounds, 1u << l,
                    " of block " + std::to_string(rank) +
                        " of the cluster, which has ended or isn't there");
      SharedMemory &memory = block->shared;
      if (!memory.isInside(offset, bytes))
        return fail(FaultKind::OutOfBounds, 1u << l,
                    ": " + memory.describe(offset) + " of block " +
                        std::to_string(rank) + " of the cluster");
      result.at[l] = memory.at(offset);
      result.offset[l] = uint32_t(addresses[l] - window);
      if (kind != AccessKind::Store && memory.isUndefined(offset, bytes))
        return fail(FaultKind::Uninitialised, 1u << l,
                    " of another block of the cluster, which were never "
                    "written");
      if (kind != AccessKind::Load)
        memory.writtenByOther(offset, bytes);
    }
    return true;
  }

  bool local(Mask lanes, uint64_t window) {
    for (; lanes; lanes &= lanes - 1) {
      unsigned l = unsigned(__builtin_ctz(lanes));
      const uint64_t offset = addresses[l] - window, top = warp.localTop(l);
      if (offset + bytes > top || offset > top)
        return fail(FaultKind::OutOfBounds, 1u << l,
                    " of local memory, of which the thread has " +
                        std::to_string(top) + " bytes");
      result.at[l] = warp.local(l) + offset;
      uint8_t *shadow = warp.shadowOfLocal(l) + offset;
      if (kind == AccessKind::Store)
        std::memset(shadow, 1, bytes);
      else if (Mask missing = unwritten(shadow);
               missing &&
               !note(l, missing, isPadding(missing, shadow, offset, {0, top})))
        return fail(FaultKind::Uninitialised, 1u << l, " of local memory");
    }
    return true;
  }

private:
  /// The elements of which no byte was written, a bit each.
  Mask unwritten(const uint8_t *shadow) const {
    Mask missing = 0;
    for (unsigned e = 0; e * element < bytes; ++e)
      missing |= Mask(!std::memchr(shadow + e * element, 1, element)) << e;
    return missing;
  }

  /// Notes that a lane loads elements that nobody wrote; false if it must not.
  bool note(unsigned lane, Mask missing, bool isPadding) {
    if (!result.tracks)
      return false;
    Unwritten &all = result.unwritten;
    if (!all.lanes)
      std::fill(std::begin(all.elements), std::end(all.elements), 0);
    all.lanes |= 1u << lane;
    all.padding |= isPadding ? 1u << lane : 0;
    for (; missing; missing &= missing - 1)
      all.elements[__builtin_ctz(missing)] |= 1u << lane;
    return true;
  }

  void noteShared(Mask lanes, const SharedMemory &memory) {
    activeLanes(lanes, [&](unsigned l) {
      const uint32_t offset = result.offset[l];
      Mask missing = 0;
      for (unsigned e = 0; e * element < bytes; ++e)
        missing |= Mask(memory.isUndefined(offset + e * element, element)) << e;
      if (!missing)
        return;
      const Range near = around(offset, {0, memory.bytes()});
      const bool isIn = mayBePadding(missing) ||
                        (near.size && !memory.isUndefined(uint32_t(near.base),
                                                          unsigned(near.size)));
      if (!note(l, missing, isIn))
        warp.block.suspect(
            warp, l, at,
            "reads " +
                memory.describe(offset + element * __builtin_ctz(missing)) +
                ", which was never written");
    });
  }

  /// Whether something around the missing elements was written. `shadow` is
  /// that of `address`, which lies in `all`.
  bool isPadding(Mask missing, const uint8_t *shadow, uint64_t address,
                 Range all) const {
    if (mayBePadding(missing))
      return true;
    const Range near = around(address, all);
    return near.size &&
           std::memchr(shadow + int64_t(near.base - address), 1, near.size);
  }
  /// Of the same vector.
  bool mayBePadding(Mask missing) const {
    return missing + 1 != 1u << bytes / element && !(at.flags & hasNoPadding);
  }
  /// What an access is copied with: the structure that it is a member of; of
  /// bytes, their word.
  Range around(uint64_t address, Range all) const {
    constexpr uint64_t word = 8;
    const Code &code = *warp.frame->code;
    const Effects &effects =
        code.effects[size_t(&at - code.instructions.data())];
    uint64_t begin = address, end = address;
    if (effects.begin < effects.end) {
      begin = address + uint64_t(int64_t(effects.begin));
      end = address + uint64_t(int64_t(effects.end));
    } else if (element == 1) {
      begin = address / word * word;
      end = begin + word;
    }
    begin = std::max(begin, all.base);
    end = std::min(end, all.base + all.size);
    return {begin, end > begin ? end - begin : 0};
  }

  void countGlobal(Mask lanes, uint64_t low, uint64_t span) {
    Counters &counters = warp.block.counters;
    unsigned total = unsigned(__builtin_popcount(lanes)) * bytes, touched;
    if (result.isContiguous) {
      touched = unsigned((low + span - 1) / 32 - low / 32 + 1);
    } else if (span >> 32) {
      touched = sectors(lanes, addresses, bytes);
    } else {
      alignas(64) uint32_t offsets[warpSize];
      for (unsigned l = 0; l < warpSize; ++l)
        offsets[l] = uint32_t(addresses[l] - low);
      touched =
          patternOf(warp, at, lanes, offsets, 0, uint32_t(low % 32),
                    [&](Block::KnownPattern &entry) {
                      entry.pattern = {sectors(lanes, addresses, bytes), 0};
                    })
              .pattern.count;
    }
    if (kind != AccessKind::Store) {
      counters.globalLoadBytes += total;
      counters.globalLoadSectors += touched;
    }
    if (kind != AccessKind::Load) {
      counters.globalStoreBytes += total;
      counters.globalStoreSectors += touched;
    }
  }

  /// Counts wavefronts; the cells that are touched, or null.
  const CellList *countShared(Mask lanes, uint32_t low) {
    Block::KnownPattern &known =
        patternOf(warp, at, lanes, result.offset, low, 64,
                  [&](Block::KnownPattern &entry) {
                    entry.pattern = wavefronts(lanes, result.offset, bytes);
                    entry.hasCells = warp.block.shared.listCells(
                        lanes, result.offset, low, bytes, entry.cells);
                  });
    warp.block.counters.sharedWavefronts += known.pattern.count;
    warp.block.counters.sharedBankConflicts +=
        known.pattern.count - known.pattern.fewest;
    return known.hasCells ? &known.cells : nullptr;
  }

  bool inRange(uint64_t low, uint64_t high) const {
    const Range &range = warp.lastRange;
    return low >= range.base && high + bytes <= range.base + range.size &&
           high >= low;
  }

  bool findRanges(Mask lanes, uint64_t low, uint64_t high) {
    warp.lastRange = warp.block.findRange(low);
    if (inRange(low, high))
      return true;
    for (; lanes; lanes &= lanes - 1) {
      unsigned l = unsigned(__builtin_ctz(lanes));
      if (inRange(addresses[l], addresses[l]))
        continue;
      Range range = warp.block.findRange(addresses[l]);
      if (!range.size || addresses[l] + bytes > range.base + range.size)
        return outside(l, range);
      warp.lastRange = range;
    }
    return true;
  }

  bool outside(unsigned lane, Range range) {
    uint64_t address = addresses[lane];
    std::string where = ", which isn't allocated";
    if (address < 4096)
      where = ": a null pointer";
    if (!range.size) { // the allocation just before it
      for (const Range &other : *warp.block.launch.ranges)
        if (other.base <= address)
          range = other;
      if (range.size && address - range.base - range.size < (1 << 20))
        where = ", " + std::to_string(address - range.base - range.size) +
                " bytes behind an allocation of " + std::to_string(range.size) +
                " bytes";
    } else {
      where = ", over the end of an allocation of " +
              std::to_string(range.size) + " bytes";
    }
    return fail(FaultKind::OutOfBounds, 1u << lane, where);
  }

  bool initialised(Mask lanes, DeviceMemory &memory) {
    for (; lanes; lanes &= lanes - 1) {
      unsigned l = unsigned(__builtin_ctz(lanes));
      const uint8_t *shadow = memory.shadow(addresses[l]);
      const Mask missing = unwritten(shadow);
      if (missing && !note(l, missing,
                           isPadding(missing, shadow, addresses[l],
                                     warp.block.findRange(addresses[l]))))
        return fail(FaultKind::Uninitialised, 1u << l,
                    ", which was never written");
    }
    return true;
  }

  bool fail(FaultKind fault, Mask lanes, const std::string &where) {
    unsigned l = unsigned(__builtin_ctz(lanes));
    warp.fault(fault, lanes, at,
               std::string(verb(kind)) + " " + std::to_string(bytes) +
                   " bytes at " + hex(addresses[l]) + where);
    return false;
  }

  Warp &warp;
  const Instruction &at;
  const uint64_t (&addresses)[warpSize];
  const unsigned bytes, element;
  const AccessKind kind;
  Lanes &result;
};

} // namespace

void addressesOf(Warp &warp, int32_t slot, bool isNarrow, int64_t offset,
                 uint64_t (&addresses)[warpSize]) {
  if (isNarrow) {
    const uint32_t *base = warp.src<uint32_t>(slot);
    for (unsigned l = 0; l < warpSize; ++l)
      addresses[l] = uint32_t(base[l] + uint32_t(offset));
  } else {
    const uint64_t *base = warp.src<uint64_t>(slot);
    for (unsigned l = 0; l < warpSize; ++l)
      addresses[l] = base[l] + uint64_t(offset);
  }
}

bool resolve(Warp &warp, const Instruction &at, Mask lanes, Space space,
             const uint64_t (&addresses)[warpSize], unsigned bytes,
             unsigned element, AccessKind kind, Lanes &result) {
  Resolver resolver(warp, at, addresses, bytes, element, kind, result);
  if (!resolver.aligned(lanes))
    return false;
  const DeviceMemory &memory = warp.block.launch.memory;
  switch (space) {
  case Space::Global:
    return resolver.global(lanes, true);
  case Space::Const:
    return resolver.global(lanes, false);
  case Space::Shared:
    return resolver.shared(lanes, 0);
  case Space::Local:
    return resolver.local(lanes, 0);
  default:
    break;
  }
  // Generic (and .param by register): windows of shared and local memory.
  uint64_t sharedBase = memory.sharedWindow(), localBase = memory.localWindow();
  Mask shared = 0, local = 0, plain = 0;
  activeLanes(lanes, [&](unsigned l) {
    uint64_t address = addresses[l];
    if (address - sharedBase < DeviceMemory::sharedWindowBytes)
      shared |= 1u << l;
    else if (address - localBase < DeviceMemory::localWindowBytes)
      local |= 1u << l;
    else if (space == Space::Param && address < DeviceMemory::localWindowBytes)
      plain |= 1u << l;
  });
  if (shared && !resolver.shared(shared, sharedBase))
    return false;
  if (local && !resolver.local(local, localBase))
    return false;
  if (plain && !resolver.local(plain, 0))
    return false;
  lanes &= ~(shared | local | plain);
  if (!lanes)
    return true;
  if (!(shared | local | plain))
    return resolver.global(lanes, space != Space::Param);
  Lanes rest; // `global` fills all lanes
  rest.tracks = result.tracks;
  Resolver other(warp, at, addresses, bytes, element, kind, rest);
  if (!other.global(lanes, true))
    return false;
  activeLanes(lanes, [&](unsigned l) { result.at[l] = rest.at[l]; });
  const Unwritten &more = rest.unwritten;
  for (unsigned e = 0; e < 8 && more.lanes; ++e)
    result.unwritten.elements[e] =
        (result.unwritten.lanes ? result.unwritten.elements[e] : 0) |
        more.elements[e];
  result.unwritten.lanes |= more.lanes;
  result.unwritten.padding |= more.padding;
  return true;
}

void markStored(Warp &warp, Mask lanes, const Lanes &where, unsigned bytes) {
  DeviceMemory &memory = warp.block.launch.memory;
  if (where.isContiguous) {
    std::memset(memory.shadow(reinterpret_cast<uint64_t>(where.at[0])), 1,
                bytes * warpSize);
    return;
  }
  activeLanes(lanes & ~where.shared, [&](unsigned l) {
    uint64_t address = reinterpret_cast<uint64_t>(where.at[l]);
    if (memory.owns(address)) // else local memory
      std::memset(memory.shadow(address), 1, bytes);
  });
}

bool readGeneric(Warp &warp, unsigned lane, uint64_t address, void *to,
                 size_t bytes) {
  DeviceMemory &memory = warp.block.launch.memory;
  uint64_t local = address - memory.localWindow(),
           shared = address - memory.sharedWindow();
  if (local < DeviceMemory::localWindowBytes) {
    if (local + bytes > warp.localTop(lane))
      return false;
    std::memcpy(to, warp.local(lane) + local, bytes);
    return true;
  }
  if (shared < DeviceMemory::sharedWindowBytes) {
    if (shared + bytes > warp.block.shared.bytes())
      return false;
    std::memcpy(to, warp.block.shared.at(uint32_t(shared)), bytes);
    return true;
  }
  if (!memory.contains(address, bytes))
    return false;
  std::memcpy(to, DeviceMemory::host(address), bytes);
  return true;
}

} // namespace emulator
