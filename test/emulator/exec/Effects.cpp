// SPDX-License-Identifier: Apache-2.0
#include "exec/Effects.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>

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
      {"sub", {Passing::Difference}},
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

/// Registers that are the sum of another one and a constant.
class Sums {
public:
  explicit Sums(const ptx::Function &function)
      : function(function), definitions(function.registers.size()),
        definedBy(function.registers.size()) {
    for (uint32_t i = 0; i < function.body.size(); ++i)
      if (function.body[i].opcode != "st" && !function.body[i].operands.empty())
        define(function.body[i].operands[0], i);
  }

  struct Place {
    uint32_t root = ~0u;
    int64_t offset = 0;
  };
  /// What an address is built from; root ~0u if it is no register.
  Place placeOf(const Operand &address) const {
    Place place;
    if (address.elements.empty() || !isRegister(address.elements[0]))
      return place;
    place = {address.elements[0].index, address.offset};
    while (definitions[place.root] == 1) {
      const ptx::Instruction &sum = function.body[definedBy[place.root]];
      if (sum.opcode != "add" || sum.operands.size() != 3 ||
          !isRegister(sum.operands[1]) ||
          sum.operands[2].kind != Operand::Kind::Immediate)
        break;
      place.root = sum.operands[1].index;
      place.offset += int64_t(sum.operands[2].bits);
    }
    return place;
  }

  /// The load that alone defines a register; false if it isn't one.
  bool loadOf(const Operand &value, uint32_t &load) const {
    if (!isRegister(value) || definitions[value.index] != 1)
      return false;
    load = definedBy[value.index];
    return isLoad(function.body[load]);
  }

private:
  void define(const Operand &to, uint32_t by) {
    if (isRegister(to)) {
      ++definitions[to.index];
      definedBy[to.index] = by;
    }
    for (const Operand &element : to.elements)
      define(element, by);
  }

  const ptx::Function &function;
  std::vector<uint32_t> definitions, definedBy;
};

std::vector<const Operand *> valuesOf(const Operand &operand) {
  std::vector<const Operand *> values;
  if (operand.kind != Operand::Kind::Vector)
    values.push_back(&operand);
  else
    for (const Operand &element : operand.elements)
      values.push_back(&element);
  return values;
}

/// Whether a load and a store may move a part of a structure. With optimisation
/// those are vectors, as the alignment is known; without it no state space is
/// named.
bool mayCopyPart(const ptx::Instruction &load, const ptx::Instruction &store) {
  const size_t count = valuesOf(load.operands[0]).size();
  const ptx::Type type = typeOf(load);
  return ptx::sizeOf(type) == ptx::sizeOf(typeOf(store)) &&
         count == valuesOf(store.operands[1]).size() &&
         type != ptx::Type::F32 && type != ptx::Type::F64 &&
         (count > 1 || load.modifiers.size() == 1);
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

void findStructures(const ptx::Function &function,
                    std::vector<Effects *> &effects) {
  constexpr int64_t most = 1 << 14;
  struct Copied {
    int64_t begin = INT64_MAX, end = INT64_MIN;
    std::vector<std::pair<uint32_t, int64_t>> loads; ///< and their offsets
  };
  const Sums sums(function);
  // By where from, where to and how far these differ.
  std::map<std::tuple<uint32_t, uint32_t, int64_t>, Copied> structures;
  for (const ptx::Instruction &store : function.body) {
    uint32_t load = 0;
    if (store.opcode != "st" || store.operands.size() != 2 ||
        !sums.loadOf(*valuesOf(store.operands[1])[0], load) ||
        !mayCopyPart(function.body[load], store))
      continue;
    const ptx::Instruction &source = function.body[load];
    const Sums::Place from = sums.placeOf(source.operands[1]),
                      to = sums.placeOf(store.operands[0]);
    if (from.root == ~0u || to.root == ~0u)
      continue;
    Copied &copied = structures[{from.root, to.root, to.offset - from.offset}];
    copied.begin = std::min(copied.begin, from.offset);
    copied.end = std::max(
        copied.end, from.offset + int64_t(ptx::sizeOf(typeOf(source)) *
                                          valuesOf(source.operands[0]).size()));
    copied.loads.push_back({load, from.offset});
  }
  for (auto &[key, copied] : structures)
    if (copied.loads.size() > 1 && copied.end - copied.begin < most)
      for (auto &[load, offset] : copied.loads) {
        effects[load]->begin = int16_t(copied.begin - offset);
        effects[load]->end = int16_t(copied.end - offset);
      }
}

} // namespace emulator
