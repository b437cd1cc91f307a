// SPDX-License-Identifier: Apache-2.0
// A PTX module as its text says it: variables, functions and instructions with
// resolved names. What instructions mean is exec's business.
#ifndef EMULATOR_PTX_MODULE_H
#define EMULATOR_PTX_MODULE_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace emulator::ptx {

/// What is wrong with a module, and on which line (from 1; 0 if on none).
struct Error {
  unsigned line = 0;
  std::string message;
};

/// The fundamental types, in the manual's spelling without the dot.
enum class Type : uint8_t {
  None,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F64,
  Pred
};

/// Bytes of a value of the type; predicates count as one.
unsigned sizeOf(Type type);
/// The type spelled `name` ("u32"), or None.
Type typeNamed(std::string_view name);

enum class Space : uint8_t { None, Reg, Const, Global, Shared, Local, Param };

/// An address inside an initialiser: the `bytes` at `offset` are those of the
/// address of `symbol` plus `addend`, shifted right by `shift`; as a generic
/// address if `generic`.
struct Relocation {
  uint64_t offset = 0;
  std::string symbol;
  int64_t addend = 0;
  bool generic = false;
  unsigned bytes = 8;
  unsigned shift = 0;
};

/// A variable of any space but registers, or a parameter.
struct Variable {
  std::string name;
  Space space = Space::None;
  Type type = Type::None;
  uint32_t align = 1;
  uint64_t bytes = 0; ///< 0 for `.extern .shared x[]`
  bool isExtern = false;
  bool isRegister = false; ///< a parameter of a .func in a .reg
  uint32_t registerIndex = 0;
  std::vector<uint8_t> initial; ///< empty, or `bytes` of it
  std::vector<Relocation> relocations;
  unsigned line = 0;
};

struct Register {
  std::string name;
  Type type = Type::None;
};

/// One operand. Registers and local symbols are resolved by scope.
struct Operand {
  enum class Kind : uint8_t {
    Sink,      ///< `_`
    Register,  ///< `index` in Function::registers
    Special,   ///< `name`, such as %tid.x
    Immediate, ///< `bits`; `isFloat`: 32 (0f) or 64 bits (0d and decimals)
    Symbol,    ///< a variable, function or label, plus `offset`
    Address,   ///< [elements[0] + offset], further elements as written
    Vector,    ///< {elements}
    List       ///< (elements), of a call
  };
  Kind kind = Kind::Sink;
  bool negated = false; ///< `!p`
  bool isFloat = false;
  bool isSingle = false; ///< 0f: `bits` are those of a float
  uint32_t index = 0;
  uint64_t bits = 0;
  int64_t offset = 0;
  std::string name;
  const Variable *variable = nullptr; ///< of a Symbol, if it is a variable
  std::vector<Operand> elements;
  std::shared_ptr<Operand> second; ///< q of `p|q`
};

struct Instruction {
  unsigned line = 0;
  int32_t guard = -1; ///< predicate register of `@p`, or -1
  bool guardNegated = false;
  std::string opcode;                 ///< "ld"
  std::vector<std::string> modifiers; ///< "global", "v4", "f32"
  std::vector<Operand> operands;
  std::string text() const; ///< "ld.global.v4.f32"
};

/// A .callprototype: the shape of an indirect call.
struct Prototype {
  std::vector<Variable> returns, parameters;
};

struct Function {
  std::string name;
  bool isKernel = false;
  bool hasBody = false;
  unsigned line = 0;
  std::vector<std::unique_ptr<Variable>> returns, parameters;
  std::vector<Register> registers;
  std::vector<std::unique_ptr<Variable>> locals; ///< .local .shared .param ...
  std::vector<Instruction> body;
  std::map<std::string, uint32_t> labels; ///< index in `body`
  std::map<std::string, std::vector<std::string>> branchTargets;
  std::map<std::string, Prototype> prototypes;
  uint32_t maxThreads[3] = {0, 0, 0};      ///< .maxntid; 0: not given
  uint32_t requiredThreads[3] = {0, 0, 0}; ///< .reqntid
  uint32_t minBlocks = 0;                  ///< .minnctapersm
  uint32_t maxRegisters = 0;               ///< .maxnreg
  uint32_t clusterShape[3] = {0, 0, 0};    ///< .reqnctapercluster
};

struct Module {
  unsigned versionMajor = 0, versionMinor = 0;
  unsigned sm = 0;                                  ///< 90 of .target sm_90a
  bool archSpecific = false;                        ///< the `a` of sm_90a
  std::vector<std::unique_ptr<Variable>> variables; ///< of module scope
  std::vector<std::unique_ptr<Function>> functions; ///< definitions and externs
  std::map<std::string, Variable *> variableNamed;
  std::map<std::string, Function *> functionNamed;
};

/// Parses PTX text (a terminating zero is allowed and ignored). A null pointer
/// and `error` if it isn't PTX; whether instructions exist is checked by
/// exec::Program::load.
std::unique_ptr<Module> parse(std::string_view text, Error &error);

} // namespace emulator::ptx

#endif
