// SPDX-License-Identifier: Apache-2.0
// Function bodies: scopes, labels, instructions and operands.
#include "ptx/Parser.h"

namespace emulator::ptx {

namespace {

/// Special registers are names with a percent sign that nobody declared.
bool isSpecial(const std::string &name) {
  static const char *const names[] = {"%tid",
                                      "%ntid",
                                      "%ctaid",
                                      "%nctaid",
                                      "%laneid",
                                      "%warpid",
                                      "%nwarpid",
                                      "%smid",
                                      "%nsmid",
                                      "%gridid",
                                      "%clock",
                                      "%clock_hi",
                                      "%clock64",
                                      "%globaltimer",
                                      "%globaltimer_lo",
                                      "%globaltimer_hi",
                                      "%lanemask_eq",
                                      "%lanemask_le",
                                      "%lanemask_lt",
                                      "%lanemask_ge",
                                      "%lanemask_gt",
                                      "%dynamic_smem_size",
                                      "%total_smem_size",
                                      "%aggr_smem_size",
                                      "%clusterid",
                                      "%nclusterid",
                                      "%cluster_ctaid",
                                      "%cluster_nctaid",
                                      "%cluster_ctarank",
                                      "%cluster_nctarank",
                                      "%is_explicit_cluster",
                                      "%reserved_smem_offset_begin",
                                      "%reserved_smem_offset_end",
                                      "%reserved_smem_offset_cap",
                                      "%reserved_smem_offset_0",
                                      "%reserved_smem_offset_1"};
  for (const char *known : names)
    if (name == known)
      return true;
  return name.rfind("%envreg", 0) == 0 || name.rfind("%pm", 0) == 0;
}

/// The binding strength of a binary operator in constant expressions; 0: none.
int precedence(const Token &token) {
  if (token.kind != Token::Kind::Mark)
    return 0;
  if (token.text == "|")
    return 1;
  if (token.text == "^")
    return 2;
  if (token.text == "&")
    return 3;
  if (token.text == "<<" || token.text == ">>")
    return 4;
  if (token.text == "+" || token.text == "-")
    return 5;
  if (token.text == "*" || token.text == "/" || token.text == "%")
    return 6;
  return 0;
}

} // namespace

std::unique_ptr<Module> parse(std::string_view text, Error &error) {
  try {
    return Parser(text).run();
  } catch (Error &thrown) {
    error = std::move(thrown);
    return nullptr;
  }
}

void Parser::fail(const std::string &message) const {
  failAt(peek().line, message);
}

void Parser::failAt(unsigned line, const std::string &message) const {
  throw Error{line, message};
}

bool Parser::accept(std::string_view mark) {
  if (!peek().is(mark))
    return false;
  take();
  return true;
}

bool Parser::acceptDot(std::string_view name) {
  if (!peek().isDot(name))
    return false;
  take();
  return true;
}

void Parser::expect(std::string_view mark) {
  if (!accept(mark))
    fail("expected '" + std::string(mark) + "', found '" +
         std::string(peek().text) + "'");
}

std::string Parser::name(const char *what) {
  if (peek().kind != Token::Kind::Name)
    fail(std::string("expected ") + what + ", found '" +
         std::string(peek().text) + "'");
  return std::string(take().text);
}

uint64_t Parser::integer(const char *what) {
  if (peek().kind != Token::Kind::Integer)
    fail(std::string("expected ") + what + ", found '" +
         std::string(peek().text) + "'");
  return take().bits;
}

int64_t Parser::unary() {
  if (accept("-"))
    return -unary();
  if (accept("+"))
    return unary();
  if (accept("~"))
    return ~unary();
  if (accept("!"))
    return !unary();
  if (accept("(")) {
    if (peek().isDot("s64") || peek().isDot("u64")) { // a cast
      take();
      expect(")");
      return unary();
    }
    int64_t value = expression();
    expect(")");
    return value;
  }
  if (peek().kind == Token::Kind::Name && peek().text == "WARP_SZ") {
    take();
    return 32;
  }
  return int64_t(integer("a number"));
}

int64_t Parser::expression(int minimum) {
  int64_t left = unary();
  while (int strength = precedence(peek())) {
    if (strength <= minimum)
      break;
    std::string_view mark = take().text;
    int64_t right = expression(strength);
    if ((mark == "/" || mark == "%") && right == 0)
      fail("division by zero in a constant expression");
    switch (mark[0]) {
    case '+':
      left = int64_t(uint64_t(left) + uint64_t(right));
      break;
    case '-':
      left = int64_t(uint64_t(left) - uint64_t(right));
      break;
    case '*':
      left = int64_t(uint64_t(left) * uint64_t(right));
      break;
    case '/':
      left = right == -1 ? -left : left / right;
      break;
    case '%':
      left = right == -1 ? 0 : left % right;
      break;
    case '&':
      left &= right;
      break;
    case '|':
      left |= right;
      break;
    case '^':
      left ^= right;
      break;
    case '<':
      left = int64_t(uint64_t(left) << (right & 63));
      break;
    default:
      left >>= right & 63;
      break;
    }
  }
  return left;
}

void Parser::body() {
  expect("{");
  Scope scope;
  scope.id = unsigned(scopeParent.size());
  scopeParent.push_back(scopes.back().id);
  scopes.push_back(std::move(scope));
  while (!accept("}")) {
    if (peek().kind == Token::Kind::End)
      fail("function without its '}'");
    statement();
  }
  scopes.pop_back();
}

void Parser::statement() {
  if (accept(";"))
    return;
  if (peek().is("{"))
    return body();
  if (peek().kind == Token::Kind::Dot) {
    if (!localDirective())
      fail("unknown directive '." + std::string(peek().text) + "'");
    return;
  }
  if (peek().kind == Token::Kind::Name && peek(1).is(":")) {
    std::string label(take().text);
    take();
    if (peek().isDot("branchtargets") || peek().isDot("callprototype") ||
        peek().isDot("calltargets"))
      return labelDirective(label);
    std::string key = labelKey(label, scopes.back().id);
    if (!current->labels.emplace(key, uint32_t(current->body.size())).second)
      fail("label '" + label + "' is defined twice");
    return;
  }
  instruction();
}

bool Parser::localDirective() {
  const Token &token = peek();
  if (token.text == "reg") {
    declareRegisters();
    return true;
  }
  static const std::pair<const char *, Space> spaces[] = {
      {"local", Space::Local},
      {"shared", Space::Shared},
      {"param", Space::Param},
      {"global", Space::Global},
      {"const", Space::Const}};
  for (auto &[spelling, space] : spaces)
    if (token.text == spelling) {
      take();
      variables(space, false);
      return true;
    }
  if (token.text == "pragma") {
    while (!accept(";"))
      take();
    return true;
  }
  return false;
}

void Parser::labelDirective(const std::string &label) {
  std::string_view directive = take().text;
  if (directive == "callprototype") {
    Prototype prototype;
    auto list = [&](std::vector<Variable> &into) {
      for (auto &variable : parameterList(false))
        into.push_back(*variable);
    };
    if (peek().is("("))
      list(prototype.returns);
    if (peek().kind == Token::Kind::Name)
      take(); // `_`
    if (peek().is("("))
      list(prototype.parameters);
    acceptDot("noreturn");
    current->prototypes[label] = std::move(prototype);
  } else {
    std::vector<std::string> targets;
    do
      targets.push_back(labelKey(name("a label"), 0));
    while (accept(","));
    if (directive == "branchtargets")
      current->branchTargets[label] = std::move(targets);
  }
  expect(";");
}

bool Parser::findRegister(std::string_view name, uint32_t &index) const {
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    if (auto found = scope->registers.find(name);
        found != scope->registers.end()) {
      index = found->second;
      return true;
    }
    if (digits == name.size() || name.size() - digits > 9)
      continue;
    auto range = scope->ranges.find(name.substr(0, digits));
    if (range == scope->ranges.end())
      continue;
    uint32_t number = uint32_t(std::stoul(std::string(name.substr(digits))));
    if (number >= range->second.second)
      continue;
    index = range->second.first + number;
    return true;
  }
  return false;
}

