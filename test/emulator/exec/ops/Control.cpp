// SPDX-License-Identifier: Apache-2.0
// Branches and ends.
#include "exec/ops/Control.h"

#include "exec/Block.h"
#include "exec/Decoder.h"
#include "exec/ops/Calls.h"

namespace emulator {
namespace {

Next jump(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.branch(lanes, i.target);
}
Next leaveFunction(Warp &warp, const Instruction &, Mask lanes) {
  return warp.returnLanes(lanes);
}
Next end(Warp &warp, const Instruction &, Mask lanes) {
  return warp.exitLanes(lanes);
}

Next trap(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.fault(FaultKind::Trap, lanes, i, "trap");
}
Next breakpoint(Warp &warp, const Instruction &i, Mask lanes) {
  return warp.fault(FaultKind::Trap, lanes, i, "breakpoint");
}

struct BranchTable : Extra {
  std::vector<uint32_t> targets;
};

Next jumpByIndex(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &table = static_cast<const BranchTable *>(i.extra)->targets;
  const uint32_t *index = warp.src<uint32_t>(i.a);
  Mask beyond =
      lanesWhere([&](unsigned l) { return index[l] >= table.size(); }) & lanes;
  if (beyond)
    return warp.fault(FaultKind::IllegalInstruction, beyond, i,
                      "branch to entry " +
                          std::to_string(index[__builtin_ctz(beyond)]) +
                          " of " + std::to_string(table.size()));
  if (lanes != warp.active)
    warp.narrow(lanes);
  while (lanes) {
    uint32_t which = index[__builtin_ctz(lanes)];
    Mask same =
        lanesWhere([&](unsigned l) { return index[l] == which; }) & lanes;
    lanes &= ~same;
    warp.branch(same, table[which]);
  }
  return Next::Reschedule;
}

void decodeBra(Decoder &decoder) {
  decoder.take("uni");
  decoder.expectOperands(1);
  decoder.flow = Decoder::Flow::Branch;
  decoder.targets.push_back(decoder.label(decoder.operand(0).name));
  decoder.out->kind = Class::Control;
  decoder.out->run = jump;
}

void decodeBrx(Decoder &decoder) {
  decoder.take("idx");
  decoder.take("uni");
  decoder.expectOperands(2);
  auto found = decoder.function.branchTargets.find(decoder.operand(1).name);
  if (found == decoder.function.branchTargets.end())
    decoder.fail("'" + decoder.operand(1).name + "' isn't a list of targets");
  auto *table = decoder.extra<BranchTable>();
  for (const std::string &name : found->second)
    decoder.targets.push_back(decoder.label(name));
  decoder.tableToPatch = &table->targets;
  decoder.flow = Decoder::Flow::Table;
  decoder.src(&Instruction::a, decoder.operand(0), 4);
  decoder.out->kind = Class::Control;
  decoder.out->run = jumpByIndex;
}

void decodeEnd(Decoder &decoder) {
  const std::string &opcode = decoder.source->opcode;
  decoder.take("uni");
  decoder.expectOperands(0);
  decoder.out->kind = Class::Control;
  decoder.flow = Decoder::Flow::End;
  decoder.out->run = opcode == "ret"    ? leaveFunction
                     : opcode == "exit" ? end
                                        : trap;
  if (opcode == "ret")
    useReturnRegisters(decoder);
}

void decodeBreakpoint(Decoder &decoder) {
  decoder.expectOperands(0);
  decoder.out->kind = Class::Control;
  decoder.out->run = breakpoint;
}

} // namespace

Handler jumpHandler() { return jump; }

bool isEnd(const Instruction &instruction, bool isKernel) {
  return instruction.guard < 0 &&
         (instruction.run == end ||
          (isKernel && instruction.run == leaveFunction));
}

void appendSuccessors(const Code &code, uint32_t at,
                      std::vector<uint32_t> &into) {
  const Instruction &instruction = code.instructions[at];
  const bool isJump = instruction.run == jump;
  const bool isTable = instruction.run == jumpByIndex;
  const bool isLast = isJump || isTable || instruction.run == end ||
                      instruction.run == leaveFunction ||
                      instruction.run == trap;
  if (!isLast || instruction.guard >= 0)
    into.push_back(at + 1);
  if (isJump)
    into.push_back(instruction.target);
  if (isTable) {
    const auto &table =
        static_cast<const BranchTable *>(instruction.extra)->targets;
    into.insert(into.end(), table.begin(), table.end());
  }
}

void registerControlOps(DecodeTable &table) {
  table["bra"] = decodeBra;
  table["brx"] = decodeBrx;
  for (const char *opcode : {"ret", "exit", "trap"})
    table[opcode] = decodeEnd;
  table["brkpt"] = decodeBreakpoint;
  table["call"] = decodeCall;
}

} // namespace emulator
