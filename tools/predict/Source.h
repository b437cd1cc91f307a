// SPDX-License-Identifier: Apache-2.0
// A model as a program hands it in: a symbol's text and a .params file's bytes.
#ifndef DLC_TOOLS_PREDICT_SOURCE_H
#define DLC_TOOLS_PREDICT_SOURCE_H

#include "compiler/Compile.h"
#include "tools/predict/Hash.h"

#include <map>
#include <memory>
#include <set>

namespace dlc::predict {

/// The copy of a model that its predictors share. It is kept as long as one of
/// them may want the model compiled for other shapes.
class Source {
public:
  /// Returns the model of these bytes, the same for the same bytes. \returns
  /// null, with the reason in \p error, if they are malformed.
  static std::shared_ptr<const Source>
  get(std::string_view symbol, std::string_view params, std::string &error);

  Source(std::string_view symbol, std::string_view params, const Hash &hash)
      : symbolText(symbol), paramBytes(params), contents(hash) {}
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  NamedBytes symbol() const { return {"symbol.json", symbolText, nullptr}; }
  /// Nothing where the program gave none.
  std::optional<NamedBytes> params() const;

  const Hash &hash() const { return contents; }
  bool hasVariable(const std::string &name) const {
    return variables.count(name) != 0;
  }
  /// The value of a variable in the parameters, or null.
  const Weight *findValue(const std::string &name) const;

private:
  bool read(std::string &error);

  std::string symbolText, paramBytes;
  Hash contents;
  std::set<std::string> variables;
  /// Views into paramBytes.
  std::map<std::string, Weight> values;
};

/// The first of \p diagnostics, and how many more there are, in one line.
std::string getFirst(const DiagnosticList &diagnostics);

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_SOURCE_H
