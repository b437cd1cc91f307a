// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic.
#include "exec/ops/Elementwise.h"

#include <algorithm>
#include <limits>

namespace emulator {
namespace {

template <class T>
using Unsigned = std::make_unsigned_t<T>;
struct Add {
  template <class T>
  static T run(T a, T b) {
    return T(Unsigned<T>(a) + Unsigned<T>(b));
  }
};
struct Sub {
  template <class T>
  static T run(T a, T b) {
    return T(Unsigned<T>(a) - Unsigned<T>(b));
  }
};
template <class T>
T clampWide(int64_t value) {
  int64_t low = std::numeric_limits<T>::min(),
          high = std::numeric_limits<T>::max();
  return T(value < low ? low : value > high ? high : value);
}
struct AddSat {
  static int32_t run(int32_t a, int32_t b) {
    return clampWide<int32_t>(int64_t(a) + b);
  }
};
struct SubSat {
  static int32_t run(int32_t a, int32_t b) {
    return clampWide<int32_t>(int64_t(a) - b);
  }
};
struct MulLo {
  template <class T>
  static T run(T a, T b) {
    return T(uint64_t(Unsigned<T>(a)) * uint64_t(Unsigned<T>(b)));
  }
};
struct MulHi {
  template <class T>
  static T run(T a, T b) {
    return T((Wider<T>(a) * Wider<T>(b)) >> (8 * sizeof(T)));
  }
};
struct MulWide {
  template <class T>
  static Wider<T> run(T a, T b) {
    return Wider<T>(a) * Wider<T>(b);
  }
};
struct MadLo {
  template <class T>
  static T run(T a, T b, T c) {
    return Add::run(MulLo::run(a, b), c);
  }
};
struct MadHi {
  template <class T>
  static T run(T a, T b, T c) {
    return Add::run(MulHi::run(a, b), c);
  }
};
struct MadHiSat {
  static int32_t run(int32_t a, int32_t b, int32_t c) {
    return AddSat::run(MulHi::run(a, b), c);
  }
};
struct MadWide {
  template <class T>
  static Wider<T> run(T a, T b, Wider<T> c) {
    return Add::run(Wider<T>(Wider<T>(a) * Wider<T>(b)), c);
  }
};
struct Div {
  template <class T>
  static T run(T a, T b) {
    if (b == 0)
      return T(-1); // unspecified; what the hardware's sequence gives
    if (std::is_signed_v<T> && b == T(-1))
      return T(0 - Unsigned<T>(a));
    return T(a / b);
  }
};
struct Rem {
  template <class T>
  static T run(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
struct Abs {
  template <class T>
  static T run(T a) {
    return a < 0 ? T(0 - Unsigned<T>(a)) : a;
  }
};
struct Neg {
  template <class T>
  static T run(T a) {
    return T(0 - Unsigned<T>(a));
  }
};
struct Min {
  template <class T>
  static T run(T a, T b) {
    return a < b ? a : b;
  }
};
struct Max {
  template <class T>
  static T run(T a, T b) {
    return a > b ? a : b;
  }
};
template <class F>
struct Relu {
  template <class T>
  static T run(T a, T b) {
    return std::max(F::run(a, b), T(0));
  }
};
/// Both 16-bit halves of a word.
template <class F, class T>
struct Halves {
  static uint32_t run(uint32_t a, uint32_t b) {
    uint32_t low = uint16_t(F::run(T(a), T(b)));
    uint32_t high = uint16_t(F::run(T(a >> 16), T(b >> 16)));
    return low | high << 16;
  }
};
struct Mul24Lo {
  static uint32_t run(uint32_t a, uint32_t b) {
    return (a & 0xFFFFFF) * (b & 0xFFFFFF);
  }
  static int32_t run(int32_t a, int32_t b) {
    return int32_t(uint32_t(int32_t(uint32_t(a) << 8) >> 8) *
                   uint32_t(int32_t(uint32_t(b) << 8) >> 8));
  }
};
struct Mul24Hi {
  static uint32_t run(uint32_t a, uint32_t b) {
    return uint32_t((uint64_t(a & 0xFFFFFF) * (b & 0xFFFFFF)) >> 16);
  }
  static int32_t run(int32_t a, int32_t b) {
    int64_t product = int64_t(int32_t(uint32_t(a) << 8) >> 8) *
                      (int32_t(uint32_t(b) << 8) >> 8);
    return int32_t(product >> 16);
  }
};
template <class F>
struct Mad24 {
  template <class T>
  static T run(T a, T b, T c) {
    return Add::run(F::run(a, b), c);
  }
};
struct Mad24HiSat {
  static int32_t run(int32_t a, int32_t b, int32_t c) {
    return AddSat::run(Mul24Hi::run(a, b), c);
  }
};
struct Sad {
  template <class T>
  static T run(T a, T b, T c) {
    Unsigned<T> difference = a < b ? Unsigned<T>(b) - Unsigned<T>(a)
                                   : Unsigned<T>(a) - Unsigned<T>(b);
    return T(Unsigned<T>(c) + difference);
  }
};

/// Dot products of bytes: A and B signed or not.
template <class A, class B>
struct Dp4a {
  static uint32_t run(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned k = 0; k < 32; k += 8)
      c += uint32_t(int32_t(A(a >> k)) * int32_t(B(b >> k)));
    return c;
  }
};
template <class A, class B, unsigned shift>
struct Dp2a {
  using A16 = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  static uint32_t run(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned k = 0; k < 2; ++k)
      c += uint32_t(int32_t(A16(a >> (16 * k))) *
                    int32_t(B(b >> (shift + 8 * k))));
    return c;
  }
};

template <class F>
Handler pair(Type type) {
  return forInteger(type, [](auto t) {
    using T = decltype(t);
    return Handler(binary<F, T, T>);
  });
}
template <class F>
Handler single(Type type) {
  return forInteger(type, [](auto t) {
    using T = decltype(t);
    return Handler(unary<F, T, T>);
  });
}
template <class F>
Handler triple(Type type) {
  return forInteger(type, [](auto t) {
    using T = decltype(t);
    return Handler(ternary<F, T, T>);
  });
}

Type doubled(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return Type::None;
  }
}

void decodeWide(Decoder &decoder, Type type, bool isMad) {
  Type result = doubled(type);
  if (result == Type::None)
    decoder.fail("'" + decoder.source->text() +
                 "' doesn't exist for this type");
  decoder.expectOperands(isMad ? 4 : 3);
  Instruction &out = *decoder.out;
  out.kind = Class::Integer;
  out.run = forInteger(type, [&](auto t) -> Handler {
    using T = decltype(t);
    if constexpr (sizeof(T) <= 4)
      return isMad ? Handler(ternary<MadWide, Wider<T>, T, T, Wider<T>>)
                   : Handler(binary<MulWide, Wider<T>, T>);
    return nullptr;
  });
  decoder.dst(&Instruction::d, decoder.operand(0), ptx::sizeOf(result));
  decoder.src(&Instruction::a, decoder.operand(1), ptx::sizeOf(type), type);
  decoder.src(&Instruction::b, decoder.operand(2), ptx::sizeOf(type), type);
  if (isMad)
    decoder.src(&Instruction::c, decoder.operand(3), ptx::sizeOf(result),
                result);
}

template <template <class> class Wrap, class F>
Handler maybe(bool isWrapped, Type type) {
  return isWrapped ? pair<Wrap<F>>(type) : pair<F>(type);
}

/// Two 16-bit values in a register: type "u16x2" or "s16x2".
void decodePacked(Decoder &decoder, bool isSignedPair) {
  const std::string &opcode = decoder.source->opcode;
  bool relu = decoder.take("relu");
  auto of = [&](auto op) -> Handler {
    using F = decltype(op);
    if (relu)
      return binary<Halves<Relu<F>, int16_t>, uint32_t, uint32_t>;
    return isSignedPair
               ? Handler(binary<Halves<F, int16_t>, uint32_t, uint32_t>)
               : Handler(binary<Halves<F, uint16_t>, uint32_t, uint32_t>);
  };
  Handler handler = opcode == "add"   ? of(Add())
                    : opcode == "min" ? of(Min())
                    : opcode == "max" ? of(Max())
                                      : nullptr;
  finish(decoder, Class::Integer, handler, 2, Type::B32);
}

void decode24(Decoder &decoder) {
  bool isMad = decoder.source->opcode == "mad24";
  int part = decoder.takeOne({"lo", "hi"}, 0);
  bool sat = decoder.take("sat");
  Type type = decoder.takeType();
  bool isSignedType = type == Type::S32;
  if (!isSignedType && type != Type::U32)
    decoder.fail("'" + decoder.source->text() + "' needs .u32 or .s32");
  auto pick = [&](auto t) -> Handler {
    using T = decltype(t);
    if (!isMad)
      return part ? Handler(binary<Mul24Hi, T, T>)
                  : Handler(binary<Mul24Lo, T, T>);
    if (sat)
      return part && isSignedType
                 ? Handler(ternary<Mad24HiSat, int32_t, int32_t>)
                 : nullptr;
    return part ? Handler(ternary<Mad24<Mul24Hi>, T, T>)
                : Handler(ternary<Mad24<Mul24Lo>, T, T>);
  };
  Handler handler = isSignedType ? pick(int32_t()) : pick(uint32_t());
  finish(decoder, Class::Integer, handler, isMad ? 3 : 2, type);
}

void decodeSad(Decoder &decoder) {
  Type type = decoder.takeType();
  finish(decoder, Class::Integer, triple<Sad>(type), 3, type);
}

void decodeDot(Decoder &decoder) {
  bool isFour = decoder.source->opcode == "dp4a";
  bool high = !isFour && decoder.takeOne({"lo", "hi"}, 0) == 1;
  bool a = isSigned(decoder.takeType()), b = isSigned(decoder.takeType());
  auto pick = [&](auto x, auto y) -> Handler {
    using A = decltype(x);
    using B = decltype(y);
    return isFour ? Handler(ternary<Dp4a<A, B>, uint32_t, uint32_t>)
           : high ? Handler(ternary<Dp2a<A, B, 16>, uint32_t, uint32_t>)
                  : Handler(ternary<Dp2a<A, B, 0>, uint32_t, uint32_t>);
  };
  Handler handler =
      a ? (b ? pick(int8_t(), int8_t()) : pick(int8_t(), uint8_t()))
        : (b ? pick(uint8_t(), int8_t()) : pick(uint8_t(), uint8_t()));
  finish(decoder, Class::Integer, handler, 3, Type::B32);
}

/// add, sub, mul ...: to the family of the type.
void decodeArithmetic(Decoder &decoder) {
  if (decoder.has("cc") || decoder.source->opcode == "addc" ||
      decoder.source->opcode == "subc" || decoder.source->opcode == "madc")
    return decodeCarry(decoder);
  if (decoder.take("u16x2"))
    return decodePacked(decoder, false);
  if (decoder.take("s16x2"))
    return decodePacked(decoder, true);
  Type type = decoder.peekLastType();
  if (isHalf(type))
    return decodeHalfArithmetic(decoder);
  if (type == Type::F32 || type == Type::F64)
    return decodeFloatArithmetic(decoder);
  decodeIntegerArithmetic(decoder);
}

} // namespace

