// SPDX-License-Identifier: Apache-2.0
// cvt between numbers; ConvertPacked.cpp has the packed and 8-bit forms.
#include "exec/ops/Convert.h"

#include <limits>

namespace emulator {
namespace {

/// A conversion in two steps, through an integer or a double that holds any
/// source exactly.
struct Conversion : Extra {
  void (*readInteger)(const uint8_t *, int64_t *) = nullptr;
  void (*readFloat)(const uint8_t *, double *, bool) = nullptr;
  Type from = Type::None, to = Type::None;
  uint8_t width = 4; ///< of the destination register
  Round round = Round::Nearest;
  bool isIntegral = false; ///< rni, rzi, rmi, rpi
  bool ftz = false, sat = false, relu = false, satFinite = false;
};

template <class R, class S>
void readInteger(const uint8_t *slot, int64_t *out) {
  const R *a = reinterpret_cast<const R *>(slot);
  for (unsigned l = 0; l < warpSize; ++l)
    out[l] = int64_t(S(a[l]));
}
template <class R>
void readFloat(const uint8_t *slot, double *out, bool ftz) {
  const R *a = reinterpret_cast<const R *>(slot);
  for (unsigned l = 0; l < warpSize; ++l)
    if constexpr (sizeof(R) == 4)
      out[l] = double(ftz ? flush(a[l]) : a[l]);
    else
      out[l] = double(a[l]);
}
template <class F>
void readHalf(const uint8_t *slot, double *out, bool) {
  const uint16_t *a = reinterpret_cast<const uint16_t *>(slot);
  for (unsigned l = 0; l < warpSize; ++l)
    out[l] = double(F::from(a[l]));
}

template <class S>
auto readerOf(unsigned width) -> void (*)(const uint8_t *, int64_t *) {
  switch (width) {
  case 2:
    return readInteger<uint16_t, S>;
  case 4:
    return readInteger<uint32_t, S>;
  default:
    return readInteger<uint64_t, S>;
  }
}

struct Limits {
  int64_t low;
  uint64_t high;
};
Limits limitsOf(Type type) {
  unsigned bits = 8 * ptx::sizeOf(type);
  if (isSigned(type))
    return {int64_t(~0ull << (bits - 1)), (1ull << (bits - 1)) - 1};
  return {0, bits == 64 ? ~0ull : (1ull << bits) - 1};
}

/// Writes 64-bit results, truncated to the type and extended to the register.
void write(Warp &warp, const Instruction &i, Mask lanes, const Conversion &c,
           const uint64_t *values) {
  unsigned bits = 64 - 8 * ptx::sizeOf(c.to);
  const bool isSignedType = isSigned(c.to);
  auto extend = [=](unsigned l) {
    return isSignedType ? uint64_t(int64_t(values[l] << bits) >> bits)
                        : values[l] << bits >> bits;
  };
  if (c.width == 2)
    eachLane(lanes, warp.dst<uint16_t>(i.d),
             [=](unsigned l) { return uint16_t(extend(l)); });
  else if (c.width == 4)
    eachLane(lanes, warp.dst<uint32_t>(i.d),
             [=](unsigned l) { return uint32_t(extend(l)); });
  else
    eachLane(lanes, warp.dst<uint64_t>(i.d),
             [=](unsigned l) { return extend(l); });
}

const uint8_t *slotOf(Warp &warp, const Instruction &i) {
  return warp.src<uint8_t>(i.a);
}

Next integerToInteger(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = *static_cast<const Conversion *>(i.extra);
  alignas(64) int64_t values[warpSize];
  c.readInteger(slotOf(warp, i), values);
  if (c.sat) {
    Limits limits = limitsOf(c.to);
    bool isUnsigned64 = c.from == Type::U64;
    for (int64_t &value : values) {
      if (!isUnsigned64 && value < limits.low)
        value = limits.low;
      else if ((isUnsigned64 || value > 0) && uint64_t(value) > limits.high)
        value = int64_t(limits.high);
    }
  }
  write(warp, i, lanes, c, reinterpret_cast<uint64_t *>(values));
  return Next::Continue;
}

double toIntegral(double value, Round round) {
  switch (round) {
  case Round::Nearest:
    return std::nearbyint(value);
  case Round::Zero:
    return std::trunc(value);
  case Round::Down:
    return std::floor(value);
  case Round::Up:
    return std::ceil(value);
  case Round::Away:
    return std::round(value);
  }
  return value;
}

Next floatToInteger(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = *static_cast<const Conversion *>(i.extra);
  alignas(64) double values[warpSize];
  alignas(64) uint64_t results[warpSize];
  c.readFloat(slotOf(warp, i), values, c.ftz);
  const Limits limits = limitsOf(c.to);
  const bool isWide = c.from == Type::F64 || ptx::sizeOf(c.to) == 8;
  const uint64_t ofNaN = isWide ? 1ull << (8 * ptx::sizeOf(c.to) - 1) : 0;
  for (unsigned l = 0; l < warpSize; ++l) {
    double value = values[l];
    if (value != value) {
      results[l] = ofNaN;
      continue;
    }
    value = toIntegral(value, c.round);
    if (value < double(limits.low))
      results[l] = uint64_t(limits.low);
    else if (value >= double(limits.high)) // of 64 bits, one more than it is
      results[l] = limits.high;
    else
      results[l] = value < 0 ? uint64_t(int64_t(value)) : uint64_t(value);
  }
  write(warp, i, lanes, c, results);
  return Next::Continue;
}

/// A magnitude rounded to so many bits.
double roundInteger(uint64_t magnitude, bool isNegative, int bits,
                    Round round) {
  int length = magnitude ? 64 - __builtin_clzll(magnitude) : 0;
  if (length <= bits)
    return double(magnitude);
  int shift = length - bits;
  uint64_t kept = magnitude >> shift, rest = magnitude & ((1ull << shift) - 1);
  uint64_t half = 1ull << (shift - 1);
  bool more = round == Round::Nearest
                  ? rest > half || (rest == half && (kept & 1))
              : round == Round::Up   ? rest && !isNegative
              : round == Round::Down ? rest && isNegative
                                     : false;
  return std::ldexp(double(kept + more), shift);
}

/// The bits of a number in a format of the destination.
uint64_t bitsOf(double value, const Conversion &c) {
  if (c.sat)
    value = saturate(value);
  if (c.relu && value < 0)
    value = 0;
  switch (c.to) {
  case Type::F64:
    return bitsTo<uint64_t>(value);
  case Type::F32: {
    if (value != value)
      return 0x7FFFFFFF;
    uint32_t bits = c.round == Round::Nearest
                        ? bitsTo<uint32_t>(float(value))
                        : encode(value, {8, 23}, c.round, false);
    return c.ftz ? bitsTo<uint32_t>(flush(bitsTo<float>(bits))) : bits;
  }
  case Type::F16:
    return value != value ? 0x7FFF
                          : encode(value, {5, 10}, c.round, c.satFinite);
  case Type::BF16:
    return value != value ? 0x7FFF
                          : encode(value, {8, 7}, c.round, c.satFinite);
  default:
    return 0;
  }
}

int mantissaOf(Type type) {
  return type == Type::F64   ? 53
         : type == Type::F32 ? 24
         : type == Type::F16 ? 11
                             : 8;
}

Next integerToFloat(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = *static_cast<const Conversion *>(i.extra);
  alignas(64) int64_t values[warpSize];
  alignas(64) uint64_t results[warpSize];
  c.readInteger(slotOf(warp, i), values);
  for (unsigned l = 0; l < warpSize; ++l) {
    bool isNegative = values[l] < 0 && c.from != Type::U64;
    uint64_t magnitude =
        isNegative ? 0 - uint64_t(values[l]) : uint64_t(values[l]);
    double value =
        roundInteger(magnitude, isNegative, mantissaOf(c.to), c.round);
    results[l] = bitsOf(isNegative ? -value : value, c);
  }
  write(warp, i, lanes, c, results);
  return Next::Continue;
}

Next floatToFloat(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = *static_cast<const Conversion *>(i.extra);
  alignas(64) double values[warpSize];
  alignas(64) uint64_t results[warpSize];
  c.readFloat(slotOf(warp, i), values, c.ftz);
  for (unsigned l = 0; l < warpSize; ++l) {
    double value = c.isIntegral ? toIntegral(values[l], c.round) : values[l];
    results[l] = bitsOf(value, c);
  }
  write(warp, i, lanes, c, results);
  return Next::Continue;
}

// The most frequent ones directly.
template <class D>
struct To {
  template <class S>
  static D run(S a) {
    return D(a);
  }
};
template <class D, class S>
struct Through { // extends the low part
  template <class R>
  static D run(R a) {
    return D(S(a));
  }
};
struct F32ToF16 {
  static uint16_t run(float a) { return toF16(a); }
};
struct F16ToF32 {
  static float run(uint16_t a) { return canonical(fromF16(a)); }
};
struct F32ToBF16 {
  static uint16_t run(float a) { return toBF16(a); }
};
struct BF16ToF32 {
  static float run(uint16_t a) { return canonical(fromBF16(a)); }
};
struct F64ToF32 {
  static float run(double a) { return canonical(float(a)); }
};

Handler directHandler(const Conversion &c, unsigned sourceWidth) {
  if (c.sat || c.relu || c.ftz || c.isIntegral || c.round != Round::Nearest)
    return nullptr;
  Type from = c.from, to = c.to;
  if (from == Type::F32 && to == Type::F16)
    return unary<F32ToF16, uint16_t, float>;
  if (from == Type::F16 && to == Type::F32)
    return unary<F16ToF32, float, uint16_t>;
  if (from == Type::F32 && to == Type::BF16)
    return unary<F32ToBF16, uint16_t, float>;
  if (from == Type::BF16 && to == Type::F32)
    return unary<BF16ToF32, float, uint16_t>;
  if (from == Type::F32 && to == Type::F64)
    return unary<To<double>, double, float>;
  if (from == Type::F64 && to == Type::F32)
    return unary<F64ToF32, float, double>;
  if (from == Type::S32 && to == Type::F32)
    return unary<To<float>, float, int32_t>;
  if (from == Type::U32 && to == Type::F32)
    return unary<To<float>, float, uint32_t>;
  if (from == Type::S32 && to == Type::F64)
    return unary<To<double>, double, int32_t>;
  if (from == Type::U32 && to == Type::F64)
    return unary<To<double>, double, uint32_t>;
  if (!isInteger(from) || !isInteger(to) || c.width != ptx::sizeOf(to) ||
      sourceWidth != ptx::sizeOf(from))
    return nullptr;
  if (from == Type::U32 && c.width == 8)
    return unary<To<uint64_t>, uint64_t, uint32_t>;
  if (from == Type::S32 && c.width == 8)
    return unary<To<int64_t>, int64_t, int32_t>;
  if (sourceWidth == 8 && c.width == 4)
    return unary<To<uint32_t>, uint32_t, uint64_t>;
  if (from == Type::U16 && c.width == 4)
    return unary<To<uint32_t>, uint32_t, uint16_t>;
  if (from == Type::S16 && c.width == 4)
    return unary<To<int32_t>, int32_t, int16_t>;
  if (sourceWidth == 4 && c.width == 2)
    return unary<To<uint16_t>, uint16_t, uint32_t>;
  return nullptr;
}

void setReader(Conversion &c, unsigned width) {
  switch (c.from) {
  case Type::U8:
    c.readInteger = readerOf<uint8_t>(width);
    break;
  case Type::S8:
    c.readInteger = readerOf<int8_t>(width);
    break;
  case Type::U16:
    c.readInteger = readerOf<uint16_t>(width);
    break;
  case Type::S16:
    c.readInteger = readerOf<int16_t>(width);
    break;
  case Type::U32:
    c.readInteger = readerOf<uint32_t>(width);
    break;
  case Type::S32:
    c.readInteger = readerOf<int32_t>(width);
    break;
  case Type::U64:
  case Type::S64:
    c.readInteger = readerOf<int64_t>(width);
    break;
  case Type::F32:
    c.readFloat = readFloat<float>;
    break;
  case Type::F64:
    c.readFloat = readFloat<double>;
    break;
  case Type::F16:
    c.readFloat = readHalf<F16>;
    break;
  case Type::BF16:
    c.readFloat = readHalf<BF16>;
    break;
  default:
    break;
  }
}

void decodeCvt(Decoder &decoder) {
  if (decodePackedConversion(decoder))
    return;
  static const Round rounds[] = {Round::Nearest, Round::Zero,    Round::Down,
                                 Round::Up,      Round::Nearest, Round::Zero,
                                 Round::Down,    Round::Up,      Round::Away};
  int rounding = decoder.takeOne(
      {"rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi", "rna"});
  auto &c = *decoder.extra<Conversion>();
  c.ftz = decoder.take("ftz");
  c.sat = decoder.take("sat");
  c.relu = decoder.take("relu");
  c.satFinite = decoder.take("satfinite");
  c.to = decoder.takeType();
  c.from = decoder.takeType();
  if (rounding >= 0)
    c.round = rounds[rounding];
  c.isIntegral = rounding >= 4 && rounding < 8;
  decoder.expectOperands(2);
  Instruction &out = *decoder.out;
  out.kind = Class::Convert;
  auto registerWidth = [&](const Operand &operand, Type type) {
    return std::max(2u, decoder.widthOf(operand, ptx::sizeOf(type)));
  };
  c.width = uint8_t(registerWidth(decoder.operand(0), c.to));
  unsigned sourceWidth = registerWidth(decoder.operand(1), c.from);
  bool fromInteger = isInteger(c.from), toInteger = isInteger(c.to);
  if (c.width < ptx::sizeOf(c.to) || sourceWidth < ptx::sizeOf(c.from) ||
      c.width == 16)
    decoder.fail("'" + decoder.source->text() +
                 "' with a register that is too small");
  if (!toInteger && c.width != ptx::sizeOf(c.to))
    decoder.fail("'" + decoder.source->text() +
                 "' with a register of another size");
  setReader(c, sourceWidth);
  bool isNarrowing =
      !toInteger && (fromInteger || ptx::sizeOf(c.to) < ptx::sizeOf(c.from));
  if ((isNarrowing && (rounding < 0 || c.isIntegral)) ||
      (!fromInteger && toInteger && !c.isIntegral))
    decoder.fail("'" + decoder.source->text() + "' needs a rounding");
  out.run = directHandler(c, sourceWidth);
  if (!out.run && (c.readInteger || c.readFloat))
    out.run = fromInteger ? (toInteger ? integerToInteger : integerToFloat)
                          : (toInteger ? floatToInteger : floatToFloat);
  decoder.dst(&Instruction::d, decoder.operand(0), c.width);
  decoder.src(&Instruction::a, decoder.operand(1), sourceWidth, c.from);
}

} // namespace

void registerConvertOps(DecodeTable &table) { table["cvt"] = decodeCvt; }

} // namespace emulator
