// SPDX-License-Identifier: Apache-2.0
// cp.async of lanes. A copy's bytes land when its group is waited for.
#include "exec/ops/Mbarrier.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

struct AsyncCopy : Extra {
  int64_t offset = 0; ///< of the address in shared memory
  bool isNarrow = false;
  bool hasSize = false, hasIgnore = false, isNegated = false;
};

Next copyAsync(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = *static_cast<const AsyncCopy *>(i.extra);
  alignas(64) uint64_t to[warpSize], from[warpSize];
  addressesOf(warp, i.a, c.isNarrow, c.offset, to);
  addressesOf(warp, i.b, i.flags & narrowBase, i.imm, from);
  Lanes target, source;
  if (!resolve(warp, i, lanes, Space::Shared, to, i.size, i.size,
               AccessKind::Store, target))
    return Next::Fault;
  Mask ignored =
      c.hasIgnore ? warp.predicateValue(i.e) ^ (c.isNegated ? allLanes : 0) : 0;
  const uint32_t *sizes = warp.src<uint32_t>(i.c);
  auto sizeOf = [&](unsigned l) -> uint32_t {
    return ignored >> l & 1 ? 0
           : c.hasSize      ? std::min<uint32_t>(sizes[l], i.size)
                            : i.size;
  };
  Mask whole = 0;
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    if (sizeOf(l) == i.size)
      whole |= 1u << l;
    char byte;
    if (sizeOf(l) && sizeOf(l) < i.size &&
        !readGeneric(warp, l, from[l] + sizeOf(l) - 1, &byte, 1))
      return warp.fault(FaultKind::OutOfBounds, 1u << l, i,
                        "copies from what isn't allocated");
  }
  Counters &counters = warp.block.counters;
  const uint64_t before = counters.globalLoadSectors;
  if (whole && !resolve(warp, i, whole, Space::Global, from, i.size, i.size,
                        AccessKind::Load, source))
    return Next::Fault;
  counters.asyncLoadSectors += counters.globalLoadSectors - before;
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    if (!warp.block.shared.copyBegins(warp, l, target.offset[l], i.size, i))
      return Next::Fault;
    PendingCopy copy;
    copy.shared = target.offset[l];
    copy.global = from[l];
    copy.group = warp.laneGroup[l];
    copy.size = i.size;
    copy.sourceSize = uint8_t(sizeOf(l));
    copy.lane = uint8_t(l);
    warp.copies.push_back(copy);
  }
  return Next::Continue;
}

/// Lands the copies of lanes for which isDone.
template <class F>
void land(Warp &warp, Mask lanes, F isDone) {
  SharedMemory &shared = warp.block.shared;
  auto kept = warp.copies.begin();
  for (const PendingCopy &copy : warp.copies) {
    if (!(lanes >> copy.lane & 1) || !isDone(copy)) {
      *kept++ = copy;
      continue;
    }
    uint8_t *to = shared.at(copy.shared);
    std::memcpy(to, DeviceMemory::host(copy.global), copy.sourceSize);
    std::memset(to + copy.sourceSize, 0, copy.size - copy.sourceSize);
    shared.copyLands(warp, copy.lane, copy.shared, copy.size);
  }
  warp.copies.erase(kept, warp.copies.end());
}

Next commitGroup(Warp &warp, const Instruction &, Mask lanes) {
  activeLanes(lanes, [&](unsigned l) { ++warp.laneGroup[l]; });
  return Next::Continue;
}
Next waitGroup(Warp &warp, const Instruction &i, Mask lanes) {
  uint32_t pending = uint32_t(i.imm);
  land(warp, lanes, [&](const PendingCopy &copy) {
    return copy.group + pending < warp.laneGroup[copy.lane];
  });
  return Next::Continue;
}
Next waitAll(Warp &warp, const Instruction &, Mask lanes) {
  land(warp, lanes, [](const PendingCopy &) { return true; });
  return Next::Continue;
}

/// cp.async.mbarrier.arrive.noinc: when the lane's copies are done, as they are
/// made to be here.
Next copiesArrive(Warp &warp, const Instruction &i, Mask lanes) {
  land(warp, lanes, [](const PendingCopy &) { return true; });
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Atomic, where, addresses))
    return Next::Fault;
  activeLanes(lanes, [&](unsigned l) {
    if (i.size) // else its arrival was added to what is missing
      arriveOnce(warp, where.at[l], where.offset[l]);
    else
      warp.block.shared.publish(warp, where.offset[l]);
  });
  return Next::Continue;
}

void decodeGroups(Decoder &decoder, int what) {
  Instruction &out = *decoder.out;
  out.run = what == 0 ? commitGroup : what == 1 ? waitGroup : waitAll;
  decoder.expectOperands(what == 1 ? 1 : 0);
  if (what == 1)
    out.imm = decoder.integer(decoder.operand(0));
}

void decodeCopy(Decoder &decoder) {
  Instruction &out = *decoder.out;
  out.kind = Class::Memory;
  if (!decoder.take("async"))
    decoder.fail("unknown instruction '" + decoder.source->text() + "'");
  if (decoder.take("bulk"))
    return decodeBulkCopy(decoder);
  int group = decoder.takeOne({"commit_group", "wait_group", "wait_all"});
  if (group >= 0)
    return decodeGroups(decoder, group);
  if (decoder.take("mbarrier")) {
    decoder.take("arrive");
    out.size = decoder.take("noinc");
    decoder.expectOperands(1);
    barrierAddress(decoder, decoder.operand(0));
    decoder.takeType();
    out.run = copiesArrive;
    return;
  }
  bool isCg = decoder.takeOne({"ca", "cg"}) == 1;
  decoder.takeOne({"shared", "shared::cta"});
  decoder.take("global");
  bool hasHint = takeCacheHints(decoder);
  decoder.expectOperands(3, 5);
  auto *copy = decoder.extra<AsyncCopy>();
  Space space = Space::Shared;
  decoder.address(&Instruction::a, decoder.operand(0), space);
  copy->offset = out.imm;
  copy->isNarrow = out.flags & narrowBase;
  out.imm = 0;
  out.flags &= uint8_t(~narrowBase);
  space = Space::Global;
  decoder.address(&Instruction::b, decoder.operand(1), space);
  int64_t size = decoder.integer(decoder.operand(2));
  if (size != 16 && (isCg || (size != 4 && size != 8)))
    decoder.fail("'" + decoder.source->text() + "' of " + std::to_string(size) +
                 " bytes");
  out.size = uint8_t(size);
  size_t at = 3, last = decoder.operandCount() - hasHint;
  if (hasHint)
    decoder.src(&Instruction::d, decoder.operand(last), 8);
  if (at < last) {
    const Operand &operand = decoder.operand(at++);
    bool isPredicate =
        operand.kind == Operand::Kind::Register &&
        decoder.function.registers[operand.index].type == Type::Pred;
    if (isPredicate) {
      decoder.srcPredicate(&Instruction::e, operand);
      copy->hasIgnore = true;
      copy->isNegated = operand.negated;
    } else {
      decoder.src(&Instruction::c, operand, 4);
      copy->hasSize = true;
    }
  }
  decoder.expectOperands(at + hasHint);
  noteSharedAccess(decoder, Space::Shared, out.size);
  out.run = copyAsync;
}

} // namespace

void registerAsyncOps(DecodeTable &table) { table["cp"] = decodeCopy; }

} // namespace emulator
