// SPDX-License-Identifier: Apache-2.0
// Directives of the module, variables and their initialisers, functions' heads.
#include "ptx/Parser.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace emulator::ptx {

namespace {
constexpr std::pair<const char *, Type> typeNames[] = {
    {"b8", Type::B8},     {"b16", Type::B16},       {"b32", Type::B32},
    {"b64", Type::B64},   {"b128", Type::B128},     {"u8", Type::U8},
    {"u16", Type::U16},   {"u32", Type::U32},       {"u64", Type::U64},
    {"s8", Type::S8},     {"s16", Type::S16},       {"s32", Type::S32},
    {"s64", Type::S64},   {"f16", Type::F16},       {"f16x2", Type::F16x2},
    {"bf16", Type::BF16}, {"bf16x2", Type::BF16x2}, {"f32", Type::F32},
    {"f64", Type::F64},   {"pred", Type::Pred}};

/// Variables beyond this are refused: no device holds them.
constexpr uint64_t maximumBytes = 1ull << 36;
} // namespace

unsigned sizeOf(Type type) {
  switch (type) {
  case Type::None:
    return 0;
  case Type::B8:
  case Type::U8:
  case Type::S8:
  case Type::Pred:
    return 1;
  case Type::B16:
  case Type::U16:
  case Type::S16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::B32:
  case Type::U32:
  case Type::S32:
  case Type::F32:
  case Type::F16x2:
  case Type::BF16x2:
    return 4;
  case Type::B64:
  case Type::U64:
  case Type::S64:
  case Type::F64:
    return 8;
  case Type::B128:
    return 16;
  }
  return 0;
}

Type typeNamed(std::string_view name) {
  for (auto &[spelling, type] : typeNames)
    if (name == spelling)
      return type;
  return Type::None;
}

std::unique_ptr<Module> Parser::run() {
  module = std::make_unique<Module>();
  header();
  while (peek().kind != Token::Kind::End)
    moduleItem();
  for (auto &function : module->functions)
    if (!function->hasBody && function->isKernel)
      failAt(function->line, "kernel '" + function->name + "' has no body");
  return std::move(module);
}

void Parser::header() {
  if (!acceptDot("version"))
    fail("a module begins with '.version'");
  // "8.5" was read as a decimal number.
  const Token &version = take();
  std::string text(version.text);
  if (std::sscanf(text.c_str(), "%u.%u", &module->versionMajor,
                  &module->versionMinor) != 2)
    failAt(version.line, "malformed version '" + text + "'");
  if (!acceptDot("target"))
    fail("expected '.target'");
  do {
    std::string target = name("a target");
    char suffix = 0;
    unsigned sm = 0;
    if (std::sscanf(target.c_str(), "sm_%u%c", &sm, &suffix) >= 1) {
      module->sm = sm;
      module->archSpecific = suffix == 'a' || suffix == 'f';
    }
  } while (accept(","));
  if (!module->sm)
    fail("the target names no sm_");
  if (acceptDot("address_size") && integer("32 or 64") != 64)
    fail("only 64-bit addresses are supported");
}

void Parser::skipBraces() {
  expect("{");
  for (unsigned depth = 1; depth;) {
    if (peek().kind == Token::Kind::End)
      fail("section without its '}'");
    const Token &token = take();
    depth += token.is("{");
    depth -= token.is("}");
  }
}

void Parser::alias() {
  std::string from = name("a function");
  expect(",");
  std::string to = name("a function");
  expect(";");
  if (!module->functionNamed.count(to))
    fail("'" + to + "' isn't declared");
  module->functionNamed[from] = module->functionNamed[to];
}

