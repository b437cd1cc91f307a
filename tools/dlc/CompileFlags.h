// SPDX-License-Identifier: Apache-2.0
// Flags and files of the subcommands that need the compiler.
#ifndef DLC_TOOLS_DLC_COMPILEFLAGS_H
#define DLC_TOOLS_DLC_COMPILEFLAGS_H

#include "compiler/Compile.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace dlc::tool {

/// The flags that say which model is meant and with which shapes.
struct ModelFlags {
  std::string model;
  std::string params;
  std::optional<int> epoch;
  std::vector<std::string> inputs;
  std::vector<std::string> dims;
  std::vector<std::string> specializations;
  std::vector<std::string> outputs;
};

/// Adds MODEL, --params, --epoch, and, if \p withShapes, --input, --dim and
/// --outputs to
/// \p command; malformed values are errors of the command line.
void addModelFlags(CLI::App &command, ModelFlags &flags, bool withShapes);

/// Parses "NAME=1x3x224x224[:dtype]". \returns what is wrong with it, or "".
std::string parseInputFlag(const std::string &text, InputOption &input);

/// Parses "N=1..64". \returns what is wrong with it, or "".
std::string parseDimFlag(const std::string &text, DimOption &dim);

/// Finds the model's files and fills in what \p flags say. \returns false, with
/// diagnostics, as findModel() does.
bool readModelFlags(const ModelFlags &flags, CompileOptions &options,
                    DiagnosticList &diagnostics);

/// Prints one line a problem to stderr. \returns the exit status they mean.
int reportDiagnostics(const DiagnosticList &diagnostics);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_COMPILEFLAGS_H
