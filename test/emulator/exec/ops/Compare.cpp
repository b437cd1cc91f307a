// SPDX-License-Identifier: Apache-2.0
// setp, set, selp, slct.
#include "exec/ops/Elementwise.h"
#include "exec/ops/Half.h"

namespace emulator {
namespace {

enum Comparison : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu,
  Num,
  Nan
};

template <Comparison op>
struct Compare {
  template <class T>
  static bool run(T a, T b) {
    // For integers the unordered forms don't exist.
    switch (op) {
    case Eq:
      return a == b;
    case Ne:
      return a < b || a > b;
    case Lt:
      return a < b;
    case Le:
      return a <= b;
    case Gt:
      return a > b;
    case Ge:
      return a >= b;
    case Equ:
      return !(a < b || a > b);
    case Neu:
      return !(a == b);
    case Ltu:
      return !(a >= b);
    case Leu:
      return !(a > b);
    case Gtu:
      return !(a <= b);
    case Geu:
      return !(a < b);
    case Num:
      return a == a && b == b;
    case Nan:
      return a != a || b != b;
    }
    return false;
  }
};

/// Readers of operands: plain values, flushed floats, halves.
template <class T>
struct Plain {
  using Type = T;
  static T get(T a) { return a; }
};
struct Flushed {
  using Type = float;
  static float get(float a) { return flush(a); }
};
template <class F, bool ftz>
struct HalfValue {
  using Type = uint16_t;
  static float get(uint16_t a) { return F::from(ftz ? F::flush(a) : a); }
};
/// One half of a pair.
template <class F, unsigned shift, bool ftz>
struct PairValue {
  using Type = uint32_t;
  static float get(uint32_t a) {
    uint16_t bits = uint16_t(a >> shift);
    return F::from(ftz ? F::flush(bits) : bits);
  }
};

/// How the result and the predicate operand are used: flags.
enum : uint8_t { hasBool = 1, boolOr = 2, boolXor = 4, flipC = 8 };

template <class V, Comparison op>
Mask compare(Warp &warp, const Instruction &i) {
  using T = typename V::Type;
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  return lanesWhere(
      [=](unsigned l) { return Compare<op>::run(V::get(a[l]), V::get(b[l])); });
}

inline Mask combine(Warp &warp, const Instruction &i, Mask value) {
  if (!(i.flags & hasBool))
    return value;
  Mask c = warp.predicateValue(i.c) ^ (i.flags & flipC ? allLanes : 0);
  return i.flags & boolOr    ? value | c
         : i.flags & boolXor ? value ^ c
                             : value & c;
}

template <class V, Comparison op>
Next setp(Warp &warp, const Instruction &i, Mask lanes) {
  Mask value = compare<V, op>(warp, i);
  Mask p = combine(warp, i, value);
  if (i.imm) // p|q
    warp.setPredicate(i.e, lanes, combine(warp, i, ~value));
  warp.setPredicate(i.d, lanes, p);
  return Next::Continue;
}

/// set writes all ones or 1.0 by the result's width (size) and kind (count: 1
/// integer, 2 float, 3 f16, 4 bf16).
template <class V, Comparison op>
Next set(Warp &warp, const Instruction &i, Mask lanes) {
  Mask p = combine(warp, i, compare<V, op>(warp, i));
  uint32_t one = i.count == 1   ? ~0u
                 : i.count == 2 ? 0x3F800000u
                 : i.count == 3 ? 0x3C00u
                                : 0x3F80u;
  if (i.size == 2)
    eachLane(lanes, warp.dst<uint16_t>(i.d),
             [=](unsigned l) { return uint16_t(p >> l & 1 ? one : 0); });
  else
    eachLane(lanes, warp.dst<uint32_t>(i.d),
             [=](unsigned l) { return p >> l & 1 ? one : 0u; });
  return Next::Continue;
}

/// f16x2: two predicates (setp p|q) or two halves of a word (set).
template <class F, bool ftz, Comparison op>
Next setpPair(Warp &warp, const Instruction &i, Mask lanes) {
  Mask low = combine(warp, i, compare<PairValue<F, 0, ftz>, op>(warp, i));
  Mask high = combine(warp, i, compare<PairValue<F, 16, ftz>, op>(warp, i));
  warp.setPredicate(i.d, lanes, low);
  if (i.imm)
    warp.setPredicate(i.e, lanes, high);
  return Next::Continue;
}
template <class F, bool ftz, Comparison op>
Next setPair(Warp &warp, const Instruction &i, Mask lanes) {
  Mask low = combine(warp, i, compare<PairValue<F, 0, ftz>, op>(warp, i));
  Mask high = combine(warp, i, compare<PairValue<F, 16, ftz>, op>(warp, i));
  uint32_t one = i.count == 1 ? 0xFFFFu : i.count == 3 ? 0x3C00u : 0x3F80u;
  eachLane(lanes, warp.dst<uint32_t>(i.d), [=](unsigned l) {
    return (low >> l & 1 ? one : 0u) | (high >> l & 1 ? one << 16 : 0u);
  });
  return Next::Continue;
}

/// setp or set on the numbers \p V, or on the pairs of numbers \p F.
template <class V>
struct Single {
  template <Comparison op>
  static Handler get(bool isSetp) {
    return isSetp ? setp<V, op> : set<V, op>;
  }
};
template <class F, bool ftz>
struct Pair {
  template <Comparison op>
  static Handler get(bool isSetp) {
    return isSetp ? setpPair<F, ftz, op> : setPair<F, ftz, op>;
  }
};

template <class Operands>
Handler pick(Comparison op, bool isSetp) {
#define EMULATOR_CASE(name)                                                    \
  case name:                                                                   \
    return Operands::template get<name>(isSetp)
  switch (op) {
    EMULATOR_CASE(Eq);
    EMULATOR_CASE(Ne);
    EMULATOR_CASE(Lt);
    EMULATOR_CASE(Le);
    EMULATOR_CASE(Gt);
    EMULATOR_CASE(Ge);
    EMULATOR_CASE(Equ);
    EMULATOR_CASE(Neu);
    EMULATOR_CASE(Ltu);
    EMULATOR_CASE(Leu);
    EMULATOR_CASE(Gtu);
    EMULATOR_CASE(Geu);
    EMULATOR_CASE(Num);
    EMULATOR_CASE(Nan);
  }
#undef EMULATOR_CASE
  return nullptr;
}

template <class V>
Handler pickOp(Comparison op, bool isSetp) {
  return pick<Single<V>>(op, isSetp);
}
template <class F, bool ftz>
Handler pickPair(Comparison op, bool isSetp) {
  return pick<Pair<F, ftz>>(op, isSetp);
}

Handler pickType(Type type, Comparison op, bool ftz, bool isSetp) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return pickOp<Plain<uint16_t>>(op, isSetp);
  case Type::B32:
  case Type::U32:
    return pickOp<Plain<uint32_t>>(op, isSetp);
  case Type::B64:
  case Type::U64:
    return pickOp<Plain<uint64_t>>(op, isSetp);
  case Type::S16:
    return pickOp<Plain<int16_t>>(op, isSetp);
  case Type::S32:
    return pickOp<Plain<int32_t>>(op, isSetp);
  case Type::S64:
    return pickOp<Plain<int64_t>>(op, isSetp);
  case Type::F32:
    return ftz ? pickOp<Flushed>(op, isSetp) : pickOp<Plain<float>>(op, isSetp);
  case Type::F64:
    return pickOp<Plain<double>>(op, isSetp);
  case Type::F16:
    return ftz ? pickOp<HalfValue<F16, true>>(op, isSetp)
               : pickOp<HalfValue<F16, false>>(op, isSetp);
  case Type::BF16:
    return pickOp<HalfValue<BF16, false>>(op, isSetp);
  case Type::F16x2:
    return ftz ? pickPair<F16, true>(op, isSetp)
               : pickPair<F16, false>(op, isSetp);
  case Type::BF16x2:
    return pickPair<BF16, false>(op, isSetp);
  default:
    return nullptr;
  }
}

