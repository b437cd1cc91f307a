// SPDX-License-Identifier: Apache-2.0
#include "exec/Decoder.h"

#include "exec/DeviceMemory.h"

#include <cstring>
#include <sys/mman.h>

namespace emulator {

using ptx::sizeOf;
using ptx::Space;

ConstantPool::ConstantPool() {
  void *mapped = mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  bytes = mapped == MAP_FAILED ? nullptr : static_cast<uint8_t *>(mapped);
}

ConstantPool::~ConstantPool() {
  if (bytes)
    munmap(bytes, capacity);
}

int32_t ConstantPool::slot(uint64_t value, unsigned width) {
  if (width < 8 && width > 1)
    value &= (1ull << (8 * width)) - 1;
  auto [entry, isNew] = known.emplace(std::make_pair(value, width), 0);
  if (!isNew)
    return entry->second;
  size_t size = width == 1 ? 64 : size_t(width) * warpSize;
  if (!bytes || used + size > capacity)
    throw ptx::Error{0, "out of memory for constants"};
  uint8_t *at = bytes + used;
  if (width == 1) {
    Mask mask = value ? allLanes : 0;
    std::memcpy(at, &mask, sizeof mask);
  } else {
    unsigned copied = width < 8 ? width : 8;
    for (unsigned lane = 0; lane < warpSize; ++lane)
      std::memcpy(at + lane * width, &value, copied);
  }
  entry->second = int32_t(used) | 1;
  used += size;
  return entry->second;
}

const DecodeTable &decodeTable() {
  static const DecodeTable table = [] {
    DecodeTable result;
    for (auto *add :
         {registerIntegerOps, registerBitOps,     registerCarryOps,
          registerFloatOps,   registerRoundedOps, registerHalfOps,
          registerCompareOps, registerMoveOps,    registerConvertOps,
          registerMemoryOps,  registerAtomicOps,  registerAsyncOps,
          registerWarpOps,    registerBarrierOps, registerControlOps,
          registerMmaOps,     registerStackOps,   registerVideoOps,
          registerWmmaOps,    registerMbarrierOps})
      add(result);
    return result;
  }();
  return table;
}

void Decoder::fail(const std::string &message) const {
  throw ptx::Error{source ? source->line : 0, message};
}

void Decoder::needs(unsigned sm) const {
  if (module.sm < sm)
    fail("'" + source->text() + "' needs .target sm_" + std::to_string(sm) +
         ", not sm_" + std::to_string(module.sm));
}

void Decoder::decode(const ptx::Instruction &instruction, Instruction &result) {
  source = &instruction;
  out = &result;
  taken.assign(instruction.modifiers.size(), false);
  references.clear();
  targets.clear();
  tableToPatch = nullptr;
  flow = Flow::Normal;
  result.line = instruction.line;
  if (instruction.guard >= 0) {
    reference(&Instruction::guard, nullptr, uint32_t(instruction.guard), false);
    result.guardFlip = instruction.guardNegated ? allLanes : 0;
    result.guard = 0;
  }
  auto entry = decodeTable().find(instruction.opcode);
  if (entry == decodeTable().end())
    fail("unknown instruction '" + instruction.text() + "'");
  entry->second(*this);
  for (size_t i = 0; i < taken.size(); ++i)
    if (!taken[i])
      fail("unknown or misplaced modifier '." + instruction.modifiers[i] +
           "' in '" + instruction.text() + "'");
  if (!result.run)
    fail("'" + instruction.text() + "' isn't supported with these operands");
}

bool Decoder::has(std::string_view modifier) const {
  for (size_t i = 0; i < taken.size(); ++i)
    if (!taken[i] && source->modifiers[i] == modifier)
      return true;
  return false;
}

bool Decoder::take(std::string_view modifier) {
  for (size_t i = 0; i < taken.size(); ++i)
    if (!taken[i] && source->modifiers[i] == modifier)
      return taken[i] = true;
  return false;
}

Type Decoder::takeType() {
  for (size_t i = 0; i < taken.size(); ++i) {
    Type type = taken[i] ? Type::None : ptx::typeNamed(source->modifiers[i]);
    if (type != Type::None) {
      taken[i] = true;
      return type;
    }
  }
  fail("'" + source->text() + "' lacks a type");
}

bool Decoder::hasType() const { return peekLastType() != Type::None; }

Type Decoder::peekLastType() const {
  Type result = Type::None;
  for (size_t i = 0; i < taken.size(); ++i)
    if (Type type = ptx::typeNamed(source->modifiers[i]);
        type != Type::None && !taken[i])
      result = type;
  return result;
}

int Decoder::takeOne(std::initializer_list<const char *> names, int otherwise) {
  int index = 0;
  for (const char *name : names) {
    if (take(name))
      return index;
    ++index;
  }
  return otherwise;
}

std::string_view Decoder::next() const {
  for (size_t i = 0; i < taken.size(); ++i)
    if (!taken[i])
      return source->modifiers[i];
  return "";
}

const Operand &Decoder::operand(size_t i) const {
  if (i >= source->operands.size())
    fail("'" + source->text() + "' has too few operands");
  return source->operands[i];
}

void Decoder::expectOperands(size_t least, size_t most) {
  if (operandCount() < least || operandCount() > most)
    fail("'" + source->text() + "' with " + std::to_string(operandCount()) +
         " operands");
}

unsigned Decoder::widthOf(const Operand &operand, unsigned otherwise) const {
  if (operand.kind == Operand::Kind::Register)
    return sizeOf(function.registers[operand.index].type);
  return otherwise;
}

void Decoder::reference(int32_t Instruction::*field, int32_t *external,
                        uint32_t reg, bool isDefinition) {
  references.push_back({field, external, reg, isDefinition});
}

uint32_t Decoder::temporary(unsigned width) {
  Type type = width == 1   ? Type::Pred
              : width <= 2 ? Type::B16
              : width == 4 ? Type::B32
              : width == 8 ? Type::B64
                           : Type::B128;
  function.registers.push_back({"%scratch", type});
  return uint32_t(function.registers.size() - 1);
}

namespace {
/// Width classes: 8-bit registers lie in 16-bit slots.
unsigned slotWidth(Type type) {
  return type == Type::Pred ? 1 : std::max(2u, sizeOf(type));
}
} // namespace

void Decoder::dst(int32_t Instruction::*field, const Operand &operand,
                  unsigned width) {
  if (operand.kind == Operand::Kind::Sink)
    return reference(field, nullptr, temporary(width ? width : 8), true);
  if (operand.kind != Operand::Kind::Register)
    fail("the destination of '" + source->text() + "' isn't a register");
  unsigned actual = slotWidth(function.registers[operand.index].type);
  if (function.registers[operand.index].type == Type::Pred ||
      (width && actual != width))
    fail("'" + function.registers[operand.index].name +
         "' has the wrong size for '" + source->text() + "'");
  reference(field, nullptr, operand.index, true);
}

void Decoder::dstExternal(int32_t *slot, const Operand &operand,
                          unsigned width) {
  dst(nullptr, operand, width);
  references.back().external = slot;
}

void Decoder::dstPredicate(int32_t Instruction::*field,
                           const Operand &operand) {
  if (operand.kind == Operand::Kind::Sink)
    return reference(field, nullptr, temporary(1), true);
  if (operand.kind != Operand::Kind::Register ||
      function.registers[operand.index].type != Type::Pred)
    fail("the destination of '" + source->text() + "' isn't a predicate");
  reference(field, nullptr, operand.index, true);
}

void Decoder::dstPredicateExternal(int32_t *slot, const Operand &operand) {
  dstPredicate(nullptr, operand);
  references.back().external = slot;
}

void Decoder::srcPredicate(int32_t Instruction::*field,
                           const Operand &operand) {
  if (operand.kind == Operand::Kind::Immediate) {
    out->*field = constants.slot(operand.bits != 0, 1);
    return;
  }
  if (operand.kind != Operand::Kind::Register ||
      function.registers[operand.index].type != Type::Pred)
    fail("an operand of '" + source->text() + "' isn't a predicate");
  reference(field, nullptr, operand.index, false);
}

uint64_t Decoder::immediate(const Operand &operand, unsigned width,
                            Type type) const {
  uint64_t bits = operand.bits;
  if (operand.isFloat && width == 4 && !operand.isSingle) {
    double wide;
    std::memcpy(&wide, &bits, 8);
    float narrow = float(wide);
    bits = 0;
    std::memcpy(&bits, &narrow, 4);
  } else if (operand.isFloat && width == 8 && operand.isSingle) {
    float narrow;
    std::memcpy(&narrow, &bits, 4);
    double wide = narrow;
    std::memcpy(&bits, &wide, 8);
  } else if (!operand.isFloat && (type == Type::F32 || type == Type::F64)) {
    double wide =
        double(int64_t(bits)); // an integer literal as a float operand
    float narrow = float(wide);
    bits = 0;
    std::memcpy(&bits, type == Type::F32 ? static_cast<void *>(&narrow) : &wide,
                width);
  }
  return bits;
}

int64_t Decoder::integer(const Operand &operand) {
  if (operand.kind != Operand::Kind::Immediate || operand.isFloat)
    fail("'" + source->text() + "' needs a constant here");
  return int64_t(operand.bits);
}

uint64_t Decoder::symbolAddress(const Operand &operand) const {
  if (const ptx::Variable *variable = operand.variable) {
    if (auto found = symbols.globals.find(variable);
        found != symbols.globals.end())
      return found->second + uint64_t(operand.offset);
    if (auto found = symbols.shared.find(variable);
        found != symbols.shared.end())
      return found->second + uint64_t(operand.offset);
    fail("'" + operand.name + "' can't be an operand of '" + source->text() +
         "'");
  }
  auto found = module.functionNamed.find(operand.name);
  if (found == module.functionNamed.end())
    fail("'" + operand.name + "' can't be an operand of '" + source->text() +
         "'");
  auto index = symbols.functions.find(found->second);
  if (index == symbols.functions.end())
    fail("function '" + operand.name + "' has no body");
  return functionBase + 16 * uint64_t(index->second);
}

uint32_t Decoder::specialRegister(SpecialSlot::Kind kind, bool isWide) {
  auto [entry, isNew] =
      specialRegisters.emplace(std::make_pair(int(kind), isWide), 0);
  if (isNew)
    entry->second = temporary(isWide ? 8 : 4);
  return entry->second;
}

void Decoder::special(int32_t Instruction::*field, SpecialSlot::Kind kind,
                      bool isWide) {
  reference(field, nullptr, specialRegister(kind, isWide), false);
}

void Decoder::carry(int32_t Instruction::*field, bool isRead, bool isWritten) {
  if (carryRegister < 0)
    carryRegister = temporary(1);
  if (isRead)
    reference(field, nullptr, uint32_t(carryRegister), false);
  if (isWritten)
    reference(field, nullptr, uint32_t(carryRegister), true);
}

namespace {
bool specialKind(std::string_view name, SpecialSlot::Kind &kind) {
  using Kind = SpecialSlot::Kind;
  static const std::map<std::string_view, Kind> kinds = {
      {"%tid.x", Kind::TidX},
      {"%tid.y", Kind::TidY},
      {"%tid.z", Kind::TidZ},
      {"%ntid.x", Kind::NtidX},
      {"%ntid.y", Kind::NtidY},
      {"%ntid.z", Kind::NtidZ},
      {"%ctaid.x", Kind::CtaidX},
      {"%ctaid.y", Kind::CtaidY},
      {"%ctaid.z", Kind::CtaidZ},
      {"%nctaid.x", Kind::NctaidX},
      {"%nctaid.y", Kind::NctaidY},
      {"%nctaid.z", Kind::NctaidZ},
      {"%laneid", Kind::LaneId},
      {"%warpid", Kind::WarpId},
      {"%nwarpid", Kind::NwarpId},
      {"%smid", Kind::SmId},
      {"%nsmid", Kind::NsmId},
      {"%gridid", Kind::GridId},
      {"%lanemask_eq", Kind::LanemaskEq},
      {"%lanemask_le", Kind::LanemaskLe},
      {"%lanemask_lt", Kind::LanemaskLt},
      {"%lanemask_ge", Kind::LanemaskGe},
      {"%lanemask_gt", Kind::LanemaskGt},
      {"%dynamic_smem_size", Kind::DynamicShared},
      {"%total_smem_size", Kind::TotalShared},
      {"%aggr_smem_size", Kind::TotalShared},
      {"%clusterid.x", Kind::ClusterIdX},
      {"%clusterid.y", Kind::ClusterIdY},
      {"%clusterid.z", Kind::ClusterIdZ},
      {"%nclusterid.x", Kind::NclusterIdX},
      {"%nclusterid.y", Kind::NclusterIdY},
      {"%nclusterid.z", Kind::NclusterIdZ},
      {"%cluster_ctaid.x", Kind::ClusterCtaidX},
      {"%cluster_ctaid.y", Kind::ClusterCtaidY},
      {"%cluster_ctaid.z", Kind::ClusterCtaidZ},
      {"%cluster_nctaid.x", Kind::ClusterNctaidX},
      {"%cluster_nctaid.y", Kind::ClusterNctaidY},
      {"%cluster_nctaid.z", Kind::ClusterNctaidZ},
      {"%envreg1", Kind::WorkspaceHigh},
      {"%envreg2", Kind::WorkspaceLow},
      {"%cluster_ctarank", Kind::ClusterRank},
      {"%cluster_nctarank", Kind::ClusterSize}};
  auto found = kinds.find(name);
  if (found == kinds.end())
    return false;
  kind = found->second;
  return true;
}
} // namespace

bool Decoder::reservedShared(std::string_view name, uint32_t &value) const {
  if (name.substr(0, reservedSharedPrefix.size()) != reservedSharedPrefix)
    return false;
  const std::string_view which = name.substr(reservedSharedPrefix.size());
  value = which == "cap"   ? reservedSharedBytes
          : which == "end" ? symbols.reservedShared + reservedSharedBytes
          : which == "1"   ? symbols.reservedShared + reservedSharedBytes / 2
                           : symbols.reservedShared;
  return true;
}

void Decoder::src(int32_t Instruction::*field, const Operand &operand,
                  unsigned width, Type type) {
  srcExternal(nullptr, operand, width, type);
  if (!references.empty() && !references.back().field &&
      !references.back().external)
    references.back().field = field;
  else if (field)
    out->*field = pendingConstant;
}

void Decoder::srcExternal(int32_t *slot, const Operand &operand, unsigned width,
                          Type type) {
  switch (operand.kind) {
  case Operand::Kind::Register: {
    Type actual = function.registers[operand.index].type;
    if (actual == Type::Pred || (width && slotWidth(actual) != width))
      fail("'" + function.registers[operand.index].name +
           "' has the wrong size for '" + source->text() + "'");
    return reference(nullptr, slot, operand.index, false);
  }
  case Operand::Kind::Special: {
    SpecialSlot::Kind kind;
    if (uint32_t value; reservedShared(operand.name, value)) {
      pendingConstant = constants.slot(value, width ? width : 4);
      break;
    }
    if (!specialKind(operand.name, kind) || (width && width < 4))
      fail("'" + operand.name + "' can't be an operand of '" + source->text() +
           "'");
    return reference(nullptr, slot, specialRegister(kind, width == 8), false);
  }
  case Operand::Kind::Immediate:
    pendingConstant =
        constants.slot(immediate(operand, width, type), width ? width : 4);
    break;
  case Operand::Kind::Symbol:
    pendingConstant = constants.slot(symbolAddress(operand), width ? width : 8);
    break;
  default:
    fail("malformed operand of '" + source->text() + "'");
  }
  if (slot)
    *slot = pendingConstant;
}

void Decoder::address(int32_t Instruction::*field, const Operand &operand,
                      Space &space) {
  if (operand.kind != Operand::Kind::Address)
    fail("'" + source->text() + "' needs an address in brackets");
  const Operand &base = operand.elements[0];
  out->imm = operand.offset;
  if (base.kind == Operand::Kind::Register) {
    unsigned width = widthOf(base, 8);
    if (width != 4 && width != 8)
      fail("an address must be a 32 or 64-bit register");
    out->flags |= width == 4 ? 1 : 0;
    return reference(field, nullptr, base.index, false);
  }
  if (base.kind == Operand::Kind::Immediate) {
    out->*field = constants.slot(base.bits, 8);
    return;
  }
  if (base.kind != Operand::Kind::Symbol || !base.variable)
    fail("malformed address in '" + source->text() + "'");
  const ptx::Variable *variable = base.variable;
  if (space == Space::None)
    space = variable->space;
  if (auto local = localOffsets.find(variable); local != localOffsets.end()) {
    out->imm += local->second;
    space = Space::Local;
    return special(field, SpecialSlot::Kind::LocalBase, true);
  }
  if (variable->space == Space::Param) { // of the kernel
    for (size_t i = 0, offset = 0; i < function.parameters.size(); ++i) {
      const ptx::Variable &parameter = *function.parameters[i];
      offset =
          (offset + parameter.align - 1) / parameter.align * parameter.align;
      if (&parameter == variable) {
        out->imm += int64_t(offset);
        space = Space::Param;
        return special(field, SpecialSlot::Kind::ParameterBase, true);
      }
      offset += parameter.bytes;
    }
  }
  Operand symbol = base;
  symbol.offset = 0;
  out->*field = constants.slot(symbolAddress(symbol), 8);
}

uint32_t Decoder::label(const std::string &name) const {
  auto found = function.labels.find(name);
  if (found == function.labels.end())
    fail("'" + name + "' isn't a label");
  return found->second;
}

} // namespace emulator
