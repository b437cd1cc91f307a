// SPDX-License-Identifier: Apache-2.0
// Program::load: places variables, decodes functions, describes kernels.
#include "exec/Effects.h"
#include "exec/Flow.h"
#include "exec/Program.h"
#include "exec/ops/Control.h"
#include "exec/ops/Memory.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace emulator {

using ptx::Space;

namespace {
uint64_t alignUp(uint64_t value, uint64_t align) {
  return (value + align - 1) / align * align;
}

/// Room behind each shared variable, so that overruns are seen; a multiple of
/// the banks' 128 bytes, so that it changes no bank conflict.
constexpr uint32_t sharedGap = 128;

/// What ptxas gives each thread at most where a block has so many: it would
/// rather spill than break the promise of `.maxntid`.
uint32_t mostRegisters(uint32_t threads) {
  constexpr uint32_t ofPartition = 16 << 10, warpSize = 32, unit = 8;
  const uint32_t warps = (threads + 4 * warpSize - 1) / (4 * warpSize);
  return ofPartition / warps / warpSize / unit * unit;
}
} // namespace

class Loader {
public:
  Loader(std::unique_ptr<ptx::Module> parsed, DeviceMemory &memory, unsigned sm)
      : program(new Program(memory)), sm(sm) {
    program->module = std::move(parsed);
    reserved.name = "reserved";
    reserved.space = Space::Shared;
    reserved.bytes = reservedSharedBytes;
    reserved.align = 1024;
  }

  std::unique_ptr<Program> run() {
    checkTarget();
    symbols.memory = &program->memory;
    symbols.sm = sm;
    for (auto &function : module().functions)
      if (function->hasBody) {
        symbols.functions[function.get()] = uint32_t(program->codes.size());
        program->codes.push_back(std::make_unique<Code>());
      }
    findReferences();
    placeGlobals();
    placeShared();
    initialiseGlobals();
    for (auto &[function, index] : symbols.functions)
      decode(*const_cast<ptx::Function *>(function), *program->codes[index],
             index);
    for (auto &[function, index] : symbols.functions)
      if (function->isKernel)
        describe(*function, *program->codes[index]);
    return std::move(program);
  }

private:
  struct References {
    std::set<const ptx::Variable *> shared;
    std::set<const ptx::Function *> functions;
  };

  ptx::Module &module() { return *program->module; }

  void checkTarget() {
    if (module().sm > sm)
      throw ptx::Error{0, "the module is for sm_" +
                              std::to_string(module().sm) +
                              ", the device is sm_" + std::to_string(sm)};
    if (module().archSpecific && module().sm != sm)
      throw ptx::Error{0, "the module is for sm_" +
                              std::to_string(module().sm) +
                              "a only, the device is sm_" + std::to_string(sm)};
  }

  void collect(const ptx::Operand &operand, References &into) {
    for (const ptx::Operand &element : operand.elements)
      collect(element, into);
    if (operand.kind == ptx::Operand::Kind::Special &&
        operand.name.rfind(reservedSharedPrefix, 0) == 0)
      into.shared.insert(&reserved);
    if (operand.kind != ptx::Operand::Kind::Symbol)
      return;
    if (operand.variable && operand.variable->space == Space::Shared)
      into.shared.insert(operand.variable);
    auto found = module().functionNamed.find(operand.name);
    if (!operand.variable && found != module().functionNamed.end())
      into.functions.insert(found->second);
  }

  /// The shared variables and functions that each function can reach.
  void findReferences() {
    References fromGlobals; // functions in tables
    for (auto &variable : module().variables)
      for (auto &relocation : variable->relocations)
        if (auto found = module().functionNamed.find(relocation.symbol);
            found != module().functionNamed.end())
          fromGlobals.functions.insert(found->second);
    for (auto &function : module().functions) {
      References &references = reached[function.get()];
      references = fromGlobals;
      for (auto &instruction : function->body)
        for (auto &operand : instruction.operands)
          collect(operand, references);
    }
    for (auto &function : module().functions)
      if (function->isKernel)
        reach(reached[function.get()]);
  }