const Variable *Parser::findVariable(std::string_view name) const {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
    if (auto found = scope->variables.find(name);
        found != scope->variables.end())
      return found->second;
  auto found = module->variableNamed.find(std::string(name));
  return found == module->variableNamed.end() ? nullptr : found->second;
}

Operand Parser::namedOperand(const std::string &name, unsigned line) {
  Operand operand;
  operand.name = name;
  if (name == "_") {
    operand.kind = Operand::Kind::Sink;
  } else if (findRegister(name, operand.index)) {
    operand.kind = Operand::Kind::Register;
  } else if (const Variable *variable = findVariable(name)) {
    operand.kind = Operand::Kind::Symbol;
    operand.variable = variable;
    if (variable->isRegister) {
      operand.kind = Operand::Kind::Register;
      operand.index = variable->registerIndex;
    }
  } else if (isSpecial(name)) {
    operand.kind = Operand::Kind::Special;
    if (peek().kind == Token::Kind::Dot && peek().text.size() == 1)
      operand.name += "." + std::string(take().text);
  } else if (name == "WARP_SZ") {
    operand.kind = Operand::Kind::Immediate;
    operand.bits = 32;
  } else if (name[0] == '%') {
    failAt(line, "register '" + name + "' isn't declared");
  } else {
    operand.kind = Operand::Kind::Symbol; // a function or label: resolved later
    operand.index = scopes.back().id;
  }
  return operand;
}

