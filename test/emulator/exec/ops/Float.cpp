// SPDX-License-Identifier: Apache-2.0
// Single and double precision, rounded to nearest; the approximate functions
// are computed to within their bounds.
#include "exec/ops/Elementwise.h"
#include "exec/ops/Numbers.h"

#include <cmath>

namespace emulator {
namespace {

template <bool ftz, bool sat>
inline float result(float value) {
  value = flushIf<ftz>(value);
  return sat ? saturate(value) : canonical(value);
}

struct AddOp {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct SubOp {
  template <class T>
  static T of(T a, T b) {
    return a - b;
  }
};
struct MulOp {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct DivOp {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};
struct DivApprox {
  static float of(float a, float b) {
    float magnitude = std::fabs(b);
    float value = a / b;
    bool isBig = magnitude > 0x1p126f && magnitude < INFINITY;
    return isBig ? (std::fabs(a) == INFINITY ? NAN : std::copysign(0.0f, value))
                 : value;
  }
};
struct FmaOp {
  template <class T>
  static T of(T a, T b, T c) {
    return std::fma(a, b, c);
  }
};

template <class Op, bool ftz, bool sat>
struct Pair {
  static float run(float a, float b) {
    return result<ftz, sat>(Op::of(flushIf<ftz>(a), flushIf<ftz>(b)));
  }
};
template <class Op>
struct PairDouble {
  static double run(double a, double b) { return Op::of(a, b); }
};
template <bool ftz, bool sat>
struct Fma {
  static float run(float a, float b, float c) {
    return result<ftz, sat>(
        FmaOp::of(flushIf<ftz>(a), flushIf<ftz>(b), flushIf<ftz>(c)));
  }
};
struct FmaDouble {
  static double run(double a, double b, double c) { return std::fma(a, b, c); }
};

/// min and max; modes: 1 ftz, 2 NaN, 4 xorsign.abs.
template <class T, bool isMax, unsigned mode>
struct MinMax {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  static constexpr Bits signBit = Bits(1) << (8 * sizeof(T) - 1);
  static T run(T a, T b) {
    if constexpr ((mode & 1) && sizeof(T) == 4) {
      a = flush(a);
      b = flush(b);
    }
    Bits sign = (bitsTo<Bits>(a) ^ bitsTo<Bits>(b)) & signBit;
    if constexpr (mode & 4) {
      a = std::fabs(a);
      b = std::fabs(b);
    }
    Bits x = bitsTo<Bits>(a), y = bitsTo<Bits>(b);
    T less =
        bitsTo<T>(isMax ? x & y : x | y); // of equal ones: by the sign of zeros
    T value = a == b ? less : (isMax ? a > b : a < b) ? a : b;
    bool nanA = a != a, nanB = b != b;
    value = nanA ? b : nanB ? a : value;
    if constexpr (mode & 2)
      value = nanA || nanB ? T(NAN) : value;
    if constexpr (sizeof(T) == 4)
      value = canonical(value);
    if constexpr (mode & 4)
      value = value != value ? value : bitsTo<T>(bitsTo<Bits>(value) | sign);
    return value;
  }
};

template <bool ftz>
struct Abs {
  static float run(float a) { return std::fabs(flushIf<ftz>(a)); }
};
template <bool ftz>
struct Neg {
  static float run(float a) { return -flushIf<ftz>(a); }
};
struct AbsDouble {
  static double run(double a) { return std::fabs(a); }
};
struct NegDouble {
  static double run(double a) { return -a; }
};

struct RcpOp {
  template <class T>
  static T of(T a) {
    return T(1) / a;
  }
};
struct SqrtOp {
  template <class T>
  static T of(T a) {
    return std::sqrt(a);
  }
};
struct RsqrtOp {
  static float of(float a) { return float(1.0 / std::sqrt(double(a))); }
};
struct SinOp {
  static float of(float a) { return std::sin(a); }
};
struct CosOp {
  static float of(float a) { return std::cos(a); }
};
struct Lg2Op {
  static float of(float a) { return std::log2(a); }
};
struct Ex2Op {
  static float of(float a) { return std::exp2(a); }
};
struct TanhOp {
  static float of(float a) { return std::tanh(a); }
};

template <class Op, bool ftz>
struct Single {
  static float run(float a) {
    return result<ftz, false>(Op::of(flushIf<ftz>(a)));
  }
};
template <class Op>
struct SingleDouble {
  static double run(double a) { return Op::of(a); }
};
struct RsqrtDouble {
  static double of(double a) { return 1.0 / std::sqrt(a); }
};
/// The seeds of Newton iterations: only the upper half of operand and result.
template <class Op>
struct Gross {
  static double run(double a) {
    constexpr uint64_t upper = 0xFFFFFFFF00000000ull;
    uint64_t bits = bitsTo<uint64_t>(a);
    if (!(bits & 0x7FF0000000000000ull))
      bits &= 0x8000000000000000ull;
    double value = Op::of(bitsTo<double>(bits & upper));
    if (value != value)
      return bitsTo<double>(0x7FFFFFFF00000000ull);
    uint64_t out = bitsTo<uint64_t>(value) & upper;
    return bitsTo<double>(
        out & 0x7FF0000000000000ull ? out : out & 0x8000000000000000ull);
  }
};

template <class Op>
Handler pairOf(bool ftz, bool sat) {
  return ftz ? (sat ? Handler(binary<Pair<Op, true, true>, float, float>)
                    : Handler(binary<Pair<Op, true, false>, float, float>))
             : (sat ? Handler(binary<Pair<Op, false, true>, float, float>)
                    : Handler(binary<Pair<Op, false, false>, float, float>));
}
template <class Op>
Handler singleOf(bool ftz) {
  return ftz ? Handler(unary<Single<Op, true>, float, float>)
             : Handler(unary<Single<Op, false>, float, float>);
}
template <class T, bool isMax>
Handler minMaxOf(unsigned mode) {
  static const Handler handlers[] = {
      binary<MinMax<T, isMax, 0>, T, T>, binary<MinMax<T, isMax, 1>, T, T>,
      binary<MinMax<T, isMax, 2>, T, T>, binary<MinMax<T, isMax, 3>, T, T>,
      binary<MinMax<T, isMax, 4>, T, T>, binary<MinMax<T, isMax, 5>, T, T>,
      binary<MinMax<T, isMax, 6>, T, T>, binary<MinMax<T, isMax, 7>, T, T>};
  return handlers[mode];
}

Handler doubleHandler(const std::string &op, bool isApprox, bool ftz) {
  if (op == "add")
    return binary<PairDouble<AddOp>, double, double>;
  if (op == "sub")
    return binary<PairDouble<SubOp>, double, double>;
  if (op == "mul")
    return binary<PairDouble<MulOp>, double, double>;
  if (op == "div" && !isApprox)
    return binary<PairDouble<DivOp>, double, double>;
  if (op == "fma" || op == "mad")
    return ternary<FmaDouble, double, double>;
  if (op == "abs")
    return unary<AbsDouble, double, double>;
  if (op == "neg")
    return unary<NegDouble, double, double>;
  if (op == "min")
    return minMaxOf<double, false>(0);
  if (op == "max")
    return minMaxOf<double, true>(0);
  if (op == "rcp" && isApprox)
    return ftz ? unary<Gross<RcpOp>, double, double> : nullptr;
  if (op == "rcp")
    return unary<SingleDouble<RcpOp>, double, double>;
  if (op == "sqrt" && !isApprox)
    return unary<SingleDouble<SqrtOp>, double, double>;
  if (op == "rsqrt" && isApprox)
    return ftz ? unary<Gross<RsqrtDouble>, double, double>
               : unary<SingleDouble<RsqrtDouble>, double, double>;
  return nullptr;
}

Handler singleHandler(const std::string &op, bool isApprox, bool ftz,
                      bool sat) {
  if (op == "add")
    return pairOf<AddOp>(ftz, sat);
  if (op == "sub")
    return pairOf<SubOp>(ftz, sat);
  if (op == "mul")
    return pairOf<MulOp>(ftz, sat);
  if (op == "fma" || op == "mad")
    return ftz ? (sat ? Handler(ternary<Fma<true, true>, float, float>)
                      : Handler(ternary<Fma<true, false>, float, float>))
               : (sat ? Handler(ternary<Fma<false, true>, float, float>)
                      : Handler(ternary<Fma<false, false>, float, float>));
  if (sat)
    return nullptr;
  if (op == "div")
    return isApprox ? pairOf<DivApprox>(ftz, false) : pairOf<DivOp>(ftz, false);
  if (op == "abs")
    return ftz ? unary<Abs<true>, float, float>
               : unary<Abs<false>, float, float>;
  if (op == "neg")
    return ftz ? unary<Neg<true>, float, float>
               : unary<Neg<false>, float, float>;
  if (op == "rcp")
    return singleOf<RcpOp>(ftz);
  if (op == "sqrt")
    return singleOf<SqrtOp>(ftz);
  if (!isApprox)
    return nullptr;
  if (op == "rsqrt")
    return singleOf<RsqrtOp>(ftz);
  if (op == "sin")
    return singleOf<SinOp>(ftz);
  if (op == "cos")
    return singleOf<CosOp>(ftz);
  if (op == "lg2")
    return singleOf<Lg2Op>(ftz);
  if (op == "ex2")
    return singleOf<Ex2Op>(ftz);
  if (op == "tanh")
    return singleOf<TanhOp>(ftz);
  return nullptr;
}

unsigned sourcesOf(const std::string &op) {
  if (op == "fma" || op == "mad")
    return 3;
  for (const char *two : {"add", "sub", "mul", "div", "min", "max"})
    if (op == two)
      return 2;
  return 1;
}

struct CopySign {
  template <class T>
  static T run(T a, T b) {
    constexpr T sign = T(1) << (8 * sizeof(T) - 1);
    return T((a & sign) | (b & ~sign));
  }
};
void decodeCopySign(Decoder &decoder) {
  Type type = decoder.takeType();
  finish(decoder, Class::Floating,
         type == Type::F32   ? Handler(binary<CopySign, uint32_t, uint32_t>)
         : type == Type::F64 ? Handler(binary<CopySign, uint64_t, uint64_t>)
                             : nullptr,
         2, type);
}

bool hasProperty(int property, double value, bool isSubnormal) {
  bool isNumber = value == value,
       isFinite = isNumber && std::fabs(value) != INFINITY;
  switch (property) {
  case 0:
    return isFinite;
  case 1:
    return isNumber && !isFinite;
  case 2:
    return isNumber;
  case 3:
    return !isNumber;
  case 4:
    return isFinite && !isSubnormal; // zeros are normal
  default:
    return isSubnormal;
  }
}

template <class T>
Next testProperty(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a);
  Mask value = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    value |= Mask(hasProperty(i.flags, double(a[l]),
                              std::fpclassify(a[l]) == FP_SUBNORMAL))
             << l;
  warp.setPredicate(i.d, lanes, value);
  return Next::Continue;
}

void decodeTestp(Decoder &decoder) {
  int property = decoder.takeOne(
      {"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = decoder.takeType();
  decoder.expectOperands(2);
  if (property < 0 || (type != Type::F32 && type != Type::F64))
    decoder.fail("'" + decoder.source->text() + "' doesn't exist");
  decoder.out->flags = uint8_t(property);
  decoder.out->kind = Class::Floating;
  decoder.out->run =
      type == Type::F32 ? testProperty<float> : testProperty<double>;
  decoder.dstPredicate(&Instruction::d, decoder.operand(0));
  decoder.src(&Instruction::a, decoder.operand(1), ptx::sizeOf(type), type);
}

} // namespace

void decodeFloatArithmetic(Decoder &decoder) {
  const std::string &op = decoder.source->opcode;
  int rounding = decoder.takeOne({"rn", "rz", "rm", "rp"});
  int approx = decoder.takeOne({"approx", "full"});
  bool ftz = decoder.take("ftz"), sat = decoder.take("sat");
  bool isMinMax = op == "min" || op == "max";
  unsigned mode = ftz ? 1 : 0;
  if (isMinMax) {
    mode |= decoder.take("NaN") ? 2 : 0;
    if (decoder.take("xorsign")) {
      if (!decoder.take("abs"))
        decoder.fail("'" + decoder.source->text() + "': .xorsign needs .abs");
      mode |= 4;
    }
  }
  Type type = decoder.takeType();
  bool isDouble = type == Type::F64;
  bool needsRounding =
      op == "fma" || op == "div" || op == "sqrt" || op == "rcp";
  if (needsRounding && rounding < 0 && approx < 0)
    decoder.fail("'" + decoder.source->text() + "' needs a rounding");
  Handler handler;
  if (isMinMax && !isDouble)
    handler = op == "min" ? minMaxOf<float, false>(mode)
                          : minMaxOf<float, true>(mode);
  else if (rounding > 0)
    handler = roundedHandler(op, type, rounding, ftz, sat);
  else if (isDouble)
    handler = sat || (mode & 6) ? nullptr : doubleHandler(op, approx == 0, ftz);
  else
    handler = singleHandler(op, approx == 0, ftz, sat);
  Class kind = isDouble      ? Class::Double
               : approx >= 0 ? Class::Special
                             : Class::Floating;
  finish(decoder, kind, handler, sourcesOf(op), type);
  if (rounding > 0)
    decoder.out->flags = uint8_t((ftz ? 1 : 0) | (sat ? 2 : 0));
}

void registerFloatOps(DecodeTable &table) {
  table["copysign"] = decodeCopySign;
  table["testp"] = decodeTestp;
}

} // namespace emulator
