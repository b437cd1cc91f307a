// SPDX-License-Identifier: Apache-2.0
// The video instructions on two or four parts of a word: vadd2, vabsdiff4 ...,
// of whole words (without lane masks and selections).
#include "exec/ops/Elementwise.h"

#include <algorithm>

namespace emulator {
namespace {

struct Video : Extra {
  unsigned op = 0, bits = 8;
  bool isSignedA = false, isSignedB = false, isSignedD = false, sat = false,
       accumulates = false;
  int comparison = -1;
};

enum : unsigned { Add, Sub, Average, AbsDiff, Min, Max, Set };

int64_t part(uint32_t word, unsigned shift, unsigned bits, bool isSignedPart) {
  uint32_t value = word >> shift & ((1u << bits) - 1);
  return isSignedPart ? int32_t(value << (32 - bits)) >> (32 - bits)
                      : int64_t(value);
}

int64_t apply(const Video &v, int64_t a, int64_t b) {
  switch (v.op) {
  case Add:
    return a + b;
  case Sub:
    return a - b;
  case Average:
    return (a + b + (a + b >= 0)) >> 1;
  case AbsDiff:
    return a > b ? a - b : b - a;
  case Min:
    return std::min(a, b);
  case Max:
    return std::max(a, b);
  default:
    break;
  }
  switch (v.comparison) {
  case 0:
    return a == b;
  case 1:
    return a != b;
  case 2:
    return a < b;
  case 3:
    return a <= b;
  case 4:
    return a > b;
  default:
    return a >= b;
  }
}

Next run(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &v = *static_cast<const Video *>(i.extra);
  const uint32_t *a = warp.src<uint32_t>(i.a), *b = warp.src<uint32_t>(i.b),
                 *c = warp.src<uint32_t>(i.c);
  const int64_t low = v.isSignedD ? -(1ll << (v.bits - 1)) : 0;
  const int64_t high =
      v.isSignedD ? (1ll << (v.bits - 1)) - 1 : (1ll << v.bits) - 1;
  eachLane(lanes, warp.dst<uint32_t>(i.d), [&](unsigned l) {
    uint32_t result = v.accumulates ? c[l] : 0;
    for (unsigned shift = 0; shift < 32; shift += v.bits) {
      int64_t value = apply(v, part(a[l], shift, v.bits, v.isSignedA),
                            part(b[l], shift, v.bits, v.isSignedB));
      if (v.sat)
        value = std::clamp(value, low, high);
      if (v.accumulates)
        result += uint32_t(value);
      else
        result |= (uint32_t(value) & ((1u << v.bits) - 1)) << shift;
    }
    return result;
  });
  return Next::Continue;
}

void decodeVideo(Decoder &decoder) {
  static const char *const names[] = {"vadd", "vsub", "vavrg", "vabsdiff",
                                      "vmin", "vmax", "vset"};
  const std::string &opcode = decoder.source->opcode;
  auto &v = *decoder.extra<Video>();
  v.bits = opcode.back() == '4' ? 8 : 16;
  for (unsigned op = 0; op < 7; ++op)
    if (opcode.compare(0, opcode.size() - 1, names[op]) == 0)
      v.op = op;
  v.sat = decoder.take("sat");
  v.accumulates = decoder.take("add");
  if (v.op == Set) {
    v.comparison = decoder.takeOne({"eq", "ne", "lt", "le", "gt", "ge"});
    if (v.comparison < 0)
      decoder.fail("'" + decoder.source->text() + "' lacks a comparison");
    v.isSignedA = isSigned(decoder.takeType());
    v.isSignedB = isSigned(decoder.takeType());
  } else {
    v.isSignedD = isSigned(decoder.takeType());
    v.isSignedA = isSigned(decoder.takeType());
    v.isSignedB = isSigned(decoder.takeType());
  }
  finish(decoder, Class::Integer, run, 3, Type::B32);
}

} // namespace

void registerVideoOps(DecodeTable &table) {
  for (const char *opcode :
       {"vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax", "vset"})
    for (const char *parts : {"2", "4"})
      table[std::string(opcode) + parts] = decodeVideo;
}

} // namespace emulator
