// SPDX-License-Identifier: Apache-2.0
#ifndef EMULATOR_PTX_LEXER_H
#define EMULATOR_PTX_LEXER_H

#include "ptx/Module.h"

#include <string_view>
#include <vector>

namespace emulator::ptx {

struct Token {
  enum class Kind : uint8_t {
    End,
    Name,    ///< add, %r1, $L__BB0_1, _
    Dot,     ///< .f32, .shared::cta: `text` is without the first dot
    Integer, ///< `bits`
    Single,  ///< 0f3F800000: the bits of a float
    Double,  ///< 0d3FF0000000000000 and 1.5: the bits of a double
    String,  ///< without its quotes
    Mark     ///< one or two characters of punctuation
  };
  Kind kind = Kind::End;
  unsigned line = 0;
  std::string_view text;
  uint64_t bits = 0;

  bool is(std::string_view mark) const {
    return kind == Kind::Mark && text == mark;
  }
  bool isDot(std::string_view name) const {
    return kind == Kind::Dot && text == name;
  }
};

/// Splits PTX text into tokens, the last of kind End. Lines of `.loc` and
/// `.file` are left out. Throws Error.
std::vector<Token> lex(std::string_view text);

} // namespace emulator::ptx

#endif
