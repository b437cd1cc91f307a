// SPDX-License-Identifier: Apache-2.0
// From a parsed instruction to a decoded one. Each family of instructions has a
// file in ops/ that registers how its opcodes are decoded.
#ifndef EMULATOR_EXEC_DECODER_H
#define EMULATOR_EXEC_DECODER_H

#include "exec/Code.h"

#include <initializer_list>
#include <map>
#include <string_view>

namespace emulator {

class DeviceMemory;
using ptx::Operand;
using ptx::Type;

/// Constants of a program: slots that hold one value in every lane.
class ConstantPool {
public:
  /// The slot (odd) of a value of 2, 4, 8 or 16 bytes; width 1: a predicate.
  int32_t slot(uint64_t value, unsigned width);
  const uint8_t *data() const { return bytes; }
  static constexpr size_t capacity = size_t(64) << 20;
  ConstantPool();
  ~ConstantPool();

private:
  std::map<std::pair<uint64_t, unsigned>, int32_t> known;
  uint8_t *bytes = nullptr;
  size_t used = 0;
};

/// What symbols are at; made by the loader.
struct SymbolTable {
  std::map<const ptx::Variable *, uint64_t> globals;   ///< device addresses
  std::map<const ptx::Variable *, uint32_t> shared;    ///< offsets
  std::map<const ptx::Function *, uint32_t> functions; ///< index in the program
  uint32_t reservedShared = 0; ///< offset of the system's shared memory
  const DeviceMemory *memory = nullptr;
  unsigned sm = 90;
};

/// The shared memory of a block that belongs to the system, which special
/// registers name: cooperative groups of several warps meet in it.
constexpr std::string_view reservedSharedPrefix = "%reserved_smem_offset_";
constexpr uint32_t reservedSharedBytes = 1024;

/// Addresses of functions, for indirect calls: no memory is there.
constexpr uint64_t functionBase = 1ull << 40;

/// The operands and modifiers of one instruction while it is decoded.
class Decoder {
public:
  using Decode = void (*)(Decoder &);

  /// One use or definition of a register by a field of an instruction.
  struct Reference {
    int32_t Instruction::*field;
    int32_t *external = nullptr; ///< instead of a field
    uint32_t reg = 0;
    bool isDefinition = false;
  };

  Decoder(const ptx::Module &module, ptx::Function &function, Code &code,
          const SymbolTable &symbols, ConstantPool &constants)
      : module(module), function(function), code(code), symbols(symbols),
        constants(constants) {}

  /// Decodes one instruction into `out`; throws ptx::Error.
  void decode(const ptx::Instruction &source, Instruction &out);

  // Modifiers: each is taken once; what is left at the end is an error.
  bool has(std::string_view modifier) const;
  bool take(std::string_view modifier);
  /// The next modifier that is a type; fails if there is none.
  Type takeType();
  /// The last modifier that is a type, None if there is none.
  Type peekLastType() const;
  bool hasType() const;
  /// The index of the modifier among the names that is there, else `otherwise`.
  int takeOne(std::initializer_list<const char *> names, int otherwise = -1);
  /// The first modifier left, or "".
  std::string_view next() const;
  void drop(std::string_view modifier) { take(modifier); }

