// SPDX-License-Identifier: Apache-2.0
// Looks into a model as far as that needs no compiler.
#include "tools/predict/Source.h"

#include "compiler/import/mxnet/ParamsReader.h"
#include "compiler/import/mxnet/SymbolReader.h"
#include "tools/predict/SharedTable.h"

namespace dlc::predict {

static constexpr const char *paramsName = "model.params";

std::string getFirst(const DiagnosticList &diagnostics) {
  std::string text = diagnostics.get()[0].getText();
  constexpr std::string_view prefix = "error: ";
  if (text.compare(0, prefix.size(), prefix) == 0)
    text.erase(0, prefix.size());
  if (size_t more = diagnostics.size() - 1)
    text += " (and " + std::to_string(more) +
            (more == 1 ? " more problem)" : " more problems)");
  return text;
}

std::shared_ptr<const Source> Source::get(std::string_view symbol,
                                          std::string_view params,
                                          std::string &error) {
  // Never destroyed: predictors may be freed while the process ends.
  static auto &table = *new SharedTable<Source>();
  Hash parts[] = {hashBytes(symbol), hashBytes(params)};
  Hash hash = hashBytes({reinterpret_cast<char *>(parts), sizeof parts});
  return table.get(hash, [&]() -> std::shared_ptr<Source> {
    auto source = std::make_shared<Source>(symbol, params, hash);
    return source->read(error) ? source : nullptr;
  });
}

std::optional<NamedBytes> Source::params() const {
  if (paramBytes.empty())
    return std::nullopt;
  return NamedBytes{paramsName, paramBytes, nullptr};
}

const Weight *Source::findValue(const std::string &name) const {
  auto it = values.find(name);
  return it == values.end() ? nullptr : &it->second;
}

bool Source::read(std::string &error) {
  DiagnosticList diagnostics;
  mxnet::Symbol parsed;
  std::vector<mxnet::NamedArray> arrays;
  bool good =
      mxnet::readSymbol(symbolText, symbol().name, parsed, diagnostics) &&
      (paramBytes.empty() ||
       mxnet::readArrays(paramBytes, paramsName, arrays, diagnostics));
  if (!good) {
    error = getFirst(diagnostics);
    return false;
  }
  for (const mxnet::Node &node : parsed.nodes)
    if (node.isVariable())
      variables.insert(node.name);
  for (mxnet::NamedArray &array : arrays)
    if (!array.isNone)
      values.emplace(mxnet::dropPrefix(array.name), std::move(array.weight));
  return true;
}

} // namespace dlc::predict
