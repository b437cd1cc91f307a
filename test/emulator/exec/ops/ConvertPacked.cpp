// SPDX-License-Identifier: Apache-2.0
// cvt of pairs, of tf32 and of 8-bit floats; cvt.pack.
#include "exec/ops/Convert.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr Format e4m3{4, 3, true}, e5m2{5, 2};

struct Packed : Extra {
  Round round = Round::Nearest;
  bool relu = false, satFinite = false, ftz = false;
  Format format{5, 10};
};

uint32_t encodeValue(float value, const Packed &p) {
  const unsigned bits = unsigned(p.format.exponent + p.format.mantissa);
  if (value != value) // all ones without the sign; e5m2's too
    return p.format.exponent + p.format.mantissa == 15 ? 0x7FFF
                                                       : (1u << bits) - 1;
  if (p.relu && !(value > 0))
    value = 0;
  return encode(double(value), p.format, p.round, p.satFinite);
}

/// d = {a, b}: a in the upper half.
Next twoFloats(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &p = *static_cast<const Packed *>(i.extra);
  const float *a = warp.src<float>(i.a), *b = warp.src<float>(i.b);
  if (i.size == 4)
    eachLane(lanes, warp.dst<uint32_t>(i.d), [&](unsigned l) {
      return encodeValue(a[l], p) << 16 | encodeValue(b[l], p);
    });
  else
    eachLane(lanes, warp.dst<uint16_t>(i.d), [&](unsigned l) {
      return uint16_t(encodeValue(a[l], p) << 8 | encodeValue(b[l], p));
    });
  return Next::Continue;
}
template <class F>
struct TwoNearest {
  static uint32_t run(float a, float b) {
    return uint32_t(F::to(a)) << 16 | F::to(b);
  }
};

/// 8-bit pairs from f16x2.
Next fromHalves(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &p = *static_cast<const Packed *>(i.extra);
  const uint32_t *a = warp.src<uint32_t>(i.a);
  eachLane(lanes, warp.dst<uint16_t>(i.d), [&](unsigned l) {
    return uint16_t(encodeValue(fromF16(uint16_t(a[l] >> 16)), p) << 8 |
                    encodeValue(fromF16(uint16_t(a[l])), p));
  });
  return Next::Continue;
}
/// f16x2 from 8-bit pairs.
Next toHalves(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &p = *static_cast<const Packed *>(i.extra);
  const uint16_t *a = warp.src<uint16_t>(i.a);
  auto half = [&](uint32_t byte) {
    float value = float(decode(byte, p.format));
    if (p.relu && value < 0)
      value = 0;
    return uint32_t(toF16(value));
  };
  eachLane(lanes, warp.dst<uint32_t>(i.d), [&](unsigned l) {
    return half(a[l] >> 8) << 16 | half(a[l] & 255u);
  });
  return Next::Continue;
}

Next toTF32(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &p = *static_cast<const Packed *>(i.extra);
  const float *a = warp.src<float>(i.a);
  eachLane(lanes, warp.dst<uint32_t>(i.d), [&](unsigned l) {
    float value = p.relu && a[l] < 0 ? 0.0f : a[l];
    if (value != value)
      return 0x7FFFFFFFu;
    return encode(double(value), {8, 10}, p.round, p.satFinite) << 13;
  });
  return Next::Continue;
}

/// cvt.pack.sat: flags: bits of the result's elements and whether signed.
Next packSat(Warp &warp, const Instruction &i, Mask lanes) {
  const int32_t *a = warp.src<int32_t>(i.a), *b = warp.src<int32_t>(i.b);
  const uint32_t *c = warp.src<uint32_t>(i.c);
  const unsigned bits = i.size;
  const int32_t low = i.flags & 1 ? -(1 << (bits - 1)) : 0;
  const int32_t high =
      i.flags & 1 ? (1 << (bits - 1)) - 1 : int32_t((1u << bits) - 1);
  const bool hasC = i.flags & 2;
  const uint32_t mask = (1u << bits) - 1;
  eachLane(lanes, warp.dst<uint32_t>(i.d), [=](unsigned l) {
    uint32_t x = uint32_t(std::clamp(a[l], low, high)) & mask;
    uint32_t y = uint32_t(std::clamp(b[l], low, high)) & mask;
    uint32_t pair = x << bits | y;
    return hasC ? c[l] << (2 * bits) | pair : pair;
  });
  return Next::Continue;
}

