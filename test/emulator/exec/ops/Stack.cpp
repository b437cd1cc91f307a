// SPDX-License-Identifier: Apache-2.0
// alloca, stacksave, stackrestore: local memory of a size that is known when
// the function runs.
#include "exec/Decoder.h"
#include "exec/Warp.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr uint64_t leastAlignment = 8;

template <class T>
Next allocate(Warp &warp, const Instruction &i, Mask lanes) {
  const T *sizes = warp.src<T>(i.a);
  T *d = warp.dst<T>(i.d);
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    const unsigned l = unsigned(__builtin_ctz(rest));
    const uint32_t place = warp.allocateLocal(l, sizes[l], uint64_t(i.imm));
    if (place == Warp::noRoom)
      return warp.fault(FaultKind::StackOverflow, 1u << l, i,
                        "allocates " + std::to_string(sizes[l]) +
                            " bytes of local memory, which has no room");
    d[l] = T(place);
  }
  return Next::Continue;
}

template <class T>
Next save(Warp &warp, const Instruction &i, Mask lanes) {
  eachLane(lanes, warp.dst<T>(i.d),
           [&](unsigned l) { return T(warp.localTop(l)); });
  return Next::Continue;
}

template <class T>
Next restore(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.src<T>(i.a);
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    const unsigned l = unsigned(__builtin_ctz(rest));
    if (!warp.restoreLocal(l, a[l]))
      return warp.fault(FaultKind::IllegalInstruction, 1u << l, i,
                        "what it restores isn't what was saved");
  }
  return Next::Continue;
}

void decodeStack(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  const unsigned width = ptx::sizeOf(decoder.takeType());
  Instruction &out = *decoder.out;
  out.kind = Class::Other;
  const bool isWide = width == 8;
  if (opcode == "alloca") {
    decoder.expectOperands(2, 3);
    decoder.dst(&Instruction::d, decoder.operand(0), width);
    decoder.src(&Instruction::a, decoder.operand(1), width);
    out.imm = std::max<int64_t>(
        leastAlignment,
        decoder.operandCount() == 3 ? decoder.integer(decoder.operand(2)) : 0);
    out.run = isWide ? allocate<uint64_t> : allocate<uint32_t>;
    return;
  }
  decoder.expectOperands(1);
  if (opcode == "stacksave") {
    decoder.dst(&Instruction::d, decoder.operand(0), width);
    out.run = isWide ? save<uint64_t> : save<uint32_t>;
  } else {
    decoder.src(&Instruction::a, decoder.operand(0), width);
    out.run = isWide ? restore<uint64_t> : restore<uint32_t>;
  }
}

} // namespace

void registerStackOps(DecodeTable &table) {
  for (const char *opcode : {"alloca", "stacksave", "stackrestore"})
    table[opcode] = decodeStack;
}

} // namespace emulator
