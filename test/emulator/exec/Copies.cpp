// SPDX-License-Identifier: Apache-2.0
#include "exec/Copies.h"

#include <algorithm>

namespace emulator {

using ptx::Operand;

namespace {

bool isRegister(const Operand &operand) {
  return operand.kind == Operand::Kind::Register;
}

/// The registers of a loaded or stored value.
std::vector<const Operand *> valuesOf(const Operand &operand) {
  std::vector<const Operand *> values;
  if (operand.kind != Operand::Kind::Vector)
    values.push_back(&operand);
  for (const Operand &element : operand.elements)
    if (operand.kind == Operand::Kind::Vector)
      values.push_back(&element);
  return values;
}

ptx::Type typeOf(const ptx::Instruction &instruction) {
  for (const std::string &modifier : instruction.modifiers)
    if (ptx::Type type = ptx::typeNamed(modifier); type != ptx::Type::None)
      return type;
  return ptx::Type::None;
}

bool isFloating(const ptx::Instruction &instruction) {
  const ptx::Type type = typeOf(instruction);
  return type == ptx::Type::F32 || type == ptx::Type::F64;
}

bool isLoad(const ptx::Instruction &instruction) {
  return instruction.opcode == "ld" && instruction.operands.size() == 2;
}

/// Instructions that keep the bits of an operand or put others in their place.
bool isBitwise(const ptx::Instruction &instruction) {
  static const char *const opcodes[] = {"and", "or", "xor", "bfi", "cvt"};
  return std::find(std::begin(opcodes), std::end(opcodes),
                   instruction.opcode) != std::end(opcodes) &&
         std::all_of(instruction.operands.begin(), instruction.operands.end(),
                     [](const Operand &operand) {
                       return isRegister(operand) ||
                              operand.kind == Operand::Kind::Immediate;
                     });
}

/// A clearing of bits by a mask, or the insertion of a field.
bool clears(const ptx::Instruction &instruction) {
  return instruction.opcode == "bfi" ||
         (instruction.opcode == "and" &&
          std::any_of(instruction.operands.begin(), instruction.operands.end(),
                      [](const Operand &operand) {
                        return operand.kind == Operand::Kind::Immediate;
                      }));
}

} // namespace

Copies::Copies(const ptx::Function &function, Code &code)
    : function(function), code(code), registers(function.registers.size()),
      marks(function.body.size() + 1, 0), spares(function.body.size() + 1, 0) {
  for (uint32_t i = 0; i < function.body.size(); ++i)
    note(function.body[i], i);
  for (uint32_t i = 0; i < function.body.size(); ++i)
    if (isLoad(function.body[i]))
      mark(i);
}

void Copies::noteOthers(const Operand &operand) {
  if (isRegister(operand))
    registers[operand.index].uses.push_back(Use());
  for (const Operand &element : operand.elements)
    noteOthers(element);
  if (operand.second)
    noteOthers(*operand.second);
}

void Copies::note(const ptx::Instruction &instruction, uint32_t index) {
  const auto &operands = instruction.operands;
  if (instruction.guard >= 0)
    registers[uint32_t(instruction.guard)].uses.push_back(Use());
  if (isLoad(instruction)) {
    for (const Operand *value : valuesOf(operands[0]))
      if (isRegister(*value))
        ++registers[value->index].definitions;
    return noteOthers(operands[1]);
  }
  if (instruction.opcode == "st" && operands.size() == 2) {
    uint32_t element = 0;
    for (const Operand *value : valuesOf(operands[1])) {
      if (isRegister(*value))
        registers[value->index].uses.push_back(
            {Use::Kind::Stored, index, element});
      ++element;
    }
    return noteOthers(operands[0]);
  }
  if (instruction.opcode == "shfl" && operands.size() > 1 &&
      isRegister(operands[1])) {
    registers[operands[1].index].uses.push_back({Use::Kind::Shuffled, 0, 0});
    for (size_t k = 0; k < operands.size(); ++k)
      if (k != 1)
        noteOthers(operands[k]);
    return;
  }
  const bool isMove = instruction.opcode == "mov" && operands.size() == 2 &&
                      isRegister(operands[0]) && isRegister(operands[1]);
  if (!isMove && !(isBitwise(instruction) && isRegister(operands[0]))) {
    for (const Operand &operand : operands)
      noteOthers(operand);
    return;
  }
  const Use::Kind kind = isMove                ? Use::Kind::Moved
                         : clears(instruction) ? Use::Kind::Cleared
                                               : Use::Kind::Merged;
  ++registers[operands[0].index].definitions;
  for (size_t k = 1; k < operands.size(); ++k)
    if (isRegister(operands[k]))
      registers[operands[k].index].uses.push_back({kind, operands[0].index, 0});
}

void Copies::follow(uint32_t first, uint32_t element, Flow &flow) const {
  std::vector<uint32_t> work{first};
  std::vector<bool> isKnown(registers.size());
  while (!work.empty() && flow.isOnlyStored) {
    const Register &reg = registers[work.back()];
    isKnown[work.back()] = true;
    work.pop_back();
    flow.isOnlyStored = reg.definitions == 1;
    for (const Use &use : reg.uses) {
      flow.isOnlyStored &= use.kind != Use::Kind::Other;
      flow.isMerged |=
          use.kind == Use::Kind::Merged || use.kind == Use::Kind::Cleared;
      flow.isCleared |= use.kind == Use::Kind::Cleared;
      flow.isShuffled |= use.kind == Use::Kind::Shuffled;
      if (use.kind == Use::Kind::Stored) {
        flow.stores.push_back(use);
        flow.elements.push_back(element);
      } else if (use.kind != Use::Kind::Other &&
                 use.kind != Use::Kind::Shuffled && !isKnown[use.to]) {
        work.push_back(use.to);
      }
    }
  }
}

/// Whether a store writes an element to where a load read it.
bool Copies::isSamePlace(const ptx::Instruction &load, const Use &use) const {
  const ptx::Instruction &store = function.body[use.to];
  const Operand &from = load.operands[1], &to = store.operands[0];
  if (from.elements.empty() || to.elements.empty() ||
      typeOf(load) == ptx::Type::None ||
      ptx::sizeOf(typeOf(load)) != ptx::sizeOf(typeOf(store)))
    return false;
  const Operand &a = from.elements[0], &b = to.elements[0];
  const bool isSameBase = isRegister(a) ? isRegister(b) && a.index == b.index
                                        : a.kind == b.kind && a.variable &&
                                              a.variable == b.variable &&
                                              a.offset == b.offset;
  return isSameBase &&
         from.offset ==
             to.offset + int64_t(use.element) * ptx::sizeOf(typeOf(store));
}

/// Whether what a load reads is written soon after: a field of whole bytes.
bool Copies::isReplaced(uint32_t load) const {
  constexpr uint32_t soon = 4;
  const size_t end = std::min<size_t>(load + 1 + soon, function.body.size());
  for (uint32_t i = load + 1; i < end; ++i)
    if (function.body[i].opcode == "st" &&
        function.body[i].operands.size() == 2 &&
        isSamePlace(function.body[load], {Use::Kind::Stored, i, 0}))
      return true;
  return false;
}

/// How far the instructions that copy a structure lie apart.
static constexpr uint32_t nearby = 4;

bool Copies::placeOf(uint32_t index, uint32_t &base, int64_t &offset) const {
  const Operand &address = function.body[index].operands[1];
  if (address.elements.empty() || !isRegister(address.elements[0]))
    return false;
  base = address.elements[0].index;
  offset = address.offset;
  for (uint32_t i = index; i-- > 0 && i + nearby >= index;) {
    const ptx::Instruction &sum = function.body[i];
    if (sum.opcode != "add" || sum.operands.size() != 3 ||
        !isRegister(sum.operands[0]) || sum.operands[0].index != base)
      continue;
    if (isRegister(sum.operands[1]) &&
        sum.operands[2].kind == Operand::Kind::Immediate) {
      base = sum.operands[1].index;
      offset += int64_t(sum.operands[2].bits);
    }
    break;
  }
  return true;
}

/// Whether a structure is copied four bytes at a time, as it is without
/// optimisation (then no state space is named): the other half of the 8 bytes
/// is loaded nearby.
bool Copies::isHalf(uint32_t index) const {
  constexpr int64_t half = 4;
  const ptx::Instruction &load = function.body[index];
  uint32_t base = 0, otherBase = 0;
  int64_t offset = 0, otherOffset = 0;
  if (load.modifiers.size() != 1 || isFloating(load) ||
      ptx::sizeOf(typeOf(load)) != half || !placeOf(index, base, offset))
    return false;
  const size_t end = std::min<size_t>(index + nearby + 1, function.body.size());
  for (uint32_t i = index - std::min(index, nearby); i < end; ++i)
    if (isLoad(function.body[i]) &&
        function.body[i].modifiers == load.modifiers &&
        placeOf(i, otherBase, otherOffset) && otherBase == base &&
        otherOffset == (offset ^ half))
      return true;
  return false;
}

void Copies::mark(uint32_t index) {
  const ptx::Instruction &load = function.body[index];
  Flow flow;
  const auto values = valuesOf(load.operands[0]);
  for (uint32_t e = 0; e < values.size(); ++e)
    if (isRegister(*values[e])) {
      Flow own;
      follow(values[e]->index, e, own);
      const bool isUnused =
          own.isOnlyStored && own.stores.empty() && !own.isShuffled;
      spares[index] |= uint8_t(isUnused << e);
      follow(values[e]->index, e, flow);
    }
  // Structures are copied as integers; vectors of others have no padding.
  if (!flow.isOnlyStored || (values.size() > 1 && isFloating(load)))
    return;
  if (flow.stores.empty() && !flow.isShuffled) {
    if (isReplaced(index))
      marks[index] = Instruction::replaces;
    return;
  }
  if (flow.isMerged) {
    if (flow.isCleared && !flow.isShuffled && values.size() == 1 &&
        std::all_of(flow.stores.begin(), flow.stores.end(),
                    [&](const Use &store) { return isSamePlace(load, store); }))
      marks[index] = Instruction::replaces;
    return;
  }
  const uint32_t number = ++loads | (isHalf(index) ? Instruction::isHalf : 0);
  marks[index] = number;
  for (size_t k = 0; k < flow.stores.size(); ++k) {
    const Use &store = flow.stores[k];
    uint32_t &sources = marks[store.to];
    if (!sources) {
      code.copySources.emplace_back();
      sources = uint32_t(code.copySources.size());
    }
    code.copySources[sources - 1][store.element] = {number, flow.elements[k]};
  }
}

} // namespace emulator
