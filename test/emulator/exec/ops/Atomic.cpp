// SPDX-License-Identifier: Apache-2.0
// atom and red.
#include "exec/ops/Elementwise.h"
#include "exec/ops/Half.h"
#include "exec/ops/Memory.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace emulator {
namespace {

using Wide = unsigned __int128;

struct Exch {
  template <class T>
  static T run(T, T b, T) {
    return b;
  }
};
struct Cas {
  template <class T>
  static T run(T old, T b, T c) {
    return old == b ? c : old;
  }
};
struct Add {
  template <class T>
  static T run(T old, T b, T) {
    return T(old + b);
  }
};
struct And {
  template <class T>
  static T run(T old, T b, T) {
    return old & b;
  }
};
struct Or {
  template <class T>
  static T run(T old, T b, T) {
    return old | b;
  }
};
struct Xor {
  template <class T>
  static T run(T old, T b, T) {
    return old ^ b;
  }
};
struct Min {
  template <class T>
  static T run(T old, T b, T) {
    return std::min(old, b);
  }
};
struct Max {
  template <class T>
  static T run(T old, T b, T) {
    return std::max(old, b);
  }
};
struct Inc {
  static uint32_t run(uint32_t old, uint32_t b, uint32_t) {
    return old >= b ? 0 : old + 1;
  }
};
struct Dec {
  static uint32_t run(uint32_t old, uint32_t b, uint32_t) {
    return old == 0 || old > b ? b : old - 1;
  }
};
/// Floats in their bits. Global memory flushes subnormals of .f32, others keep
/// them; kept here.
template <class F, class U>
struct AddFloat {
  static U run(U old, U b, U) {
    return bitsTo<U>(bitsTo<F>(old) + bitsTo<F>(b));
  }
};
template <class F>
struct AddHalf {
  static uint16_t run(uint16_t old, uint16_t b, uint16_t) {
    return F::to(F::from(old) + F::from(b));
  }
};
template <class F, bool isMax>
struct MinMaxHalf {
  static uint16_t run(uint16_t old, uint16_t b, uint16_t) {
    float x = F::from(old), y = F::from(b);
    return x != x ? b : y != y ? old : (isMax ? x > y : x < y) ? old : b;
  }
};
template <class Op>
struct Both {
  static uint32_t run(uint32_t old, uint32_t b, uint32_t) {
    return Op::run(uint16_t(old), uint16_t(b), 0) |
           uint32_t(Op::run(uint16_t(old >> 16), uint16_t(b >> 16), 0)) << 16;
  }
};

template <class T>
bool exchange(T *at, T &old, T desired) {
  if constexpr (sizeof(T) == 16) {
    // No host instruction is assumed for 16 bytes: one lock for all of them.
    static std::mutex mutex;
    std::lock_guard<std::mutex> lock(mutex);
    if (std::memcmp(at, &old, sizeof old) == 0) {
      std::memcpy(at, &desired, sizeof desired);
      return true;
    }
    std::memcpy(&old, at, sizeof old);
    return false;
  } else {
    return __atomic_compare_exchange_n(at, &old, desired, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }
}

/// Operands of several elements, each of which is updated by itself.
struct VectorOperands : Extra {
  int32_t result[8] = {}, operand[8] = {};
};

/// T: the memory's type; isCas: there is a third operand.
template <class T, class Op, bool isRed>
Next atomic(Warp &warp, const Instruction &i, Mask lanes) {
  alignas(64) uint64_t addresses[warpSize];
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  SharedMemory &shared = warp.block.shared;
  const bool hasFlags = warp.block.launch.kernel.code->hasFences;
  warp.polled();
  if (hasFlags)
    activeLanes(lanes,
                [&](unsigned l) { shared.takeOver(warp, addresses[l]); });
  Lanes where;
  if (!resolve(warp, i, lanes, Space(i.e), addresses,
               unsigned(sizeof(T) * i.count), sizeof(T), AccessKind::Atomic,
               where))
    return Next::Fault;
  if (hasFlags)
    activeLanes(lanes, [&](unsigned l) { shared.publish(warp, addresses[l]); });
  warp.block.counters.atomics += unsigned(__builtin_popcount(lanes));
  const auto *vector = static_cast<const VectorOperands *>(i.extra);
  const T *c = warp.src<T>(i.c);
  for (unsigned e = 0; e < i.count; ++e) {
    const T *b = warp.src<T>(vector ? vector->operand[e] : i.b);
    T *d = warp.dst<T>(vector ? vector->result[e] : i.d);
    activeLanes(lanes, [&](unsigned l) {
      T *at = reinterpret_cast<T *>(where.at[l]) + e;
      T old;
      std::memcpy(&old, at, sizeof old);
      while (!exchange<T>(at, old, T(Op::run(old, b[l], c[l]))))
        ;
      if constexpr (!isRed)
        d[l] = old;
    });
  }
  return Next::Continue;
}

template <class T, class Op>
Handler pick(bool isRed) {
  return isRed ? atomic<T, Op, true> : atomic<T, Op, false>;
}

template <class U, class S>
Handler integerHandler(std::string_view op, Type type, bool isRed) {
  bool isSignedType = isSigned(type), isBitsType = isBits(type);
  if (op == "exch")
    return isRed ? nullptr : pick<U, Exch>(false);
  if (op == "cas")
    return isRed ? nullptr : pick<U, Cas>(false);
  if (op == "and")
    return isBitsType ? pick<U, And>(isRed) : nullptr;
  if (op == "or")
    return isBitsType ? pick<U, Or>(isRed) : nullptr;
  if (op == "xor")
    return isBitsType ? pick<U, Xor>(isRed) : nullptr;
  if (isBitsType)
    return nullptr;
  if (op == "add")
    return pick<U, Add>(isRed);
  if (op == "min")
    return isSignedType ? pick<S, Min>(isRed) : pick<U, Min>(isRed);
  if (op == "max")
    return isSignedType ? pick<S, Max>(isRed) : pick<U, Max>(isRed);
  if constexpr (sizeof(U) == 4) {
    if (op == "inc")
      return isSignedType ? nullptr : pick<U, Inc>(isRed);
    if (op == "dec")
      return isSignedType ? nullptr : pick<U, Dec>(isRed);
  }
  return nullptr;
}

template <class F>
Handler halfHandler(std::string_view op, bool isPair, bool isRed) {
  if (op == "add")
    return isPair ? pick<uint32_t, Both<AddHalf<F>>>(isRed)
                  : pick<uint16_t, AddHalf<F>>(isRed);
  if (op == "min")
    return isPair ? pick<uint32_t, Both<MinMaxHalf<F, false>>>(isRed)
                  : pick<uint16_t, MinMaxHalf<F, false>>(isRed);
  if (op == "max")
    return isPair ? pick<uint32_t, Both<MinMaxHalf<F, true>>>(isRed)
                  : pick<uint16_t, MinMaxHalf<F, true>>(isRed);
  return nullptr;
}

Handler handlerFor(std::string_view op, Type type, bool isRed) {
  switch (type) {
  case Type::F32:
    return op == "add" ? pick<uint32_t, AddFloat<float, uint32_t>>(isRed)
                       : nullptr;
  case Type::F64:
    return op == "add" ? pick<uint64_t, AddFloat<double, uint64_t>>(isRed)
                       : nullptr;
  case Type::F16:
  case Type::F16x2:
    return halfHandler<F16>(op, type == Type::F16x2, isRed);
  case Type::BF16:
  case Type::BF16x2:
    return halfHandler<BF16>(op, type == Type::BF16x2, isRed);
  case Type::B16:
    return op == "cas" ? pick<uint16_t, Cas>(isRed) : nullptr;
  case Type::B128:
    return op == "cas"    ? pick<Wide, Cas>(isRed)
           : op == "exch" ? pick<Wide, Exch>(isRed)
                          : nullptr;
  default:
    break;
  }
  if (ptx::sizeOf(type) == 4)
    return integerHandler<uint32_t, int32_t>(op, type, isRed);
  if (ptx::sizeOf(type) == 8)
    return integerHandler<uint64_t, int64_t>(op, type, isRed);
  return nullptr;
}

/// The registers of `.v2` and such: a result, unless it is a red, and one
/// operand.
void decodeVector(Decoder &decoder, bool isRed, unsigned width) {
  const unsigned count = decoder.out->count;
  auto *vector = decoder.extra<VectorOperands>();
  const size_t at = isRed ? 1 : 2;
  for (size_t which : {size_t(0), at}) {
    const Operand &operand = decoder.operand(which);
    if (isRed && which == 0)
      continue;
    if (operand.kind != Operand::Kind::Vector ||
        operand.elements.size() != count)
      decoder.fail("'" + decoder.source->text() + "' needs " +
                   std::to_string(count) + " registers in braces");
    for (unsigned e = 0; e < count; ++e)
      if (which == at)
        decoder.srcExternal(&vector->operand[e], operand.elements[e], width);
      else
        decoder.dstExternal(&vector->result[e], operand.elements[e], width);
  }
}

void decodeAtomic(Decoder &decoder) {
  bool isRed = decoder.source->opcode == "red";
  takeSemantics(decoder);
  decoder.takeOne({"cta", "cluster", "gpu", "sys"});
  Space space = takeSpace(decoder);
  static const char *const names[] = {"exch", "cas", "add", "inc", "dec",
                                      "min",  "max", "and", "or",  "xor"};
  int which = decoder.takeOne(
      {"exch", "cas", "add", "inc", "dec", "min", "max", "and", "or", "xor"});
  decoder.take("noftz");
  const int vector = decoder.takeOne({"v2", "v4", "v8"});
  bool hasHint = takeCacheHints(decoder);
  Type type = decoder.takeType();
  if (which < 0)
    decoder.fail("'" + decoder.source->text() + "' lacks an operation");
  Instruction &out = *decoder.out;
  const size_t first = isRed ? 0 : 1;
  const bool isCas = which == 1;
  decoder.expectOperands(first + (isCas ? 3 : 2) + hasHint);
  const unsigned width = ptx::sizeOf(type);
  out.kind = Class::Memory;
  out.size = uint8_t(width);
  decoder.address(&Instruction::a, decoder.operand(first), space);
  if (vector >= 0) {
    decoder.needs(90);
    out.count = uint8_t(2u << vector);
    const bool mayBeGlobal = space == Space::Global || space == Space::None;
    if (!mayBeGlobal || isInteger(type) || isBits(type) ||
        out.count * width > 16)
      decoder.fail("'" + decoder.source->text() + "' doesn't exist");
    decodeVector(decoder, isRed, width);
  } else {
    if (!isRed)
      decoder.dst(&Instruction::d, decoder.operand(0), width);
    decoder.src(&Instruction::b, decoder.operand(first + 1), width, type);
    decoder.src(&Instruction::c, decoder.operand(first + (isCas ? 2 : 1)),
                width, type);
  }
  noteSharedAccess(decoder, space, width);
  out.flags |= strongAccess;
  out.e = int32_t(space);
  out.run = handlerFor(names[which], type, isRed);
}

} // namespace

void registerAtomicOps(DecodeTable &table) {
  table["atom"] = decodeAtomic;
  table["red"] = decodeAtomic;
}

} // namespace emulator
