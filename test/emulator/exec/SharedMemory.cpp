// SPDX-License-Identifier: Apache-2.0
#include "exec/SharedMemory.h"

#include "exec/Block.h"

#include <algorithm>
#include <cstring>

namespace emulator {

void SharedMemory::start(const Code &code, uint32_t dynamic) {
  kernel = &code;
  dynamicBytes = dynamic;
  shift = code.sharedGranule == 1 ? 0 : code.sharedGranule == 2 ? 1 : 2;
  clock = 1;
  hasUndefined = false;
  published.clear();
  uint32_t end = dynamic ? code.dynamicSharedBase + dynamic : 0;
  for (auto &region : code.shared)
    end = std::max(end, region.offset + region.size);
  data.assign(end, 0xCD);
  const size_t count = (end >> shift) + 1;
  writtenAt.assign(count, outside);
  readAt.assign(count, 0);
  readers.assign(count, 0);
  writer.assign(count, 0);
  reader.assign(count, 0);
  flags.assign(count, 0);
  auto open = [&](uint32_t offset, uint32_t size) {
    if (size)
      std::fill(writtenAt.begin() + (offset >> shift),
                writtenAt.begin() + ((offset + size - 1) >> shift) + 1, never);
  };
  for (auto &region : code.shared) {
    open(region.offset, region.size);
    if (!region.isZero)
      continue;
    std::memset(at(region.offset), 0, region.size);
    std::fill_n(writtenAt.begin() + (region.offset >> shift),
                region.size >> shift, 0);
  }
  open(code.dynamicSharedBase, dynamic);
}

std::string SharedMemory::describe(uint64_t offset) const {
  const Code::SharedRegion *nearest = nullptr;
  for (auto &region : kernel->shared)
    if (region.offset <= offset &&
        (!nearest || region.offset > nearest->offset))
      nearest = &region;
  if (dynamicBytes && offset >= kernel->dynamicSharedBase)
    return "byte " + std::to_string(offset - kernel->dynamicSharedBase) +
           " of " + std::to_string(dynamicBytes) +
           " bytes of dynamic shared memory";
  if (nearest)
    return "byte " + std::to_string(offset - nearest->offset) + " of '" +
           nearest->name + "' of " + std::to_string(nearest->size) +
           " bytes in shared memory";
  return "byte " + std::to_string(offset) + " of shared memory";
}

bool SharedMemory::report(Warp &warp, unsigned lane, const Instruction &at,
                          FaultKind kind, const std::string &what,
                          uint32_t cell) {
  std::string text = what + " " + describe(cell << shift);
  if (kind == FaultKind::Race && writtenAt[cell] < never)
    text += " (last written by thread " + std::to_string(writer[cell]) +
            " of the block)";
  warp.fault(kind, 1u << lane, at, text);
  return false;
}

bool SharedMemory::slowAccess(Warp &warp, unsigned lane, uint32_t cell,
                              Access kind, bool isStrong, bool isSame,
                              const Instruction &at) {
  const unsigned thread = warp.firstThread() + lane;
  const std::string verb = kind == Access::Read ? "reads" : "writes";
  const uint32_t written = writtenAt[cell];
  if (written == outside)
    return report(warp, lane, at, FaultKind::OutOfBounds,
                  verb + " outside of its variable:", cell);
  if (written == copying)
    return report(
        warp, lane, at, FaultKind::Race,
        verb + ", while an asynchronous copy to it wasn't waited for,", cell);
  if (kind == Access::Atomic &&
      (written == never || (flags[cell] & undefinedValue)))
    return report(warp, lane, at, FaultKind::Uninitialised, "updates", cell);
  if (written != never && writer[cell] != thread) {
    unsigned other = writer[cell] / warpSize;
    bool isInWarp = other == warp.index;
    bool isOrdered =
        isInWarp ? written < warp.orderedAt(lane, writer[cell] % warpSize)
                 : written <= warp.seen[other];
    bool bothStrong = isStrong && (flags[cell] & (strongWrite | atomicWrite));
    // Warp-synchronous code of old marks its data volatile.
    bool isLegacy = isInWarp && kind != Access::Atomic &&
                    (isStrong || (flags[cell] & strongWrite));
    if (!isOrdered && !bothStrong && !isLegacy &&
        !(kind == Access::Write && isSame))
      return report(
          warp, lane, at, FaultKind::Race,
          verb + " what another thread wrote without synchronisation:", cell);
  }
  if (kind == Access::Read || !readers[cell] || isSame)
    return true;
  bool isWeak = (flags[cell] & weakRead) || !isStrong;
  for (uint32_t others = readers[cell] & ~(1u << warp.index); others && isWeak;
       others &= others - 1)
    if (readAt[cell] > warp.seen[__builtin_ctz(others)])
      return report(
          warp, lane, at, FaultKind::Race,
          "writes what another warp read without synchronisation:", cell);
  if ((readers[cell] >> warp.index & 1) && reader[cell] != lane && isWeak &&
      !isStrong && readAt[cell] >= warp.orderedAt(lane, reader[cell]))
    return report(
        warp, lane, at, FaultKind::Race,
        "writes what another lane of its warp read without synchronisation:",
        cell);
  return true;
}

bool SharedMemory::access(Warp &warp, unsigned lane, uint32_t offset,
                          unsigned size, Access kind, bool isStrong,
                          const void *value, const Instruction &at) {
  const uint32_t cutoff = warp.cutoff;
  const uint16_t thread = uint16_t(warp.firstThread() + lane);
  const uint32_t granule = 1u << shift;
  uint32_t last = (offset + size - 1) >> shift;
  for (uint32_t i = offset >> shift; i <= last; ++i) {
    bool isOwn = writer[i] == thread && writtenAt[i] < never;
    bool isOrdered = writtenAt[i] <= cutoff || isOwn;
    if (kind == Access::Read) {
      // Someone may be about to write it: then it is a race.
      if (writtenAt[i] == never)
        hasUndefined = true;
      else if (!isOrdered &&
               !slowAccess(warp, lane, i, kind, isStrong, false, at))
        return false;
      noteRead(i, 1u << warp.index, cutoff, isStrong, uint8_t(lane));
      continue;
    }
    if (!isOrdered || readAt[i] > cutoff ||
        (kind == Access::Atomic && (flags[i] & undefinedValue))) {
      bool isSame = false;
      if (kind == Access::Write && value && (i << shift) >= offset) {
        uint32_t within = (i << shift) - offset;
        isSame = std::memcmp(data.data() + (i << shift),
                             static_cast<const uint8_t *>(value) + within,
                             std::min(granule, size - within)) == 0;
      }
      if (!slowAccess(warp, lane, i, kind, isStrong, isSame, at))
        return false;
    }
    writtenAt[i] = clock;
    writer[i] = thread;
    readers[i] = 0;
    readAt[i] = 0;
    flags[i] = kind == Access::Atomic ? atomicWrite
               : isStrong             ? strongWrite
                                      : 0;
  }
  return true;
}

bool SharedMemory::isUndefined(uint32_t offset, unsigned size) const {
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i)
    if (writtenAt[i] != never && !(flags[i] & undefinedValue))
      return false;
  return true;
}

