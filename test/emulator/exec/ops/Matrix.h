// SPDX-License-Identifier: Apache-2.0
// D = A * B + C on fragments that a warp's lanes hold, for mma and wmma.
#ifndef EMULATOR_EXEC_OPS_MATRIX_H
#define EMULATOR_EXEC_OPS_MATRIX_H

#include "exec/Block.h"
#include "exec/Decoder.h"

namespace emulator {

/// What the elements of A or B, or C or D, are.
enum class Element : uint8_t {
  F16,
  BF16,
  TF32,
  F64,
  S8,
  U8,
  S4,
  U4,
  B1,
  E4M3,
  E5M2,
  F32,
  S32,
  None
};
unsigned bitsOf(Element element);
/// The element of a modifier ("f16", "e4m3"), or None.
Element elementNamed(std::string_view name);

enum class BitOp : uint8_t { None, Xor, And };

/// One fragment: its registers and where their elements lie.
struct Fragment2D {
  Element element = Element::None;
  uint8_t count = 0; ///< registers
  int32_t slot[16] = {};
};

struct MatrixOp : Extra {
  unsigned m = 0, n = 0, k = 0;
  Fragment2D a, b, c, d;
  bool isSaturating = false;
  bool isOpaque = false;                        ///< of wmma: see Matrix.cpp
  bool isAByColumns = false, isBByRows = false; ///< of multiplyQuads
  BitOp bitOp = BitOp::None;
};

/// Parses "m16n8k16"; false if it is something else.
bool takeShape(Decoder &decoder, MatrixOp &op);
/// The registers of a fragment.
void fragmentOperand(Decoder &decoder, const Operand &operand,
                     Fragment2D &fragment, bool isResult);
/// The handler's work: lanes is the whole warp.
void multiply(Warp &warp, const MatrixOp &op);
/// The same for the states of values (see Undefined.h), which the warp's
/// registers show: an element of D depends on its row of A and column of B.
void multiplyStates(Warp &warp, const MatrixOp &op);
/// m8n8k4 of .f16: each four lanes and those 16 further have matrices of their
/// own.
void multiplyQuads(Warp &warp, const MatrixOp &op);
/// Whether several elements are in a byte: they lie in memory along `depth`.
inline bool isNarrow(Element element) { return bitsOf(element) < 8; }
/// Wmma's own layout: the linear index of the s-th element of a lane, by rows,
/// of a narrow B by columns.
inline unsigned opaqueIndex(unsigned lane, unsigned s, unsigned perLane,
                            unsigned total) {
  return (lane * perLane + s) % total;
}
/// Continue if all lanes of the warp are here, else what to return.
Next wholeWarp(Warp &warp, const Instruction &i, Mask lanes);

} // namespace emulator

#endif
