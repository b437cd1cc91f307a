// SPDX-License-Identifier: Apache-2.0
// Barriers of blocks and warps, fences, and hints that do nothing here.
#include "exec/Cluster.h"
#include "exec/Decoder.h"
#include "exec/ops/Elementwise.h"
#include "exec/ops/WarpOps.h"

#include <atomic>

namespace emulator {
namespace {

enum : uint8_t { arriveOnly = 1, isAligned = 2, flipOperand = 4 };

/// count: 1 popc, 2 and, 3 or, 0 no reduction.
Next barrier(Warp &warp, const Instruction &i, Mask lanes) {
  warp.narrow(lanes);
  if (i.flags & isAligned)
    if (Next next = warp.aligned(i); next != Next::Continue)
      return next;
  const unsigned lane = unsigned(__builtin_ctz(lanes));
  uint32_t id = warp.src<uint32_t>(i.a)[lane],
           expected = warp.src<uint32_t>(i.b)[lane];
  if (id > 16 || (id == 16 && !i.size))
    return warp.fault(FaultKind::Barrier, lanes, i,
                      "there is no barrier " + std::to_string(id));
  Mask value = i.count ? warp.predicateValue(i.c) ^
                             (i.flags & flipOperand ? allLanes : 0)
                       : 0;
  return warp.block.arrive(warp, i, id, expected, i.flags & arriveOnly,
                           i.flags & isAligned, i.count, i.d, value);
}

/// Of a cluster of one block, whose barrier the wait is.
Next arriveAtCluster(Warp &warp, const Instruction &i, Mask lanes) {
  Cluster *cluster = warp.block.cluster;
  if (!cluster)
    return Next::Continue;
  warp.narrow(lanes);
  if (i.flags & isAligned)
    if (Next next = warp.aligned(i); next != Next::Continue)
      return next;
  const uint32_t phase =
      cluster->arrive(unsigned(__builtin_popcount(warp.active)));
  activeLanes(warp.active, [&](unsigned l) { warp.clusterPhase[l] = phase; });
  return warp.fragments.empty() ? Next::Continue : Next::Reschedule;
}

Next waitForCluster(Warp &warp, const Instruction &i, Mask lanes) {
  Cluster *cluster = warp.block.cluster;
  if (!cluster)
    return barrier(warp, i, lanes);
  warp.narrow(lanes);
  if (i.flags & isAligned)
    if (Next next = warp.aligned(i); next != Next::Continue)
      return next;
  bool isAllThere = true;
  activeLanes(warp.active, [&](unsigned l) {
    isAllThere &= warp.clusterPhase[l] != cluster->phase();
  });
  if (isAllThere)
    return warp.fragments.empty() ? Next::Continue : Next::Reschedule;
  warp.pending = Fragment();
  warp.blockState = Fragment::State::Cluster;
  return Next::Block;
}

Next warpBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  const uint32_t *members = warp.src<uint32_t>(i.a);
  warp.narrow(lanes);
  Mask set = members[__builtin_ctz(lanes)];
  bool isOne =
      !(lanesWhere([&](unsigned l) { return members[l] != set; }) & lanes);
  if (isOne && !(lanes & ~set)) {
    if (!warp.hasAll(set))
      return warp.waitForLanes(set, true);
    warp.orderLanes(lanes);
    return warp.fragments.empty() ? Next::Continue : Next::Reschedule;
  }
  Next next = Next::Continue;
  if (!gatherLanes(warp, i, lanes, members, next))
    return next;
  forEachSet(lanes, members, [&](Mask group) { warp.orderLanes(group); });
  return Next::Reschedule;
}

void decodeBar(Decoder &decoder) {
  Instruction &out = *decoder.out;
  out.kind = Class::Other;
  bool isBar = decoder.source->opcode == "bar";
  if (decoder.take("warp")) {
    decoder.take("sync");
    decoder.expectOperands(1);
    decoder.src(&Instruction::a, decoder.operand(0), 4);
    out.run = warpBarrier;
    return;
  }
  bool isCluster = decoder.take("cluster");
  decoder.take("cta");
  int what = decoder.takeOne({"sync", "arrive", "red", "wait"});
  out.flags = decoder.take("aligned") || isBar ? isAligned : 0;
  out.run = barrier;
  out.count = 0;
  if (isCluster) {
    decoder.needs(90);
    decoder.takeOne({"acquire", "release", "relaxed"});
    decoder.expectOperands(0);
    if (what != 1 && what != 3)
      decoder.fail("'" + decoder.source->text() + "' lacks what to do");
    out.size = 1;
    out.a = decoder.constant(16, 4);
    out.b = decoder.constant(0, 4);
    out.run = what == 1 ? arriveAtCluster : waitForCluster;
    return;
  }
  if (what < 0 || what == 3)
    decoder.fail("'" + decoder.source->text() + "' lacks what to do");
  size_t at = 0, last = decoder.operandCount();
  if (what == 1)
    out.flags |= arriveOnly;
  if (what == 2) {
    int op = decoder.takeOne({"popc", "and", "or"});
    decoder.takeType();
    if (op < 0)
      decoder.fail("'" + decoder.source->text() + "' lacks a reduction");
    out.count = uint8_t(op + 1);
    if (op == 0)
      decoder.dst(&Instruction::d, decoder.operand(0), 4);
    else
      decoder.dstPredicate(&Instruction::d, decoder.operand(0));
    at = 1;
    --last;
    decoder.srcPredicate(&Instruction::c, decoder.operand(last));
    out.flags |= decoder.operand(last).negated ? flipOperand : 0;
  }
  if (last - at < 1 || last - at > 2 || (what == 1 && last - at != 2))
    decoder.fail("'" + decoder.source->text() +
                 "' with the wrong number of operands");
  decoder.src(&Instruction::a, decoder.operand(at), 4);
  if (last - at == 2)
    decoder.src(&Instruction::b, decoder.operand(at + 1), 4);
  else
    out.b = decoder.constant(0, 4);
}

Next fence(Warp &, const Instruction &, Mask) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return Next::Continue;
}

