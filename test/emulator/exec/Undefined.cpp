// SPDX-License-Identifier: Apache-2.0
#include "exec/Undefined.h"

#include "exec/Effects.h"
#include "exec/ops/Matrix.h"
#include "exec/ops/Memory.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace emulator {
namespace {

constexpr uint16_t wasComputed = 0x8000;

/// Constants that are all zero: what is constant has no undefined bits.
uint8_t *zeroConstants() {
  static uint8_t *const zeros = [] {
    void *mapped = mmap(nullptr, ConstantPool::capacity, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mapped == MAP_FAILED ? nullptr : static_cast<uint8_t *>(mapped);
  }();
  return zeros;
}

/// While it lives, handlers see states instead of values.
class OnStates {
public:
  explicit OnStates(Warp &warp)
      : warp(warp), values(warp.base[0]), constants(warp.base[1]) {
    warp.base[0] += warp.frame->code->registerBytes;
    warp.base[1] = zeroConstants();
  }
  ~OnStates() {
    warp.base[0] = values;
    warp.base[1] = constants;
  }

private:
  Warp &warp;
  uint8_t *const values, *const constants;
};

uint8_t *states(const Warp &warp, int32_t slot) {
  return warp.base[0] + warp.frame->code->registerBytes + slot;
}

/// The lanes in which some of a register is undefined.
Mask undefinedLanes(const Warp &warp, const Place &place) {
  const uint8_t *from = states(warp, place.slot);
  Mask mask = 0;
  if (!place.width) {
    std::memcpy(&mask, from, sizeof mask);
    return mask;
  }
  for (unsigned l = 0; l < warpSize; ++l, from += place.width)
    mask |= Mask(std::any_of(from, from + place.width,
                             [](uint8_t state) { return state != 0; }))
            << l;
  return mask;
}

uint16_t *originsOf(const Warp &warp, int32_t slot) {
  std::vector<uint16_t> &origins = warp.frame->origins;
  const size_t count = warp.frame->code->registerBytes / 2;
  if (origins.size() < count)
    origins.resize(count);
  return &origins[size_t(slot) / 2];
}

/// Predicates have room for one origin.
uint16_t &originOfLane(const Warp &warp, const Place &place, unsigned lane) {
  return originsOf(warp, place.slot)[place.width ? lane : 0];
}

/// Makes a result undefined in `undefined`, and defined in the rest of `lanes`.
void setResult(Warp &warp, const Place &place, Mask lanes, Mask undefined) {
  uint8_t *to = states(warp, place.slot);
  if (!place.width) {
    Mask mask;
    std::memcpy(&mask, to, sizeof mask);
    mask = (mask & ~lanes) | undefined;
    std::memcpy(to, &mask, sizeof mask);
    return;
  }
  activeLanes(lanes, [&](unsigned l) {
    std::memset(to + l * place.width, undefined >> l & 1 ? 0xFF : 0,
                place.width);
  });
}

const Origin *originNumbered(const Warp &warp, uint16_t origin) {
  const size_t number = size_t(origin & ~wasComputed);
  return number && number <= warp.origins.size() ? &warp.origins[number - 1]
                                                 : nullptr;
}

/// A use of what is undefined that the load is to blame for.
Next use(Warp &warp, Mask lanes, uint16_t origin) {
  const Origin *found = originNumbered(warp, origin);
  if (!found)
    return Next::Continue;
  const Origin &from = *found;
  const Mask known = lanes & from.lanes;
  const unsigned lane = unsigned(__builtin_ctz(known ? known : from.lanes));
  if (from.shared >> lane & 1) {
    // A race on it may yet be found.
    warp.block.suspect(warp, lane, *from.load,
                       "reads " +
                           warp.block.shared.describe(from.addresses[lane]) +
                           ", which was never written");
    return Next::Continue;
  }
  char text[96];
  snprintf(text, sizeof text,
           "reads %u bytes at 0x%llx%s, which was never written", from.bytes,
           static_cast<unsigned long long>(from.addresses[lane]),
           from.local >> lane & 1 ? " of local memory" : "");
  return warp.fault(FaultKind::Uninitialised, 1u << lane, *from.load, text);
}

class Tracker {
public:
  Tracker(Warp &warp, const Instruction &i, Mask lanes)
      : warp(warp), i(i), lanes(lanes), code(*warp.frame->code),
        effects(code.effects[size_t(&i - code.instructions.data())]),
        first(code.places.data() + effects.first), last(first + effects.count) {
  }

  Next run() {
    if (i.guard >= 0 && !(i.guard & 1)) {
      const Place guard{i.guard, 0, Place::Role::Control};
      if (Mask bad = undefinedLanes(warp, guard) & warp.active)
        if (use(warp, bad, originOfLane(warp, guard, 0)) == Next::Fault)
          return Next::Fault;
    }
    if (!lanes)
      return Next::Continue;
    findSources();
    if (effects.passing == Passing::Loaded ||
        effects.passing == Passing::Stored ||
        effects.passing == Passing::Used) {
      if (control && use(warp, control, origin) == Next::Fault)
        return Next::Fault;
      if (effects.passing == Passing::Used && value &&
          use(warp, value, origin) == Next::Fault)
        return Next::Fault;
    } else if (effects.passing == Passing::Called) {
      if (control && use(warp, control, origin) == Next::Fault)
        return Next::Fault;
    } else if (value | control) {
      return runUndefined();
    }
    setResults(lanes, 0);
    return i.run(warp, i, lanes);
  }

private:
  void findSources() {
    for (const Place *place = first; place != last; ++place) {
      if (place->role == Place::Role::Result)
        continue;
      const Mask bad = undefinedLanes(warp, *place) & lanes;
      (place->role == Place::Role::Value ? value : control) |= bad;
      if (bad && !source) {
        source = place;
        origin = originOfLane(warp, *place, unsigned(__builtin_ctz(bad)));
      }
    }
  }

  void setResults(Mask where, Mask undefined) {
    for (const Place *place = first; place != last; ++place)
      if (place->role == Place::Role::Result)
        setResult(warp, *place, where, undefined);
  }

  /// Says where the undefined bits of results come from.
  void setOrigins(Mask where, bool isComputed) {
    uint16_t from[warpSize];
    std::fill(std::begin(from), std::end(from), origin);
    Mask rest = where;
    for (const Place *place = first; place != last; ++place) {
      if (place->role == Place::Role::Result)
        continue;
      const Mask bad = undefinedLanes(warp, *place) & rest;
      rest &= ~bad;
      activeLanes(bad,
                  [&](unsigned l) { from[l] = originOfLane(warp, *place, l); });
    }
    for (uint16_t &each : from)
      each |= isComputed ? wasComputed : 0;
    for (const Place *place = first; place != last; ++place)
      if (place->role == Place::Role::Result)
        activeLanes(where, [&](unsigned l) {
          originOfLane(warp, *place, l) = from[l];
        });
  }

  Next runUndefined() {
    const Mask undefined = value | control;
    Next next = Next::Continue;
    switch (control ? Passing::Computed : effects.passing) {
    case Passing::Copied: {
      setOrigins(lanes, false);
      OnStates states(warp);
      next = i.run(warp, i, lanes);
      break;
    }
    case Passing::Exchanged:
    case Passing::Moved:
      next = move();
      break;
    case Passing::Product: {
      if (warp.alive & ~lanes)
        break; // it waits for them
      setOrigins(lanes, true);
      OnStates states(warp);
      multiplyStates(warp, *static_cast<const MatrixOp *>(i.extra));
      break;
    }
    case Passing::Logic:
      setOrigins(lanes, true);
      logic();
      break;
    case Passing::Predicates:
      setOrigins(lanes, true);
      predicates();
      break;
    case Passing::Selected:
      setOrigins(lanes, false);
      select();
      break;
    case Passing::Difference: {
      const Mask rest = undefined & ~cancelled();
      setOrigins(undefined, true);
      setResults(lanes, rest);
      break;
    }
    case Passing::Gathered:
      return gather();
    default:
      setOrigins(undefined, true);
      setResults(lanes, undefined);
      break;
    }
    if (next != Next::Continue && next != Next::Reschedule)
      return next;
    // A shuffle of several groups may have left some waiting.
    const Next done = i.run(warp, i, lanes & warp.active);
    return done == Next::Continue ? next : done;
  }

  Next move() {
    setOrigins(lanes, effects.passing == Passing::Moved);
    Instruction moved = i;
    const int32_t offset = int32_t(code.registerBytes);
    auto ofStates = [&](int32_t Instruction::*field) {
      int32_t &slot = moved.*field;
      if (!isControl(field))
        slot = slot & 1 ? code.zeroSlot : slot + offset;
    };
    for (int32_t Instruction::*field :
         {&Instruction::a, &Instruction::b, &Instruction::c, &Instruction::e})
      ofStates(field);
    moved.d += offset;
    for (const Place *place = first; place != last; ++place)
      if (place->role == Place::Role::Result && !place->width)
        setResult(warp, *place, lanes, 0);
    return i.run(warp, moved, lanes);
  }
  bool isControl(int32_t Instruction::*field) const {
    return emulator::isControl(effects, field);
  }

  /// The lanes that take away what was added before: an exclusive sum is the
  /// inclusive one without the own value, whatever that is. Without
  /// optimisation both have been in local memory, and nobody knows more.
  Mask cancelled() const {
    if ((i.a | i.b) & 1)
      return 0;
    const Place a = {i.a, result()->width, Place::Role::Value},
                b = {i.b, result()->width, Place::Role::Value};
    Mask mask = 0;
    activeLanes(
        undefinedLanes(warp, a) & undefinedLanes(warp, b) & lanes,
        [&](unsigned l) {
          const Origin *from = originNumbered(warp, originOfLane(warp, a, l)),
                       *other = originNumbered(warp, originOfLane(warp, b, l));
          mask |= Mask(from && other &&
                       (from == other || (from->local & other->local) >> l & 1))
                  << l;
        });
    return mask;
  }

  Next gather() {
    // Results may lie where operands did.
    const uint16_t from = origin | wasComputed;
    const Next next = i.run(warp, i, lanes);
    if (next != Next::Continue && next != Next::Reschedule)
      return next;
    const Mask done = lanes & warp.active;
    for (const Place *place = first; place != last; ++place) {
      if (place->role != Place::Role::Result)
        continue;
      setResult(warp, *place, done, done);
      activeLanes(done,
                  [&](unsigned l) { originOfLane(warp, *place, l) = from; });
    }
    return next;
  }

  const Place *result() const {
    return std::find_if(first, last, [](const Place &place) {
      return place.role == Place::Role::Result;
    });
  }

  uint64_t word(const uint8_t *from, unsigned lane, unsigned width) const {
    uint64_t bits = 0;
    std::memcpy(&bits, from + lane * width, width);
    return bits;
  }
  uint64_t valueOf(int32_t slot, unsigned lane, unsigned width) const {
    return word(warp.src<uint8_t>(slot), lane, width);
  }
  uint64_t stateOf(int32_t slot, unsigned lane, unsigned width) const {
    return slot & 1 ? 0 : word(states(warp, slot), lane, width);
  }

  /// The bits that change with undefined bits of operands.
  void logic() {
    const Place &to = *result();
    const uint8_t table = effects.table ? effects.table : uint8_t(i.imm);
    const unsigned count = effects.table == 0      ? 3
                           : effects.table == 0x0F ? 1
                                                   : 2;
    const int32_t slots[] = {i.a, i.b, i.c};
    activeLanes(lanes, [&](unsigned l) {
      uint64_t value[3] = {}, state[3] = {};
      for (unsigned k = 0; k < count; ++k) {
        value[k] = valueOf(slots[k], l, to.width);
        state[k] = stateOf(slots[k], l, to.width);
      }
      uint64_t differs = 0, first = 0;
      for (unsigned choice = 0; choice < 8; ++choice) {
        uint64_t bits = 0, x[3];
        for (unsigned k = 0; k < 3; ++k)
          x[k] = value[k] ^ (choice >> k & 1 ? state[k] : 0);
        for (unsigned row = 0; row < 8; ++row)
          if (table >> row & 1)
            bits |= (row & 4 ? x[0] : ~x[0]) & (row & 2 ? x[1] : ~x[1]) &
                    (row & 1 ? x[2] : ~x[2]);
        first = choice ? first : bits;
        differs |= bits ^ first;
      }
      // Flags are set one by one: that defines none of the others.
      if (effects.table == 0xFC && ((i.a | i.b) & 1))
        differs = state[0] | state[1];
      std::memcpy(states(warp, to.slot) + l * to.width, &differs, to.width);
    });
  }

  void predicates() {
    const Mask a = warp.predicateValue(i.a) ^ (i.flags & 1 ? allLanes : 0);
    const Mask undefinedA = maskOf(i.a);
    Mask undefined = undefinedA;
    if (effects.table == 0xC0 || effects.table == 0xFC ||
        effects.table == 0x3C) {
      const Mask b = warp.predicateValue(i.b) ^ (i.flags & 2 ? allLanes : 0);
      const Mask undefinedB = maskOf(i.b);
      const Mask matterA = effects.table == 0xC0   ? b
                           : effects.table == 0xFC ? ~b
                                                   : allLanes,
                 matterB = effects.table == 0xC0   ? a
                           : effects.table == 0xFC ? ~a
                                                   : allLanes;
      undefined = (undefinedA & undefinedB) | (undefinedA & matterA) |
                  (undefinedB & matterB);
    }
    setResult(warp, *result(), lanes, undefined & lanes);
  }
  Mask maskOf(int32_t slot) const {
    return slot & 1 ? 0 : undefinedLanes(warp, {slot, 0, Place::Role::Value});
  }

  void select() {
    const Place &to = *result();
    const Mask chosen = warp.predicateValue(i.c) ^ (i.flags ? allLanes : 0),
               unknown = maskOf(i.c);
    activeLanes(lanes, [&](unsigned l) {
      const uint64_t a = stateOf(i.a, l, to.width),
                     b = stateOf(i.b, l, to.width);
      const uint64_t bits =
          unknown >> l & 1
              ? a | b | (valueOf(i.a, l, to.width) ^ valueOf(i.b, l, to.width))
              : (chosen >> l & 1 ? a : b);
      std::memcpy(states(warp, to.slot) + l * to.width, &bits, to.width);
      if (unknown >> l & 1)
        originOfLane(warp, to, l) |= wasComputed;
    });
  }

  Warp &warp;
  const Instruction &i;
  const Mask lanes;
  const Code &code;
  const Effects &effects;
  const Place *const first, *const last;
  Mask value = 0, control = 0; ///< lanes with undefined operands
  const Place *source = nullptr;
  uint16_t origin = 0;
};

} // namespace

Next runTracked(Warp &warp, const Instruction &i, Mask lanes) {
  return Tracker(warp, i, lanes).run();
}

uint16_t originOf(Warp &warp, const Instruction &i, const Lanes &where,
                  const uint64_t (&addresses)[warpSize], unsigned bytes) {
  constexpr size_t most = 4096;
  auto found =
      std::find_if(warp.origins.begin(), warp.origins.end(),
                   [&](const Origin &origin) { return origin.load == &i; });
  if (found == warp.origins.end()) {
    if (warp.origins.size() == most)
      warp.origins.pop_back();
    found = warp.origins.insert(warp.origins.end(), Origin());
    found->load = &i;
  }
  Origin &origin = *found;
  const Mask lanes = where.unwritten.lanes;
  origin.bytes = bytes;
  origin.lanes |= lanes;
  origin.padding = (origin.padding & ~lanes) | where.unwritten.padding;
  origin.shared = (origin.shared & ~lanes) | (where.shared & lanes);
  origin.local &= ~lanes;
  activeLanes(lanes, [&](unsigned l) {
    const uint64_t offset = uint64_t(where.at[l] - warp.local(l));
    const bool isLocal = !(where.shared >> l & 1) && offset < warp.localTop(l);
    origin.local |= Mask(isLocal) << l;
    origin.addresses[l] = where.shared >> l & 1 ? where.offset[l]
                          : isLocal             ? offset
                                                : addresses[l];
  });
  return uint16_t(found - warp.origins.begin() + 1);
}

void noteUndefined(Warp &warp, int32_t slot, unsigned width, unsigned lane,
                   unsigned from, unsigned bytes, uint16_t origin) {
  warp.isTracking = warp.frame->hasStates = true;
  std::memset(states(warp, slot) + lane * width + from, 0xFF, bytes);
  originsOf(warp, slot)[lane] = origin;
}

void noteLoaded(Warp &warp, const Instruction &i, Mask lanes,
                const Lanes &where, const uint64_t (&addresses)[warpSize],
                const int32_t *slots, unsigned width, unsigned bytes,
                bool isSigned) {
  const uint16_t origin = originOf(warp, i, where, addresses, bytes * i.count);
  for (unsigned e = 0; e < i.count; ++e)
    activeLanes(where.unwritten.elements[e] & lanes, [&](unsigned l) {
      noteUndefined(warp, slots[e], width, l, 0, isSigned ? width : bytes,
                    origin);
    });
}

const uint8_t *statesOf(const Warp &warp, int32_t slot) {
  return slot & 1 ? nullptr : states(warp, slot);
}

uint16_t originAt(const Warp &warp, int32_t slot, unsigned lane) {
  return originsOf(warp, slot)[lane];
}

bool noteStored(Warp &warp, unsigned lane, const Lanes &where, unsigned offset,
                const uint8_t *states, unsigned bytes, uint16_t origin) {
  auto isAny = [](uint8_t state) { return state != 0; };
  if (std::none_of(states, states + bytes, isAny))
    return true;
  DeviceMemory &memory = warp.block.launch.memory;
  const bool isShared = where.shared >> lane & 1;
  const uint64_t local = uint64_t(where.at[lane] - warp.local(lane));
  const bool isLocal = !isShared && local < warp.localTop(lane);
  const uint64_t address =
      offset + (isShared  ? where.offset[lane]
                : isLocal ? local
                          : reinterpret_cast<uint64_t>(where.at[lane]));
  const Origin *from = originNumbered(warp, origin);
  // A field is written by replacing some bits of its word.
  const bool isReplaced =
      from && isShared == (from->shared >> lane & 1) &&
      isLocal == (from->local >> lane & 1) &&
      address - from->addresses[lane] < from->bytes &&
      !std::all_of(
          states, states + bytes, [](uint8_t state) { return state == 0xFF; });
  const bool isPadding =
      from && !(origin & wasComputed) && (from->padding >> lane & 1);
  if (!isShared && !isLocal && !isPadding && !isReplaced &&
      use(warp, 1u << lane, origin) == Next::Fault)
    return false;
  bool isUndefined[16] = {};
  // What was computed is undefined as a whole.
  for (unsigned b = 0; b < bytes; ++b)
    isUndefined[b] = isReplaced ? states[b] == 0xFF
                                : states[b] != 0 || (origin & wasComputed);
  if (isShared) {
    warp.block.shared.markUndefined(uint32_t(address), isUndefined, bytes);
    return true;
  }
  uint8_t *shadow = isLocal                ? warp.shadowOfLocal(lane) + address
                    : memory.owns(address) ? memory.shadow(address)
                                           : nullptr;
  for (unsigned b = 0; b < bytes && shadow; ++b)
    if (isUndefined[b])
      shadow[b] = 0;
  return true;
}

bool noteStored(Warp &warp, const Instruction &i, Mask lanes,
                const Lanes &where, const int32_t *slots, unsigned width,
                unsigned bytes) {
  for (unsigned e = 0; e < i.count; ++e) {
    const uint8_t *from = statesOf(warp, slots[e]);
    if (!from)
      continue;
    for (Mask rest = lanes; rest; rest &= rest - 1) {
      const unsigned l = unsigned(__builtin_ctz(rest));
      if (!noteStored(warp, l, where, e * bytes, from + l * width, bytes,
                      originAt(warp, slots[e], l)))
        return false;
    }
  }
  return true;
}

} // namespace emulator