void Parser::moduleItem() {
  if (accept(";"))
    return;
  bool isExtern = false;
  while (peek().isDot("visible") || peek().isDot("weak") ||
         peek().isDot("common") || peek().isDot("extern"))
    isExtern |= take().text == "extern";
  const Token &token = peek();
  if (token.kind != Token::Kind::Dot)
    fail("expected a directive, found '" + std::string(token.text) + "'");
  take();
  if (token.text == "entry" || token.text == "func")
    return function(token.text == "entry");
  if (token.text == "global")
    return variables(Space::Global, isExtern);
  if (token.text == "const")
    return variables(Space::Const, isExtern);
  if (token.text == "shared")
    return variables(Space::Shared, isExtern);
  if (token.text == "alias")
    return alias();
  if (token.text == "section") {
    take();
    return skipBraces();
  }
  if (token.text == "pragma") {
    while (!accept(";"))
      take();
    return;
  }
  failAt(token.line, "unknown directive '." + std::string(token.text) + "'");
}

void Parser::dimensions(uint32_t (&values)[3]) {
  unsigned count = 0;
  do {
    if (count == 3)
      fail("more than three dimensions");
    values[count++] = uint32_t(integer("a number"));
  } while (accept(","));
  for (; count < 3; ++count)
    values[count] = 1;
}

void Parser::functionDirectives(Function &function) {
  while (peek().kind == Token::Kind::Dot) {
    const Token &token = take();
    if (token.text == "maxntid") {
      dimensions(function.maxThreads);
    } else if (token.text == "reqntid") {
      dimensions(function.requiredThreads);
    } else if (token.text == "minnctapersm") {
      function.minBlocks = uint32_t(integer("a number"));
    } else if (token.text == "maxnreg") {
      function.maxRegisters = uint32_t(integer("a number"));
    } else if (token.text == "reqnctapercluster") {
      dimensions(function.clusterShape);
    } else if (token.text == "maxnctapersm" || token.text == "maxclusterrank") {
      integer("a number");
    } else if (token.text == "attribute") {
      expect("(");
      for (unsigned depth = 1; depth;) {
        const Token &part = take();
        depth += part.is("(");
        depth -= part.is(")");
      }
    } else if (token.text == "pragma") {
      while (!accept(";"))
        take();
    } else if (token.text == "abi_preserve" ||
               token.text == "abi_preserve_control") {
      integer("a number");
    } else if (token.text != "noreturn" && token.text != "explicitcluster" &&
               token.text != "blocksareclusters") {
      failAt(token.line,
             "unknown directive '." + std::string(token.text) + "'");
    }
  }
}

std::vector<std::unique_ptr<Variable>> Parser::parameterList(bool inRegisters) {
  std::vector<std::unique_ptr<Variable>> result;
  expect("(");
  if (accept(")"))
    return result;
  do {
    bool isRegister = peek().isDot("reg");
    if (!isRegister && !peek().isDot("param"))
      fail("expected '.param' or '.reg'");
    take();
    auto variable = variableType(Space::Param);
    variable->isRegister = isRegister;
    if (peek().kind == Token::Kind::Name)
      variable->name = take().text;
    bool isOpen = false;
    arrayDimensions(*variable, isOpen);
    if (isRegister && inRegisters) {
      variable->registerIndex = uint32_t(current->registers.size());
      current->registers.push_back({variable->name, variable->type});
    }
    result.push_back(std::move(variable));
  } while (accept(","));
  expect(")");
  return result;
}

/// Refuses a kernel with more parameters than a launch can pass.
void Parser::checkParameterSpace(const Function &kernel) {
  bool isLarge = std::pair(module->versionMajor, module->versionMinor) >=
                     std::pair(8u, 1u) &&
                 module->sm >= 70;
  const uint64_t most = isLarge ? 32764 : 4352;
  uint64_t bytes = 0;
  for (const auto &parameter : kernel.parameters) {
    const uint64_t align = std::max<uint64_t>(parameter->align, 1);
    bytes = (bytes + align - 1) / align * align + parameter->bytes;
  }
  if (bytes > most)
    fail("kernel '" + kernel.name + "' has " + std::to_string(bytes) +
         " bytes of parameters, more than " + std::to_string(most));
}

