// SPDX-License-Identifier: Apache-2.0
// mma, ldmatrix, stmatrix, movmatrix.
#include "exec/Undefined.h"
#include "exec/ops/Matrix.h"
#include "exec/ops/Memory.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

Next mma(Warp &warp, const Instruction &i, Mask lanes) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  multiply(warp, *static_cast<const MatrixOp *>(i.extra));
  return Next::Continue;
}

Next mmaQuads(Warp &warp, const Instruction &i, Mask lanes) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  multiplyQuads(warp, *static_cast<const MatrixOp *>(i.extra));
  return Next::Continue;
}

/// The shapes that exist, by the bits of an element of A, and since which chip.
struct Shape {
  unsigned bits, m, n, k, sm;
};
constexpr Shape shapes[] = {
    {16, 8, 8, 4, 70},  {16, 16, 8, 8, 75},  {16, 16, 8, 16, 80},
    {32, 16, 8, 4, 80}, {32, 16, 8, 8, 80},  {64, 8, 8, 4, 80},
    {64, 16, 8, 4, 90}, {64, 16, 8, 8, 90},  {64, 16, 8, 16, 90},
    {8, 8, 8, 16, 75},  {8, 16, 8, 16, 80},  {8, 16, 8, 32, 80},
    {4, 8, 8, 32, 75},  {4, 16, 8, 32, 80},  {4, 16, 8, 64, 80},
    {1, 8, 8, 128, 75}, {1, 16, 8, 128, 80}, {1, 16, 8, 256, 80}};

void checkFragment(Decoder &decoder, const Fragment2D &fragment,
                   unsigned elements, unsigned perRegister) {
  unsigned needed = elements / warpSize / perRegister;
  if (fragment.count != needed)
    decoder.fail("'" + decoder.source->text() + "' with a fragment of " +
                 std::to_string(fragment.count) + " registers instead of " +
                 std::to_string(needed));
}

/// .row or .col: whether it is the second.
bool takeLayout(Decoder &decoder) {
  const std::string_view layout = decoder.next();
  if (layout != "row" && layout != "col")
    decoder.fail("'" + decoder.source->text() + "' needs .row or .col");
  const bool isByColumns = layout == "col";
  decoder.drop(layout);
  return isByColumns;
}

void decodeMma(Decoder &decoder) {
  auto &op = *decoder.extra<MatrixOp>();
  decoder.take("sync");
  decoder.take("aligned");
  if (!takeShape(decoder, op))
    decoder.fail("'" + decoder.source->text() + "' needs a shape");
  op.isAByColumns = takeLayout(decoder);
  op.isBByRows = !takeLayout(decoder);
  op.isSaturating = decoder.take("satfinite");
  int bitOp = decoder.takeOne({"xor", "and"});
  if (bitOp >= 0) {
    op.bitOp = bitOp == 0 ? BitOp::Xor : BitOp::And;
    decoder.take("popc");
  }
  for (Fragment2D *fragment : {&op.d, &op.a, &op.b, &op.c}) {
    std::string name(decoder.next());
    fragment->element = elementNamed(name);
    if (fragment->element == Element::None)
      decoder.fail("unknown modifier '." + name + "' in '" +
                   decoder.source->text() + "'");
    decoder.take(name);
  }
  decoder.expectOperands(4);
  unsigned bits = bitsOf(op.a.element);
  const bool isQuads = op.a.element == Element::F16 &&
                       op.b.element == Element::F16 && op.m == 8 && op.k == 4;
  if (!isQuads && (op.isAByColumns || op.isBByRows))
    decoder.fail("'" + decoder.source->text() + "' needs .row.col");
  auto shape =
      std::find_if(std::begin(shapes), std::end(shapes), [&](const Shape &s) {
        return s.bits == bits && s.m == op.m && s.n == op.n && s.k == op.k;
      });
  if (shape == std::end(shapes) || bitsOf(op.b.element) != bits)
    decoder.fail("'" + decoder.source->text() +
                 "': there is no such shape for these types");
  decoder.needs(shape->sm);
  if (op.a.element == Element::E4M3 || op.a.element == Element::E5M2)
    decoder.needs(89);
  if (bits == 1 && op.bitOp == BitOp::None)
    decoder.fail("'" + decoder.source->text() +
                 "' needs .xor.popc or .and.popc");
  fragmentOperand(decoder, decoder.operand(0), op.d, true);
  fragmentOperand(decoder, decoder.operand(1), op.a, false);
  fragmentOperand(decoder, decoder.operand(2), op.b, false);
  fragmentOperand(decoder, decoder.operand(3), op.c, false);
  unsigned perRegister = (bits == 64 ? 64 : 32) / bits;
  const unsigned matrices = isQuads ? 4 : 1;
  checkFragment(decoder, op.a, matrices * op.m * op.k, perRegister);
  checkFragment(decoder, op.b, matrices * op.k * op.n, perRegister);
  checkFragment(decoder, op.c, matrices * op.m * op.n,
                op.c.element == Element::F16 ? 2 : 1);
  checkFragment(decoder, op.d, matrices * op.m * op.n,
                op.d.element == Element::F16 ? 2 : 1);
  decoder.out->kind = Class::Matrix;
  decoder.out->run = isQuads ? mmaQuads : mma;
}