void decodeIntegerArithmetic(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  bool isMad = opcode == "mad", isMul = opcode == "mul";
  int part = isMad || isMul ? decoder.takeOne({"lo", "hi", "wide"}) : 0;
  if (part < 0)
    decoder.fail("'" + decoder.source->text() + "' needs .lo, .hi or .wide");
  bool sat =
      (opcode == "add" || opcode == "sub" || isMad) && decoder.take("sat");
  bool relu = (opcode == "min" || opcode == "max") && decoder.take("relu");
  Type type = decoder.takeType();
  if (!isInteger(type))
    decoder.fail("'" + decoder.source->text() +
                 "' doesn't exist for this type");
  if (part == 2)
    return decodeWide(decoder, type, isMad);
  Handler handler = nullptr;
  unsigned sources = 2;
  if (sat && type != Type::S32)
    decoder.fail("'" + decoder.source->text() + "': .sat needs .s32");
  if (opcode == "add") {
    handler = sat ? Handler(binary<AddSat, int32_t, int32_t>) : pair<Add>(type);
  } else if (opcode == "sub") {
    handler = sat ? Handler(binary<SubSat, int32_t, int32_t>) : pair<Sub>(type);
  } else if (isMul) {
    handler = part ? pair<MulHi>(type) : pair<MulLo>(type);
  } else if (isMad) {
    sources = 3;
    handler =
        sat    ? (part ? Handler(ternary<MadHiSat, int32_t, int32_t>) : nullptr)
        : part ? triple<MadHi>(type)
               : triple<MadLo>(type);
  } else if (opcode == "div") {
    handler = pair<Div>(type);
  } else if (opcode == "rem") {
    handler = pair<Rem>(type);
  } else if (opcode == "min") {
    handler = maybe<Relu, Min>(relu, type);
  } else if (opcode == "max") {
    handler = maybe<Relu, Max>(relu, type);
  } else if (opcode == "abs" || opcode == "neg") {
    sources = 1;
    if (isSigned(type))
      handler = opcode == "abs" ? single<Abs>(type) : single<Neg>(type);
  }
  finish(decoder, Class::Integer, handler, sources, type);
}

void registerIntegerOps(DecodeTable &table) {
  for (const char *opcode :
       {"add",   "sub", "mul",  "mad",  "div",  "rem", "min", "max",
        "abs",   "neg", "addc", "subc", "madc", "fma", "rcp", "sqrt",
        "rsqrt", "sin", "cos",  "lg2",  "ex2",  "tanh"})
    table[opcode] = decodeArithmetic;
  table["mul24"] = decode24;
  table["mad24"] = decode24;
  table["sad"] = decodeSad;
  table["dp4a"] = decodeDot;
  table["dp2a"] = decodeDot;
}

} // namespace emulator