void decodePack(Decoder &decoder) {
  decoder.take("sat");
  Instruction &out = *decoder.out;
  int small = decoder.takeOne({"u4", "s4", "u2", "s2"});
  Type to = small < 0 ? decoder.takeType() : Type::None,
       from = decoder.takeType();
  bool hasC = decoder.take("b32");
  if (from != Type::S32)
    decoder.fail("'" + decoder.source->text() + "' needs .s32");
  out.size = uint8_t(small < 0 ? 8 * ptx::sizeOf(to) : small < 2 ? 4 : 2);
  out.flags = uint8_t((small < 0 ? isSigned(to) : small & 1) | (hasC ? 2 : 0));
  if (out.size > 16 || (out.size == 16) == hasC)
    decoder.fail("'" + decoder.source->text() + "' doesn't exist");
  decoder.expectOperands(hasC ? 4 : 3);
  out.kind = Class::Convert;
  out.run = packSat;
  decoder.dst(&Instruction::d, decoder.operand(0), 4);
  decoder.src(&Instruction::a, decoder.operand(1), 4);
  decoder.src(&Instruction::b, decoder.operand(2), 4);
  decoder.src(&Instruction::c, decoder.operand(hasC ? 3 : 1), 4);
}

Round takeRound(Decoder &decoder) {
  static const Round rounds[] = {Round::Nearest, Round::Zero, Round::Away};
  int which = decoder.takeOne({"rn", "rz", "rna"});
  if (which < 0)
    decoder.fail("'" + decoder.source->text() + "' needs a rounding");
  return rounds[which];
}

} // namespace

bool decodePackedConversion(Decoder &decoder) {
  Instruction &out = *decoder.out;
  if (decoder.take("pack")) {
    decodePack(decoder);
    return true;
  }
  int narrow = decoder.takeOne({"e4m3x2", "e5m2x2"});
  bool isTF32 = narrow < 0 && decoder.take("tf32");
  bool isPair = decoder.has("f16x2") || decoder.has("bf16x2");
  if (narrow < 0 && !isTF32 && !isPair)
    return false;
  auto &p = *decoder.extra<Packed>();
  p.round = takeRound(decoder);
  p.relu = decoder.take("relu");
  p.satFinite = decoder.take("satfinite");
  p.ftz = decoder.take("ftz");
  out.kind = Class::Convert;
  Type type = decoder.takeType(); // the other one
  if (isTF32) {
    decoder.expectOperands(2);
    out.run = type == Type::F32 ? toTF32 : nullptr;
    decoder.dst(&Instruction::d, decoder.operand(0), 4);
    decoder.src(&Instruction::a, decoder.operand(1), 4, Type::F32);
    return true;
  }
  if (narrow >= 0)
    p.format = narrow == 0 ? e4m3 : e5m2;
  if (narrow >= 0 && type == Type::F16x2) {
    // The order of the types says which way.
    bool isFrom8 = decoder.source->modifiers.back() != "f16x2";
    decoder.expectOperands(2);
    out.run = isFrom8 ? toHalves : fromHalves;
    decoder.dst(&Instruction::d, decoder.operand(0), isFrom8 ? 4 : 2);
    decoder.src(&Instruction::a, decoder.operand(1), isFrom8 ? 2 : 4);
    return true;
  }
  if (narrow < 0) {
    p.format = type == Type::F16x2 ? Format{5, 10} : Format{8, 7};
    bool isPlain = p.round == Round::Nearest && !p.relu && !p.satFinite;
    if (isPlain)
      out.run = type == Type::F16x2
                    ? Handler(binary<TwoNearest<F16>, uint32_t, float>)
                    : Handler(binary<TwoNearest<BF16>, uint32_t, float>);
    type = decoder.takeType();
  }
  if (type != Type::F32)
    decoder.fail("'" + decoder.source->text() + "' doesn't exist");
  decoder.expectOperands(3);
  out.size = narrow < 0 ? 4 : 2;
  if (!out.run)
    out.run = twoFloats;
  decoder.dst(&Instruction::d, decoder.operand(0), out.size);
  decoder.src(&Instruction::a, decoder.operand(1), 4, Type::F32);
  decoder.src(&Instruction::b, decoder.operand(2), 4, Type::F32);
  return true;
}

} // namespace emulator