  // Operands.
  size_t operandCount() const { return source->operands.size(); }
  const Operand &operand(size_t i) const;
  void expectOperands(size_t least, size_t most);
  void expectOperands(size_t count) { expectOperands(count, count); }
  /// The width of a register operand; of others `otherwise`.
  unsigned widthOf(const Operand &operand, unsigned otherwise) const;
  /// A register that is written, of `width` bytes (0: any); `_` goes to a
  /// scratch register.
  void dst(int32_t Instruction::*field, const Operand &operand, unsigned width);
  void dstExternal(int32_t *slot, const Operand &operand, unsigned width);
  /// A value of `width` bytes that is read: register, immediate or symbol.
  void src(int32_t Instruction::*field, const Operand &operand, unsigned width,
           Type type = Type::None);
  void srcExternal(int32_t *slot, const Operand &operand, unsigned width,
                   Type type = Type::None);
  void dstPredicate(int32_t Instruction::*field, const Operand &operand);
  void dstPredicateExternal(int32_t *slot, const Operand &operand);
  void srcPredicate(int32_t Instruction::*field, const Operand &operand);
  /// A memory operand: base in `field`, offset in imm. `space` becomes what a
  /// symbol says if the instruction didn't.
  void address(int32_t Instruction::*field, const Operand &operand,
               ptx::Space &space);
  /// The constant slot of an immediate as a value of the type.
  uint64_t immediate(const Operand &operand, unsigned width, Type type) const;
  /// An immediate operand as an integer.
  int64_t integer(const Operand &operand);
  bool isImmediate(const Operand &operand) const {
    return operand.kind == Operand::Kind::Immediate;
  }
  /// The slot of a special register that frames hold, for `width` bytes.
  void special(int32_t Instruction::*field, SpecialSlot::Kind kind,
               bool isWide);
  /// The condition code's carry, a predicate of the function.
  void carry(int32_t Instruction::*field, bool isRead, bool isWritten);
  int32_t constant(uint64_t value, unsigned width) {
    return constants.slot(value, width);
  }
  uint32_t temporary(unsigned width);

  template <class T>
  T *extra() {
    auto owned = std::make_unique<T>();
    T *result = owned.get();
    code.extras.push_back(std::move(owned));
    out->extra = result;
    return result;
  }
  /// The index in the body of a label.
  uint32_t label(const std::string &name) const;

  [[noreturn]] void fail(const std::string &message) const;
  /// The instruction needs this compute capability.
  void needs(unsigned sm) const;

  const ptx::Module &module;
  ptx::Function &function;
  Code &code;
  const SymbolTable &symbols;
  ConstantPool &constants;
  const ptx::Instruction *source = nullptr;
  Instruction *out = nullptr;

  /// How control goes on after an instruction.
  enum class Flow : uint8_t { Normal, Branch, Table, End };

  // Filled for the flow analysis: of the current instruction ...
  std::vector<Reference> references;
  Flow flow = Flow::Normal;
  std::vector<uint32_t>
      targets; ///< of a branch or table, as indices in the body
  std::vector<uint32_t> *tableToPatch = nullptr; ///< where a table's targets go
  // ... and of the function.
  std::map<std::pair<int, bool>, uint32_t> specialRegisters;
  unsigned smallestShared = 4;
  bool hasFences = false;
  std::map<const ptx::Variable *, uint32_t> localOffsets; ///< .local and .param

private:
  void reference(int32_t Instruction::*field, int32_t *external, uint32_t reg,
                 bool isDefinition);
  uint32_t specialRegister(SpecialSlot::Kind kind, bool isWide);
  bool reservedShared(std::string_view name, uint32_t &value) const;
  uint64_t symbolAddress(const Operand &operand) const;

  std::vector<bool> taken;
  int32_t pendingConstant = 0;
  int64_t carryRegister = -1;

public:
  int32_t ignoredSlot = 0; ///< for uses that no field reads
};

/// How opcodes are decoded; families add to it in their register functions.
using DecodeTable = std::map<std::string, Decoder::Decode, std::less<>>;
const DecodeTable &decodeTable();

// One of each file in ops/.
void registerIntegerOps(DecodeTable &table);
void registerBitOps(DecodeTable &table);
void registerCarryOps(DecodeTable &table);
void registerFloatOps(DecodeTable &table);
void registerRoundedOps(DecodeTable &table);
void registerHalfOps(DecodeTable &table);
void registerCompareOps(DecodeTable &table);
void registerMoveOps(DecodeTable &table);
void registerConvertOps(DecodeTable &table);
void registerMemoryOps(DecodeTable &table);
void registerAtomicOps(DecodeTable &table);
void registerAsyncOps(DecodeTable &table);
void registerMbarrierOps(DecodeTable &table);
void registerWarpOps(DecodeTable &table);
void registerBarrierOps(DecodeTable &table);
void registerControlOps(DecodeTable &table);
void registerMmaOps(DecodeTable &table);
void registerStackOps(DecodeTable &table);
void registerVideoOps(DecodeTable &table);
void registerWmmaOps(DecodeTable &table);

} // namespace emulator

#endif
