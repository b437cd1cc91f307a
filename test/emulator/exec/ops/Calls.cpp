// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/Calls.h"

#include "exec/Block.h"
#include "exec/ops/Control.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

/// Copies between an argument of the caller and a formal of the callee.
/// `isIn`: to the callee.
void copyOne(Warp &warp, uint8_t *outerRegisters, uint32_t outerBase,
             const Argument &argument, uint8_t *innerRegisters,
             uint32_t innerBase, const Formal &formal, Mask lanes, bool isIn) {
  uint32_t bytes = formal.slot >= 0 ? formal.width : formal.size;
  bytes = std::min<uint32_t>(bytes, argument.isMemory ? argument.size
                                                      : argument.width);
  activeLanes(lanes, [&](unsigned l) {
    uint8_t *local = warp.local(l), *shadow = warp.shadowOfLocal(l);
    uint8_t *outer, *inner;
    if (argument.isMemory)
      outer = local + outerBase + argument.offset;
    else if (argument.slot & 1) // a constant
      outer = const_cast<uint8_t *>(warp.src<uint8_t>(argument.slot)) +
              l * argument.width;
    else
      outer = outerRegisters + argument.slot + l * argument.width;
    if (formal.slot >= 0)
      inner = innerRegisters + formal.slot + l * formal.width;
    else
      inner = local + innerBase + formal.offset;
    std::memcpy(isIn ? inner : outer, isIn ? outer : inner, bytes);
    uint8_t *outerShadow =
        argument.isMemory ? shadow + outerBase + argument.offset : nullptr;
    uint8_t *innerShadow =
        formal.slot < 0 ? shadow + innerBase + formal.offset : nullptr;
    uint8_t *to = isIn ? innerShadow : outerShadow;
    const uint8_t *from = isIn ? outerShadow : innerShadow;
    if (to && from)
      std::memcpy(to, from, bytes);
    else if (to)
      std::memset(to, 1, bytes);
  });
}

Next callDirect(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &site = *static_cast<const CallSite *>(i.extra);
  return warp.call(*(*warp.frame->code->program)[size_t(site.callee)], lanes,
                   i);
}

Next callBuiltin(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &site = *static_cast<const CallSite *>(i.extra);
  return site.builtin(warp, i, lanes, site);
}

Next callIndirect(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &site = *static_cast<const CallSite *>(i.extra);
  const uint64_t *target = warp.src<uint64_t>(i.a);
  const uint64_t first = target[__builtin_ctz(lanes)];
  const auto &program = *warp.frame->code->program;
  uint64_t index = (first - functionBase) / 16;
  if (first < functionBase || first % 16 || index >= program.size() ||
      program[index]->source->isKernel)
    return warp.fault(FaultKind::IllegalInstruction, lanes, i,
                      "call of what is no function");
  const Code &callee = *program[index];
  if (callee.parameters.size() != site.arguments.size() ||
      callee.returns.size() < site.results.size())
    return warp.fault(FaultKind::IllegalInstruction, lanes, i,
                      "call of '" + callee.name +
                          "' with other parameters than it has");
  Mask same =
      lanesWhere([&](unsigned l) { return target[l] == first; }) & lanes;
  if (same != lanes) { // the others call again from here
    warp.narrow(lanes);
    uint32_t next = warp.pc;
    --warp.pc;
    warp.narrow(same);
    warp.pc = next;
  }
  return warp.call(callee, same, i);
}

Argument argumentOf(Decoder &decoder, const Operand &operand, bool isResult) {
  Argument argument;
  if (operand.kind == Operand::Kind::Symbol && operand.variable) {
    auto local = decoder.localOffsets.find(operand.variable);
    if (local != decoder.localOffsets.end()) {
      argument.isMemory = true;
      argument.offset = local->second;
      argument.size = uint32_t(operand.variable->bytes);
      return argument;
    }
  }
  argument.width =
      uint8_t(std::max(2u, decoder.widthOf(operand, isResult ? 4 : 8)));
  return argument;
}

/// The arguments of a list; their slots are patched later, so they don't move.
void decodeArguments(Decoder &decoder, const Operand &list,
                     std::vector<Argument> &into, bool isResult) {
  for (const Operand &operand : list.elements)
    into.push_back(argumentOf(decoder, operand, isResult));
  for (size_t k = 0; k < into.size(); ++k) {
    if (into[k].isMemory)
      continue;
    if (isResult)
      decoder.dstExternal(&into[k].slot, list.elements[k], into[k].width);
    else
      decoder.srcExternal(&into[k].slot, list.elements[k], into[k].width);
  }
}

