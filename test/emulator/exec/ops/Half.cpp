// SPDX-License-Identifier: Apache-2.0
// f16, f16x2, bf16, bf16x2: computed in single precision (fma with rounding to
// odd), rounded once.
#include "exec/ops/Half.h"
#include "exec/ops/Elementwise.h"

namespace emulator {
namespace {

enum HalfFlag : uint8_t {
  ftz = 1,
  sat = 2,
  relu = 4,
  keepNaN = 8,
  xorSign = 16
};

template <class F>
inline uint16_t finishHalf(float value, uint8_t flags) {
  if (flags & sat)
    value = saturate(value);
  if (flags & relu)
    value = value != value ? value : value > 0 ? value : 0.0f;
  uint16_t bits = F::to(value);
  return flags & ftz ? F::flush(bits) : bits;
}

struct AddOp {
  static float of(float a, float b, float) { return a + b; }
};
struct SubOp {
  static float of(float a, float b, float) { return a - b; }
};
struct MulOp {
  static float of(float a, float b, float) { return a * b; }
};
struct FmaOp {
  static float of(float a, float b, float c) { return fmaOdd(a, b, c); }
};
struct TanhOp {
  static float of(float a, float, float) { return std::tanh(a); }
};
struct Ex2Op {
  static float of(float a, float, float) { return std::exp2(a); }
};

template <class F, class Op>
inline uint16_t compute(uint16_t a, uint16_t b, uint16_t c, uint8_t flags) {
  if (flags & ftz) {
    a = F::flush(a);
    b = F::flush(b);
    c = F::flush(c);
  }
  return finishHalf<F>(Op::of(F::from(a), F::from(b), F::from(c)), flags);
}

/// The sign bit and the order of the magnitudes are the same in all formats.
template <class F, bool isMax>
struct MinMax {
  static uint16_t run(uint16_t a, uint16_t b, uint16_t, uint8_t flags) {
    if (flags & ftz) {
      a = F::flush(a);
      b = F::flush(b);
    }
    uint16_t sign = uint16_t((a ^ b) & 0x8000);
    if (flags & xorSign) {
      a &= 0x7FFF;
      b &= 0x7FFF;
    }
    float x = F::from(a), y = F::from(b);
    uint16_t equal = isMax ? a & b : a | b;
    uint16_t value = x == y ? equal : (isMax ? x > y : x < y) ? a : b;
    bool nanA = x != x, nanB = y != y;
    value = nanA ? b : nanB ? a : value;
    if ((nanA && nanB) || ((flags & keepNaN) && (nanA || nanB)))
      return 0x7FFF;
    return flags & xorSign ? uint16_t(value | sign) : value;
  }
};
template <class F, class Op>
struct Compute {
  static uint16_t run(uint16_t a, uint16_t b, uint16_t c, uint8_t flags) {
    return compute<F, Op>(a, b, c, flags);
  }
};
template <class F>
struct AbsOp {
  static uint16_t run(uint16_t a, uint16_t, uint16_t, uint8_t flags) {
    return uint16_t((flags & ftz ? F::flush(a) : a) & 0x7FFF);
  }
};
template <class F>
struct NegOp {
  static uint16_t run(uint16_t a, uint16_t, uint16_t, uint8_t flags) {
    return uint16_t((flags & ftz ? F::flush(a) : a) ^ 0x8000);
  }
};

/// T: uint16_t, or uint32_t for pairs.
template <class T, class F>
Next half(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b), *c = warp.src<T>(i.c);
  const uint8_t flags = i.flags;
  eachLane(lanes, warp.dst<T>(i.d), [=](unsigned l) {
    if constexpr (sizeof(T) == 2)
      return F::run(a[l], b[l], c[l], flags);
    else
      return T(F::run(uint16_t(a[l]), uint16_t(b[l]), uint16_t(c[l]), flags)) |
             T(F::run(uint16_t(a[l] >> 16), uint16_t(b[l] >> 16),
                      uint16_t(c[l] >> 16), flags))
                 << 16;
  });
  return Next::Continue;
}

template <class T, class F>
Handler pick(const std::string &op) {
  if (op == "add")
    return half<T, Compute<F, AddOp>>;
  if (op == "sub")
    return half<T, Compute<F, SubOp>>;
  if (op == "mul")
    return half<T, Compute<F, MulOp>>;
  if (op == "fma")
    return half<T, Compute<F, FmaOp>>;
  if (op == "tanh")
    return half<T, Compute<F, TanhOp>>;
  if (op == "ex2")
    return half<T, Compute<F, Ex2Op>>;
  if (op == "min")
    return half<T, MinMax<F, false>>;
  if (op == "max")
    return half<T, MinMax<F, true>>;
  if (op == "abs")
    return half<T, AbsOp<F>>;
  if (op == "neg")
    return half<T, NegOp<F>>;
  return nullptr;
}

} // namespace

void decodeHalfArithmetic(Decoder &decoder) {
  const std::string &op = decoder.source->opcode;
  decoder.take("rn");
  decoder.take("approx");
  Instruction &out = *decoder.out;
  out.flags =
      (decoder.take("ftz") ? ftz : 0) | (decoder.take("sat") ? sat : 0) |
      (decoder.take("relu") ? relu : 0) | (decoder.take("NaN") ? keepNaN : 0);
  if (decoder.take("xorsign")) {
    decoder.take("abs");
    out.flags |= xorSign;
  }
  Type type = decoder.takeType();
  Handler handler = type == Type::F16     ? pick<uint16_t, F16>(op)
                    : type == Type::BF16  ? pick<uint16_t, BF16>(op)
                    : type == Type::F16x2 ? pick<uint32_t, F16>(op)
                                          : pick<uint32_t, BF16>(op);
  unsigned sources =
      op == "fma" ? 3
      : op == "add" || op == "sub" || op == "mul" || op == "min" || op == "max"
          ? 2
          : 1;
  // Operands that an op lacks are read as its first.
  finish(decoder, Class::Half, handler, sources, type);
  if (sources < 2)
    decoder.src(&Instruction::b, decoder.operand(1), ptx::sizeOf(type), type);
  if (sources < 3)
    decoder.src(&Instruction::c, decoder.operand(1), ptx::sizeOf(type), type);
}

void registerHalfOps(DecodeTable &) {} // by decodeArithmetic

} // namespace emulator