struct MatrixSlots : Extra {
  int32_t slot[4] = {};
};

/// Which row and column of a matrix lane l has as element e of its register.
struct Position {
  unsigned row, column;
  Position(unsigned lane, unsigned e, bool isTransposed)
      : row(lane / 4), column(lane % 4 * 2 + e) {
    if (isTransposed)
      std::swap(row, column);
  }
};

/// Elements of the m-th matrix that nobody wrote, after their load.
void noteRows(Warp &warp, const Instruction &i, const Lanes &where,
              const uint64_t (&addresses)[warpSize], unsigned m, int32_t slot) {
  const uint16_t origin = originOf(warp, i, where, addresses, 16);
  for (unsigned l = 0; l < warpSize; ++l)
    for (unsigned e = 0; e < 2; ++e) {
      const Position at(l, e, i.size == 1);
      if (where.unwritten.elements[at.column] >> (8 * m + at.row) & 1)
        noteUndefined(warp, slot, 4, l, 2 * e, 2, origin);
    }
}

/// The same after their store.
bool storeRows(Warp &warp, const Instruction &i, const Lanes &where, unsigned m,
               int32_t slot) {
  const auto *from = reinterpret_cast<const uint16_t *>(statesOf(warp, slot));
  uint16_t states[8][8] = {}, origins[8] = {};
  for (unsigned l = 0; l < warpSize && from; ++l)
    for (unsigned e = 0; e < 2; ++e) {
      const Position at(l, e, i.size == 1);
      states[at.row][at.column] = from[2 * l + e];
      if (from[2 * l + e])
        origins[at.row] = originAt(warp, slot, l);
    }
  for (unsigned r = 0; r < 8; ++r)
    if (!noteStored(warp, 8 * m + r, where, 0,
                    reinterpret_cast<const uint8_t *>(states[r]), 16,
                    origins[r]))
      return false;
  return true;
}

/// Rows of 8 x 8 matrices of 16-bit elements: lane 8*m + r holds row r of
/// matrix m; lane l gets elements 2*(l%4), +1 of row l/4, or with .trans of the
/// column.
Next moveMatrices(Warp &warp, const Instruction &i, Mask lanes, bool isLoad) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  const unsigned rows = 8u * i.count;
  const Mask holders = rows == 32 ? allLanes : (1u << rows) - 1;
  alignas(64) uint64_t addresses[warpSize];
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, addresses);
  Lanes where;
  where.tracks = true;
  if (!resolve(warp, i, holders & lanes, Space(i.e), addresses, 16, 2,
               isLoad ? AccessKind::Load : AccessKind::Store, where))
    return Next::Fault;
  const bool isTransposed = i.size == 1;
  const int32_t *slots = static_cast<const MatrixSlots *>(i.extra)->slot;
  for (unsigned m = 0; m < i.count; ++m) {
    uint16_t matrix[8][8];
    auto at = [&](unsigned lane, unsigned e) -> uint16_t & {
      const Position position(lane, e, isTransposed);
      return matrix[position.row][position.column];
    };
    if (isLoad) {
      for (unsigned r = 0; r < 8; ++r)
        std::memcpy(matrix[r], where.at[8 * m + r], 16);
      uint32_t *d = warp.dst<uint32_t>(slots[m]);
      for (unsigned l = 0; l < warpSize; ++l)
        d[l] = at(l, 0) | uint32_t(at(l, 1)) << 16;
      if (where.unwritten.lanes)
        noteRows(warp, i, where, addresses, m, slots[m]);
      continue;
    }
    const uint32_t *s = warp.src<uint32_t>(slots[m]);
    for (unsigned l = 0; l < warpSize; ++l) {
      at(l, 0) = uint16_t(s[l]);
      at(l, 1) = uint16_t(s[l] >> 16);
    }
    for (unsigned r = 0; r < 8; ++r) {
      unsigned lane = 8 * m + r;
      if ((where.shared >> lane & 1) &&
          !warp.block.shared.access(warp, lane, where.offset[lane], 16,
                                    SharedMemory::Access::Write, false,
                                    matrix[r], i))
        return Next::Fault;
      std::memcpy(where.at[lane], matrix[r], 16);
    }
    if (warp.isTracking && !storeRows(warp, i, where, m, slots[m]))
      return Next::Fault;
  }
  return Next::Continue;
}
Next loadMatrix(Warp &warp, const Instruction &i, Mask lanes) {
  // The instruction synchronises the warp before it reads.
  if (!(warp.alive & ~lanes))
    warp.orderLanes(lanes);
  return moveMatrices(warp, i, lanes, true);
}
Next storeMatrix(Warp &warp, const Instruction &i, Mask lanes) {
  return moveMatrices(warp, i, lanes, false);
}

