// SPDX-License-Identifier: Apache-2.0
// The order of a function's blocks and where its registers lie.
#ifndef EMULATOR_EXEC_FLOW_H
#define EMULATOR_EXEC_FLOW_H

#include "exec/Decoder.h"

namespace emulator {

/// A decoded instruction with what the analysis needs.
struct FlowInstruction {
  Instruction instruction;
  Decoder::Flow flow = Decoder::Flow::Normal;
  std::vector<uint32_t> targets;
  std::vector<uint32_t> *table = nullptr;
  std::vector<Decoder::Reference> references;
  Effects effects;
};

/// Puts the blocks in a weak topological order, so that the fragment of a warp
/// with the lowest position is the one that others meet, gives registers that
/// are never live at once the same slots, and writes code.instructions.
/// `jump` is the handler of unconditional branches. `specials` are registers
/// that live throughout.
void layOut(std::vector<FlowInstruction> &body,
            const std::vector<ptx::Register> &registers,
            const std::vector<uint32_t> &pinned, Handler jump, Code &code,
            std::vector<int32_t> &slotOf);

} // namespace emulator

#endif
