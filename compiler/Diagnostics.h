// SPDX-License-Identifier: Apache-2.0
// What is wrong with a user's input, as data: libraries collect problems in a
// DiagnosticList and never print; the command line prints one line a problem.
#ifndef DLC_COMPILER_DIAGNOSTICS_H
#define DLC_COMPILER_DIAGNOSTICS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dlc {

/// A kind of problem; its value is the number in its code.
enum class DiagnosticCode : uint16_t {
#define DLC_DIAGNOSTIC(name, code, summary) name = code,
#include "compiler/Diagnostics.def"
#undef DLC_DIAGNOSTIC
};

/// Returns the stable text of \p code, for example "DLC0301".
std::string getCodeText(DiagnosticCode code);

/// Returns the one-line summary of \p code.
std::string_view getSummary(DiagnosticCode code);

/// Returns every code there is, in order.
const std::vector<DiagnosticCode> &getAllCodes();

/// Where in the input a problem lies. Empty members are left out of the text.
struct DiagnosticPlace {
  std::string file;
  /// The node's name and its operator; "null" operators are variables.
  std::string node;
  std::string op;
  /// The node's position in the model: problems are listed in this order.
  int64_t order = -1;
};

/// One problem.
struct Diagnostic {
  DiagnosticCode code;
  DiagnosticPlace place;
  std::string message;

  /// Returns "error: FILE: node 'conv0' (Convolution): WHAT [DLC0401]".
  std::string getText() const;
};

/// The problems found so far, in the order of the nodes; what belongs to no
/// node comes first. Not safe for concurrent use.
class DiagnosticList {
public:
  /// Adds a problem. \returns false, so that a reader can end with it.
  bool add(DiagnosticCode code, DiagnosticPlace place, std::string message);

  bool empty() const { return list.empty(); }
  size_t size() const { return list.size(); }
  /// True if the compiler itself is at fault: the exit status is 4, not 3.
  bool hasInternalError() const;
  const std::vector<Diagnostic> &get() const { return list; }
  std::vector<Diagnostic> take() { return std::move(list); }

private:
  std::vector<Diagnostic> list;
};

} // namespace dlc

#endif // DLC_COMPILER_DIAGNOSTICS_H
