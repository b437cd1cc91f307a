// SPDX-License-Identifier: Apache-2.0
// The parser's state; Parser.cpp parses functions and instructions,
// Declarations.cpp directives, variables and their initialisers.
#ifndef EMULATOR_PTX_PARSER_H
#define EMULATOR_PTX_PARSER_H

#include "ptx/Lexer.h"

#include <map>
#include <string>

namespace emulator::ptx {

class Parser {
public:
  explicit Parser(std::string_view text) : tokens(lex(text)) {}
  /// Throws Error.
  std::unique_ptr<Module> run();

private:
  /// What a name means inside one pair of braces.
  struct Scope {
    unsigned id = 0;
    std::map<std::string, uint32_t, std::less<>> registers;
    std::map<std::string, std::pair<uint32_t, uint32_t>, std::less<>>
        ranges; ///< %r<N>
    std::map<std::string, Variable *, std::less<>> variables;
  };

  // Tokens.
  const Token &peek(size_t ahead = 0) const {
    return tokens[at + ahead < tokens.size() ? at + ahead : tokens.size() - 1];
  }
  const Token &take() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
  bool accept(std::string_view mark);
  bool acceptDot(std::string_view name);
  void expect(std::string_view mark);
  std::string name(const char *what);
  uint64_t integer(const char *what);
  [[noreturn]] void fail(const std::string &message) const;
  [[noreturn]] void failAt(unsigned line, const std::string &message) const;

  // Declarations.cpp
  void header();
  void moduleItem();
  void function(bool isKernel);
  void functionDirectives(Function &function);
  void dimensions(uint32_t (&values)[3]);
  void skipBraces();
  void variables(Space space, bool isExtern);
  std::unique_ptr<Variable> variableType(Space space);
  void arrayDimensions(Variable &variable, bool &isOpen);
  void initialiser(Variable &variable, bool isOpen);
  void initialElements(Variable &variable, uint64_t &offset);
  void initialValue(Variable &variable, uint64_t &offset);
  std::vector<std::unique_ptr<Variable>> parameterList(bool inRegisters);
  void checkParameterSpace(const Function &kernel);
  void declareRegisters();
  void declare(std::unique_ptr<Variable> variable);
  void alias();

  // Parser.cpp
  void body();
  void statement();
  bool localDirective();
  void labelDirective(const std::string &label);
  void instruction();
  Operand operand();
  Operand primary();
  Operand list(std::string_view close, Operand::Kind kind);
  Operand address();
  Operand namedOperand(const std::string &name, unsigned line);
  bool findRegister(std::string_view name, uint32_t &index) const;
  const Variable *findVariable(std::string_view name) const;
  void resolveLabels();
  void resolveLabel(Operand &operand, unsigned line);
  /// Constant expressions of integers.
  int64_t expression(int minimum = 0);
  int64_t unary();

  std::vector<Token> tokens;
  size_t at = 0;
  std::unique_ptr<Module> module;
  Function *current = nullptr;
  std::vector<Scope> scopes;
  std::vector<unsigned> scopeParent; ///< of each scope of the function, by id
};

/// A label's name inside a scope: labels of different scopes may be equal.
inline std::string labelKey(const std::string &name, unsigned scope) {
  return scope > 1 ? name + '@' + std::to_string(scope) : name;
}

} // namespace emulator::ptx

#endif
