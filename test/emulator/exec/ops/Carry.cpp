// SPDX-License-Identifier: Apache-2.0
// Extended-precision arithmetic: the condition code's carry is a predicate in a
// register that the function has for it.
#include "exec/ops/Elementwise.h"

namespace emulator {
namespace {

/// flags: 1: reads the carry, 2: writes it.
enum : uint8_t { carryIn = 1, carryOut = 2 };

template <class T, bool isSub>
Next addCarry(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  T *d = warp.dst<T>(i.d);
  // A subtraction adds the complement: its carry says that there is no borrow.
  // nvcc's divisions of 128-bit integers read it by an addc.
  const Mask flip = isSub ? allLanes : 0;
  Mask in = i.flags & carryIn ? warp.predicateValue(i.e) ^ flip : 0;
  Mask out = 0;
  activeLanes(lanes, [&](unsigned l) {
    T c = T((in >> l) & 1), sum;
    bool first, second;
    if constexpr (isSub) {
      first = __builtin_sub_overflow(a[l], b[l], &sum);
      second = __builtin_sub_overflow(sum, c, &sum);
    } else {
      first = __builtin_add_overflow(a[l], b[l], &sum);
      second = __builtin_add_overflow(sum, c, &sum);
    }
    d[l] = sum;
    out |= Mask(first | second) << l;
  });
  if (i.flags & carryOut)
    warp.setPredicate(i.e, lanes, out ^ flip);
  return Next::Continue;
}

template <class T, bool isHigh>
Next madCarry(Warp &warp, const Instruction &i, Mask lanes) {
  using U = std::make_unsigned_t<T>;
  const T *a = warp.src<T>(i.a), *b = warp.src<T>(i.b);
  const U *c = warp.src<U>(i.c);
  U *d = warp.dst<U>(i.d);
  Mask in = i.flags & carryIn ? warp.predicateValue(i.e) : 0;
  Mask out = 0;
  activeLanes(lanes, [&](unsigned l) {
    using Wide = Wider<T>;
    Wide product = Wide(a[l]) * Wide(b[l]);
    U part = U(isHigh ? product >> (8 * sizeof(T)) : product), sum;
    bool first = __builtin_add_overflow(part, c[l], &sum);
    bool second = __builtin_add_overflow(sum, U((in >> l) & 1), &sum);
    d[l] = sum;
    out |= Mask(first | second) << l;
  });
  if (i.flags & carryOut)
    warp.setPredicate(i.e, lanes, out);
  return Next::Continue;
}

template <class U, class S>
Handler pick(const std::string &opcode, bool isSignedType, int part) {
  if (opcode.rfind("mad", 0) == 0) {
    if (isSignedType)
      return part ? madCarry<S, true> : madCarry<S, false>;
    return part ? madCarry<U, true> : madCarry<U, false>;
  }
  return opcode.rfind("sub", 0) == 0 ? addCarry<U, true> : addCarry<U, false>;
}

} // namespace

void decodeCarry(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  bool isMad = opcode.rfind("mad", 0) == 0;
  Instruction &out = *decoder.out;
  out.flags = (opcode.back() == 'c' ? carryIn : 0) |
              (decoder.take("cc") ? carryOut : 0);
  int part = isMad ? decoder.takeOne({"lo", "hi"}) : 0;
  Type type = decoder.takeType();
  unsigned width = ptx::sizeOf(type);
  if (part < 0 || !isInteger(type) || width < 4)
    decoder.fail("'" + decoder.source->text() + "' doesn't exist");
  Handler handler = width == 4
                        ? pick<uint32_t, int32_t>(opcode, isSigned(type), part)
                        : pick<uint64_t, int64_t>(opcode, isSigned(type), part);
  finish(decoder, Class::Integer, handler, isMad ? 3 : 2, type);
  decoder.carry(&Instruction::e, out.flags & carryIn, out.flags & carryOut);
}

void registerCarryOps(DecodeTable &) {} // by decodeArithmetic

} // namespace emulator
