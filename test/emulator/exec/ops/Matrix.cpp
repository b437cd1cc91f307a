// SPDX-License-Identifier: Apache-2.0
// Fragments to matrices and back, and the product.
//
// The layouts of mma follow one rule. With E elements in a register, g = lane/4
// and t = lane%4, register r of A holds row g + 8*(r&1) (for 16 rows; else r
// counts columns only) and columns t*E + 4*E*(r/2) ...; B likewise with its
// column g. C and D hold pairs of columns 2*t, 2*t+1 of rows g and g + 8.
// wmma's layout is the hardware's secret; here elements are dealt out in order.
#include "exec/ops/Matrix.h"

#include "exec/ops/Half.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace emulator {

unsigned bitsOf(Element element) {
  switch (element) {
  case Element::F64:
    return 64;
  case Element::TF32:
  case Element::F32:
  case Element::S32:
    return 32;
  case Element::F16:
  case Element::BF16:
    return 16;
  case Element::S8:
  case Element::U8:
  case Element::E4M3:
  case Element::E5M2:
    return 8;
  case Element::S4:
  case Element::U4:
    return 4;
  case Element::B1:
    return 1;
  case Element::None:
    break;
  }
  return 32;
}

Element elementNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Element> names[] = {
      {"f16", Element::F16},   {"bf16", Element::BF16}, {"tf32", Element::TF32},
      {"f64", Element::F64},   {"s8", Element::S8},     {"u8", Element::U8},
      {"s4", Element::S4},     {"u4", Element::U4},     {"b1", Element::B1},
      {"e4m3", Element::E4M3}, {"e5m2", Element::E5M2}, {"f32", Element::F32},
      {"s32", Element::S32}};
  for (auto &[spelling, element] : names)
    if (spelling == name)
      return element;
  return Element::None;
}

bool takeShape(Decoder &decoder, MatrixOp &op) {
  for (const std::string &modifier : decoder.source->modifiers)
    if (std::sscanf(modifier.c_str(), "m%un%uk%u", &op.m, &op.n, &op.k) == 3)
      return decoder.take(modifier);
  return false;
}

void fragmentOperand(Decoder &decoder, const Operand &operand,
                     Fragment2D &fragment, bool isResult) {
  std::vector<Operand> single;
  const std::vector<Operand> *list = &operand.elements;
  if (operand.kind != Operand::Kind::Vector) {
    single.push_back(operand);
    list = &single;
  }
  if (list->empty() || list->size() > 16)
    decoder.fail("'" + decoder.source->text() + "' with a fragment of " +
                 std::to_string(list->size()) + " registers");
  fragment.count = uint8_t(list->size());
  unsigned width = fragment.element == Element::F64 ? 8 : 4;
  for (size_t r = 0; r < list->size(); ++r)
    if (isResult)
      decoder.dstExternal(&fragment.slot[r], (*list)[r], width);
    else
      decoder.srcExternal(&fragment.slot[r], (*list)[r], width,
                          width == 8 ? Type::F64 : Type::None);
}

Next wholeWarp(Warp &warp, const Instruction &, Mask lanes) {
  if (!(warp.alive & ~lanes))
    return Next::Continue;
  warp.narrow(lanes);
  return warp.waitForLanes(allLanes, false);
}

namespace {

/// The e-th element of a register as a number.
template <class T>
T elementOf(Element element, uint64_t bits, unsigned e) {
  switch (element) {
  case Element::F64:
    return T(bitsTo<double>(bits));
  case Element::F32:
    return T(bitsTo<float>(uint32_t(bits)));
  case Element::TF32:
    return T(truncateTF32(bitsTo<float>(uint32_t(bits))));
  case Element::S32:
    return T(int32_t(bits));
  case Element::F16:
    return T(fromF16(uint16_t(bits >> (16 * e))));
  case Element::BF16:
    return T(fromBF16(uint16_t(bits >> (16 * e))));
  case Element::S8:
    return T(int8_t(bits >> (8 * e)));
  case Element::U8:
    return T(uint8_t(bits >> (8 * e)));
  case Element::S4:
    return T(int32_t(uint32_t(bits >> (4 * e)) << 28) >> 28);
  case Element::U4:
    return T(bits >> (4 * e) & 15);
  case Element::B1:
    return T(bits >> e & 1);
  case Element::E4M3:
    return T(decode(uint32_t(bits >> (8 * e)) & 255, {4, 3, true}));
  case Element::E5M2:
    return T(decode(uint32_t(bits >> (8 * e)) & 255, {5, 2}));
  case Element::None:
    break;
  }
  return T();
}

uint64_t registerOf(Warp &warp, const Fragment2D &fragment, unsigned r,
                    unsigned lane) {
  return fragment.element == Element::F64
             ? warp.src<uint64_t>(fragment.slot[r])[lane]
             : warp.src<uint32_t>(fragment.slot[r])[lane];
}

constexpr unsigned largest = 16 * 256;

/// Runs f(lane, register, element in it, index in the row-major A (rows x
/// depth) or B (depth x columns, `isB`)).
template <class F>
void forFactor(const MatrixOp &op, const Fragment2D &fragment, bool isB, F f) {
  const unsigned width = fragment.element == Element::F64 ? 64 : 32;
  const unsigned perRegister = width / bitsOf(fragment.element);
  const unsigned rows = isB ? op.k : op.m, columns = isB ? op.n : op.k;
  const bool isTall = !isB && op.m == 16;
  for (unsigned r = 0; r < fragment.count; ++r)
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      unsigned g = lane / 4, t = lane % 4;
      for (unsigned e = 0; e < perRegister; ++e) {
        unsigned index;
        if (op.isOpaque) {
          index = opaqueIndex(lane, r * perRegister + e,
                              fragment.count * perRegister, rows * columns);
          if (isB && isNarrow(fragment.element))
            index = index % rows * columns + index / rows;
        } else {
          unsigned depth =
              t * perRegister + e + 4 * perRegister * (isTall ? r / 2 : r);
          unsigned outer = g + (isTall ? 8 * (r & 1) : 0);
          index = isB ? depth * columns + outer : outer * columns + depth;
        }
        f(lane, r, e, index);
      }
    }
}

