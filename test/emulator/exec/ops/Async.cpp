// SPDX-License-Identifier: Apache-2.0
// cp.async and mbarrier. A copy's bytes land when its group is waited for.
#include "exec/ops/Elementwise.h"
#include "exec/ops/Memory.h"

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

// An mbarrier's word: expected arrivals, those missing in this phase, the
// phase's parity in the top bit.
constexpr uint64_t countMask = 0xFFFFF, phaseBit = 1ull << 63;
uint64_t expectedOf(uint64_t word) { return word & countMask; }
uint64_t missingOf(uint64_t word) { return word >> 20 & countMask; }
uint64_t makeWord(uint64_t expected, uint64_t missing, uint64_t phase) {
  return expected | missing << 20 | phase;
}

enum : uint8_t { dropsArrival = 32, isParity = 64 };

bool barrierWords(Warp &warp, const Instruction &i, Mask lanes, AccessKind kind,
                  Lanes &where, uint64_t (&addresses)[warpSize]) {
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  return resolve(warp, i, lanes, Space(i.e), addresses, 8, 8, kind, where);
}

Next initBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Store, where, addresses))
    return Next::Fault;
  const uint32_t *count = warp.src<uint32_t>(i.b);
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t word = makeWord(count[l] & countMask, count[l] & countMask, 0);
    if (!warp.block.shared.access(warp, l, where.offset[l], 8,
                                  SharedMemory::Access::Write, false, &word, i))
      return Next::Fault;
    std::memcpy(where.at[l], &word, 8);
  }
  return Next::Continue;
}

void arriveOnce(Warp &warp, uint8_t *at, uint64_t address, uint64_t count,
                bool drops) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  warp.block.shared.publish(warp, address);
  uint64_t expected = expectedOf(word) - (drops ? count : 0),
           missing = missingOf(word);
  missing = missing > count ? missing - count : 0;
  uint64_t phase = word & phaseBit;
  word = missing ? makeWord(expected, missing, phase)
                 : makeWord(expected, expected, phase ^ phaseBit);
  std::memcpy(at, &word, 8);
}

Next arriveBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Atomic, where, addresses))
    return Next::Fault;
  const uint32_t *count = warp.src<uint32_t>(i.b);
  uint64_t *state = warp.dst<uint64_t>(i.d);
  activeLanes(lanes, [&](unsigned l) {
    uint64_t word;
    std::memcpy(&word, where.at[l], 8);
    if (i.size)
      state[l] = word;
    arriveOnce(warp, where.at[l], where.offset[l], count[l],
               i.flags & dropsArrival);
  });
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
      arriveOnce(warp, where.at[l], where.offset[l], 1, false);
    else
      warp.block.shared.publish(warp, where.offset[l]);
  });
  return Next::Continue;
}

Next testBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Atomic, where, addresses))
    return Next::Fault;
  warp.polled();
  Mask done = 0;
  activeLanes(lanes, [&](unsigned l) {
    uint64_t word;
    std::memcpy(&word, where.at[l], 8);
    bool phase = word & phaseBit;
    bool wanted = i.flags & isParity
                      ? warp.src<uint32_t>(i.b)[l] & 1
                      : (warp.src<uint64_t>(i.b)[l] & phaseBit) != 0;
    if (phase == wanted)
      return;
    done |= 1u << l;
    warp.block.shared.takeOver(warp, where.offset[l]);
  });
  warp.setPredicate(i.d, lanes, done);
  return Next::Continue;
}

Next pendingCount(Warp &warp, const Instruction &i, Mask lanes) {
  const uint64_t *state = warp.src<uint64_t>(i.a);
  eachLane(lanes, warp.dst<uint32_t>(i.d),
           [=](unsigned l) { return uint32_t(missingOf(state[l])); });
  return Next::Continue;
}
Next invalidate(Warp &, const Instruction &, Mask) { return Next::Continue; }

void barrierAddress(Decoder &decoder, const Operand &operand) {
  Space space = takeSpace(decoder);
  decoder.address(&Instruction::a, operand, space);
  decoder.out->e = int32_t(space);
}

void decodeMbarrier(Decoder &decoder) {
  Instruction &out = *decoder.out;
  out.kind = Class::Memory;
  out.size = 0;
  int what = decoder.takeOne({"init", "inval", "arrive", "arrive_drop",
                              "test_wait", "try_wait", "pending_count"});
  bool isByParity = decoder.take("parity");
  takeSemantics(decoder);
  decoder.takeOne({"cta", "cluster"});
  out.flags &= uint8_t(~strongAccess);
  decoder.take("noComplete");
  switch (what) {
  case 0:
    decoder.expectOperands(2);
    barrierAddress(decoder, decoder.operand(0));
    decoder.src(&Instruction::b, decoder.operand(1), 4);
    out.run = initBarrier;
    break;
  case 1:
    decoder.expectOperands(1);
    barrierAddress(decoder, decoder.operand(0));
    out.run = invalidate;
    break;
  case 2:
  case 3: {
    decoder.expectOperands(1, 3);
    size_t at = decoder.operand(0).kind == Operand::Kind::Address ? 0 : 1;
    bool hasState = at && decoder.operand(0).kind != Operand::Kind::Sink;
    barrierAddress(decoder, decoder.operand(at));
    out.size = hasState ? 8 : 0;
    if (hasState)
      decoder.dst(&Instruction::d, decoder.operand(0), 8);
    if (at + 1 < decoder.operandCount())
      decoder.src(&Instruction::b, decoder.operand(at + 1), 4);
    else
      out.b = decoder.constant(1, 4);
    out.flags |= what == 3 ? dropsArrival : 0;
    out.run = arriveBarrier;
    break;
  }
  case 4:
  case 5:
    decoder.expectOperands(3, 4);
    decoder.dstPredicate(&Instruction::d, decoder.operand(0));
    barrierAddress(decoder, decoder.operand(1));
    decoder.src(&Instruction::b, decoder.operand(2), isByParity ? 4 : 8);
    if (decoder.operandCount() == 4) // how long to wait at most
      decoder.src(&Instruction::c, decoder.operand(3), 4);
    out.flags |= isByParity ? isParity : 0;
    out.run = testBarrier;
    break;
  case 6:
    decoder.expectOperands(2);
    decoder.dst(&Instruction::d, decoder.operand(0), 4);
    decoder.src(&Instruction::a, decoder.operand(1), 8);
    out.run = pendingCount;
    break;
  default:
    decoder.fail("'" + decoder.source->text() + "' isn't supported");
  }
  decoder.takeType(); // .b64
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
  if (decoder.has("bulk") || decoder.has("reduce"))
    decoder.fail("'" + decoder.source->text() + "' isn't supported");
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

void registerAsyncOps(DecodeTable &table) {
  table["cp"] = decodeCopy;
  table["mbarrier"] = decodeMbarrier;
}

} // namespace emulator