bool SharedMemory::isInside(uint32_t offset, unsigned size) const {
  if (uint64_t(offset) + size > data.size())
    return false;
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i)
    if (writtenAt[i] == outside)
      return false;
  return true;
}

void SharedMemory::writtenByOther(uint32_t offset, unsigned size) {
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i) {
    writtenAt[i] = readAt[i] = readers[i] = 0;
    flags[i] = 0;
  }
}

void SharedMemory::markUndefined(uint32_t offset, const bool *isUndefined,
                                 unsigned size) {
  const unsigned granule = 1u << shift;
  for (unsigned from = 0; from + granule <= size; from += granule) {
    const bool *const first = isUndefined + from;
    if (!std::all_of(first, first + granule, [](bool is) { return is; }))
      continue;
    flags[(offset + from) >> shift] |= undefinedValue;
    hasUndefined = true;
  }
}

bool SharedMemory::listCells(Mask lanes, const uint32_t (&offsets)[warpSize],
                             uint32_t low, unsigned size,
                             CellList &list) const {
  const uint32_t count = ((size - 1) >> shift) + 1; // accesses are aligned
  if (count * warpSize > 4 * CellList::most)
    return false;
  std::pair<uint32_t, uint8_t> touched[4 * CellList::most];
  unsigned total = 0;
  activeLanes(lanes, [&](unsigned l) {
    for (uint32_t k = 0; k < count; ++k)
      touched[total++] = {((offsets[l] - low) >> shift) + k, uint8_t(l)};
  });
  std::sort(touched, touched + total);
  list.runCount = list.cellCount = 0;
  list.isOneLaneEach = true;
  for (unsigned k = 0; k < total; ++k) {
    if (k && touched[k].first == touched[k - 1].first) {
      list.lane[list.cellCount - 1] = CellList::severalLanes;
      list.isOneLaneEach = false;
      continue;
    }
    if (list.cellCount == CellList::most)
      return false;
    if (!k || touched[k].first != touched[k - 1].first + 1)
      list.runs[list.runCount++] = {touched[k].first, 0};
    ++list.runs[list.runCount - 1].count;
    list.lane[list.cellCount++] = touched[k].second;
  }
  return true;
}

