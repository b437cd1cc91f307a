// SPDX-License-Identifier: Apache-2.0
// mov, cvta, isspacep, and parts of registers.
#include "exec/ops/Elementwise.h"
#include "exec/ops/Memory.h"

#include <chrono>
#include <cstring>

namespace emulator {
namespace {

struct Same {
  template <class T>
  static T run(T a) {
    return a;
  }
};
using Wide = unsigned __int128;

Next movePredicate(Warp &warp, const Instruction &i, Mask lanes) {
  warp.setPredicate(i.d, lanes,
                    warp.predicateValue(i.a) ^ (i.flags ? allLanes : 0));
  return Next::Continue;
}

/// d = a + imm, of addresses.
Next addOffset(Warp &warp, const Instruction &i, Mask lanes) {
  const uint64_t *a = warp.src<uint64_t>(i.a);
  const uint64_t offset = uint64_t(i.imm);
  eachLane(lanes, warp.dst<uint64_t>(i.d),
           [=](unsigned l) { return a[l] + offset; });
  return Next::Continue;
}
Next addOffsetNarrow(Warp &warp, const Instruction &i, Mask lanes) {
  const uint64_t *a = warp.src<uint64_t>(i.a);
  const uint64_t offset = uint64_t(i.imm);
  eachLane(lanes, warp.dst<uint32_t>(i.d),
           [=](unsigned l) { return uint32_t(a[l] + offset); });
  return Next::Continue;
}

enum class Clock : uint8_t {
  Clock,
  ClockHigh,
  Clock64,
  Timer,
  TimerLow,
  TimerHigh
};

uint64_t clockValue(Warp &warp, Clock which) {
  uint64_t nanoseconds =
      uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count());
  // The block's instructions count as cycles; they move on while it runs.
  uint64_t cycles =
      uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
  switch (which) {
  case Clock::Clock:
  case Clock::Clock64:
    return cycles;
  case Clock::ClockHigh:
    return cycles >> 32;
  case Clock::TimerHigh:
    return nanoseconds >> 32;
  default:
    return nanoseconds;
  }
}

template <class T>
Next readClock(Warp &warp, const Instruction &i, Mask lanes) {
  warp.polled();
  T value = T(clockValue(warp, Clock(i.flags)));
  eachLane(lanes, warp.dst<T>(i.d), [=](unsigned) { return value; });
  return Next::Continue;
}

bool decodeClock(Decoder &decoder, const std::string &name, unsigned width) {
  static const std::map<std::string_view, Clock> clocks = {
      {"%clock", Clock::Clock},
      {"%clock_hi", Clock::ClockHigh},
      {"%clock64", Clock::Clock64},
      {"%globaltimer", Clock::Timer},
      {"%globaltimer_lo", Clock::TimerLow},
      {"%globaltimer_hi", Clock::TimerHigh}};
  auto found = clocks.find(name);
  if (found == clocks.end())
    return false;
  decoder.out->flags = uint8_t(found->second);
  decoder.out->run = width == 8 ? readClock<uint64_t> : readClock<uint32_t>;
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  return true;
}

/// R in parts of type P.
template <class R, class P>
Next pack(Warp &warp, const Instruction &i, Mask lanes) {
  constexpr unsigned count = sizeof(R) / sizeof(P);
  const int32_t *slots = static_cast<const VectorSlots *>(i.extra)->slot;
  const P *parts[count];
  for (unsigned k = 0; k < count; ++k)
    parts[k] = warp.src<P>(slots[k]);
  eachLane(lanes, warp.dst<R>(i.d), [&](unsigned l) {
    R value = 0;
    for (unsigned k = 0; k < count; ++k)
      value |= R(parts[k][l]) << (8 * sizeof(P) * k);
    return value;
  });
  return Next::Continue;
}
template <class R, class P>
Next unpack(Warp &warp, const Instruction &i, Mask lanes) {
  constexpr unsigned count = sizeof(R) / sizeof(P);
  const int32_t *slots = static_cast<const VectorSlots *>(i.extra)->slot;
  const R *a = warp.src<R>(i.a);
  for (unsigned k = 0; k < count; ++k)
    eachLane(lanes, warp.dst<P>(slots[k]),
             [=](unsigned l) { return P(a[l] >> (8 * sizeof(P) * k)); });
  return Next::Continue;
}

template <class R, class P>
Handler partsOf(bool isPack) {
  return isPack ? pack<R, P> : unpack<R, P>;
}

void decodeParts(Decoder &decoder, Type type, bool isPack) {
  const Operand &vector = decoder.operand(isPack ? 1 : 0);
  unsigned width = ptx::sizeOf(type), count = unsigned(vector.elements.size());
  Handler handler = nullptr;
  if (width == 4 && count == 2)
    handler = partsOf<uint32_t, uint16_t>(isPack);
  if (width == 8 && count == 2)
    handler = partsOf<uint64_t, uint32_t>(isPack);
  if (width == 8 && count == 4)
    handler = partsOf<uint64_t, uint16_t>(isPack);
  if (width == 16 && count == 2)
    handler = partsOf<Wide, uint64_t>(isPack);
  if (width == 16 && count == 4)
    handler = partsOf<Wide, uint32_t>(isPack);
  if (!handler)
    decoder.fail("'" + decoder.source->text() + "' of " +
                 std::to_string(count) + " parts");
  auto *slots = decoder.extra<VectorSlots>();
  for (unsigned k = 0; k < count; ++k)
    if (isPack)
      decoder.srcExternal(&slots->slot[k], vector.elements[k], width / count);
    else
      decoder.dstExternal(&slots->slot[k], vector.elements[k], width / count);
  if (isPack)
    decoder.dst(&Instruction::d, decoder.operand(0), width);
  else
    decoder.src(&Instruction::a, decoder.operand(1), width);
  decoder.out->run = handler;
}

/// An operand that names a variable whose address depends on the thread or the
/// launch; false if it doesn't.
bool decodeLocalAddress(Decoder &decoder, const Operand &operand,
                        Space &space) {
  if (operand.kind != Operand::Kind::Symbol || !operand.variable)
    return false;
  if (operand.variable->space != Space::Local &&
      operand.variable->space != Space::Param)
    return false;
  Operand address;
  address.kind = Operand::Kind::Address;
  address.offset = operand.offset;
  address.elements.push_back(operand);
  space = Space::None;
  decoder.address(&Instruction::a, address, space);
  return true;
}

Next isClusterExplicit(Warp &warp, const Instruction &i, Mask lanes);

void decodeMov(Decoder &decoder) {
  Type type = decoder.takeType();
  decoder.expectOperands(2);
  Instruction &out = *decoder.out;
  out.kind = Class::Move;
  const Operand &to = decoder.operand(0), &from = decoder.operand(1);
  if (type == Type::Pred) {
    decoder.dstPredicate(&Instruction::d, to);
    if (from.kind == Operand::Kind::Special &&
        from.name == "%is_explicit_cluster") {
      out.run = isClusterExplicit;
      return;
    }
    decoder.srcPredicate(&Instruction::a, from);
    out.flags = from.negated;
    out.run = movePredicate;
    return;
  }
  unsigned width = std::max(2u, ptx::sizeOf(type));
  if (to.kind == Operand::Kind::Vector || from.kind == Operand::Kind::Vector)
    return decodeParts(decoder, type, from.kind == Operand::Kind::Vector);
  if (from.kind == Operand::Kind::Special &&
      decodeClock(decoder, from.name, width))
    return;
  decoder.dst(&Instruction::d, to, width);
  Space space = Space::None;
  if (decodeLocalAddress(decoder, from, space)) {
    out.run = width == 8 ? addOffset : addOffsetNarrow;
    return;
  }
  decoder.src(&Instruction::a, from, width, type);
  out.run = width == 2   ? unary<Same, uint16_t, uint16_t>
            : width == 4 ? unary<Same, uint32_t, uint32_t>
            : width == 8 ? unary<Same, uint64_t, uint64_t>
                         : unary<Same, Wide, Wide>;
}

void decodeCvta(Decoder &decoder) {
  bool isTo = decoder.take("to");
  Space space = takeSpace(decoder);
  Type type = decoder.takeType();
  if (type != Type::U64)
    decoder.fail("'" + decoder.source->text() + "': addresses have 64 bits");
  decoder.expectOperands(2);
  Instruction &out = *decoder.out;
  out.kind = Class::Move;
  decoder.dst(&Instruction::d, decoder.operand(0), 8);
  Space found = Space::None;
  const Operand &from = decoder.operand(1);
  if (!decodeLocalAddress(decoder, from, found)) {
    found = space;
    decoder.src(&Instruction::a, from, 8);
  }
  uint64_t window = 0;
  // Parameters of functions lie in local memory, those of kernels don't.
  if (space == Space::Shared)
    window = decoder.symbols.memory->sharedWindow();
  else if (space == Space::Local ||
           (space == Space::Param && found == Space::Local))
    window = decoder.symbols.memory->localWindow();
  out.imm += isTo ? -int64_t(window) : int64_t(window);
  out.run = addOffset;
}

Next isSpace(Warp &warp, const Instruction &i, Mask lanes) {
  const uint64_t *a = warp.src<uint64_t>(i.a);
  const DeviceMemory &memory = warp.block.launch.memory;
  const uint64_t shared = memory.sharedWindow(), local = memory.localWindow();
  Mask value = lanesWhere([=, &i](unsigned l) {
    bool isShared = a[l] - shared < (i.imm ? DeviceMemory::sharedBlockBytes
                                           : DeviceMemory::sharedWindowBytes);
    bool isLocal = a[l] - local < DeviceMemory::localWindowBytes;
    switch (Space(i.flags)) {
    case Space::Shared:
      return isShared;
    case Space::Local:
      return isLocal;
    case Space::Global:
      return !isShared && !isLocal;
    default:
      return false;
    }
  });
  if (Space(i.flags) == Space::Const || Space(i.flags) == Space::Param)
    activeLanes(lanes, [&](unsigned l) {
      uint64_t first = warp.block.launch.parameters;
      if (Space(i.flags) == Space::Param &&
          a[l] - first < std::max(16u, warp.block.launch.kernel.parameterBytes))
        value |= 1u << l;
    });
  warp.setPredicate(i.d, lanes, value);
  return Next::Continue;
}

/// Where a block of the cluster sees what another has at the same place of its
/// shared memory. flags: the address is generic.
template <class T>
Next mapAddress(Warp &warp, const Instruction &i, Mask lanes) {
  constexpr uint64_t stride = DeviceMemory::sharedBlockBytes;
  const T *a = warp.src<T>(i.a);
  const uint32_t *rank = warp.src<uint32_t>(i.b);
  const uint64_t window = i.flags ? warp.block.launch.memory.sharedWindow() : 0;
  const bool isAlone = !warp.block.cluster;
  eachLane(lanes, warp.dst<T>(i.d), [=](unsigned l) {
    const uint64_t offset = (a[l] - window + uint64_t(i.imm)) % stride;
    return T(window + offset + (isAlone ? 0 : (rank[l] + 1) * stride));
  });
  return Next::Continue;
}

template <class T>
Next rankOfAddress(Warp &warp, const Instruction &i, Mask lanes) {
  constexpr uint64_t stride = DeviceMemory::sharedBlockBytes;
  const T *a = warp.src<T>(i.a);
  const uint64_t window = i.flags ? warp.block.launch.memory.sharedWindow() : 0;
  const uint32_t own = warp.block.rank;
  eachLane(lanes, warp.dst<uint32_t>(i.d), [=](unsigned l) {
    const uint64_t offset = a[l] - window + uint64_t(i.imm);
    return offset < stride ? own : uint32_t(offset / stride - 1);
  });
  return Next::Continue;
}

/// mapa, getctarank.
void decodeClusterAddress(Decoder &decoder) {
  decoder.needs(90);
  const bool isMap = decoder.source->opcode == "mapa";
  const bool isGeneric = takeSpace(decoder) == Space::None;
  const unsigned width = ptx::sizeOf(decoder.takeType());
  decoder.expectOperands(isMap ? 3 : 2);
  Instruction &out = *decoder.out;
  out.kind = Class::Move;
  out.flags = isGeneric;
  decoder.dst(&Instruction::d, decoder.operand(0), isMap ? width : 4);
  decoder.src(&Instruction::a, decoder.operand(1), width);
  if (isMap)
    decoder.src(&Instruction::b, decoder.operand(2), 4);
  out.run = isMap ? (width == 8 ? Handler(mapAddress<uint64_t>)
                                : Handler(mapAddress<uint32_t>))
                  : (width == 8 ? Handler(rankOfAddress<uint64_t>)
                                : Handler(rankOfAddress<uint32_t>));
}

Next isClusterExplicit(Warp &warp, const Instruction &i, Mask lanes) {
  warp.setPredicate(i.d, lanes,
                    warp.block.launch.config.isClusterExplicit ? allLanes : 0);
  return Next::Continue;
}

void decodeIsspacep(Decoder &decoder) {
  // .shared means .shared::cta.
  const bool isOwn = decoder.has("shared") || decoder.has("shared::cta");
  decoder.out->imm = isOwn;
  Space space = takeSpace(decoder);
  decoder.expectOperands(2);
  decoder.out->kind = Class::Move;
  decoder.out->flags = uint8_t(space);
  decoder.out->run = isSpace;
  decoder.dstPredicate(&Instruction::d, decoder.operand(0));
  decoder.src(&Instruction::a, decoder.operand(1), 8);
}

} // namespace

void registerMoveOps(DecodeTable &table) {
  table["mov"] = decodeMov;
  table["cvta"] = decodeCvta;
  table["isspacep"] = decodeIsspacep;
  table["mapa"] = table["getctarank"] = decodeClusterAddress;
}

} // namespace emulator