void decodeMatrices(Decoder &decoder) {
  bool isLoad = decoder.source->opcode == "ldmatrix";
  decoder.needs(isLoad ? 75 : 90);
  decoder.take("sync");
  decoder.take("aligned");
  if (!decoder.take("m8n8"))
    decoder.fail("'" + decoder.source->text() + "' isn't supported");
  int count = decoder.takeOne({"x1", "x2", "x4"});
  Instruction &out = *decoder.out;
  out.size = decoder.take("trans");
  Space space = takeSpace(decoder);
  decoder.take("b16");
  decoder.expectOperands(2);
  if (count < 0)
    decoder.fail("'" + decoder.source->text() + "' lacks a count");
  out.count = uint8_t(1u << count);
  auto *slots = decoder.extra<MatrixSlots>();
  const Operand &vector = decoder.operand(isLoad ? 0 : 1);
  size_t registers =
      vector.kind == Operand::Kind::Vector ? vector.elements.size() : 1;
  if (registers != out.count)
    decoder.fail("'" + decoder.source->text() + "' with " +
                 std::to_string(registers) + " registers");
  for (size_t r = 0; r < registers; ++r) {
    const Operand &element =
        vector.kind == Operand::Kind::Vector ? vector.elements[r] : vector;
    if (isLoad)
      decoder.dstExternal(&slots->slot[r], element, 4);
    else
      decoder.srcExternal(&slots->slot[r], element, 4);
  }
  decoder.address(&Instruction::a, decoder.operand(isLoad ? 1 : 0), space);
  out.e = int32_t(space);
  out.kind = Class::Memory;
  out.run = isLoad ? loadMatrix : storeMatrix;
}

Next moveMatrix(Warp &warp, const Instruction &i, Mask lanes) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  const uint32_t *a = warp.src<uint32_t>(i.a);
  uint16_t matrix[8][8];
  for (unsigned l = 0; l < warpSize; ++l)
    for (unsigned e = 0; e < 2; ++e)
      matrix[l / 4][l % 4 * 2 + e] = uint16_t(a[l] >> (16 * e));
  uint32_t *d = warp.dst<uint32_t>(i.d);
  for (unsigned l = 0; l < warpSize; ++l)
    d[l] = matrix[l % 4 * 2][l / 4] | uint32_t(matrix[l % 4 * 2 + 1][l / 4])
                                          << 16;
  return Next::Continue;
}

void decodeMoveMatrix(Decoder &decoder) {
  for (const char *modifier : {"sync", "aligned", "m8n8", "trans", "b16"})
    if (!decoder.take(modifier))
      decoder.fail("'" + decoder.source->text() + "' lacks ." + modifier);
  decoder.expectOperands(2);
  decoder.out->kind = Class::Other;
  decoder.out->run = moveMatrix;
  decoder.dst(&Instruction::d, decoder.operand(0), 4);
  decoder.src(&Instruction::a, decoder.operand(1), 4);
}

} // namespace

void registerMmaOps(DecodeTable &table) {
  table["mma"] = decodeMma;
  table["ldmatrix"] = decodeMatrices;
  table["stmatrix"] = decodeMatrices;
  table["movmatrix"] = decodeMoveMatrix;
}

} // namespace emulator