  void reach(References &references) {
    std::vector<const ptx::Function *> work(references.functions.begin(),
                                            references.functions.end());
    while (!work.empty()) {
      const ptx::Function *function = work.back();
      work.pop_back();
      const References &more = reached[function];
      references.shared.insert(more.shared.begin(), more.shared.end());
      for (const ptx::Function *next : more.functions)
        if (references.functions.insert(next).second)
          work.push_back(next);
    }
  }

  std::vector<const ptx::Variable *>
  allVariables(std::initializer_list<Space> spaces) {
    std::vector<const ptx::Variable *> result;
    auto add = [&](const ptx::Variable &variable) {
      if (std::find(spaces.begin(), spaces.end(), variable.space) !=
          spaces.end())
        result.push_back(&variable);
    };
    for (auto &variable : module().variables)
      add(*variable);
    for (auto &function : module().functions)
      for (auto &variable : function->locals)
        add(*variable);
    return result;
  }

  void placeGlobals() {
    for (const ptx::Variable *variable :
         allVariables({Space::Global, Space::Const})) {
      auto named = module().variableNamed.find(variable->name);
      if (variable->isExtern) {
        if (named == module().variableNamed.end() || named->second->isExtern)
          throw ptx::Error{variable->line, "unresolved external variable '" +
                                               variable->name + "'"};
        continue;
      }
      uint64_t bytes = std::max<uint64_t>(variable->bytes, 1);
      uint64_t address =
          program->memory.allocate(bytes, std::max(variable->align, 16u));
      if (!address)
        throw ptx::Error{variable->line, "out of memory: variable '" +
                                             variable->name + "' of " +
                                             std::to_string(bytes) + " bytes"};
      owned.push_back(address);
      symbols.globals[variable] = address;
      if (named != module().variableNamed.end() && named->second == variable)
        program->globalNamed[variable->name] = {address, variable->bytes};
    }
    for (auto &variable :
         module().variables) // declarations mean the definition
      if (variable->isExtern && variable->space != Space::Shared)
        if (auto found =
                symbols.globals.find(module().variableNamed[variable->name]);
            found != symbols.globals.end())
          symbols.globals[variable.get()] = found->second;
  }

  /// Variables of several kernels get their places first, then each kernel its
  /// own; dynamic shared memory begins behind all of them.
  void placeShared() {
    std::map<const ptx::Variable *, std::vector<const ptx::Function *>> users;
    for (auto &function : module().functions)
      if (function->isKernel)
        for (const ptx::Variable *variable : reached[function.get()].shared)
          users[variable].push_back(function.get());
    std::map<const ptx::Function *, uint64_t> ends;
    uint64_t common = 0;
    auto place = [&](const ptx::Variable &variable, uint64_t &end) {
      uint64_t align = std::max<uint64_t>(variable.align, 16);
      // Congruent to where it would lie without gaps, as far as banks see it.
      end = alignUp(end, align);
      symbols.shared[&variable] = uint32_t(end);
      end += variable.bytes + sharedGap;
      if (end > DeviceMemory::sharedBlockBytes / 2)
        throw ptx::Error{variable.line, "too much shared memory"};
    };
    auto variables = allVariables({Space::Shared});
    if (users.count(&reserved))
      variables.push_back(&reserved);
    for (const ptx::Variable *variable : variables)
      if (!isDynamic(*variable) && users[variable].size() != 1)
        place(*variable, common);
    uint64_t last = common;
    for (const ptx::Variable *variable : variables)
      if (!isDynamic(*variable) && users[variable].size() == 1) {
        uint64_t &end = ends.emplace(users[variable][0], common).first->second;
        place(*variable, end);
        last = std::max(last, end);
      }
    dynamicBase = uint32_t(alignUp(last, 1024));
    for (const ptx::Variable *variable : variables)
      if (isDynamic(*variable))
        symbols.shared[variable] = dynamicBase;
    symbols.reservedShared = symbols.shared[&reserved];
  }

  static bool isDynamic(const ptx::Variable &variable) {
    return variable.isExtern || variable.bytes == 0;
  }

