// SPDX-License-Identifier: Apache-2.0
// wmma.load, wmma.store, wmma.mma.
#include "exec/Undefined.h"
#include "exec/ops/Matrix.h"
#include "exec/ops/Memory.h"

#include <cstring>

namespace emulator {
namespace {

struct WmmaAccess : Extra {
  Fragment2D fragment;
  unsigned rows = 0, columns = 0;
  bool isColumnMajor = false, isLoad = false;
};

/// Loads or stores element by element; bits of 4-bit and 1-bit elements move in
/// whole words along the leading dimension's rows.
Next access(Warp &warp, const Instruction &i, Mask lanes) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  const auto &w = *static_cast<const WmmaAccess *>(i.extra);
  const unsigned bits = bitsOf(w.fragment.element);
  const unsigned unit = std::max(8u, bits) / 8; // bytes of an access
  const unsigned together = std::max(1u, 8 / bits);
  const unsigned width = bits == 64 ? 8 : 4,
                 perLane = w.fragment.count * width * 8 / bits;
  const unsigned total = w.rows * w.columns;
  alignas(64) uint64_t base[warpSize], addresses[warpSize];
  addressesOf(warp, i.a, i.flags & narrowBase, i.imm, base);
  const uint32_t *stride = warp.src<uint32_t>(i.b);
  if (w.isLoad)
    warp.orderLanes(lanes);
  for (unsigned s = 0; s < perLane; s += together) {
    for (unsigned l = 0; l < warpSize; ++l) {
      unsigned index = opaqueIndex(l, s, perLane, total);
      // Narrow elements follow each other along the leading dimension.
      const bool isByColumns = w.isColumnMajor && isNarrow(w.fragment.element);
      const unsigned row = isByColumns ? index % w.rows : index / w.columns,
                     column = isByColumns ? index / w.rows : index % w.columns;
      uint64_t element = w.isColumnMajor ? uint64_t(column) * stride[l] + row
                                         : uint64_t(row) * stride[l] + column;
      addresses[l] = base[l] + element * bits / 8;
    }
    // Fragments that hold elements twice store them once.
    Mask mine = lanes;
    if (!w.isLoad)
      mine &= lanesWhere([&](unsigned l) { return l * perLane + s < total; });
    if (!mine)
      continue;
    Lanes where;
    where.tracks = true;
    if (!resolve(warp, i, mine, Space(i.e), addresses, unit, unit,
                 w.isLoad ? AccessKind::Load : AccessKind::Store, where))
      return Next::Fault;
    const unsigned byte = s * bits / 8, within = byte % width;
    const int32_t slot = w.fragment.slot[byte / width];
    const uint16_t origin =
        where.unwritten.lanes ? originOf(warp, i, where, addresses, unit) : 0;
    for (Mask rest = mine; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      uint8_t *reg = warp.dst<uint8_t>(slot) + l * width + within;
      if (w.isLoad) {
        std::memcpy(reg, where.at[l], unit);
        if (where.unwritten.lanes >> l & 1)
          noteUndefined(warp, slot, width, l, within, unit, origin);
        continue;
      }
      if ((where.shared >> l & 1) &&
          !warp.block.shared.access(warp, l, where.offset[l], unit,
                                    SharedMemory::Access::Write, false, reg, i))
        return Next::Fault;
      std::memcpy(where.at[l], reg, unit);
    }
    if (w.isLoad)
      continue;
    markStored(warp, mine, where, unit);
    for (Mask rest = warp.isTracking ? mine : 0; rest; rest &= rest - 1) {
      const unsigned l = unsigned(__builtin_ctz(rest));
      if (!noteStored(warp, l, where, 0,
                      statesOf(warp, slot) + l * width + within, unit,
                      originAt(warp, slot, l)))
        return Next::Fault;
    }
  }
  return Next::Continue;
}

Next mma(Warp &warp, const Instruction &i, Mask lanes) {
  if (Next next = wholeWarp(warp, i, lanes); next != Next::Continue)
    return next;
  multiply(warp, *static_cast<const MatrixOp *>(i.extra));
  return Next::Continue;
}

Element takeElement(Decoder &decoder) {
  std::string name(decoder.next());
  Element element = elementNamed(name);
  if (element == Element::None)
    decoder.fail("unknown modifier '." + name + "' in '" +
                 decoder.source->text() + "'");
  decoder.take(name);
  return element;
}

void decodeAccess(Decoder &decoder, bool isLoad) {
  Instruction &out = *decoder.out;
  auto &w = *decoder.extra<WmmaAccess>();
  w.isLoad = isLoad;
  MatrixOp shape;
  int which = decoder.takeOne({"a", "b", "c", "d"});
  decoder.take("sync");
  decoder.take("aligned");
  int layout = decoder.takeOne({"row", "col"});
  if (which < 0 || layout < 0 || !takeShape(decoder, shape))
    decoder.fail("'" + decoder.source->text() +
                 "' needs a matrix, a layout and a shape");
  Space space = takeSpace(decoder);
  w.fragment.element = takeElement(decoder);
  w.isColumnMajor = layout == 1;
  w.rows = which == 1 ? shape.k : shape.m;
  w.columns = which == 0 ? shape.k : shape.n;
  decoder.expectOperands(2, 3);
  const size_t addressAt = isLoad ? 1 : 0;
  fragmentOperand(decoder, decoder.operand(1 - addressAt), w.fragment, isLoad);
  decoder.address(&Instruction::a, decoder.operand(addressAt), space);
  if (decoder.operandCount() == 3) {
    decoder.src(&Instruction::b, decoder.operand(2), 4);
  } else {
    out.b = decoder.constant(w.isColumnMajor ? w.rows : w.columns, 4);
  }
  const unsigned bits = bitsOf(w.fragment.element);
  // Narrow elements lie in words along their leading dimension: A by rows, B by
  // columns, which the linear order must follow.
  if (bits < 8 && w.isColumnMajor != (which == 1))
    decoder.fail("'" + decoder.source->text() +
                 "': there is no such layout for this type");
  noteSharedAccess(decoder, space, std::max(1u, bits / 8));
  out.e = int32_t(space);
  out.kind = Class::Memory;
  out.run = access;
}

void decodeProduct(Decoder &decoder) {
  auto &op = *decoder.extra<MatrixOp>();
  op.isOpaque = true;
  int bitOp = decoder.takeOne({"xor", "and"});
  if (bitOp >= 0) {
    op.bitOp = bitOp == 0 ? BitOp::Xor : BitOp::And;
    decoder.take("popc");
  }
  decoder.take("sync");
  decoder.take("aligned");
  // The layouts are those of the loads; the fragments don't depend on them.
  for (unsigned k = 0; k < 2; ++k)
    if (decoder.takeOne({"row", "col"}) < 0)
      decoder.fail("'" + decoder.source->text() + "' lacks a layout");
  if (!takeShape(decoder, op))
    decoder.fail("'" + decoder.source->text() + "' lacks a shape");
  op.isSaturating = decoder.take("satfinite");
  decoder.take("rn");
  std::vector<Element> elements;
  while (elementNamed(decoder.next()) != Element::None)
    elements.push_back(takeElement(decoder));
  if (elements.size() == 2) { // of D and C; A and B are f16
    op.d.element = elements[0];
    op.c.element = elements[1];
    op.a.element = op.b.element = Element::F16;
  } else if (elements.size() == 4) {
    op.d.element = elements[0];
    op.a.element = elements[1];
    op.b.element = elements[2];
    op.c.element = elements[3];
  } else {
    decoder.fail("'" + decoder.source->text() + "' needs two or four types");
  }
  decoder.expectOperands(4);
  fragmentOperand(decoder, decoder.operand(0), op.d, true);
  fragmentOperand(decoder, decoder.operand(1), op.a, false);
  fragmentOperand(decoder, decoder.operand(2), op.b, false);
  fragmentOperand(decoder, decoder.operand(3), op.c, false);
  if (op.m * op.k > 4096 || op.k * op.n > 4096 || op.m * op.n > 1024)
    decoder.fail("'" + decoder.source->text() + "': there is no such shape");
  decoder.out->kind = Class::Matrix;
  decoder.out->run = mma;
}

void decodeWmma(Decoder &decoder) {
  int what = decoder.takeOne({"load", "store", "mma"});
  if (what == 2)
    return decodeProduct(decoder);
  if (what < 0)
    decoder.fail("unknown instruction '" + decoder.source->text() + "'");
  decodeAccess(decoder, what == 0);
}

} // namespace

void registerWmmaOps(DecodeTable &table) { table["wmma"] = decodeWmma; }

} // namespace emulator
