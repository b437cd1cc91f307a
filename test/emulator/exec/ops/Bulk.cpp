// SPDX-License-Identifier: Apache-2.0
// cp.async.bulk without tensor maps. A copy into shared memory lands when
// somebody looks at the barrier that counts it: who reads before races with it.
// One out of shared memory is made at once.
#include "exec/ops/Mbarrier.h"

#include <cstring>

namespace emulator {
namespace {

constexpr uint32_t unit =
    16; ///< bytes that addresses and sizes are multiples of

enum : uint8_t { fromShared = 32 };

struct BulkAddresses : Extra {
  int64_t to = 0, from = 0, barrier = 0; ///< offsets from the registers
  bool isToNarrow = false, isFromNarrow = false, isBarrierNarrow = false;
};

bool checkGlobal(Warp &warp, const Instruction &i, unsigned lane,
                 uint64_t address, uint32_t bytes, bool isRead) {
  const std::string what = std::string(isRead ? "reads " : "writes ") +
                           std::to_string(bytes) + " bytes";
  const Range range = warp.block.findRange(address);
  if (!range.size || bytes > range.base + range.size - address) {
    warp.fault(FaultKind::OutOfBounds, 1u << lane, i,
               what + (range.size ? " over the end of an allocation of " +
                                        std::to_string(range.size) + " bytes"
                                  : " that aren't allocated"));
    return false;
  }
  const DeviceMemory &memory = warp.block.launch.memory;
  if (!isRead || memory.isInitialised(address, bytes))
    return true;
  for (uint32_t k = 0; k < bytes; k += unit)
    if (!std::memchr(memory.shadow(address + k), 1, unit)) {
      warp.fault(FaultKind::Uninitialised, 1u << lane, i,
                 what + ", of which byte " + std::to_string(k) +
                     " was never written");
      return false;
    }
  return true;
}

/// An address in shared memory as an offset; false after a fault.
bool sharedOffset(Warp &warp, const Instruction &i, unsigned lane,
                  uint64_t &address, uint32_t bytes) {
  const uint64_t window = warp.block.launch.memory.sharedWindow();
  if (address - window < DeviceMemory::sharedWindowBytes)
    address -= window;
  if (address + bytes <= warp.block.shared.bytes())
    return true;
  warp.fault(FaultKind::OutOfBounds, 1u << lane, i,
             "copies " + std::to_string(bytes) +
                 " bytes: " + warp.block.shared.describe(address));
  return false;
}

bool copyOne(Warp &warp, const Instruction &i, unsigned lane, uint64_t to,
             uint64_t from, uint32_t bytes, uint64_t barrier) {
  SharedMemory &shared = warp.block.shared;
  const bool isOut = i.flags & fromShared;
  uint64_t &inShared = isOut ? from : to;
  const uint64_t global = isOut ? to : from;
  if ((to | from | bytes) % unit) {
    warp.fault(FaultKind::Misaligned, 1u << lane, i,
               "copies " + std::to_string(bytes) +
                   " bytes: addresses and size must be multiples of 16");
    return false;
  }
  if (!bytes)
    return true;
  if (!sharedOffset(warp, i, lane, inShared, bytes) ||
      !checkGlobal(warp, i, lane, global, bytes, !isOut))
    return false;
  Counters &counters = warp.block.counters;
  if (isOut) {
    if (!shared.access(warp, lane, uint32_t(from), bytes,
                       SharedMemory::Access::Read, false, nullptr, i))
      return false;
    std::memcpy(DeviceMemory::host(global), shared.at(uint32_t(from)), bytes);
    warp.block.launch.memory.markInitialised(global, bytes);
    counters.globalStoreBytes += bytes;
    counters.globalStoreSectors += bytes / 32;
    return true;
  }
  if (!sharedOffset(warp, i, lane, barrier, 8) ||
      !shared.copyBegins(warp, lane, uint32_t(to), bytes, i))
    return false;
  warp.block.bulkCopies.push_back(
      {uint32_t(barrier), uint32_t(to), global, bytes});
  counters.globalLoadBytes += bytes;
  counters.globalLoadSectors += bytes / 32;
  counters.asyncLoadSectors += bytes / 32;
  return true;
}

Next copyBulk(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &extra = *static_cast<const BulkAddresses *>(i.extra);
  alignas(64) uint64_t to[warpSize], from[warpSize], barrier[warpSize] = {};
  addressesOf(warp, i.a, extra.isToNarrow, extra.to, to);
  addressesOf(warp, i.b, extra.isFromNarrow, extra.from, from);
  if (!(i.flags & fromShared))
    addressesOf(warp, i.e, extra.isBarrierNarrow, extra.barrier, barrier);
  const uint32_t *bytes = warp.src<uint32_t>(i.c);
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    const unsigned l = unsigned(__builtin_ctz(rest));
    if (!copyOne(warp, i, l, to[l], from[l], bytes[l], barrier[l]))
      return Next::Fault;
  }
  return Next::Continue;
}

Next nothing(Warp &, const Instruction &, Mask) { return Next::Continue; }

/// Decodes an address into a field and its offset and width.
void address(Decoder &decoder, int32_t Instruction::*field, size_t operand,
             Space space, int64_t &offset, bool &isNarrow) {
  Instruction &out = *decoder.out;
  decoder.address(field, decoder.operand(operand), space);
  offset = out.imm;
  isNarrow = out.flags & narrowBase;
  out.imm = 0;
  out.flags &= uint8_t(~narrowBase);
}

void decodePrefetch(Decoder &decoder, bool hasHint) {
  decoder.take("L2");
  decoder.take("global");
  decoder.expectOperands(2u + hasHint);
  Space space = Space::Global;
  decoder.address(&Instruction::a, decoder.operand(0), space);
  decoder.src(&Instruction::c, decoder.operand(1), 4);
  decoder.out->run = nothing;
}

} // namespace

void decodeBulkCopy(Decoder &decoder) {
  decoder.needs(90);
  Instruction &out = *decoder.out;
  if (decoder.take("commit_group")) {
    decoder.expectOperands(0);
    out.run = nothing;
    return;
  }
  if (decoder.take("wait_group")) {
    decoder.take("read");
    decoder.expectOperands(1);
    decoder.integer(decoder.operand(0));
    out.run = nothing;
    return;
  }
  const bool hasHint = takeCacheHints(decoder);
  if (decoder.take("prefetch"))
    return decodePrefetch(decoder, hasHint);
  auto *extra = decoder.extra<BulkAddresses>();
  const bool isIn = decoder.next() != "global"; // the target comes first
  const bool isKnown = decoder.take("global") &&
                       decoder.takeOne({"shared::cluster", "shared::cta"}) >= 0;
  if (!isKnown)
    decoder.fail("'" + decoder.source->text() + "' isn't supported");
  decoder.take(isIn ? "mbarrier::complete_tx::bytes" : "bulk_group");
  decoder.expectOperands(3u + isIn + hasHint);
  address(decoder, &Instruction::a, 0, isIn ? Space::Shared : Space::Global,
          extra->to, extra->isToNarrow);
  address(decoder, &Instruction::b, 1, isIn ? Space::Global : Space::Shared,
          extra->from, extra->isFromNarrow);
  decoder.src(&Instruction::c, decoder.operand(2), 4);
  if (isIn)
    address(decoder, &Instruction::e, 3, Space::Shared, extra->barrier,
            extra->isBarrierNarrow);
  out.flags |= isIn ? 0 : fromShared;
  out.run = copyBulk;
}

} // namespace emulator
