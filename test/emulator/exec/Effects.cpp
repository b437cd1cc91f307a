// SPDX-License-Identifier: Apache-2.0
#include "exec/Effects.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace emulator {

using ptx::Operand;

namespace {

enum : uint8_t { fieldA = 1, fieldB = 2, fieldC = 4, fieldE = 8 };

/// Truth tables as lop3 has them, of a, b and c.
constexpr uint8_t tableAnd = 0xC0, tableOr = 0xFC, tableXor = 0x3C,
                  tableNot = 0x0F;

struct Rule {
  Passing passing;
  uint8_t control = 0, table = 0;
};

const std::map<std::string_view, Rule> &rules() {
  static const std::map<std::string_view, Rule> table = {
      {"mov", {Passing::Copied}},
      {"movmatrix", {Passing::Copied}},
      {"shl", {Passing::Moved, fieldB}},
      {"shr", {Passing::Moved, fieldB}},
      {"bfe", {Passing::Moved, fieldB | fieldC}},
      {"bfi", {Passing::Moved, fieldC | fieldE}},
      {"prmt", {Passing::Moved, fieldC}},
      {"shf", {Passing::Moved, fieldC}},
      {"shfl", {Passing::Exchanged, fieldB | fieldC | fieldE}},
      {"and", {Passing::Logic, 0, tableAnd}},
      {"or", {Passing::Logic, 0, tableOr}},
      {"xor", {Passing::Logic, 0, tableXor}},
      {"not", {Passing::Logic, 0, tableNot}},
      {"lop3", {Passing::Logic}},
      {"selp", {Passing::Selected}},
      {"vote", {Passing::Gathered}},
      {"match", {Passing::Gathered}},
      {"redux", {Passing::Gathered}},
      {"mma", {Passing::Product}},
      {"ld", {Passing::Loaded, fieldA | fieldC}},
      {"ldu", {Passing::Loaded, fieldA | fieldC}},
      {"ldmatrix", {Passing::Loaded, fieldA}},
      {"st", {Passing::Stored, fieldA | fieldC}},
      {"stmatrix", {Passing::Stored, fieldA}},
      {"atom", {Passing::Used}},
      {"red", {Passing::Used}},
      {"cp", {Passing::Used}},
      {"mbarrier", {Passing::Used}},
      {"bar", {Passing::Used}},
      {"barrier", {Passing::Used}},
      {"call", {Passing::Called, fieldA}},
      {"brx", {Passing::Used}},
      {"alloca", {Passing::Used}},
      {"nanosleep", {Passing::Used}}};
  return table;
}

bool has(const ptx::Instruction &source, std::string_view modifier) {
  return std::find(source.modifiers.begin(), source.modifiers.end(),
                   modifier) != source.modifiers.end();
}

/// Whether a conversion keeps the bits that both types have.
bool keepsBits(const ptx::Instruction &source) {
  unsigned integers = 0;
  for (const std::string &modifier : source.modifiers) {
    const ptx::Type type = ptx::typeNamed(modifier);
    integers += type != ptx::Type::None && modifier.size() < 4 &&
                (modifier[0] == 'u' || modifier[0] == 's');
  }
  return integers == 2 && source.modifiers.size() == 2;
}

bool isRegister(const Operand &operand) {
  return operand.kind == Operand::Kind::Register;
}

bool isLoad(const ptx::Instruction &instruction) {
  return instruction.opcode == "ld" && instruction.operands.size() == 2;
}

ptx::Type typeOf(const ptx::Instruction &instruction) {
  for (const std::string &modifier : instruction.modifiers)
    if (ptx::Type type = ptx::typeNamed(modifier); type != ptx::Type::None)
      return type;
  return ptx::Type::None;
}

/// How far the instructions that copy a structure lie apart.
constexpr uint32_t nearby = 4;

/// The register that a load's address is built from, and what is added; false
/// if it is none.
bool placeOf(const ptx::Function &function, uint32_t index, uint32_t &base,
             int64_t &offset) {
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

} // namespace

Effects effectsOf(const ptx::Instruction &source) {
  Effects effects;
  auto found = rules().find(source.opcode);
  if (found != rules().end()) {
    effects.passing = found->second.passing;
    effects.control = found->second.control;
    effects.table = found->second.table;
  } else if (source.opcode == "cvt" && keepsBits(source)) {
    effects.passing = Passing::Moved;
  } else if (source.opcode == "wmma") {
    effects.passing = has(source, "load")    ? Passing::Loaded
                      : has(source, "store") ? Passing::Stored
                                             : Passing::Product;
    effects.control = effects.passing == Passing::Product ? 0 : fieldA | fieldB;
  }
  if (effects.passing == Passing::Logic || source.opcode == "mov")
    effects.passing = has(source, "pred")      ? Passing::Predicates
                      : source.opcode == "mov" ? Passing::Copied
                                               : Passing::Logic;
  return effects;
}

bool isControl(const Effects &effects, int32_t Instruction::*field) {
  constexpr std::pair<int32_t Instruction::*, uint8_t> fields[] = {
      {&Instruction::a, fieldA},
      {&Instruction::b, fieldB},
      {&Instruction::c, fieldC},
      {&Instruction::e, fieldE}};
  for (auto &[member, bit] : fields)
    if (field == member)
      return effects.control & bit;
  return false;
}

bool loadsHalf(const ptx::Function &function, uint32_t index) {
  constexpr int64_t half = 4;
  const ptx::Instruction &load = function.body[index];
  uint32_t base = 0, otherBase = 0;
  int64_t offset = 0, otherOffset = 0;
  if (!isLoad(load) || load.modifiers.size() != 1 ||
      typeOf(load) == ptx::Type::F32 || ptx::sizeOf(typeOf(load)) != half ||
      !placeOf(function, index, base, offset))
    return false;
  const size_t end = std::min<size_t>(index + nearby + 1, function.body.size());
  for (uint32_t i = index - std::min(index, nearby); i < end; ++i)
    if (isLoad(function.body[i]) &&
        function.body[i].modifiers == load.modifiers &&
        placeOf(function, i, otherBase, otherOffset) && otherBase == base &&
        otherOffset == (offset ^ half))
      return true;
  return false;
}

} // namespace emulator
