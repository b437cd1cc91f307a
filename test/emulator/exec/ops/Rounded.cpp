// SPDX-License-Identifier: Apache-2.0
// Arithmetic with .rz, .rm and .rp: this file is compiled so that the rounding
// mode may change (-frounding-math).
#include "exec/ops/Elementwise.h"
#include "exec/ops/Numbers.h"

#include <cfenv>
#include <cmath>

namespace emulator {
namespace {

class RoundingMode {
public:
  explicit RoundingMode(int mode) : old(std::fegetround()) {
    std::fesetround(mode);
  }
  ~RoundingMode() { std::fesetround(old); }

private:
  int old;
};

enum class Op { Add, Sub, Mul, Fma, Div, Sqrt, Rcp };

template <class T, Op op, int mode>
Next rounded(Warp &warp, const Instruction &i, Mask lanes) {
  constexpr bool isSingle = sizeof(T) == 4;
  const T *a = warp.src<T>(i.a);
  const T *b = warp.src<T>(op == Op::Sqrt || op == Op::Rcp ? i.a : i.b);
  const T *c = warp.src<T>(op == Op::Fma ? i.c : i.a);
  T *d = warp.dst<T>(i.d);
  RoundingMode scope(mode);
  const bool ftz = i.flags & 1, sat = i.flags & 2;
  activeLanes(lanes, [&](unsigned l) {
    T x = a[l], y = b[l], z = c[l];
    if constexpr (isSingle)
      if (ftz) {
        x = flush(x);
        y = flush(y);
        z = flush(z);
      }
    volatile T value;
    switch (op) {
    case Op::Add:
      value = x + y;
      break;
    case Op::Sub:
      value = x - y;
      break;
    case Op::Mul:
      value = x * y;
      break;
    case Op::Fma:
      value = std::fma(x, y, z);
      break;
    case Op::Div:
      value = x / y;
      break;
    case Op::Sqrt:
      value = std::sqrt(x);
      break;
    case Op::Rcp:
      value = T(1) / x;
      break;
    }
    T result = value;
    if constexpr (isSingle) {
      result = canonical(ftz ? flush(result) : result);
      if (sat)
        result = saturate(result);
    }
    d[l] = result;
  });
  return Next::Continue;
}

template <class T, Op op>
Handler pickMode(int rounding) {
  return rounding == 1   ? rounded<T, op, FE_TOWARDZERO>
         : rounding == 2 ? rounded<T, op, FE_DOWNWARD>
                         : rounded<T, op, FE_UPWARD>;
}

template <class T>
Handler pick(std::string_view opcode, int rounding) {
  if (opcode == "add")
    return pickMode<T, Op::Add>(rounding);
  if (opcode == "sub")
    return pickMode<T, Op::Sub>(rounding);
  if (opcode == "mul")
    return pickMode<T, Op::Mul>(rounding);
  if (opcode == "fma" || opcode == "mad")
    return pickMode<T, Op::Fma>(rounding);
  if (opcode == "div")
    return pickMode<T, Op::Div>(rounding);
  if (opcode == "sqrt")
    return pickMode<T, Op::Sqrt>(rounding);
  if (opcode == "rcp")
    return pickMode<T, Op::Rcp>(rounding);
  return nullptr;
}

} // namespace

Handler roundedHandler(std::string_view opcode, Type type, int rounding,
                       bool ftz, bool sat) {
  if (type == Type::F64)
    return ftz || sat ? nullptr : pick<double>(opcode, rounding);
  bool maySaturate = opcode == "add" || opcode == "sub" || opcode == "mul" ||
                     opcode == "fma" || opcode == "mad";
  return sat && !maySaturate ? nullptr : pick<float>(opcode, rounding);
}

void registerRoundedOps(DecodeTable &) {} // by decodeFloatArithmetic

} // namespace emulator