bool isFloatType(Type type) {
  return isHalf(type) || type == Type::F32 || type == Type::F64;
}

Comparison takeComparison(Decoder &decoder) {
  int op = decoder.takeOne({"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu",
                            "ltu", "leu", "gtu", "geu", "num", "nan"});
  if (op >= 0)
    return Comparison(op);
  // lo, ls, hi, hs: unsigned integers.
  static const Comparison unsignedOps[] = {Lt, Le, Gt, Ge};
  op = decoder.takeOne({"lo", "ls", "hi", "hs"});
  if (op < 0)
    decoder.fail("'" + decoder.source->text() + "' lacks a comparison");
  return unsignedOps[op];
}

void takeBool(Decoder &decoder) {
  int which = decoder.takeOne({"and", "or", "xor"});
  if (which >= 0)
    decoder.out->flags |= uint8_t(hasBool | (which == 1   ? boolOr
                                             : which == 2 ? boolXor
                                                          : 0));
}

void boolOperand(Decoder &decoder, size_t index) {
  if (!(decoder.out->flags & hasBool))
    return;
  decoder.srcPredicate(&Instruction::c, decoder.operand(index));
  if (decoder.operand(index).negated)
    decoder.out->flags |= flipC;
}

void decodeSetp(Decoder &decoder) {
  Instruction &out = *decoder.out;
  Comparison op = takeComparison(decoder);
  takeBool(decoder);
  bool ftz = decoder.take("ftz");
  Type type = decoder.takeType();
  if (op > Ge && !isFloatType(type))
    decoder.fail("'" + decoder.source->text() +
                 "': the comparison is for floats");
  decoder.expectOperands(out.flags & hasBool ? 4 : 3);
  unsigned width = ptx::sizeOf(type);
  const Operand &first = decoder.operand(0);
  decoder.dstPredicate(&Instruction::d, first);
  if (first.second) {
    decoder.dstPredicate(&Instruction::e, *first.second);
    out.imm = 1;
  }
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), width, type);
  boolOperand(decoder, 3);
  out.kind = isFloatType(type) ? Class::Floating : Class::Integer;
  out.run = pickType(type, op, ftz, true);
}