void checkShape(Decoder &decoder, const ptx::Function &callee,
                const CallSite &site) {
  if (callee.parameters.size() != site.arguments.size() ||
      callee.returns.size() != site.results.size())
    decoder.fail("call of '" + callee.name + "' with " +
                 std::to_string(site.arguments.size()) + " arguments and " +
                 std::to_string(site.results.size()) + " results");
}

} // namespace

void decodeCall(Decoder &decoder) {
  decoder.take("uni");
  Instruction &out = *decoder.out;
  out.kind = Class::Control;
  auto &site = *decoder.extra<CallSite>();
  size_t at = 0;
  if (decoder.operand(0).kind == Operand::Kind::List)
    decodeArguments(decoder, decoder.operand(at++), site.results, true);
  const Operand &target = decoder.operand(at++);
  if (at < decoder.operandCount() &&
      decoder.operand(at).kind == Operand::Kind::List)
    decodeArguments(decoder, decoder.operand(at++), site.arguments, false);
  if (target.kind == Operand::Kind::Register) {
    ++at; // the prototype, or a list of targets
    decoder.src(&Instruction::a, target, 8);
    out.run = callIndirect;
  } else {
    auto found = decoder.module.functionNamed.find(target.name);
    if (target.kind != Operand::Kind::Symbol ||
        found == decoder.module.functionNamed.end())
      decoder.fail("call of '" + target.name + "', which is no function");
    checkShape(decoder, *found->second, site);
    auto index = decoder.symbols.functions.find(found->second);
    if (index != decoder.symbols.functions.end()) {
      site.callee = index->second;
      out.run = callDirect;
    } else {
      site.builtin = builtinNamed(target.name);
      if (!site.builtin)
        decoder.fail("unresolved external function '" + target.name + "'");
      out.run = callBuiltin;
    }
  }
  if (at < decoder.operandCount())
    decoder.expectOperands(at);
}

void useReturnRegisters(Decoder &decoder) {
  for (auto &variable : decoder.function.returns)
    if (variable->isRegister) {
      Operand operand;
      operand.kind = Operand::Kind::Register;
      operand.index = variable->registerIndex;
      decoder.srcExternal(&decoder.ignoredSlot, operand, 0);
    }
}

void passArguments(Warp &warp, Frame &callee, const Instruction &instruction,
                   Mask lanes) {
  const auto &site = *static_cast<const CallSite *>(instruction.extra);
  const Frame &caller = *callee.parent;
  for (size_t k = 0; k < site.arguments.size(); ++k)
    copyOne(warp, caller.registers, caller.localBase, site.arguments[k],
            callee.registers, callee.localBase, callee.code->parameters[k],
            lanes, true);
  // What the frame before left there isn't this one's.
  const Code &code = *callee.code;
  activeLanes(lanes, [&](unsigned l) {
    uint32_t from = callee.localBase;
    for (const Formal &formal : code.parameters)
      if (formal.slot < 0)
        from = std::max(from, callee.localBase + formal.offset + formal.size);
    std::memset(warp.shadowOfLocal(l) + from, 0, callee.localEnd - from);
  });
}

void passResults(Warp &warp, Frame &callee, Mask lanes) {
  const auto &site = *static_cast<const CallSite *>(callee.site->extra);
  const Frame &caller = *callee.parent;
  for (size_t k = 0; k < site.results.size(); ++k)
    copyOne(warp, caller.registers, caller.localBase, site.results[k],
            callee.registers, callee.localBase, callee.code->returns[k], lanes,
            false);
}

uint64_t argumentValue(Warp &warp, const Argument &argument, unsigned lane) {
  uint64_t value = 0;
  if (argument.isMemory)
    std::memcpy(&value,
                warp.local(lane) + warp.frame->localBase + argument.offset,
                std::min(argument.size, 8u));
  else
    std::memcpy(&value,
                warp.src<uint8_t>(argument.slot) + lane * argument.width,
                std::min<unsigned>(argument.width, 8u));
  return value;
}

void setResult(Warp &warp, const Argument &result, unsigned lane,
               uint64_t value) {
  if (result.isMemory) {
    uint32_t offset = warp.frame->localBase + result.offset,
             size = std::min(result.size, 8u);
    std::memcpy(warp.local(lane) + offset, &value, size);
    std::memset(warp.shadowOfLocal(lane) + offset, 1, size);
  } else {
    std::memcpy(warp.dst<uint8_t>(result.slot) + lane * result.width, &value,
                std::min<unsigned>(result.width, 8u));
  }
}

} // namespace emulator
