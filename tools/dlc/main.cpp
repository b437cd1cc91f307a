// SPDX-License-Identifier: Apache-2.0
// `dlc`: parses the command line, runs one subcommand and returns its status.
#include "tools/dlc/Commands.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>
#include <new>

using namespace dlc::tool;

int dlc::tool::badInput(const std::string &file, const std::string &what) {
  std::fprintf(stderr, "error: %s: %s\n", file.c_str(), what.c_str());
  return BadInput;
}

/// Help and version go to stdout; an error is one line, with a pointer to the
/// help of the subcommand that it is about.
static int reportParse(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
    return app.exit(error);
  std::string command = "dlc";
  for (const CLI::App *sub : app.get_subcommands())
    command += " " + sub->get_name();
  std::fprintf(stderr, "error: %s (see `%s --help`)\n", error.what(),
               command.c_str());
  return BadUsage;
}

static int runMain(int argc, char **argv) {
  CLI::App app("Compiles deep-learning models ahead of time and runs them.",
               "dlc");
  app.set_version_flag("--version", "dlc " DLC_VERSION);
  app.require_subcommand(1);
  Action action;
#ifdef DLC_HAS_COMPILER
  addCompile(app, action);
  addCheck(app, action);
#endif
  addRun(app, action);
  addBench(app, action);
  addVerify(app, action);
  addInspect(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return reportParse(app, error);
  }
  return action();
}

int main(int argc, char **argv) {
  try {
    return runMain(argc, argv);
  } catch (const std::bad_alloc &) {
    std::fputs("error: out of memory\n", stderr);
    return BadInput;
  } catch (const std::exception &error) {
    std::fprintf(stderr,
                 "error: internal error: %s; please report it with the command "
                 "line and its files\n",
                 error.what());
    return InternalError;
  }
}
