// SPDX-License-Identifier: Apache-2.0
// Parses what the command line says of a model.
#include "tools/dlc/CompileFlags.h"

#include "tools/dlc/Commands.h"
#include "tools/dlc/ModelPath.h"
#include "tools/dlc/Repeated.h"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace dlc::tool {

static bool parseNumber(std::string_view text, int64_t &value) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// A dynamic dimension is called [A-Z][A-Z0-9_]*.
static bool isDimName(std::string_view text) {
  if (text.empty() || !std::isupper(static_cast<unsigned char>(text[0])))
    return false;
  for (char c : text)
    if (!std::isupper(static_cast<unsigned char>(c)) &&
        !std::isdigit(static_cast<unsigned char>(c)) && c != '_')
      return false;
  return true;
}

static bool parseDim(std::string_view text, InputDim &dim) {
  if (isDimName(text)) {
    dim.name = text;
    return true;
  }
  return parseNumber(text, dim.size) && dim.size >= 1;
}

std::string parseInputFlag(const std::string &text, InputOption &input) {
  size_t equal = text.rfind('=');
  if (equal == text.npos || equal == 0)
    return "'" + text + "' must have the form NAME=1x3x224x224[:dtype]";
  input.name = text.substr(0, equal);
  std::string_view shape = std::string_view(text).substr(equal + 1);
  if (size_t colon = shape.rfind(':'); colon != shape.npos) {
    input.type = parseElementType(shape.substr(colon + 1));
    if (!input.type)
      return "'" + std::string(shape.substr(colon + 1)) +
             "' is not an element type such as float32";
    shape = shape.substr(0, colon);
  }
  // An empty shape is a scalar's.
  while (!shape.empty()) {
    size_t end = shape.find('x');
    if (!parseDim(shape.substr(0, end), input.shape.emplace_back()) ||
        end == shape.size() - 1)
      return "'" + text +
             "' has a malformed shape: sizes of at least 1 or "
             "names in capitals, separated by 'x'";
    shape = end == shape.npos ? std::string_view() : shape.substr(end + 1);
  }
  return "";
}

/// Parses what --specialize says, shapes separated by commas; returns what is
/// wrong with it, or "".
static std::string parseInputFlags(const std::string &text,
                                   std::vector<InputOption> &inputs) {
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    InputOption &input = inputs.emplace_back();
    if (std::string error =
            parseInputFlag(text.substr(begin, end - begin), input);
        !error.empty())
      return error;
    for (const InputDim &dim : input.shape)
      if (!dim.name.empty())
        return "'" + text + "' must have sizes, not '" + dim.name + "'";
    begin = end + 1;
  }
  return "";
}

std::string parseDimFlag(const std::string &text, DimOption &dim) {
  size_t equal = text.find('='), dots = text.find("..");
  std::string_view view = text;
  if (equal == text.npos || dots == text.npos || dots < equal ||
      !isDimName(view.substr(0, equal)) ||
      !parseNumber(view.substr(equal + 1, dots - equal - 1), dim.low) ||
      !parseNumber(view.substr(dots + 2), dim.high) || dim.low < 1 ||
      dim.high < dim.low)
    return "'" + text + "' must have the form N=1..64";
  dim.name = text.substr(0, equal);
  return "";
}

void addModelFlags(CLI::App &command, ModelFlags &flags, bool withShapes) {
  command
      .add_option("MODEL", flags.model,
                  "-symbol.json of MXNet, the prefix of a checkpoint, a folder "
                  "or archive (.mar, .model) with a model, or the text of a "
                  "stage")
      ->required();
  auto *params = command.add_option(
      "--params", flags.params,
      "Weights: .params or .safetensors (default: those beside the model)");
  command
      .add_option("--epoch", flags.epoch,
                  "The epoch of the weights (default: the newest)")
      ->check(CLI::Range(0, 999999999))
      ->excludes(params);
  if (!withShapes)
    return;
  auto checkInput = [](const std::string &text) {
    InputOption input;
    return parseInputFlag(text, input);
  };
  auto checkDim = [](const std::string &text) {
    DimOption dim;
    return parseDimFlag(text, dim);
  };
  repeated(
      command.add_option("--input", flags.inputs,
                         "NAME=1x3x224x224[:dtype]: the shape of an input"))
      ->check(checkInput);
  repeated(command.add_option("--dim", flags.dims,
                              "N=1..64: bounds of a dynamic size"))
      ->check(checkDim);
  auto checkSpecial = [](const std::string &text) {
    std::vector<InputOption> inputs;
    return parseInputFlags(text, inputs);
  };
  repeated(command.add_option(
               "--specialize", flags.specializations,
               "NAME=1x3x224x224[,NAME=...]: code of its own for a size of "
               "the dynamic dimensions"))
      ->check(checkSpecial);
  addList(command, "--outputs", flags.outputs,
          "Outputs to compute, internal ones too, separated by commas");
}

bool readModelFlags(const ModelFlags &flags, CompileOptions &options,
                    DiagnosticList &diagnostics) {
  for (const std::string &text : flags.inputs)
    parseInputFlag(text, options.import.inputs.emplace_back());
  for (const std::string &text : flags.dims)
    parseDimFlag(text, options.import.dims.emplace_back());
  for (const std::string &text : flags.specializations)
    parseInputFlags(text, options.specializations.emplace_back());
  options.import.outputs = flags.outputs;
  ModelFiles files;
  if (!findModel({flags.model, flags.params, flags.epoch}, files, diagnostics))
    return false;
  options.model = files.model;
  options.params = files.params;
  // What is given replaces what a signature says.
  for (InputOption &input : files.inputs)
    if (std::none_of(
            options.import.inputs.begin(), options.import.inputs.end(),
            [&](const InputOption &given) { return given.name == input.name; }))
      options.import.inputs.push_back(std::move(input));
  return true;
}

int reportDiagnostics(const DiagnosticList &diagnostics) {
  for (const Diagnostic &diagnostic : diagnostics.get())
    std::fprintf(stderr, "%s\n", diagnostic.getText().c_str());
  if (diagnostics.empty())
    return Done;
  return diagnostics.hasInternalError() ? InternalError : BadInput;
}

} // namespace dlc::tool