template <class T>
void gatherFactor(Warp &warp, const MatrixOp &op, const Fragment2D &fragment,
                  bool isB, T *out) {
  forFactor(op, fragment, isB,
            [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
              out[index] = elementOf<T>(fragment.element,
                                        registerOf(warp, fragment, r, lane), e);
            });
}

/// Runs f(lane, register, element in it, index in the row-major C or D).
template <class F>
void forAccumulator(const MatrixOp &op, const Fragment2D &fragment, F f) {
  const unsigned perRegister = fragment.element == Element::F16 ? 2 : 1;
  for (unsigned r = 0; r < fragment.count; ++r)
    for (unsigned lane = 0; lane < warpSize; ++lane)
      for (unsigned e = 0; e < perRegister; ++e) {
        unsigned s = r * perRegister + e;
        unsigned index =
            op.isOpaque
                ? opaqueIndex(lane, s, fragment.count * perRegister,
                              op.m * op.n)
                : (lane / 4 + 8 * (s / 2)) * op.n + lane % 4 * 2 + s % 2;
        f(lane, r, e, index);
      }
}

template <class T>
void gatherAccumulator(Warp &warp, const MatrixOp &op, T *out) {
  forAccumulator(
      op, op.c, [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
        out[index] =
            elementOf<T>(op.c.element, registerOf(warp, op.c, r, lane), e);
      });
}

template <class T>
void scatter(Warp &warp, const MatrixOp &op, const T *values) {
  forAccumulator(
      op, op.d, [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
        if constexpr (sizeof(T) == 8 && std::is_floating_point_v<T>) {
          warp.dst<double>(op.d.slot[r])[lane] = values[index];
        } else if (op.d.element == Element::F16) {
          warp.dst<uint16_t>(op.d.slot[r])[2 * lane + e] =
              toF16(float(values[index]));
        } else if (op.d.element == Element::F32) {
          warp.dst<float>(op.d.slot[r])[lane] = canonical(float(values[index]));
        } else {
          int64_t value = int64_t(values[index]);
          if (op.isSaturating)
            value = std::clamp<int64_t>(value, INT32_MIN, INT32_MAX);
          warp.dst<uint32_t>(op.d.slot[r])[lane] = uint32_t(uint64_t(value));
        }
      });
}

template <class T, class Sum>
void product(Warp &warp, const MatrixOp &op) {
  alignas(64) T a[largest], b[largest];
  alignas(64) Sum sums[32 * 32];
  gatherFactor(warp, op, op.a, false, a);
  gatherFactor(warp, op, op.b, true, b);
  gatherAccumulator(warp, op, sums);
  for (unsigned row = 0; row < op.m; ++row)
    for (unsigned depth = 0; depth < op.k; ++depth) {
      const T factor = a[row * op.k + depth];
      const T *from = b + depth * op.n;
      Sum *to = sums + row * op.n;
      for (unsigned column = 0; column < op.n; ++column)
        if constexpr (std::is_floating_point_v<T>)
          to[column] = std::fma(factor, from[column], to[column]);
        else
          to[column] += Sum(op.bitOp == BitOp::Xor   ? factor ^ from[column]
                            : op.bitOp == BitOp::And ? factor & from[column]
                                                     : factor * from[column]);
    }
  scatter(warp, op, sums);
}

