// SPDX-License-Identifier: Apache-2.0
// shfl, vote, match, redux, activemask, elect: instructions of several lanes.
#include "exec/ops/WarpOps.h"

#include "exec/Block.h"
#include "exec/Decoder.h"
#include "exec/ops/Elementwise.h"

#include <algorithm>

namespace emulator {

bool gatherLanes(Warp &warp, const Instruction &i, Mask &lanes,
                 const uint32_t *members, Next &next) {
  // Lanes may name different sets; the ones whose sets are complete go on.
  Mask ready = 0, left = lanes;
  Mask named = 0;
  while (left) {
    Mask set = members[__builtin_ctz(left)];
    Mask same =
        lanesWhere([&](unsigned l) { return members[l] == set; }) & left;
    left &= ~same;
    if (Mask outside = same & ~set) {
      next = warp.fault(FaultKind::Barrier, outside, i,
                        "the lane isn't in the mask that it gives");
      return false;
    }
    if (!(set & warp.alive & ~same))
      ready |= same;
    else
      named |= set;
  }
  if (ready == lanes)
    return true;
  if (!ready) {
    next = warp.waitForLanes(named, false);
    return false;
  }
  // The rest waits here, the complete ones go on.
  warp.narrow(lanes);
  uint32_t after = warp.pc;
  --warp.pc;
  warp.narrow(ready);
  warp.pc = after;
  lanes = ready;
  return true;
}

namespace {

/// Runs f for each group of lanes that name the same set.
template <class F>
Next forGroups(Warp &warp, const Instruction &i, Mask lanes, int32_t slot,
               F f) {
  const uint32_t *members = warp.src<uint32_t>(slot);
  Next next = Next::Continue;
  if (!gatherLanes(warp, i, lanes, members, next))
    return next;
  const bool isNarrowed = !warp.fragments.empty();
  forEachSet(lanes, members, [&](Mask group) {
    f(group);
    warp.orderLanes(group);
  });
  return isNarrowed ? Next::Reschedule : Next::Continue;
}

enum Shuffle : uint8_t { Up, Down, Bfly, Idx };

template <Shuffle mode>
Next shuffle(Warp &warp, const Instruction &i, Mask lanes) {
  return forGroups(warp, i, lanes, i.e, [&](Mask group) {
    const uint32_t *a = warp.src<uint32_t>(i.a), *b = warp.src<uint32_t>(i.b),
                   *c = warp.src<uint32_t>(i.c);
    uint32_t result[warpSize];
    Mask inRange = 0;
    for (unsigned l = 0; l < warpSize; ++l) {
      uint32_t bval = b[l] & 31, cval = c[l] & 31, segment = c[l] >> 8 & 31;
      uint32_t least = l & segment, most = least | (cval & ~segment);
      int from;
      bool isIn;
      switch (mode) {
      case Up:
        from = int(l) - int(bval);
        isIn = from >= int(most);
        break;
      case Down:
        from = int(l + bval);
        isIn = from <= int(most);
        break;
      case Bfly:
        from = int(l ^ bval);
        isIn = from <= int(most);
        break;
      default:
        from = int(least | (bval & ~segment));
        isIn = from <= int(most);
        break;
      }
      if (!isIn)
        from = int(l);
      inRange |= Mask(isIn) << l;
      // The value of a lane outside of the group is undefined.
      result[l] = group >> from & 1 ? a[from] : a[l];
    }
    uint32_t *d = warp.dst<uint32_t>(i.d);
    eachLane(group, d, [&](unsigned l) { return result[l]; });
    if (int32_t p = static_cast<const PredicateSlot *>(i.extra)->slot; p >= 0)
      warp.setPredicate(p, group, inRange);
  });
}

void decodeShfl(Decoder &decoder) {
  bool isSync = decoder.take("sync");
  int mode = decoder.takeOne({"up", "down", "bfly", "idx"});
  decoder.takeType();
  if (!isSync)
    decoder.fail("'" + decoder.source->text() +
                 "': without .sync it doesn't exist since sm_70");
  decoder.expectOperands(5);
  static const Handler handlers[] = {shuffle<Up>, shuffle<Down>, shuffle<Bfly>,
                                     shuffle<Idx>};
  Instruction &out = *decoder.out;
  out.kind = Class::Other;
  if (mode < 0)
    decoder.fail("'" + decoder.source->text() + "' lacks a mode");
  const Operand &to = decoder.operand(0);
  decoder.dst(&Instruction::d, to, 4);
  auto *slots = decoder.extra<PredicateSlot>();
  if (to.second)
    decoder.dstPredicateExternal(&slots->slot, *to.second);
  decoder.src(&Instruction::a, decoder.operand(1), 4);
  decoder.src(&Instruction::b, decoder.operand(2), 4);
  decoder.src(&Instruction::c, decoder.operand(3), 4);
  decoder.src(&Instruction::e, decoder.operand(4), 4);
  out.run = handlers[mode];
}

/// flags: mode (0 all, 1 any, 2 uni, 3 ballot), 4: the operand is negated.
Next vote(Warp &warp, const Instruction &i, Mask lanes) {
  return forGroups(warp, i, lanes, i.e, [&](Mask group) {
    Mask p = (warp.predicateValue(i.a) ^ (i.flags & 4 ? allLanes : 0)) & group;
    switch (i.flags & 3) {
    case 0:
      warp.setPredicate(i.d, group, p == group ? allLanes : 0);
      break;
    case 1:
      warp.setPredicate(i.d, group, p ? allLanes : 0);
      break;
    case 2:
      warp.setPredicate(i.d, group, p == 0 || p == group ? allLanes : 0);
      break;
    default:
      eachLane(group, warp.dst<uint32_t>(i.d), [=](unsigned) { return p; });
    }
  });
}

void decodeVote(Decoder &decoder) {
  if (!decoder.take("sync"))
    decoder.fail("'" + decoder.source->text() +
                 "': without .sync it doesn't exist since sm_70");
  int mode = decoder.takeOne({"all", "any", "uni", "ballot"});
  decoder.takeType();
  decoder.expectOperands(3);
  Instruction &out = *decoder.out;
  out.kind = Class::Other;
  out.flags = uint8_t(mode | (decoder.operand(1).negated ? 4 : 0));
  if (mode == 3)
    decoder.dst(&Instruction::d, decoder.operand(0), 4);
  else
    decoder.dstPredicate(&Instruction::d, decoder.operand(0));
  decoder.srcPredicate(&Instruction::a, decoder.operand(1));
  decoder.src(&Instruction::e, decoder.operand(2), 4);
  out.run = mode < 0 ? nullptr : vote;
}

template <class T, bool isAll>
Next match(Warp &warp, const Instruction &i, Mask lanes) {
  return forGroups(warp, i, lanes, i.e, [&](Mask group) {
    const T *a = warp.src<T>(i.a);
    uint32_t result[warpSize] = {};
    bool all = true;
    activeLanes(group, [&](unsigned l) {
      activeLanes(group,
                  [&](unsigned k) { result[l] |= Mask(a[k] == a[l]) << k; });
      all &= result[l] == group;
    });
    eachLane(group, warp.dst<uint32_t>(i.d), [&](unsigned l) {
      return isAll ? (all ? group : 0u) : result[l];
    });
    if (isAll && static_cast<const PredicateSlot *>(i.extra)->slot >= 0)
      warp.setPredicate(static_cast<const PredicateSlot *>(i.extra)->slot,
                        group, all ? allLanes : 0);
  });
}

void decodeMatch(Decoder &decoder) {
  bool isAll = decoder.takeOne({"any", "all"}) == 1;
  decoder.take("sync");
  Type type = decoder.takeType();
  decoder.expectOperands(3);
  Instruction &out = *decoder.out;
  out.kind = Class::Other;
  bool isWide = ptx::sizeOf(type) == 8;
  out.run = isAll ? (isWide ? match<uint64_t, true> : match<uint32_t, true>)
                  : (isWide ? match<uint64_t, false> : match<uint32_t, false>);
  decoder.dst(&Instruction::d, decoder.operand(0), 4);
  auto *slots = decoder.extra<PredicateSlot>();
  if (decoder.operand(0).second)
    decoder.dstPredicateExternal(&slots->slot, *decoder.operand(0).second);
  decoder.src(&Instruction::a, decoder.operand(1), isWide ? 8 : 4);
  decoder.src(&Instruction::e, decoder.operand(2), 4);
}

enum Reduction : uint8_t { Add, Min, Max, And, Or, Xor };

template <class T, Reduction op>
Next reduce(Warp &warp, const Instruction &i, Mask lanes) {
  return forGroups(warp, i, lanes, i.e, [&](Mask group) {
    const T *a = warp.src<T>(i.a);
    T result = a[__builtin_ctz(group)];
    activeLanes(group & (group - 1), [&](unsigned l) {
      switch (op) {
      case Add:
        result = T(uint32_t(result) + uint32_t(a[l]));
        break;
      case Min:
        result = std::min(result, a[l]);
        break;
      case Max:
        result = std::max(result, a[l]);
        break;
      case And:
        result &= a[l];
        break;
      case Or:
        result |= a[l];
        break;
      case Xor:
        result ^= a[l];
        break;
      }
    });
    eachLane(group, warp.dst<T>(i.d), [=](unsigned) { return result; });
  });
}

void decodeRedux(Decoder &decoder) {
  decoder.needs(80);
  decoder.take("sync");
  int op = decoder.takeOne({"add", "min", "max", "and", "or", "xor"});
  Type type = decoder.takeType();
  bool isSignedType = type == Type::S32;
  static const Handler handlers[6][2] = {
      {reduce<uint32_t, Add>, reduce<int32_t, Add>},
      {reduce<uint32_t, Min>, reduce<int32_t, Min>},
      {reduce<uint32_t, Max>, reduce<int32_t, Max>},
      {reduce<uint32_t, And>, nullptr},
      {reduce<uint32_t, Or>, nullptr},
      {reduce<uint32_t, Xor>, nullptr}};
  finish(decoder, Class::Other,
         op < 0 || ptx::sizeOf(type) != 4 ? nullptr
                                          : handlers[op][isSignedType],
         2, Type::B32);
  std::swap(decoder.out->b, decoder.out->e); // the mask
  for (auto &reference : decoder.references)
    if (reference.field == &Instruction::b)
      reference.field = &Instruction::e;
}

Next activeMask(Warp &warp, const Instruction &i, Mask lanes) {
  eachLane(lanes, warp.dst<uint32_t>(i.d), [=](unsigned) { return lanes; });
  return Next::Continue;
}
void decodeActiveMask(Decoder &decoder) {
  decoder.takeType();
  decoder.expectOperands(1);
  decoder.out->kind = Class::Other;
  decoder.out->run = activeMask;
  decoder.dst(&Instruction::d, decoder.operand(0), 4);
}

Next elect(Warp &warp, const Instruction &i, Mask lanes) {
  return forGroups(warp, i, lanes, i.e, [&](Mask group) {
    uint32_t leader = uint32_t(__builtin_ctz(group));
    eachLane(group, warp.dst<uint32_t>(i.d), [=](unsigned) { return leader; });
    warp.setPredicate(static_cast<const PredicateSlot *>(i.extra)->slot, group,
                      1u << leader);
  });
}
void decodeElect(Decoder &decoder) {
  decoder.needs(90);
  decoder.take("sync");
  decoder.expectOperands(2);
  const Operand &to = decoder.operand(0);
  if (!to.second)
    decoder.fail("'elect.sync' needs d|p");
  decoder.out->kind = Class::Other;
  decoder.out->run = elect;
  decoder.dst(&Instruction::d, to, 4);
  decoder.dstPredicateExternal(&decoder.extra<PredicateSlot>()->slot,
                               *to.second);
  decoder.src(&Instruction::e, decoder.operand(1), 4);
}

} // namespace

void registerWarpOps(DecodeTable &table) {
  table["shfl"] = decodeShfl;
  table["vote"] = decodeVote;
  table["match"] = decodeMatch;
  table["redux"] = decodeRedux;
  table["activemask"] = decodeActiveMask;
  table["elect"] = decodeElect;
}

} // namespace emulator