void decodeSet(Decoder &decoder) {
  Instruction &out = *decoder.out;
  Comparison op = takeComparison(decoder);
  takeBool(decoder);
  bool ftz = decoder.take("ftz");
  Type result = decoder.takeType(), type = decoder.takeType();
  decoder.expectOperands(out.flags & hasBool ? 4 : 3);
  unsigned width = ptx::sizeOf(type);
  out.size = uint8_t(ptx::sizeOf(result));
  out.count = result == Type::F32                              ? 2
              : result == Type::F16 || result == Type::F16x2   ? 3
              : result == Type::BF16 || result == Type::BF16x2 ? 4
                                                               : 1;
  decoder.dst(&Instruction::d, decoder.operand(0), out.size);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), width, type);
  boolOperand(decoder, 3);
  out.kind = isFloatType(type) ? Class::Floating : Class::Integer;
  out.run = pickType(type, op, ftz, false);
}

template <class T>
Next select(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  const Mask c = warp.predicateValue(i.c) ^ (i.flags ? allLanes : 0);
  eachLane(lanes, warp.dst<T>(i.d),
           [=](unsigned l) { return c >> l & 1 ? a[l] : b[l]; });
  return Next::Continue;
}

void decodeSelp(Decoder &decoder) {
  Type type = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  decoder.expectOperands(4);
  Instruction &out = *decoder.out;
  out.kind = Class::Move;
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), width, type);
  decoder.srcPredicate(&Instruction::c, decoder.operand(3));
  out.flags = decoder.operand(3).negated;
  out.run = width == 2   ? select<uint16_t>
            : width == 4 ? select<uint32_t>
            : width == 8 ? select<uint64_t>
                         : nullptr;
}

template <class T, class C>
Next choose(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  const C *c = warp.src<C>(i.c);
  const bool ftz = i.flags;
  eachLane(lanes, warp.dst<T>(i.d), [=](unsigned l) {
    if constexpr (std::is_same_v<C, float>)
      return (ftz ? flush(c[l]) : c[l]) >= 0 ? a[l] : b[l];
    else
      return c[l] >= 0 ? a[l] : b[l];
  });
  return Next::Continue;
}

void decodeSlct(Decoder &decoder) {
  decoder.out->flags = decoder.take("ftz");
  Type type = decoder.takeType(), condition = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  bool isFloat = condition == Type::F32;
  if (!isFloat && condition != Type::S32)
    decoder.fail("'" + decoder.source->text() + "' needs .s32 or .f32 last");
  decoder.expectOperands(4);
  Instruction &out = *decoder.out;
  out.kind = Class::Move;
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  decoder.src(&Instruction::a, decoder.operand(1), width, type);
  decoder.src(&Instruction::b, decoder.operand(2), width, type);
  decoder.src(&Instruction::c, decoder.operand(3), 4, condition);
  out.run = width == 2   ? (isFloat ? Handler(choose<uint16_t, float>)
                                    : Handler(choose<uint16_t, int32_t>))
            : width == 4 ? (isFloat ? Handler(choose<uint32_t, float>)
                                    : Handler(choose<uint32_t, int32_t>))
            : width == 8 ? (isFloat ? Handler(choose<uint64_t, float>)
                                    : Handler(choose<uint64_t, int32_t>))
                         : nullptr;
}

} // namespace

void registerCompareOps(DecodeTable &table) {
  table["setp"] = decodeSetp;
  table["set"] = decodeSet;
  table["selp"] = decodeSelp;
  table["slct"] = decodeSlct;
}

} // namespace emulator