/// Runs f(lane, register, element in it, row, column) over C or D of the quad
/// of a multiplyQuads.
template <class F>
void forQuadAccumulator(const Fragment2D &fragment, unsigned quad, F f) {
  const bool isHalf = fragment.element == Element::F16;
  for (unsigned l = 0; l < 8; ++l)
    for (unsigned i = 0; i < 8; ++i) {
      const unsigned low = l % 4, high = l / 4 * 4;
      const unsigned lane = 4 * quad + low + 4 * high;
      if (isHalf)
        f(lane, i / 2, i % 2, low + high, i);
      else
        f(lane, i, 0u, (low & 1) + (i & 2) + high,
          (i & 4) + (low & 2) + (i & 1));
    }
}

} // namespace

void multiplyQuads(Warp &warp, const MatrixOp &op) {
  warp.block.counters.matrixFlops += uint64_t(4) * 2 * 8 * 8 * 4;
  for (unsigned quad = 0; quad < 4; ++quad) {
    float a[8][4], b[4][8], sums[8][8];
    for (unsigned l = 0; l < 8; ++l)
      for (unsigned i = 0; i < 4; ++i) {
        const unsigned low = l % 4, high = l / 4 * 4;
        const unsigned lane = 4 * quad + low + 4 * high;
        auto value = [&](const Fragment2D &fragment) {
          return elementOf<float>(
              Element::F16, registerOf(warp, fragment, i / 2, lane), i % 2);
        };
        (op.isAByColumns ? a[i + high][low] : a[low + high][i]) = value(op.a);
        (op.isBByRows ? b[low][i + high] : b[i][low + high]) = value(op.b);
      }
    forQuadAccumulator(op.c, quad,
                       [&](unsigned lane, unsigned r, unsigned e, unsigned row,
                           unsigned column) {
                         sums[row][column] = elementOf<float>(
                             op.c.element, registerOf(warp, op.c, r, lane), e);
                       });
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column)
        for (unsigned depth = 0; depth < 4; ++depth)
          sums[row][column] =
              std::fma(a[row][depth], b[depth][column], sums[row][column]);
    forQuadAccumulator(op.d, quad,
                       [&](unsigned lane, unsigned r, unsigned e, unsigned row,
                           unsigned column) {
                         const float value = sums[row][column];
                         if (op.d.element == Element::F16)
                           warp.dst<uint16_t>(op.d.slot[r])[2 * lane + e] =
                               toF16(value);
                         else
                           warp.dst<float>(op.d.slot[r])[lane] =
                               canonical(value);
                       });
  }
}

void multiplyStates(Warp &warp, const MatrixOp &op) {
  const bool isQuads =
      !op.isOpaque && op.k == 4 && op.a.element == Element::F16;
  bool rows[32] = {}, columns[32] = {}, isAny = false;
  bool sums[32 * 32] = {};
  auto isUndefined = [&](const Fragment2D &fragment, unsigned r, unsigned lane,
                         unsigned e) {
    const unsigned bits = bitsOf(fragment.element);
    const uint64_t state = registerOf(warp, fragment, r, lane),
                   mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    const bool is = (state >> (bits == 64 ? 0 : bits * e)) & mask;
    isAny |= is;
    return is;
  };
  // Of quads no layout is asked for: any of it makes all undefined.
  forFactor(op, op.a, false,
            [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
              if (isUndefined(op.a, r, lane, e))
                rows[isQuads ? 0 : index / op.k] = true;
            });
  forFactor(op, op.b, true,
            [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
              if (isUndefined(op.b, r, lane, e))
                columns[isQuads ? 0 : index % op.n] = true;
            });
  forAccumulator(op, op.c,
                 [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
                   if (isUndefined(op.c, r, lane, e))
                     sums[isQuads ? 0 : index] = true;
                 });
  forAccumulator(
      op, op.d, [&](unsigned lane, unsigned r, unsigned e, unsigned index) {
        const bool is = isQuads ? isAny
                                : rows[index / op.n] || columns[index % op.n] ||
                                      sums[index];
        if (op.d.element == Element::F64)
          warp.dst<uint64_t>(op.d.slot[r])[lane] = is ? ~0ull : 0;
        else if (op.d.element == Element::F16)
          warp.dst<uint16_t>(op.d.slot[r])[2 * lane + e] = is ? 0xFFFF : 0;
        else
          warp.dst<uint32_t>(op.d.slot[r])[lane] = is ? ~0u : 0;
      });
}

void multiply(Warp &warp, const MatrixOp &op) {
  warp.block.counters.matrixFlops += uint64_t(2) * op.m * op.n * op.k;
  switch (op.a.element) {
  case Element::F64:
    return product<double, double>(warp, op);
  case Element::S8:
  case Element::U8:
  case Element::S4:
  case Element::U4:
  case Element::B1:
    return product<int32_t, int64_t>(warp, op);
  default:
    return product<float, float>(warp, op);
  }
}

} // namespace emulator
