// SPDX-License-Identifier: Apache-2.0
#include "ptx/Lexer.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <string>

namespace emulator::ptx {
namespace {

bool isNameStart(char c) {
  return std::isalpha(uint8_t(c)) || c == '_' || c == '$' || c == '%';
}
bool isNamePart(char c) {
  return std::isalnum(uint8_t(c)) || c == '_' || c == '$';
}

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    while (skipSpace()) {
      Token token = next();
      if (token.isDot("loc") || token.isDot("file")) {
        while (at < text.size() && text[at] != '\n')
          ++at;
        continue;
      }
      tokens.push_back(token);
    }
    Token end;
    end.line = line;
    tokens.push_back(end);
    return std::move(tokens);
  }

private:
  char peek(size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }

  /// False at the end of the text.
  bool skipSpace() {
    for (; at < text.size(); ++at) {
      char c = text[at];
      if (c == '\n') {
        ++line;
      } else if (c == '/' && peek(1) == '/') {
        while (at + 1 < text.size() && text[at + 1] != '\n')
          ++at;
      } else if (c == '/' && peek(1) == '*') {
        size_t end = text.find("*/", at + 2);
        if (end == std::string_view::npos)
          throw Error{line, "comment without an end"};
        for (; at < end + 1; ++at)
          line += text[at] == '\n';
      } else if (!std::isspace(uint8_t(c))) {
        return true;
      }
    }
    return false;
  }

  Token make(Token::Kind kind, size_t begin, size_t end) const {
    Token token;
    token.kind = kind;
    token.line = line;
    token.text = text.substr(begin, end - begin);
    return token;
  }

  Token next() {
    size_t begin = at;
    char c = peek();
    if (std::isdigit(uint8_t(c)))
      return number();
    if (c == '.' && (isNamePart(peek(1)))) {
      for (++at; isNamePart(peek()) || (peek() == ':' && peek(1) == ':');)
        at += peek() == ':' ? 2 : 1;
      return make(Token::Kind::Dot, begin + 1, at);
    }
    if (isNameStart(c) && (c != '%' || isNamePart(peek(1)))) {
      for (++at; isNamePart(peek());)
        ++at;
      return make(Token::Kind::Name, begin, at);
    }
    if (c == '"')
      return string();
    if (!std::strchr(",;:{}()[]+-|!@<>=~*/%&^?", c))
      throw Error{line, std::string("unexpected character '") + c + "'"};
    static const char *pairs[] = {"<<", ">>"};
    at += 1;
    for (const char *pair : pairs)
      if (text.substr(begin, 2) == pair)
        at = begin + 2;
    return make(Token::Kind::Mark, begin, at);
  }

  Token string() {
    size_t begin = ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\n')
      at += text[at] == '\\' ? 2 : 1;
    if (peek() != '"')
      throw Error{line, "string without an end"};
    Token token = make(Token::Kind::String, begin, at);
    ++at;
    return token;
  }

  Token number() {
    size_t begin = at;
    auto hex = [&](size_t skip, size_t digits, Token::Kind kind) {
      at += skip;
      size_t first = at;
      while (std::isxdigit(uint8_t(peek())))
        ++at;
      if (at == first || (digits && at - first != digits))
        throw Error{line, "malformed number '" +
                              std::string(text.substr(begin, at - begin)) +
                              "'"};
      Token token = make(kind, begin, at);
      token.bits = std::strtoull(
          std::string(text.substr(first, at - first)).c_str(), nullptr, 16);
      return token;
    };
    char second = char(std::tolower(peek(1)));
    if (peek() == '0' && second == 'f')
      return hex(2, 8, Token::Kind::Single);
    if (peek() == '0' && second == 'd')
      return hex(2, 16, Token::Kind::Double);
    Token token;
    if (peek() == '0' && second == 'x') {
      token = hex(2, 0, Token::Kind::Integer);
    } else {
      token = decimal(begin, second);
    }
    if (token.kind == Token::Kind::Integer && std::toupper(peek()) == 'U')
      ++at;
    if (isNamePart(peek()))
      throw Error{line, "malformed number '" +
                            std::string(text.substr(begin, at + 1 - begin)) +
                            "'"};
    return token;
  }

  Token decimal(size_t begin, char second) {
    if (peek() == '0' && second == 'b') {
      uint64_t value = 0;
      for (at += 2; peek() == '0' || peek() == '1'; ++at)
        value = value * 2 + uint64_t(peek() - '0');
      Token token = make(Token::Kind::Integer, begin, at);
      token.bits = value;
      return token;
    }
    bool isFloat = false;
    while (std::isdigit(uint8_t(peek())))
      ++at;
    if (peek() == '.' && std::isdigit(uint8_t(peek(1)))) {
      isFloat = true;
      for (++at; std::isdigit(uint8_t(peek()));)
        ++at;
    }
    if (std::tolower(peek()) == 'e') {
      isFloat = true;
      ++at;
      if (peek() == '+' || peek() == '-')
        ++at;
      while (std::isdigit(uint8_t(peek())))
        ++at;
    }
    std::string spelling(text.substr(begin, at - begin));
    Token token =
        make(isFloat ? Token::Kind::Double : Token::Kind::Integer, begin, at);
    if (isFloat) {
      double value = std::strtod(spelling.c_str(), nullptr);
      std::memcpy(&token.bits, &value, sizeof value);
    } else {
      token.bits =
          std::strtoull(spelling.c_str(), nullptr, spelling[0] == '0' ? 8 : 10);
    }
    return token;
  }

  std::string_view text;
  size_t at = 0;
  unsigned line = 1;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> lex(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  return Lexer(text).run();
}

} // namespace emulator::ptx
