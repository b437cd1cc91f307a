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
  published.clear();
  uint32_t end = dynamic ? code.dynamicSharedBase + dynamic : 0;
  for (auto &region : code.shared)
    end = std::max(end, region.offset + region.size);
  data.assign(end, 0xCD);
  Cell gap;
  gap.written = outside;
  cells.assign((end >> shift) + 1, gap);
  auto open = [&](uint32_t offset, uint32_t size) {
    Cell fresh;
    fresh.written = never;
    if (size)
      std::fill(cells.begin() + (offset >> shift),
                cells.begin() + ((offset + size - 1) >> shift) + 1, fresh);
  };
  for (auto &region : code.shared)
    open(region.offset, region.size);
  open(code.dynamicSharedBase, dynamic);
}

std::string SharedMemory::describe(uint32_t offset) const {
  const Code::SharedRegion *nearest = nullptr;
  for (auto &region : kernel->shared)
    if (region.offset <= offset && (!nearest || region.offset > nearest->offset))
      nearest = &region;
  if (dynamicBytes && offset >= kernel->dynamicSharedBase)
    return "byte " + std::to_string(offset - kernel->dynamicSharedBase) + " of " +
           std::to_string(dynamicBytes) + " bytes of dynamic shared memory";
  if (nearest)
    return "byte " + std::to_string(offset - nearest->offset) + " of '" + nearest->name + "' of " +
           std::to_string(nearest->size) + " bytes in shared memory";
  return "byte " + std::to_string(offset) + " of shared memory";
}

bool SharedMemory::report(Warp &warp, unsigned lane, const Instruction &at, FaultKind kind,
                          const std::string &what, uint32_t offset, const Cell &cell) {
  std::string text = what + " " + describe(offset);
  if (kind == FaultKind::Race && cell.written < never)
    text += " (last written by thread " + std::to_string(cell.writer) + " of the block)";
  warp.fault(kind, 1u << lane, at, text);
  return false;
}

bool SharedMemory::slowAccess(Warp &warp, unsigned lane, uint32_t offset, Cell &cell, Access kind,
                              bool isStrong, bool isSame, const Instruction &at) {
  const unsigned thread = warp.firstThread() + lane;
  const char *verb = kind == Access::Read ? "reads" : "writes";
  if (cell.written == outside)
    return report(warp, lane, at, FaultKind::OutOfBounds,
                  std::string(verb) + " outside of its variable:", offset, cell);
  if (cell.written == copying)
    return report(warp, lane, at, FaultKind::Race,
                  std::string(verb) + ", while an asynchronous copy to it wasn't waited for,",
                  offset, cell);
  if (cell.written == never) {
    if (kind != Access::Write)
      return report(warp, lane, at, FaultKind::Uninitialised, "reads", offset, cell);
  } else if (cell.writer != thread) {
    bool isInWarp = cell.writer / warpSize == warp.index;
    uint32_t known = isInWarp ? warp.laneSync[lane] - 1 : warp.seen[cell.writer / warpSize];
    bool isOrdered = cell.written <= known && (!isInWarp || warp.laneSync[lane]);
    bool bothStrong = isStrong && (cell.flags & (strongWrite | atomicWrite));
    // Warp-synchronous code of old marks its data volatile.
    bool isLegacy = isInWarp && (isStrong || (cell.flags & strongWrite));
    if (!isOrdered && !bothStrong && !isLegacy && !(kind == Access::Write && isSame))
      return report(warp, lane, at, FaultKind::Race,
                    std::string(verb) + " what another thread wrote without synchronisation:",
                    offset, cell);
  }
  if (kind != Access::Read && cell.readers && !isSame) {
    bool isWeak = (cell.flags & weakRead) || !isStrong;
    for (uint32_t others = cell.readers & ~(1u << warp.index); others && isWeak;
         others &= others - 1)
      if (cell.read > warp.seen[__builtin_ctz(others)])
        return report(warp, lane, at, FaultKind::Race,
                      "writes what another warp read without synchronisation:", offset, cell);
    if ((cell.readers >> warp.index & 1) && cell.reader != lane && isWeak && !isStrong &&
        cell.read >= warp.laneSync[lane])
      return report(warp, lane, at, FaultKind::Race,
                    "writes what lane " + std::to_string(cell.reader) +
                        " of its warp read without synchronisation:",
                    offset, cell);
  }
  return true;
}

bool SharedMemory::access(Warp &warp, unsigned lane, uint32_t offset, unsigned size, Access kind,
                          bool isStrong, const void *value, const Instruction &at) {
  const uint32_t cutoff = warp.cutoff;
  const uint16_t thread = uint16_t(warp.firstThread() + lane);
  const uint32_t granule = 1u << shift;
  uint32_t last = (offset + size - 1) >> shift;
  for (uint32_t i = offset >> shift; i <= last; ++i) {
    Cell &cell = cells[i];
    bool isOwn = cell.writer == thread && cell.written < never;
    bool isOrdered = cell.written <= cutoff || isOwn;
    if (kind == Access::Read) {
      if (!isOrdered && !slowAccess(warp, lane, i << shift, cell, kind, isStrong, false, at))
        return false;
      uint32_t self = 1u << warp.index;
      if (cell.read <= cutoff || (cell.readers == self && cell.reader == lane)) {
        cell.readers = self;
        cell.read = clock;
        cell.flags &= ~weakRead;
      } else {
        cell.readers |= self;
      }
      cell.flags |= isStrong ? 0 : weakRead;
      cell.reader = uint8_t(lane);
      continue;
    }
    if (!isOrdered || cell.read > cutoff) {
      bool isSame = false;
      if (kind == Access::Write && value && (i << shift) >= offset) {
        uint32_t within = (i << shift) - offset;
        isSame = std::memcmp(data.data() + (i << shift), static_cast<const uint8_t *>(value) + within,
                             std::min(granule, size - within)) == 0;
      }
      if (!slowAccess(warp, lane, i << shift, cell, kind, isStrong, isSame, at))
        return false;
    }
    cell.written = clock;
    cell.writer = thread;
    cell.readers = 0;
    cell.read = 0;
    cell.flags = kind == Access::Atomic ? atomicWrite : isStrong ? strongWrite : 0;
  }
  return true;
}

bool SharedMemory::copyBegins(Warp &warp, unsigned lane, uint32_t offset, unsigned size,
                              const Instruction &at) {
  if (!access(warp, lane, offset, size, Access::Write, false, nullptr, at))
    return false;
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i)
    cells[i].written = copying;
  return true;
}

void SharedMemory::copyLands(Warp &warp, unsigned lane, uint32_t offset, unsigned size) {
  for (uint32_t i = offset >> shift; i <= (offset + size - 1) >> shift; ++i) {
    cells[i].written = clock;
    cells[i].writer = uint16_t(warp.firstThread() + lane);
    cells[i].flags = 0;
  }
}

void SharedMemory::publish(Warp &warp, uint64_t address) {
  if (published.size() > 65536)
    published.clear();
  Flag &flag = published[address];
  for (unsigned w = 0; w < 32; ++w)
    flag.seen[w] = std::max(flag.seen[w], warp.seen[w]);
  flag.seen[warp.index] = std::max(flag.seen[warp.index], clock);
  ++clock;
}

void SharedMemory::takeOver(Warp &warp, uint64_t address) {
  auto found = published.find(address);
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