  uint64_t relocated(const ptx::Relocation &relocation, unsigned line) {
    if (auto found = module().functionNamed.find(relocation.symbol);
        found != module().functionNamed.end()) {
      auto index = symbols.functions.find(found->second);
      if (index != symbols.functions.end())
        return functionBase + 16 * uint64_t(index->second);
    }
    auto found = module().variableNamed.find(relocation.symbol);
    if (found != module().variableNamed.end()) {
      if (auto global = symbols.globals.find(found->second);
          global != symbols.globals.end())
        return global->second + uint64_t(relocation.addend);
      if (auto shared = symbols.shared.find(found->second);
          shared != symbols.shared.end())
        return shared->second + uint64_t(relocation.addend) +
               (relocation.generic ? program->memory.sharedWindow() : 0);
    }
    throw ptx::Error{line, "'" + relocation.symbol + "' isn't declared"};
  }

  void initialiseGlobals() {
    for (auto &[variable, address] : symbols.globals) {
      if (variable->isExtern)
        continue;
      // Variables without initialiser are zero.
      std::vector<uint8_t> bytes = variable->initial;
      bytes.resize(variable->bytes);
      for (const ptx::Relocation &relocation : variable->relocations) {
        uint64_t value =
            relocated(relocation, variable->line) >> relocation.shift;
        std::memcpy(bytes.data() + relocation.offset, &value,
                    std::min(relocation.bytes, 8u));
      }
      if (!bytes.empty())
        std::memcpy(DeviceMemory::host(address), bytes.data(), bytes.size());
      program->memory.markInitialised(address, bytes.size());
    }
  }

  void placeLocals(const ptx::Function &function, Decoder &decoder,
                   Code &code) {
    uint64_t end = 0;
    auto place = [&](const ptx::Variable &variable) {
      end = alignUp(end, std::max(variable.align, 1u));
      decoder.localOffsets[&variable] = uint32_t(end);
      end += variable.bytes;
      if (end > 512 * 1024)
        throw ptx::Error{variable.line, "too much local memory"};
    };
    auto formals = [&](auto &list, std::vector<Formal> &into) {
      for (auto &variable : list) {
        Formal formal;
        formal.size = uint32_t(variable->bytes);
        if (!variable->isRegister) {
          place(*variable);
          formal.offset = decoder.localOffsets[variable.get()];
        } else {
          formal.width = uint8_t(std::max<uint64_t>(2, variable->bytes));
        }
        into.push_back(formal);
      }
    };
    if (!function.isKernel) {
      formals(function.parameters, code.parameters);
      formals(function.returns, code.returns);
    }
    // Arrays come last: what lies behind them is outside.
    for (Space space : {Space::Param, Space::Local})
      for (auto &variable : function.locals)
        if (variable->space == space)
          place(*variable);
    code.localBytes = uint32_t(end);
  }

  void decode(ptx::Function &function, Code &code, uint32_t index) {
    code.name = function.name;
    code.source = &function;
    code.constants = program->constants->data();
    code.zeroSlot = program->constants->slot(0, 16);
    code.index = index;
    code.program = &program->codes;
    Decoder decoder(module(), function, code, symbols, *program->constants);
    placeLocals(function, decoder, code);
    ptx::Instruction end; // what falls off the end returns
    end.opcode = "ret";
    end.line =
        function.body.empty() ? function.line : function.body.back().line;
    function.body.push_back(end);
    std::vector<FlowInstruction> body(function.body.size());
    for (size_t i = 0; i < body.size(); ++i) {
      decoder.decode(function.body[i], body[i].instruction);
      body[i].effects = effectsOf(function.body[i]);
      body[i].flow = decoder.flow;
      body[i].targets = decoder.targets;
      body[i].table = decoder.tableToPatch;
      body[i].references = decoder.references;
    }
    std::vector<Effects *> effects;
    for (FlowInstruction &each : body)
      effects.push_back(&each.effects);
    findStructures(function, effects);
    std::vector<uint32_t> pinned;
    for (auto &[key, reg] : decoder.specialRegisters)
      pinned.push_back(reg);
    std::vector<int32_t> slotOf;
    layOut(body, function.registers, pinned, jumpHandler(), code, slotOf);
    for (auto &[key, reg] : decoder.specialRegisters)
      code.specials.push_back(
          {SpecialSlot::Kind(key.first), slotOf[reg], key.second});
    auto patch = [&](auto &list, std::vector<Formal> &formals) {
      for (size_t i = 0; i < formals.size(); ++i)
        if (list[i]->isRegister)
          formals[i].slot = slotOf[list[i]->registerIndex];
    };
    if (!function.isKernel) {
      patch(function.parameters, code.parameters);
      patch(function.returns, code.returns);
    }
    code.sharedGranule = decoder.smallestShared;
    code.hasFences = decoder.hasFences;
  }