void Parser::function(bool isKernel) {
  auto function = std::make_unique<Function>();
  current = function.get();
  function->isKernel = isKernel;
  function->line = peek().line;
  scopeParent = {0};
  scopes.clear();
  scopes.emplace_back();
  if (peek().isDot("attribute"))
    functionDirectives(*function);
  if (peek().is("("))
    function->returns = parameterList(true);
  function->name = name("a function's name");
  if (peek().is("("))
    function->parameters = parameterList(true);
  if (isKernel)
    checkParameterSpace(*function);
  for (auto *list : {&function->returns, &function->parameters})
    for (auto &variable : *list)
      scopes.back().variables[variable->name] = variable.get();
  functionDirectives(*function);
  // A function may be declared before it is defined; calls mean the definition.
  auto &entry = module->functionNamed[function->name];
  Function *declared = entry;
  if (declared && declared->hasBody && peek().is("{"))
    fail("'" + function->name + "' is defined twice");
  if (!declared || !declared->hasBody)
    entry = current;
  module->functions.push_back(std::move(function));
  if (!peek().is("{")) {
    expect(";");
    current = nullptr;
    return;
  }
  current->hasBody = true;
  body();
  resolveLabels();
  current = nullptr;
}

std::unique_ptr<Variable> Parser::variableType(Space space) {
  auto variable = std::make_unique<Variable>();
  variable->space = space;
  variable->line = peek().line;
  uint32_t align = 0, lanes = 1;
  while (peek().kind == Token::Kind::Dot) {
    const Token &token = take();
    Type type = typeNamed(token.text);
    if (type != Type::None) {
      variable->type = type;
    } else if (token.text == "align") {
      align = uint32_t(integer("an alignment"));
      if (!align || (align & (align - 1)))
        fail("an alignment must be a power of two");
    } else if (token.text == "v2" || token.text == "v4") {
      lanes = token.text == "v2" ? 2 : 4;
    } else if (token.text == "attribute") {
      expect("(");
      while (!accept(")"))
        take();
    } else if (token.text != "ptr" && token.text != "global" &&
               token.text != "const" && token.text != "shared" &&
               token.text != "local") {
      failAt(token.line, "'." + std::string(token.text) +
                             "' isn't supported in a declaration");
    } else if (acceptDot("align")) { // of what a pointer parameter points to
      integer("an alignment");
    }
    // `.ptr .align n` describes the pointee as well.
    if (token.text == "ptr" && acceptDot("align"))
      integer("an alignment");
  }
  if (variable->type == Type::None)
    fail("a declaration without a type");
  variable->bytes = uint64_t(sizeOf(variable->type)) * lanes;
  variable->align = align ? align : uint32_t(variable->bytes);
  return variable;
}

void Parser::arrayDimensions(Variable &variable, bool &isOpen) {
  isOpen = false;
  while (accept("[")) {
    if (accept("]")) {
      isOpen = true;
      continue;
    }
    uint64_t count = uint64_t(expression());
    expect("]");
    if (count && variable.bytes > maximumBytes / count)
      fail("variable '" + variable.name + "' is too large");
    variable.bytes *= count;
  }
}

void Parser::declare(std::unique_ptr<Variable> variable) {
  if (current) {
    auto &slot = scopes.back().variables[variable->name];
    if (slot)
      fail("'" + variable->name + "' is declared twice");
    slot = variable.get();
    current->locals.push_back(std::move(variable));
    return;
  }
  auto &slot = module->variableNamed[variable->name];
  if (!slot || slot->isExtern)
    slot = variable.get();
  else if (!variable->isExtern)
    fail("'" + variable->name + "' is declared twice");
  module->variables.push_back(std::move(variable));
}

void Parser::variables(Space space, bool isExtern) {
  auto prototype = variableType(space);
  do {
    auto variable = std::make_unique<Variable>(*prototype);
    variable->name = name("a variable's name");
    variable->line = peek().line;
    variable->isExtern = isExtern;
    if (accept("<")) { // .param .b32 p<4>: many of them
      uint64_t count = integer("a number");
      expect(">");
      for (uint64_t i = 0; i < count; ++i) {
        auto copy = std::make_unique<Variable>(*variable);
        copy->name += std::to_string(i);
        declare(std::move(copy));
      }
      continue;
    }
    bool isOpen = false;
    arrayDimensions(*variable, isOpen);
    if (accept("="))
      initialiser(*variable, isOpen);
    else if (isOpen)
      variable->bytes = 0;
    if (isOpen && !variable->bytes && space != Space::Shared && !isExtern)
      fail("'" + variable->name + "' has no size");
    declare(std::move(variable));
  } while (accept(","));
  expect(";");
}

