// SPDX-License-Identifier: Apache-2.0
// ld, st, ldu, prefetch.
#include "exec/ops/Memory.h"

#include "exec/Undefined.h"

#include <cstring>

namespace emulator {
namespace {

using Wide = unsigned __int128;

const int32_t *slotsOf(const Instruction &i) {
  return i.count == 1 ? &i.d : static_cast<const VectorSlots *>(i.extra)->slot;
}

void afterLoad(Warp &warp, const Instruction &i, Mask lanes,
               const uint64_t (&addresses)[32]) {
  if (!(i.flags & strongAccess))
    return;
  warp.polled();
  if (warp.block.launch.kernel.code->hasFences)
    activeLanes(lanes, [&](unsigned l) {
      warp.block.shared.takeOver(warp, addresses[l]);
    });
}

void beforeStore(Warp &warp, const Instruction &i, Mask lanes,
                 const uint64_t (&addresses)[32]) {
  if ((i.flags & strongAccess) && warp.block.launch.kernel.code->hasFences)
    activeLanes(lanes, [&](unsigned l) {
      warp.block.shared.publish(warp, addresses[l]);
    });
}

Next afterStore(Warp &warp, const Instruction &i, Mask lanes,
                const Lanes &where, unsigned width, unsigned bytes) {
  if (!warp.isTracking ||
      noteStored(warp, i, lanes, where, slotsOf(i), width, bytes))
    return Next::Continue;
  return Next::Fault;
}

/// R: the register's type; M: the memory's.
template <class R, class M>
Next load(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  Lanes where;
  where.tracks = true;
  // What a strong load takes over comes before its own access to shared memory.
  afterLoad(warp, i, lanes, addresses);
  if (!resolve(warp, i, lanes, Space(i.e), addresses,
               unsigned(sizeof(M) * i.count), sizeof(M), AccessKind::Load,
               where))
    return Next::Fault;
  const int32_t *slots = slotsOf(i);
  if (where.unwritten.lanes)
    noteLoaded(warp, i, lanes, where, addresses, slots, sizeof(R), sizeof(M),
               std::is_signed_v<M>);
  for (unsigned e = 0; e < i.count; ++e) {
    R *d = warp.dst<R>(slots[e]);
    if (where.isContiguous && i.count == 1) {
      const M *from = reinterpret_cast<const M *>(where.at[0]);
      for (unsigned l = 0; l < warpSize; ++l)
        d[l] = R(from[l]);
    } else if (lanes == allLanes) {
      for (unsigned l = 0; l < warpSize; ++l)
        d[l] = R(reinterpret_cast<const M *>(where.at[l])[e]);
    } else {
      activeLanes(lanes, [&](unsigned l) {
        d[l] = R(reinterpret_cast<const M *>(where.at[l])[e]);
      });
    }
  }
  return Next::Continue;
}

template <class R, class M>
Next store(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  Lanes where;
  const unsigned bytes = unsigned(sizeof(M) * i.count);
  if (!resolve(warp, i, lanes, Space(i.e), addresses, bytes, sizeof(M),
               AccessKind::Store, where))
    return Next::Fault;
  const Mask stored = lanes;
  beforeStore(warp, i, lanes, addresses);
  const int32_t *slots = slotsOf(i);
  const bool isNoted = where.shared && where.cells &&
                       warp.block.shared.write(warp, *where.cells, where.low,
                                               i.flags & strongAccess);
  if (where.shared && !isNoted) {
    for (Mask rest = where.shared; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      alignas(16) M value[8];
      for (unsigned e = 0; e < i.count; ++e)
        value[e] = M(warp.src<R>(slots[e])[l]);
      if (!warp.block.shared.access(warp, l, where.offset[l], bytes,
                                    SharedMemory::Access::Write,
                                    i.flags & strongAccess, value, i))
        return Next::Fault;
      std::memcpy(where.at[l], value, bytes);
    }
    lanes &= ~where.shared;
    if (!lanes)
      return afterStore(warp, i, stored, where, sizeof(R), sizeof(M));
  }
  for (unsigned e = 0; e < i.count; ++e) {
    const R *s = warp.src<R>(slots[e]);
    if (where.isContiguous && i.count == 1) {
      M *to = reinterpret_cast<M *>(where.at[0]);
      for (unsigned l = 0; l < warpSize; ++l)
        to[l] = M(s[l]);
    } else {
      activeLanes(lanes, [&](unsigned l) {
        reinterpret_cast<M *>(where.at[l])[e] = M(s[l]);
      });
    }
  }
  if (lanes & ~where.shared)
    markStored(warp, lanes, where, bytes);
  return afterStore(warp, i, stored, where, sizeof(R), sizeof(M));
}

/// A parameter of the kernel: the same for all lanes.
template <class R, class M>
Next loadParameter(Warp &warp, const Instruction &i, Mask lanes) {
  const M *from = static_cast<const M *>(
      DeviceMemory::host(warp.block.launch.parameters + uint64_t(i.imm)));
  const int32_t *slots = slotsOf(i);
  for (unsigned e = 0; e < i.count; ++e) {
    M value;
    std::memcpy(&value, from + e, sizeof value);
    R *d = warp.dst<R>(slots[e]);
    eachLane(lanes, d, [&](unsigned) { return R(value); });
  }
  return Next::Continue;
}

enum class Form : uint8_t { Load, Store, Parameter };

template <class R, class M>
Handler pick(Form form) {
  switch (form) {
  case Form::Load:
    return load<R, M>;
  case Form::Store:
    return store<R, M>;
  case Form::Parameter:
    return loadParameter<R, M>;
  }
  return nullptr;
}

template <class M>
Handler pickRegister(Form form, unsigned width) {
  if constexpr (sizeof(M) <= 2)
    if (width == 2)
      return pick<std::conditional_t<std::is_signed_v<M>, int16_t, uint16_t>,
                  M>(form);
  if constexpr (sizeof(M) <= 4)
    if (width == 4)
      return pick<std::conditional_t<std::is_signed_v<M>, int32_t, uint32_t>,
                  M>(form);
  if constexpr (sizeof(M) <= 8)
    if (width == 8)
      return pick<std::conditional_t<std::is_signed_v<M>, int64_t, uint64_t>,
                  M>(form);
  if constexpr (sizeof(M) == 16)
    if (width == 16)
      return pick<Wide, Wide>(form);
  return nullptr;
}

Handler handlerFor(Form form, Type type, unsigned width) {
  switch (type) {
  case Type::S8:
    return pickRegister<int8_t>(form, width);
  case Type::S16:
    return pickRegister<int16_t>(form, width);
  case Type::S32:
    return pickRegister<int32_t>(form, width);
  default:
    break;
  }
  switch (ptx::sizeOf(type)) {
  case 1:
    return pickRegister<uint8_t>(form, width);
  case 2:
    return pickRegister<uint16_t>(form, width);
  case 4:
    return pickRegister<uint32_t>(form, width);
  case 8:
    return pickRegister<uint64_t>(form, width);
  case 16:
    return pickRegister<Wide>(form, width);
  default:
    return nullptr;
  }
}

/// The registers of a load or store; returns their width.
unsigned values(Decoder &decoder, const Operand &operand, unsigned count,
                Type type, bool isLoad) {
  const unsigned size = std::max(2u, ptx::sizeOf(type));
  auto widthOf = [&](const Operand &value) {
    return std::max(2u, decoder.widthOf(value, size));
  };
  if (count == 1 && operand.kind != Operand::Kind::Vector) {
    unsigned width = widthOf(operand);
    if (isLoad)
      decoder.dst(&Instruction::d, operand, width);
    else
      decoder.src(&Instruction::d, operand, width, type);
    return width;
  }
  if (operand.kind != Operand::Kind::Vector || operand.elements.size() != count)
    decoder.fail("'" + decoder.source->text() + "' needs " +
                 std::to_string(count) + " registers in braces");
  VectorSlots *slots = nullptr;
  if (count > 1)
    slots = decoder.extra<VectorSlots>();
  unsigned width = 0;
  for (const Operand &element : operand.elements)
    if (element.kind == Operand::Kind::Register)
      width = width ? width : widthOf(element);
  width = width ? width : size;
  for (unsigned e = 0; e < count; ++e) {
    int32_t *slot = slots ? &slots->slot[e] : nullptr;
    if (!slot && isLoad)
      decoder.dst(&Instruction::d, operand.elements[e], width);
    else if (!slot)
      decoder.src(&Instruction::d, operand.elements[e], width, type);
    else if (isLoad)
      decoder.dstExternal(slot, operand.elements[e], width);
    else
      decoder.srcExternal(slot, operand.elements[e], width, type);
  }
  return width;
}

void decodeAccess(Decoder &decoder, bool isLoad) {
  takeSemantics(decoder);
  Space space = takeSpace(decoder);
  decoder.take("nc");
  bool hasHint = takeCacheHints(decoder);
  if (isLoad)
    decoder.take("unified");
  unsigned count = 1;
  if (int vector = decoder.takeOne({"v2", "v4", "v8"}); vector >= 0)
    count = 2u << vector;
  Type type = decoder.takeType();
  if (type == Type::Pred || type == Type::F16x2 || type == Type::BF16x2)
    decoder.fail("'" + decoder.source->text() +
                 "' has a type that memory doesn't have");
  decoder.expectOperands(2, hasHint ? 3 : 2);
  if (hasHint) {
    decoder.expectOperands(3);
    decoder.src(&Instruction::c, decoder.operand(2), 8);
  }
  Instruction &out = *decoder.out;
  out.kind = Class::Memory;
  out.count = uint8_t(count);
  out.size = uint8_t(ptx::sizeOf(type));
  if (count > 1 && (type == Type::F32 || type == Type::F64))
    out.flags |= hasNoPadding;
  if (out.size * count > 32)
    decoder.fail("'" + decoder.source->text() + "' moves more than 32 bytes");
  unsigned width =
      values(decoder, decoder.operand(isLoad ? 0 : 1), count, type, isLoad);
  decoder.address(&Instruction::a, decoder.operand(isLoad ? 1 : 0), space);
  bool isParameter =
      space == Space::Param && decoder.references.size() &&
      decoder.operand(1).kind == Operand::Kind::Address &&
      decoder.operand(1).elements[0].kind == Operand::Kind::Symbol && isLoad;
  if (space == Space::Const && !isLoad)
    decoder.fail("constant memory can't be written");
  noteSharedAccess(decoder, space, out.size);
  out.e = int32_t(space);
  out.run = handlerFor(isParameter ? Form::Parameter
                       : isLoad    ? Form::Load
                                   : Form::Store,
                       type, width);
  if (!out.run)
    decoder.fail("'" + decoder.source->text() +
                 "' with a register of another size");
}

void decodeLoad(Decoder &decoder) { decodeAccess(decoder, true); }
void decodeStore(Decoder &decoder) { decodeAccess(decoder, false); }

Next nothing(Warp &, const Instruction &, Mask) { return Next::Continue; }

/// prefetch, prefetchu, applypriority, discard, createpolicy's users: hints.
void decodePrefetch(Decoder &decoder) {
  takeSpace(decoder);
  takeCacheHints(decoder);
  decoder.takeOne({"L1", "L2", "L2::evict_normal", "L2::evict_last"});
  Space space = Space::None;
  decoder.expectOperands(1, 2);
  decoder.address(&Instruction::a, decoder.operand(0), space);
  decoder.out->kind = Class::Memory;
  decoder.out->run = nothing;
}

Next policy(Warp &warp, const Instruction &i, Mask lanes) {
  eachLane(lanes, warp.dst<uint64_t>(i.d),
           [](unsigned) { return uint64_t(0); });
  return Next::Continue;
}

void decodePolicy(Decoder &decoder) {
  while (!decoder.next().empty())
    decoder.drop(decoder.next());
  decoder.dst(&Instruction::d, decoder.operand(0), 8);
  decoder.out->run = policy;
}

} // namespace

void takeSemantics(Decoder &decoder) {
  Instruction &out = *decoder.out;
  if (decoder.take("weak"))
    return;
  if (decoder.take("volatile")) {
    out.flags |= strongAccess;
  } else if (int which = decoder.takeOne(
                 {"relaxed", "acquire", "release", "acq_rel", "mmio"});
             which >= 0) {
    out.flags |= strongAccess;
    if (which >= 1 && which <= 3)
      decoder.hasFences = true;
    decoder.takeOne({"cta", "cluster", "gpu", "sys"});
    if (which == 4) {
      decoder.take("relaxed");
    }
  }
}

bool takeCacheHints(Decoder &decoder) {
  decoder.takeOne({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  decoder.takeOne({"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first",
                   "L1::evict_last", "L1::no_allocate"});
  decoder.takeOne({"L2::evict_normal", "L2::evict_first", "L2::evict_last"});
  bool hasHint = decoder.take("L2::cache_hint");
  decoder.takeOne({"L2::64B", "L2::128B", "L2::256B"});
  return hasHint;
}

Space takeSpace(Decoder &decoder) {
  switch (decoder.takeOne({"global", "shared", "shared::cta", "local", "const",
                           "param", "param::entry", "param::func",
                           "shared::cluster"})) {
  case 0:
    return Space::Global;
  case 1:
  case 2:
  case 8:
    return Space::Shared;
  case 3:
    return Space::Local;
  case 4:
    return Space::Const;
  case 5:
  case 6:
  case 7:
    return Space::Param;
  default:
    return Space::None;
  }
}

void noteSharedAccess(Decoder &decoder, Space space, unsigned bytes) {
  if (space == Space::Shared || space == Space::None)
    decoder.smallestShared =
        std::min(decoder.smallestShared, std::max(1u, bytes));
}

void registerMemoryOps(DecodeTable &table) {
  table["ld"] = decodeLoad;
  table["ldu"] = decodeLoad;
  table["st"] = decodeStore;
  table["prefetch"] = decodePrefetch;
  table["prefetchu"] = decodePrefetch;
  table["applypriority"] = decodePrefetch;
  table["discard"] = decodePrefetch;
  table["createpolicy"] = decodePolicy;
}

} // namespace emulator