void decodeFence(Decoder &decoder) {
  decoder.hasFences = true;
  decoder.out->kind = Class::Other;
  decoder.out->run = fence;
  static const char *const known[] = {
      "sc",      "acq_rel",       "acquire",
      "release", "cta",           "cluster",
      "gpu",     "sys",           "gl",
      "level",   "proxy",         "alias",
      "async",   "shared::cta",   "shared::cluster",
      "global",  "async::global", "async::shared::cta",
      "generic", "mbarrier_init", "sync_restrict::shared::cta"};
  for (const char *modifier : known)
    decoder.take(modifier);
  decoder.expectOperands(0);
}

Next nothing(Warp &, const Instruction &, Mask) { return Next::Continue; }
Next sleep(Warp &warp, const Instruction &, Mask) {
  for (unsigned k = 0; k < 64; ++k)
    warp.polled();
  return Next::Continue;
}

void decodeSleep(Decoder &decoder) {
  decoder.takeType();
  decoder.expectOperands(1);
  decoder.src(&Instruction::a, decoder.operand(0), 4);
  decoder.out->kind = Class::Other;
  decoder.out->run = sleep;
}

void decodeHint(Decoder &decoder) {
  for (const char *modifier :
       {"launch_dependents", "wait", "mask", "inc", "dec", "sync", "aligned"})
    decoder.take(modifier);
  if (decoder.hasType())
    decoder.takeType();
  decoder.out->kind = Class::Other;
  decoder.out->run = nothing;
}

} // namespace

void registerBarrierOps(DecodeTable &table) {
  table["bar"] = table["barrier"] = decodeBar;
  table["membar"] = table["fence"] = decodeFence;
  table["nanosleep"] = decodeSleep;
  for (const char *opcode : {"griddepcontrol", "pmevent", "setmaxnreg"})
    table[opcode] = decodeHint;
}

} // namespace emulator