void Parser::initialiser(Variable &variable, bool isOpen) {
  uint64_t offset = 0;
  variable.initial.clear();
  if (peek().is("{"))
    initialElements(variable, offset);
  else
    initialValue(variable, offset);
  if (isOpen)
    variable.bytes = offset;
  if (offset > variable.bytes)
    fail("initialiser of '" + variable.name + "' is longer than the variable");
  variable.initial.resize(variable.bytes);
}

void Parser::initialElements(Variable &variable, uint64_t &offset) {
  expect("{");
  if (accept("}"))
    return;
  do {
    if (peek().is("{"))
      initialElements(variable, offset);
    else
      initialValue(variable, offset);
  } while (accept(","));
  expect("}");
}

void Parser::initialValue(Variable &variable, uint64_t &offset) {
  unsigned size = sizeOf(variable.type);
  uint64_t bits = 0;
  Relocation relocation;
  relocation.offset = offset;
  relocation.bytes = size;
  bool hasMask = peek().kind == Token::Kind::Integer && peek(1).is("(");
  if (hasMask) { // 0xFF00(symbol): one byte of an address
    uint64_t mask = take().bits;
    take();
    for (; mask && !(mask & 1); mask >>= 1)
      ++relocation.shift;
    relocation.bytes = 1;
  }
  bool isName = peek().kind == Token::Kind::Name && peek().text != "WARP_SZ";
  if (isName) {
    std::string symbol = name("a symbol");
    if (symbol == "generic" && accept("(")) {
      relocation.generic = true;
      symbol = name("a symbol");
      expect(")");
    }
    if (peek().is("+") || peek().is("-"))
      relocation.addend = accept("+") ? expression() : (take(), -expression());
    relocation.symbol = symbol;
    variable.relocations.push_back(relocation);
  } else if (peek().kind == Token::Kind::Single ||
             peek().kind == Token::Kind::Double ||
             (peek().is("-") && peek(1).kind == Token::Kind::Double)) {
    Operand value = primary();
    bits = value.bits;
    if (variable.type == Type::F32 && !value.isSingle) {
      double wide;
      std::memcpy(&wide, &bits, sizeof wide);
      float narrow = float(wide);
      bits = 0;
      std::memcpy(&bits, &narrow, sizeof narrow);
    }
  } else {
    bits = uint64_t(expression());
  }
  if (hasMask)
    expect(")");
  variable.initial.resize(offset + size);
  std::memcpy(variable.initial.data() + offset, &bits, size < 8 ? size : 8);
  offset += size;
}

void Parser::declareRegisters() {
  take(); // .reg
  Type type = Type::None;
  while (peek().kind == Token::Kind::Dot) {
    const Token &token = take();
    type = typeNamed(token.text);
    if (type == Type::None)
      failAt(token.line,
             "'." + std::string(token.text) + "' isn't a type of registers");
  }
  if (type == Type::None)
    fail("registers without a type");
  do {
    std::string prefix = name("a register's name");
    uint32_t first = uint32_t(current->registers.size());
    if (accept("<")) {
      uint64_t count = integer("a number");
      expect(">");
      if (count > 1u << 22)
        fail("too many registers");
      scopes.back().ranges[prefix] = {first, uint32_t(count)};
      for (uint64_t i = 0; i < count; ++i)
        current->registers.push_back({prefix + std::to_string(i), type});
    } else {
      scopes.back().registers[prefix] = first;
      current->registers.push_back({prefix, type});
    }
  } while (accept(","));
  expect(";");
}

} // namespace emulator::ptx
