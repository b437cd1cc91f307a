// SPDX-License-Identifier: Apache-2.0
// The subcommands of `dlc`. Each file adds its own flags to the parser and says
// what to do when the subcommand was given.
#ifndef DLC_TOOLS_DLC_COMMANDS_H
#define DLC_TOOLS_DLC_COMMANDS_H

#include <functional>
#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace dlc::tool {

/// The exit status of `dlc`.
enum ExitStatus {
  Done = 0,
  AnswerIsNo = 1,    ///< the work was done: values differ, a model has problems
  BadUsage = 2,      ///< the command line itself is wrong
  BadInput = 3,      ///< a file, or what a flag asks of one
  InternalError = 4, ///< a defect of `dlc`
};

/// What a subcommand does once the command line is parsed; an ExitStatus.
using Action = std::function<int()>;

/// Adds one subcommand; its parsing puts the work into \p action.
void addRun(CLI::App &app, Action &action);
void addBench(CLI::App &app, Action &action);
void addVerify(CLI::App &app, Action &action);
void addInspect(CLI::App &app, Action &action);
void addCompile(CLI::App &app, Action &action);
void addCheck(CLI::App &app, Action &action);

/// `dlc inspect` of a model instead of an artifact.
int inspectModel(const std::string &file, bool json);

/// Prints `error: FILE: WHAT`, in one line, and returns BadInput.
int badInput(const std::string &file, const std::string &what);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_COMMANDS_H