Operand Parser::list(std::string_view close, Operand::Kind kind) {
  Operand operand;
  operand.kind = kind;
  if (accept(close))
    return operand;
  do
    operand.elements.push_back(this->operand());
  while (accept(","));
  expect(close);
  return operand;
}

Operand Parser::address() {
  Operand operand;
  operand.kind = Operand::Kind::Address;
  Operand base = primary();
  if (base.kind == Operand::Kind::Symbol ||
      base.kind == Operand::Kind::Immediate) {
    operand.offset = base.offset;
    base.offset = 0;
  }
  if (peek().is("+") || peek().is("-"))
    operand.offset += accept("+") ? expression() : (take(), -expression());
  operand.elements.push_back(std::move(base));
  while (accept(","))
    operand.elements.push_back(this->operand());
  expect("]");
  return operand;
}

Operand Parser::primary() {
  const Token &token = peek();
  Operand operand;
  operand.kind = Operand::Kind::Immediate;
  switch (token.kind) {
  case Token::Kind::Name:
    if (token.text == "WARP_SZ")
      break;
    take();
    operand = namedOperand(std::string(token.text), token.line);
    if (operand.kind == Operand::Kind::Symbol &&
        (peek().is("+") || peek().is("-")))
      operand.offset = accept("+") ? expression() : (take(), -expression());
    return operand;
  case Token::Kind::Single:
  case Token::Kind::Double:
    take();
    operand.isFloat = true;
    operand.isSingle = token.kind == Token::Kind::Single;
    operand.bits = token.bits;
    return operand;
  default:
    break;
  }
  if (token.is("-") && (peek(1).kind == Token::Kind::Double ||
                        peek(1).kind == Token::Kind::Single)) {
    take();
    operand = primary();
    operand.bits ^= operand.isSingle ? 1ull << 31 : 1ull << 63;
    return operand;
  }
  operand.bits = uint64_t(expression());
  return operand;
}

Operand Parser::operand() {
  if (accept("["))
    return address();
  if (accept("{"))
    return list("}", Operand::Kind::Vector);
  if (peek().is("(") && peek(1).kind == Token::Kind::Name) {
    take();
    return list(")", Operand::Kind::List);
  }
  if (peek().is("(") && peek(1).is(")")) {
    take();
    return list(")", Operand::Kind::List);
  }
  bool negated = peek().is("!") && peek(1).kind == Token::Kind::Name;
  if (negated)
    take();
  Operand operand = primary();
  operand.negated = negated;
  if ((operand.kind == Operand::Kind::Register ||
       operand.kind == Operand::Kind::Sink) &&
      accept("|"))
    operand.second = std::make_shared<Operand>(primary());
  return operand;
}

void Parser::instruction() {
  Instruction result;
  result.line = peek().line;
  if (accept("@")) {
    result.guardNegated = accept("!");
    std::string guard = name("a predicate");
    uint32_t index = 0;
    if (!findRegister(guard, index) ||
        current->registers[index].type != Type::Pred)
      fail("'" + guard + "' isn't a predicate register");
    result.guard = int32_t(index);
    result.line = peek().line;
  }
  result.opcode = name("an instruction");
  while (peek().kind == Token::Kind::Dot)
    result.modifiers.emplace_back(take().text);
  if (!peek().is(";")) {
    do
      result.operands.push_back(operand());
    while (accept(","));
  }
  expect(";");
  current->body.push_back(std::move(result));
}

void Parser::resolveLabel(Operand &operand, unsigned line) {
  for (Operand &element : operand.elements)
    resolveLabel(element, line);
  if (operand.kind != Operand::Kind::Symbol || operand.variable)
    return;
  for (unsigned scope = operand.index;; scope = scopeParent[scope]) {
    std::string key = labelKey(operand.name, scope);
    if (current->labels.count(key)) {
      operand.name = key;
      return;
    }
    if (scope <= 1) // the function's own: its labels have plain names
      break;
  }
  if (!current->branchTargets.count(operand.name) &&
      !current->prototypes.count(operand.name) &&
      !module->functionNamed.count(operand.name))
    failAt(line, "'" + operand.name + "' isn't declared");
}

void Parser::resolveLabels() {
  for (Instruction &instruction : current->body)
    for (Operand &operand : instruction.operands)
      resolveLabel(operand, instruction.line);
}

std::string Instruction::text() const {
  std::string result = opcode;
  for (const std::string &modifier : modifiers)
    result += "." + modifier;
  return result;
}

} // namespace emulator::ptx