/// noteRead of neighbours. Plain pointers, so that it vectorises.
void SharedMemory::noteReads(uint32_t first, uint32_t count, uint32_t self,
                             uint32_t cutoff, bool isStrong,
                             const uint8_t *lane) {
  uint32_t *at = readAt.data() + first, *by = readers.data() + first;
  uint8_t *last = reader.data() + first, *flag = flags.data() + first;
  const uint32_t now = clock;
  const uint8_t weak = isStrong ? 0 : weakRead;
  if (count < 8) {
    for (uint32_t k = 0; k < count; ++k)
      noteRead(first + k, self, cutoff, isStrong, lane[k]);
    return;
  }
#pragma clang loop vectorize(assume_safety)
  for (uint32_t k = 0; k < count; ++k) {
    bool isFirst = at[k] <= cutoff || (by[k] == self && last[k] == lane[k]);
    flag[k] = uint8_t((isFirst ? flag[k] & ~weakRead : flag[k]) | weak);
    by[k] = isFirst ? self : by[k] | self;
    at[k] = isFirst ? now : at[k];
    last[k] = lane[k];
  }
}

bool SharedMemory::read(Warp &warp, Mask lanes,
                        const uint32_t (&offsets)[warpSize], unsigned size,
                        bool isStrong, const CellList *list, uint32_t low,
                        const Instruction &at) {
  const uint32_t cutoff = warp.cutoff, self = 1u << warp.index,
                 base = low >> shift;
  if (list) {
    uint32_t latest = 0;
    for (unsigned r = 0; r < list->runCount; ++r) {
      const uint32_t *from = &writtenAt[base + list->runs[r].first];
      for (uint32_t k = 0; k < list->runs[r].count; ++k)
        latest = std::max(latest, from[k]);
    }
    if (latest <= cutoff) {
      const uint8_t *lane = list->lane;
      for (unsigned r = 0; r < list->runCount; ++r) {
        const uint32_t first = base + list->runs[r].first,
                       count = list->runs[r].count;
        noteReads(first, count, self, cutoff, isStrong, lane);
        lane += count;
      }
      return true;
    }
  }
  for (; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(__builtin_ctz(lanes));
    if (!access(warp, lane, offsets[lane], size, Access::Read, isStrong,
                nullptr, at))
      return false;
  }
  return true;
}

bool SharedMemory::write(Warp &warp, const CellList &list, uint32_t low,
                         bool isStrong) {
  if (!list.isOneLaneEach)
    return false;
  const uint32_t cutoff = warp.cutoff, base = low >> shift;
  uint32_t latest = 0;
  for (unsigned r = 0; r < list.runCount; ++r) {
    const uint32_t first = base + list.runs[r].first;
    for (uint32_t k = 0; k < list.runs[r].count; ++k) {
      uint32_t written = writtenAt[first + k];
      written = written == never ? 0 : written;
      latest = std::max(latest, std::max(written, readAt[first + k]));
    }
  }
  if (latest > cutoff)
    return false;
  const uint8_t *lane = list.lane;
  const uint16_t thread = uint16_t(warp.firstThread());
  for (unsigned r = 0; r < list.runCount; ++r) {
    const uint32_t first = base + list.runs[r].first,
                   count = list.runs[r].count;
    for (uint32_t k = 0; k < count; ++k) {
      writtenAt[first + k] = clock;
      readAt[first + k] = 0;
      readers[first + k] = 0;
    }
    for (uint32_t k = 0; k < count; ++k) {
      writer[first + k] = uint16_t(thread + lane[k]);
      flags[first + k] = isStrong ? strongWrite : 0;
    }
    lane += count;
  }
  return true;
}

bool SharedMemory::copyBegins(Warp &warp, unsigned lane, uint32_t offset,
                              unsigned size, const Instruction &at) {
  if (!access(warp, lane, offset, size, Access::Write, false, nullptr, at))
    return false;
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i)
    writtenAt[i] = copying;
  return true;
}

void SharedMemory::copyLands(Warp &warp, unsigned lane, uint32_t offset,
                             unsigned size) {
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i) {
    writtenAt[i] = clock;
    writer[i] = uint16_t(warp.firstThread() + lane);
    flags[i] = 0;
  }
}

/// One name for an address of shared memory, generic or not.
static uint64_t flagAt(const Warp &warp, uint64_t address) {
  const uint64_t offset = address - warp.block.launch.memory.sharedWindow();
  return offset < DeviceMemory::sharedWindowBytes ? offset : address;
}

void SharedMemory::publish(Warp &warp, uint64_t address) {
  if (published.size() > 65536)
    published.clear();
  Flag &flag = published[flagAt(warp, address)];
  for (unsigned w = 0; w < 32; ++w)
    flag.seen[w] = std::max(flag.seen[w], warp.seen[w]);
  flag.seen[warp.index] = std::max(flag.seen[warp.index], clock);
  ++clock;
}

void SharedMemory::takeOver(Warp &warp, uint64_t address) {
  auto found = published.find(flagAt(warp, address));
  if (found == published.end())
    return;
  for (unsigned w = 0; w < 32; ++w)
    warp.seen[w] = std::max(warp.seen[w], found->second.seen[w]);
  // The lanes of one warp order each other by flags as well.
  if (found->second.seen[warp.index])
    warp.orderLanes(warp.alive);
  warp.updateCutoff();
}

} // namespace emulator
