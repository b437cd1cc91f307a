// SPDX-License-Identifier: Apache-2.0
// mbarrier: arrivals and bytes of copies that threads wait for.
#include "exec/ops/Mbarrier.h"

#include "exec/ops/Elementwise.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

enum : uint8_t { dropsArrival = 32, isParity = 64, expectsBytes = 128 };

/// An mbarrier's word: expected arrivals, those missing in this phase, the
/// bytes that copies have still to bring, the phase's parity in the top bit.
struct Word {
  static constexpr unsigned countBits = 20, byteBits = 21;
  static constexpr uint64_t countMask = (1u << countBits) - 1,
                            phaseBit = 1ull << 63;
  uint64_t expected = 0, missing = 0;
  int64_t bytes = 0;
  uint64_t phase = 0;

  explicit Word(uint64_t bits)
      : expected(bits & countMask), missing(bits >> countBits & countMask),
        bytes(int64_t(bits << (64 - 2 * countBits - byteBits)) >>
              (64 - byteBits)),
        phase(bits & phaseBit) {}
  static Word read(const uint8_t *at) {
    uint64_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return Word(bits);
  }
  uint64_t bits() const {
    return expected | missing << countBits |
           (uint64_t(bytes) & ((1u << byteBits) - 1)) << 2 * countBits | phase;
  }
  /// Writes it back; the phase ends if nothing is missing.
  void write(uint8_t *at) {
    if (!missing && !bytes) {
      missing = expected;
      phase ^= phaseBit;
    }
    const uint64_t value = bits();
    std::memcpy(at, &value, sizeof value);
  }
};

/// What arrivals and copies' bytes do to the word of a barrier.
void update(Warp &warp, uint8_t *at, uint64_t address, uint64_t arrivals,
            int64_t bytes, bool drops) {
  warp.block.shared.publish(warp, address);
  Word word = Word::read(at);
  word.expected -= drops ? arrivals : 0;
  word.missing -= std::min(word.missing, arrivals);
  word.bytes += bytes;
  word.write(at);
}

} // namespace

bool barrierWords(Warp &warp, const Instruction &i, Mask lanes, AccessKind kind,
                  Lanes &where, uint64_t (&addresses)[warpSize]) {
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  return resolve(warp, i, lanes, Space(i.e), addresses, 8, 8, kind, where);
}

void arriveOnce(Warp &warp, uint8_t *at, uint64_t address) {
  update(warp, at, address, 1, 0, false);
}

void landBulkCopies(Warp &warp, unsigned lane, uint32_t barrier) {
  std::vector<BulkCopy> &copies = warp.block.bulkCopies;
  SharedMemory &shared = warp.block.shared;
  for (size_t i = 0; i < copies.size();) {
    const BulkCopy copy = copies[i];
    if (copy.barrier != barrier) {
      ++i;
      continue;
    }
    copies.erase(copies.begin() + long(i));
    std::memcpy(shared.at(copy.shared), DeviceMemory::host(copy.global),
                copy.bytes);
    shared.copyLands(warp, lane, copy.shared, copy.bytes);
    update(warp, shared.at(barrier), barrier, 0, -int64_t(copy.bytes), false);
  }
}

void barrierAddress(Decoder &decoder, const Operand &operand) {
  Space space = takeSpace(decoder);
  decoder.address(&Instruction::a, operand, space);
  decoder.out->e = int32_t(space);
}

namespace {

Next initBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Store, where, addresses))
    return Next::Fault;
  const uint32_t *count = warp.src<uint32_t>(i.b);
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    Word fresh(count[l] & Word::countMask);
    fresh.missing = fresh.expected;
    const uint64_t word = fresh.bits();
    if (!warp.block.shared.access(warp, l, where.offset[l], 8,
                                  SharedMemory::Access::Write, false, &word, i))
      return Next::Fault;
    std::memcpy(where.at[l], &word, 8);
  }
  return Next::Continue;
}

Next arriveBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Atomic, where, addresses))
    return Next::Fault;
  const uint32_t *count = warp.src<uint32_t>(i.b),
                 *bytes = warp.src<uint32_t>(i.c);
  uint64_t *state = warp.dst<uint64_t>(i.d);
  activeLanes(lanes, [&](unsigned l) {
    if (i.size)
      std::memcpy(&state[l], where.at[l], 8);
    update(warp, where.at[l], where.offset[l], count[l],
           i.flags & expectsBytes ? bytes[l] : 0, i.flags & dropsArrival);
  });
  return Next::Continue;
}

/// expect_tx and complete_tx.
Next countBytes(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  Lanes where;
  if (!barrierWords(warp, i, lanes, AccessKind::Atomic, where, addresses))
    return Next::Fault;
  const uint32_t *bytes = warp.src<uint32_t>(i.c);
  activeLanes(lanes, [&](unsigned l) {
    update(warp, where.at[l], where.offset[l], 0,
           i.flags & expectsBytes ? bytes[l] : -int64_t(bytes[l]), false);
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
    landBulkCopies(warp, l, where.offset[l]);
    const bool phase = Word::read(where.at[l]).phase != 0;
    const bool wanted = i.flags & isParity
                            ? warp.src<uint32_t>(i.b)[l] & 1
                            : Word(warp.src<uint64_t>(i.b)[l]).phase != 0;
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
           [=](unsigned l) { return uint32_t(Word(state[l]).missing); });
  return Next::Continue;
}
Next invalidate(Warp &, const Instruction &, Mask) { return Next::Continue; }

void decodeMbarrier(Decoder &decoder) {
  Instruction &out = *decoder.out;
  out.kind = Class::Memory;
  out.size = 0;
  int what = decoder.takeOne({"init", "inval", "arrive", "arrive_drop",
                              "test_wait", "try_wait", "pending_count",
                              "expect_tx", "complete_tx"});
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
    if (decoder.take("expect_tx")) {
      decoder.expectOperands(at + 2);
      decoder.src(&Instruction::c, decoder.operand(at + 1), 4);
      out.b = decoder.constant(1, 4);
      out.flags |= expectsBytes;
    } else if (at + 1 < decoder.operandCount())
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
  case 7:
  case 8:
    decoder.expectOperands(2);
    barrierAddress(decoder, decoder.operand(0));
    decoder.src(&Instruction::c, decoder.operand(1), 4);
    out.flags |= what == 7 ? expectsBytes : 0;
    out.run = countBytes;
    break;
  default:
    decoder.fail("'" + decoder.source->text() + "' isn't supported");
  }
  decoder.takeType(); // .b64
}

} // namespace

void registerMbarrierOps(DecodeTable &table) {
  table["mbarrier"] = decodeMbarrier;
}

} // namespace emulator
