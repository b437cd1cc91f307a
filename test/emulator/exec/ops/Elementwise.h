// SPDX-License-Identifier: Apache-2.0
// Handlers of instructions that compute each lane from its own operands. F is a
// struct with a static `run`; it is called for inactive lanes as well.
#ifndef EMULATOR_EXEC_OPS_ELEMENTWISE_H
#define EMULATOR_EXEC_OPS_ELEMENTWISE_H

#include "exec/Decoder.h"
#include "exec/Warp.h"
#include <cstdint>

namespace emulator {

/// An integer of twice the bits: products fit.
template <class T>
struct WiderOf;
template <>
struct WiderOf<uint16_t> {
  using Type = uint32_t;
};
template <>
struct WiderOf<int16_t> {
  using Type = int32_t;
};
template <>
struct WiderOf<uint32_t> {
  using Type = uint64_t;
};
template <>
struct WiderOf<int32_t> {
  using Type = int64_t;
};
template <>
struct WiderOf<uint64_t> {
  using Type = unsigned __int128;
};
template <>
struct WiderOf<int64_t> {
  using Type = __int128;
};
template <class T>
using Wider = typename WiderOf<T>::Type;

template <class F, class R, class A>
Next unary(Warp &warp, const Instruction &i, Mask lanes) {
  const A *a = warp.src<A>(i.a);
  eachLane(lanes, warp.dst<R>(i.d),
           [=](unsigned l) { return R(F::run(a[l])); });
  return Next::Continue;
}

template <class F, class R, class A, class B = A>
Next binary(Warp &warp, const Instruction &i, Mask lanes) {
  const A *a = warp.src<A>(i.a);
  const B *b = warp.src<B>(i.b);
  eachLane(lanes, warp.dst<R>(i.d),
           [=](unsigned l) { return R(F::run(a[l], b[l])); });
  return Next::Continue;
}

template <class F, class R, class A, class B = A, class C = A>
Next ternary(Warp &warp, const Instruction &i, Mask lanes) {
  const A *a = warp.src<A>(i.a);
  const B *b = warp.src<B>(i.b);
  const C *c = warp.src<C>(i.c);
  eachLane(lanes, warp.dst<R>(i.d),
           [=](unsigned l) { return R(F::run(a[l], b[l], c[l])); });
  return Next::Continue;
}

/// f(T()) for the C++ type of an integer PTX type (bits count as unsigned),
/// else null.
template <class F>
Handler forInteger(Type type, F f) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return f(uint16_t());
  case Type::U32:
  case Type::B32:
    return f(uint32_t());
  case Type::U64:
  case Type::B64:
    return f(uint64_t());
  case Type::S16:
    return f(int16_t());
  case Type::S32:
    return f(int32_t());
  case Type::S64:
    return f(int64_t());
  default:
    return nullptr;
  }
}

inline bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 ||
         type == Type::S64;
}
inline bool isBits(Type type) {
  return type == Type::B8 || type == Type::B16 || type == Type::B32 ||
         type == Type::B64 || type == Type::B128;
}
inline bool isInteger(Type type) {
  return isSigned(type) || type == Type::U8 || type == Type::U16 ||
         type == Type::U32 || type == Type::U64;
}
inline bool isHalf(Type type) {
  return type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
         type == Type::BF16x2;
}

/// Sets the handler and the operands d, a, b ... of equal width.
inline void finish(Decoder &decoder, Class kind, Handler handler,
                   unsigned sources, Type type) {
  static int32_t Instruction::*const fields[] = {
      &Instruction::a, &Instruction::b, &Instruction::c};
  unsigned width = ptx::sizeOf(type);
  decoder.expectOperands(sources + 1);
  decoder.out->kind = kind;
  decoder.out->run = handler;
  if (!handler)
    decoder.fail("'" + decoder.source->text() +
                 "' doesn't exist for this type");
  decoder.dst(&Instruction::d, decoder.operand(0), width);
  for (unsigned s = 0; s < sources; ++s)
    decoder.src(fields[s], decoder.operand(s + 1), width, type);
}

// Arithmetic opcodes by the kind of their type.
void decodeIntegerArithmetic(Decoder &decoder);
void decodeFloatArithmetic(Decoder &decoder);
void decodeHalfArithmetic(Decoder &decoder);
/// .cc and addc, subc, madc.
void decodeCarry(Decoder &decoder);
/// .rz .rm .rp of f32 and f64: null if the opcode has none. `rounding`: 1 rz, 2
/// rm, 3 rp.
Handler roundedHandler(std::string_view opcode, Type type, int rounding,
                       bool ftz, bool sat);

} // namespace emulator

#endif
