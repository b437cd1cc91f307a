// SPDX-License-Identifier: Apache-2.0
// `dlc check`: every problem of a model at once, before anything is lowered.
#include "tools/dlc/Commands.h"
#include "tools/dlc/CompileFlags.h"
#include "tools/dlc/CompilerLibrary.h"

#include <CLI/App.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace dlc::tool {

using Json = nlohmann::ordered_json;

/// The problems as a JSON object.
static Json toJson(const DiagnosticList &diagnostics) {
  Json problems = Json::array();
  for (const Diagnostic &diagnostic : diagnostics.get())
    problems.push_back({{"code", getCodeText(diagnostic.code)},
                        {"file", diagnostic.place.file},
                        {"node", diagnostic.place.node},
                        {"operator", diagnostic.place.op},
                        {"message", diagnostic.message}});
  return {{"problems", problems}};
}

/// Prints the answer. \returns the exit status it means.
static int answer(const std::string &model, const DiagnosticList &diagnostics,
                  bool json) {
  if (json) {
    std::string text = toJson(diagnostics)
                           .dump(2, ' ', /*ensure_ascii=*/false,
                                 Json::error_handler_t::replace);
    std::printf("%s\n", text.c_str());
  } else {
    for (const Diagnostic &diagnostic : diagnostics.get())
      std::printf("%s\n", diagnostic.getText().c_str());
    if (diagnostics.empty())
      std::printf("%s: no problems\n", model.c_str());
  }
  if (diagnostics.hasInternalError())
    return InternalError;
  return diagnostics.empty() ? Done : AnswerIsNo;
}

static int runCheck(const ModelFlags &flags, bool json) {
  CompileOptions options;
  DiagnosticList diagnostics;
  // A file that can't be read is no answer about the model.
  if (!readModelFlags(flags, options, diagnostics))
    return reportDiagnostics(diagnostics);
  std::string error;
  const CompilerApi *compiler = openCompiler(error);
  if (!compiler) {
    std::fprintf(stderr, "error: %s\n", error.c_str());
    return InternalError;
  }
  return answer(flags.model, compiler->check(options), json);
}

void addCheck(CLI::App &app, Action &action) {
  CLI::App *sub = app.add_subcommand("check", "List every problem of a model");
  auto flags = std::make_shared<ModelFlags>();
  auto json = std::make_shared<bool>(false);
  addModelFlags(*sub, *flags, /*withShapes=*/true);
  sub->add_flag("--json", *json, "Print a JSON object");
  sub->callback([flags, json, &action] {
    action = [flags, json] { return runCheck(*flags, *json); };
  });
}

} // namespace dlc::tool