  void describe(const ptx::Function &function, Code &code) {
    Kernel kernel;
    kernel.name = function.name;
    kernel.code = &code;
    for (auto &variable : function.parameters) {
      Parameter parameter;
      parameter.name = variable->name;
      parameter.align = variable->align;
      parameter.size = uint32_t(variable->bytes);
      parameter.offset =
          uint32_t(alignUp(kernel.parameterBytes, parameter.align));
      kernel.parameterBytes = parameter.offset + parameter.size;
      kernel.parameters.push_back(parameter);
    }
    auto product = [](const uint32_t (&n)[3]) { return n[0] * n[1] * n[2]; };
    kernel.maxThreads =
        product(function.requiredThreads[0] ? function.requiredThreads
                                            : function.maxThreads);
    std::copy(function.requiredThreads, function.requiredThreads + 3,
              kernel.requiredThreads);
    std::copy(function.clusterShape, function.clusterShape + 3,
              kernel.clusterShape);
    kernel.minBlocks = function.minBlocks;
    uint64_t packed = 0;
    for (const ptx::Variable *variable : reached[&function].shared) {
      if (isDynamic(*variable))
        continue;
      if (variable != &reserved)
        packed = alignUp(packed, variable->align) + variable->bytes;
      code.shared.push_back({symbols.shared[variable],
                             uint32_t(variable->bytes), variable->name,
                             variable == &reserved});
    }
    kernel.staticShared = code.staticShared = uint32_t(packed);
    code.dynamicSharedBase = dynamicBase;
    kernel.localBytes = code.localBytes;
    kernel.registers = code.registerEstimate;
    for (const ptx::Function *callee : reached[&function].functions) {
      auto found = symbols.functions.find(callee);
      if (found == symbols.functions.end())
        continue;
      const Code &other = *program->codes[found->second];
      code.sharedGranule = std::min(code.sharedGranule, other.sharedGranule);
      code.hasFences |= other.hasFences;
      kernel.localBytes += other.localBytes;
      kernel.registers = std::max(kernel.registers, other.registerEstimate);
    }
    if (kernel.maxThreads)
      kernel.registers =
          std::min(kernel.registers, mostRegisters(kernel.maxThreads));
    program->kernelNamed[kernel.name] = std::move(kernel);
  }

public:
  std::vector<uint64_t> owned;

private:
  std::unique_ptr<Program> program;
  unsigned sm;
  SymbolTable symbols;
  uint32_t dynamicBase = 0;
  ptx::Variable reserved; ///< the system's shared memory
  std::map<const ptx::Function *, References> reached;
};

std::unique_ptr<Program> Program::load(std::string_view text,
                                       DeviceMemory &memory, unsigned sm,
                                       ptx::Error &error) {
  std::unique_ptr<ptx::Module> module = ptx::parse(text, error);
  if (!module)
    return nullptr;
  Loader loader(std::move(module), memory, sm);
  try {
    auto program = loader.run();
    program->owned = std::move(loader.owned);
    return program;
  } catch (ptx::Error &thrown) {
    error = std::move(thrown);
    for (uint64_t address : loader.owned)
      memory.free(address);
    return nullptr;
  }
}

Program::Program(DeviceMemory &memory)
    : memory(memory), constants(std::make_unique<ConstantPool>()) {}

Program::~Program() {
  for (uint64_t address : owned)
    memory.free(address);
}

const Kernel *Program::kernel(std::string_view name) const {
  auto found = kernelNamed.find(name);
  return found == kernelNamed.end() ? nullptr : &found->second;
}

std::vector<const Kernel *> Program::kernels() const {
  std::vector<const Kernel *> result;
  for (auto &[name, kernel] : kernelNamed)
    result.push_back(&kernel);
  return result;
}

Range Program::global(std::string_view name) const {
  auto found = globalNamed.find(name);
  return found == globalNamed.end() ? Range() : found->second;
}

} // namespace emulator
