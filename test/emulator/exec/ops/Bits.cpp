// SPDX-License-Identifier: Apache-2.0
// Logic, shifts and bit fields.
#include "exec/ops/Elementwise.h"

#include <algorithm>

namespace emulator {
namespace {

struct And {
  template <class T>
  static T run(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <class T>
  static T run(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <class T>
  static T run(T a, T b) {
    return a ^ b;
  }
};
struct Not {
  template <class T>
  static T run(T a) {
    return T(~a);
  }
};
struct Cnot {
  template <class T>
  static T run(T a) {
    return a == 0;
  }
};
struct Shl {
  template <class T>
  static T run(T a, uint32_t b) {
    return b >= 8 * sizeof(T)
               ? T(0)
               : T(std::make_unsigned_t<T>(a) << (b & (8 * sizeof(T) - 1)));
  }
};
struct Shr {
  template <class T>
  static T run(T a, uint32_t b) {
    constexpr uint32_t most = 8 * sizeof(T) - 1;
    if constexpr (std::is_signed_v<T>)
      return T(a >> (b > most ? most : b));
    else
      return b > most ? T(0) : T(a >> (b & most));
  }
};
struct Popc {
  static uint32_t run(uint32_t a) { return uint32_t(__builtin_popcount(a)); }
  static uint32_t run(uint64_t a) { return uint32_t(__builtin_popcountll(a)); }
};
struct Clz {
  static uint32_t run(uint32_t a) {
    return a ? uint32_t(__builtin_clz(a)) : 32;
  }
  static uint32_t run(uint64_t a) {
    return a ? uint32_t(__builtin_clzll(a)) : 64;
  }
};
struct Brev {
  static uint32_t run(uint32_t a) { return __builtin_bitreverse32(a); }
  static uint64_t run(uint64_t a) { return __builtin_bitreverse64(a); }
};
template <bool isShift>
struct Bfind {
  template <class T>
  static uint32_t run(T a) {
    std::make_unsigned_t<T> value = std::make_unsigned_t<T>(a < 0 ? ~a : a);
    if (!value)
      return ~0u;
    uint32_t position = 63 - uint32_t(__builtin_clzll(value));
    return isShift ? uint32_t(8 * sizeof(T)) - 1 - position : position;
  }
};
struct Bfe {
  template <class T>
  static T run(T a, uint32_t b, uint32_t c) {
    constexpr uint32_t most = 8 * sizeof(T) - 1;
    uint32_t position = b & 255, length = c & 255;
    if (!length)
      return 0;
    // Bits beyond the top are zero, or the sign.
    bool sign = std::is_signed_v<T> &&
                ((uint64_t(a) >> std::min(position + length - 1, most)) & 1);
    uint64_t value =
        position > most ? 0 : uint64_t(std::make_unsigned_t<T>(a)) >> position;
    uint64_t mask = length > 63 ? ~0ull : (1ull << length) - 1;
    // What lies beyond the register's top is the sign as well.
    uint64_t present = position > most ? 0 : most + 1 - position;
    uint64_t valid = present > 63 ? ~0ull : (1ull << present) - 1;
    value &= mask & valid;
    return T(sign ? value | ~(mask & valid) : value);
  }
};
struct Szext {
  static uint32_t wrap(uint32_t b, bool isClamp) {
    return isClamp ? std::min(b, 32u) : b & 31;
  }
  template <class T>
  static T extend(T a, uint32_t n) {
    if (n == 0)
      return 0;
    if (n >= 32)
      return a;
    uint32_t mask = (1u << n) - 1, value = uint32_t(a) & mask;
    bool sign = std::is_signed_v<T> && (value >> (n - 1) & 1);
    return T(sign ? value | ~mask : value);
  }
};
template <bool isClamp>
struct SzextMode {
  template <class T>
  static T run(T a, uint32_t b) {
    return Szext::extend(a, Szext::wrap(b, isClamp));
  }
};
template <bool isClamp>
struct Bmsk {
  static uint32_t run(uint32_t a, uint32_t b) {
    uint32_t from = isClamp ? std::min(a, 32u) : a & 31,
             count = isClamp ? std::min(b, 32u) : b & 31;
    uint64_t mask = ((1ull << count) - 1) << from;
    return uint32_t(mask);
  }
};
template <bool isLeft, bool isClamp>
struct Shf {
  static uint32_t run(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t n = isClamp ? std::min(c, 32u) : c & 31;
    uint64_t pair = uint64_t(b) << 32 | a;
    return isLeft ? uint32_t((pair << n) >> 32) : uint32_t(pair >> n);
  }
};

template <class T>
Next bfi(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  const uint32_t *c = warp.src<uint32_t>(i.c), *e = warp.src<uint32_t>(i.e);
  eachLane(lanes, warp.dst<T>(i.d), [=](unsigned l) {
    constexpr uint32_t most = 8 * sizeof(T) - 1;
    uint32_t position = c[l] & 255, length = e[l] & 255;
    T field = length > most ? T(~T(0)) : T((T(1) << length) - 1);
    T mask = position > most ? T(0) : T(field << (position & most));
    T value = position > most ? T(0) : T(a[l] << (position & most));
    return T((b[l] & ~mask) | (value & mask));
  });
  return Next::Continue;
}

Next lop3(Warp &warp, const Instruction &i, Mask lanes) {
  const uint32_t *a = warp.src<uint32_t>(i.a), *b = warp.src<uint32_t>(i.b),
                 *c = warp.src<uint32_t>(i.c);
  const uint32_t table = uint32_t(i.imm);
  eachLane(lanes, warp.dst<uint32_t>(i.d), [=](unsigned l) {
    uint32_t x = a[l], y = b[l], z = c[l], result = 0;
    for (unsigned k = 0; k < 8; ++k) {
      uint32_t term = (k & 4 ? x : ~x) & (k & 2 ? y : ~y) & (k & 1 ? z : ~z);
      result |= term & (0u - (table >> k & 1));
    }
    return result;
  });
  return Next::Continue;
}

struct Prmt {
  static uint32_t select(uint64_t pair, uint32_t selector) {
    uint32_t byte = uint32_t(pair >> (8 * (selector & 7))) & 255;
    return selector & 8 ? (byte & 128 ? 255 : 0) : byte;
  }
  static uint32_t run(uint32_t a, uint32_t b, uint32_t c) {
    uint64_t pair = uint64_t(b) << 32 | a;
    return select(pair, c & 15) | select(pair, c >> 4 & 15) << 8 |
           select(pair, c >> 8 & 15) << 16 | select(pair, c >> 12 & 15) << 24;
  }
};
/// The modes f4e b4e rc8 ecl ecr rc16 by tables of the bytes selected.
template <unsigned mode>
struct PrmtMode {
  static uint32_t run(uint32_t a, uint32_t b, uint32_t c) {
    static constexpr uint16_t tables[6][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
        {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
        {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
    return Prmt::run(a, b, tables[mode][c & 3]);
  }
};

void decodeLogicPredicate(Decoder &decoder);

void decodeLogic(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  Type type = decoder.takeType();
  if (type == Type::Pred)
    return decodeLogicPredicate(decoder);
  auto pick = [&](auto op) {
    using F = decltype(op);
    return forInteger(type, [](auto t) {
      using T = decltype(t);
      return Handler(binary<F, T, T>);
    });
  };
  auto pickUnary = [&](auto op) {
    using F = decltype(op);
    return forInteger(type, [](auto t) {
      using T = decltype(t);
      return Handler(unary<F, T, T>);
    });
  };
  if (!isBits(type))
    decoder.fail("'" + decoder.source->text() + "' needs a .b type");
  if (opcode == "not" || opcode == "cnot")
    return finish(decoder, Class::Integer,
                  opcode == "not" ? pickUnary(Not()) : pickUnary(Cnot()), 1,
                  type);
  finish(decoder, Class::Integer,
         opcode == "and"  ? pick(And())
         : opcode == "or" ? pick(Or())
                          : pick(Xor()),
         2, type);
}

template <class F>
Next predicates(Warp &warp, const Instruction &i, Mask lanes) {
  Mask flipA = i.flags & 1 ? allLanes : 0, flipB = i.flags & 2 ? allLanes : 0;
  warp.setPredicate(i.d, lanes,
                    F::run(warp.predicateValue(i.a) ^ flipA,
                           warp.predicateValue(i.b) ^ flipB));
  return Next::Continue;
}
Next notPredicate(Warp &warp, const Instruction &i, Mask lanes) {
  warp.setPredicate(i.d, lanes, ~warp.predicateValue(i.a));
  return Next::Continue;
}

void decodeLogicPredicate(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  bool isUnary = opcode == "not";
  decoder.expectOperands(isUnary ? 2 : 3);
  Instruction &out = *decoder.out;
  out.kind = Class::Integer;
  decoder.dstPredicate(&Instruction::d, decoder.operand(0));
  decoder.srcPredicate(&Instruction::a, decoder.operand(1));
  out.flags = decoder.operand(1).negated;
  if (!isUnary) {
    decoder.srcPredicate(&Instruction::b, decoder.operand(2));
    out.flags |= decoder.operand(2).negated ? 2 : 0;
  }
  out.run = isUnary           ? notPredicate
            : opcode == "and" ? predicates<And>
            : opcode == "or"  ? predicates<Or>
            : opcode == "xor" ? predicates<Xor>
                              : nullptr;
}

void decodeShift(Decoder &decoder) {
  bool isLeft = decoder.source->opcode == "shl";
  Type type = decoder.takeType();
  decoder.expectOperands(3);
  Instruction &out = *decoder.out;
  out.kind = Class::Integer;
  out.run = forInteger(type, [&](auto t) {
    using T = decltype(t);
    return isLeft ? Handler(binary<Shl, T, T, uint32_t>)
                  : Handler(binary<Shr, T, T, uint32_t>);
  });
  unsigned width = ptx::sizeOf(type);
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), 4);
}

/// popc, clz, brev, bfind: the result is 32 bits, of brev as the operand.
void decodeCount(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  bool isShift = opcode == "bfind" && decoder.take("shiftamt");
  Type type = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  if (width < 4)
    decoder.fail("'" + decoder.source->text() + "' needs 32 or 64 bits");
  bool isWide = width == 8;
  Handler handler = nullptr;
  if (opcode == "popc")
    handler = isWide ? Handler(unary<Popc, uint32_t, uint64_t>)
                     : Handler(unary<Popc, uint32_t, uint32_t>);
  else if (opcode == "clz")
    handler = isWide ? Handler(unary<Clz, uint32_t, uint64_t>)
                     : Handler(unary<Clz, uint32_t, uint32_t>);
  else if (opcode == "brev")
    handler = isWide ? Handler(unary<Brev, uint64_t, uint64_t>)
                     : Handler(unary<Brev, uint32_t, uint32_t>);
  else
    handler = forInteger(type, [&](auto t) {
      using T = decltype(t);
      return isShift ? Handler(unary<Bfind<true>, uint32_t, T>)
                     : Handler(unary<Bfind<false>, uint32_t, T>);
    });
  decoder.expectOperands(2);
  decoder.out->kind = Class::Integer;
  decoder.out->run = handler;
  decoder.dst(&Instruction::d, decoder.operand(0),
              opcode == "brev" ? width : 4);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
}

void decodeBfe(Decoder &decoder) {
  Type type = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  if (width < 4 || !isInteger(type))
    decoder.fail("'" + decoder.source->text() + "' needs 32 or 64 bits");
  decoder.expectOperands(4);
  decoder.out->kind = Class::Integer;
  decoder.out->run = forInteger(type, [](auto t) {
    using T = decltype(t);
    return Handler(ternary<Bfe, T, T, uint32_t, uint32_t>);
  });
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), 4);
  decoder.src(&Instruction::c, decoder.operand(3), 4);
}

void decodeBfi(Decoder &decoder) {
  Type type = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  decoder.expectOperands(5);
  decoder.out->kind = Class::Integer;
  decoder.out->run = width == 8 ? bfi<uint64_t> : bfi<uint32_t>;
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), width, type);
  decoder.src(&Instruction::c, decoder.operand(3), 4);
  decoder.src(&Instruction::e, decoder.operand(4), 4);
}

void decodeSzext(Decoder &decoder) {
  bool isClamp = decoder.takeOne({"clamp", "wrap"}, 0) == 0;
  Type type = decoder.takeType();
  Handler handler =
      type == Type::S32
          ? (isClamp
                 ? Handler(binary<SzextMode<true>, int32_t, int32_t, uint32_t>)
                 : Handler(
                       binary<SzextMode<false>, int32_t, int32_t, uint32_t>))
          : (isClamp ? Handler(binary<SzextMode<true>, uint32_t, uint32_t>)
                     : Handler(binary<SzextMode<false>, uint32_t, uint32_t>));
  finish(decoder, Class::Integer, handler, 2, type);
}

void decodeBmsk(Decoder &decoder) {
  bool isClamp = decoder.takeOne({"clamp", "wrap"}, 0) == 0;
  Type type = decoder.takeType();
  finish(decoder, Class::Integer,
         isClamp ? Handler(binary<Bmsk<true>, uint32_t, uint32_t>)
                 : Handler(binary<Bmsk<false>, uint32_t, uint32_t>),
         2, type);
}

void decodeShf(Decoder &decoder) {
  bool isLeft = decoder.takeOne({"l", "r"}) == 0;
  bool isClamp = decoder.takeOne({"clamp", "wrap"}) == 0;
  Type type = decoder.takeType();
  Handler handler =
      isLeft
          ? (isClamp ? Handler(ternary<Shf<true, true>, uint32_t, uint32_t>)
                     : Handler(ternary<Shf<true, false>, uint32_t, uint32_t>))
          : (isClamp ? Handler(ternary<Shf<false, true>, uint32_t, uint32_t>)
                     : Handler(ternary<Shf<false, false>, uint32_t, uint32_t>));
  finish(decoder, Class::Integer, handler, 3, type);
}

void decodeLop3(Decoder &decoder) {
  decoder.takeType();
  decoder.expectOperands(5);
  Instruction &out = *decoder.out;
  out.kind = Class::Integer;
  decoder.dst(&Instruction::d, decoder.operand(0), 4);
  decoder.src(&Instruction::a, decoder.operand(1), 4);
  decoder.src(&Instruction::b, decoder.operand(2), 4);
  decoder.src(&Instruction::c, decoder.operand(3), 4);
  out.imm = decoder.integer(decoder.operand(4)) & 255;
  out.run = lop3;
}

void decodePrmt(Decoder &decoder) {
  decoder.takeType();
  int mode = decoder.takeOne({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  static const Handler modes[] = {ternary<PrmtMode<0>, uint32_t, uint32_t>,
                                  ternary<PrmtMode<1>, uint32_t, uint32_t>,
                                  ternary<PrmtMode<2>, uint32_t, uint32_t>,
                                  ternary<PrmtMode<3>, uint32_t, uint32_t>,
                                  ternary<PrmtMode<4>, uint32_t, uint32_t>,
                                  ternary<PrmtMode<5>, uint32_t, uint32_t>};
  finish(decoder, Class::Integer,
         mode < 0 ? Handler(ternary<Prmt, uint32_t, uint32_t>) : modes[mode], 3,
         Type::B32);
}

/// fns: the n-th set bit from a base.
struct Fns {
  static uint32_t run(uint32_t mask, uint32_t base, int32_t offset) {
    base &= 31;
    if (offset == 0)
      return mask >> base & 1 ? base : ~0u;
    int step = offset > 0 ? 1 : -1;
    int left = offset > 0 ? offset : -offset;
    for (int at = int(base); at >= 0 && at < 32; at += step)
      if (mask >> at & 1 && --left == 0)
        return uint32_t(at);
    return ~0u;
  }
};
void decodeFns(Decoder &decoder) {
  decoder.takeType();
  finish(decoder, Class::Integer,
         ternary<Fns, uint32_t, uint32_t, uint32_t, int32_t>, 3, Type::B32);
}

} // namespace

void registerBitOps(DecodeTable &table) {
  for (const char *opcode : {"and", "or", "xor", "not", "cnot"})
    table[opcode] = decodeLogic;
  for (const char *opcode : {"popc", "clz", "brev", "bfind"})
    table[opcode] = decodeCount;
  table["shl"] = table["shr"] = decodeShift;
  table["bfe"] = decodeBfe;
  table["bfi"] = decodeBfi;
  table["szext"] = decodeSzext;
  table["bmsk"] = decodeBmsk;
  table["shf"] = decodeShf;
  table["lop3"] = decodeLop3;
  table["prmt"] = decodePrmt;
  table["fns"] = decodeFns;
}

} // namespace emulator
