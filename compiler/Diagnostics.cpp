// SPDX-License-Identifier: Apache-2.0
// The texts of problems: codes, summaries and the line that a user sees.
#include "compiler/Diagnostics.h"

#include <algorithm>
#include <cstdio>

namespace dlc {

std::string getCodeText(DiagnosticCode code) {
  char text[16];
  std::snprintf(text, sizeof text, "DLC%04u", static_cast<unsigned>(code));
  return text;
}

std::string_view getSummary(DiagnosticCode code) {
  switch (code) {
#define DLC_DIAGNOSTIC(name, number, summary)                                  \
  case DiagnosticCode::name:                                                   \
    return summary;
#include "compiler/Diagnostics.def"
#undef DLC_DIAGNOSTIC
  }
  return {};
}

const std::vector<DiagnosticCode> &getAllCodes() {
  static const std::vector<DiagnosticCode> codes = {
#define DLC_DIAGNOSTIC(name, code, summary) DiagnosticCode::name,
#include "compiler/Diagnostics.def"
#undef DLC_DIAGNOSTIC
  };
  return codes;
}

std::string Diagnostic::getText() const {
  std::string text = "error: ";
  if (!place.file.empty())
    text += place.file + ": ";
  if (!place.node.empty()) {
    text += "node '" + place.node + "'";
    if (!place.op.empty())
      text += " (" + (place.op == "null" ? "variable" : place.op) + ")";
    text += ": ";
  }
  return text + message + " [" + getCodeText(code) + "]";
}

bool DiagnosticList::add(DiagnosticCode code, DiagnosticPlace place,
                         std::string message) {
  // One problem is one line, whatever a file's names hold.
  auto clean = [](std::string &text) {
    for (char &c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        c = ' ';
  };
  clean(place.file);
  clean(place.node);
  clean(place.op);
  clean(message);
  // A kernel fails alike for each target.
  for (const Diagnostic &d : list)
    if (d.code == code && d.place.order == place.order &&
        d.place.node == place.node && d.message == message)
      return false;
  auto after = std::upper_bound(
      list.begin(), list.end(), place.order,
      [](int64_t order, const Diagnostic &d) { return order < d.place.order; });
  list.insert(after, {code, std::move(place), std::move(message)});
  return false;
}

bool DiagnosticList::hasInternalError() const {
  return std::any_of(list.begin(), list.end(), [](const Diagnostic &d) {
    return d.code == DiagnosticCode::InternalError;
  });
}

} // namespace dlc
